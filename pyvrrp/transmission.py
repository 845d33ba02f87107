"""What one Advertisement takes: which octets leave through which socket, for each destination."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .core.model import Address, VirtualRouterConfig
from .core.packet import encode
from .holdings import AddressHost
from .net.advertisement_frame import advertisement_frame
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
    mac = settings.virtual_mac
    if mac is not None and not mac.transmit_on_base:
        frames = host.frames(settings.interface)
        yield group, frames.send, lambda message: advertisement_frame(config, message, group)
    else:
        to_group = segment.group_sender(config.source, group)
        yield group, to_group.send, to_group.wrap
