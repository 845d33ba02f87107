"""What one Advertisement takes: which octets leave through which socket, for each destination."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from .core.model import VirtualRouterConfig
from .core.packet import encode
from .holdings import AddressHost
from .net.advertisement_frame import advertisement_frame, group_frame
from .net.rtnetlink import Link
from .outgoing import Outgoing, Way
from .segment import Segment
from .settings import VirtualRouterSettings
from .signer import HeaderSigner, Signer

__all__ = ["compose"]


def compose(
    config: VirtualRouterConfig,
    settings: VirtualRouterSettings,
    segment: Segment,
    host: AddressHost,
    priority: int,
    signer: Signer | HeaderSigner | None,
) -> tuple[Outgoing, ...]:
    """The ways out of a Virtual Router at this priority, 0 for a resignation. Raises: SocketError."""
    find = _ways if config.ah_key is None else _packet_ways
    found = []
    for way in find(config, settings, segment, host):
        message = encode(config, priority, way.destination)
        if signer is None:
            found.append((way.send, way.wrap(message)))
        else:
            found.append(signer.outgoing(config, way, message))
    return tuple(found)


def _ways(
    config: VirtualRouterConfig,
    settings: VirtualRouterSettings,
    segment: Segment,
    host: AddressHost,
) -> Iterator[Way]:
    if config.peers:
        sender = segment.peer_sender(config.source, settings.unicast_ttl)
        for peer in config.peers:
            yield Way(peer.address, sender.to(peer.address), bytes)
        return
    group = config.destination_group
    mac = _frame_mac(settings, host.table.by_index(segment.index))
    if mac is not None:
        frames = host.frames(settings.interface)
        wrap = partial(advertisement_frame, config, group=group, mac=mac)
        yield Way(group, frames.send, wrap)
    else:
        to_group = segment.group_sender(config.source, group)
        yield Way(group, to_group.send, to_group.wrap)


def _packet_ways(
    config: VirtualRouterConfig,
    settings: VirtualRouterSettings,
    segment: Segment,
    host: AddressHost,
) -> Iterator[Way]:
    """The same for whole IPv4 packets, whose header is ours."""
    for peer in config.peers:
        to_peer = segment.group_sender(config.source, peer.address)
        yield Way(peer.address, to_peer.send, bytes, settings.unicast_ttl)
    if config.peers:
        return
    group = config.destination_group
    mac = _frame_mac(settings, host.table.by_index(segment.index))
    if mac is not None:
        frames = host.frames(settings.interface)
        yield Way(group, frames.send, partial(group_frame, group=group, mac=mac))
    else:
        yield Way(group, segment.group_sender(config.source, group).send, bytes)


def _frame_mac(settings: VirtualRouterSettings, below: Link | None) -> bytes | None:
    """The MAC address an Advertisement leaves with as a whole frame; None: by way of the kernel.

    Also with an ipvlan, from whose address the interface below may not send.
    """
    if settings.virtual_mac is not None:
        return None if settings.virtual_mac.transmit_on_base else settings.mac
    return below.mac if below is not None and settings.ipvlan is not None else None
