"""From settings to table entries: ports, methods, groups, and services that two have in common."""

from ipaddress import IPv6Address

import pytest

from healthcheck.core.desired import configured, desired, merge
from healthcheck.core.model import RealServer, SorryServer, VirtualServer
from healthcheck.core.service import start
from healthcheck.core.table import (
    Destination,
    DestinationSettings,
    Forwarding,
    Method,
    Protocol,
    Service,
    ServiceAddress,
    ServiceFlag,
    ServiceSettings,
    TunnelChecksum,
    TunnelType,
)
from tests.unit.healthcheck.entries import DR, MARK, NAT, RR, destination, tcp

TUN = Method(Forwarding.TUNNELLING)
GUE = Method(Forwarding.TUNNELLING, TunnelType.GUE, 6080)
GRE = Method(Forwarding.TUNNELLING, TunnelType.GRE, 0, TunnelChecksum.CSUM)


def table(config):
    return desired(config, start(config)[0])


def test_methods():
    """The entries of the trace: only NAT may change the port; port 0 is the service's."""
    config = VirtualServer(
        "methods",
        (tcp("10.2.0.1", 80),),
        (
            RealServer(destination("10.1.0.1", 8080)),
            RealServer(destination("10.1.0.2", 80), method=DR),
            RealServer(destination("10.1.0.3", 8080), method=DR),
            RealServer(destination("10.1.0.4", 0), method=TUN),
            RealServer(destination("10.1.0.5", 80), method=GUE),
            RealServer(destination("10.1.0.7", 80), method=GRE),
            RealServer(destination("10.1.0.10", 0), 7, upper_threshold=20, lower_threshold=10),
        ),
        RR,
    )
    assert table(config) == {
        tcp("10.2.0.1", 80): Service(
            RR,
            {
                destination("10.1.0.1", 8080): DestinationSettings(1, NAT),
                destination("10.1.0.2", 80): DestinationSettings(1, DR),
                destination("10.1.0.3", 80): DestinationSettings(1, DR),
                destination("10.1.0.4", 80): DestinationSettings(1, TUN),
                destination("10.1.0.5", 80): DestinationSettings(1, GUE),
                destination("10.1.0.7", 80): DestinationSettings(1, GRE),
                destination("10.1.0.10", 80): DestinationSettings(7, NAT, 20, 10),
            },
        )
    }


@pytest.mark.parametrize(
    ("method", "port", "expected"),
    [
        pytest.param(NAT, 80, (80, 80, 80), id="NAT: the server's own port"),
        pytest.param(NAT, 0, (80, 8080, 0), id="NAT without port: each entry's"),
        pytest.param(DR, 80, (80, 8080, 0), id="DR: each entry's, under a mark 0"),
        pytest.param(TUN, 80, (80, 8080, 0), id="TUN: the same"),
    ],
)
@pytest.mark.parametrize("is_sorry", [False, True])
def test_ports_in_a_group(method, port, expected, is_sorry):
    keys = (tcp("10.2.0.1", 80), tcp("10.2.0.20", 8080), MARK)
    address = destination("10.1.0.1", port)
    servers = () if is_sorry else (RealServer(address, method=method),)
    sorry = SorryServer(address, method) if is_sorry else None
    config = VirtualServer("group", keys, servers, sorry_server=sorry)
    places = [list(service.destinations) for service in table(config).values()]
    assert places == [[destination("10.1.0.1", port)] for port in expected]
    assert {key: sorted(d, key=str) for key, d in configured(config).items()} == dict(
        zip(keys, places, strict=True)
    )


def test_a_group_of_both_families():
    """As the trace of group_ranges has them."""
    first, second = IPv6Address("fd02::1"), IPv6Address("fd02::10")
    keys = tuple(ServiceAddress(Protocol.TCP, address, 80) for address in (first, second))
    destination = Destination(IPv6Address("fd01::1"), 80)
    config = VirtualServer("h", keys, (RealServer(destination),), RR)
    one = Service(RR, {destination: DestinationSettings(1, NAT)})
    assert table(config) == {keys[0]: one, keys[1]: one}


@pytest.mark.parametrize("order", [(80, 8080), (8080, 80)])
def test_two_servers_on_one_entry_the_one_in_use_stays(order):
    """Two ports of one machine are one destination under direct routing."""
    servers = [
        RealServer(destination("10.1.0.1", port), weight=port, method=DR, inhibit=True)
        for port in order
    ]
    config = VirtualServer("one", (tcp("10.2.0.1", 80),), tuple(servers))
    assert table(config)[tcp("10.2.0.1", 80)].destinations == {
        destination("10.1.0.1", 80): DestinationSettings(order[0], DR)
    }


def test_everything_configured_is_ours_up_or_down():
    config = VirtualServer(
        "v",
        (tcp("10.2.0.1", 80),),
        (RealServer(destination("10.1.0.1", 80)), RealServer(destination("10.1.0.2", 8080))),
        sorry_server=SorryServer(destination("10.1.0.9", 81), DR),
    )
    assert configured(config) == {
        tcp("10.2.0.1", 80): {
            destination("10.1.0.1", 80),
            destination("10.1.0.2", 8080),
            destination("10.1.0.9", 80),
        }
    }


def test_merge_first_ones_settings_and_all_destinations():
    shared, own = tcp("10.2.0.1", 80), tcp("10.2.0.2", 80)
    wlc = ServiceSettings("wlc", ServiceFlag.PERSISTENT, 360)
    a, b, c = (destination(f"10.1.0.{n}", 80) for n in (1, 2, 3))
    one = {shared: Service(RR, {a: DestinationSettings(1), b: DestinationSettings(2)})}
    two = {
        shared: Service(wlc, {b: DestinationSettings(20), c: DestinationSettings(30)}),
        own: Service(wlc, {c: DestinationSettings(3)}),
    }
    assert merge([one, two]) == {
        shared: Service(
            RR, {a: DestinationSettings(1), b: DestinationSettings(2), c: DestinationSettings(30)}
        ),
        own: Service(wlc, {c: DestinationSettings(3)}),
    }
    assert one == {shared: Service(RR, {a: DestinationSettings(1), b: DestinationSettings(2)})}
    assert merge([]) == {}
