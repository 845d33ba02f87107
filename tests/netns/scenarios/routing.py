"""Routes and policy rules of keepalived's protocol that come and go on a host, in words.

Source: rtnetlink(7), include/uapi/linux/{rtnetlink,fib_rules}.h.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from netnslab import Host

__all__ = ["RoutingWatch"]

_GROUPS = 0x40 | 0x400 | 0x80 | 0x40000  # routes of IPv4 and IPv6, rules of both
_KEEPALIVED = 18
_SIGNS = {"RTM_NEWROUTE": "+", "RTM_DELROUTE": "-", "RTM_NEWRULE": "+", "RTM_DELRULE": "-"}


class RoutingWatch:
    """Sees what happens on a host from its making until `close`."""

    def __init__(self, host: Host) -> None:
        with host.entered():
            self._socket = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
            )
        self._socket.bind((0, _GROUPS))
        self._marshal = MarshalRtnl()

    def read(self) -> Iterator[str]:
        """What is new."""
        with suppress(BlockingIOError):
            while True:
                for message in self._marshal.parse(self._socket.recv(1 << 16)):
                    yield from _told(message)

    def close(self) -> None:
        self._socket.close()


def _told(message: dict) -> Iterator[str]:
    sign = _SIGNS[message["event"]]
    if message["event"].endswith("ROUTE") and message["proto"] == _KEEPALIVED:
        via, metric = message.get("gateway"), message.get("priority")
        words = [
            f"{message.get('dst', 'default')}/{message['dst_len']}",
            f"table {message.get('table')}",
        ]
        words += [f"via {via}"] * bool(via) + [f"metric {metric}"] * bool(metric)
        yield f"{sign} {' '.join(words)}"
    elif message["event"].endswith("RULE") and message.get("protocol") == _KEEPALIVED:
        source = f"{message.get('src', 'all')}/{message['src_len']}"
        yield f"{sign} rule {message.get('priority')} from {source} table {message.get('table')}"
