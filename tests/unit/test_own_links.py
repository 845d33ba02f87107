"""Links of a Virtual Router's own, made on a real kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from netnslab import Host, Lab
from netnslab.pytest_plugin import lab
from pyvrrp.core.model import Family
from pyvrrp.net.monitor import InterfaceTable
from pyvrrp.net.own_link import Place
from pyvrrp.net.rtnetlink import RouteSocket
from pyvrrp.net.sysctl import Sysctls
from pyvrrp.own_links import OwnLinkError, OwnLinks
from pyvrrp.settings import VirtualAddress, VirtualMac, VirtualRouterSettings

__all__ = ["lab"]

pytestmark = pytest.mark.root


@dataclass(eq=False)
class _Owner:
    settings: VirtualRouterSettings
    name: str = "v"
    links: dict[Place, int] = field(default_factory=dict)

    def use_links(self, indexes: dict[Place, int]) -> None:
        self.links = indexes


@pytest.fixture
def host(lab: Lab) -> Host:
    made = lab.host("a")
    for name in ("eth0", "eth1"):
        made.connect(lab.bridge(f"lan{name}"), name, addresses=["192.0.2.1/24"])
    return made


@contextmanager
def _links(host: Host) -> Iterator[OwnLinks[_Owner]]:
    with host.entered():
        route, table = RouteSocket(), InterfaceTable()
        table.refresh(route)
        yield OwnLinks(table, route, Sysctls(), lambda: table.refresh(route))
        route.close()


def _owner(family: Family = Family.IPV4, mac: VirtualMac | None = None, **more: Any) -> _Owner:
    address = {Family.IPV4: "192.0.2.100/24", Family.IPV6: "fe80::100/64"}[family]
    made = VirtualRouterSettings.of("v", "eth0", 51, [address])
    return _Owner(replace(made, virtual_mac=mac, **more))


@pytest.mark.parametrize(
    ("family", "mac"),
    [(Family.IPV4, "00:00:5e:00:01:33"), (Family.IPV6, "00:00:5e:00:02:33")],
)
def test_a_link_is_down_and_replaces_a_leftover(host: Host, family: Family, mac: str) -> None:
    for _ in range(2):
        with _links(host) as links:
            owner = _owner(family, VirtualMac())
            links.make(owner)
            assert list(owner.links) == [("eth0", family)]
    shown = host.ip("-d", "link", "show", "dev", "vrrp.51")
    assert f"link/ether {mac}" in shown
    assert "macvlan mode vepa" in shown
    assert "state DOWN" in shown
    with _links(host) as links:
        links.make(owner)
        links.remove(owner)
        links.remove(owner)
    assert owner.links == {}
    assert "vrrp.51" not in host.ip("link")


def test_every_option(host: Host) -> None:
    """The group is that of the interface below, unless another one was said; a VRF is taken over."""
    host.ip("link", "set", "eth0", "group", "7")
    mine = VirtualMac("mine", mac=bytes.fromhex("020304050607"), group=9, tells_base=True)
    elsewhere = VirtualAddress(_owner().settings.addresses[0].interface, "eth1", own_mac=True)
    owner = _owner(mac=mine, addresses=(elsewhere,), address_prefix="extra")
    plain = _owner(mac=VirtualMac())
    with _links(host) as links:
        links.make(owner)
        links.make(plain)
        assert set(owner.links) == {("eth0", Family.IPV4), ("eth1", Family.IPV4)}
        shown = {name: host.ip("link", "show", name) for name in ("mine", "extra.51", "vrrp.51")}
        assert "02:03:04:05:06:07" in shown["mine"]
        assert "group 9" in shown["mine"]
        assert "02:03:04:05:06:07" in shown["extra.51"]
        assert "group default" in shown["extra.51"]
        assert "group 7" in shown["vrrp.51"]
        assert "00:00:5e:00:01:33" in shown["vrrp.51"]
        host.ip("link", "del", "extra.51")
        assert [place for _, place in links.lost("extra.51")] == [("eth1", Family.IPV4)]
        assert links.is_incomplete(owner)
        links.make(owner)
        assert not links.is_incomplete(owner)
        links.remove(owner)
        links.remove(plain)
    assert "51@" not in host.ip("link")


def test_taken_names(host: Host) -> None:
    """Somebody else's link is left alone: another name, or a refusal when the name was given."""
    host.ip("link", "add", "vrrp.51", "type", "bridge")
    with _links(host) as links:
        links.make(_owner(mac=VirtualMac()))
        assert "vrrp1.51@eth0" in host.ip("link")
        with pytest.raises(OwnLinkError, match=r"vrrp\.51: the name is taken"):
            links.make(_owner(mac=VirtualMac("vrrp.51")))
        with pytest.raises(OwnLinkError, match="longer than 15 characters"):
            links.make(_owner(mac=VirtualMac("a-name-with-16-ch")))


def test_reverse_path_filter(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """Only virtual MAC links are exempt, and all is as before at the end."""
    before = {"all": "1", "default": "0", "eth0": "0", "eth1": "2", "lo": "0"}
    for link, value in before.items():
        host.sysctl(f"net.ipv4.conf.{link}.rp_filter", value)
    first, second = _owner(mac=VirtualMac()), _owner(mac=VirtualMac("other"))
    with _links(host) as links:
        links.make(first)
        links.make(second)
        during = {"all": "0", "default": "1", "eth0": "1", "eth1": "2", "lo": "1", "other": "0"}
        assert _filters(host, during) == during
        assert "net.ipv4.conf.all.rp_filter is 1" in caplog.text
        assert host.sysctl("net.ipv4.conf.eth0.arp_ignore") == "1"
        links.remove(first)
        assert _filters(host, during) == during
        links.remove(second)
    assert _filters(host, before) == before
    assert host.sysctl("net.ipv4.conf.eth0.arp_ignore") == "0"


def _filters(host: Host, links: dict[str, str]) -> dict[str, str]:
    return {link: host.sysctl(f"net.ipv4.conf.{link}.rp_filter") for link in links}
