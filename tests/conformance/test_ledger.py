"""The ledger is complete, and what it points at exists.

Tests are found by collecting, so a row dies with the test that was renamed or removed.
"""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from .collected import exists

LEDGER = tomllib.loads((Path(__file__).parent / "rfc9568.toml").read_text())

# How many requirements each group has; a row can be neither lost nor invented.
GROUPS = {
    "V3-TX": 20,
    "V2-TX": 4,
    "CK": 9,
    "V3-RX": 22,
    "V2-RX": 7,
    "TM": 10,
    "S3-I": 3,
    "S3-B": 5,
    "S3-A": 5,
    "S3-X": 3,
    "S2": 5,
    "EL": 12,
    "MAC": 5,
    "ARP": 6,
    "GARP": 4,
    "ND": 7,
    "NA": 3,
    "ACC": 6,
    "MC": 5,
    "IO": 10,
    "AU": 5,
    "ST": 8,
    "RB": 10,
    "CF": 5,
    "AMB": 12,
}
FIELDS = {"level", "says", "status", "tests", "reason", "decision"}


def faults(row, node_ids):
    """What is wrong with one row, given the tests that exist."""
    wrong = []
    if not set(row) <= FIELDS or not {"level", "says", "status"} <= set(row):
        wrong.append("its fields are not those of a row")
    if row.get("level") not in ("M", "R", "S", "O", "I"):
        wrong.append("no such level")
    tests = row.get("tests", [])
    missing = [t for t in tests if not exists(t, node_ids)]
    explained = row.get("reason") or row.get("decision")
    match row.get("status"):
        case "tested":
            wrong += [f"no such test: {t}" for t in missing]
            if not tests:
                wrong.append("tested by nothing")
        case "edge":
            if missing and not row.get("reason"):
                wrong.append(f"planned, not there, no reason: {missing}")
            if row.get("reason") and not missing:
                wrong.append("the reason is out of date: every test is there")
            wrong += [f"no such test: {t}" for t in missing if not t.startswith("tests/netns/")]
        case "decided" | "not-applicable":
            wrong += [f"no such test: {t}" for t in missing]
            if row.get("level") in ("M", "R") and not row.get("reason"):
                wrong.append("a must without test needs a reason")
            if not explained:
                wrong.append("nothing says why")
        case _:
            wrong.append("no such status")
    if row.get("level") in ("S", "O", "I") and not row.get("decision"):
        wrong.append("not decided")
    return wrong


@pytest.mark.parametrize("name", LEDGER)
def test_row(name, node_ids):
    assert not faults(LEDGER[name], node_ids)


def test_no_row_is_missing():
    expected = [f"{group}{dash(group)}{n:0{width(group)}}" for group, n in numbered()]
    assert list(LEDGER) == expected


def numbered():
    for group, count in GROUPS.items():
        for n in range(1, count + 1):
            yield group, n


def dash(group):
    return "" if group.startswith("S3") else "-"


def width(group):
    return 1 if group.startswith("S3") else 2


def test_most_of_it_is_tested():
    """A ledger of reasons alone would be no ledger."""
    status = Counter(row["status"] for row in LEDGER.values())
    assert status["tested"] >= 110
    assert status["not-applicable"] <= 8


OKAY = {"level": "M", "says": "x", "status": "tested", "tests": ["tests/a.py::test[*"]}
IDS = ["tests/a.py::test[one]", "tests/b.py::test"]


@pytest.mark.parametrize(
    ("change", "is_fine"),
    [
        pytest.param({}, True, id="tested"),
        pytest.param({"tests": ["tests/b.py::test"]}, True, id="exact"),
        pytest.param({"tests": ["tests/b.py::test", "tests/c.py::test"]}, False, id="one missing"),
        pytest.param({"tests": ["tests/b.py"]}, False, id="no test at all"),
        pytest.param({"tests": []}, False, id="by nothing"),
        pytest.param({"level": "X"}, False, id="level"),
        pytest.param({"status": "fine"}, False, id="status"),
        pytest.param({"note": "x"}, False, id="unknown field"),
        pytest.param({"level": "S"}, False, id="a should without decision"),
        pytest.param({"level": "S", "decision": "so"}, True, id="a should with decision"),
        pytest.param({"status": "edge", "tests": ["tests/netns/*X*"]}, False, id="planned"),
        pytest.param(
            {"status": "edge", "tests": ["tests/netns/*X*"], "reason": "wire"}, True, id="reason"
        ),
        pytest.param(
            {"status": "edge", "tests": ["tests/c.py::x"], "reason": "wire"}, False, id="not netns"
        ),
        pytest.param({"status": "edge"}, True, id="edge, test is there"),
        pytest.param({"status": "edge", "reason": "wire"}, False, id="edge, stale reason"),
        pytest.param({"status": "decided", "tests": []}, False, id="decided, no reason"),
        pytest.param(
            {"status": "decided", "tests": [], "decision": "x"}, False, id="a must needs a reason"
        ),
        pytest.param({"status": "decided", "tests": [], "reason": "x"}, True, id="decided"),
    ],
)
def test_the_rule_itself(change, is_fine):
    assert (not faults({**OKAY, **change}, IDS)) is is_fine
