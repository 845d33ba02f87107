"""`encap ip|ip6|mpls|ila ...` of a route or next hop: lightweight tunnels."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..routing import Encap, IlaEncap, IpEncap, MplsEncap
from .addresses import parse_address
from .config import Address, Family
from .context import shown
from .iproute_names import DSFIELD, c_number
from .routing_entry import Entry
from .values import make

__all__ = ["ENCAPS", "read_encap"]

_MAX_LABEL = 2**20 - 1
_MAX_LABELS = 2
_LOCATOR = re.compile(r"[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){3}")


def _address(entry: Entry, family: Family) -> Address:
    word = entry.value()
    address = parse_address(word)
    if address is None or address.version != family:
        raise entry.useless("bad-address", f"{shown(word)} is not an IPv{family} address")
    return address


def _ip(family: Family) -> Callable[[Entry], Encap]:
    tos, ttl = ("tos", "ttl") if family == 4 else ("tc", "hoplimit")
    options: dict[str, tuple[str, Callable[[Entry], object]]] = {
        # quirk: short-ids
        "id": ("id", lambda entry: entry.number("id", 0, 2**64 - 1)),
        "dst": ("dst", lambda entry: _address(entry, family)),
        "src": ("src", lambda entry: _address(entry, family)),
        tos: ("tos", lambda entry: entry.named(DSFIELD, tos)),
        ttl: ("ttl", lambda entry: entry.number(ttl, 0, 255)),
        "flags": ("flags", lambda entry: entry.number("flags", 0, 65535)),
    }

    def read(entry: Entry) -> Encap:
        start = entry.index
        fields: dict[str, object] = {"family": family}
        while option := entry.skip(*options):
            if entry.peek() is None:
                raise entry.useless("missing-value", f"{option} needs a value")
            name, take = options[option]
            fields[name] = take(entry)
        if "dst" not in fields and "id" not in fields:
            message = f"encap {entry.words[start]} needs a dst or an id"
            raise entry.useless("incomplete-encap", message, index=start)
        return make(IpEncap, fields)

    return read


def _mpls(entry: Entry) -> Encap:
    word = _argument(entry, "labels")
    labels = [c_number(part) for part in word.split("/")]
    if len(labels) > _MAX_LABELS:
        message = f"{shown(word)} has more than {_MAX_LABELS} labels"
        raise entry.useless("value-out-of-range", message)
    found = tuple(label for label in labels if label is not None and label <= _MAX_LABEL)
    if len(found) != len(labels):
        message = f"{shown(word)} is not MPLS labels of 0..{_MAX_LABEL}, with a / between them"
        raise entry.useless("bad-label", message)
    return MplsEncap(found)


def _ila(entry: Entry) -> Encap:
    word = _argument(entry, "a locator")
    if not _LOCATOR.fullmatch(word):
        message = f"{shown(word)} is not a locator: four hexadecimal numbers with : between them"
        raise entry.useless("bad-locator", message)
    groups = [int(group, 16) for group in word.split(":")]
    return IlaEncap(groups[0] << 48 | groups[1] << 32 | groups[2] << 16 | groups[3])


def _argument(entry: Entry, what: str) -> str:
    if entry.peek() is None:
        raise entry.useless("missing-value", f"encap {entry.word} needs {what}")
    return entry.value()


ENCAPS: dict[str, Callable[[Entry], Encap]] = {
    "ip": _ip(4),
    "ip6": _ip(6),
    "mpls": _mpls,
    "ila": _ila,
}


def read_encap(entry: Entry) -> Encap:
    """Take what stands behind `encap`. Raises: Useless, after a report."""
    kinds = " or ".join(ENCAPS)
    if entry.peek() is None:
        raise entry.useless("missing-value", f"encap needs {kinds}")
    kind = entry.value()
    if kind not in ENCAPS:
        raise entry.useless("unknown-value", f"encap {shown(kind)} is not {kinds}")
    return ENCAPS[kind](entry)
