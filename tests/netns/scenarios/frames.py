"""Frames in words: who advertised what to whom, and which address was said to be where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from netnslab.decode import Advert, Announcement, decode

__all__ = ["Said", "said"]

_AUTHENTICATION = {0: "", 1: " PASS", 2: " AH"}
_AH = 51
_ARP = {1: "request", 2: "reply"}
_ROUTER, _OVERRIDE = 0x80, 0x20
_VIRTUAL = "00:00:5e:00:0"


@dataclass(frozen=True, slots=True)
class Said:
    """One frame: the Advertisement for `vrid`, or the announcement of `address`, in words."""

    fact: Advert | Announcement
    words: str


def said(frame: bytes, macs: Mapping[str, str]) -> Said | None:
    """None for a frame that is neither. `macs` names hardware addresses."""
    fact = decode(frame)
    match fact:
        case Advert():
            return Said(fact, _advert(fact, frame, macs))
        case Announcement():
            return Said(fact, _announcement(fact, frame, macs))
    return None


def _advert(fact: Advert, frame: bytes, macs: Mapping[str, str]) -> str:
    is_ipv4 = fact.source.version == 4
    destination = ip_address(frame[30:34] if is_ipv4 else frame[38:54])
    way = _authentication(frame) if fact.version == 2 else ""
    addresses = " ".join(map(str, fact.addresses))
    return (
        f"v{fact.version}{way} {fact.vrid} priority {fact.priority} every {fact.interval:g} s "
        f"{fact.source} > {destination} from {_mac(frame[6:12].hex(':'), macs)}: {addresses}"
    )


def _authentication(frame: bytes) -> str:
    """Of VRRPv2, which is IPv4 only; the Authentication Header says its own length."""
    behind = (frame[35] + 2) * 4 if frame[23] == _AH else 0
    return _AUTHENTICATION[frame[38 + behind]]


def _announcement(fact: Announcement, frame: bytes, macs: Mapping[str, str]) -> str:
    place = f"{fact.address} is at {_mac(fact.mac, macs)}"
    sender = _mac(frame[6:12].hex(":"), macs)
    if fact.address.version == 4:
        return f"GARP {_ARP[frame[21]]} {place} from {sender}"
    flags = frame[58]
    words = ["router"] * bool(flags & _ROUTER) + ["override"] * bool(flags & _OVERRIDE)
    return f"NA {' '.join(words)} {place} from {sender}"


def _mac(mac: str, macs: Mapping[str, str]) -> str:
    return "virtual MAC" if mac.startswith(_VIRTUAL) else macs.get(mac, mac)
