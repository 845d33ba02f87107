"""Sockets for probes: non-blocking, made as the check's `Target` wants them, never raising OSError.

Source: socket(7), ip(7), ipv6(7), tcp(7).
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from typing import TypeAlias

from ..core.model import Target
from ..core.table import Address
from ..errors import HealthcheckError

__all__ = [
    "CannotConnect",
    "SocketAddress",
    "connected",
    "make_socket",
    "no_answer",
    "reason",
    "socket_address",
    "start_connect",
]

SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]

_IP_BIND_ADDRESS_NO_PORT = 24  # named in `socket` since Python 3.12
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_IN_PROGRESS = frozenset({0, errno.EINPROGRESS})


class CannotConnect(HealthcheckError):
    """No connection; the text is a probe's `detail`.

    `is_verdict` False: this host could not try (no descriptor, `bindto` not here, no permission),
    which says nothing of the server.
    """

    def __init__(self, detail: str, *, is_verdict: bool = True) -> None:
        super().__init__(detail)
        self.detail = detail
        self.is_verdict = is_verdict


def reason(error: OSError | int) -> str:
    """An error (or its number) in words, as they stand within a sentence: "connection refused"."""
    number = error if isinstance(error, int) else error.errno
    text = str(error) if number is None else os.strerror(number)
    return text[:1].lower() + text[1:]


def no_answer(seconds: float) -> str:
    """What a probe says when a wait ran out."""
    return f"no answer within {seconds:g} s"


def socket_address(address: Address, port: int) -> SocketAddress:
    """The address as `socket` takes it.

    Raises: CannotConnect, when the scope of a link-local address is no interface of this host.
    """
    if address.version == 4:
        return str(address), port
    host, _, scope = str(address).partition("%")
    if not scope:
        return host, port, 0, 0
    try:
        return host, port, 0, int(scope) if scope.isdecimal() else socket.if_nametoindex(scope)
    except OSError as exc:
        raise CannotConnect(f"{address}: {reason(exc)}", is_verdict=False) from exc


def make_socket(
    target: Target, kind: socket.SocketKind = socket.SOCK_STREAM, protocol: int = 0
) -> socket.socket:
    """A non-blocking socket of the target's family, bound and marked as the target says.

    The caller closes it. A stream with `bind_port` is closed by a reset: TIME_WAIT would keep
    the port from the next attempt. Raises: CannotConnect, never a verdict.
    """
    try:
        sock = socket.socket(
            _FAMILIES[target.address.version], kind | socket.SOCK_NONBLOCK, protocol
        )
    except OSError as exc:
        raise CannotConnect(f"no socket: {reason(exc)}", is_verdict=False) from exc
    if target.bind_address or target.bind_port or target.bind_interface or target.fwmark:
        try:
            _dress(sock, target, kind)
        except CannotConnect:
            sock.close()
            raise
    return sock


def _dress(sock: socket.socket, target: Target, kind: socket.SocketKind) -> None:
    if target.bind_interface is not None:
        name = os.fsencode(target.bind_interface)
        _set(sock, f"bind_if {target.bind_interface}", socket.SO_BINDTODEVICE, name)
    if target.fwmark:
        _set(sock, f"fwmark {target.fwmark}", socket.SO_MARK, _signed(target.fwmark))
    if target.bind_address is None and not target.bind_port:
        return
    if target.bind_port:
        _set(sock, "bind_port", socket.SO_REUSEADDR, 1)
        if kind == socket.SOCK_STREAM:
            _set(sock, "bind_port", socket.SO_LINGER, struct.pack("ii", 1, 0))
    _bind(sock, target, kind)


def _signed(mark: int) -> int:
    """The mark as the C int that setsockopt takes."""
    return mark - (1 << 32) if mark >= 1 << 31 else mark


def _set(sock: socket.socket, what: str, option: int, value: int | bytes) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, option, value)
    except OSError as exc:
        raise CannotConnect(f"{what}: {reason(exc)}", is_verdict=False) from exc


def _bind(sock: socket.socket, target: Target, kind: int) -> None:
    here = target.bind_address
    if here is not None and here.version != target.address.version:
        text = f"bindto {here}: the server's address is IPv{target.address.version}"
        raise CannotConnect(text, is_verdict=False)
    try:
        if not target.bind_port and kind != socket.SOCK_RAW:
            # The port is chosen by connect, per destination: else one address has 28,000 in all.
            # A raw socket has none, and refuses the option over IPv6.
            sock.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        if here is None:
            sock.bind(("", target.bind_port))
        else:
            sock.bind(socket_address(here, target.bind_port))
    except OSError as exc:
        what = here if here is not None else f"port {target.bind_port}"
        raise CannotConnect(f"bindto {what}: {reason(exc)}", is_verdict=False) from exc


def start_connect(target: Target, address: SocketAddress) -> socket.socket:
    """A stream socket on its way to the target's address; writable when connected, or when it failed.

    Raises: CannotConnect, when it fails at once (no route: a verdict, as in keepalived).
    """
    sock = make_socket(target)
    number = sock.connect_ex(address)
    if number not in _IN_PROGRESS:
        sock.close()
        raise CannotConnect(reason(number))
    return sock


async def connected(target: Target) -> socket.socket:
    """A connected stream socket, within `connect_timeout`; the caller closes it.

    Raises: CannotConnect.
    """
    address = socket_address(target.address, target.port)
    sock = make_socket(target)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(target.connect_timeout):
            await loop.sock_connect(sock, address)
    except TimeoutError as exc:
        sock.close()
        raise CannotConnect(_timeout_text(exc, target)) from exc
    except OSError as exc:
        sock.close()
        raise CannotConnect(reason(exc)) from exc
    except asyncio.CancelledError:
        sock.close()
        raise
    return sock


def _timeout_text(exc: TimeoutError, target: Target) -> str:
    """ETIMEDOUT of the kernel is a TimeoutError too, and carries a number."""
    return no_answer(target.connect_timeout) if exc.errno is None else reason(exc)
