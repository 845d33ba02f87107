"""What others do to the kernel, as Virtual Routers hear of it."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_interface
from typing import Any

import pytest

from pyvrrp import kernel_watch
from pyvrrp.kernel_watch import KernelWatch
from pyvrrp.net.monitor import (
    AddressAdded,
    AddressRemoved,
    EntryAdded,
    EntryRemoved,
    InterfaceTable,
    LinkChanged,
    Overrun,
)
from pyvrrp.net.rtnetlink import InterfaceAddress, Link

VIRTUAL, OWN = "192.0.2.100/24", "192.0.2.1/24"
KEY = (2, IPv4Address("192.0.2.100"))


def link(*, up: bool = True) -> LinkChanged:
    return LinkChanged(Link(2, "eth0", up, True, False, b"", 1500))


def added(address: str) -> AddressAdded:
    return AddressAdded(InterfaceAddress(2, ip_interface(address)))


def removed(address: str, *, by_us: bool = False) -> AddressRemoved:
    return AddressRemoved(InterfaceAddress(2, ip_interface(address)), by_us)


class FakeMonitor:
    """Says what stands in `events`."""

    def __init__(self, own_port: int) -> None:
        self.is_drained = True
        self.events: list[Any] = []

    def read(self, limit: int) -> list[Any]:
        taken, self.events = self.events[:limit], self.events[limit:]
        self.is_drained = not self.events
        return taken


class FakeRoute:
    port = 7

    def links(self) -> tuple[Link, ...]:
        return (link().link,)

    def addresses(self) -> tuple[InterfaceAddress, ...]:
        return ()


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(kernel_watch, "RouteMonitor", FakeMonitor)
    return KernelWatch(InterfaceTable(), FakeRoute(), {KEY[1]})  # type: ignore[arg-type]


def hear(watch: Any, *events: Any, limit: int = 64) -> kernel_watch.News:
    watch._monitor.events += events
    news: kernel_watch.News = watch.read(limit)
    return news


def test_a_virtual_address_that_is_gone_is_told_by_its_key(watch: Any) -> None:
    news = hear(watch, added(VIRTUAL), removed(VIRTUAL))
    assert (dict(news.gone), list(news.names)) == ({KEY: False}, [])
    assert hear(watch).gone == {}
    assert hear(watch, removed(VIRTUAL, by_us=True)).gone == {KEY: True}


def test_another_address_is_a_matter_of_its_interface(watch: Any) -> None:
    news = hear(watch, added(OWN), removed(OWN))
    assert (len(news.gone), list(news.names)) == (1, ["eth0"])


def test_what_came_back_is_not_gone_though_it_is_heard_later(watch: Any) -> None:
    assert hear(watch, removed(VIRTUAL), added(VIRTUAL), limit=1).gone == {}
    assert hear(watch, limit=1).gone == {}
    news = hear(watch, EntryRemoved(("route", 1), False), EntryAdded(("route", 1)), limit=1)
    assert news.gone == {}
    assert hear(watch, EntryRemoved(("route", 2), False)).gone == {("route", 2): False}


def test_an_interface_that_works_again_may_lack_routes(watch: Any) -> None:
    assert hear(watch, link(up=False)).restored == []
    assert hear(watch, link()).restored == ["eth0"]
    assert hear(watch, link()).restored == []


def test_after_an_overrun_nothing_is_sure(watch: Any) -> None:
    news = hear(watch, removed(VIRTUAL), Overrun())
    assert (dict(news.gone), news.is_lost) == ({}, True)
