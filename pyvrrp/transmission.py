"""What one Advertisement takes: which octets leave through which socket, for each destination."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .core.model import Address, VirtualRouterConfig
from .core.packet import encode
from .holdings import AddressHost
from .net.advertisement_frame import advertisement_frame
from .net.rtnetlink import Link
from .rhythm import Outgoing
from .segment import Segment
from .settings import VirtualRouterSettings

if TYPE_CHECKING:
    from .signer import Signer

__all__ = ["compose"]


def compose(
    config: VirtualRouterConfig,
    settings: VirtualRouterSettings,
    segment: Segment,
    host: AddressHost,
    priority: int,
    signer: Signer | None,
) -> tuple[Outgoing, ...]:
    """The ways out of a Virtual Router at this priority, 0 for a resignation. Raises: SocketError."""
    ways = _ways(config, settings, segment, host)
    found = []
    for destination, send, wrap in ways:
        message = encode(config, priority, destination)
        if signer is None:
            found.append((send, wrap(message)))
        else:
            found.append(signer.outgoing(config, destination, message, send, wrap))
    return tuple(found)


def _ways(
    config: VirtualRouterConfig,
    settings: VirtualRouterSettings,
    segment: Segment,
    host: AddressHost,
) -> Iterator[tuple[Address, Callable[[bytes], object], Callable[[bytes], bytes]]]:
    """Each destination, how to send there, and what comes around the message."""
    if config.peers:
        sender = segment.peer_sender(config.source, settings.unicast_ttl)
        for peer in config.peers:
            yield peer.address, sender.to(peer.address), bytes
        return
    group = config.destination_group
    mac = _frame_mac(settings, host.table.by_index(segment.index))
    if mac is not None:
        frames = host.frames(settings.interface)
        yield group, frames.send, lambda message: advertisement_frame(config, message, group, mac)
    else:
        to_group = segment.group_sender(config.source, group)
        yield group, to_group.send, to_group.wrap


def _frame_mac(settings: VirtualRouterSettings, below: Link | None) -> bytes | None:
    """The MAC address an Advertisement leaves with as a whole frame; None: by way of the kernel.

    Also with an ipvlan, from whose address the interface below may not send.
    """
    if settings.virtual_mac is not None:
        return None if settings.virtual_mac.transmit_on_base else settings.mac
    return below.mac if below is not None and settings.ipvlan is not None else None
