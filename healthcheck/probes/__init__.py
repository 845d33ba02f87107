"""One module per kind of check, imported when a check of that kind is first started.

Each has `start(check, loop, done) -> Running`, the contract of `interface.Starter`: written out in
the kinds that many thousands of servers have, made by `interface.as_starter` from
`async def probe(check) -> ProbeResult` in the others.
"""

from __future__ import annotations

import asyncio
from functools import cache
from importlib import import_module
from typing import cast

from ..core.model import (
    Check,
    DnsCheck,
    FileCheck,
    HttpCheck,
    MiscCheck,
    PingCheck,
    SmtpCheck,
    TcpCheck,
    UdpCheck,
)
from .interface import Done, Running, Starter

__all__ = ["start"]

_MODULES: dict[type, str] = {
    TcpCheck: ".tcp",
    HttpCheck: ".http",
    SmtpCheck: ".smtp",
    DnsCheck: ".dns",
    PingCheck: ".ping",
    UdpCheck: ".udp",
    MiscCheck: ".program",
    FileCheck: ".file",
}


@cache
def _starter(kind: type) -> Starter[Check]:
    module = import_module(_MODULES[kind], __name__)
    return cast("Starter[Check]", module.start)


def start(check: Check, loop: asyncio.AbstractEventLoop, done: Done) -> Running:
    """Start one attempt of a check; see `interface.Starter` for when `done` is called.

    Raises: KeyError for a `CustomCheck`, whose probes belong to the embedding program.
    """
    kind: type = type(check)
    return _starter(kind)(check, loop, done)
