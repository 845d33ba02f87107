"""The picture of a time line."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, ip_interface
from pathlib import Path
from xml.etree import ElementTree

from netnslab import Probe
from netnslab.decode import Advert, Announcement
from netnslab.ping import Outage
from netnslab.svg import write_svg
from netnslab.timeline import AddressSeen, Event, Note, PingsLost

_ADVERT = Advert(3, 51, 200, 0.1, IPv4Address("192.0.2.1"), (IPv4Address("192.0.2.100"),))
_EVENTS = [
    Event(10.1, "r1", _ADVERT),
    Event(10.1, "r1", Announcement(IPv4Address("192.0.2.100"), "02:00:00:00:01:01")),
    Event(10.1, "r1", AddressSeen(ip_interface("192.0.2.100/24"), True)),
    Event(10.2, "r1", replace(_ADVERT, priority=0)),
    Event(10.3, "r1", Note("pull the plug")),
    Event(10.4, "client", PingsLost("192.0.2.100", Outage(10.4, 10.6, 20))),
    Event(10.9, "client", PingsLost("192.0.2.100", Outage(10.9, None, 17))),
    Event(99.0, "r1", Note("after the end")),
]


def _draw(path: Path, hosts: list[str]) -> str:
    write_svg(
        path,
        _EVENTS,
        hosts,
        start=10.0,
        end=11.0,
        title="a failover",
        probes={"client": [Probe(0, 10.05, 10.06), Probe(1, 10.4, None)]} if hosts else None,
    )
    return path.read_text()


def test_lanes_labels_and_what_happened_are_in_it(tmp_path: Path) -> None:
    text = _draw(tmp_path / "one.svg", ["r1", "client"])
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    for words in ("r1", "client", "a failover", " pull the plug", "20 lost", "17 lost", "seconds"):
        assert f"<!-- {words} -->" in text
    assert "after the end" not in text


def test_the_same_time_line_is_the_same_file(tmp_path: Path) -> None:
    hosts = ["r1", "client"]
    assert _draw(tmp_path / "one.svg", hosts) == _draw(tmp_path / "two.svg", hosts)


def test_a_lab_without_hosts_is_an_empty_picture(tmp_path: Path) -> None:
    assert "lost" not in _draw(tmp_path / "none.svg", []).replace("pings lost", "")
