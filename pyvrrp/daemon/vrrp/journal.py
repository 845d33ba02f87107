"""What the daemon may have set in the kernel, on disk, for whoever starts after a crash.

One small JSON file beside the PID file of the VRRP process. It is written before that process gets
its settings, narrowed once they are in use, and removed after a clean stop; so it lists at least
what is there. The original value of a sysctl is the one found at the very first start:
after a crash the kernel holds our value, not the administrator's.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import PyvrrpError

if TYPE_CHECKING:
    from ...routing import Route, Rule
    from ...settings import StaticSettings, VirtualRouterSettings

__all__ = [
    "JournalError",
    "Leftovers",
    "decode",
    "encode",
    "journal_path",
    "mark",
    "merge",
    "place",
    "planned",
    "read",
    "remove",
    "write",
]

_VERSION = 1
_NAMES = 3  # that an ipvlan may have got, if the first ones were taken
_MAX_SIZE = 64 * 1024 * 1024


class JournalError(PyvrrpError):
    """A journal that cannot be understood or written."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What may be in the kernel. Every pair is hashable and in the order it was planned."""

    addresses: tuple[tuple[str, str], ...] = ()
    """Interface name, address with prefix length ("192.0.2.1/24")."""
    links: tuple[tuple[str, str], ...] = ()
    """Name of the interface below, `mark` of the link: what is there with it is ours.

    The addresses on such a link go with it and are not listed.
    """
    sysctls: tuple[tuple[str, str], ...] = ()
    """Name below /proc/sys/net, value before we changed it."""
    routes: tuple[tuple[str, str], ...] = ()
    """Name of a VRF whose table it is in, or empty; the message that removes it, in hexadecimal.

    Links are not in it: they may have other indexes by then.
    """
    rules: tuple[tuple[str, str], ...] = ()
    """What it is, for people; the message that removes it, in hexadecimal."""


def journal_path(vrrp_pid_file: str) -> str:
    """Name of the journal that belongs to a PID file: the same stem, `.state`."""
    return vrrp_pid_file.removesuffix(".pid") + ".state"


def mark(kind: str | None, mac: bytes, name: str) -> str:
    """What a link of our own is known by: a macvlan by its MAC address, since its name is chosen when
    it is made; an ipvlan has none of its own, and is known by its name. Empty: none of ours."""
    if kind == "macvlan":
        return mac.hex(":")
    return name if kind == "ipvlan" else ""


def planned(
    routers: Collection[VirtualRouterSettings],
    sysctls: Iterable[tuple[str, str]] = (),
    statics: StaticSettings | None = None,
) -> Leftovers:
    """What these Virtual Routers may set. `sysctls`: names with the values they have now."""
    from ...core.model import Family
    from ...net.own_link import wanted

    addresses: dict[tuple[str, str], None] = {}
    links: dict[tuple[str, str], None] = {}
    for router in routers:
        own = wanted(router)
        for (below, _), link in own.items():
            names = islice(link.names(), _NAMES) if link.mac is None else ("",)
            marks = (mark(link.kind, link.mac or b"", name) for name in names)
            links |= dict.fromkeys((below, each) for each in marks)
        for address in router.addresses:
            place = (address.dev or router.interface, Family(address.interface.version))
            if place not in own:
                addresses[place[0], str(address.interface)] = None
    for address in () if statics is None else statics.addresses:
        addresses[address.dev or "", str(address.interface)] = None
    owners = [(each.routes, each.rules) for each in routers]
    if statics is not None:
        owners.append((statics.routes, statics.rules))
    routes = tuple(dict.fromkeys(_route(route) for some, _ in owners for route in some))
    rules = tuple(dict.fromkeys(_rule(rule) for _, some in owners for rule in some))
    kept = tuple(dict.fromkeys(sysctls))
    return Leftovers(tuple(addresses), tuple(links), kept, routes, rules)


def _route(route: Route) -> tuple[str, str]:
    from ...net.route_messages import remove_route

    message = remove_route(replace(route, dev=None, nexthops=()), {}).payload
    return route.vrf or "", message.hex()


def _rule(rule: Rule) -> tuple[str, str]:
    from ...net.route_messages import remove_rule

    change = remove_rule(rule)
    return str(change).removeprefix("remove "), change.payload.hex()


def merge(older: Leftovers, newer: Leftovers) -> Leftovers:
    """Everything in either; a sysctl keeps its older value."""
    return Leftovers(
        tuple(dict.fromkeys(older.addresses + newer.addresses)),
        tuple(dict.fromkeys(older.links + newer.links)),
        tuple((dict(newer.sysctls) | dict(older.sysctls)).items()),
        tuple(dict.fromkeys(older.routes + newer.routes)),
        tuple(dict.fromkeys(older.rules + newer.rules)),
    )


def encode(leftovers: Leftovers) -> bytes:
    """The file's octets."""
    import json  # not at the top: the parent uses this module and needs no JSON

    text = json.dumps({"version": _VERSION, **asdict(leftovers)}, separators=(",", ":"))
    return text.encode("ascii") + b"\n"


def decode(octets: bytes) -> Leftovers:
    """The reverse of `encode`. Raises: JournalError."""
    import json

    try:
        content = json.loads(octets)
        if content["version"] != _VERSION:
            raise JournalError(f"journal of version {content['version']!r}, not {_VERSION}")
        return Leftovers(
            _pairs(content["addresses"]),
            _pairs(content["links"]),
            _pairs(content["sysctls"]),
            _messages(content.get("routes", [])),
            _messages(content.get("rules", [])),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise JournalError(f"journal cannot be understood: {exc!r}") from exc


def _pairs(rows: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(rows, list):
        raise TypeError(f"{rows!r} is not a list")
    pairs = []
    for row in rows:
        first, second = row
        if not isinstance(first, str) or not isinstance(second, str):
            raise TypeError(f"{row!r} is not a pair of texts")
        pairs.append((first, second))
    return tuple(pairs)


def _messages(rows: object) -> tuple[tuple[str, str], ...]:
    pairs = _pairs(rows)
    for _, message in pairs:
        bytes.fromhex(message)
    return pairs


def read(path: str) -> Leftovers | None:
    """What a predecessor noted; None when there is no journal.

    Raises: JournalError when there is one that cannot be read or is not ours.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise JournalError(f"{path}: {exc.strerror}") from exc
    with os.fdopen(descriptor, "rb") as file:
        # It decides what root deletes from the kernel: a file others may write is no journal.
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise JournalError(f"{path}: others than its user may write it, so it is not used")
        try:
            return decode(file.read(_MAX_SIZE))
        except OSError as exc:
            raise JournalError(f"{path}: {exc.strerror}") from exc


def write(path: str, leftovers: Leftovers) -> None:
    """Replace the journal, atomically, mode 0600. Raises: JournalError."""
    place(path, encode(leftovers))


def place(path: str, octets: bytes) -> None:
    """Like `write`, with octets from `encode`: for the parent, which keeps no JSON in memory.

    The new file has always the same name at first, so that one left by a crash in between is not
    left for ever. Nobody else writes there: the parent holds the PID file.
    """
    temporary = f"{path}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        Path(temporary).unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(octets)
        Path(temporary).rename(path)
    except OSError as exc:
        with suppress(OSError):
            Path(temporary).unlink()
        raise JournalError(f"{path}: {exc.strerror}") from exc


def remove(path: str) -> None:
    """Nothing is left in the kernel. Raises: JournalError."""
    try:
        Path(path).unlink(missing_ok=True)
    except OSError as exc:
        raise JournalError(f"{path}: {exc.strerror}") from exc
