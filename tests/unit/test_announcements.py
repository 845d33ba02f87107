"""Repeats of announcements, and who may still speak when their time has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest

from pyvrrp.announcements import Announcements
from tests.unit.fakes import FakeLoop, as_loop, make_deadlines


@dataclass(eq=False)
class _Router:
    is_active: bool = True


class _Bench:
    """One router, and what it sent. When the sockets are read, `router_heard` makes it step back."""

    def __init__(self, *, router_heard: bool = False) -> None:
        self.loop = FakeLoop()
        self.router = _Router()
        self.sent: list[bytes] = []
        self._router_heard = router_heard
        loop = as_loop(self.loop)
        senders = cast(Any, None)  # not asked without gaps
        self.made = Announcements(loop, make_deadlines(self.loop), senders, self._listen)

    def _listen(self) -> None:
        self.router.is_active &= not self._router_heard

    def ask(self, how: str, count: int, *octets: bytes) -> None:
        frames = tuple((self.sent.append, each) for each in octets)
        getattr(self.made, how)(self.router, frames, count)


def test_announced_at_once_then_repeated() -> None:
    bench = _Bench()
    bench.ask("announce", 3, b"a", b"b")
    assert bench.sent == [b"a", b"b"]
    bench.loop.advance(0.1)
    assert bench.sent == [b"a", b"b"] * 3


def test_planned_ones_are_sent_as_often_as_asked() -> None:
    bench = _Bench()
    bench.ask("repeat", 5, b"a")
    assert bench.sent == []
    bench.loop.advance(0.1)
    assert bench.sent == [b"a"] * 5


@pytest.mark.parametrize(("how", "sent"), [("announce", [b"a"]), ("repeat", [])])
def test_who_hears_a_better_router_first_says_no_more(how: str, sent: list[bytes]) -> None:
    """The better router's announcement has to be the last that the neighbours hear."""
    bench = _Bench(router_heard=True)
    bench.ask(how, 5, b"a")
    bench.loop.advance(0.1)
    assert bench.sent == sent
