"""Milliseconds of the decisions about large tables: `python tests/bench/bench_reconcile.py`.

CPU time, the best of several rounds, so that a busy machine does not show. Both sides are built
from different objects, as the kernel's table and ours are. A plan for 10,000 destinations shall
take well under 50 ms.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from ipaddress import IPv4Address
from time import process_time
from timeit import repeat

from healthcheck.core.checker import begin, feed
from healthcheck.core.desired import configured, desired
from healthcheck.core.model import ProbeResult, RealServer, Target, TcpCheck, VirtualServer
from healthcheck.core.reconcile import Owned, plan
from healthcheck.core.service import check_changed, reconfigure, start
from healthcheck.core.table import Destination, Protocol, ServiceAddress, Table

ROUNDS = 9


def virtual_server(number: int, addresses: range, *, weight: int = 1) -> VirtualServer:
    """A service whose real servers have these last parts of their addresses."""
    key = ServiceAddress(Protocol.TCP, IPv4Address("10.64.0.0") + number, 80)
    servers = []
    for address in addresses:
        destination = Destination(IPv4Address("10.128.0.0") + address, 80)
        check = TcpCheck(Target(destination.address, 80))
        servers.append(RealServer(destination, weight, checks=(check,)))
    return VirtualServer(str(key), (key,), tuple(servers))


def table_of(*configs: VirtualServer) -> Table:
    """What they want when all servers live."""
    return {key: s for c in configs for key, s in desired(c, start(c)[0]).items()}


def all_of(*configs: VirtualServer) -> Owned:
    """What they own; no two have a service in common."""
    return {key: owned for c in configs for key, owned in configured(c).items()}


def plans() -> dict[str, Callable[[], object]]:
    """Plans, by the name each is printed under."""
    one, same = (virtual_server(0, range(10_000)) for _ in range(2))
    fewer = virtual_server(0, range(9_999))
    shifted = virtual_server(0, range(5_000, 15_000), weight=2)
    wanted, found, owned = table_of(one), table_of(same), all_of(one)
    missing, moved = table_of(fewer), table_of(shifted)
    small = [[virtual_server(n, range(n * 5, n * 5 + 5)) for n in range(2_000)] for _ in range(2)]
    many, as_many, many_owned = table_of(*small[0]), table_of(*small[1]), all_of(*small[0])
    return {
        "1 x 10,000: nothing to do": lambda: plan(wanted, found, owned),
        "1 x 10,000: one is missing": lambda: plan(wanted, missing, owned),
        "1 x 10,000: half replaced, half edited": lambda: plan(moved, found, owned),
        "1 x 10,000: all to be added": lambda: plan(wanted, {}, owned),
        "2,000 x 5: nothing to do": lambda: plan(many, as_many, many_owned),
        "2,000 x 5: all to be added": lambda: plan(many, {}, many_owned),
    }


def states() -> dict[str, Callable[[], object]]:
    """Steps of one service with 10,000 real servers."""
    config, same = (virtual_server(0, range(10_000)) for _ in range(2))
    state, _ = start(config)
    address = config.real_servers[5_000].address
    return {
        "1 x 10,000: start": lambda: start(config),
        "1 x 10,000: one goes down": lambda: check_changed(config, state, address, 0, False),
        "1 x 10,000: reload without change": lambda: reconfigure(config, state, same),
        "1 x 10,000: the desired table": lambda: desired(config, state),
    }


def main() -> None:
    """Print ms per call, and us for what each probe costs."""
    for name, call in {**plans(), **states()}.items():
        best = min(repeat(call, timer=process_time, number=1, repeat=ROUNDS))
        print(f"{name:40} {best * 1e3:7.2f} ms")
    check, good = TcpCheck(Target(IPv4Address("10.128.0.1"), 80)), ProbeResult(True)
    state = feed(check, begin(check, is_reload=False), good).state
    best = min(repeat(lambda: feed(check, state, good), timer=process_time, number=10_000))
    print(f"{'a success of a check that is up':40} {best * 100:7.2f} us")


if __name__ == "__main__":
    sys.exit(main())
