"""The comparison itself: what counts as a difference."""

from __future__ import annotations

from tests.ipvs.parity.changes import Phase, Recorder, differences

_SERVICE, _SERVER = "[10.2.0.1]:tcp:80", "[10.2.0.1]:tcp:80 > [10.1.0.1]:80"
_WHOLE = {_SERVICE: "rr", _SERVER: "MASQUERADING w1"}


def recorded(*, down: float | None = 4.0, words: str = "a down", asked: str = "x") -> list[Phase]:
    """Started at 1 s; at 2 s something was done, whereupon a server went."""
    recorder = Recorder(tolerance=0.5)
    recorder.see_table(1.0, _WHOLE)
    recorder.hear(f"10.1.0.1: {asked}")
    recorder.begin("stimulus", 2.0, 0.5)
    if down is not None:
        recorder.see_table(down, {_SERVICE: "rr"})
        recorder.see_call(down, words)
    return recorder.phases


def test_same_and_nearly_same() -> None:
    assert differences(recorded(), recorded()) == []
    assert differences(recorded(), recorded(down=4.4)) == []


def test_different_times() -> None:
    assert differences(recorded(), recorded(down=4.6)) == [
        f"stimulus: times: - {_SERVER}: 2.00 s, ours 2.60 s",
        "stimulus: times: script a down: 2.00 s, ours 2.60 s",
    ]


def test_time_is_allowed_as_far_as_the_machine_was_late() -> None:
    late = recorded(down=4.6)
    late[-1].lateness = 0.1
    assert differences(recorded(), late) == []
    late[-1].lateness, late[-2].lateness = 0.0, 0.1
    assert differences(recorded(), late) == []


def test_what_only_one_did() -> None:
    assert differences(recorded(), recorded(down=None)) == [
        f"stimulus: keepalived: - {_SERVER}",
        "stimulus: keepalived: script a down",
    ]
    assert differences(recorded(), recorded(words="b down")) == [
        "stimulus: keepalived: script a down",
        "stimulus: ours: script b down",
    ]


def test_what_only_one_asked() -> None:
    assert differences(recorded(), recorded(asked="y")) == [
        "keepalived: asked 10.1.0.1: x",
        "ours: asked 10.1.0.1: y",
    ]


def test_flicker_is_one_change_or_none() -> None:
    recorder = Recorder(tolerance=0.5)
    recorder.see_table(1.0, _WHOLE)
    recorder.begin("stimulus", 2.0, 0.5)
    recorder.see_table(3.0, {_SERVICE: "rr"})
    recorder.see_table(3.1, _WHOLE)
    recorder.see_table(4.0, {**_WHOLE, _SERVER: "MASQUERADING w0"})
    recorder.see_table(4.1, {**_WHOLE, _SERVER: "MASQUERADING w5"})
    recorder.see_table(5.0, {**_WHOLE, _SERVER: "MASQUERADING w6"})
    assert recorder.phases[-1].events() == {
        f"~ {_SERVER} MASQUERADING w1 => MASQUERADING w5": [2.0],
        f"~ {_SERVER} MASQUERADING w5 => MASQUERADING w6": [3.0],
    }
