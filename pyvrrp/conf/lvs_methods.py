"""How a service distributes: scheduler and its flags, forwarding method, persistence."""

from __future__ import annotations

from ipaddress import IPv4Address

from healthcheck.core.table import (
    Forwarding,
    Method,
    ServiceFlag,
    ServiceSettings,
    TunnelChecksum,
    TunnelType,
)

from .addresses import parse_address
from .blocks import Statement
from .context import Context, shown
from .schema import Keyword
from .shapes import Choice, integer
from .values import Values

__all__ = ["CHECKSUMS", "METHOD_FIELD", "SETTINGS_ROWS", "build_settings", "method"]

METHOD_FIELD = "method"
_DEFAULT_PERSISTENCE = 360
_MAX_PERSISTENCE = 31 * 86400
_MAX_ENGINE = 15

_SCHEDULERS = (
    *("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq"),
    "twos",
)
_FORWARDING = {
    "NAT": Forwarding.MASQUERADING,
    "DR": Forwarding.DIRECT_ROUTING,
    "TUN": Forwarding.TUNNELLING,
}
_TUNNELS = {"ipip": TunnelType.IPIP, "gue": TunnelType.GUE, "gre": TunnelType.GRE}
CHECKSUMS = {
    "nocsum": TunnelChecksum.NONE,
    "csum": TunnelChecksum.CSUM,
    "remcsum": TunnelChecksum.REMCSUM,
}

# The kernel gives the general flags a meaning of their own under sh and mh.
_HASH_FLAGS = {
    "sh-fallback": ("sh", ServiceFlag.SCHEDULER_1),
    "sh-port": ("sh", ServiceFlag.SCHEDULER_2),
    "mh-fallback": ("mh", ServiceFlag.SCHEDULER_1),
    "mh-port": ("mh", ServiceFlag.SCHEDULER_2),
    "hashed": ("", ServiceFlag.NONE),
}
_FLAGS = {
    "ops": ServiceFlag.ONE_PACKET,
    "flag-1": ServiceFlag.SCHEDULER_1,
    "flag-2": ServiceFlag.SCHEDULER_2,
    "flag-3": ServiceFlag.SCHEDULER_3,
}


def _scheduler(name: str) -> Keyword:
    choice = Choice({scheduler: scheduler for scheduler in _SCHEDULERS})

    def read(context: Context, statement: Statement, values: Values) -> None:
        scheduler = choice.read(context, statement)
        if isinstance(scheduler, str):
            values.put("scheduler", scheduler, statement)

    return Keyword(name, read)


def _flag(name: str) -> Keyword:
    def read(context: Context, statement: Statement, values: Values) -> None:
        scheduler, flag = _HASH_FLAGS.get(name, ("", _FLAGS.get(name, ServiceFlag.NONE)))
        chosen = values.get("scheduler", "")
        if name in _HASH_FLAGS and chosen not in ("sh", "mh"):
            message = f"{name} counts only behind lvs_sched {scheduler or 'sh'}; ignored"
            context.problem("scheduler-flag", statement, 0, message)
        elif scheduler and scheduler != chosen:
            message = f"{name} does nothing with lvs_sched {chosen}; ignored"
            context.remark("scheduler-flag", statement, 0, message)
        elif flag:
            values.put("flags", values.get("flags", ServiceFlag.NONE) | flag, statement)
        else:
            context.remark("scheduler-flag", statement, 0, f"{name} does nothing in the kernel")

    return Keyword(name, read)


def method(name: str, field: str = METHOD_FIELD) -> Keyword:
    """A row for `NAT|DR|TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]`."""

    def read(context: Context, statement: Statement, values: Values) -> None:
        forwarding = Choice(_FORWARDING).read(context, statement)
        if not isinstance(forwarding, Forwarding):
            return
        found = Method(forwarding)
        if len(statement.words) > 2:
            found = _tunnel(context, statement, forwarding) or found
        values.put(field, found, statement)

    return Keyword(name, read)


def _tunnel(context: Context, statement: Statement, forwarding: Forwarding) -> Method | None:
    """The method with its options; None when they are of no use, which is reported."""
    kind, port, checksum = TunnelType.IPIP, 0, TunnelChecksum.NONE
    words = iter(range(2, len(statement.words)))
    for index in words:
        word = statement.words[index]
        if word in CHECKSUMS:
            checksum = CHECKSUMS[word]
            continue
        operand = next(words, None)
        if word not in ("type", "port"):
            hint = context.similar(word, ("type", "port", *CHECKSUMS))
            _useless(context, statement, index, f"unknown option {shown(word)}", hint)
            return None
        if operand is None:
            _useless(context, statement, index, f"{word} needs a value")
            return None
        if word == "type":
            wanted = _TUNNELS.get(statement.words[operand])
            if wanted is None:
                text = f"{shown(statement.words[operand])} is not {', '.join(_TUNNELS)}"
                _useless(context, statement, operand, text)
                return None
            kind = wanted
        else:
            number = integer(context, statement, operand, 1, 65535, "tunnel port")
            if number is None:
                return None
            port = number
    problem = _contradiction(kind, port, checksum)
    if problem:
        _useless(context, statement, 2, problem)
        return None
    if forwarding is not Forwarding.TUNNELLING:
        context.remark("method", statement, 2, "tunnel options count only under TUN")
        return Method(forwarding)
    return Method(forwarding, kind, port, checksum)


def _contradiction(kind: TunnelType, port: int, checksum: TunnelChecksum) -> str | None:
    if (kind is TunnelType.GUE) != (port != 0):
        return "a gue tunnel needs a port, the others have none"
    if kind is TunnelType.IPIP and checksum:
        return "an ipip tunnel has no checksum"
    if kind is TunnelType.GRE and checksum is TunnelChecksum.REMCSUM:
        return "a gre tunnel has no remote checksum"
    return None


def _useless(
    context: Context, statement: Statement, index: int, what: str, hint: str | None = None
) -> None:
    message = f"{what}; the tunnel options are ignored"
    context.problem("method", statement, index, message, hint=hint)


def _persistence_timeout(context: Context, statement: Statement, values: Values) -> None:
    seconds: int | None = _DEFAULT_PERSISTENCE
    if len(statement.words) > 1:
        seconds = integer(context, statement, 1, 1, _MAX_PERSISTENCE)
    if seconds is not None:
        values.put("persistence_timeout", seconds, statement)


def _persistence_engine(context: Context, statement: Statement, values: Values) -> None:
    name = context.word(statement)
    if name is None:
        return
    if len(name) > _MAX_ENGINE:
        message = f"persistence_engine {shown(name)} is longer than {_MAX_ENGINE} characters"
        context.problem("too-long", statement, 1, f"{message}; cut off")
    values.put("persistence_engine", str(name[:_MAX_ENGINE]), statement)


def _persistence_granularity(context: Context, statement: Statement, values: Values) -> None:
    word = context.word(statement)
    if word is None:
        return
    family = values.get("family", 4 if "." in word else 6)
    prefix = _prefix6(context, statement) if family == 6 else _prefix4(context, statement, word)
    if prefix is None:
        return
    values.set.setdefault("family", family)
    values.put("granularity", prefix, statement)
    values.set.setdefault("persistence_timeout", _DEFAULT_PERSISTENCE)


def _prefix6(context: Context, statement: Statement) -> int | None:
    return integer(context, statement, 1, 1, 128)


def _prefix4(context: Context, statement: Statement, word: str) -> int | None:
    mask = parse_address(word)
    if isinstance(mask, IPv4Address):
        inverse = ~int(mask) & 0xFFFFFFFF
        if not inverse & (inverse + 1):
            return 32 - inverse.bit_length()
    # quirk: scattered-mask
    tell = context.remark if mask or word.isdecimal() else context.problem
    message = f"persistence_granularity {shown(word)} is not a netmask; clients stay single hosts"
    tell("bad-netmask", statement, 1, message)
    return 32 if mask or word.isdecimal() else None


SETTINGS_ROWS = (
    _scheduler("lvs_sched"),
    _scheduler("lb_algo"),
    method("lvs_method"),
    method("lb_kind"),
    *map(_flag, (*_HASH_FLAGS, *_FLAGS)),
    Keyword("persistence_timeout", _persistence_timeout),
    Keyword("persistence_engine", _persistence_engine),
    Keyword("persistence_granularity", _persistence_granularity),
)
"""Rows of `virtual_server` that end in the kernel's settings of the service."""


def build_settings(context: Context, values: Values, name: str) -> ServiceSettings:
    """The kernel's settings of a service, its persistence decided already."""
    if "scheduler" not in values.set:
        message = f"virtual_server {name} has no lvs_sched; wlc is used"
        context.problem("no-scheduler", values.owner, 0, message)
    timeout = values.get("persistence_timeout", 0)
    flags = values.get("flags", ServiceFlag.NONE)
    prefix: int | None = values.get("granularity", None)
    if prefix == (128 if values.get("family", 4) == 6 else 32):
        prefix = None
    return ServiceSettings(
        values.get("scheduler", "wlc"),
        flags | ServiceFlag.PERSISTENT if timeout else flags,
        timeout,
        prefix,
        values.get("persistence_engine", None),
    )
