"""A director, real servers behind it, a client before it.

    client .9 ---+------ front, 198.51.100.0/24, 2001:db8:1::/64 ------+--- eth1 of every server
                 |                                                     |    (answers under DR and TUN)
              .1 | director, virtual address .100                      |
                 +------ back, 10.0.0.0/24, 2001:db8:2::/64 -----------+--- eth0 of server1 .11, ...

Servers have the virtual address on their loopback, for direct routing and tunnelling, where a server's
answers go straight to the client. What they send from their own address goes through the director, as
masquerading wants it. They take tunnelled packets: IPIP of every mixture of families, GRE, and GUE on
UDP port 6080.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from typing import Literal, TypeAlias

from netnslab import Host, Lab, iproute
from tests.ipvs.answers import Answers

__all__ = [
    "GUE_PORT",
    "SERVERS4",
    "SERVERS6",
    "VIP4",
    "VIP6",
    "Director",
    "Rules",
    "Transport",
    "parse_rules",
]

VIP4, VIP6 = "198.51.100.100", "2001:db8:1::100"
GUE_PORT = 6080
SERVERS4 = tuple(f"10.0.0.{number}" for number in range(11, 31))
SERVERS6 = tuple(f"2001:db8:2::{number}" for number in range(11, 31))

Rules: TypeAlias = Mapping[str, list[str]]
"""ipvsadm(8)'s words: `-t 198.51.100.100:80 -s rr` to `["10.0.0.11:80 -m -w 1", ...]`, sorted."""
Transport: TypeAlias = Literal["tcp", "udp"]

_FRONT4, _FRONT6 = "198.51.100.0/24", "2001:db8:1::/64"
_STRAIGHT = 100  # the routing table of what a server sends from the virtual address


class Director:
    """The whole site; `host` is the director, `client` the client, `servers` the real servers.

    The servers are `server1` at SERVERS4[0] and SERVERS6[0], and so on. They answer on `port`.
    """

    def __init__(self, lab: Lab, servers: int) -> None:
        self.lab = lab
        self.port = 8000
        front, back = lab.bridge("front"), lab.bridge("back")
        self.client = lab.host("client")
        self.client.connect(front, addresses=["198.51.100.9/24", "2001:db8:1::9/64"])
        self.host = lab.host("director")
        own = ["198.51.100.1/24", "2001:db8:1::1/64", f"{VIP4}/32", f"{VIP6}/128"]
        self.host.connect(front, "eth0", addresses=own)
        self.host.connect(back, "eth1", addresses=["10.0.0.1/24", "2001:db8:2::1/64"])
        self.host.sysctl("net.ipv4.ip_forward", 1)
        self.host.sysctl("net.ipv6.conf.all.forwarding", 1)
        self.host.run(["modprobe", "fou"])  # ip(8) does not have it loaded
        self.servers = [self._add_server(number) for number in range(servers)]
        self._answers = Answers()
        for server in self.servers:
            self.revive(server)

    def __enter__(self) -> Director:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.__exit__()

    def renew(self) -> None:
        """As new for the next test: an empty table, nothing running, every server answering.

        On another port: the kernel keeps connections of a service that is gone, and counts them
        again when it comes back."""
        for host in (self.host, self.client, *self.servers):
            host.crash()
        self.ipvsadm("-C")
        self._answers.close_all()
        self.port += 1
        for server in self.servers:
            self.revive(server)

    def _add_server(self, number: int) -> Host:
        server = self.lab.host(f"server{number + 1}")
        # Neither ask nor answer by ARP for the virtual address, which is the director's.
        server.sysctl("net.ipv4.conf.all.arp_ignore", 1)
        server.sysctl("net.ipv4.conf.all.arp_announce", 2)
        own = [f"{SERVERS4[number]}/24", f"{SERVERS6[number]}/64"]
        server.connect(self.lab.bridges["back"], "eth0", addresses=own)
        # An address of no other use: without one on the link, ARP asks in the virtual one's name.
        server.connect(self.lab.bridges["front"], "eth1", addresses=[f"192.0.2.{number + 1}/32"])
        self._answer_from_virtual_address(server)
        self._accept_tunnels(server, SERVERS4[number], SERVERS6[number])
        return server

    def _answer_from_virtual_address(self, server: Host) -> None:
        iproute.batch(
            server.namespace,
            [
                f"addr add {VIP4}/32 dev lo",
                f"addr add {VIP6}/128 dev lo",
                "route add default via 10.0.0.1",
                "route add default via 2001:db8:2::1",
                f"route add {_FRONT4} dev eth1 table {_STRAIGHT}",
                f"route add {_FRONT6} dev eth1 table {_STRAIGHT}",
                f"rule add from {VIP4} lookup {_STRAIGHT}",
            ],
        )
        server.ip("-6", "rule", "add", "from", VIP6, "lookup", str(_STRAIGHT))

    def _accept_tunnels(self, server: Host, own4: str, own6: str) -> None:
        kinds = {
            "ipip": own4,  # IPv4 in IPv4
            "sit": own4,  # IPv6 in IPv4
            "gre": own4,
            "ip6tnl mode any": own6,  # both in IPv6
            "ip6gre": own6,
        }
        lines = []
        for number, (kind, own) in enumerate(kinds.items()):
            lines += [f"link add tun{number} type {kind} local {own} remote any"]
            lines += [f"link set tun{number} up"]
        iproute.batch(server.namespace, [*lines, f"fou add port {GUE_PORT} gue"])
        server.ip("-6", "fou", "add", "port", str(GUE_PORT), "gue")

    def fail(self, server: Host) -> None:
        """The server's ports close; the machine goes on."""
        self._answers.close(server)

    def revive(self, server: Host) -> None:
        """The server answers (again)."""
        number = self.servers.index(server)
        own = [SERVERS4[number], SERVERS6[number], VIP4, VIP6]
        self._answers.open(server, self.port, own)

    def connect(self, address: str = VIP4) -> tuple[socket.socket, str]:
        """A new TCP connection from the client, and who answered. The caller closes it."""
        with self.client.entered():
            connection = _opened(address, socket.SOCK_STREAM)
        try:
            connection.connect((address, self.port))
            name = connection.makefile("r").readline().strip()
        except BaseException:
            connection.close()
            raise
        return connection, name

    def ask(self, transport: Transport = "tcp", address: str = VIP4) -> str:
        """One new connection, or one datagram from a new port; return who answered.

        Raises: OSError, as TimeoutError after 5 s.
        """
        if transport == "tcp":
            connection, name = self.connect(address)
            connection.close()
            return name
        with self.client.entered(), closing(_opened(address, socket.SOCK_DGRAM)) as datagram:
            datagram.sendto(b"who?", (address, self.port))
            return datagram.recv(100).decode()

    def shares(self, count: int, transport: Transport = "tcp", address: str = VIP4) -> Counter[str]:
        """Ask so many times; return how often each server answered."""
        return Counter(self.ask(transport, address) for _ in range(count))

    def ipvsadm(self, *lines: str) -> None:
        """Change the table by lines as `-A -t 198.51.100.100:80 -s rr`: for what the tests are not
        about, or behind the back of what they are about."""
        for line in lines:
            self.host.run(["ipvsadm", *line.split()])

    def rules(self) -> Rules:
        """The director's table as ipvsadm(8) reads it."""
        return parse_rules(self.host.run(["ipvsadm", "-Sn"]).stdout)


def parse_rules(text: str) -> Rules:
    """The lines of `ipvsadm -Sn`: services, each followed by its destinations.

    `-A SERVICE OPTIONS` becomes a key, `-a SERVICE -r DESTINATION` an entry of its list.
    """
    found: dict[str, list[str]] = {}
    last: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if words[0] == "-A":
            last = found[" ".join(words[1:])] = []
        else:
            last.append(" ".join(words[words.index("-r") + 1 :]))
    return {service: sorted(entries) for service, entries in found.items()}


def _opened(address: str, kind: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    made.settimeout(5.0)
    return made
