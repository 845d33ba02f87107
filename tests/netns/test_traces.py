"""How traces of scenarios are made and compared."""

from __future__ import annotations

import pytest

from tests.netns.scenarios.frames import said
from tests.netns.scenarios.trace import (
    Happening,
    Trace,
    Wire,
    differences,
    story,
    unexplained,
    unused,
)

_GARP = "ffffffffffff020000000101" + "08060001080006040001020000000101c000026effffffffffffc000026e"
_NA = (
    "33330000000100005e000234"
    + "86dd6000000000203aff20010db8000000000000000000000100ff020000000000000000000000000001"
    + "8800f62ca000000020010db8000000000000000000000100020100005e000234"
)
_V2_PASS = (
    "01005e000012020000000101080045c0002c00010000ff70188dc0000201e0000012"
    + "210796020101c429c0000264c00002650000000000000000"
)
_V2_AH = (
    "01005e000012020000000101080045c0004000010000ff3318b6c0000201e0000012"
    + "70040000c000020100000001c6ef6ced2ac8c553d697125b210896010201847cc00002780000000000000000"
)
_V3_UNICAST = (
    "02000000020102000000010186dd6c0df79b002070ff20010db800000000000000000000000120010db80000000000000000"
    + "0000000231340001001e7b4620010db8000000000000000000000100"
)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        pytest.param(_GARP, "GARP request 192.0.2.110 is at own MAC from own MAC", id="garp"),
        pytest.param(
            _NA,
            "NA router override 2001:db8::100 is at virtual MAC from virtual MAC",
            id="advertisement of a neighbour",
        ),
        pytest.param(
            _V2_PASS,
            "v2 PASS 7 priority 150 every 1 s 192.0.2.1 > 224.0.0.18 from own MAC: 192.0.2.100 192.0.2.101",
            id="password",
        ),
        pytest.param(
            _V2_AH,
            "v2 AH 8 priority 150 every 1 s 192.0.2.1 > 224.0.0.18 from own MAC: 192.0.2.120",
            id="authentication header",
        ),
        pytest.param(
            _V3_UNICAST,
            "v3 52 priority 0 every 0.3 s 2001:db8::1 > 2001:db8::2 from own MAC: 2001:db8::100",
            id="unicast",
        ),
    ],
)
def test_frames_in_words(frame: str, words: str) -> None:
    found = said(bytes.fromhex(frame), {"02:00:00:00:01:01": "own MAC"})
    assert found is not None
    assert found.words == words


def test_what_is_only_repeated_is_there_once() -> None:
    wire = Wire()
    assert [wire.is_news(each) for each in "aaba"] == [True, False, True, True]
    assert [wire.announce(each) for each in "xyxx"] == ["x", "y", None, None]
    assert wire.is_news("b")
    assert wire.announce("x") == "x"
    wire.forget()
    assert wire.is_news("b")


def test_announcements_that_are_counted() -> None:
    wire = Wire(count=True)
    assert wire.is_news("a")
    assert [wire.announce("x") for _ in "12"] == ["x, number 1", "x, number 2"]
    assert not wire.is_news("a")
    assert wire.announce("x") == "x, number 3"


def _trace(states: str, addresses: str = "+") -> Trace:
    return {
        ("a", "vr", "state"): [Happening("start a", each) for each in states],
        ("a", "vr", "address"): [Happening("start a", each) for each in addresses],
    }


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        pytest.param("BM", "BM", [], id="equal"),
        pytest.param("BM", "BMF", ["a vr, start a: only ours: state F"], id="more"),
        pytest.param("BM", "M", ["a vr, start a: only keepalived: state B"], id="less"),
        pytest.param(
            "BM",
            "MB",
            ["a vr, start a: only ours: state M", "a vr, start a: only keepalived: state M"],
            id="another order",
        ),
    ],
)
def test_differences(theirs: str, ours: str, expected: list[str]) -> None:
    assert differences(_trace(theirs), _trace(ours)) == expected


def test_what_only_one_has_at_all() -> None:
    theirs, ours = _trace("B"), _trace("B")
    del ours["a", "vr", "address"]
    assert differences(theirs, ours) == ["a vr, start a: only keepalived: address +"]
    assert differences(ours, theirs) == ["a vr, start a: only ours: address +"]


def test_the_step_is_told_but_not_compared() -> None:
    later = {("a", "vr", "state"): [Happening("stop a", "B")]}
    assert differences({("a", "vr", "state"): [Happening("start a", "B")]}, later) == []
    assert story(later) == ["a vr state:", "    stop a                   B"]


def test_known_differences_are_patterns_of_whole_lines() -> None:
    found = ["a vr, start a: only ours: state F", "b vr, start b: only ours: state F"]
    known = {"a .*: state F": "row", "a .*: state": "row"}
    assert unexplained(found, known) == found[1:]
    assert unused(found, known) == ["a .*: state"]
