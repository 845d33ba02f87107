"""The program's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from netnslab import LabError, commands, record
from netnslab.cli import main
from netnslab.record import Member, Record

_LABS = [
    Record("one", None, 0.0, (Member("r1", "host"), Member("lan", "bridge"))),
    Record("two", None, 0.0, (Member("r1", "host"), Member("r2", "host"))),
]


@pytest.mark.parametrize(
    ("text", "lab", "member"),
    [("r2", "two", "r2"), ("lan", "one", "lan"), ("one.r1", "one", "r1")],
)
def test_a_member_is_found_by_its_short_or_full_name(text: str, lab: str, member: str) -> None:
    found, name = commands.find_member(text, _LABS)
    assert (found.name, name) == (lab, member)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("r1", "r1 is in several labs: one.r1, two.r1"),
        ("r9", "there is no host or bridge r9; there are: one.r1, one.lan, two.r1, two.r2"),
    ],
)
def test_a_member_that_is_not_one_is_told(text: str, problem: str) -> None:
    with pytest.raises(LabError, match=problem):
        commands.find_member(text, _LABS)


def test_an_error_is_one_line_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "DIRECTORY", tmp_path)
    assert main(["down", "nobody"]) == 1
    assert capsys.readouterr().err == "netnslab: there is no lab nobody; there are: none\n"


@pytest.mark.parametrize("arguments", [[], ["down"], ["link", "r1", "eth0", "sideways"]])
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: netnslab" in capsys.readouterr().err


def test_a_ping_names_host_and_address(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["watch", "lab", "--ping", "client"])
    assert "'client' is not HOST=ADDRESS" in capsys.readouterr().err
