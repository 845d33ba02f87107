"""What others do to the kernel's links, addresses, routes and rules, in the words of Virtual Routers."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from .core.model import Address
from .net.identity import Key, address_key
from .net.monitor import (
    AddressAdded,
    AddressRemoved,
    EntryAdded,
    EntryRemoved,
    InterfaceTable,
    LinkChanged,
    LinkRemoved,
    Overrun,
    RouteEvent,
    RouteMonitor,
)
from .net.rtnetlink import RouteSocket
from .settings import SocketBuffer

__all__ = ["KernelWatch", "News"]

_NOTHING: Mapping[Key, bool] = {}


@dataclass(slots=True)
class News:
    """Names of interfaces that someone may have to look at, in the order they changed.

    `gone` are addresses, routes and rules that are not there any more, and whether we took them
    away ourselves. `restored` are interfaces that can be used again: the kernel dropped routes of
    theirs without a word. `is_lost`: it had more to tell than anybody could hear.
    """

    names: dict[str, None] = field(default_factory=dict)
    gone: Mapping[Key, bool] = field(default_factory=lambda: _NOTHING)
    restored: list[str] = field(default_factory=list)
    is_lost: bool = False


class KernelWatch:
    """Reads the kernel's notifications and keeps `table` true. Raises: NetlinkError, when made."""

    def __init__(
        self, table: InterfaceTable, route: RouteSocket, virtual: Container[Address]
    ) -> None:
        self._table = table
        self._route = route
        self._virtual = virtual
        self._gone: dict[Key, bool] = {}
        self._monitor = RouteMonitor(route.port)
        table.refresh(route)

    def enlarge(self, buffer: SocketBuffer) -> None:
        """Have the kernel keep more of what was not read yet."""
        self._monitor.enlarge(buffer)

    def fileno(self) -> int:
        """The descriptor to wait on for reading."""
        return self._monitor.fileno()

    def close(self) -> None:
        """Hear no more."""
        self._monitor.close()

    def read(self, limit: int) -> News:
        """What at most `limit` notifications say.

        What is gone is told once everything was heard: until then it may be there again, since who
        replaces something takes it away first.
        """
        news = News()
        for event in self._monitor.read(limit):
            self._look(event)
            news.names.update(dict.fromkeys(self._touched(event, news)))
        if self._monitor.is_drained and self._gone:
            news.gone, self._gone = self._gone, {}
        return news

    def _look(self, event: RouteEvent) -> None:
        match event:
            case AddressRemoved(address, by_us):
                self._gone[address_key(address.index, address.interface.ip)] = by_us
            case AddressAdded(address):
                self._gone.pop(address_key(address.index, address.interface.ip), None)
            case EntryRemoved(key, by_us):
                self._gone[key] = by_us
            case EntryAdded(key):
                self._gone.pop(key, None)

    def _touched(self, event: RouteEvent, news: News) -> Iterable[str]:
        """Note the event in the table; the names of interfaces that it is about."""
        match event:
            case Overrun():
                self._table.refresh(self._route)
                self._gone.clear()
                news.is_lost = True
            case LinkChanged(link) | LinkRemoved(link):
                known = self._table.by_index(link.index)
                self._table.apply(event)
                now = self._table.by_index(link.index)
                if now is not None and now.is_usable and known is not None and not known.is_usable:
                    news.restored.append(now.name)
                return {link.name, known.name} if known is not None else (link.name,)
            case AddressAdded(address) | AddressRemoved(address):
                self._table.apply(event)
                known = self._table.by_index(address.index)
                if known is not None and address.interface.ip not in self._virtual:
                    return (known.name,)
        return ()
