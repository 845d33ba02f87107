"""The daemon beside a million connections, measured inside a kernel that has IPVS.

`python -m tests.bench.million`. Two directors with one Virtual Router and 20 real servers (20 addresses
of one host) that are checked every second:

    client .9 ---+--- front, 198.51.100.0/24 ---+        Virtual Router: 198.51.100.100 and 10.0.0.1
                 |                              |
           director1 .1                   director2 .2
                 |                              |
    server ------+--- back, 10.0.0.0/24 --------+        the servers' way out is 10.0.0.1

The connections are datagrams from as many addresses and ports, to a service that the daemons do not
know. Prints a JSON object for each measurement; `tests.bench.lvs` starts it and makes figures of them.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from netnslab import Capture, Host, Lab, LabError, Process, wait_until
from tests.bench.frames import advert
from tests.bench.routers import Maker
from tests.bench.senders import Sender

__all__ = ["CHECK_INTERVAL", "CONNECTIONS", "INTERVAL"]

INTERVAL = 0.1
"""Seconds between two Advertisements."""
CHECK_INTERVAL = 1.0
"""Seconds between two checks of a server."""
CONNECTIONS = 50
"""Established ones, that the second director is to take over."""

_VIP, _BACK_VIP, _PORT = "198.51.100.100", "10.0.0.1", 8000
_SERVERS = tuple(f"10.0.0.{number}" for number in range(11, 31))
_FILL, _FILL_PORT = "198.51.100.1", 9999
_TABLE_BITS = 20  # of the kernel's table of connections, ip_vs's conn_tab_bits
_BEAT = 0.02  # s between two questions on the connection that is carried over
_WATCHED = 3.0  # s that it is used after the death of a director
_CARRIED = 10.0  # s without an answer after which a connection counts as lost
_FINISHED = 2.0  # s that a daemon needs until it does the same every second


class Site:
    """The hosts; the server answers on every address, and swallows the datagrams."""

    def __init__(self, lab: Lab) -> None:
        front, back = lab.bridge("front"), lab.bridge("back")
        self.client = lab.host("client")
        self.client.connect(front, addresses=["198.51.100.9/24"])
        self.server = lab.host("server")
        self.server.connect(back, addresses=[f"{address}/24" for address in _SERVERS])
        self.server.ip("route", "add", "default", "via", _BACK_VIP)
        self.directors = [self._add_director(lab, number) for number in (1, 2)]
        with self.server.entered():
            listener = socket.create_server(("0.0.0.0", _PORT), backlog=512)
            self._sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._sink.bind((_SERVERS[0], _FILL_PORT))
        threading.Thread(target=_echo, args=[listener], name="echo", daemon=True).start()

    def _add_director(self, lab: Lab, number: int) -> Host:
        director = lab.host(f"director{number}")
        director.connect(lab.bridges["front"], "eth0", addresses=[f"198.51.100.{number}/24"])
        director.connect(lab.bridges["back"], "eth1", addresses=[f"10.0.0.{number + 1}/24"])
        director.sysctl("net.ipv4.ip_forward", 1)
        return director

    def fill(self, entries: int) -> float:
        """Have the first director know so many connections; how long that took. Raises: LabError."""
        director = self.directors[0]
        service = f"{_FILL}:{_FILL_PORT}"
        director.run(["ipvsadm", "--set", "0", "0", "7200"])
        director.run(["ipvsadm", "-A", "-u", service, "-s", "rr"])
        real = f"{_SERVERS[0]}:{_FILL_PORT}"
        director.run(["ipvsadm", "-a", "-u", service, "-r", real, "-m"])
        director.run(["ping", "-c", "1", _SERVERS[0]])  # so that nothing waits for its address
        own, mac = self.client.link("eth0").mac, director.link("eth0").mac
        start = time.monotonic()
        with self.client.entered(), Sender("eth0", own, mac, (_FILL, _FILL_PORT)) as sender:
            sender.send(entries)
        if (found := self.entries()) < entries:
            raise LabError(f"{found} connections after {entries} datagrams")
        return time.monotonic() - start

    def entries(self) -> int:
        """How many connections of the filling service the first director knows."""
        with self.directors[0].entered():
            lines = Path("/proc/thread-self/net/ip_vs").read_text().splitlines()
        _, server = next(pair for pair in pairwise(lines) if pair[0].startswith("UDP "))
        return sum(map(int, server.split()[-2:]))

    def repair(self) -> None:
        """Take from the first director what a dead daemon has left, and connect it again."""
        director = self.directors[0]
        for interface, address in (("eth0", _VIP), ("eth1", _BACK_VIP)):
            director.remove_address(interface, f"{address}/24")
            director.link(interface).up()
        director.run(["ipvsadm", "-D", "-t", f"{_VIP}:{_PORT}"])
        director.run(["ipvsadm", "--stop-daemon", "master"])


def _echo(listener: socket.socket) -> None:
    """Send back what comes, to everybody, in one thread."""
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                selector.register(listener.accept()[0], selectors.EVENT_READ)
                continue
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            data = b""
            with suppress(OSError):
                data = connection.recv(4096)
                connection.send(data)
            if not data:
                selector.unregister(connection)
                connection.close()


@dataclass(frozen=True, slots=True)
class _Daemon:
    """A maker's daemon on a director."""

    host: Host
    maker: Maker
    priority: int

    def start(self) -> Process:
        """Start it in the foreground, without a log."""
        where = self.host.directory
        (where / "keepalived.conf").write_text(self._configuration())
        files = {"-f": "keepalived.conf", "-p": "pid", "-r": "vrrp", "-c": "check"}
        named = [word for flag, name in files.items() for word in (flag, str(where / name))]
        return self.host.start([str(self.maker.program), "-n", "-G", *named], name="daemon")

    def _configuration(self) -> str:
        servers = "".join(
            f"  real_server {address} {_PORT} {{\n    TCP_CHECK {{\n      connect_timeout 1\n"
            "      retry 0\n    }\n  }\n"
            for address in _SERVERS
        )
        return (
            "global_defs {\n  lvs_sync_daemon eth0 service\n}\n"
            "vrrp_instance service {\n  state BACKUP\n  interface eth0\n  version 3\n"
            f"  virtual_router_id 51\n  priority {self.priority}\n  advert_int {INTERVAL:g}\n"
            f"  virtual_ipaddress {{\n    {_VIP}/24\n    {_BACK_VIP}/24 dev eth1\n  }}\n}}\n"
            f"virtual_server {_VIP} {_PORT} {{\n  delay_loop {CHECK_INTERVAL:g}\n  lvs_sched rr\n"
            f"  lvs_method NAT\n  protocol TCP\n{servers}}}\n"
        )

    def wait_active(self) -> None:
        """Until it has the address and all servers in its table. Raises: DeadlinePassed."""
        self.host.wait_address(_VIP, timeout=30)
        self.wait_table()

    def wait_table(self) -> None:
        """Until all servers are in its table. Raises: DeadlinePassed."""
        what = f"the table of {self.maker.value}"
        wait_until(lambda: self._servers() == len(_SERVERS), what=what, timeout=30)

    def _servers(self) -> int:
        with self.host.entered():
            lines = Path("/proc/thread-self/net/ip_vs").read_text().splitlines()
        return sum(f":{_PORT:04X} " in line and line.startswith("  ->") for line in lines)


def measure_times(site: Site, maker: Maker, seconds: float) -> dict[str, float]:
    """Milliseconds between two Advertisements, as the client sees them, and between two checks of a
    server, as it sees them."""
    daemon = _Daemon(site.directors[0], maker, 200)
    process = daemon.start()
    daemon.wait_active()
    time.sleep(_FINISHED)
    with (
        Capture(site.client.namespace, "eth0", ["vrrp"]) as adverts,
        Capture(site.server.namespace, "eth0", []) as checks,
    ):
        time.sleep(seconds)
    process.stop(timeout=20)
    sent = [frame.monotonic for frame in adverts.frames if advert(frame.data)]
    gaps = [b - a for a, b in pairwise(sent)]
    probes = list(_spacings(checks))
    if not gaps or not probes:
        raise LabError(
            f"{maker.value}: {len(gaps)} gaps of Advertisements, {len(probes)} of checks"
        )
    return {**_summary("advert", gaps), **_summary("probe", probes)}


def _spacings(checks: Capture) -> Iterator[float]:
    """Seconds between SYNs to the same address (RFC 9293 §3.1)."""
    begun: dict[bytes, list[float]] = defaultdict(list)
    for frame in checks.frames:
        data = frame.data
        if data[12:14] == b"\x08\x00" and data[23] == socket.IPPROTO_TCP and data[47] & 0x12 == 2:
            begun[data[30:34]].append(frame.monotonic)
    for times in begun.values():
        yield from (b - a for a, b in pairwise(times))


def _summary(name: str, gaps: list[float]) -> dict[str, float]:
    ordered = sorted(1000 * gap for gap in gaps)
    return {
        f"{name}_p50": ordered[len(ordered) // 2],
        f"{name}_p99": ordered[int(0.99 * (len(ordered) - 1))],
        f"{name}_max": ordered[-1],
        f"{name}_count": len(ordered),
    }


def measure_failover(site: Site, maker: Maker) -> dict[str, float]:
    """The Active director's machine dies. `outage`: the longest time in seconds without an answer on an
    established connection that is in use; `lost`: how many of CONNECTIONS give no answer any more."""
    daemons = [
        _Daemon(director, maker, priority)
        for director, priority in zip(site.directors, (200, 100), strict=True)
    ]
    processes = [daemon.start() for daemon in daemons]
    daemons[0].wait_active()
    daemons[1].wait_table()
    try:
        with ExitStack() as stack:
            connections = [stack.enter_context(_connected(site)) for _ in range(CONNECTIONS)]
            _wait_synchronised(site, connections)
            died = time.monotonic()
            site.directors[0].crash()  # first, as a daemon would tidy up when its link is gone
            for interface in ("eth0", "eth1"):
                site.directors[0].link(interface).down()
            outage = _longest_wait(connections[0], died)
            lost = CONNECTIONS - sum(map(_answers, connections))
            return {"outage": outage, "lost": lost, "entries": site.entries()}
    finally:
        processes[1].stop(timeout=20)
        site.repair()


def _connected(site: Site) -> socket.socket:
    with site.client.entered():
        made = socket.create_connection((_VIP, _PORT), timeout=_CARRIED)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _wait_synchronised(site: Site, connections: list[socket.socket]) -> None:
    """Talk until the second director knows every connection. Raises: DeadlinePassed."""
    wanted = {f"{connection.getsockname()[1]:04X}" for connection in connections}

    def are_known() -> bool:
        if not all(map(_answers, connections)):
            raise LabError("a connection was lost while nothing happened")
        with site.directors[1].entered():
            lines = Path("/proc/thread-self/net/ip_vs_conn").read_text().splitlines()
        return wanted <= {line.split()[2] for line in lines}

    wait_until(are_known, what="the second director to know the connections", timeout=30)


def _answers(connection: socket.socket) -> bool:
    try:
        connection.send(b"?")
        return bool(connection.recv(1))
    except OSError:
        return False


def _longest_wait(connection: socket.socket, died: float) -> float:
    """Use it for some seconds; the longest time without an answer."""
    longest, last = 0.0, died
    while last < died + _WATCHED:
        if not _answers(connection):
            return _CARRIED
        now = time.monotonic()
        longest, last = max(longest, now - last), now
        time.sleep(_BEAT)
    return longest


def _load_ipvs() -> None:
    """With a table of connections that is large enough; it cannot be changed later."""
    if not Path("/sys/module/ip_vs").exists():
        subprocess.run(["modprobe", "ip_vs", f"conn_tab_bits={_TABLE_BITS}"], check=True)


def main() -> None:
    """Measure for the makers, and print it."""
    parser = argparse.ArgumentParser("python -m tests.bench.million", description=__doc__)
    parser.add_argument("--makers", default="ours,keepalived")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    makers = [Maker(word) for word in options.makers.split(",")]
    _load_ipvs()
    with Lab() as lab:
        site = Site(lab)
        for maker in makers:
            _print(maker, "without", measure_times(site, maker, options.seconds))
        print(json.dumps({"row": "fill", "seconds": site.fill(options.entries)}), flush=True)
        for maker in makers:
            _print(maker, "with", measure_times(site, maker, options.seconds))
        for maker in makers:
            _print(maker, "failover", measure_failover(site, maker))


def _print(maker: Maker, case: str, found: dict[str, float]) -> None:
    print(json.dumps({"maker": maker.value, "row": "million", "case": case, **found}), flush=True)


if __name__ == "__main__":
    main()
