"""What checks cost, and whether they come in time: `python -m tests.bench.checks`, inside a kernel
that has IPVS. `tests.bench.lvs` starts it and makes figures of it.

A kernel as User-Mode Linux charges work to nobody that is shorter than a tick, and a probe is. So
`cost` only says when a stretch of time begins and ends, with how many probes in it; who started the
kernel measures what the whole of it used. Prints a JSON object for each.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import quantiles

from tests.bench.director import (
    HTTP_GET,
    TCP_CHECK,
    Director,
    Shape,
    destinations,
    empty_table,
    until,
)
from tests.bench.routers import Maker

__all__ = ["IDLE"]

IDLE = "idle"
"""In place of a maker: nobody checks."""

_CHECKS = {"TCP_CHECK": TCP_CHECK, "HTTP_GET": HTTP_GET}
_PORT = 8080
_BACKLOG = 4096
_LULL = 0.5  # s

_NGINX = """
worker_processes 1; daemon off; pid {directory}/pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{ access_log off; server {{ listen 8080 backlog=4096; location / {{ return 200 "fine\\n"; }} }} }}
"""


@contextmanager
def _web_server() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "nginx.conf")
        file.write_text(_NGINX.format(directory=name))
        server = subprocess.Popen(["nginx", "-c", str(file), "-p", name])
        try:
            yield
        finally:
            server.terminate()
            server.wait()


@contextmanager
def _in_a_child() -> Iterator[bool]:
    """What follows is done by a child, in which this is True, until the parent is through."""
    child = os.fork()
    if not child:
        yield True
        os._exit(0)
    try:
        yield False
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@contextmanager
def _tcp_server() -> Iterator[None]:
    """On every address. The kernel completes connections; now and then the lot is closed."""
    with (
        socket.create_server(("0.0.0.0", _PORT), backlog=_BACKLOG) as listener,
        _in_a_child() as us,
    ):
        if us:
            listener.setblocking(False)
            while True:
                for connection, _ in _waiting(listener):
                    connection.close()
                time.sleep(_LULL)
        yield


def _accepted() -> int:
    """Connections that were opened to servers since the kernel's start."""
    names, values = (
        line.split()
        for line in Path("/proc/net/snmp").read_text().splitlines()
        if line[:4] == "Tcp:"
    )
    return int(values[names.index("PassiveOpens")])


def _mark(phase: str, mark: str, **more: float) -> None:
    print(json.dumps({"phase": phase, "mark": mark, "probes": _accepted(), **more}), flush=True)


def measure_cost(kind: str, servers: int, delay: float, seconds: float, rounds: int) -> None:
    """So many servers behind a service each. Nobody checks, then each maker, by turns."""
    with _web_server() if kind == "HTTP_GET" else _tcp_server():
        for _ in range(rounds):
            _mark(IDLE, "begin")
            time.sleep(seconds)
            _mark(IDLE, "end")
            for maker in Maker:
                _measure_maker(maker, Shape(servers, 1, _CHECKS[kind], delay), seconds)


def _measure_maker(maker: Maker, shape: Shape, seconds: float) -> None:
    with _running(maker, shape) as director:
        time.sleep(2 * shape.delay_loop + 2.0)  # warm-up and one period
        used = director.cpu_seconds()
        _mark(maker.value, "begin")
        time.sleep(seconds)
        _mark(
            maker.value,
            "end",
            cpu=director.cpu_seconds() - used,
            checker=director.pss()["checker"],
        )
        _check_alive(maker, shape)


@contextmanager
def _running(maker: Maker, shape: Shape) -> Iterator[Director]:
    with tempfile.TemporaryDirectory() as name:
        director = Director(maker, Path(name), shape)
        try:
            director.start()
            whole = shape.services * shape.servers
            until(lambda: destinations() >= whole, f"{maker.value}: {whole} destinations", 0.1)
            yield director
        finally:
            director.kill()
            empty_table()


def _check_alive(maker: Maker, shape: Shape) -> None:
    alive, whole = destinations(), shape.services * shape.servers
    if alive != whole:
        raise SystemExit(f"{maker.value}: {alive} of {whole} servers are alive")


def measure_pace(maker: Maker, servers: int, delay: float, periods: int) -> dict[str, float]:
    """So many servers, five to a service: how many seconds the table takes, and how late every check is
    as the servers see it: what passes from one to the next, above `delay_loop`."""
    shape = Shape(servers // 5, 5, TCP_CHECK, delay)
    began = time.monotonic()
    with socket.create_server(("0.0.0.0", _PORT), backlog=_BACKLOG) as listener:
        listener.setblocking(False)
        with _running(maker, shape) as director:
            start = time.monotonic() - began
            for connection, _ in _waiting(listener):
                connection.close()
            used, began = director.cpu_seconds(), time.monotonic()
            late = sorted(_watch(listener, began + delay * (periods + 1), delay))
            cpu = 100 * (director.cpu_seconds() - used) / (time.monotonic() - began)
            _check_alive(maker, shape)
            checker = director.pss()["checker"]
    if len(late) < servers * (periods - 1):
        raise SystemExit(f"{maker.value}: {len(late)} checks in {periods} periods")
    cuts = quantiles(late, n=100)
    lateness = {"p50": cuts[49], "p99": cuts[98], "longest": late[-1]}
    return {"start": start, "cpu": cpu, "checker": checker, **lateness}


def _watch(listener: socket.socket, end: float, delay: float) -> Iterator[float]:
    """Serve until then; the lateness of each connection but the first of a server."""
    seen: dict[str, float] = {}
    while (left := end - time.monotonic()) > 0:
        select.select([listener], [], [], left)
        now = time.monotonic()
        for connection, _ in _waiting(listener):
            address = connection.getsockname()[0]
            connection.close()
            if address in seen:
                yield max(0.0, now - seen[address] - delay)
            seen[address] = now


def _waiting(listener: socket.socket) -> Iterator[tuple[socket.socket, object]]:
    """The connections that are there already."""
    with suppress(BlockingIOError):
        while True:
            yield listener.accept()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser("python -m tests.bench.checks", description=__doc__)
    parser.add_argument("row", choices=["cost", "pace"])
    parser.add_argument("--kind", choices=list(_CHECKS), default="TCP_CHECK")
    parser.add_argument("--servers", type=int, default=1000)
    parser.add_argument(
        "--delay", type=float, default=5.0, help="seconds between checks of a server"
    )
    parser.add_argument("--seconds", type=float, default=40.0, help="of cost: a stretch of time")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    Path("/proc/sys/net/core/somaxconn").write_text(str(_BACKLOG))
    if options.row == "cost":
        measure_cost(options.kind, options.servers, options.delay, options.seconds, options.rounds)
        return
    for maker in Maker:
        found = measure_pace(maker, options.servers, options.delay, options.rounds)
        print(json.dumps({"maker": maker.value, **found}), flush=True)


if __name__ == "__main__":
    main()
