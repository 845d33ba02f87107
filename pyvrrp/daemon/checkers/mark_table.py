"""Firewall marks for packets to some addresses and ports, so that one IPVS service takes them all.

Built like keepalived's table: for each transport a map from address and port to a mark. Unlike that of
`accept_filter` the table is nobody's: when the process that made it dies, the services in the
kernel go on, and so must the marks. The next one replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...net import nftables as nft
from ..lvs.mark_settings import Mark, MarkSettings

__all__ = ["MarkTable"]

_META_L4PROTO = 16
_MAPS = {6: "tcp_map", 17: "udp_map", 132: "sctp_map"}
_DESTINATION = {nft.Protocol.IPV4: (16, 4), nft.Protocol.IPV6: (24, 16)}
_PORT_REGISTER = {nft.Protocol.IPV4: 9, nft.Protocol.IPV6: 2}
"""Right behind the address, which is in register 1: NFT_REG32_01, NFT_REG_2."""
_KEYS = {
    nft.Protocol.IPV4: nft.TYPE_IPV4.followed_by(nft.TYPE_PORT),
    nft.Protocol.IPV6: nft.TYPE_IPV6.followed_by(nft.TYPE_PORT),
}


class MarkTable:
    """Has the kernel mark packets. Raises: NetlinkError from `use`; all is as before then."""

    def __init__(self) -> None:
        self._settings = MarkSettings()

    def use(self, settings: MarkSettings) -> None:
        """Mark as these settings say from now on, at one moment; without marks there is no table."""
        before = self._settings
        if settings == before:
            return
        batch: list[nft.Message] = []
        for family in nft.Protocol:
            if before.marks and before.table != settings.table:
                batch += _gone(family, before.table)
            if before.marks or settings.marks:
                batch += _gone(family, settings.table)
            batch += _made(family, settings)
        socket = nft.NftSocket()
        try:
            socket.commit("mark packets for services", batch)
        finally:
            socket.close()
        self._settings = settings


def _gone(family: nft.Protocol, name: str) -> tuple[nft.Message, nft.Message]:
    """Whether it is there or not."""
    return nft.table(family, name), nft.deleted_table(family, name)


def _made(family: nft.Protocol, settings: MarkSettings) -> Iterator[nft.Message]:
    version = 4 if family is nft.Protocol.IPV4 else 6
    found = [mark for mark in settings.marks if mark.address.version == version]
    if not found:
        return
    name = settings.table
    yield nft.table(family, name)
    yield nft.chain(family, name, "in", nft.Hook.INPUT, settings.priority)
    for transport in sorted({mark.transport for mark in found}):
        map_name = _MAPS[transport]
        yield nft.named_set(family, name, map_name, _KEYS[family], nft.TYPE_MARK)
        pairs = [_pair(mark) for mark in found if mark.transport == transport]
        yield from nft.elements(family, name, map_name, pairs)
        yield nft.rule(family, name, "in", *_marking(family, transport, settings))


def _pair(mark: Mark) -> tuple[bytes, bytes]:
    key = mark.address.packed + mark.port.to_bytes(2, "big") + bytes(2)
    return key, mark.mark.to_bytes(4, "little")


def _marking(family: nft.Protocol, transport: int, settings: MarkSettings) -> tuple[bytes, ...]:
    return (
        nft.meta(_META_L4PROTO),
        nft.equal(bytes((transport,))),
        nft.network_header(*_DESTINATION[family]),
        nft.transport_header(2, 2, _PORT_REGISTER[family]),
        nft.mapped(_MAPS[transport]),
        nft.set_mark(),
        *((nft.counter(),) if settings.counters else ()),
    )
