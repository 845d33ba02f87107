"""The receiver's half of RFC 9568 §7.1: may this Virtual Router act on that message?

`admit` runs every check and touches nothing: a message it refuses must not move a timer, teach an
interval or cause a transmission. (keepalived re-arms its Active's timer on any frame for the VRID;
one bad frame every 0.3 s silences it; quirk: bad-frame.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from .intervals import centiseconds, from_centiseconds
from .model import Family, Version, VirtualRouterConfig
from .packet import Advertisement, DiscardReason, IpFacts, PacketError, decode

__all__ = ["Admitted", "Check", "Mismatch", "admit", "without_address_list"]

Check: TypeAlias = Callable[[bytes, IpFacts], tuple[bytes, bytes]]
"""Sees to it that a key vouches for a message: takes the IP payload, or with an authentication header
the whole packet, tells the VRRP message and what stands behind it, raises PacketError."""


class Mismatch(Enum):
    """A disagreement that is counted and logged while the message is still obeyed."""

    INTERVAL = "interval-errors"
    ADDRESS_LIST = "address-list-errors"
    SECOND_OWNER = "second-owner"
    SOURCE_NOT_LINK_LOCAL = "source-not-link-local"
    OTHER_CHECKSUM_FORM = "other-checksum-form"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A message to act on, and what about it disagrees with our settings."""

    advertisement: Advertisement
    mismatches: tuple[Mismatch, ...] = ()
    behind: int = 0
    """Octets behind the message that vouched for it."""


def without_address_list(admitted: Admitted) -> Admitted:
    """The same, where it does not matter that the address list is another one."""
    mismatches = tuple(m for m in admitted.mismatches if m is not Mismatch.ADDRESS_LIST)
    return replace(admitted, mismatches=mismatches)


def admit(
    cfg: VirtualRouterConfig, message: bytes, ip: IpFacts, check: Check | None = None
) -> Admitted:
    """Decode `message` and run every check that the settings of `cfg` ask for.

    The caller found `cfg` by interface, family and VRID. Checks run in this order: TTL,
    destination and source, `check`, the bytes (`packet.decode`), VRID, version, authentication,
    address count, first address, interval, owner.
    Raises: PacketError, with the first check that failed.
    Source: RFC 9568 §7.1 with errata 8298, 8299, 8300, 8301; RFC 3768 §7.1.
    """
    _check_header(cfg, ip)
    behind = b""
    if check is not None:
        message, behind = check(message, ip)
    elif cfg.ah_key is not None or cfg.hmac is not None:
        raise PacketError(DiscardReason.AUTHENTICATION_MISMATCH, "nothing vouches for it")
    adv = decode(message, ip, behind)
    if adv.vrid != cfg.vrid:
        raise PacketError(DiscardReason.VRID, f"VRID {adv.vrid} is not {cfg.vrid}")
    if adv.version is not cfg.version:
        raise PacketError(DiscardReason.VERSION, f"version {adv.version}, ours is {cfg.version}")
    if adv.checksum_form is not None and adv.checksum_form not in cfg.accepted_checksums:
        detail = f"{adv.checksum_form.value} form is not accepted"
        raise PacketError(DiscardReason.CHECKSUM, detail)
    if cfg.version is Version.V2:
        _check_version_2(cfg, adv)
    _check_contents(cfg, adv)
    return Admitted(adv, tuple(_mismatches(cfg, adv)), len(behind))


def _check_header(cfg: VirtualRouterConfig, ip: IpFacts) -> None:
    if ip.source == cfg.source:
        raise PacketError(DiscardReason.LOOPED, f"from our own address {ip.source}")
    if cfg.peers:
        _check_unicast(cfg, ip)
        return
    if ip.ttl != 255:
        raise PacketError(DiscardReason.TTL, f"TTL {ip.ttl} is not 255")
    if ip.destination != cfg.destination_group:
        raise PacketError(DiscardReason.DESTINATION, f"sent to {ip.destination}")


def _check_unicast(cfg: VirtualRouterConfig, ip: IpFacts) -> None:
    """A unicast Virtual Router hears its peers only, each within its TTL bounds."""
    if ip.destination.is_multicast:
        raise PacketError(DiscardReason.DESTINATION, f"sent to {ip.destination}")
    peer = next((p for p in cfg.peers if p.address == ip.source), None)
    if peer is None:
        if cfg.check_unicast_source:
            raise PacketError(DiscardReason.SOURCE, f"{ip.source} is no configured peer")
        return
    if ip.ttl is None or not peer.min_ttl <= ip.ttl <= peer.max_ttl:
        detail = f"TTL {ip.ttl} is not in {peer.min_ttl}..{peer.max_ttl}"
        raise PacketError(DiscardReason.TTL, detail)


def _check_version_2(cfg: VirtualRouterConfig, adv: Advertisement) -> None:
    """RFC 3768 §7.1; simple text passwords are RFC 2338 §5.3.6.2."""
    kind = adv.authentication_type
    if kind > 2:
        raise PacketError(DiscardReason.AUTHENTICATION_TYPE, f"type {kind}")
    if kind != cfg.authentication_type:
        raise PacketError(DiscardReason.AUTHENTICATION_MISMATCH, f"type {kind} is not ours")
    if cfg.password is not None and not _same(adv.authentication_data, cfg.password):
        raise PacketError(DiscardReason.AUTHENTICATION_FAILURE, "wrong password")
    if adv.max_advertise_interval != cfg.advertisement_interval:
        detail = f"{adv.max_advertise_interval:g} s, ours is {cfg.advertisement_interval:g} s"
        raise PacketError(DiscardReason.INTERVAL, detail)


def _same(left: bytes, right: bytes) -> bool:
    """Compare all octets whatever the first differing one is (no timing hint)."""
    difference = len(left) ^ len(right)
    for a, b in zip(left, right, strict=False):
        difference |= a ^ b
    return difference == 0


def _check_contents(cfg: VirtualRouterConfig, adv: Advertisement) -> None:
    if not adv.addresses and not cfg.addressless:
        raise PacketError(DiscardReason.NO_ADDRESS, "address count 0")
    is_checked = cfg.family is Family.IPV6 and cfg.link_local_first
    if is_checked and not all(a.is_link_local for a in adv.addresses[:1]):
        detail = f"first address {adv.addresses[0]} is not link-local"
        raise PacketError(DiscardReason.FIRST_NOT_LINK_LOCAL, detail)
    if adv.max_advertise_interval == 0:
        raise PacketError(DiscardReason.INTERVAL_ZERO, "Max Advertise Interval 0")
    if cfg.is_owner and (cfg.version is Version.V2 or cfg.owner_ignores_advertisements):
        raise PacketError(DiscardReason.OWNER, "we own the addresses")


def _mismatches(cfg: VirtualRouterConfig, adv: Advertisement) -> Iterator[Mismatch]:
    if adv.max_advertise_interval != from_centiseconds(centiseconds(cfg.advertisement_interval)):
        yield Mismatch.INTERVAL
    if adv.addresses != cfg.addresses and set(adv.addresses) != set(cfg.addresses):
        yield Mismatch.ADDRESS_LIST
    if cfg.is_owner and adv.priority == cfg.priority:
        yield Mismatch.SECOND_OWNER
    if cfg.family is Family.IPV6 and not cfg.peers and not adv.source.is_link_local:
        yield Mismatch.SOURCE_NOT_LINK_LOCAL
    if adv.checksum_form not in (None, cfg.checksum):
        yield Mismatch.OTHER_CHECKSUM_FORM
