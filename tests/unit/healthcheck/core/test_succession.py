"""What a reload means for virtual servers, real servers and checks."""

from ipaddress import IPv4Address

import pytest

from healthcheck.core.model import RealServer, Target, TcpCheck, VirtualServer
from healthcheck.core.succession import carried_checks, server_steps, service_steps
from healthcheck.core.table import Destination


def check(letter):
    return TcpCheck(Target(IPv4Address("10.1.0.1"), ord(letter)))


def server(number, weight=1, checks=""):
    address = Destination(IPv4Address("10.1.0.0") + number, 80)
    return RealServer(address, weight, checks=tuple(check(letter) for letter in checks))


def service(name, *servers):
    return VirtualServer(name, (), servers)


def test_services():
    old = {name: service(name, server(1)) for name in ("stays", "changes", "ends")}
    changed = service("changes", server(1, 2))
    begins = service("begins", server(1))
    steps = service_steps(old, [begins, changed, service("stays", server(1))])
    assert [(s.name, s.old, s.new, s.is_unchanged) for s in steps] == [
        ("begins", None, begins, False),
        ("changes", old["changes"], changed, False),
        ("stays", old["stays"], old["stays"], True),
        ("ends", old["ends"], None, False),
    ]


def test_servers():
    stays, ends, begins = server(1, checks="ab"), server(2), server(3, checks="ab")
    changed = server(1, 5, checks="cb")
    steps = server_steps(service("web", stays, ends), service("web", begins, changed))
    assert [(s.old, s.new, s.carried) for s in steps] == [
        (None, begins, (None, None)),
        (stays, changed, (None, 1)),
        (ends, None, ()),
    ]


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        pytest.param("ab", "ab", (0, 1), id="same"),
        pytest.param("ab", "ba", (1, 0), id="moved"),
        pytest.param("ab", "b", (1,), id="one removed"),
        pytest.param("ab", "acb", (0, None, 1), id="one added"),
        pytest.param("aa", "aaa", (0, 1, None), id="equal ones in their order"),
    ],
)
def test_carried_checks(old, new, places):
    assert carried_checks(server(1, checks=old), server(1, checks=new)) == places
