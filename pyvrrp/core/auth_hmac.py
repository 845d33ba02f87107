"""keepalived's signed Advertisements: a trailer of 28 octets behind the VRRP message.

    octet   trailer
    0       scheme, 1: HMAC-SHA-256, its first 16 octets
    1       id of the key
    2-3     zero
    4-7     seconds since the epoch, modulo 2**32    \\
    8-9     fraction of a second, in 2**-16 s          the sequence, 64 bits
    10-11   counter                                  /
    12-27   HMAC

Signed is what follows, octet by octet::

    4 or 6, version, VRID, 0, source address padded to 16 | message, its checksum zero |
    octets 0-11 of the trailer | 16 zero octets

The destination is left out, so one signature serves all unicast peers. A captured Advertisement
must not work twice: a sender's sequence only grows (RFC 1982 arithmetic, so that 2106 is no end),
and it is close to our clock, unless the settings say that clocks are not to be trusted.

Source: keepalived 2.4.3's wire; RFC 2104; RFC 1982. Draft: none published.
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass

from .authentication import HmacMode, HmacSettings
from .model import Address, Family
from .packet import DiscardReason, IpFacts, PacketError, message_size

__all__ = ["SENDERS", "SIZE", "Marks", "accept", "clock_sequence", "next_sequence", "sign", "split"]

SENDERS = 4
"""Remembered of a group. Only one at a time is Active; more than two meet by accident only."""

SIZE = 28
"""Octets of a trailer."""

Marks = tuple[tuple[Address, int], ...]
"""Senders and the last sequence believed of each; the one heard last is the last one."""

_HEAD = struct.Struct("!BBHQ")
_HMAC_SIZE = 16
_SCHEME = 1


@dataclass(frozen=True, slots=True)
class _Trailer:
    scheme: int
    key_id: int
    reserved: int
    sequence: int


def clock_sequence(now_ns: int) -> int:
    """The sequence of a moment, ns since the epoch, its counter zero."""
    seconds, rest = divmod(now_ns, 1_000_000_000)
    return (seconds & 0xFFFFFFFF) << 32 | (rest << 16) // 1_000_000_000 << 16


def next_sequence(settings: HmacSettings, last: int, now_ns: int) -> int:
    """What the next Advertisement carries after `last`.

    It grows even while the clock stands or steps back; only when it would be outside the window
    of everybody whose clock is right does it start again from the clock.
    """
    clock = clock_sequence(now_ns)
    is_ahead = _seconds_apart(last, clock) > settings.time_window
    if _is_after(clock, last) or (is_ahead and not settings.is_monotonic):
        return clock
    return last + 1 & 0xFFFFFFFFFFFFFFFF


def sign(settings: HmacSettings, message: bytes, source: Address, sequence: int) -> bytes:
    """The trailer of a message that `source` sends; the message's checksum does not matter.

    Over IPv6 the checksum has to be set right after that: it covers the trailer.
    """
    secret = settings.find(settings.active_key) or b""
    head = _HEAD.pack(_SCHEME, settings.active_key, 0, sequence)
    return head + _digest(secret, message, source, head)


def split(message: bytes, family: Family) -> tuple[bytes, bytes]:
    """Message and trailer; without one, or when the length fits neither, the trailer is empty."""
    if len(message) < SIZE:
        return message, b""
    size = message_size(message, family)
    return (message[:size], message[size:]) if len(message) == size + SIZE else (message, b"")


def accept(
    settings: HmacSettings,
    marks: Marks,
    message: bytes,
    trailer: bytes,
    ip: IpFacts,
    now_ns: int,
    senders: int = SENDERS,
) -> Marks:
    """Check what vouches for a message; the marks to go on with, of `senders` at most.

    The time is looked at first: it costs nothing, and a flood of old captures no HMAC. Marks move
    for nobody who does not know a key.
    Raises: PacketError.
    """
    if not trailer:
        if settings.mode is HmacMode.ENFORCE:
            raise PacketError(DiscardReason.SIGNATURE_MISSING, "it is not signed")
        return marks
    head = _Trailer(*_HEAD.unpack_from(trailer))
    if head.scheme != _SCHEME or head.reserved:
        raise PacketError(DiscardReason.SIGNATURE_MALFORMED, f"scheme {head.scheme} of signing")
    clock = clock_sequence(now_ns)
    apart = _seconds_apart(head.sequence, clock)
    if not settings.is_monotonic and abs(apart) > settings.time_window:
        detail = f"its time is {-apart} s before ours, more than {settings.time_window} s"
        raise PacketError(DiscardReason.SIGNATURE_STALE, detail)
    secret = settings.find(head.key_id)
    if secret is None:
        raise PacketError(DiscardReason.SIGNATURE_UNKNOWN_KEY, f"it is signed by key {head.key_id}")
    expected = _digest(secret, message, ip.source, trailer[: _HEAD.size])
    if not hmac.compare_digest(trailer[_HEAD.size :], expected):
        raise PacketError(DiscardReason.SIGNATURE_INVALID, "its signature is not that of our key")
    moved = _advanced(settings, marks, ip.source, head.sequence, clock)
    return moved[-senders:]


def _advanced(
    settings: HmacSettings, marks: Marks, source: Address, sequence: int, clock: int
) -> Marks:
    """A mark outside the window orders nothing that the window lets through: a clock was set."""
    last = next((mark for address, mark in marks if address == source), None)
    is_old = last is not None and abs(_seconds_apart(last, clock)) > settings.time_window
    if is_old and not settings.is_monotonic:
        last = None
    if last is not None and not _is_after(sequence, last):
        raise PacketError(DiscardReason.SIGNATURE_REPLAYED, "it was heard before")
    return (*(mark for mark in marks if mark[0] != source), (source, sequence))


def _digest(secret: bytes, message: bytes, source: Address, head: bytes) -> bytes:
    version, vrid = message[0] >> 4, message[1]
    pseudo = bytes((source.version, version, vrid, 0)) + source.packed.ljust(16, b"\0")
    signed = b"".join((pseudo, message[:6], b"\0\0", message[8:], head, bytes(_HMAC_SIZE)))
    return hmac.digest(secret, signed, "sha256")[:_HMAC_SIZE]


def _is_after(left: int, right: int) -> bool:
    """RFC 1982 §3.2 for 64 bits."""
    return 0 < (left - right & 0xFFFFFFFFFFFFFFFF) < 1 << 63


def _seconds_apart(left: int, right: int) -> int:
    """Whole seconds that `left` is ahead of `right`, by their upper halves."""
    difference = (left >> 32) - (right >> 32) & 0xFFFFFFFF
    return difference - (1 << 32) if difference >> 31 else difference
