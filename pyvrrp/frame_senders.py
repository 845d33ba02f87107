"""The sockets for whole frames, one for each interface that is sent on."""

from __future__ import annotations

from collections.abc import Callable

from .net.frame_sender import FrameSender

__all__ = ["FrameSenders"]


class FrameSenders:
    """Opens them when they are asked for."""

    def __init__(self) -> None:
        self._senders: dict[str, FrameSender] = {}
        self._interfaces: dict[Callable[[bytes], object], str] = {}

    def on(self, interface: str) -> FrameSender:
        """The sender of an interface. Raises: SocketError."""
        if interface not in self._senders:
            sender = self._senders[interface] = FrameSender(interface)
            self._interfaces[sender.send] = interface
        return self._senders[interface]

    def interface_of(self, send: Callable[[bytes], object]) -> str:
        """Where a sender's `send` leads; empty when that is closed."""
        return self._interfaces.get(send, "")

    def drop(self, interface: str) -> None:
        """The interface is gone; one of that name may come back."""
        sender = self._senders.pop(interface, None)
        if sender is not None:
            del self._interfaces[sender.send]
            sender.close()

    def close(self) -> None:
        """Close all."""
        for interface in tuple(self._senders):
            self.drop(interface)
