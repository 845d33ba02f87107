"""Every row of `real_server`, and what its service makes of it."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import pytest

from healthcheck.core.model import RealServer
from healthcheck.core.table import Destination, Forwarding, Method
from pyvrrp.conf.config import Script
from pyvrrp.conf.load import Loaded
from pyvrrp.conf.lvs_config import CheckDefaults, LvsServer, WebWords

Read = Callable[..., Loaded]

ADDRESS = Destination(IPv4Address("192.0.2.11"), 80)


def loaded(
    read: Read, servers: str, *, service: str = "", method: str = "NAT", head: str = "192.0.2.1 80"
) -> Loaded:
    protocol = "" if head.startswith("fwmark") else "protocol TCP\n"
    return read(
        "global_defs {\nenable_script_security\n}\n"
        "virtual_server_group g {\n192.0.2.1 80\n192.0.2.2 443\n}\n"
        "virtual_server_group h {\n192.0.2.1 80\n192.0.2.2 80\n}\n"
        "virtual_server_group m {\n192.0.2.1 80\nfwmark 7\n}\n"
        f"virtual_server {head} {{\nlvs_sched rr\nlvs_method {method}\n{protocol}"
        f"{service}\n{servers}\n}}\n"
    )


def servers_of(result: Loaded) -> tuple[RealServer, ...]:
    assert result.config.lvs is not None
    (service,) = result.config.lvs.services
    assert len(service.servers) == len(service.server.real_servers)
    return service.server.real_servers


def problems_of(result: Loaded) -> list[tuple[str, int]]:
    return [(d.id, d.problem_class.test_exit_code) for d in result.diagnostics]


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("", RealServer(ADDRESS)),
        ("weight 0", RealServer(ADDRESS, 0)),
        ("weight 2147483647", RealServer(ADDRESS, 2147483647)),
        ("lvs_method DR", RealServer(ADDRESS, 1, Method(Forwarding.DIRECT_ROUTING))),
        ("inhibit_on_failure", RealServer(ADDRESS, inhibit=True)),
        ("inhibit_on_failure off", RealServer(ADDRESS)),
        (
            "uthreshold 4294967295\nlthreshold 800",
            RealServer(ADDRESS, upper_threshold=4294967295, lower_threshold=800),
        ),
        ("uthreshold 10\nlthreshold 10", RealServer(ADDRESS, upper_threshold=10, lower_threshold=10)),
    ],
)  # fmt: skip
def test_rows(read: Read, text: str, server: RealServer) -> None:
    result = loaded(read, f"real_server 192.0.2.11 80 {{\n{text}\n}}", service="quorum 1")
    if text != "weight 0":
        assert problems_of(result) == []
    assert servers_of(result) == (server,)


@pytest.mark.parametrize(
    ("service", "text", "server"),
    [
        ("weight 5", "", RealServer(ADDRESS, 5)),
        ("weight 5", "weight 6", RealServer(ADDRESS, 6)),
        ("inhibit_on_failure", "", RealServer(ADDRESS, inhibit=True)),
        ("inhibit_on_failure", "inhibit_on_failure off", RealServer(ADDRESS)),
    ],
)
def test_what_a_server_takes_from_its_service(
    read: Read, service: str, text: str, server: RealServer
) -> None:
    result = loaded(read, f"real_server 192.0.2.11 80 {{\n{text}\n}}", service=service)
    assert (servers_of(result), problems_of(result)) == ((server,), [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("weight -1", ("value-out-of-range", 5)),
        ("weight 2147483648", ("value-out-of-range", 5)),
        ("lvs_method nat", ("unknown-value", 5)),
        ("uthreshold 4294967296", ("value-out-of-range", 5)),
        ("lthreshold 1", ("value-out-of-range", 0)),
        ("inhibit_on_failure 1", ("bad-boolean", 5)),
        ("alpha 1", ("bad-boolean", 5)),
        ("smtp_alert 1", ("bad-boolean", 5)),
        ("retry 0", ("value-out-of-range", 5)),
        ("connect_timeout 0", ("value-out-of-range", 5)),
        ("virtualhost", ("missing-parameter", 5)),
        ("notify_up /bin/x\nnotify_up /bin/y", ("given-twice", 5)),
        ("lb_kind DR", ("unknown-keyword", 5)),
    ],
)
def test_a_wrong_value_leaves_the_default(read: Read, text: str, problem: tuple[str, int]) -> None:
    result = loaded(read, f"real_server 192.0.2.11 80 {{\n{text}\n}}")
    assert (servers_of(result), problems_of(result)) == ((RealServer(ADDRESS),), [problem])


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("192.0.2 80", "bad-address"),
        ("192.0.2.12 65536", "value-out-of-range"),
        ("192.0.2.12 http", "bad-number"),
        ("2001:db8::2 80", "other-family"),
        ("192.0.2.11 80", "duplicate-server"),
        ("192.0.2.11", "duplicate-server"),
    ],
)
def test_a_server_that_cannot_be_is_dropped(read: Read, words: str, problem: str) -> None:
    text = f"real_server 192.0.2.11 80 {{\n}}\nreal_server {words} {{\nweight 7\n}}"
    result = loaded(read, text)
    assert servers_of(result) == (RealServer(ADDRESS),)
    assert problems_of(result) == [(problem, 5)]


def test_a_server_needs_its_block(read: Read) -> None:
    result = loaded(read, "real_server 192.0.2.11 80 {\n}\nreal_server 192.0.2.12 80")
    assert [d.id for d in result.diagnostics] == ["missing-brace"]


V6 = Destination(IPv6Address("2001:db8::2"), 80)


def test_a_tunnel_leads_to_the_other_family(read: Read) -> None:
    tunnel = Method(Forwarding.TUNNELLING)
    result = loaded(read, "real_server 2001:db8::2 80 {\nlvs_method TUN\n}")
    assert (servers_of(result), problems_of(result)) == ((RealServer(V6, 1, tunnel),), [])


@pytest.mark.parametrize(
    ("head", "method", "port", "found", "problems"),
    [
        ("192.0.2.1 80", "NAT", "8080", 8080, []),
        ("192.0.2.1 80", "NAT", "", 80, []),
        ("192.0.2.1 80", "DR", "", 80, []),
        ("192.0.2.1 80", "DR", "80", 80, []),
        ("192.0.2.1 80", "DR", "8080", 80, [("other-port", 5)]),
        ("192.0.2.1 80", "TUN", "8080", 80, [("other-port", 5)]),
        ("fwmark 7", "NAT", "8080", 8080, []),
        ("fwmark 7", "NAT", "", 0, []),
        ("fwmark 7", "DR", "", 0, []),
        ("fwmark 7", "DR", "80", 0, [("other-port", 5)]),
        ("group h", "NAT", "8080", 8080, []),
        ("group h", "NAT", "", 80, []),
        ("group h", "DR", "80", 80, []),
        ("group h", "DR", "81", 81, [("other-port", 5)]),
        ("group g", "NAT", "", 0, []),
        ("group g", "DR", "", 0, []),
        ("group g", "DR", "80", 80, [("other-port", 5)]),
        ("group m", "DR", "80", 80, [("other-port", 5)]),
    ],
)
def test_ports(
    read: Read, head: str, method: str, port: str, found: int, problems: list[tuple[str, int]]
) -> None:
    result = loaded(read, f"real_server 192.0.2.11 {port} {{\n}}", method=method, head=head)
    assert [server.address.port for server in servers_of(result)] == [found]
    assert problems_of(result) == problems


def test_what_was_said_is_kept_beside_what_came_of_it(read: Read) -> None:
    result = loaded(
        read,
        "real_server 192.0.2.11 80 {\nretry 4\nalpha\nvirtualhost a\n"
        "HTTP_GET {\nvirtualhost b\nurl {\npath /\nvirtualhost c\n}\nurl {\npath /d\n}\n}\n"
        "SSL_GET {\nenable_sni\n}\nSSL_GET {\nenable_sni\nurl {\npath /\n}\n}\n}\n"
        "real_server 192.0.2.12 80 {\n}",
    )
    assert result.config.lvs is not None
    (service,) = result.config.lvs.services
    one, two = service.servers
    assert one.defaults == CheckDefaults(retry=4, alpha=True, virtualhost="a")
    assert one.web_checks == (
        WebWords("b", False, ("c", None)),
        WebWords(None, True, (None,)),
    )
    assert two.defaults == service.defaults
    assert service.defaults == CheckDefaults()


def test_scripts_and_mail(read: Read) -> None:
    result = loaded(
        read,
        'real_server 192.0.2.11 80 {\nnotify_up "/bin/x a up"\nnotify_down /bin/y joe staff\n'
        "smtp_alert off\nMISC_CHECK {\nmisc_path /bin/z\n}\n}",
    )
    assert result.config.lvs is not None
    assert result.config.lvs.services[0].servers == (
        LvsServer(
            Script(("/bin/x", "a", "up")),
            Script(("/bin/y",), "joe", "staff"),
            False,
            (Script(("/bin/z",)),),
        ),
    )
    assert problems_of(result) == []
    assert list(result.config.lvs.scripts()) == [
        Script(("/bin/z",)),
        Script(("/bin/x", "a", "up")),
        Script(("/bin/y",), "joe", "staff"),
    ]
