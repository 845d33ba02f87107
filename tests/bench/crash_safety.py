"""SIGKILL to each process in each state: what remains, and how long until it is right again.

Right is what was before: who has the addresses and who advertises, what is in the kernel, the BFD
session, and which scripts and how many processes run. `left` is what there is more than that when a
child was killed; when the parent was, what remains once its children have ended; when all were, what
remains at once. Sites of both makers and of all states live side by side, but die one by one.

The checker process needs a kernel with IPVS; the row "truth" kills it there. The loader and the
dumper live for moments, and tests/unit/daemon has them die. keepalived has no process for scripts.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import TypeAlias

from netnslab import Lab, wait_until
from tests.bench import inventory
from tests.bench.crash_site import INTERVAL, Site, State
from tests.bench.inventory import Inventory
from tests.bench.report import Figure, Plan, Samples, compare
from tests.bench.routers import MAKERS, Maker, active_down_interval

__all__ = ["measure"]

_ROW = "crash safety"
_NEVER = 4.0  # s after which what is not right counts as never right again
_CALM = 1.0  # s that it has to stay right
_BFD_CALM = 3.5  # s; a BFD process that was started again waits 3 s before it calls a session down
_TURN = 1.5  # s that others wait for one that does not get right
_SLACK = 1.0  # s; more than a start of Python takes

_BFD, _SCRIPTS = "BFD process", "SCRIPTS process"
_SILENT = (_BFD, _SCRIPTS)
"""They advertise nothing."""
_CHILDREN = {"VRRP process": "vrrp", _BFD: "bfd", _SCRIPTS: ""}
"""To the name of its PID file."""
_RELOADING = "VRRP process in a reload"
_PARENT, _ALL = "parent", "all processes"
_ANOTHER = "all processes, then another file"
_STOPPED = "started again and stopped"
_WHAT = (*_CHILDREN, _RELOADING, _PARENT, _ALL, _ANOTHER, _STOPPED)

_LIKE_THEIRS = frozenset({_PARENT, _STOPPED})
"""After these some files may be left, as of keepalived: a PID file, and the FIFO, which the next
process takes for somebody else's."""


def _samples() -> Samples:
    return defaultdict(list)


@dataclass
class _Case:
    """What was measured of one case; all but `left` in seconds."""

    silence: Samples = field(default_factory=_samples)
    ended: Samples = field(default_factory=_samples)
    right: Samples = field(default_factory=_samples)
    left: Samples = field(default_factory=_samples)
    words: dict[str, str] = field(default_factory=dict)

    def note_left(self, maker: Maker, found: Inventory) -> None:
        """What is left, of the last time in words."""
        self.left[maker.value].append(float(found.total()))
        self.words[maker.value] = inventory.words(found)


_Cases: TypeAlias = dict[tuple[State, str], _Case]


class _Story:
    """What a site lives through. `turn` is held while one of them dies and comes back."""

    def __init__(self, site: Site, cases: _Cases, turn: threading.Lock) -> None:
        self.site = site
        self._cases = cases
        self._turn = turn

    def of_children(self) -> None:
        """Each child dies; a site that does not get right by itself begins anew."""
        for what, name in _CHILDREN.items():
            if name or self.site.maker is Maker.OURS:
                self._child(what, partial(self.site.kill_child, name))

    def of_a_reload(self) -> None:
        """And one dies when there are new settings. Raises: DeadlinePassed."""
        self._child(_RELOADING, self._kill_reloading)
        self.site.stop()

    def of_the_daemon(self) -> None:
        """The parent dies, and then all at once. Raises: DeadlinePassed."""
        self._parent()
        self._all()
        if self.site.state is State.ACTIVE:
            self._another_file()
        self.site.stop()
        self._case(_STOPPED).note_left(self.site.maker, self._remains())

    def _case(self, what: str) -> _Case:
        return self._cases[self.site.state, what]

    def _remains(self) -> Inventory:
        return inventory.take(self.site.host) - self.site.pristine

    def _child(self, what: str, kill: Callable[[], int]) -> None:
        site, case = self.site, self._case(what)
        with self._turn:
            since, start = site.frames(), time.monotonic()
            dead = kill()
            if what not in _SILENT:
                self._note_silence(case, since, start)
            first = self._first_right(start, dead)
        calm = _BFD_CALM if what == _BFD else _CALM
        case.note_left(site.maker, self._get_right(case, since, start, first, calm))

    def _kill_reloading(self) -> int:
        self.site.reload()
        time.sleep(0.02)
        return self.site.kill_child("vrrp")

    def _parent(self) -> None:
        site, case = self.site, self._case(_PARENT)
        with self._turn:
            since, start = site.frames(), time.monotonic()
            site.kill_parent()
            self._note_silence(case, since, start)
            wait_until(site.is_daemon_gone, what="the end of its children", timeout=15)
            case.ended[site.maker.value].append(time.monotonic() - start)
            case.note_left(site.maker, self._remains())
            again = self._start_again()
        self._get_right(case, *again, _CALM)

    def _all(self) -> None:
        site, case = self.site, self._case(_ALL)
        with self._turn:
            since, start = site.frames(), time.monotonic()
            site.kill_all()
            case.note_left(site.maker, self._remains())
            self._note_silence(case, since, start)
            again = self._start_again()
        self._get_right(case, *again, _CALM)

    def _another_file(self) -> None:
        site, case = self.site, self._case(_ANOTHER)
        with self._turn:
            site.kill_all()
            site.write_another_file()
            start = time.monotonic()
            site.start()
        while site.old_addresses() and time.monotonic() < start + _NEVER:
            time.sleep(0.01)
        case.right[site.maker.value].append(min(time.monotonic() - start, _NEVER))
        case.note_left(site.maker, site.old_addresses())

    def _start_again(self) -> tuple[int, float, float | None]:
        """How many frames there were before, when it was, and when it seemed right."""
        since, start = self.site.frames(), time.monotonic()
        self.site.start()
        return since, start, self._first_right(start)

    def _note_silence(self, case: _Case, since: int, start: float) -> None:
        """Of one that is Active: between two Advertisements, whoever speaks."""
        if self.site.state is State.ACTIVE:
            case.silence[self.site.maker.value].append(self.site.silence(since, start))

    def _first_right(self, start: float, dead: int = 0) -> float | None:
        """When it seems right for the first time; None: others must not wait that long."""
        while time.monotonic() < start + _TURN:
            if self.site.seems_right(dead):
                return time.monotonic()
            time.sleep(0.01)
        return None

    def _get_right(
        self, case: _Case, since: int, start: float, first: float | None, calm: float
    ) -> Inventory:
        """Note when it was right, for good; returns what there is more than before."""
        site, right_at = self.site, first
        while True:
            now = time.monotonic()
            if not site.seems_right():
                right_at = None
                if now >= start + _NEVER:
                    break
            elif right_at is None:
                right_at = now
            elif now >= right_at + calm:
                break
            time.sleep(0.03)
        things = inventory.take(site.host)
        if right_at is None or site.right.things - things:
            seconds = _NEVER
        else:
            seconds = max(right_at, site.last_wrong_word(since)) - start
        case.right[site.maker.value].append(min(seconds, _NEVER))
        if seconds >= _NEVER or things != site.right.things:
            site.renew()
        return things - site.right.things


_TELLINGS: tuple[tuple[State, tuple[Callable[[_Story], None], ...]], ...] = (
    (State.ACTIVE, (_Story.of_children, _Story.of_a_reload)),
    (State.ACTIVE, (_Story.of_the_daemon,)),
    (State.BACKUP, (_Story.of_children, _Story.of_the_daemon)),
    (State.FAULT, (_Story.of_children, _Story.of_the_daemon)),
)
"""What is told side by side; that of Active is the longest."""


def measure(plan: Plan) -> Iterator[Figure]:
    """Tell all of both makers; then what was seen."""
    cases = {(state, what): _Case() for state in State for what in _WHAT}
    turn = threading.Lock()
    with Lab() as lab, ThreadPoolExecutor(len(_TELLINGS) * len(MAKERS)) as pool:
        stories = []
        for number, (state, tellings) in enumerate(_TELLINGS):
            for maker in MAKERS:
                site = Site(lab, f"{maker.value[0]}{number}", maker, state)
                stories.append((_Story(site, cases, turn), tellings))
        sites = [story.site for story, _ in stories]
        list(pool.map(Site.prepare, sites))  # results are looked at for what they raise
        for _ in range(plan.choose(3, 1)):
            list(pool.map(Site.begin, sites))
            list(pool.map(_tell, stories))
    for (state, what), case in cases.items():
        yield from _figures(what, f"{state.value}, {what}", case)


def _tell(story: tuple[_Story, tuple[Callable[[_Story], None], ...]]) -> None:
    about, tellings = story
    for telling in tellings:
        telling(about)


def _figures(what: str, name: str, case: _Case) -> Iterator[Figure]:
    if case.silence:
        floor = active_down_interval(INTERVAL)
        yield _compare(f"{name}: silence", "s", case.silence, slack=floor)
    if case.ended:
        yield _compare(f"{name}: its children have ended", "s", case.ended, slack=_SLACK)
    if case.right:
        yield _compare(f"{name}: right ({_NEVER:g}: never)", "s", case.right, slack=_SLACK)
    told = [f"{maker.value} {case.words.get(maker.value)}" for maker in MAKERS]
    left = "; ".join([f"{name}: left", *(each for each in told if each[-1].isdigit())])
    if what == _ALL:  # what the next start is there for
        values = (median(case.left[maker.value]) for maker in MAKERS)
        yield Figure(_ROW, left, "", *values, samples=dict(case.left))
    elif case.left:
        yield _compare(left, "", case.left, most=None if what in _LIKE_THEIRS else 0)


def _compare(
    what: str, unit: str, samples: Samples, *, slack: float = 0.0, most: float | None = None
) -> Figure:
    """Side by side; alone where keepalived has no such process."""
    found = dict(samples)
    if Maker.KEEPALIVED.value in found:
        return compare(_ROW, what, unit, found, slack=slack, most=most)
    ours, bound = median(found[Maker.OURS.value]), slack if most is None else most
    text = f"<= {bound:g} {unit}".rstrip()
    return Figure(_ROW, what, unit, ours, None, text, ours <= bound, found)
