"""The segments of a host: one for each interface, family and IP protocol that some Virtual Router
is on.
"""

from __future__ import annotations

from collections.abc import Iterator

from .core.model import AH_PROTOCOL, PROTOCOL, Family
from .net.rtnetlink import Link
from .reception import Reception
from .segment import Segment
from .settings import VirtualRouterSettings
from .strangers import Strangers

__all__ = ["Segments"]


class Segments:
    """Opens them when they are asked for, and closes those that nobody is on.

    `strangers` hears of what is for no Virtual Router.
    """

    def __init__(self, reception: Reception) -> None:
        self.strangers = Strangers()
        self._reception = reception
        self._segments: dict[tuple[str, Family, int], Segment] = {}

    def __iter__(self) -> Iterator[Segment]:
        return iter(tuple(self._segments.values()))

    def of(self, settings: VirtualRouterSettings, link: Link) -> Segment:
        """The one for a Virtual Router whose interface is this link. Raises: SocketError."""
        protocol = PROTOCOL if settings.protocol.ah_key is None else AH_PROTOCOL
        key = (settings.interface, settings.protocol.family, protocol)
        segment = self._segments.get(key)
        if segment is not None and segment.index != link.index:
            self._drop(key)
            segment = None
        if segment is None:
            family = settings.protocol.family
            segment = Segment(family, link.name, link.index, self.strangers, protocol)
            self._segments[key] = segment
            self._reception.add(segment)
        return segment

    def close_idle(self) -> None:
        """Close those without a Virtual Router."""
        for key in [k for k, segment in self._segments.items() if not segment]:
            self._drop(key)

    def _drop(self, key: tuple[str, Family, int]) -> None:
        segment = self._segments.pop(key)
        self._reception.remove(segment)
        segment.close()
