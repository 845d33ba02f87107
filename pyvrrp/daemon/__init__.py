"""The daemon: where configuration, protocol and kernel meet. Nothing else imports this package.

    cli                 understands the command line, then becomes ...
    supervisor (parent)   small and without asyncio: PID file, signals, restarts
      loader              a short-lived process: reads and checks the configuration, writes the
                          settings into anonymous memory, says what it thinks of them
      vrrp_process        the child that holds the sockets and runs the Virtual Routers

All are made by fork, so that what they have in common is in memory once. Settings go from the
loader to the child as a sealed memfd (`handoff`): parsing costs neither the parent's memory nor
the child's time, a restarted child gets the very same settings, and a bad file changes nothing.
The child needs the parent for nothing but new settings, and stops in order when it is gone.

What may be in the kernel on our behalf is noted on disk first (`journal`), so that whoever starts
after a crash can clear it away.
"""

from __future__ import annotations

__all__: list[str] = []
