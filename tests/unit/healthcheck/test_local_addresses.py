"""This host's addresses from rtnetlink; the octets are a capture of a kernel 6.1."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address, IPv6Address

import pytest

from healthcheck.local_addresses import LocalAddressMonitor, parse_addresses

LOOPBACK = bytes.fromhex(
    "4c000000 1400 0200 01000000 d2040000"  # RTM_NEWADDR
    "02 08 80 fe 01000000"  # AF_INET, /8, lo
    "0800 0100 7f000001"  # IFA_ADDRESS
    "0800 0200 7f000001"  # IFA_LOCAL
    "0700 0300 6c6f00 00"  # IFA_LABEL
    "0800 0800 80000000"  # IFA_FLAGS
    "1400 0600 ffffffff ffffffff 00000000 00000000"  # IFA_CACHEINFO
)
POINT_TO_POINT = bytes.fromhex(
    "28000000 1400 0200 01000000 d2040000"
    "02 20 80 00 05000000"
    "0800 0100 0a000002"  # the other end
    "0800 0200 0a000001"
)
IPV6 = bytes.fromhex(
    "2c000000 1400 0200 01000000 d2040000"
    "0a 80 80 fe 01000000"
    "1400 0100 00000000 00000000 00000000 00000001"
)
DONE = bytes.fromhex("14000000 0300 0200 01000000 d2040000 00000000")
REFUSED = bytes.fromhex(
    "24000000 0200 0000 01000000 00000000 a1ffffff 18000000 1600010301000000 00000000"
)


def test_the_local_end_of_each_address():
    found, is_last = parse_addresses(LOOPBACK + POINT_TO_POINT + IPV6)
    assert found == [IPv4Address("127.0.0.1"), IPv4Address("10.0.0.1"), IPv6Address("::1")]
    assert not is_last


def test_the_end_of_a_dump():
    assert parse_addresses(DONE) == ([], True)


def test_an_error_of_the_kernel_is_raised():
    with pytest.raises(OSError, match="refused") as caught:
        parse_addresses(REFUSED)
    assert caught.value.errno == 95


@pytest.mark.parametrize("length", range(len(LOOPBACK)))
def test_half_a_message_does_no_harm(length):
    assert parse_addresses(LOOPBACK[:length])[1] is False


async def test_the_loopback_addresses_are_there_at_once():
    heard = []
    monitor = LocalAddressMonitor(asyncio.get_running_loop(), heard.append)
    monitor.close()
    assert IPv4Address("127.0.0.1") in heard[0]
