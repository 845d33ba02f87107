"""Gaps between announcements, per interface or group, and those on further interfaces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from pyvrrp.extra_announcements import ExtraAnnouncements
from pyvrrp.pacing import Pacing
from pyvrrp.settings import AnnouncementGaps, GapGroup, VirtualRouterSettings
from pyvrrp.settings import ExtraAnnouncements as Extra
from tests.unit.fakes import FakeLoop, as_loop

_ARP = b"." * 12 + b"\x08\x06"
_NA = b"." * 12 + b"\x86\xdd"


@dataclass(eq=False)
class _Router:
    is_active: bool = True


@dataclass
class _Link:
    """Its `send` is a way out of the interface of that name."""

    name: str

    def __hash__(self) -> int:
        return hash(self.name)

    def send(self, frame: bytes) -> int:
        return len(frame)


class _Bench:
    """Takes down when what left by which interface."""

    def __init__(self, gaps: AnnouncementGaps) -> None:
        self.loop = FakeLoop()
        self.sent: list[tuple[float, str, bytes]] = []
        self.router = _Router()
        self.pacing = Pacing(
            gaps, as_loop(self.loop), self._note, lambda send: cast(Any, send).__self__.name
        )

    def take(self, count: int, *frames: tuple[str, bytes]) -> int:
        outgoing = tuple((_Link(name).send, frame) for name, frame in frames)
        return len(self.pacing.take(cast(Any, self.router), outgoing, count))

    def _note(self, _router: object, frames: Any) -> None:
        for send, frame in frames:
            self.sent.append((round(self.loop.now, 3), send.__self__.name, frame))


@pytest.mark.parametrize(
    ("gaps", "left", "times"),
    [
        pytest.param(
            AnnouncementGaps(0.5), 2, [("a", 0.0), ("b", 0.0), ("a", 0.5), ("b", 0.5)], id="default"
        ),
        pytest.param(
            AnnouncementGaps(0.5, groups=(GapGroup(("a", "b"), 0.2),)),
            2,
            [("a", 0.0), ("b", 0.2), ("a", 0.4), ("b", 0.6)],
            id="group",
        ),
        pytest.param(
            AnnouncementGaps(0.5, groups=(GapGroup(("b",), na=1.0),)),
            2,
            [("a", 0.0), ("a", 0.5), ("b na", 0.0), ("b na", 1.0)],
            id="a group has nothing of the default",
        ),
    ],
)
def test_gaps(gaps: AnnouncementGaps, left: int, times: list[tuple[str, float]]) -> None:
    """Two of each; `left` are those that nothing keeps back."""
    bench = _Bench(gaps)
    assert bench.take(2, ("a", _ARP), ("b", _ARP), ("a", _NA), ("b", _NA)) == left
    bench.loop.advance(5.0)
    seen = [(f"{name} na" if frame == _NA else name, at) for at, name, frame in bench.sent]
    assert sorted(seen) == sorted(times)


def test_a_frame_waits_once_and_not_for_a_router_that_steps_back() -> None:
    bench = _Bench(AnnouncementGaps(1.0))
    for _ in range(3):
        bench.take(5, ("a", _ARP))
    bench.loop.advance(3.0)
    assert [at for at, _, _ in bench.sent] == [0.0, 1.0, 2.0, 3.0]
    bench.router.is_active = False
    bench.loop.advance(20.0)
    assert len(bench.sent) == 4


class _Holding:
    def extra_frames(self, *, everywhere: bool) -> tuple[str, ...]:
        return ("all" if everywhere else "own",)


def test_extra_interfaces() -> None:
    """After the second burst of a takeover, then again and again while Active."""
    settings = VirtualRouterSettings.of("v", "eth0", 51, ["192.0.2.100/24"])
    loop, told = FakeLoop(), []

    @dataclass(eq=False)
    class Active(_Router):
        settings: Any = None
        config: Any = None
        holdings: Any = None

    extra = ExtraAnnouncements(
        as_loop(loop), lambda _, frames, count: told.append((loop.now, *frames, count))
    )
    router = Active(True, _with(settings, Extra(10.0)), settings.protocol, _Holding())
    extra.follow(cast(Any, router))
    loop.advance(30.0)
    assert told == [(15.0, "own", 1), (25.0, "own", 1)]
    router.settings = _with(settings, Extra(60.0, everywhere=True))
    extra.follow(cast(Any, router))
    loop.advance(100.0)
    assert told[2:] == [(95.0, "all", 1)]
    router.is_active = False
    extra.follow(cast(Any, router))
    loop.advance(999.0)
    assert len(told) == 3


def _with(settings: VirtualRouterSettings, extra: Extra) -> VirtualRouterSettings:
    return replace(settings, extra_announcements=extra)
