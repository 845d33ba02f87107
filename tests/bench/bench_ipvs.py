"""Microseconds per operation and per destination read, on a kernel with IPVS, beside ipvsadm(8).

    python -m netnslab uml -- python tests/bench/bench_ipvs.py

The best of some rounds, so that a busy machine does not show. User-Mode Linux has its own prices:
compare the rows with each other.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from time import perf_counter

from healthcheck.core.operations import (
    BATCH,
    AddDestination,
    AddService,
    Operation,
    RemoveDestination,
    SetDestination,
)
from healthcheck.core.table import (
    Destination,
    DestinationSettings,
    Protocol,
    ServiceAddress,
    ServiceSettings,
)
from healthcheck.ipvs import Ipvs

ROUNDS = 7
SERVICES, SERVERS = 50, 100

KEYS = [
    ServiceAddress(Protocol.TCP, IPv4Address("198.18.0.1") + number, 80)
    for number in range(SERVICES)
]
REAL = [Destination(IPv4Address("10.9.0.1") + number, 80) for number in range(SERVERS)]
PLAIN, HEAVY = DestinationSettings(1), DestinationSettings(2)


def main() -> int:
    """Print one row a line; empties the table before and after."""
    pairs = [(key, real) for key in KEYS for real in REAL]
    services = [AddService(key, ServiceSettings("rr")) for key in KEYS]
    added = [AddDestination(key, real, PLAIN) for key, real in pairs]
    changed = [SetDestination(key, real, HEAVY) for key, real in pairs]
    removed = [RemoveDestination(key, real) for key, real in pairs]
    best: dict[str, float] = {}
    with Ipvs() as ipvs:
        for _ in range(ROUNDS):
            ipvs.flush()
            ipvs.apply(services)
            note(best, "add a destination", len(added), lambda: batches(ipvs, added))
            note(best, "add it again, refused", len(added), lambda: batches(ipvs, added))
            note(best, "change a destination", len(changed), lambda: batches(ipvs, changed))
            note(best, "read a destination of 5,000", len(pairs), ipvs.read)
            note(best, "read a service", SERVICES, ipvs.read_services)
            note(best, "statistics of a destination", len(pairs), ipvs.statistics)
            note(best, "remove a destination", len(removed), lambda: batches(ipvs, removed))
            ipvs.flush()
            note(best, "ipvsadm -R: add a destination", len(added), lambda: restore(KEYS, REAL))
            note(best, "ipvsadm -Sn: list a destination", len(added), listed)
        ipvs.flush()
    for name, seconds in best.items():
        print(f"{name:34} {seconds * 1e6:8.1f} us")
    return 0


def note(best: dict[str, float], name: str, count: int, call: Callable[[], object]) -> None:
    """Keep the shortest time for one of `count` things."""
    began = perf_counter()
    call()
    best[name] = min(best.get(name, 1e9), (perf_counter() - began) / count)


def batches(ipvs: Ipvs, operations: Sequence[Operation]) -> None:
    """As an agent does it: one batch a turn."""
    for start in range(0, len(operations), BATCH):
        ipvs.apply(operations[start : start + BATCH])


def restore(keys: Sequence[ServiceAddress], real: Sequence[Destination]) -> None:
    """The same table by ipvsadm, from one input."""
    lines = []
    for key in keys:
        lines.append(f"-A -t {key.address}:{key.port} -s rr")
        lines += [
            f"-a -t {key.address}:{key.port} -r {each.address}:{each.port} -m" for each in real
        ]
    subprocess.run(["ipvsadm", "-R"], input="\n".join(lines) + "\n", text=True, check=True)


def listed() -> None:
    """The same table read by ipvsadm."""
    subprocess.run(["ipvsadm", "-Sn"], stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    sys.exit(main())
