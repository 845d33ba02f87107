"""When a check runs and where it goes: the keywords all checks share, and what they inherit.

A setting comes from the check, else the real server, else the service, else the kind of check.
"""

from __future__ import annotations

from dataclasses import fields, replace
from functools import lru_cache
from typing import Any, NamedTuple

from healthcheck.core.model import Target, Timing, TlsMaterial
from healthcheck.core.table import Address, Protocol

from .addresses import read_address
from .blocks import Statement
from .config import ScriptUser
from .context import Context
from .diagnostics import ProblemClass
from .lvs_config import CheckDefaults
from .lvs_endpoints import trio
from .schema import Keyword, value
from .shapes import Bool, Int, Seconds, Word
from .values import Values

__all__ = [
    "CONNECTION_ROWS",
    "CONNECT_TIMEOUT",
    "DELAY_LOOP",
    "PAUSE",
    "TIMING_ROWS",
    "Checked",
    "Defaults",
    "target",
    "timing",
]

_LONGEST = float(2**64 // 1_000_000)
"""keepalived counts microseconds in 64 bits."""

CONNECT_TIMEOUT = Seconds(0.000001, 4294.967295)
DELAY_LOOP = Seconds(0.000001, _LONGEST)
PAUSE = Seconds(0, _LONGEST)
_PORT = Int(1, 65535)


class Defaults(NamedTuple):
    """What the checks of a server take from it, its service or the rest of the file."""

    said: CheckDefaults
    service_delay_loop: float
    log_all_failures: bool
    script_user: ScriptUser | None
    tls: TlsMaterial

    def overridden(self, server: Values) -> Defaults:
        """The same with what a `real_server` block says."""
        said: dict[str, Any] = {
            field: v for field, v in server.set.items() if field in _OVERRIDABLE
        }
        return self._replace(said=replace(self.said, **said)) if said else self


_OVERRIDABLE = frozenset(field.name for field in fields(CheckDefaults))


class Checked(NamedTuple):
    """The server a check is of. `port` 0: there is none."""

    address: Address
    port: int
    protocol: Protocol | None
    defaults: Defaults

    @property
    def label(self) -> str:
        """How messages call it."""
        return trio(self.address, self.protocol, self.port)


def _address(name: str) -> Keyword:
    def read(context: Context, statement: Statement, values: Values) -> None:
        address = read_address(context, statement)
        if address is not None:
            values.put(name, address, statement)

    return Keyword(name, read)


TIMING_ROWS = (
    value("retry", Int(0)),
    value("delay_before_retry", PAUSE),
    value("warmup", PAUSE),
    value("delay_loop", DELAY_LOOP),
    value("alpha", Bool()),
    value("log_all_failures", Bool()),
)

CONNECTION_ROWS = (
    _address("connect_ip"),
    value("connect_port", _PORT),
    _address("bindto"),
    value("bind_port", _PORT),
    value("bind_if", Word(length=15)),
    value("connect_timeout", CONNECT_TIMEOUT),
    value("fwmark", Int(0)),
    *TIMING_ROWS,
)


def timing(
    check: Values,
    server: Checked,
    retry: int = 1,
    delay_before_retry: float | None = 1.0,
    warmup: float | None = None,
) -> Timing:
    """The times of a check; `retry` and `delay_before_retry` (None: delay_loop) are its kind's.

    So is `warmup`; None: it is the server's, or delay_loop.
    """
    said = check.get
    defaults = server.defaults.said
    delay_loop = said("delay_loop", defaults.delay_loop)
    if defaults.retry is not None:
        retry = defaults.retry
    if defaults.delay_before_retry is not None:
        delay_before_retry = defaults.delay_before_retry
    elif delay_before_retry is None:
        delay_before_retry = delay_loop
    if warmup is None:
        warmup = delay_loop if defaults.warmup is None else defaults.warmup
    return _shared(
        delay_loop,
        said("retry", retry),
        said("delay_before_retry", delay_before_retry),
        said("warmup", warmup),
        said("alpha", defaults.alpha),
        said("log_all_failures", server.defaults.log_all_failures),
    )


_shared = lru_cache(maxsize=256)(Timing)
"""Most checks of a file have the same times, and share them."""


def target(
    context: Context, check: Values, server: Checked, *, needs_port: bool = True
) -> Target | None:
    """Where a check goes; None when there is no such place, which is reported."""
    said = check.get
    address = said("connect_ip", server.address)
    port = said("connect_port", server.port)
    interface: str | None = said("bind_if", None)
    name = check.owner.words[0]
    if needs_port and not port:
        message = f"{name} of {server.label} has no port to go to; the check is dropped"
        hint = "write connect_port, or a port behind the address of the real server"
        context.problem(
            "no-target", check.owner, 0, message, problem_class=ProblemClass.NONE, hint=hint
        )
        return None
    if interface is None and address.version == 6 and address.is_link_local:
        message = f"{name} of {server.label} goes to {address}, which needs bind_if; it is dropped"
        context.problem("no-target", check.where("connect_ip"), 0, message)
        return None
    return Target(
        address,
        port,
        said("connect_timeout", server.defaults.said.connect_timeout),
        _bind_address(context, check, address),
        said("bind_port", 0),
        interface,
        said("fwmark", 0),
    )


def _bind_address(context: Context, check: Values, destination: Address) -> Address | None:
    """keepalived drops whichever of the two comes second; the source is the one we can lack."""
    source: Address | None = check.get("bindto", None)
    if source is None or source.version == destination.version:
        return source
    message = f"bindto {source} is of the other family than {destination}; it is ignored"
    context.problem("other-family", check.where("bindto"), 1, message)
    return None
