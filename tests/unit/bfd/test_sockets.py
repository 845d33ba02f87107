"""What a session sends, over the loopback; each test has addresses of its own there."""

import socket
import struct
from ipaddress import IPv4Address, IPv6Address
from random import Random

import pytest

from pyvrrp.bfd.settings import BfdSettings
from pyvrrp.bfd.sockets import Receiver, Sender

_RECVTTL, _RECVTOS = 12, 13


def own_address():
    return IPv4Address(0x7F000000 + Random().randrange(0x10000, 0xFFFFFE))


def settings(neighbor, source=None, **more):
    return BfdSettings("one", neighbor, source, **more)


@pytest.mark.parametrize(("port", "is_multihop"), [(3784, False), (4784, True)])
def test_packets_come_from_one_port_of_those_for_bfd(port, is_multihop):
    neighbor, source = own_address(), own_address()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hears:
        hears.settimeout(20)
        hears.setsockopt(socket.IPPROTO_IP, _RECVTTL, 1)
        hears.setsockopt(socket.IPPROTO_IP, _RECVTOS, 1)
        hears.bind((str(neighbor), port))
        sender = Sender(settings(neighbor, source, ttl=77, is_multihop=is_multihop), Random(1))
        sender.send(b"one")
        sender.send(b"two")
        found = [hears.recvmsg(100, 200) for _ in range(2)]
        sender.close()
    assert [octets for octets, *_ in found] == [b"one", b"two"]
    assert len({address for *_, address in found}) == 1
    host, source_port = found[0][3]
    assert (host, 49152 <= source_port <= 65535) == (str(source), True)
    facts = {kind: data[0] for _, kind, data in found[0][1]}
    assert facts == {socket.IP_TTL: 77, socket.IP_TOS: 0xC0}


@pytest.mark.parametrize(
    ("neighbor", "source", "text"),
    [
        (IPv4Address("127.0.0.1"), IPv4Address("192.0.2.250"), "Cannot assign requested address"),
        (IPv6Address("fe80::1%not-there"), None, "no interface with this name"),
    ],
    ids=["source address", "interface"],
)
def test_what_is_missing_is_an_error_until_it_is_there(neighbor, source, text):
    sender = Sender(settings(neighbor, source), Random(1))
    for _ in range(2):
        with pytest.raises(OSError, match=text):
            sender.send(b"x")


def test_what_the_ip_header_said():
    receiver = Receiver(4, 0)
    pktinfo = struct.pack("=i4s4s", 3, bytes(4), IPv4Address("192.0.2.1").packed)
    ancillary = ((0, 2, struct.pack("=i", 254)), (0, 8, pktinfo))
    arrival = receiver.arrival((b"", ancillary, ("192.0.2.9", 50000)))
    receiver.close()
    assert (arrival.source, arrival.destination) == (
        IPv4Address("192.0.2.9"),
        IPv4Address("192.0.2.1"),
    )
    assert (arrival.ttl, arrival.interface) == (254, 3)
