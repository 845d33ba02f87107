"""The second half: two directors before two web servers, and a client that never stops asking.

A web server dies, leaves the pool and returns; then the Active director loses power, and the other one
takes its address over, with the connections that it knows from the sync daemon.

    client .9 --+-- 192.0.2.0/24 --+-- director1 .1, director2 .2, virtual address .100
                                   +-- server1 .11, server2 .12, which answer the client themselves

| module | for |
|---|---|
| `site` | the lab: who is there, with which files |
| `traffic` | the client: short requests, and one connection that stays |
| `tables` | the kernel's IPVS tables of the directors |
| `story` | what is done, and when |
| `troubles` | what the client suffered |
| `pool` | when a web server was in the pool (pure) |
| `record` | all that was seen (pure; it can be pickled) |
| `outcome` | how long everything took, and whether it went well (pure) |
| `kernel` | where it runs: here, or in User-Mode Linux, when this kernel has no IPVS |
| `lanes`, `summary`, `picture` | the terminal, the table at the end, the SVG |
| `half` | all of it, from the lab to the picture |
"""
