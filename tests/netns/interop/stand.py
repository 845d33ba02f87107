"""One router with our daemon, a switch and a client: the stand on which daemon tests run."""

from __future__ import annotations

from pathlib import Path

from netnslab import Host, Lab
from tests.netns.interop.routers import OURS, Keepalived

__all__ = ["router", "traces"]

_SYSCTLS = ("net/ipv4/conf", "net/ipv6/conf")


def router(lab: Lab, *interfaces: str) -> Keepalived:
    """Our daemon on host `r`: 192.0.2.1 and 2001:db8::1 on eth0, 10.N.0.1 on further interfaces.
    The host `client` has 192.0.2.2 and 2001:db8::2."""
    lan = lab.bridge("lan")
    host = lab.host("r")
    host.connect(lan, addresses=["192.0.2.1/24", "2001:db8::1/64"])
    for number, interface in enumerate(interfaces, 1):
        host.connect(lab.bridge(f"lan{number}"), interface, addresses=[f"10.{number}.0.1/24"])
    lab.host("client").connect(lan, addresses=["192.0.2.2/24", "2001:db8::2/64"])
    return Keepalived(host, OURS)


def traces(host: Host) -> dict[str, str]:
    """All that a daemon may leave in the kernel: links, addresses, routes, sysctls."""
    found = {
        "links": host.ip("-br", "link"),
        "addresses": host.ip("-br", "addr"),
        "routes": host.ip("route", "show", "table", "all"),
        "groups": host.ip("maddr", "show"),
    }
    with host.entered():
        for root in _SYSCTLS:
            for path in sorted(Path("/proc/sys", root).rglob("*")):
                if path.is_file() and path.name != "stable_secret":
                    found[str(path)] = path.read_text()
    return found
