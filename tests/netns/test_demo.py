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

from demo.states import Act, Period, State, periods
from netnslab import namespaces, record
from netnslab.decode import Advert
from netnslab.timeline import Event

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
        for name in ("lan", "router1", "router2", "client")
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


@pytest.mark.parametrize("interval", ["0", "0.005", "11", "nan", "soon"])
def test_an_impossible_interval_is_refused(tmp_path: Path, interval: str) -> None:
    process = _start(tmp_path, "--interval", interval)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert f"argument --interval: {interval}" in err.replace("'", "")
