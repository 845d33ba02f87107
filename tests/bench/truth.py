"""What happens to traffic when the table or a server is no longer as it should be.

Measured inside a kernel that has IPVS: `python -m tests.bench.truth`. Both makers check the three real
servers of `tests.ipvs.site` every second, behind one address, by NAT. Prints a JSON object for each
maker, case and repetition; `tests.bench.lvs` starts it and makes figures of them.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from healthcheck.core.table import Protocol, ServiceAddress
from healthcheck.ipvs import Ipvs
from netnslab import Host, Lab, Process, wait_until
from tests.bench.director import Director as LargeDirector
from tests.bench.director import Shape, destinations
from tests.bench.routers import Maker
from tests.ipvs.site import SERVERS4, VIP4, Director

__all__ = [
    "CASES",
    "CONNECT_TIMEOUT",
    "DEADLINE",
    "DEATHS",
    "DELAY_LOOP",
    "LARGE_DEADLINE",
    "SCALE",
]

DELAY_LOOP, CONNECT_TIMEOUT = 1, 1  # s
DEADLINE = 4.0
"""Seconds after which a table that is still wrong counts as never right again."""

LARGE_DEADLINE = 10.0
"""The same, of a large table."""
SCALE = 2000
"""Services of 5 servers in a large table."""

_SETTLED = 5.0  # s after which a daemon with a large table does the same every second
_PATIENCE = 2.0  # s for an answer on a connection; TCP repeats itself at growing intervals
_REQUEST_INTERVAL, _REQUEST_PATIENCE = 0.02, 1.0  # s
_TABLE = "/proc/thread-self/net/ip_vs"


class Checking:
    """The daemon of a maker on the director, over its servers; in the foreground, without a log."""

    def __init__(self, director: Director, maker: Maker) -> None:
        self._director = director
        self._maker = maker
        director.host.directory.joinpath("keepalived.conf").write_text(_configuration(director))
        self.process = self._start()
        wait_until(lambda: len(self.table()) == 6, what=f"{maker.value}'s table", timeout=30)
        self.right = self.table()

    def _start(self) -> Process:
        files = {"-f": "keepalived.conf", "-p": "pid", "-r": "vrrp", "-c": "check"}
        where = self._director.host.directory
        named = [word for flag, name in files.items() for word in (flag, str(where / name))]
        return self._director.host.start(
            [str(self._maker.program), "-n", "-G", "-C", *named], name="daemon"
        )

    def table(self) -> list[str]:
        """The lines of the kernel's table, sorted, without the counts of connections."""
        with self._director.host.entered():
            lines = Path(_TABLE).read_text().splitlines()[3:]
        return sorted(" ".join(line.split()[:4]) for line in lines)

    def is_right(self) -> bool:
        """Whether the table is as it was once the daemon had made it."""
        return self.table() == self.right

    def kill_checker(self) -> None:
        """SIGKILL to the child that checks."""
        os.kill(int((self._director.host.directory / "check").read_text()), signal.SIGKILL)

    def stop(self) -> None:
        """End it in order, so that it takes its services away."""
        self.process.stop(timeout=20)


def _configuration(director: Director) -> str:
    servers = "".join(
        f"  real_server {address} {director.port} {{\n    TCP_CHECK {{\n"
        f"      connect_timeout {CONNECT_TIMEOUT}\n      retry 0\n      warmup 0\n    }}\n  }}\n"
        for address in SERVERS4[:3]
    )
    method = "  lvs_sched rr\n  lvs_method NAT\n  protocol TCP\n"
    return (
        f"virtual_server {VIP4} {director.port} {{\n  delay_loop {DELAY_LOOP}\n{method}{servers}}}\n"
        f"virtual_server {VIP4} 9 {{\n{method}  real_server {SERVERS4[0]} 9 {{\n  }}\n}}\n"
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """What somebody does behind the daemon's back: one ipvsadm(8) command, whose words are formatted
    with `service` and `server`."""

    command: str
    kills_checker: bool = False


CASES = {
    # In a table that is right nothing would be seen of it.
    "checker killed": _Case("-d -t {service} -r {server}", kills_checker=True),
    "table flushed": _Case("-C"),
    "service deleted": _Case("-D -t {service}"),
    "destination deleted": _Case("-d -t {service} -r {server}"),
    "weight changed": _Case("-e -t {service} -r {server} -m -w 7"),
    "scheduler changed": _Case("-E -t {service} -s wrr"),
}


def measure_truth(director: Director, maker: Maker, case: _Case) -> dict[str, float]:
    """`seconds` until the table is right again, at most DEADLINE; and of three connections each, one
    to each server, how many are lost: `idle` ones, on which something is sent afterwards, and `busy`
    ones, on which something is sent while the table is wrong."""
    with _running(director, maker) as checking, ExitStack() as stack:
        connections = [stack.enter_context(director.connect()[0]) for _ in range(6)]
        idle, busy = connections[:3], connections[3:]
        server = f"{SERVERS4[0]}:{director.port}"
        words = case.command.format(service=f"{VIP4}:{director.port}", server=server)
        start = _do_wrong(director, checking, words)
        if case.kills_checker:
            checking.kill_checker()
        _speak(busy)
        while not checking.is_right() and time.monotonic() - start < DEADLINE:
            time.sleep(0.005)
        seconds = min(time.monotonic() - start, DEADLINE)
        _speak(idle)
        lost = {"idle": len(idle) - _answered(idle), "busy": len(busy) - _answered(busy)}
        return {"seconds": seconds, **lost}


def measure_scale(maker: Maker) -> Iterator[tuple[str, float]]:
    """SCALE services of 5 servers on the loopback network: how many seconds after a destination in the
    middle was deleted, and after the table was flushed, it is whole again;
    at most LARGE_DEADLINE."""
    check = "TCP_CHECK {\n      connect_timeout 3\n    }"
    whole = SCALE * 5
    with tempfile.TemporaryDirectory() as name:
        large = LargeDirector(maker, Path(name), Shape(SCALE, 5, check, 3600))
        try:
            large.start()
            wait_until(lambda: destinations() == whole, what="a large table", timeout=60)
            time.sleep(_SETTLED)
            for case, words in _LARGE_CASES.items():
                subprocess.run(["ipvsadm", *words.split()], check=True)
                start = time.monotonic()
                while not _is_whole() and time.monotonic() - start < LARGE_DEADLINE:
                    time.sleep(0.05)
                yield case, min(time.monotonic() - start, LARGE_DEADLINE)
                time.sleep(_SETTLED)
        finally:
            large.kill()
            subprocess.run(["ipvsadm", "-C"], check=True)


def _is_whole() -> bool:
    """To count a large table takes so long that a daemon would have to wait for us: first look at some
    of its services."""
    with Ipvs() as kernel:
        some = (
            len(kernel.read_destinations(_large_service(n))) for n in range(0, SCALE, SCALE // 40)
        )
        return all(count == 5 for count in some) and destinations() == SCALE * 5


def _large_service(number: int) -> ServiceAddress:
    address = IPv4Address(f"198.18.{number // 250}.{1 + number % 250}")
    return ServiceAddress(Protocol.TCP, address, 80)


_MIDDLE = SCALE // 2  # it is one of those
_LARGE_CASES = {
    "destination deleted": f"-d -t 198.18.{_MIDDLE // 250}.{1 + _MIDDLE % 250}:80 "
    f"-r 127.1.{_MIDDLE * 5 // 250}.{1 + _MIDDLE * 5 % 250}:8080",
    "table flushed": "-C",
}


def _do_wrong(director: Director, checking: Checking, words: str) -> float:
    """Start ipvsadm(8); when the table was first seen to be wrong."""
    with director.host.entered():
        command = subprocess.Popen(["ipvsadm", *words.split()])
    while checking.is_right() and command.poll() is None:
        time.sleep(0.001)
    start = time.monotonic()
    if command.wait() != 0:
        raise SystemExit(f"ipvsadm {words}: exit status {command.returncode}")
    return start


def _speak(connections: list[socket.socket]) -> None:
    for each in connections:
        each.send(b"?")


def _answered(connections: list[socket.socket]) -> int:
    end = time.monotonic() + _PATIENCE
    count = 0
    for each in connections:
        each.settimeout(max(0.001, end - time.monotonic()))
        with suppress(OSError):
            count += bool(each.recv(100))
    return count


DEATHS: dict[str, Callable[[Director, Host], None]] = {
    "refuses": lambda director, server: director.fail(server),
    "is silent": lambda director, server: _silence(server),
}
"""What becomes of a server."""


def _silence(server: Host) -> None:
    server.run(["tc", "qdisc", "add", "dev", "eth0", "root", "netem", "loss", "100%"])


def measure_death(director: Director, maker: Maker, death: str) -> dict[str, float]:
    """A client asks every 20 ms, on a new connection each time. `seconds` from the server's death until
    the last request was sent that got no answer, `failed`: how many there were."""
    server = director.servers[0]
    with _running(director, maker):
        client = _Client(director)
        client.ask_for(1.0)
        if client.failed:
            raise SystemExit(f"{len(client.failed)} requests failed while every server answered")
        DEATHS[death](director, server)
        died = time.monotonic()
        client.ask_for(DELAY_LOOP + CONNECT_TIMEOUT + 2.0)
        client.wait()
        if death == "is silent":
            server.run(["tc", "qdisc", "del", "dev", "eth0", "root"])
        last = max(client.failed, default=died)
    return {"seconds": max(0.0, last - died), "failed": len(client.failed)}


class _Client:
    """Asks at fixed times, however long the answers take; one answer is one line."""

    def __init__(self, director: Director) -> None:
        self._director = director
        self._selector = selectors.DefaultSelector()
        self._sent: dict[socket.socket, float] = {}
        self.failed: list[float] = []
        """When the requests were sent that were not answered."""

    def ask_for(self, seconds: float) -> None:
        """Send requests for so long, and take the answers that come meanwhile."""
        due = time.monotonic()
        end = due + seconds
        with self._director.client.entered():
            while due < end:
                self._ask()
                due += _REQUEST_INTERVAL
                self._listen_until(due)

    def wait(self) -> None:
        """Wait for the answers to all requests."""
        while self._sent:
            self._listen_until(time.monotonic() + _REQUEST_INTERVAL)
        self._selector.close()

    def _ask(self) -> None:
        made = socket.socket()
        made.setblocking(False)
        self._sent[made] = time.monotonic()
        self._selector.register(made, selectors.EVENT_READ)
        made.connect_ex((VIP4, self._director.port))

    def _listen_until(self, due: float) -> None:
        while (left := due - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                asked = key.fileobj
                assert isinstance(asked, socket.socket)
                self._end(asked, is_answered=_is_answered(asked))
        late = time.monotonic() - _REQUEST_PATIENCE
        for each in [each for each, sent in self._sent.items() if sent < late]:
            self._end(each, is_answered=False)

    def _end(self, asked: socket.socket, *, is_answered: bool) -> None:
        sent = self._sent.pop(asked)
        self._selector.unregister(asked)
        asked.close()
        if not is_answered:
            self.failed.append(sent)


def _is_answered(asked: socket.socket) -> bool:
    try:
        return bool(asked.recv(100))
    except OSError:
        return False


@contextmanager
def _running(director: Director, maker: Maker) -> Iterator[Checking]:
    director.renew()
    checking = Checking(director, maker)
    try:
        yield checking
    finally:
        checking.stop()


def main() -> None:
    """Measure one row for the makers, and print it."""
    parser = argparse.ArgumentParser("python -m tests.bench.truth", description=__doc__)
    parser.add_argument("row", choices=["truth", "scale", "dead server"])
    parser.add_argument("--makers", default="ours,keepalived")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    makers = [Maker(word) for word in options.makers.split(",")] * options.repeat
    if options.row == "scale":
        with socket.create_server(("0.0.0.0", 8080), backlog=4096):
            for maker in makers:
                for case, seconds in measure_scale(maker):
                    _print(maker, options.row, case, {"seconds": seconds})
        return
    with Lab() as lab, Director(lab, 3) as director:
        for case in CASES if options.row == "truth" else DEATHS:
            for maker in makers:
                if options.row == "truth":
                    found = measure_truth(director, maker, CASES[case])
                else:
                    found = measure_death(director, maker, case)
                _print(maker, options.row, case, found)


def _print(maker: Maker, row: str, case: str, found: dict[str, float]) -> None:
    print(json.dumps({"maker": maker.value, "row": row, "case": case, **found}), flush=True)


if __name__ == "__main__":
    main()
