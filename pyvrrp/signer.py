"""Signs what one Virtual Router sends and checks what it hears; keeps what replays are known by.

Loaded for Virtual Routers with keys only: it brings the hash with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .core import auth_hmac
from .core.authentication import HmacMode, HmacSettings
from .core.model import Address, Family, VirtualRouterConfig
from .core.packet import IpFacts, with_checksum
from .rhythm import Outgoing

__all__ = ["Signer"]


class Signer:
    """One for the life of a Virtual Router: new settings do not make old captures new again.

    `clock`: the time of day in ns since the epoch.
    """

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

    def outgoing(
        self,
        config: VirtualRouterConfig,
        destination: Address,
        message: bytes,
        send: Callable[[bytes], object],
        wrap: Callable[[bytes], bytes],
    ) -> Outgoing:
        """A way out on which each Advertisement gets a signature of its own.

        `wrap` puts headers before the message, which depend on its length and nothing else.
        """
        if self.settings.mode is HmacMode.RECEIVE_ONLY:
            return send, wrap(message)

        def send_signed(packet: bytes) -> object:
            signed = self._signed(config, destination, message)
            return send(packet[: -len(signed)] + signed)

        return send_signed, wrap(message + bytes(auth_hmac.SIZE))

    def _signed(self, config: VirtualRouterConfig, destination: Address, message: bytes) -> bytes:
        settings, source = self.settings, config.source
        self._sequence = auth_hmac.next_sequence(settings, self._sequence, self._clock())
        signed = message + auth_hmac.sign(settings, message, source, self._sequence)
        if config.family is Family.IPV6:
            return with_checksum(signed, source, destination)
        return signed
