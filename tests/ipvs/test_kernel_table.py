"""healthcheck.ipvs against the kernel, with ipvsadm(8) as the second opinion on what is in its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from healthcheck.core.operations import AddDestination, AddService, Operation
from healthcheck.core.table import (
    Destination,
    DestinationSettings,
    Family,
    FirewallMark,
    Forwarding,
    Method,
    Protocol,
    Service,
    ServiceAddress,
    ServiceFlag,
    ServiceKey,
    ServiceSettings,
    Table,
    TunnelChecksum,
    TunnelType,
)
from healthcheck.ipvs import Ipvs, IpvsError, SyncDaemon, SyncState, load_module
from netnslab import Host, Lab
from netnslab.waiting import wait_until
from tests.ipvs.site import SERVERS4, SERVERS6, VIP4, VIP6, Director, parse_rules
from tests.unit.healthcheck.entries import destination, tcp
from tests.unit.healthcheck.ipvs.contract import PROMISES

V4, V6 = ip_address("10.0.0.1"), ip_address("2001:db8::1")
SERVER4, SERVER6 = destination("10.1.0.1", 80), destination("2001:db8::9", 80)
RR = ServiceSettings("rr")
WEIGHT_1 = DestinationSettings()

# ipvsadm's words -> the service. It writes the highest mark as -1.
SERVICES: dict[str, ServiceKey] = {
    "-t 10.0.0.1:80": ServiceAddress(Protocol.TCP, V4, 80),
    "-u 10.0.0.1:80": ServiceAddress(Protocol.UDP, V4, 80),
    "--sctp-service 10.0.0.1:80": ServiceAddress(Protocol.SCTP, V4, 80),
    "-f -1": FirewallMark(0xFFFFFFFF, Family.IPV4),
    "-t [2001:db8::1]:80": ServiceAddress(Protocol.TCP, V6, 80),
    "-u [2001:db8::1]:80": ServiceAddress(Protocol.UDP, V6, 80),
    "--sctp-service [2001:db8::1]:80": ServiceAddress(Protocol.SCTP, V6, 80),
    "-f 1 -6": FirewallMark(1, Family.IPV6),
}

# ipvsadm's words for a destination -> how it is reached.
METHODS: dict[str, Method] = {
    "-m": Method(),
    "-g": Method(Forwarding.DIRECT_ROUTING),
    "-i --tun-type ipip": Method(Forwarding.TUNNELLING),
    "-i --tun-type gre --tun-nocsum": Method(Forwarding.TUNNELLING, TunnelType.GRE),
    "-i --tun-type gre --tun-csum": Method(
        Forwarding.TUNNELLING, TunnelType.GRE, 0, TunnelChecksum.CSUM
    ),
    "-i --tun-type gue --tun-port 6080 --tun-nocsum": Method(
        Forwarding.TUNNELLING, TunnelType.GUE, 6080
    ),
    "-i --tun-type gue --tun-port 65535 --tun-csum": Method(
        Forwarding.TUNNELLING, TunnelType.GUE, 65535, TunnelChecksum.CSUM
    ),
    "-i --tun-type gue --tun-port 1 --tun-remcsum": Method(
        Forwarding.TUNNELLING, TunnelType.GUE, 1, TunnelChecksum.REMCSUM
    ),
}

PERSISTENT = ServiceFlag.PERSISTENT
# ipvsadm's words for a service on IPv4 -> its settings.
SETTINGS: dict[str, ServiceSettings] = {
    **{
        f"-s {name}": ServiceSettings(name)
        for name in [
            "rr",
            "wrr",
            "lc",
            "wlc",
            "lblc",
            "lblcr",
            "sh",
            "mh",
            "dh",
            "fo",
            "ovf",
            "sed",
            "nq",
        ]
    },
    "-s rr -p 300": ServiceSettings("rr", PERSISTENT, 300),
    "-s rr -p 1 -M 255.255.255.0": ServiceSettings("rr", PERSISTENT, 1, 24),
    "-s rr -p 86400 -M 128.0.0.0": ServiceSettings("rr", PERSISTENT, 86400, 1),
    "-s rr -o": ServiceSettings("rr", ServiceFlag.ONE_PACKET),
    "-s sh -b sh-fallback": ServiceSettings("sh", ServiceFlag.SCHEDULER_1),
    "-s sh -b sh-port": ServiceSettings("sh", ServiceFlag.SCHEDULER_2),
    "-s sh -b sh-fallback,sh-port": ServiceSettings(
        "sh", ServiceFlag.SCHEDULER_1 | ServiceFlag.SCHEDULER_2
    ),
    "-s mh -b mh-fallback,mh-port": ServiceSettings(
        "mh", ServiceFlag.SCHEDULER_1 | ServiceFlag.SCHEDULER_2
    ),
    "-s wrr -b flag-1,flag-3": ServiceSettings(
        "wrr", ServiceFlag.SCHEDULER_1 | ServiceFlag.SCHEDULER_3
    ),
    "-s rr -p 60 --pe sip": ServiceSettings("rr", PERSISTENT, 60, None, "sip"),
}

Listing = dict[str, list[str]]


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Lab() as lab:
        made = lab.host("director")
        made.connect(lab.bridge("net"), "eth0", addresses=["192.0.2.1/24", "2001:db8:9::1/64"])
        yield made


@pytest.fixture
def ipvs(host: Host) -> Iterator[Ipvs]:
    with host.entered():
        made = Ipvs()
    with made:
        made.flush()
        yield made


@pytest.fixture
def ipvsadm(host: Host) -> Callable[[str], str]:
    return lambda words: host.run(["ipvsadm", *words.split()]).stdout


def additions(table: Table) -> list[Operation]:
    found: list[Operation] = []
    for key, service in table.items():
        found.append(AddService(key, service.settings))
        found += [AddDestination(key, each, to) for each, to in service.destinations.items()]
    return found


@pytest.mark.parametrize("promise", PROMISES, ids=lambda each: each.__name__)
def test_the_kernel_keeps_the_promises(promise: Callable[[Ipvs], None], ipvs: Ipvs) -> None:
    promise(ipvs)


def services_and_methods() -> tuple[Table, Listing]:
    """Every kind of service with every forwarding method, and what ipvsadm says of it."""
    table: dict[ServiceKey, Service] = {}
    listing: Listing = {}
    for words, key in SERVICES.items():
        is_ipv6 = key.family is Family.IPV6
        port = 0 if isinstance(key, FirewallMark) else 80
        destinations: dict[Destination, DestinationSettings] = {}
        lines = []
        for number, (method_words, method) in enumerate(METHODS.items(), start=21):
            name = f"2001:db8::{number}" if is_ipv6 else f"10.1.0.{number}"
            destinations[destination(name, port)] = DestinationSettings(number, method)
            forward, _, tunnel = method_words.partition(" ")
            shown = f"[{name}]:{port}" if is_ipv6 else f"{name}:{port}"
            lines.append(f"{shown} {forward} -w {number} {tunnel}".rstrip())
        table[key] = Service(RR, destinations)
        listing[f"{words} -s rr"] = sorted(lines)
    return table, listing


def test_every_kind_of_service_with_every_method(ipvs: Ipvs, ipvsadm: Callable[[str], str]) -> None:
    table, listing = services_and_methods()
    assert ipvs.apply(additions(table)) == ()
    assert ipvs.read() == table
    assert parse_rules(ipvsadm("-Sn")) == listing


def test_every_setting_of_a_service(ipvs: Ipvs, ipvsadm: Callable[[str], str]) -> None:
    table: dict[ServiceKey, Service] = {}
    listing: Listing = {}
    for number, (words, settings) in enumerate(SETTINGS.items(), start=1):
        table[ServiceAddress(Protocol.UDP, V4, number)] = Service(settings)
        listing[f"-u 10.0.0.1:{number} {words}"] = []
    assert ipvs.apply(additions(table)) == ()
    assert ipvs.read() == table
    assert parse_rules(ipvsadm("-Sn")) == listing


def test_granularity_of_ipv6_is_a_prefix_length(ipvs: Ipvs, ipvsadm: Callable[[str], str]) -> None:
    web, mail = tcp("2001:db8::1", 80), tcp("2001:db8::1", 25)
    table = {
        web: Service(ServiceSettings("rr", PERSISTENT, 50, 64)),
        mail: Service(ServiceSettings("rr", PERSISTENT, 50)),
    }
    assert ipvs.apply(additions(table)) == ()
    assert ipvs.read() == table
    assert parse_rules(ipvsadm("-Sn")) == {
        "-t [2001:db8::1]:80 -s rr -p 50 -M 64": [],
        "-t [2001:db8::1]:25 -s rr -p 50": [],
    }


def test_thresholds(ipvs: Ipvs, ipvsadm: Callable[[str], str]) -> None:
    web = tcp("10.0.0.1", 80)
    to = DestinationSettings(1, Method(), 4000000000, 3000000000)
    assert ipvs.apply([AddService(web, RR), AddDestination(web, SERVER4, to)]) == ()
    assert ipvs.read_destinations(web) == {SERVER4: to}
    last = ipvsadm("-Ln --thresholds").splitlines()[-1].split()
    assert last == ["->", "10.1.0.1:80", "4000000000", "3000000000", "0", "0"]


def test_families_mix_under_tunnelling(ipvs: Ipvs, ipvsadm: Callable[[str], str]) -> None:
    web, web6 = tcp("10.0.0.1", 80), tcp("2001:db8::1", 80)
    tunnel = DestinationSettings(1, Method(Forwarding.TUNNELLING))
    table = {
        web: Service(RR, {SERVER4: tunnel, SERVER6: tunnel}),
        web6: Service(RR, {SERVER4: tunnel, SERVER6: tunnel}),
    }
    assert ipvs.apply(additions(table)) == ()
    assert ipvs.read() == table
    both = [
        "10.1.0.1:80 -i -w 1 --tun-type ipip",
        "[2001:db8::9]:80 -i -w 1 --tun-type ipip",
    ]
    assert parse_rules(ipvsadm("-Sn")) == {
        "-t 10.0.0.1:80 -s rr": both,
        "-t [2001:db8::1]:80 -s rr": both,
    }


def test_a_table_made_by_ipvsadm_is_read(ipvs: Ipvs, ipvsadm: Callable[[str], str]) -> None:
    for words in (
        "-A -t 10.0.0.1:80 -s wlc -p 600 -M 255.255.0.0",
        "-a -t 10.0.0.1:80 -r 10.1.0.1:80 -g -w 7 -x 9 -y 3",
        "-a -t 10.0.0.1:80 -r [2001:db8::9]:80 -i --tun-type gue --tun-port 6080 --tun-remcsum",
        "-A -f 9 -6 -s mh -b mh-port",
    ):
        ipvsadm(words)
    gue = Method(Forwarding.TUNNELLING, TunnelType.GUE, 6080, TunnelChecksum.REMCSUM)
    assert ipvs.read() == {
        tcp("10.0.0.1", 80): Service(
            ServiceSettings("wlc", PERSISTENT, 600, 16),
            {
                SERVER4: DestinationSettings(7, Method(Forwarding.DIRECT_ROUTING), 9, 3),
                SERVER6: DestinationSettings(1, gue),
            },
        ),
        FirewallMark(9, Family.IPV6): Service(ServiceSettings("mh", ServiceFlag.SCHEDULER_2)),
    }


def test_methods_of_no_use_are_read(ipvs: Ipvs) -> None:
    """The kernel takes them from any program."""
    web = tcp("10.0.0.1", 80)
    local = DestinationSettings(1, Method(Forwarding.LOCAL_NODE))
    bypass = DestinationSettings(1, Method(Forwarding.BYPASS))
    table = {web: Service(RR, {SERVER4: local, destination("10.1.0.2", 80): bypass})}
    assert ipvs.apply(additions(table)) == ()
    assert ipvs.read() == table


def test_counters_count(director: Director) -> None:
    with director.host.entered():
        ipvs = Ipvs()
    with ipvs:
        service, server = tcp(VIP4, director.port), destination(SERVERS4[0], director.port)
        service6, server6 = tcp(VIP6, director.port), destination(SERVERS6[0], director.port)
        keys = (service, service6)
        for key, real in zip(keys, (server, server6), strict=True):
            added = [AddService(key, RR), AddDestination(key, real, DestinationSettings())]
            assert ipvs.apply(added) == ()
        director.shares(3)
        director.shares(2, "tcp", VIP6)
        # The kernel brings them up to date every two seconds.
        wait_until(
            lambda: [ipvs.service_counters()[key].connections for key in keys] == [3, 2],
            what="the counters to be up to date",
        )
        found = ipvs.statistics()
        ipvs.zero(service)
        again = ipvs.service_counters()
    counted = found[service].destinations[server]
    assert counted.counters == found[service].counters
    assert counted.counters.connections == 3
    assert counted.counters.packets_in >= 9
    assert counted.counters.bytes_out > counted.counters.packets_out >= 9
    assert counted.active_connections + counted.inactive_connections == 3
    assert found[service6].destinations[server6].counters.connections == 2
    assert (again[service].connections, again[service6].connections) == (0, 2)


def test_sync_daemons(ipvs: Ipvs, ipvsadm: Callable[[str], str]) -> None:
    assert ipvs.sync_daemons() == ()
    group = ip_address("224.0.0.99")
    backup = SyncDaemon(SyncState.BACKUP, "eth0", 7, 1400, 9999, 4, group)
    ipvs.start_sync_daemon(SyncDaemon(SyncState.MASTER, "eth0", 5))
    ipvs.start_sync_daemon(backup)
    master = SyncDaemon(SyncState.MASTER, "eth0", 5, 1472, 8848, 1, ip_address("224.0.0.81"))
    assert ipvs.sync_daemons() == (master, backup)
    assert ipvsadm("-L --daemon").splitlines() == [
        "master sync daemon (mcast=eth0, syncid=5, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)",
        "backup sync daemon (mcast=eth0, syncid=7, maxlen=1400, group=224.0.0.99, port=9999, ttl=4)",
    ]
    with pytest.raises(IpvsError, match=r"start the master sync daemon on eth0: one runs already$"):
        ipvs.start_sync_daemon(SyncDaemon(SyncState.MASTER, "eth0", 5))
    ipvs.stop_sync_daemon(SyncState.MASTER)
    ipvs.stop_sync_daemon(SyncState.BACKUP)
    assert ipvs.sync_daemons() == ()
    with pytest.raises(IpvsError, match=r"^IPVS: stop the master sync daemon: none runs$"):
        ipvs.stop_sync_daemon(SyncState.MASTER)
    with pytest.raises(IpvsError, match=r"sync daemon on eth7: no such interface$"):
        ipvs.start_sync_daemon(SyncDaemon(SyncState.MASTER, "eth7"))


def test_a_sync_daemon_that_had_no_time_to_run_is_stopped(ipvs: Ipvs) -> None:
    """Linux sends no answer to that request; waiting for it would fail after seconds."""
    before = ipvs.timeouts()
    for _ in range(20):
        ipvs.start_sync_daemon(SyncDaemon(SyncState.MASTER, "eth0", 1))
        ipvs.stop_sync_daemon(SyncState.MASTER)
    assert ipvs.sync_daemons() == ()
    assert ipvs.timeouts() == before


def test_a_sync_daemon_by_ipv6(ipvs: Ipvs, ipvsadm: Callable[[str], str]) -> None:
    daemon = SyncDaemon(SyncState.MASTER, "eth0", 1, 1000, 9999, 2, ip_address("ff02::5"))
    ipvs.start_sync_daemon(daemon)
    assert ipvs.sync_daemons() == (daemon,)
    assert "group=ff02::5" in ipvsadm("-L --daemon")
    ipvs.stop_sync_daemon(SyncState.MASTER)


def test_timeouts(ipvs: Ipvs, ipvsadm: Callable[[str], str]) -> None:
    ipvs.set_timeouts(tcp=100, tcp_fin=20, udp=33)
    assert ipvsadm("-L --timeout") == "Timeout (tcp tcpfin udp): 100 20 33\n"


def test_a_loaded_module_can_be_loaded() -> None:
    load_module()
