"""Groups whose addresses become one service by firewall mark."""

from __future__ import annotations

from ipaddress import ip_address

from healthcheck.core.model import VirtualServer
from healthcheck.core.table import Family, FirewallMark, Protocol, ServiceAddress, ServiceKey
from pyvrrp.conf.global_config import Nftables
from pyvrrp.conf.lvs_config import LvsService
from pyvrrp.daemon.lvs.mark_settings import Mark, MarkSettings
from pyvrrp.daemon.translate.marked_groups import marked_groups

_A, _B, _C = (ip_address(text) for text in ("192.0.2.1", "192.0.2.2", "2001:db8::1"))
_TCP, _UDP = Protocol.TCP, Protocol.UDP


def _service(name: str, group: str | None, *keys: ServiceKey) -> LvsService:
    return LvsService(VirtualServer(name, keys, ()), (), group=group)


def test_one_mark_for_each_group_and_transport() -> None:
    services = (
        _service("a", "g", ServiceAddress(_TCP, _A, 80), ServiceAddress(_TCP, _B, 80)),
        _service("b", "g", ServiceAddress(_UDP, _A, 53)),
        _service("c", "h", ServiceAddress(_TCP, _A, 443), ServiceAddress(_TCP, _C, 443)),
        _service("d", None, ServiceAddress(_TCP, _A, 25)),
        _service("e", "i", ServiceAddress(_TCP, _A, 0)),
        _service("f", "j", ServiceAddress(_TCP, _A, 22), FirewallMark(7, Family.IPV4)),
    )
    words = Nftables(ipvs_table="t", ipvs_priority=5, ipvs_start_fwmark=100, counters=True)
    settings, marked = marked_groups(words, services)
    assert settings == MarkSettings(
        "t",
        5,
        True,
        (
            Mark(6, _A, 80, 100),
            Mark(6, _B, 80, 100),
            Mark(17, _A, 53, 101),
            Mark(6, _A, 443, 102),
            Mark(6, _C, 443, 102),
        ),
    )
    assert [service.server.keys for service in marked[:3]] == [
        (FirewallMark(100, Family.IPV4),),
        (FirewallMark(101, Family.IPV4),),
        (FirewallMark(102, Family.IPV4), FirewallMark(102, Family.IPV6)),
    ]
    assert marked[3:] == services[3:]
