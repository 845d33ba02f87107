"""Receive buffers as the kernel tells them: it doubles what is asked for (socket(7))."""

import socket
from pathlib import Path

import pytest

from pyvrrp.net.receive_buffer import enlarge
from pyvrrp.settings import SocketBuffer

_LIMIT = 4096  # octets, below every net.core.rmem_max


def size(sock: socket.socket) -> int:
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        pytest.param(0, 2 * _LIMIT, id="not asked for"),
        pytest.param(_LIMIT - 1, 2 * _LIMIT, id="never smaller"),
        pytest.param(3 * _LIMIT, 6 * _LIMIT, id="larger"),
    ],
)
def test_it_only_grows(octets: int, found: int) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _LIMIT)
        enlarge(sock, SocketBuffer(octets))
        assert size(sock) == found


@pytest.mark.root
def test_past_the_limit_by_force_only() -> None:
    limit = int(Path("/proc/sys/net/core/rmem_max").read_text())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        enlarge(sock, SocketBuffer(2 * limit))
        assert size(sock) == 2 * limit
        enlarge(sock, SocketBuffer(2 * limit, force=True))
        assert size(sock) == 4 * limit
