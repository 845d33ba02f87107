"""What is shown outside, rendered from the configuration and from snapshots.

Nothing here asks the machine or the state machines: a caller hands over a `Config`, a `HostFacts` and
snapshots, and gets lines without a newline, or JSON. Words and shape are keepalived's, as tools
parse them; what differs on purpose is listed with its reason in tests/parity/test_data.py.

`-d` logs the configuration as it was read; the file of SIGUSR1 has the state too. Both come from
the same functions: without snapshots the lines about state are left out.
"""
