"""Each keyword has a test that sees from outside what it does, or a reason why none can.

The ledger is `keywords/*.toml`. A table is a block of `KEYWORDS.md`, a key in it a keyword:

    priority = ["tests/netns/test_x.py::test_y[*"]          the tests that see its effect
    debug = { reason = "...", tests = ["tests/unit/..."] }  nothing outside shows it; what does

Node ids are as in `rfc9568.toml`: * stands for any text.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pytest

from pyvrrp.conf.status import ACTED_ON, statuses

from .collected import ROOT, exists

FILES = [
    tomllib.loads(path.read_text())
    for path in sorted((Path(__file__).parent / "keywords").glob("*.toml"))
]
LEDGER = {block: rows for file in FILES for block, rows in file.items()}

STATUSES = {(s.block, s.keyword): s.status for s in statuses()}

OUTSIDE = ("tests/netns/", "tests/ipvs/")
"""Tests that run whole processes on a real kernel and look at what is around them."""

BLOCKS = (
    "(root)",
    "bfd_instance",
    "garp_group",
    "global_defs",
    "global_defs/notification_email",
    "interface_up_down_delays",
    "linkbeat_interfaces",
    "track_file",
    "track_group",
    "virtual_ipaddress/address",
    "virtual_routes/route",
    "virtual_routes/route/encap",
    "virtual_rules/rule",
    "vrrp_instance",
    "vrrp_instance/auth_hmac",
    "vrrp_instance/authentication",
    "vrrp_instance/track_bfd",
    "vrrp_instance/track_file",
    "vrrp_instance/track_interface",
    "vrrp_instance/track_process",
    "vrrp_instance/track_script",
    "vrrp_instance/unicast_peer",
    "vrrp_instance/use_ipvlan",
    "vrrp_instance/use_vmac",
    "vrrp_script",
    "vrrp_sync_group",
    "vrrp_track_file",
    "vrrp_track_process",
)
"""The blocks that are complete."""

_SYNC = "lvs_sync_daemon"
OF_CHECKERS = {
    "(root)": {"SSL", "virtual_server", "virtual_server_group"},
    "global_defs": {
        *("enable_snmp_checker", "no_checker_emails", "rs_init_notifies", "smtp_alert_checker"),
        *({s.keyword for s in statuses() if s.keyword.startswith(("checker_", "lvs_"))} - {_SYNC}),
        *("nftables_ipvs", "nftables_ipvs_priority", "nftables_ipvs_start_fwmark"),
        *("snmp_rs_stats_update_interval", "snmp_vs_stats_update_interval"),
    },
}
"""Words of virtual servers, which have no rows."""


def faults(row: object, status: str, node_ids: Collection[str]) -> list[str]:
    """What is wrong with one row, given what becomes of the keyword and the tests that exist."""
    match row:
        case list():
            tests, reason = row, ""
        case {"reason": str(reason), "tests": list(tests), **others} if not others:
            pass
        case {"reason": str(reason), **others} if not others:
            tests = []
        case _:
            return ["it is neither a list of tests nor a reason"]
    wrong = [f"no such test: {test}" for test in tests if not exists(test, node_ids)]
    seen = [test for test in tests if test.startswith(OUTSIDE)]
    if not reason and (not tests or seen != tests):
        wrong.append("not seen from outside, and no reason")
    if status != ACTED_ON and not reason:
        wrong.append(f"{status} without a reason")
    return wrong


@pytest.mark.parametrize("block", LEDGER)
def test_rows(block: str, node_ids: Collection[str]) -> None:
    rows = LEDGER[block].items()
    found = {
        word: faults(row, STATUSES.get((block, word), "unknown"), node_ids) for word, row in rows
    }
    assert {word: wrong for word, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("block", BLOCKS)
def test_no_keyword_is_missing(block: str) -> None:
    rows = [word for file in FILES for word in file.get(block, ())]
    keywords = {word for path, word in STATUSES if path == block} - OF_CHECKERS.get(block, set())
    assert Counter(rows) == Counter(keywords)


def test_no_block_is_unknown() -> None:
    assert set(LEDGER) <= set(BLOCKS)


def test_what_most_files_have_is_seen() -> None:
    """Of the words of the first rank none has a reason in the place of a test."""
    ranks = (ROOT / "tests/unit/conf/keywords.tsv").read_text().splitlines()
    first = [line.split("\t")[:2] for line in ranks if line.endswith("\tA")]
    rows = {(block, word): LEDGER[block].get(word) for block, word in first if block in LEDGER}
    assert len(rows) > 60
    assert [word for word, row in rows.items() if isinstance(row, dict)] == []


SEEN = "tests/netns/a.py::test[one]"
UNIT = "tests/unit/b.py::test"


@pytest.mark.parametrize(
    ("row", "status", "is_fine"),
    [
        pytest.param([SEEN], ACTED_ON, True, id="seen"),
        pytest.param(["tests/netns/a.py::test[*"], ACTED_ON, True, id="any parameter"),
        pytest.param([SEEN, "tests/netns/a.py::gone"], ACTED_ON, False, id="one is gone"),
        pytest.param([SEEN, UNIT], ACTED_ON, False, id="one is not outside"),
        pytest.param([], ACTED_ON, False, id="nothing"),
        pytest.param({"reason": "x", "tests": [UNIT]}, ACTED_ON, True, id="reason and test"),
        pytest.param({"reason": "x"}, ACTED_ON, True, id="reason"),
        pytest.param({"reason": "", "tests": [UNIT]}, ACTED_ON, False, id="empty reason"),
        pytest.param({"reason": "x", "tests": ["tests/c.py::x"]}, ACTED_ON, False, id="no test"),
        pytest.param({"reason": "x", "test": [UNIT]}, ACTED_ON, False, id="unknown field"),
        pytest.param({"tests": [SEEN]}, ACTED_ON, False, id="no reason"),
        pytest.param([SEEN], "accepted", False, id="accepted"),
        pytest.param({"reason": "x"}, "accepted", True, id="accepted with reason"),
    ],
)
def test_the_rule_itself(row: object, status: str, is_fine: bool) -> None:
    assert (not faults(row, status, {SEEN, UNIT})) is is_fine
