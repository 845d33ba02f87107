"""The daemon: where configuration, protocol and kernel meet. Nothing else imports this package.

    cli                 understands the command line
    running             leaves the terminal, then becomes ...
    supervisor (parent)   small and without asyncio: PID file, signals, restarts
      loader              a short-lived process: reads and checks the configuration, writes the
                          settings into anonymous memory, says what it thinks of them
      vrrp_process        the child that holds the sockets and runs the Virtual Routers
      checker_process     the child that checks real servers and owns their services in the kernel
      bfd_process         the child that holds BFD sessions, and tells those two of them
      scripts_process     the child that may fork, read files and wait: watches what is tracked, tells
                          others of changes by scripts, FIFOs and mails
      dumper              a short-lived process: writes what the configuration says and what the
                          children are, when a signal asks for it

All are made by fork, so that what they have in common is in memory once. Settings go from the
loader to the children as a sealed memfd (`handoff`): parsing costs neither the parent's memory nor
a child's time, a restarted child gets the very same settings, and a bad file changes nothing.
A child needs the parent for nothing but new settings, and stops in order when it is gone. Each
child runs only when the configuration has work for it, and loads only its own half of the code.

The `Config` itself stays in a memfd too, which only the dumper reads. The children's part is a
memfd of snapshots, made a few at a time between two turns of their loops (`parent_link`, `dumps`).

What may be in the kernel on our behalf is noted on disk first (`journal`), so that whoever starts
after a crash can clear it away.
"""

from __future__ import annotations

__all__: list[str] = []
