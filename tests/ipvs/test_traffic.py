"""Traffic goes where the table says, in the shares that the scheduler promises.

Services are made by `healthcheck.ipvs`; who answers tells which real server was chosen.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from ipaddress import ip_address

import pytest

from healthcheck.core.operations import (
    AddDestination,
    AddService,
    Operation,
    RemoveDestination,
    SetDestination,
)
from healthcheck.core.table import (
    Destination,
    DestinationSettings,
    Forwarding,
    Method,
    Protocol,
    ServiceAddress,
    ServiceSettings,
    TunnelChecksum,
    TunnelType,
)
from healthcheck.ipvs.kernel import Ipvs
from tests.ipvs.site import GUE_PORT, SERVERS4, SERVERS6, VIP4, VIP6, Director, Rules, Transport

NAT = Method()
DR = Method(Forwarding.DIRECT_ROUTING)
IPIP = Method(Forwarding.TUNNELLING)
GRE = Method(Forwarding.TUNNELLING, TunnelType.GRE)
GUE = Method(Forwarding.TUNNELLING, TunnelType.GUE, GUE_PORT)
GUE_CHECKED = Method(Forwarding.TUNNELLING, TunnelType.GUE, GUE_PORT, TunnelChecksum.CSUM)
_GUE = "-i -w 1 --tun-type gue --tun-port 6080 "
PROTOCOLS = {"tcp": Protocol.TCP, "udp": Protocol.UDP}


class Balanced:
    """One service of a director: on `vip`, over `servers`, one for each weight."""

    def __init__(
        self,
        director: Director,
        transport: Transport = "tcp",
        vip: str = VIP4,
        servers: Sequence[str] = SERVERS4,
        *,
        scheduler: str = "rr",
        method: Method = NAT,
        weights: Sequence[int] = (1, 1),
    ) -> None:
        self._director = director
        self._method = method
        self.key = ServiceAddress(PROTOCOLS[transport], ip_address(vip), director.port)
        self._destinations = [
            Destination(ip_address(server), director.port) for server in servers[: len(weights)]
        ]
        self._apply(
            AddService(self.key, ServiceSettings(scheduler)),
            *(
                AddDestination(self.key, destination, DestinationSettings(weight, method))
                for destination, weight in zip(self._destinations, weights, strict=True)
            ),
        )

    def weigh(self, number: int, weight: int) -> None:
        """Give the server of that number, from 0, another weight."""
        to = DestinationSettings(weight, self._method)
        self._apply(SetDestination(self.key, self._destinations[number], to))

    def remove(self, number: int) -> None:
        """Take the server of that number from the service."""
        self._apply(RemoveDestination(self.key, self._destinations[number]))

    def add(self, number: int) -> None:
        """Put it back, with weight 1."""
        to = DestinationSettings(1, self._method)
        self._apply(AddDestination(self.key, self._destinations[number], to))

    def _apply(self, *operations: Operation) -> None:
        with self._director.host.entered(), Ipvs() as ipvs:
            assert ipvs.apply(operations) == ()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("vip", "servers", "method", "words"),
    [
        pytest.param(VIP4, SERVERS4, NAT, "-m -w 1", id="ipv4 masquerading"),
        pytest.param(VIP6, SERVERS6, NAT, "-m -w 1", id="ipv6 masquerading"),
        pytest.param(VIP4, SERVERS4, DR, "-g -w 1", id="ipv4 direct routing"),
        pytest.param(VIP6, SERVERS6, DR, "-g -w 1", id="ipv6 direct routing"),
        pytest.param(VIP4, SERVERS4, IPIP, "-i -w 1 --tun-type ipip", id="ipv4 in ipv4"),
        pytest.param(VIP6, SERVERS6, IPIP, "-i -w 1 --tun-type ipip", id="ipv6 in ipv6"),
        pytest.param(VIP4, SERVERS6, IPIP, "-i -w 1 --tun-type ipip", id="ipv4 in ipv6"),
        pytest.param(VIP6, SERVERS4, IPIP, "-i -w 1 --tun-type ipip", id="ipv6 in ipv4"),
        pytest.param(VIP4, SERVERS4, GRE, "-i -w 1 --tun-type gre --tun-nocsum", id="ipv4 in gre"),
        pytest.param(VIP6, SERVERS6, GRE, "-i -w 1 --tun-type gre --tun-nocsum", id="ipv6 in gre"),
        pytest.param(VIP4, SERVERS4, GUE, _GUE + "--tun-nocsum", id="ipv4 in gue"),
        pytest.param(
            VIP4, SERVERS4, GUE_CHECKED, _GUE + "--tun-csum", id="ipv4 in gue with checksum"
        ),
        pytest.param(VIP6, SERVERS6, GUE, _GUE + "--tun-nocsum", id="ipv6 in gue"),
        pytest.param(
            VIP6, SERVERS6, GUE_CHECKED, _GUE + "--tun-csum", id="ipv6 in gue with checksum"
        ),
        pytest.param(VIP6, SERVERS4, GUE, _GUE + "--tun-nocsum", id="ipv6 in gue over ipv4"),
    ],
)
def test_every_method_reaches_every_server(
    director: Director,
    kernel_table: Callable[[], Rules],
    transport: Transport,
    vip: str,
    servers: Sequence[str],
    method: Method,
    words: str,
) -> None:
    """Only what undoes the method at the server lets a packet to the virtual address in there;
    `words` are those of ipvsadm(8) for it."""
    Balanced(director, transport, vip, servers, method=method)
    (destinations,) = kernel_table().values()
    assert [each.split(" ", 1)[1] for each in destinations] == [words, words]
    assert director.shares(4, transport, vip) == {"server1": 2, "server2": 2}


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("vip", [VIP4, VIP6], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize(
    ("scheduler", "weights", "shares"),
    [
        ("rr", (1, 2, 3), {"server1": 4, "server2": 4, "server3": 4}),
        ("rr", (1, 0, 1), {"server1": 6, "server3": 6}),
        ("wrr", (1, 2, 3), {"server1": 2, "server2": 4, "server3": 6}),
        ("wrr", (0, 5, 1), {"server2": 10, "server3": 2}),
    ],
)
def test_round_robin_counts_exactly(
    director: Director,
    transport: Transport,
    vip: str,
    scheduler: str,
    weights: Sequence[int],
    shares: Mapping[str, int],
) -> None:
    servers = SERVERS4 if vip == VIP4 else SERVERS6
    Balanced(director, transport, vip, servers, scheduler=scheduler, weights=weights)
    assert director.shares(12, transport, vip) == shares


class Held:
    """Connections that stay open until the end of the test."""

    def __init__(self, director: Director, stack: ExitStack) -> None:
        self._director = director
        self._stack = stack
        self.by_server: dict[str, list[socket.socket]] = {}

    def open(self, count: int, vip: str = VIP4) -> None:
        """Open so many, one after the other."""
        for _ in range(count):
            connection, name = self._director.connect(vip)
            self._stack.enter_context(connection)
            self.by_server.setdefault(name, []).append(connection)

    def shares(self) -> dict[str, int]:
        """How many each server has."""
        return {name: len(connections) for name, connections in self.by_server.items()}


@pytest.fixture
def held(director: Director) -> Iterator[Held]:
    with ExitStack() as stack:
        yield Held(director, stack)


@pytest.mark.parametrize(
    ("vip", "servers", "method"),
    [
        pytest.param(VIP4, SERVERS4, NAT, id="ipv4 masquerading"),
        pytest.param(VIP6, SERVERS6, DR, id="ipv6 direct routing"),
        pytest.param(VIP4, SERVERS4, IPIP, id="ipv4 in ipv4"),
    ],
)
@pytest.mark.parametrize(
    ("scheduler", "weights", "shares"),
    [
        ("lc", (1, 2, 3), {"server1": 4, "server2": 4, "server3": 4}),
        ("wlc", (1, 2, 3), {"server1": 2, "server2": 4, "server3": 6}),
        ("wlc", (3, 0, 1), {"server1": 9, "server3": 3}),
    ],
)
def test_least_connections_fills_up_evenly(
    director: Director,
    held: Held,
    vip: str,
    servers: Sequence[str],
    method: Method,
    scheduler: str,
    weights: Sequence[int],
    shares: Mapping[str, int],
) -> None:
    Balanced(director, "tcp", vip, servers, scheduler=scheduler, method=method, weights=weights)
    held.open(12, vip)
    assert held.shares() == shares


def answers(connection: socket.socket, within: float = 5.0) -> bool:
    """Whether the server at the other end still answers."""
    connection.settimeout(within)
    connection.send(b"still there?")
    try:
        return connection.recv(100) != b""
    except TimeoutError:
        return False


def test_least_connections_goes_where_connections_ended(director: Director, held: Held) -> None:
    Balanced(director, scheduler="lc", weights=(1, 1, 1))
    held.open(6)
    assert held.shares() == {"server1": 2, "server2": 2, "server3": 2}
    ended = held.by_server.pop("server2")
    for connection in ended:
        connection.close()
    held.open(2)
    assert held.shares() == {"server1": 2, "server2": 2, "server3": 2}


def test_a_server_of_weight_0_keeps_its_connections_and_gets_no_more(
    director: Director, held: Held
) -> None:
    service = Balanced(director)
    held.open(2)
    assert held.shares() == {"server1": 1, "server2": 1}
    service.weigh(0, 0)
    assert director.shares(4) == {"server2": 4}
    for (connection,) in held.by_server.values():
        assert answers(connection)
    service.weigh(0, 1)
    assert director.shares(4) == {"server1": 2, "server2": 2}


def test_a_connection_survives_the_removal_of_its_server_and_its_return(
    director: Director, held: Held
) -> None:
    """The kernel keeps the connection's entry; packets pass again when the server is back."""
    service = Balanced(director)
    held.open(2)
    service.remove(0)
    assert director.shares(4) == {"server2": 4}
    (connection,) = held.by_server["server1"]
    assert not answers(connection, within=0.5)
    service.add(0)
    assert answers(connection)
