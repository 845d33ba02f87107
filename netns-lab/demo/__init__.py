"""Failovers to watch: an address that outlives a crash, and a connection that outlives its director.

    python netns-lab/demo [both|routers|directors] [--keepalived] [--interval SECONDS]
                          [--pictures DIRECTORY] [--no-live]

The first half makes a lab of three network namespaces on one switch and starts the daemon on both
routers, with `router1.conf` and `router2.conf` of this directory. While the client pings the virtual
address, router 1 loses power, comes back, and is stopped for maintenance. The second half,
`directors`, puts virtual servers, web servers and IPVS behind the address. The time lines run in the
terminal; tables and pictures sum them up.

| module | for |
|---|---|
| `story` | what is done in the first half, and when |
| `stage` | what both do with daemons and hosts, and how they wait |
| `recorder` | everything that was seen, and what was done, in the order of time |
| `states` | which state each router was in (pure) |
| `handovers` | how long each handover took, and the least it could take (pure) |
| `screen`, `lanes`, `summary` | the terminal: lines, what runs below them, the table at the end |
| `picture`, `panel`, `drawing` | the SVG: its layout; one time line in it; what both pictures share |
| `directors` | the second half |
| `cli` | the command line |
"""
