"""What the agent decides, without I/O: checks, servers, quorum, the desired table, the way to it."""
