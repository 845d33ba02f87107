"""Vouches for what one Virtual Router sends and checks what it hears; keeps what replays are known by.

Loaded for Virtual Routers with keys only: it brings the hash with it. There is one for the life of a
Virtual Router: new settings do not make old captures new again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .core import auth_ah, auth_hmac
from .core.authentication import HmacMode, HmacSettings
from .core.model import Address, Family, VirtualRouterConfig
from .core.packet import IpFacts, with_checksum
from .outgoing import Outgoing, Way

__all__ = ["HeaderSigner", "Signer", "signer"]


def signer(
    config: VirtualRouterConfig, known: Signer | HeaderSigner | None
) -> Signer | HeaderSigner:
    """Who vouches by these settings, which have a key; the one we know, if it can."""
    if config.hmac is not None:
        found = known if isinstance(known, Signer) else Signer(config.hmac)
        found.settings, found.senders = config.hmac, len(config.peers)
        return found
    header = known if isinstance(known, HeaderSigner) else HeaderSigner()
    header.key = config.ah_key or b""
    return header


class Signer:
    """With the trailers of `core.auth_hmac`. `clock`: the time of day in ns since the epoch."""

    def __init__(self, settings: HmacSettings, clock: Callable[[], int] = time.time_ns) -> None:
        self.settings = settings
        self.senders = 0
        """How many unicast peers there are."""
        self._clock = clock
        self._marks: auth_hmac.Marks = ()
        self._sequence = 0

    def check(self, message: bytes, ip: IpFacts) -> tuple[bytes, bytes]:
        """A `core.receive.Check`. Raises: PacketError."""
        family = Family.IPV4 if ip.source.version == 4 else Family.IPV6
        message, trailer = auth_hmac.split(message, family)
        senders = max(self.senders, auth_hmac.SENDERS)
        self._marks = auth_hmac.accept(
            self.settings, self._marks, message, trailer, ip, self._clock(), senders
        )
        return message, trailer

    def outgoing(self, config: VirtualRouterConfig, way: Way, message: bytes) -> Outgoing:
        """The way on which each Advertisement gets a signature of its own."""
        if self.settings.mode is HmacMode.RECEIVE_ONLY:
            return way.send, way.wrap(message)

        def send_signed(packet: bytes) -> object:
            signed = self._signed(config, way.destination, message)
            return way.send(packet[: -len(signed)] + signed)

        return send_signed, way.wrap(message + bytes(auth_hmac.SIZE))

    def _signed(self, config: VirtualRouterConfig, destination: Address, message: bytes) -> bytes:
        settings, source = self.settings, config.source
        self._sequence = auth_hmac.next_sequence(settings, self._sequence, self._clock())
        signed = message + auth_hmac.sign(settings, message, source, self._sequence)
        if config.family is Family.IPV6:
            return with_checksum(signed, source, destination)
        return signed


class HeaderSigner:
    """With the header of `core.auth_ah`. `last`: the sequence sent or heard last."""

    def __init__(self) -> None:
        self.key = b""
        self.last = 0

    def check(self, packet: bytes, ip: IpFacts) -> tuple[bytes, bytes]:
        """A `core.receive.Check`. Raises: PacketError."""
        message, self.last = auth_ah.check(self.key, packet, ip, self.last)
        return message, b""

    def outgoing(self, config: VirtualRouterConfig, way: Way, message: bytes) -> Outgoing:
        """The way on which each Advertisement gets a header of its own."""
        route = (config.source, way.destination)

        def send_protected(protected: bytes) -> object:
            self.last += 1
            return way.send(
                way.wrap(auth_ah.packet(self.key, route, way.ttl, protected, self.last))
            )

        return send_protected, message
