"""The process that writes: which files, of what, and what it says when it cannot."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from pyvrrp.conf.config import Config, GlobalDefs, VrrpInstance
from pyvrrp.conf.diagnostics import SourceFile, Span
from pyvrrp.core.actions import StateName
from pyvrrp.core.model import Family
from pyvrrp.counters import Counters
from pyvrrp.daemon import handoff
from pyvrrp.daemon.dumping import dumper
from pyvrrp.daemon.dumping.request import Request
from pyvrrp.daemon.handoff import Section
from pyvrrp.daemon.options import Options
from pyvrrp.snapshot import VirtualRouterSnapshot

HERE = Span(SourceFile("k.conf", ""), 1, 1, 1)
ONE = Config(instances=(VrrpInstance("one", HERE, 51, "lo"),))
ACTIVE = VirtualRouterSnapshot(
    "one",
    "lo",
    Family.IPV4,
    51,
    StateName.ACTIVE,
    None,
    False,
    100,
    100,
    IPv4Address("127.0.0.1"),
    1_700_000_000.0,
    None,
    None,
    (),
    Counters(advertisements_sent=7),
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(os, "nice", lambda by: by)
    monkeypatch.setattr(dumper.log, "start", lambda options, ident: None)
    return tmp_path


@pytest.fixture
def memories() -> Iterator[list[int]]:
    made: list[int] = []
    yield made
    for memory in made:
        os.close(memory)


def memory(memories: list[int], *records: object) -> int:
    made = handoff.new_memory()
    memories.append(made)
    for record in records:
        handoff.append(made, record)
    return made


def request(memories: list[int], kind: str, config: object = ONE, **fields: Any) -> Request:
    return Request(
        **{
            "kind": kind,
            "only": None,
            "running": frozenset({Section.VRRP}),
            "options": Options(syslog=False),
            "configuration": memory(memories, config),
            "snapshots": {Section.VRRP: memory(memories, (ACTIVE,))},
        }
        | fields
    )


@pytest.mark.parametrize(
    ("kind", "fields", "names"),
    [
        pytest.param("DATA", {}, {"keepalived_parent.data", "keepalived.data"}, id="who runs"),
        pytest.param("DATA", {"only": Section.VRRP}, {"keepalived.data"}, id="who was asked"),
        pytest.param("DATA", {"running": frozenset()}, {"keepalived_parent.data"}, id="nobody"),
        pytest.param(
            "DATA",
            {"running": frozenset(Section)},
            {f"keepalived{which}.data" for which in ("_parent", "", "_check", "_bfd")},
            id="all",
        ),
        pytest.param("STATS", {}, {"keepalived.stats"}, id="statistics"),
        pytest.param("STATS_CLEAR", {}, {"keepalived.stats"}, id="statistics from zero"),
        pytest.param("JSON", {}, {"keepalived.json"}, id="JSON"),
        pytest.param("JSON", {"config": Config()}, set(), id="JSON without instance"),
    ],
)
def test_files(
    place: Path, memories: list[int], kind: str, fields: dict[str, Any], names: set[str]
):
    assert dumper.dump(request(memories, kind, **fields)) == 0
    assert {path.name for path in place.iterdir()} == names


def test_what_a_child_said_is_shown(place: Path, memories: list[int]):
    dumper.dump(request(memories, "DATA"))
    assert "   State = MASTER" in (place / "keepalived.data").read_text().splitlines()
    dumper.dump(request(memories, "STATS"))
    assert "    Sent: 7" in (place / "keepalived.stats").read_text().splitlines()


def test_without_a_child_s_word_the_configuration_is_shown(place: Path, memories: list[int]):
    dumper.dump(request(memories, "DATA", snapshots={}))
    lines = (place / "keepalived.data").read_text().splitlines()
    assert " VRRP Instance = one" in lines
    assert not any("MASTER" in line for line in lines)


def test_names_come_from_the_configuration(place: Path, memories: list[int]):
    named = Config(GlobalDefs(state_dump_file=f"{place}/x.y"), ONE.instances)
    dumper.dump(request(memories, "DATA", named))
    assert {path.name for path in place.iterdir()} == {"x_parent.y", "x.y"}


def test_one_that_cannot_be_written_keeps_no_other(
    place: Path, memories: list[int], caplog: pytest.LogCaptureFixture
):
    (place / "keepalived_parent.data").mkdir()
    with caplog.at_level(logging.ERROR):
        assert dumper.dump(request(memories, "DATA")) == 0
    assert (place / "keepalived.data").is_file()
    path = place / "keepalived_parent.data"
    assert caplog.messages == [f"Can't open dump file {path} (Is a directory)"]


def test_a_configuration_that_is_not_there(
    place: Path, memories: list[int], caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.ERROR):
        assert dumper.dump(request(memories, "DATA", configuration=memory(memories))) == 0
    assert list(place.iterdir()) == []
    assert caplog.messages == ["cannot dump: the configuration is not in memory"]


def test_dump_conf_shows_each_process_its_own():
    vrrp = list(dumper.configuration_lines(ONE, Section.VRRP))
    checkers = list(dumper.configuration_lines(ONE, Section.CHECKERS))
    assert vrrp[0] == checkers[0] == "------< Global definitions >------"
    assert " VRRP Instance = one" in vrrp
    assert " VRRP Instance = one" not in checkers
