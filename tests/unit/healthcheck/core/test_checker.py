"""One check: failures until it is down, successes until it is up, and the pace meanwhile.

Each row is a sequence of results with what follows from each; most are keepalived's own traces.
"""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.core.checker import CheckerState, Outcome, begin, feed, first_delay
from healthcheck.core.model import (
    DnsCheck,
    FileCheck,
    HttpCheck,
    MiscCheck,
    ProbeResult,
    SmtpCheck,
    Target,
    TcpCheck,
    Timing,
    Url,
)

TARGET = Target(IPv4Address("10.1.0.1"), 80)
TIMING = Timing(delay_loop=2.0, retry=1, delay_before_retry=1.0, warmup=0.0)
ALPHA = replace(TIMING, alpha=True)
ONE = (Url("/"),)
THREE = (Url("/a"), Url("/b"), Url("/c"))
GOOD = ProbeResult(True)
BAD = ProbeResult(False)
UP = CheckerState(is_up=True)

TCP = TcpCheck(TARGET, TIMING)
SMTP = SmtpCheck(TARGET, timing=replace(TIMING, retry=2))
DNS = DnsCheck(TARGET, timing=Timing(delay_loop=1.5, retry=3, delay_before_retry=1.5))
MISC = MiscCheck(("/m",), 5.0, timing=Timing(delay_loop=2.0, retry=2, delay_before_retry=0.5))
HTTP = HttpCheck(TARGET, ONE, TIMING)
HTTP_SLOW = HttpCheck(TARGET, ONE, replace(TIMING, delay_before_retry=3.0))
HTTP_3 = HttpCheck(TARGET, THREE, TIMING)
HTTP_FAST = HttpCheck(TARGET, THREE, TIMING, fast_recovery=True)


def follow(check, state, results):
    """What is told and the pause after each result: "+" a success, "-" a failure."""
    seen = []
    for letter in results:
        outcome = feed(check, state, GOOD if letter == "+" else BAD)
        state = outcome.state
        told = {True: "UP", False: "DOWN", None: "."}[outcome.change]
        seen.append(f"{told} {outcome.delay:g}")
    return " ".join(seen)


def urls_fetched(check, state, results):
    fetched = ""
    for letter in results:
        fetched += check.urls[state.url].path[1:]
        state = feed(check, state, GOOD if letter == "+" else BAD).state
    return fetched


@pytest.mark.parametrize(
    ("check", "results", "expected"),
    [
        pytest.param(TCP, "+--", ". 2 . 1 DOWN 2", id="retry 1 takes two failures"),
        pytest.param(TCP, "+-+-+--", ". 2 . 1 . 2 . 1 . 2 . 1 DOWN 2", id="counts anew"),
        pytest.param(TCP, "-", "DOWN 2", id="at first one failure is enough"),
        pytest.param(TCP, "---+", "DOWN 2 . 2 . 2 UP 2", id="down: delay_loop; one success"),
        pytest.param(DNS, "+----+", ". 1.5 . 1.5 . 1.5 . 1.5 DOWN 1.5 UP 1.5", id="DNS, retry 3"),
        pytest.param(MISC, "+---+", ". 2 . 0.5 . 0.5 DOWN 2 UP 2", id="MISC, retry 2"),
        pytest.param(
            SMTP, "+---" + "---" + "-+", ". 2 . 1 . 1 DOWN 2 . 1 . 1 . 2 . 1 UP 2", id="SMTP series"
        ),
        pytest.param(SMTP, "-----", "DOWN 2 . 1 . 1 . 2 . 1", id="SMTP, down at first"),
        pytest.param(HTTP, "+--++", ". 2 . 1 DOWN 2 . 2 UP 2", id="one URL, two successes"),
        pytest.param(HTTP, "+--+-++", ". 2 . 1 DOWN 2 . 2 . 2 . 2 UP 2", id="in a row"),
        pytest.param(HTTP_SLOW, "+---+", ". 2 . 3 DOWN 3 . 3 . 2", id="HTTP: the larger pause"),
        pytest.param(HTTP_3, "+--++++", ". 2 . 1 DOWN 2 . 2 . 2 . 2 UP 2", id="three URLs, four"),
        pytest.param(HTTP_FAST, "+--++++", ". 2 . 1 DOWN 2 . 0 . 0 . 0 UP 2", id="fast_recovery"),
        pytest.param(HTTP_FAST, "+--++-", ". 2 . 1 DOWN 2 . 0 . 0 . 2", id="and fails in between"),
    ],
)
def test_after_a_start(check, results, expected):
    assert follow(check, begin(check, is_reload=False), results) == expected


@pytest.mark.parametrize(
    ("check", "results", "expected"),
    [
        pytest.param(TcpCheck(TARGET, ALPHA), "+", "UP 2", id="the first success"),
        pytest.param(TcpCheck(TARGET, ALPHA), "--+", "DOWN 2 . 2 UP 2", id="first failure is told"),
        pytest.param(HttpCheck(TARGET, ONE, ALPHA), "-++", ". 2 . 2 UP 2", id="but not for HTTP"),
        pytest.param(HttpCheck(TARGET, ONE, ALPHA), "+", "UP 2", id="HTTP: every URL once"),
        pytest.param(HttpCheck(TARGET, THREE, ALPHA), "+++", ". 2 . 2 UP 2", id="three URLs"),
    ],
)
def test_alpha(check, results, expected):
    state = begin(check, is_reload=False)
    assert not state.is_up
    assert follow(check, state, results) == expected


@pytest.mark.parametrize(
    ("check", "results", "expected"),
    [
        pytest.param(TCP, "--", ". 1 DOWN 2", id="the full retry"),
        pytest.param(TcpCheck(TARGET, ALPHA), "--+", ". 2 . 2 UP 2", id="alpha: nothing told"),
        pytest.param(FileCheck("/f"), "-+", "DOWN 60 UP 60", id="no retry"),
    ],
)
def test_a_check_that_a_reload_adds(check, results, expected):
    assert follow(check, begin(check, is_reload=True), results) == expected


@pytest.mark.parametrize(
    ("check", "before", "results", "expected"),
    [
        pytest.param(TCP, UP, "--", ". 1 DOWN 2", id="up"),
        pytest.param(TCP, replace(UP, failures=1), "-", "DOWN 2", id="a retry in progress"),
        pytest.param(TCP, CheckerState(False), "-+", ". 2 UP 2", id="down"),
        pytest.param(
            HTTP, CheckerState(False, missing=1), "+", "UP 2", id="half of the way back is kept"
        ),
        pytest.param(
            MISC, CheckerState(False), "--+---", ". 0.5 . 0.5 UP 2 . 0.5 . 0.5 DOWN 2", id="MISC"
        ),
        pytest.param(MISC, UP, "---", ". 0.5 . 0.5 DOWN 2", id="MISC, up"),
    ],
)
def test_a_check_that_a_reload_keeps(check, before, results, expected):
    assert follow(check, begin(check, is_reload=True, carried=before), results) == expected


def test_a_new_check_of_a_known_server_starts_as_its_service_says():
    alpha = TcpCheck(TARGET, ALPHA)
    assert begin(alpha, is_reload=True, is_up=True) == UP
    assert begin(HTTP_3, is_reload=True, is_up=False) == CheckerState(False, missing=3)


@pytest.mark.parametrize(
    ("results", "fetched"),
    [
        pytest.param("+++++++", "abcabca", id="in turn"),
        pytest.param("+-+++", "abbca", id="the one that fails again, then the next"),
        pytest.param("+--" + "++++" + "++", "abb" + "babc" + "ab", id="back: it, then all"),
        pytest.param("+--" + "+-" + "++++", "abb" + "ba" + "aabc", id="another fails on the way"),
    ],
)
def test_which_url_is_next(results, fetched):
    assert urls_fetched(HTTP_3, begin(HTTP_3, is_reload=False), results) == fetched


def test_what_this_host_could_not_try_counts_for_nothing():
    no_verdict = ProbeResult(False, "too many open files", is_verdict=False)
    state = replace(UP, failures=1)
    assert feed(TCP, state, no_verdict) == Outcome(state, None, 2.0, from_start=False)
    first = begin(TCP, is_reload=False)
    assert feed(TCP, first, no_verdict).state == first


def test_a_program_is_started_in_a_rhythm_others_after_a_pause():
    assert feed(MISC, UP, GOOD).from_start
    assert not feed(TCP, UP, GOOD).from_start
    assert not feed(HTTP, UP, BAD).from_start


@pytest.mark.parametrize(
    ("warmup", "random", "delay"), [(0.0, 0.9, 1.0), (60.0, 0.0, 1.0), (60.0, 0.5, 31.0)]
)
def test_the_first_attempt_comes_a_second_and_part_of_warmup_later(warmup, random, delay):
    assert first_delay(Timing(warmup=warmup), random) == delay


CHECKS = st.sampled_from([TCP, SMTP, DNS, MISC, HTTP, HTTP_SLOW, HTTP_3, HTTP_FAST])


@given(CHECKS, st.booleans(), st.lists(st.sampled_from([GOOD, BAD]), max_size=60))
def test_changes_alternate_and_the_state_says_the_same(check, is_reload, results):
    state = begin(check, is_reload=is_reload)
    is_up = state.is_up
    for result in results:
        state, change, delay, _ = feed(check, state, result)
        assert change is None or change is not is_up
        is_up = is_up if change is None else change
        assert state.is_up is is_up
        assert delay >= 0.0
        assert state.failures <= check.timing.retry


@given(CHECKS, st.lists(st.sampled_from([GOOD, BAD]), max_size=40))
def test_enough_of_one_kind_decides(check, results):
    state = begin(check, is_reload=True)
    for result in results:
        state = feed(check, state, result).state
    up = down = state
    for _ in range(4):
        up = feed(check, up, GOOD).state
        down = feed(check, down, BAD).state
    assert up.is_up
    assert not down.is_up
