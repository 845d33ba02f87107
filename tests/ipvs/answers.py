"""Real servers that tell who they are: all of them in one thread of the test's process.

A program per server would take most of a test's time on a slow kernel. Each answers on TCP and UDP,
over IPv4 and IPv6: on UDP its name for any datagram; on TCP its name and a newline once the connection
is there, and again for whatever it gets, until the client ends it.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from netnslab import Host

__all__ = ["Answers"]

_BACKLOG = 512


class Answers:
    """The servers' thread; a context manager."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._servers: dict[str, list[socket.socket]] = {}
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._is_over = False
        self._thread = threading.Thread(target=self._serve, name="answers", daemon=True)
        self._thread.start()

    def __enter__(self) -> Answers:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._wake.send(b".")
        self._thread.join()
        self.close_all()
        self._selector.close()
        self._wake.close()
        self._woken.close()

    def open(self, host: Host, port: int, addresses: Iterable[str]) -> None:
        """Begin to answer as `host` on a port. UDP is bound to each address by itself, or the answer
        would come from another than was asked."""
        with host.entered():
            opened = [_listen(address, port) for address in ("0.0.0.0", "::")]
            datagrams = [_bound(address, port) for address in addresses]
        name = host.name.encode()
        with self._lock:
            for each in opened:
                self._register(each, lambda listener=each: self._accept(listener, name))
            for each in datagrams:
                self._register(each, lambda datagram=each: _answer(datagram, name))
            self._servers[host.name] = opened + datagrams

    def close(self, host: Host) -> None:
        """No more answers from `host`: its ports are closed, connections stay."""
        with self._lock:
            for each in self._servers.pop(host.name):
                self._selector.unregister(each)
                each.close()

    def close_all(self) -> None:
        """No more answers, and every connection ends."""
        with self._lock:
            for key in list(self._selector.get_map().values()):
                if key.data is not None:
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]  # only sockets are registered
            self._servers.clear()

    def _register(self, each: socket.socket, act: Callable[[], None]) -> None:
        self._selector.register(each, selectors.EVENT_READ, act)

    def _serve(self) -> None:
        while not self._is_over:
            ready = self._selector.select()
            with self._lock:
                for key, _ in ready:
                    if key.data is not None and key.fd in self._selector.get_map():
                        with suppress(OSError):
                            key.data()

    def _accept(self, listener: socket.socket, name: bytes) -> None:
        connection, _ = listener.accept()
        connection.setblocking(False)
        connection.send(name + b"\n")
        self._register(connection, lambda: self._go_on(connection, name))

    def _go_on(self, connection: socket.socket, name: bytes) -> None:
        if connection.recv(4096):
            connection.send(name + b"\n")
        else:
            self._selector.unregister(connection)
            connection.close()


def _answer(datagram: socket.socket, name: bytes) -> None:
    _, client = datagram.recvfrom(4096)
    datagram.sendto(name, client)


def _listen(address: str, port: int) -> socket.socket:
    return _bound(address, port, socket.SOCK_STREAM, _BACKLOG)


def _bound(
    address: str, port: int, kind: int = socket.SOCK_DGRAM, backlog: int | None = None
) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, kind)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.setblocking(False)
    if backlog is not None:
        made.listen(backlog)
    return made
