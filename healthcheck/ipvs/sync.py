"""The kernel's two other settings: timeouts of connections, and the daemons that share them.

A sync daemon multicasts connections to (master) or learns them from (backup) another director.
Source: include/uapi/linux/ip_vs.h, IPVS_DAEMON_ATTR_* and IPVS_CMD_ATTR_TIMEOUT_*; ipvsadm(8).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from ..core.sync import SyncDaemon, SyncState, Timeouts
from ..core.table import Address
from .genetlink import attribute, attributes, nest, text, to_number, u16, u32
from .octets import nested

__all__ = [
    "pack_daemon",
    "pack_state",
    "pack_timeouts",
    "parse_daemon",
    "parse_timeouts",
]

_DAEMON, _TIMEOUT_TCP, _TIMEOUT_TCP_FIN, _TIMEOUT_UDP = 3, 4, 5, 6
_STATE, _INTERFACE, _SYNC_ID, _MAX_LENGTH = 1, 2, 3, 4
_GROUP, _GROUP6, _PORT, _TTL = 5, 6, 7, 8


def pack_daemon(daemon: SyncDaemon) -> bytes:
    """The attributes that start it."""
    body = u32(_STATE, daemon.state)
    body += attribute(_INTERFACE, daemon.interface.encode() + b"\0")
    body += u32(_SYNC_ID, daemon.sync_id)
    if daemon.max_length:
        body += u16(_MAX_LENGTH, daemon.max_length)
    if daemon.group is not None:
        body += attribute(_GROUP if daemon.group.version == 4 else _GROUP6, daemon.group.packed)
    if daemon.port:
        body += u16(_PORT, daemon.port)
    if daemon.ttl:
        body += attribute(_TTL, bytes((daemon.ttl,)))
    return nest(_DAEMON, body)


def pack_state(state: SyncState) -> bytes:
    """The attributes that stop the daemon of this state."""
    return nest(_DAEMON, u32(_STATE, state))


def parse_daemon(data: bytes, start: int, end: int) -> SyncDaemon:
    """One message of a dump of sync daemons."""
    found = nested(data, start, end)
    group: Address | None = None
    if _GROUP in found:
        group = IPv4Address(found[_GROUP])
    elif _GROUP6 in found:
        group = IPv6Address(found[_GROUP6])
    return SyncDaemon(
        state=SyncState(to_number(found[_STATE])),
        interface=text(found[_INTERFACE]),
        sync_id=to_number(found[_SYNC_ID]),
        max_length=to_number(found.get(_MAX_LENGTH, b"")),
        port=to_number(found.get(_PORT, b"")),
        ttl=to_number(found.get(_TTL, b"")),
        group=group,
    )


def pack_timeouts(tcp: int, tcp_fin: int, udp: int) -> bytes:
    """The attributes that set timeouts; 0 leaves one as it is."""
    seconds = {_TIMEOUT_TCP: tcp, _TIMEOUT_TCP_FIN: tcp_fin, _TIMEOUT_UDP: udp}
    return b"".join(u32(kind, value) for kind, value in seconds.items() if value)


def parse_timeouts(data: bytes) -> Timeouts:
    """The answer to a question for them; 0 for a protocol that this kernel's IPVS is without."""
    found = attributes(data, 0, len(data))
    kinds = (_TIMEOUT_TCP, _TIMEOUT_TCP_FIN, _TIMEOUT_UDP)
    return Timeouts(*(to_number(found.get(kind, b"")) for kind in kinds))
