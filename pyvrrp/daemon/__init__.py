"""The daemon: where configuration, protocol and kernel meet. Nothing else imports this package.

    cli               understands the command line
    parent.running    leaves the terminal, then becomes ...
    parent.supervisor   small and without asyncio: PID file, signals, restarts
      parent.reading    a short-lived process (`parent.loader`): reads and checks the configuration,
                        has `translate` make settings of it in anonymous memory, says what it
                        thinks of them
      vrrp              the child that holds the sockets and runs the Virtual Routers
      checkers          the child that checks real servers and owns their services in the kernel
      bfd               the child that holds BFD sessions, and tells those two of them
      scripts           the child that may fork, read files and wait: watches what is tracked
                        (`trackers`), tells others of changes (`notices`, `dbus`)
      dumping.dumper    a short-lived process: writes what the configuration says and what the
                        children are, when a signal asks for it

Beside these packages are the two tools that start nothing (`config_test`, `ctl`), what a reload
decides by (`reload`), and what processes have in common.

All are made by fork, so that what they have in common is in memory once. Settings go from the
loader to the children as a sealed memfd (`handoff`): parsing costs neither the parent's memory nor
a child's time, a restarted child gets the very same settings, and a bad file changes nothing.
A child needs the parent for nothing but new settings, and stops in order when it is gone. Each
child runs only when the configuration has work for it, and loads only its own half of the code.

The `Config` itself stays in a memfd too, which only the dumper reads. The children's part is a
memfd of snapshots, made a few at a time between two turns of their loops (`parent_link`, `dumping`).

What may be in the kernel on our behalf is noted on disk first (`vrrp.journal`), so that whoever starts
after a crash can clear it away.
"""

from __future__ import annotations

__all__: list[str] = []
