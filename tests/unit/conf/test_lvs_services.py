"""Every row of `virtual_server` by itself, and what only shows when the block is read."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import pytest

from healthcheck.core.model import RealServer, SorryServer, Target, TcpCheck, Timing, VirtualServer
from healthcheck.core.table import (
    Destination,
    Family,
    FirewallMark,
    Forwarding,
    Method,
    Protocol,
    ServiceAddress,
    ServiceFlag,
    ServiceSettings,
    TunnelChecksum,
    TunnelType,
)
from pyvrrp.conf.config import Script
from pyvrrp.conf.load import Loaded
from pyvrrp.conf.lvs_config import CheckDefaults, LvsServer, LvsService

Read = Callable[..., Loaded]

KIND = "lvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
SERVER = "real_server 192.0.2.11 80 {\n}\n"
SECURE = "global_defs {\nenable_script_security\n}\n"

WRR = ServiceSettings("wrr")
PERSISTENT = ServiceFlag.PERSISTENT


def service_of(
    read: Read, text: str, *, head: str = "192.0.2.1 80", before: str = SECURE
) -> tuple[LvsService, list[tuple[str, int]]]:
    """The only service, and problems as (id, exit code of -t)."""
    result = read(f"{before}virtual_server {head} {{\n{text}\n}}\n")
    assert result.config.lvs is not None
    (service,) = result.config.lvs.services
    return service, problems_of(result)


def problems_of(result: Loaded) -> list[tuple[str, int]]:
    return [
        (d.id, d.problem_class.test_exit_code) for d in result.diagnostics if d.id != "not-acted-on"
    ]


def test_a_whole_service(read: Read) -> None:
    service, problems = service_of(
        read,
        """
        delay_loop 6
        lb_algo wlc
        lb_kind DR
        protocol TCP
        real_server 198.51.100.21 80 {
            weight 2
            TCP_CHECK {
                connect_timeout 3
            }
        }
        real_server 198.51.100.22 {
        }
        """,
    )
    direct, said = Method(Forwarding.DIRECT_ROUTING), CheckDefaults(delay_loop=6.0)
    check = TcpCheck(
        Target(IPv4Address("198.51.100.21"), 80, 3.0),
        Timing(delay_loop=6.0, retry=1, delay_before_retry=1.0, warmup=6.0),
    )
    first = Destination(IPv4Address("198.51.100.21"), 80)
    second = Destination(IPv4Address("198.51.100.22"), 80)
    assert service == LvsService(
        VirtualServer(
            "[192.0.2.1]:tcp:80",
            (ServiceAddress(Protocol.TCP, IPv4Address("192.0.2.1"), 80),),
            (RealServer(first, 2, direct, checks=(check,)), RealServer(second, 1, direct)),
        ),
        (LvsServer(defaults=said), LvsServer(defaults=said)),
        method=direct,
        defaults=said,
    )
    assert problems == []
    assert str(service.span) == "k.conf:4:1"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("lvs_sched rr", ServiceSettings("rr")),
        ("lb_algo twos", ServiceSettings("twos")),
        ("lvs_sched rr\nlvs_sched wrr", WRR),
        ("lvs_sched sh\nsh-port", ServiceSettings("sh", ServiceFlag.SCHEDULER_2)),
        ("lvs_sched sh\nsh-fallback", ServiceSettings("sh", ServiceFlag.SCHEDULER_1)),
        ("lvs_sched mh\nmh-port", ServiceSettings("mh", ServiceFlag.SCHEDULER_2)),
        ("lvs_sched mh\nmh-fallback", ServiceSettings("mh", ServiceFlag.SCHEDULER_1)),
        ("lvs_sched wrr\nflag-1\nflag-3", ServiceSettings("wrr", ServiceFlag(0x28))),
        ("lvs_sched wrr\npersistence_timeout", ServiceSettings("wrr", PERSISTENT, 360)),
        ("lvs_sched wrr\npersistence_timeout 1", ServiceSettings("wrr", PERSISTENT, 1)),
        (
            "lvs_sched wrr\npersistence_timeout 2678400",
            ServiceSettings("wrr", PERSISTENT, 2678400),
        ),
        (
            "lvs_sched wrr\npersistence_granularity 255.255.255.0",
            ServiceSettings("wrr", PERSISTENT, 360, 24),
        ),
        (
            "lvs_sched wrr\npersistence_granularity 255.255.255.255",
            ServiceSettings("wrr", PERSISTENT, 360),
        ),
        (
            "lvs_sched wrr\npersistence_timeout 60\npersistence_granularity 128.0.0.0",
            ServiceSettings("wrr", PERSISTENT, 60, 1),
        ),
        (
            "lvs_sched wrr\npersistence_engine sip",
            ServiceSettings("wrr", persistence_engine="sip"),
        ),
    ],
)
def test_settings(read: Read, text: str, settings: ServiceSettings) -> None:
    service, problems = service_of(read, f"lvs_method NAT\nprotocol TCP\n{text}\n{SERVER}")
    assert (service.server.settings, problems) == (settings, [])


@pytest.mark.parametrize(
    ("text", "settings", "problem"),
    [
        ("lvs_sched foo", ServiceSettings("rr"), ("unknown-value", 5)),
        ("sh-port", ServiceSettings("rr"), ("scheduler-flag", 5)),
        ("hashed", ServiceSettings("rr"), ("scheduler-flag", 5)),
        ("lvs_sched sh\nmh-port", ServiceSettings("sh"), ("scheduler-flag", 0)),
        ("lvs_sched mh\nhashed", ServiceSettings("mh"), ("scheduler-flag", 0)),
        ("persistence_timeout 0", ServiceSettings("rr"), ("value-out-of-range", 5)),
        ("persistence_timeout 2678401", ServiceSettings("rr"), ("value-out-of-range", 5)),
        ("persistence_timeout 1.5", ServiceSettings("rr"), ("bad-number", 5)),
        (
            "persistence_granularity 255.0.255.0",
            ServiceSettings("rr", PERSISTENT, 360),
            ("bad-netmask", 0),
        ),
        (
            "persistence_granularity 24",
            ServiceSettings("rr", PERSISTENT, 360),
            ("bad-netmask", 0),
        ),
        ("persistence_granularity x", ServiceSettings("rr"), ("bad-netmask", 5)),
        (
            "persistence_engine abcdefghijklmnop",
            ServiceSettings("rr", persistence_engine="abcdefghijklmno"),
            ("too-long", 5),
        ),
        ("ops", ServiceSettings("rr"), ("ops-without-udp", 5)),
    ],
)
def test_settings_of_no_use(
    read: Read, text: str, settings: ServiceSettings, problem: tuple[str, int]
) -> None:
    service, problems = service_of(read, f"{KIND}{text}\n{SERVER}")
    assert (service.server.settings, problems) == (settings, [problem])


def test_one_packet_scheduling(read: Read) -> None:
    service, problems = service_of(read, f"{KIND}protocol UDP\nops\n{SERVER}")
    assert (service.server.settings.flags, problems) == (ServiceFlag.ONE_PACKET, [])
    mark, problems = service_of(
        read, f"lvs_sched rr\nlvs_method NAT\nops\n{SERVER}", head="fwmark 7"
    )
    assert (mark.server.settings.flags, problems) == (ServiceFlag.ONE_PACKET, [])


GUE = Method(Forwarding.TUNNELLING, TunnelType.GUE, 6080)
TUNNEL = Method(Forwarding.TUNNELLING)


@pytest.mark.parametrize(
    ("words", "method"),
    [
        ("NAT", Method(Forwarding.MASQUERADING)),
        ("DR", Method(Forwarding.DIRECT_ROUTING)),
        ("TUN", TUNNEL),
        ("TUN type ipip nocsum", TUNNEL),
        ("TUN type gue port 6080", GUE),
        (
            "TUN type gue port 6080 remcsum",
            Method(Forwarding.TUNNELLING, TunnelType.GUE, 6080, TunnelChecksum.REMCSUM),
        ),
        (
            "TUN csum type gre",
            Method(Forwarding.TUNNELLING, TunnelType.GRE, 0, TunnelChecksum.CSUM),
        ),
    ],
)
def test_methods(read: Read, words: str, method: Method) -> None:
    text = f"lvs_sched rr\nprotocol TCP\nlvs_method {words}\n{SERVER}"
    service, problems = service_of(read, text)
    assert ([s.method for s in service.server.real_servers], problems) == ([method], [])


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("TUN type", "method"),
        ("TUN type gue", "method"),
        ("TUN type gre port 1", "method"),
        ("TUN type foo", "method"),
        ("TUN type gue port", "method"),
        ("TUN type gue port 0", "value-out-of-range"),
        ("TUN type gue port 65536", "value-out-of-range"),
        ("TUN csum", "method"),
        ("TUN type gre remcsum", "method"),
        ("TUN foo", "method"),
    ],
)
def test_tunnel_options_of_no_use_leave_ipip(read: Read, words: str, problem: str) -> None:
    text = f"lvs_sched rr\nprotocol TCP\nlvs_method {words}\n{SERVER}"
    service, problems = service_of(read, text)
    assert [s.method for s in service.server.real_servers] == [TUNNEL]
    assert problems == [(problem, 5)]


@pytest.mark.parametrize(
    ("text", "problem", "name", "settings"),
    [
        ("lvs_sched rr\nlvs_method NAT", "no-protocol", "[192.0.2.1]:udp:80", "rr"),
        ("lvs_method NAT\nprotocol TCP", "no-scheduler", "[192.0.2.1]:tcp:80", "wlc"),
        ("lvs_sched rr\nprotocol sctp", "no-method", "[192.0.2.1]:sctp:80", "rr"),
        (f"{KIND}protocol ICMP", "unknown-value", "[192.0.2.1]:tcp:80", "rr"),
    ],
)
def test_what_is_missing_is_assumed(
    read: Read, text: str, problem: str, name: str, settings: str
) -> None:
    service, problems = service_of(read, f"{text}\n{SERVER}")
    assert problems == [(problem, 5)]
    assert (service.server.name, service.server.settings.scheduler) == (name, settings)
    assert service.server.real_servers[0].method == Method()


def test_a_method_of_every_server_is_enough(read: Read) -> None:
    text = "lvs_sched rr\nprotocol TCP\nreal_server 192.0.2.11 80 {\nlvs_method DR\n}\n"
    assert service_of(read, text)[1] == []


@pytest.mark.parametrize(
    ("head", "text", "name", "key"),
    [
        (
            "2001:db8::1 443",
            f"{KIND}real_server 2001:db8::2 443 {{\n}}\n",
            "[2001:db8::1]:tcp:443",
            ServiceAddress(Protocol.TCP, IPv6Address("2001:db8::1"), 443),
        ),
        (
            "fwmark 10",
            f"lvs_sched rr\nlvs_method NAT\n{SERVER}",
            "FWM 10",
            FirewallMark(10, Family.IPV4),
        ),
        (
            "fwmark 4294967295",
            "lvs_sched rr\nlvs_method NAT\nreal_server 2001:db8::2 443 {\n}\n",
            "FWM 4294967295",
            FirewallMark(4294967295, Family.IPV6),
        ),
        (
            "fwmark 1",
            "ip_family inet6\nlvs_sched rr\nlvs_method TUN\nreal_server 192.0.2.11 {\n}\n",
            "FWM 1",
            FirewallMark(1, Family.IPV6),
        ),
        (
            "fwmark 1",
            "lvs_sched rr\nlvs_method TUN\nreal_server 2001:db8::2 {\n}\n",
            "FWM 1",
            FirewallMark(1, Family.IPV6),
        ),
        (
            "fwmark 1",
            "lvs_sched rr\nlvs_method TUN\nreal_server 2001:db8::2 {\n}\n"
            "real_server 192.0.2.11 {\n}\n",
            "FWM 1",
            FirewallMark(1, Family.IPV4),
        ),
    ],
)
def test_names_and_keys(
    read: Read, head: str, text: str, name: str, key: ServiceAddress | FirewallMark
) -> None:
    service, problems = service_of(read, text, head=head)
    assert (service.server.name, service.server.keys, problems) == (name, (key,), [])


@pytest.mark.parametrize("head", ["192.0.2.1", "192.0.2.1 0", "192.0.2.1 000"])
def test_every_port_needs_persistence(read: Read, head: str) -> None:
    service, problems = service_of(read, KIND + SERVER, head=head)
    assert problems == [("port-0", 5)]
    assert service.server.settings == ServiceSettings("rr", PERSISTENT, 360)
    service, problems = service_of(read, f"{KIND}persistence_timeout 9\n{SERVER}", head=head)
    assert (service.server.settings, problems) == (ServiceSettings("rr", PERSISTENT, 9), [])
    assert service.server.name == "[192.0.2.1]:tcp:0"


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("192.0.2.1 65536", "value-out-of-range"),
        ("192.0.2.1 http", "bad-number"),
        ("192.0.2 80", "bad-address"),
        ("fwmark 0", "value-out-of-range"),
        ("fwmark 4294967296", "value-out-of-range"),
        ("fwmark", "missing-parameter"),
        ("group", "missing-parameter"),
    ],
)
def test_a_service_that_is_nowhere(read: Read, head: str, problem: str) -> None:
    result = read(f"virtual_server {head} {{\nnonsense\n}}\n")
    assert [d.id for d in result.diagnostics] == [problem]
    assert result.config.lvs is not None
    assert result.config.lvs.services == ()


def test_a_mark_has_no_protocol(read: Read) -> None:
    service, problems = service_of(read, KIND + SERVER, head="fwmark 7")
    assert (service.server.name, problems) == ("FWM 7", [("mark-with-protocol", 5)])


@pytest.mark.parametrize(
    ("text", "quorum", "hysteresis", "problems"),
    [
        ("", 1, 0, []),
        ("quorum 1", 1, 0, []),
        ("weight 4\nquorum 4", 4, 0, []),
        ("weight 4\nquorum 5", 4, 0, [("value-out-of-range", 5)]),
        ("quorum 0", 1, 0, [("value-out-of-range", 5)]),
        ("weight 4\nquorum 2\nhysteresis 1", 2, 1, []),
        ("weight 4\nquorum 2\nhysteresis 2", 2, 1, [("value-out-of-range", 5)]),
        (
            "weight 2\nquorum 9\nhysteresis 9",
            2,
            1,
            [("value-out-of-range", 5), ("value-out-of-range", 5), ("quorum-out-of-reach", 0)],
        ),
        ("hysteresis -1", 1, 0, [("value-out-of-range", 5)]),
        ("quorum 4294967296", 1, 0, [("value-out-of-range", 5)]),
    ],
)
def test_quorum(
    read: Read, text: str, quorum: int, hysteresis: int, problems: list[tuple[str, int]]
) -> None:
    service, found = service_of(read, f"{KIND}{text}\n{SERVER}")
    assert (service.server.quorum, service.server.hysteresis) == (quorum, hysteresis)
    assert sorted(found) == sorted(problems)


def test_quorum_of_servers_without_weight_is_never_gained(read: Read) -> None:
    service, problems = service_of(read, f"{KIND}real_server 192.0.2.11 80 {{\nweight 0\n}}\n")
    assert (service.server.quorum, service.server.hysteresis) == (1, 0)
    assert problems == [("value-out-of-range", 5)]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("omega", "omega", True),
        ("ha_suspend", "ha_suspend", True),
        ("", "omega", False),
        ("", "sorry_server", None),
    ],
)
def test_flags(read: Read, text: str, field: str, value: object) -> None:
    service, problems = service_of(read, f"{KIND}{text}\n{SERVER}")
    assert (getattr(service.server, field), problems) == (value, [])


def test_ha_suspend_of_a_mark(read: Read) -> None:
    text = f"lvs_sched rr\nlvs_method NAT\nha_suspend\n{SERVER}"
    service, problems = service_of(read, text, head="fwmark 7")
    assert (service.server.ha_suspend, problems) == (False, [("ha-suspend", 5)])


def test_scripts_of_quorum(read: Read) -> None:
    text = f'{KIND}quorum_up "/bin/x up now"\nquorum_down /bin/y joe staff\n{SERVER}'
    service, problems = service_of(read, text)
    assert service.quorum_up == Script(("/bin/x", "up", "now"))
    assert service.quorum_down == Script(("/bin/y",), "joe", "staff")
    assert problems == []
    _, problems = service_of(read, f"{text}quorum_up /bin/z\n")
    assert problems == [("given-twice", 5)]


@pytest.mark.parametrize(
    ("defs", "text", "service_mails", "server_mails"),
    [
        ("", "", False, True),
        ("smtp_alert off\n", "", False, False),
        ("smtp_alert\n", "", True, True),
        ("smtp_alert\nsmtp_alert_checker off\n", "", False, False),
        ("smtp_alert_checker off\n", "smtp_alert", True, False),
        ("smtp_alert_checker on\n", "smtp_alert off", False, True),
    ],
)
def test_mail(read: Read, defs: str, text: str, service_mails: bool, server_mails: bool) -> None:
    before = f"global_defs {{\n{defs}}}\n"
    service, problems = service_of(read, f"{KIND}{text}\n{SERVER}", before=before)
    assert (service.smtp_alert, service.servers[0].smtp_alert, problems) == (
        service_mails,
        server_mails,
        [],
    )


SORRY = Destination(IPv4Address("192.0.2.99"), 80)


@pytest.mark.parametrize(
    ("text", "sorry", "problems"),
    [
        ("sorry_server 192.0.2.99 80", SorryServer(SORRY), []),
        ("sorry_server 192.0.2.99", SorryServer(SORRY), []),
        (
            "sorry_server 192.0.2.99 80\nsorry_server_inhibit\nsorry_server_lvs_method DR",
            SorryServer(SORRY, Method(Forwarding.DIRECT_ROUTING), inhibit=True),
            [],
        ),
        (
            "sorry_server 192.0.2.98 80\nsorry_server_inhibit\nsorry_server 192.0.2.99 80",
            SorryServer(SORRY),
            [],
        ),
        ("sorry_server_inhibit", None, [("no-sorry-server", 5)]),
        ("sorry_server_lvs_method DR", None, [("no-sorry-server", 5)]),
        ("sorry_server x", None, [("bad-address", 5)]),
        ("sorry_server 2001:db8::9 80", None, [("other-family", 5)]),
        (
            "sorry_server 2001:db8::9 80\nsorry_server_lvs_method TUN",
            SorryServer(Destination(IPv6Address("2001:db8::9"), 80), TUNNEL),
            [],
        ),
        (
            "sorry_server 192.0.2.99 8080\nsorry_server_lvs_method DR",
            SorryServer(SORRY, Method(Forwarding.DIRECT_ROUTING)),
            [("other-port", 5)],
        ),
        (
            "inhibit_on_failure\nsorry_server 192.0.2.11 80",
            SorryServer(Destination(IPv4Address("192.0.2.11"), 80), inhibit=True),
            [("sorry-inhibit", 5)],
        ),
    ],
)
def test_sorry_server(
    read: Read, text: str, sorry: SorryServer | None, problems: list[tuple[str, int]]
) -> None:
    service, found = service_of(read, f"{KIND}{text}\n{SERVER}")
    assert (service.server.sorry_server, found) == (sorry, problems)


def test_a_service_without_servers_is_dropped(read: Read) -> None:
    result = read(f"virtual_server 192.0.2.1 80 {{\n{KIND}}}\n")
    assert problems_of(result) == [("no-real-server", 5)]
    assert result.config.lvs is not None
    assert result.config.lvs.services == ()


def test_a_service_twice(read: Read) -> None:
    block = f"virtual_server 192.0.2.1 80 {{\n{KIND}{SERVER}}}\n"
    result = read(block + block)
    assert [str(d) for d in result.diagnostics] == [
        "k.conf:8:1: error[unusable-key]: [192.0.2.1]:tcp:80 belongs to virtual_server"
        " [192.0.2.1]:tcp:80 already; it is left out of [192.0.2.1]:tcp:80",
        "k.conf:8:1: error[no-key]: virtual_server [192.0.2.1]:tcp:80 has no address left;"
        " it is dropped",
    ]
    assert result.test_exit_code == 0  # keepalived does not notice
    assert result.config.lvs is not None
    assert len(result.config.lvs.services) == 1


def test_one_mark_for_both_families(read: Read) -> None:
    block = (
        "virtual_server fwmark 7 {{\nlvs_sched rr\nlvs_method NAT\nreal_server {} 80 {{\n}}\n}}\n"
    )
    result = read(block.format("192.0.2.11") + block.format("2001:db8::2"))
    assert result.config.lvs is not None
    assert [(s.server.name, s.server.keys) for s in result.config.lvs.services] == [
        ("FWM 7", (FirewallMark(7, Family.IPV4),)),
        ("FWM 7 inet6", (FirewallMark(7, Family.IPV6),)),
    ]
    assert problems_of(result) == []


@pytest.mark.parametrize(
    ("head", "family", "problem"),
    [
        ("192.0.2.1 80", "inet6", "other-family"),
        ("192.0.2.1 80", "inet4", "unknown-value"),
    ],
)
def test_ip_family_of_no_use(read: Read, head: str, family: str, problem: str) -> None:
    service, problems = service_of(read, f"{KIND}ip_family {family}\n{SERVER}", head=head)
    assert service.server.keys[0].family is Family.IPV4
    assert problems == [(problem, 5)]


def test_words_nobody_knows(read: Read) -> None:
    result = read(f"virtual_server 192.0.2.1 80 {{\n{KIND}lvs_shed rr\n{SERVER}}}\n")
    (found,) = result.diagnostics
    assert (found.id, found.hint) == ("unknown-keyword", "did you mean lvs_sched?")


def test_snmp_names(read: Read) -> None:
    server = SERVER.replace("{", "{\nsnmp_name one two\nsnmp_name first", 1)
    service, problems = service_of(read, f"{KIND}snmp_name web\n{server}")
    assert (service.snmp_name, service.servers[0].snmp_name) == ("web", "first")
    assert problems == [("bad-name", 5)]
