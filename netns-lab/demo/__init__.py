"""A failover to watch: two routers, a client, one address that outlives a crash.

    python netns-lab/demo [--keepalived] [--interval SECONDS] [--svg FILE] [--no-live]

It makes a lab of three network namespaces on one switch and starts the daemon on both routers, with
`router1.conf` and `router2.conf` of this directory. While the client pings the virtual address,
router 1 loses power, comes back, and is stopped for maintenance. The time line runs in the
terminal; a table and a picture sum it up.

| module | for |
|---|---|
| `story` | what is done, and when |
| `recorder` | everything that was seen, and what was done, in the order of time |
| `states` | which state each router was in (pure) |
| `handovers` | how long each handover took, and the least it could take (pure) |
| `screen` | the terminal |
| `picture`, `panel` | the SVG: its layout; one time line in it |
| `cli` | the command line |
"""
