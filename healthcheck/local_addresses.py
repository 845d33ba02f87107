"""The addresses of this host, and when they change: for services that are checked only where they are.

Source: rtnetlink(7), include/uapi/linux/if_addr.h.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_address

from .core.table import Address
from .errors import HealthcheckError

__all__ = ["LocalAddressMonitor", "parse_addresses"]

logger = logging.getLogger(__name__)

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_IFADDRMSG_LENGTH = 8
_RTM_NEWADDR, _RTM_GETADDR = 20, 22
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_DUMP_REQUEST = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_GROUPS = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
_TIMEOUT = 2.0
_BUFFER = 1 << 18
_CALM = 0.01  # s: a burst of changes is read once


class LocalAddressMonitor:
    """Calls `on_change` with every address of this host: at once, and whenever that set changes.

    Raises: HealthcheckError, when the kernel gives no rtnetlink socket or no answer at the start.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_change: Callable[[frozenset[Address]], None],
    ) -> None:
        self._loop = loop
        self._on_change = on_change
        self._timer: asyncio.Handle | None = None
        try:
            self._news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            self._news.setblocking(False)
            self._news.bind((0, _GROUPS))
            self._addresses = _read_addresses()
        except OSError as exc:
            raise HealthcheckError(f"cannot read this host's addresses: {exc.strerror}") from exc
        loop.add_reader(self._news.fileno(), self._hear)
        on_change(self._addresses)

    def close(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._news.fileno())
        self._news.close()

    def _hear(self) -> None:
        """What the news say is not read: too many of them are an error that says as much."""
        with suppress(OSError):
            self._news.recv(_BUFFER)
        if self._timer is None:
            self._timer = self._loop.call_later(_CALM, self._read)

    def _read(self) -> None:
        self._timer = None
        try:
            addresses = _read_addresses()
        except OSError as exc:
            logger.error("cannot read this host's addresses: %s", exc.strerror)
            self._timer = self._loop.call_later(_TIMEOUT, self._read)
            return
        if addresses != self._addresses:
            self._addresses = addresses
            self._on_change(addresses)


def _read_addresses() -> frozenset[Address]:
    """Raises: OSError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.settimeout(_TIMEOUT)
        request = _HEADER.pack(_HEADER.size + _IFADDRMSG_LENGTH, _RTM_GETADDR, _DUMP_REQUEST, 1, 0)
        netlink.send(request + bytes(_IFADDRMSG_LENGTH))
        found: set[Address] = set()
        while True:
            addresses, is_last = parse_addresses(netlink.recv(_BUFFER))
            found.update(addresses)
            if is_last:
                return frozenset(found)


def parse_addresses(data: bytes) -> tuple[list[Address], bool]:
    """The local addresses in one datagram of a dump, and whether it ends the dump.

    Raises: OSError, with the kernel's error number.
    """
    found: list[Address] = []
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, _, _, _ = _HEADER.unpack_from(data, offset)
        if not _HEADER.size <= length <= len(data) - offset:
            break  # cut off: the buffer was too small, which no dump of addresses is
        body = data[offset + _HEADER.size : offset + length]
        if kind == _NLMSG_ERROR:
            raise OSError(-int.from_bytes(body[:4], "little", signed=True), "rtnetlink refused")
        if kind == _NLMSG_DONE:
            return found, True
        if kind == _RTM_NEWADDR:
            values = dict(_attributes(body[_IFADDRMSG_LENGTH:]))
            value = values.get(_IFA_LOCAL, values.get(_IFA_ADDRESS))
            if value is not None:
                found.append(ip_address(value))
        offset += (length + 3) & ~3
    return found, False


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        yield kind, data[offset + _ATTRIBUTE.size : offset + length]
        offset += max(_ATTRIBUTE.size, (length + 3) & ~3)
