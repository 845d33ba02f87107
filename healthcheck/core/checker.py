"""One check of one real server: how many failures make it down, and when it comes again.

Three counts are kept: failures in a row, the URL that is next, and the successes that an HTTP check
still needs. What the results mean for the server and its service is decided in `service`.
Behaviour: keepalived 2.4.3, seen running.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from .model import Check, HttpCheck, MiscCheck, ProbeResult, SmtpCheck, Timing

__all__ = ["CheckerState", "Outcome", "begin", "feed", "first_delay"]


@dataclass(frozen=True, slots=True)
class CheckerState:
    """What a check remembers between two attempts.

    `is_first`: nothing is known since a start, so that one failure is enough; never after a reload.
    `failures` counts those in a row since the last success or since it went down.
    `url` is the index of the URL to fetch next, `missing` the successes needed to be up (HTTP only).
    `is_hasty`: repeat after `delay_before_retry` until the next success (MISC_CHECK, see `begin`).
    """

    is_up: bool
    is_first: bool = False
    failures: int = 0
    url: int = 0
    missing: int = 0
    is_hasty: bool = False


class Outcome(NamedTuple):
    """What follows from one attempt.

    `change`: True, the check came up; False, it went down; None, nothing to tell.
    `delay` is seconds until the next attempt, counted from the start of this one if `from_start`,
    else from its end.
    """

    state: CheckerState
    change: bool | None
    delay: float
    from_start: bool


def first_delay(timing: Timing, random: float) -> float:
    """Seconds from start or reload to the first attempt; `random` is 0..1."""
    return 1.0 + timing.warmup * random


def begin(
    check: Check,
    *,
    is_reload: bool,
    carried: CheckerState | None = None,
    is_up: bool | None = None,
) -> CheckerState:
    """State before the first attempt after a start or reload.

    `carried` is the state of the same check before the reload: it goes on, retries included.
    `is_up` is what `service` takes a new check for; None: up unless `alpha`.
    """
    if carried is not None:
        # keepalived: a program that was failing at a reload is run at the retry's pace.
        is_hasty = isinstance(check, MiscCheck) and not carried.is_up
        return replace(carried, is_hasty=is_hasty)
    if is_up is None:
        is_up = not check.timing.alpha
    missing = 0 if is_up else _urls(check)
    if is_up and not is_reload:
        return _HOPEFUL  # thousands at a start
    return CheckerState(is_up, is_first=not is_reload, missing=missing)


def feed(check: Check, state: CheckerState, result: ProbeResult) -> Outcome:
    """Take in the result of one attempt.

    A result that is no verdict changes nothing, and the check comes again after `delay_loop`.
    """
    from_start = isinstance(check, MiscCheck)
    if not result.is_verdict:
        return Outcome(state, None, check.timing.delay_loop, from_start)
    after, change, delay = (_succeeded if result.is_success else _failed)(check, state)
    return Outcome(after, change, delay, from_start)


def _urls(check: Check) -> int:
    return len(check.urls) if isinstance(check, HttpCheck) else 0


def _succeeded(check: Check, state: CheckerState) -> tuple[CheckerState, bool | None, float]:
    delay = check.timing.delay_loop
    if not isinstance(check, HttpCheck):
        if state == _STEADY:
            return state, None, delay
        return _STEADY, None if state.is_up else True, delay
    url = (state.url + 1) % max(1, len(check.urls))
    if state.is_up:
        return CheckerState(True, url=url), None, delay
    missing = state.missing - 1
    if missing <= 0:
        return CheckerState(True, url=url), True, delay
    if missing == len(check.urls):
        url = 0  # the URL that failed works again: now all, from the first
    return (
        CheckerState(False, url=url, missing=missing),
        None,
        0.0 if check.fast_recovery else delay,
    )


_STEADY = CheckerState(is_up=True)
_HOPEFUL = CheckerState(is_up=True, is_first=True)


def _failed(check: Check, state: CheckerState) -> tuple[CheckerState, bool | None, float]:
    timing = check.timing
    failures = state.failures + 1
    if state.is_first or (state.is_up and failures > timing.retry):
        return _down(check, state), _first_word(check, state), _pace_while_down(check)
    if state.is_up:
        return replace(state, failures=failures), None, timing.delay_before_retry
    if isinstance(check, SmtpCheck) and failures <= timing.retry:
        return replace(state, failures=failures), None, timing.delay_before_retry
    delay = timing.delay_before_retry if state.is_hasty else _pace_while_down(check)
    return replace(_down(check, state), is_hasty=state.is_hasty), None, delay


def _down(check: Check, state: CheckerState) -> CheckerState:
    """Down: an HTTP check needs the URL that failed, then every URL again."""
    urls = _urls(check)
    return CheckerState(False, url=state.url, missing=urls + 1 if urls else 0)


def _first_word(check: Check, state: CheckerState) -> bool | None:
    """False, that it is down; None under `alpha` for HTTP, where keepalived does not say it."""
    return None if not state.is_up and isinstance(check, HttpCheck) else False


def _pace_while_down(check: Check) -> float:
    """As 2.4 has it (quirk: retries-while-down)."""
    timing = check.timing
    if isinstance(check, HttpCheck):
        return max(timing.delay_loop, timing.delay_before_retry)
    return timing.delay_loop
