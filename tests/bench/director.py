"""How fast the table follows, inside a kernel that has IPVS: `python -m tests.bench.director`.

Both makers read the same file and check servers on the loopback network, so that nothing else costs
time. Prints one JSON object; `tests.bench.lvs` starts it and makes figures of it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from netnslab import LabError
from netnslab.residents import descendants
from tests.bench.proc import cpu_seconds
from tests.bench.routers import Maker

__all__ = ["HTTP_GET", "TCP_CHECK", "Director", "Shape", "destinations", "empty_table", "until"]

_TABLE = Path("/proc/net/ip_vs")
_LONG = 120.0  # s; for anything that is waited for


@dataclass(frozen=True, slots=True)
class Shape:
    """What a configuration holds: services of so many servers each, and how they are checked."""

    services: int
    servers: int
    check: str
    delay_loop: float
    changed_weight: int = 1

    def __str__(self) -> str:
        return "".join(self._blocks())

    def _blocks(self) -> Iterable[str]:
        for service in range(self.services):
            servers = "".join(self._server(service, number) for number in range(self.servers))
            yield (
                f"virtual_server 198.18.{service // 250}.{1 + service % 250} 80 {{\n"
                f"  delay_loop {self.delay_loop:g}\n  warmup {self.delay_loop:g}\n"
                f"  lvs_sched rr\n  lvs_method NAT\n  protocol TCP\n{servers}}}\n"
            )

    def _server(self, service: int, number: int) -> str:
        position = service * self.servers + number
        weight = self.changed_weight if position == 0 else 1
        address = f"127.1.{position // 250}.{1 + position % 250}"
        return f"  real_server {address} 8080 {{\n    weight {weight}\n    {self.check}\n  }}\n"


TCP_CHECK = "TCP_CHECK {\n      connect_timeout 3\n    }"
HTTP_GET = (
    "HTTP_GET {\n      url {\n        path /\n        status_code 200\n      }\n"
    "      connect_timeout 3\n    }"
)


class Director:
    """A daemon that only checks, in the foreground."""

    def __init__(self, maker: Maker, directory: Path, shape: Shape) -> None:
        self.maker = maker
        self._directory = directory
        self._file = directory / "keepalived.conf"
        self.configure(shape)
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, shape: Shape) -> None:
        """Write the configuration; a running daemon does not know yet."""
        self._file.write_text(str(shape))

    def start(self) -> None:
        """Start it."""
        files = {"-f": "keepalived.conf", "-p": "pid", "-r": "vrrp", "-c": "check"}
        named = [
            word for flag, name in files.items() for word in (flag, str(self._directory / name))
        ]
        self._process = subprocess.Popen(
            [str(self.maker.program), "-n", "-G", "-C", *named],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def signal(self, number: int) -> None:
        """Send a signal to the parent."""
        self._running.send_signal(number)

    def wait(self) -> float:
        """Wait until it is gone; how many seconds that took."""
        start = time.monotonic()
        self._running.wait(_LONG)
        return time.monotonic() - start

    def kill(self) -> None:
        """End it and its children, whatever they are doing."""
        if self._process is not None and self._process.poll() is None:
            for pid in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise LabError(f"{self.maker.value} was not started")
        return self._process

    def processes(self) -> list[int]:
        """The parent and its descendants."""
        return descendants(self._running.pid)

    def cpu_seconds(self) -> float:
        """Processor time of all its processes until now."""
        return cpu_seconds(self.processes())

    def pss(self) -> dict[str, float]:
        """MB of proportional memory: of everything, and of the largest child (the checker)."""
        each = {pid: _pss(pid) for pid in self.processes()}
        children = [size for pid, size in each.items() if pid != self._running.pid]
        return {"all": sum(each.values()), "checker": max(children, default=0.0)}


def _pss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LabError(f"/proc/{pid}/smaps_rollup has no Pss")


def destinations() -> int:
    """How many there are in the kernel's table, seen by its file."""
    return _TABLE.read_bytes().count(b"\n  ->") - 1  # the heading has one


def until(condition: Callable[[], bool], what: str, interval: float = 0.05) -> float:
    """Seconds until the condition holds. Raises: LabError."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > _LONG:
            raise LabError(f"{what}: not within {_LONG:g} s")
        time.sleep(interval)
    return time.monotonic() - start


def empty_table() -> None:
    """Remove everything."""
    subprocess.run(["ipvsadm", "-C"], check=True)


def measure_table(maker: Maker, services: int, servers: int) -> dict[str, float]:
    """Seconds until the table is complete after start, until it is right after a SIGHUP with one
    changed weight, and until the daemon is gone after TERM. `missing`: destinations that were not
    there at some moment of the reload; `left`: what is still there after the daemon."""
    wanted = services * servers
    shape = Shape(services, servers, TCP_CHECK, 3600)
    with tempfile.TemporaryDirectory() as name:
        director = Director(maker, Path(name), shape)
        try:
            director.start()
            start = until(lambda: destinations() >= wanted, f"{maker.value}: {wanted} destinations")
            time.sleep(2.0)
            director.configure(Shape(services, servers, TCP_CHECK, 3600, changed_weight=7))
            fewest = wanted
            director.signal(signal.SIGHUP)

            def has_changed() -> bool:
                nonlocal fewest
                text = _TABLE.read_bytes()
                fewest = min(fewest, text.count(b"\n  ->") - 1)
                return b" Masq    7 " in text

            reload = until(has_changed, f"{maker.value}: the new weight")
            director.signal(signal.SIGTERM)
            stop = director.wait()
            left = max(destinations(), 0)
        finally:
            director.kill()
            empty_table()
    return {
        "start": start,
        "reload": reload,
        "stop": stop,
        "missing": wanted - fewest,
        "left": left,
    }


def measure_storm(maker: Maker, services: int, servers: int, reloads: int) -> dict[str, float]:
    """SIGHUP after SIGHUP, 0.6 s apart: `missing` is the most destinations that were not there at
    some moment."""
    wanted = services * servers
    with tempfile.TemporaryDirectory() as name:
        director = Director(maker, Path(name), Shape(services, servers, TCP_CHECK, 3600))
        try:
            director.start()
            until(lambda: destinations() >= wanted, f"{maker.value}: {wanted} destinations")
            time.sleep(2.0)
            fewest = wanted
            for _ in range(reloads):
                director.signal(signal.SIGHUP)
                next_at = time.monotonic() + 0.6
                while time.monotonic() < next_at:
                    fewest = min(fewest, destinations())
                    time.sleep(0.01)
        finally:
            director.kill()
            empty_table()
    return {"missing": wanted - fewest}


def main() -> None:
    """Measure one row for one maker, and print it."""
    parser = argparse.ArgumentParser("python -m tests.bench.director", description=__doc__)
    parser.add_argument("--makers", default="ours,keepalived")
    parser.add_argument("--services", type=int, default=2000)
    parser.add_argument("--reloads", type=int, default=0, help="a storm of so many, instead")
    options = parser.parse_args()
    # Whoever is checked answers: a server that is down leaves the table.
    with socket.create_server(("0.0.0.0", 8080), backlog=4096):
        for word in options.makers.split(","):
            if options.reloads:
                found = measure_storm(Maker(word), options.services, 5, options.reloads)
            else:
                found = measure_table(Maker(word), options.services, 5)
            print(json.dumps({"maker": word, **found}), flush=True)


if __name__ == "__main__":
    main()
