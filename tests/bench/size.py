"""Memory by the number of Virtual Routers, the time until a daemon listens, and what it loads.

Memory here is what the process tree would take on a machine where nothing else maps the same
files: anonymous pages by their proportional share, since only the tree shares them, and of each
file the most any process of the tree has of it. The plain PSS is lower the more Python programs run
beside, this benchmark itself among them; it is shown for information.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from netnslab import Lab
from tests.bench.many import instances, two_routers
from tests.bench.report import Figure, Plan, Samples, compare
from tests.bench.routers import MAKERS, Instance, Maker, Router

__all__ = ["measure"]

_COUNTS, _QUICK = (1, 256, 1020), (1, 1020)
_ROLES = ("Active", "Backup")
_INTERVAL = 1.0  # s
_CALM = 3.0  # s until a daemon has everything it needs
_UNWANTED = re.compile(r"\| +((?:aiohttp|scapy|pyroute2)[\w.]*)$", re.MULTILINE)
_MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ (\d+).*$", re.MULTILINE)
_SIZE = re.compile(r"^(\w+): +(\d+) kB$", re.MULTILINE)


def measure(plan: Plan) -> Iterator[Figure]:
    """Size, start, modules."""
    yield from _figures([_sizes(count) for count in (_QUICK if plan.quick else _COUNTS)])
    starts = _starts(plan.choose(10, 5))
    yield compare("start", "exec until listening, median", "ms", starts, most=500)
    worst = [max(starts[maker.value]) for maker in MAKERS]
    yield Figure("start", "exec until listening, worst", "ms", *worst)
    loaded = _unwanted_modules()
    what = "modules of aiohttp, scapy, pyroute2"
    yield Figure("start", what, "", len(loaded), None, "0", not loaded)


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Megabytes with `count` Virtual Routers, by maker's word and role."""

    count: int
    alone: dict[tuple[str, str], float]
    plain: dict[tuple[str, str], float]


def _sizes(count: int) -> _Sizes:
    """Both makers' routers at once, when all is quiet."""
    with Lab() as lab:
        routers: dict[tuple[str, str], Router] = {}
        for maker in MAKERS:
            pair = two_routers(lab, (maker, maker), count, _INTERVAL)
            routers |= {(maker.value, role): r for role, r in zip(_ROLES, pair, strict=True)}
        time.sleep(_CALM)
        found = {key: _memory(r.process.descendants()) for key, r in routers.items()}
    alone = {key: sizes[0] for key, sizes in found.items()}
    return _Sizes(count, alone, {key: sizes[1] for key, sizes in found.items()})


def _figures(sizes: Sequence[_Sizes]) -> Iterator[Figure]:
    """The size with one Virtual Router, and what each further one adds."""
    one = sizes[0]
    for role in _ROLES:
        keys = [(maker.value, role) for maker in MAKERS]
        ours, theirs = (one.alone[key] for key in keys)
        yield Figure("size", f"{role}, 1 VR", "MB", ours, theirs, "<= 36 MB", ours <= 36)
        yield Figure("size", f"{role}, 1 VR, plain PSS", "MB", *(one.plain[key] for key in keys))
        for more in sizes[1:]:
            added = [1024 * (more.alone[k] - one.alone[k]) / (more.count - 1) for k in keys]
            what = f"{role}, each further VR of {more.count}"
            yield Figure("size", what, "KB", *added, "<= 8 KB", added[0] <= 8)


def _memory(pids: list[int]) -> tuple[float, float]:
    """Megabytes that the processes would take alone, and their PSS."""
    files: dict[str, int] = {}
    anonymous = proportional = 0
    for pid in pids:
        own: dict[str, int] = {}
        for inode, sizes in _mappings(pid):
            # Of a private mapping, the pages that were written to are the process's own.
            written = sizes["Anonymous"]
            shared = sizes["Rss"] - written
            own[inode] = own.get(inode, 0) + shared
            proportional += sizes["Pss"]
        rollup = _sizes_in(Path(f"/proc/{pid}/smaps_rollup").read_text())
        anonymous += rollup["Pss_Anon"]
        for inode, size in own.items():
            files[inode] = max(files.get(inode, 0), size)
    return (anonymous + sum(files.values())) / 1024, proportional / 1024


def _mappings(pid: int) -> Iterator[tuple[str, dict[str, int]]]:
    """Inode and sizes (KB) of each mapping in smaps (proc(5)); inode "0" is no file."""
    text = Path(f"/proc/{pid}/smaps").read_text()
    found = list(_MAPPING.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    for match, end in zip(found, ends, strict=True):
        yield match[1], _sizes_in(text[match.end() : end])


def _sizes_in(text: str) -> dict[str, int]:
    return {name: int(size) for name, size in _SIZE.findall(text)}


def _starts(times: int) -> Samples:
    """Milliseconds from exec until the daemon is a member of VRRP's group."""
    samples: Samples = {maker.value: [] for maker in MAKERS}
    with Lab() as lab:
        routers = []
        for number, maker in enumerate(MAKERS, 1):
            host = lab.host(maker.value)
            host.connect(lab.bridge(f"lan{number}"), addresses=["192.0.2.1/24"])
            routers.append(Router(host, maker, [Instance(51, "192.0.2.100/24", 1.0)]))
        for _ in range(times):
            for router in routers:
                samples[router.maker.value].append(1000 * router.time_start())
                router.crash()
    return samples


def _unwanted_modules() -> list[str]:
    """What our daemon imports of the three; Python itself reports every import."""
    with Lab() as lab:
        host = lab.host("r")
        host.connect(lab.bridge("lan"), addresses=["192.0.2.1/24"])
        router = Router(host, Maker.OURS, instances(1, 0.1, 100))
        router.start(environment={"PYTHONPROFILEIMPORTTIME": "1"})
        router.wait_addresses(1, timeout=5)
        router.stop()
        return _UNWANTED.findall(router.process.output())
