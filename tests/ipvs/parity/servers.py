"""Real servers on one host's loopback, whose replies can be changed while they are asked.

All run in the caller's event loop. What each was asked is kept: when, and in which words.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from netnslab import Host

__all__ = ["Kind", "RealServer"]

Kind: TypeAlias = Literal["tcp", "http", "https", "smtp", "dns", "udp"]

_PATIENCE = 5.0
_BACKLOG = 16


@dataclass(slots=True)
class RealServer:
    """One server; `heard(words)` is called for each request, with what is to be compared of it.

    `reply` means by kind: http and https the status; smtp the banner and the answer to HELO; dns the
    response code; udp the octets, None for silence. A tcp server closes each connection at once.
    """

    host: Host
    address: str
    port: int
    kind: Kind
    heard: Callable[[str], object]
    reply: object = None
    tls: ssl.SSLContext | None = None
    _opened: asyncio.Server | asyncio.DatagramTransport | None = field(default=None, init=False)
    _name: str | None = field(default=None, init=False)

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    async def open(self) -> None:
        """Begin to answer."""
        loop = asyncio.get_running_loop()
        made = self._bound(socket.SOCK_DGRAM if self.kind in ("dns", "udp") else socket.SOCK_STREAM)
        if self.kind in ("dns", "udp"):
            self._opened, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self), sock=made
            )
        else:
            self._opened = await asyncio.start_server(
                self._converse, sock=made, ssl=self._context(), backlog=_BACKLOG
            )

    def close(self) -> None:
        """The port is closed; whoever asks is refused."""
        if self._opened is not None:
            self._opened.close()
        self._opened = None

    def answer(self, request: bytes) -> bytes | None:
        """The answer to a datagram."""
        if self.kind == "udp":
            self.heard(request.hex())
            return self.reply if isinstance(self.reply, bytes) else None
        self.heard(_question(request))
        return request[:2] + struct.pack("!H", 0x8180 | int(str(self.reply or 0))) + request[4:]

    def _bound(self, kind: socket.SocketKind) -> socket.socket:
        with self.host.entered():
            family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
            made = socket.socket(family, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((self.address, self.port))
        made.setblocking(False)
        return made

    def _context(self) -> ssl.SSLContext | None:
        if self.kind != "https" or self.tls is None:
            return None
        self.tls.sni_callback = self._note_name
        return self.tls

    def _note_name(self, _: object, name: str | None, __: object) -> None:
        self._name = name

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                if self.kind == "tcp":
                    self.heard("connection")
                elif self.kind == "smtp":
                    await self._mail(reader, writer)
                else:
                    await self._web(reader, writer)
        except (OSError, EOFError, TimeoutError):
            pass  # whoever asked has gone
        finally:
            writer.close()

    async def _web(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode("ascii", "replace")
        words = " | ".join(request.strip().splitlines())
        self.heard(f"{words} | SNI={self._name}" if self.kind == "https" else words)
        writer.write(f"HTTP/1.0 {self.reply or 200} X\r\nContent-Length: 2\r\n\r\nok".encode())
        await writer.drain()

    async def _mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        banner, greeting = (
            self.reply if isinstance(self.reply, tuple) else ("220 here", "250 hello")
        )
        writer.write(f"{banner}\r\n".encode())
        heard = []
        while line := (await reader.readline()).decode("ascii", "replace").strip():
            heard.append(line)
            if line == "QUIT":
                writer.write(
                    b"221 bye\r\n"
                )  # keepalived 2.2.7 counts a close without it as failure
                break
            writer.write(f"{greeting}\r\n".encode())
        if heard:  # else whoever came was told to end
            self.heard(" | ".join(heard))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: RealServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        if (answer := self._server.answer(data)) is not None:
            self._transport.sendto(answer, addr)


def _question(request: bytes) -> str:
    """What a DNS query asks, but not its id."""
    flags, *counts = struct.unpack("!HHHHH", request[2:12])
    return f"flags {flags:#06x}, counts {counts}, question {request[12:].hex()}"
