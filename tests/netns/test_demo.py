"""The demo as a user starts it: its figures, its picture, and that it leaves nothing behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path
from xml.etree import ElementTree

import pytest

from demo.directors.outcome import measure
from demo.directors.pool import in_pool
from demo.directors.record import Beat, Moments, PoolChange, Record, Request
from demo.directors.tables import parse_connections, parse_pool
from demo.directors.troubles import runs
from demo.states import Act, Period, State, periods
from netnslab import namespaces, record
from netnslab.decode import Advert, Announcement
from netnslab.timeline import Event

pytestmark = pytest.mark.alone

_DEMO = Path(__file__).parents[2] / "netns-lab" / "demo"


def _start(directory: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(_DEMO), *options],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _row(text: str, name: str) -> list[float]:
    """The figures of one row of the table."""
    [line] = [line for line in text.splitlines() if name in line]
    return [float(each) for each in re.findall(r"[0-9.]+", line.split(name)[1])]


def _residents(lab: str) -> list[str]:
    """Processes whose working directory is, or was, in the lab."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            where = str((process / "cwd").readlink())
        except OSError:  # ended meanwhile, or a zombie
            continue
        if where.startswith(f"{record.DIRECTORY}/{lab}/"):
            found.append(process.name)
    return found


def _assert_nothing_is_left(pid: int) -> None:
    lab = f"demo-{pid}"
    assert not (record.DIRECTORY / lab).exists()
    assert [
        name
        for name in ("lan", "router1", "router2", "client", "director1", "server1")
        if namespaces.inode(f"{lab}.{name}")
    ] == []
    assert _residents(lab) == []


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--keepalived",)], ids=["pyvrrp", "keepalived"])
def test_a_crash_costs_little_more_than_the_floor(tmp_path: Path, options: Sequence[str]) -> None:
    process = _start(tmp_path, "routers", *options)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    measured, floor, above, silence, lost = _row(out, "crash of router1")
    assert floor == 360.9, "3 x 100 ms + (256 - 100) / 256 x 100 ms"
    assert floor <= measured < floor + 100
    assert above == pytest.approx(measured - floor, abs=0.11)
    assert 200 < silence < measured + 100
    assert 30 < lost < 100, "a ping every 5 ms"
    stopped, skew, *_ = _row(out, "planned stop")
    assert skew == 60.9
    assert skew <= stopped < skew + 100
    assert re.search(r"router1 +state +Active\n", out)
    assert "\x1b" not in out
    picture = ElementTree.parse(tmp_path / "failover.svg").getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    words = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert f"measured {measured:g} ms (+{above:g} ms)" in words
    _assert_nothing_is_left(process.pid)


@pytest.mark.slow
def test_a_connection_outlives_its_director(tmp_path: Path) -> None:
    process = _start(tmp_path, "directors")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    left, bound, refused, slowest = _row(out, "server1 dies, leaves the pool")
    assert bound == 2000, "delay_loop 1 s + connect_timeout 1 s"
    assert left <= bound
    assert refused <= left / 100 + 2, "every other one of a request every 50 ms"
    assert slowest < 500
    taken, floor, failed, waited = _row(out, "director1 loses power, director2 takes over")
    assert floor == 722, "3 x 200 ms + (256 - 100) / 256 x 200 ms"
    assert floor <= taken < floor + 300
    assert failed > 0
    assert taken / 2 < waited < 5000
    for server in ("server1", "server2"):
        assert re.search(rf"director1 .*IPVS table: {server} enters the pool", out)
    assert re.search(r"director2 .*has the staying connection in its own table", out)
    assert re.search(r"director2 +state +Active\n", out)
    picture = ElementTree.parse(tmp_path / "directors.svg").getroot()
    words = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert f"waits {waited:g} ms for an answer, then goes on" in words
    _assert_nothing_is_left(process.pid)


def test_ctrl_c_clears_everything(tmp_path: Path) -> None:
    process = _start(tmp_path)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "loses power" in line:
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err == "\ndemo: stopped by Ctrl-C; nothing is left behind\n"
    assert not (tmp_path / "failover.svg").exists()
    _assert_nothing_is_left(process.pid)


def _advert(priority: int) -> Advert:
    return Advert(3, 51, priority, 0.1, IPv4Address("192.0.2.1"), ())


def test_states_are_told_from_acts_and_adverts() -> None:
    seen = [
        Event(1.0, "a", Act("started", State.STARTING)),
        Event(2.0, "a", Act("listens", State.BACKUP)),
        Event(2.5, "b", Act("listens", State.BACKUP)),
        Event(3.0, "b", _advert(100)),
        Event(4.0, "a", _advert(200)),
        Event(5.0, "a", Act("is stopped")),
        Event(6.0, "a", _advert(0)),
        Event(6.5, "a", _advert(200)),
        Event(7.0, "b", _advert(100)),
    ]
    assert periods(seen, 9.0) == [
        Period("a", State.STARTING, 1.0, 2.0),
        Period("a", State.BACKUP, 2.0, 4.0),
        Period("a", State.ACTIVE, 4.0, 6.0),
        Period("b", State.BACKUP, 2.5, 3.0),
        Period("b", State.ACTIVE, 3.0, 4.0),
        Period("b", State.BACKUP, 4.0, 7.0),
        Period("b", State.ACTIVE, 7.0, 9.0),
    ]


_TABLE = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C0000264:0050 rr
  -> C000020C:0050      Route   0      1          29
  -> C000020B:0050      Route   1      0          29
"""
_CONNECTIONS = """\
Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires
TCP C0000209 98EC C0000264 0050 C000020B 0050 FIN_WAIT    LOCAL      116
TCP C0000209 997E C0000264 0050 C000020C 0050 ESTABLISHED SYNC       897
"""


def test_tables_are_read_as_the_kernel_prints_them() -> None:
    """Weight 0 gets no new connections."""
    assert parse_pool(_TABLE) == {"192.0.2.11"}
    assert parse_connections(_CONNECTIONS) == [
        (0x98EC, "192.0.2.11", "FIN_WAIT", "LOCAL"),
        (0x997E, "192.0.2.12", "ESTABLISHED", "SYNC"),
    ]


def _pool(when: float, director: str, present: bool) -> Event:
    return Event(when, director, PoolChange("", "server1", present))


def test_the_active_directors_table_is_the_pool() -> None:
    events = [
        _pool(1.0, "director1", True),
        Event(2.0, "director1", _advert(200)),
        _pool(3.0, "director2", True),
        _pool(4.0, "director1", False),
        Event(5.0, "director2", _advert(100)),
        Event(6.0, "director2", _advert(0)),
        _pool(7.0, "director2", False),
    ]
    assert in_pool("server1", events, 9.0) == [(2.0, 4.0), (5.0, 7.0)]
    assert in_pool("server1", events[:3], 3.5) == [(2.0, 3.5)]
    assert in_pool("server2", events, 9.0) == []


def test_failures_are_one_trouble_while_every_other_request_fails() -> None:
    first, second, third = (Request(sent, sent, error="refused") for sent in (1.0, 1.3, 1.8))
    assert runs([first, second, third]) == [[first, second], [third]]
    assert runs([]) == []


_EVENTS = [
    Event(1.0, "director1", _advert(200)),
    _pool(11.0, "director2", False),
    _pool(11.5, "director1", False),
    _pool(16.0, "director1", True),
    Event(20.25, "director1", _advert(200)),
    Event(20.75, "director2", _advert(100)),
    Event(21.0, "director2", Announcement(IPv4Address("192.0.2.100"), "02:00:00:00:02:01")),
]
_REQUESTS = [
    Request(9.0, 9.1, server="server1"),
    Request(10.5, 10.5, error="refused"),
    Request(13.0, 13.0, server="server2"),
    Request(16.5, 16.6, server="server1"),
    Request(20.5, 21.0, error="no answer"),
    Request(21.5, 21.6, server="server2"),
]
_BEATS = [Beat(20.0, 20.125), Beat(20.375, 21.5), Beat(22.0, 22.1)]


def _record(requests: Sequence[Request], beats: Sequence[Beat], broken: str = "") -> Record:
    moments = Moments(begin=9.0, died=10.0, revived=14.0, crash=20.25, end=24.0)
    return Record("pyvrrp", moments, _EVENTS, requests, beats, broken)


def test_the_second_half_is_measured() -> None:
    outcome = measure(_record(_REQUESTS, _BEATS))
    assert outcome.problems == ()
    assert outcome.departure.seconds == 1.5, "by the Active director's table"
    assert outcome.departure.failed == (_REQUESTS[1],)
    assert outcome.comeback.seconds == 2.0
    assert outcome.comeback.answered == 16.5
    assert outcome.comeback.failed == ()
    assert (outcome.departure.slowest, outcome.comeback.slowest) == (0.0, 0.125)
    taken = outcome.takeover
    assert taken.seconds == 0.75
    assert taken.floor.seconds == pytest.approx(0.3609375), "3.609375 x 100 ms"
    assert taken.failed == (_REQUESTS[4],)
    assert (taken.beat, taken.slowest) == (_BEATS[1], 1.125)
    assert outcome.answered == {"server1": 2, "server2": 2}


def test_what_should_not_happen_is_told() -> None:
    late = Request(12.5, 12.5, error="refused")
    assert measure(_record([*_REQUESTS, late], _BEATS)).problems == (
        "requests still failed 2.50 s after the death of a web server, allowed are 2 s",
    )
    lost = "the staying connection did not survive the director's death"
    assert measure(_record(_REQUESTS, _BEATS[:1])).problems == (f"{lost}: no more answers",)
    assert measure(_record(_REQUESTS, _BEATS[:2], "reset")).problems == (f"{lost}: reset",)


@pytest.mark.parametrize("interval", ["0", "0.005", "11", "nan", "soon"])
def test_an_impossible_interval_is_refused(tmp_path: Path, interval: str) -> None:
    process = _start(tmp_path, "--interval", interval)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert f"argument --interval: {interval}" in err.replace("'", "")
