"""Reading a configuration: `-t`, which reads a file, says what is wrong with it and ends.

Processor time of the whole program, its start included: other work on the machine hardly moves it.
Each size is read by both makers in turn.
"""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from netnslab import Host, Lab, LabError
from tests.bench.director import TCP_CHECK, Shape
from tests.bench.many import instances
from tests.bench.report import Figure, Plan, Samples, compare
from tests.bench.routers import MAKERS, Maker

__all__ = ["measure"]

_SERVERS = 5
_SERVICES = (1000, 2000, 4000)
_INSTANCES = (510, 1020, 2040)
_INTERFACES = tuple(f"eth{number}" for number in range(8))
_FACTOR = 8.0
_GROWTH = 4.4  # of four times the text; the program's start makes it less than 4


def measure(plan: Plan) -> Iterator[Figure]:
    """Files of virtual servers and of Virtual Routers, of single, double and fourfold size."""
    repeat = plan.choose(5, 3)
    with Lab() as lab:
        host = lab.host("reader")
        for interface in _INTERFACES:
            host.connect(lab.host(f"far-{interface}"), interface)
        services = {n: str(Shape(n, _SERVERS, TCP_CHECK, 5)) for n in _SERVICES}
        yield from _kind(host, f"services of {_SERVERS}", services, repeat)
        routers = {n: "".join(map(str, instances(n, 1.0, 100, _INTERFACES))) for n in _INSTANCES}
        yield from _kind(host, "vrrp_instances", routers, repeat)


def _kind(host: Host, name: str, texts: dict[int, str], repeat: int) -> Iterator[Figure]:
    found: list[Samples] = []
    for count, text in texts.items():
        file = host.directory / f"{count}.conf"
        file.write_text(text)
        samples: Samples = {maker.value: [] for maker in MAKERS}
        for _ in range(repeat):
            for maker in MAKERS:
                samples[maker.value].append(_seconds(host, maker, file))
        found.append(samples)
        yield compare("parse", f"{count:,} {name}: CPU of -t", "s", samples, factor=_FACTOR)
    growth = {
        maker.value: [median(found[-1][maker.value]) / median(found[0][maker.value])]
        for maker in MAKERS
    }
    what = f"{name}: four times as many take"
    yield compare("parse", what, "x", growth, most=_GROWTH)


def _seconds(host: Host, maker: Maker, file: Path) -> float:
    """Processor time of one reading. Raises: LabError, when anything is wrong with the file."""
    command = [str(maker.program), "-t", "-f", str(file)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with host.entered():
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise LabError(f"{maker.value}: -t exits with {done.returncode}\n{done.stderr[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
