"""Microseconds per call of the core's hot paths: `python tests/bench/bench_core.py`.

The first two decide what a router with a thousand Virtual Routers costs; the codec runs for each
new sender or changed Advertisement only. CPU time, the best of many short rounds, so that a busy
machine does not show.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from time import process_time
from timeit import repeat

from pyvrrp.core.announce import announcement
from pyvrrp.core.events import AdvertisementReceived, Tick
from pyvrrp.core.machine import Active, Backup, deadline, transition
from pyvrrp.core.model import Family, Peer, VirtualRouterConfig
from pyvrrp.core.packet import IpFacts, decode, encode
from pyvrrp.core.receive import admit

ROUNDS, CALLS = 40, 3_000


def cases() -> dict[str, Callable[[], object]]:
    """What is measured, by the name it is printed under."""
    group = IPv4Address("224.0.0.18")
    ours = VirtualRouterConfig(
        51, Family.IPV4, (IPv4Address("192.0.2.100"),), IPv4Address("192.0.2.1")
    )
    theirs = replace(ours, source=IPv4Address("192.0.2.9"))
    six = VirtualRouterConfig(
        51,
        Family.IPV6,
        (IPv6Address("fe80::64"), IPv6Address("2001:db8::64")),
        IPv6Address("fe80::1"),
    )
    ip = IpFacts(theirs.source, group, 255)
    message = encode(theirs, 150, group)
    winning = AdvertisementReceived(admit(ours, message, ip).advertisement)
    losing = AdvertisementReceived(replace(winning.advertisement, priority=50))
    active = Active(10.0, 60.0, 5)
    backup = transition(ours, Backup(3.6, 1.0, 0.0), winning, 1.0)[0]
    rival = transition(ours, backup, losing, 1.0)[0]
    tick = Tick()
    unicast = replace(ours, peers=(Peer(theirs.source),))
    to_us = IpFacts(theirs.source, ours.source, 255)
    by_unicast = encode(theirs, 150, ours.source)
    return {
        "Tick in Active, Advertisement due": lambda: transition(ours, active, tick, 10.0),
        "winning Advertisement in Backup": lambda: transition(ours, backup, winning, 2.0),
        "losing Advertisement in Backup": lambda: transition(ours, rival, losing, 2.0),
        "Tick in Backup, not due": lambda: transition(ours, backup, tick, 2.0),
        "deadline": lambda: deadline(active),
        "encode, version 3, IPv4": lambda: encode(theirs, 150, group),
        "encode, version 3, IPv6": lambda: encode(six, 150, six.destination_group),
        "decode, version 3, IPv4": lambda: decode(message, ip),
        "admit, version 3, IPv4": lambda: admit(ours, message, ip),
        "admit, unicast": lambda: admit(unicast, by_unicast, to_us),
        "gratuitous ARP": lambda: announcement(ours.addresses[0], b"\x02\0\0\0\0\1"),
        "unsolicited NA": lambda: announcement(six.addresses[0], b"\x02\0\0\0\0\1"),
    }


def main() -> None:
    """Print a table: us per call, octets of the values that exist once per Virtual Router."""
    for name, call in cases().items():
        best = min(repeat(call, timer=process_time, number=CALLS, repeat=ROUNDS)) / CALLS
        print(f"{name:36} {best * 1e6:7.2f} us")
    for value in (VirtualRouterConfig, Backup, Active):
        print(f"{value.__name__:36} {8 * len(value.__slots__) + 16 + 16:7} octets")


if __name__ == "__main__":
    sys.exit(main())
