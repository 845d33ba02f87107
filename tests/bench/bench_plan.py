"""Milliseconds of planning a reload: `python tests/bench/bench_plan.py`.

CPU time, the best of several rounds. The plan of one changed weight among 2,000 services of 5
servers shall cost less than reading one of the two files; a step of the VRRP process is the time
its loop is held up, whatever the number of Virtual Routers.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from time import process_time
from timeit import repeat

from pyvrrp.conf.load import load
from pyvrrp.conf.source import DictReader
from pyvrrp.daemon.reload.items import brief
from pyvrrp.daemon.reload.routers import RouterPlan, item
from pyvrrp.daemon.reload.whole import whole
from pyvrrp.daemon.translate.sections import records
from pyvrrp.settings import VirtualRouterSettings

ROUNDS = 5
ROUTERS = 10_000
REAL_SERVER = """\
    real_server {address} 80 {{
        weight {weight}
        TCP_CHECK {{
            connect_timeout 3
        }}
    }}
"""


def services(weight: int) -> str:
    """2,000 services of 5 servers; one server in the middle has this weight."""
    return "".join(service(number, weight if number == 1_000 else 1) for number in range(2_000))


def service(number: int, weight: int) -> str:
    first = IPv4Address("10.128.0.0") + 5 * number
    servers = (
        REAL_SERVER.format(address=first + n, weight=weight if n == 2 else 1) for n in range(5)
    )
    head = "    lvs_sched rr\n    lvs_method NAT\n    protocol TCP\n    delay_loop 5\n"
    return f"virtual_server {IPv4Address('10.64.0.0') + number} 80 {{\n{head}{''.join(servers)}}}\n"


def read(text: str) -> object:
    """The settings of a configuration."""
    return records(load("k.conf", reader=DictReader({"k.conf": text})).config)


def routers(count: int) -> list[VirtualRouterSettings]:
    """Virtual Routers with an address each."""
    made = []
    for number in range(count):
        address = IPv4Interface((IPv4Address("10.0.0.0") + number, 32))
        link = f"eth{number // 255}"
        made.append(VirtualRouterSettings.of(f"v{number}", link, number % 255 + 1, [address]))
    return made


def measure(name: str, call: object, times: int = 1) -> None:
    """Print the time of one call, the best of some rounds."""
    best = min(repeat(call, timer=process_time, number=times, repeat=ROUNDS)) / times
    unit, factor = ("ms", 1e3) if best > 1e-3 else ("us", 1e6)
    print(f"{name:50} {best * factor:7.1f} {unit}")


def main() -> None:
    """Print what a plan costs, whole and in its steps."""
    text = services(1)
    old, new = read(text), read(services(7))
    measure("2,000 x 5: read one file", lambda: read(text))
    measure("2,000 x 5: plan, one weight changed", lambda: tuple(whole(old, new)))
    running = {each.identity: each for each in routers(ROUTERS)}
    same = routers(1)[0]
    changed = replace(same, protocol=replace(same.protocol, priority=150))
    measure(f"{ROUTERS:,} Virtual Routers: begin", lambda: RouterPlan(running), 10)
    plans = iter([RouterPlan(running) for _ in range(ROUNDS)])
    measure(f"{ROUTERS:,} Virtual Routers: one of them", lambda: next(plans).want(same))
    plan = RouterPlan(running)
    plan.want(changed)
    *_, step = plan.steps()
    measure("one in words", lambda: brief(item(step)), 100)


if __name__ == "__main__":
    sys.exit(main())
