"""The lab of the second half: two directors, two web servers, a client, all on one switch."""

from __future__ import annotations

import shutil
from pathlib import Path

from netnslab import Host, Lab

__all__ = [
    "ADDRESS",
    "CHECK_TIMEOUT",
    "CLIENT",
    "DELAY_LOOP",
    "DIRECTORS",
    "PORT",
    "SERVERS",
    "furnish",
]

DIRECTORS = ("director1", "director2")
"""The first has the higher Priority."""
SERVERS = {"server1": "192.0.2.11", "server2": "192.0.2.12"}
CLIENT = "client"
ADDRESS, PORT = "192.0.2.100", 80
"""The virtual server of the configuration files."""
DELAY_LOOP, CHECK_TIMEOUT = 1.0, 1.0
"""Seconds, as in service.conf: until a dead server is asked the next time, and until it is given up."""

_HERE = Path(__file__).parent


def furnish(lab: Lab) -> None:
    """Make the hosts and put their files in place; nothing runs yet."""
    lan = lab.bridge("lan")
    for number, name in enumerate(DIRECTORS, 1):
        director = lab.host(name)
        director.connect(lan, addresses=[f"192.0.2.{number}/24"])
        shutil.copy(_HERE / f"{name}.conf", director.directory / "keepalived.conf")
        shutil.copy(_HERE / "service.conf", director.directory)
    for name, address in SERVERS.items():
        server = lab.host(name)
        _take_virtual_address(server)
        server.connect(lan, addresses=[f"{address}/24"])
        shutil.copy(_HERE / "nginx.conf", server.directory)
        pages = server.directory / "www"
        pages.mkdir()
        (pages / "index.html").write_text(f"{name}\n")
        server.directory.chmod(0o755)
    lab.host(CLIENT).connect(lan, addresses=["192.0.2.9/24"])


def _take_virtual_address(server: Host) -> None:
    """Direct routing leaves it in the packet. Only a director may answer for it by ARP."""
    server.sysctl("net.ipv4.conf.all.arp_ignore", 1)
    server.sysctl("net.ipv4.conf.all.arp_announce", 2)
    server.ip("addr", "add", f"{ADDRESS}/32", "dev", "lo")
