"""What one Advertisement takes: which octets leave through which socket, for each destination."""

from __future__ import annotations

from .core.model import VirtualRouterConfig
from .core.packet import encode
from .holdings import AddressHost
from .net.advertisement_frame import advertisement_frame
from .rhythm import Outgoing
from .segment import Segment
from .settings import VirtualRouterSettings

__all__ = ["compose"]


def compose(
    config: VirtualRouterConfig,
    settings: VirtualRouterSettings,
    segment: Segment,
    host: AddressHost,
    priority: int,
) -> tuple[Outgoing, ...]:
    """The ways out of a Virtual Router at this priority, 0 for a resignation. Raises: SocketError."""
    if config.peers:
        sender = segment.peer_sender(config.source, settings.unicast_ttl)
        return tuple(
            (sender.to(p.address), encode(config, priority, p.address)) for p in config.peers
        )
    group = config.destination_group
    message = encode(config, priority, group)
    mac = settings.virtual_mac
    if mac is not None and not mac.transmit_on_base:
        frames = host.frames(settings.interface)
        return ((frames.send, advertisement_frame(config, message, group)),)
    to_group = segment.group_sender(config.source, group)
    return ((to_group.send, to_group.wrap(message)),)
