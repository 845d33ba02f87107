"""Changes of links that must last, on a fake clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyvrrp.link_states import LinkStates
from pyvrrp.net.monitor import InterfaceTable, LinkChanged, LinkRemoved
from pyvrrp.net.rtnetlink import Link
from pyvrrp.settings import LinkDelay

from .fakes import FakeLoop

UP = Link(2, "eth0", True, True, False, bytes.fromhex("020000000001"), 1500)
DOWN = replace(UP, running=False)


class World:
    def __init__(self, *delays: LinkDelay, first: Link | None = UP) -> None:
        self.loop, self.table = FakeLoop(), InterfaceTable()
        self.changed: list[tuple[float, str]] = []
        self.states = LinkStates(
            self.table,
            self.loop.call_later,  # type: ignore[arg-type]
            lambda name: self.changed.append((self.loop.now, name)),
        )
        if first is not None:
            self.table.apply(LinkChanged(first))
        self.states.use(delays)

    def becomes(self, link: Link, at: float) -> bool:
        """Whether it counts as up then."""
        self.loop.advance(at)
        self.table.apply(LinkChanged(link))
        self.states.look("eth0")
        return self.states.is_up("eth0")

    def is_up(self, at: float) -> bool:
        self.loop.advance(at)
        return self.states.is_up("eth0")


def test_without_delay_each_change_counts() -> None:
    world = World()
    assert [world.becomes(DOWN, 1.0), world.becomes(UP, 2.0)] == [False, True]
    assert world.changed == []


def test_down_counts_when_it_lasts() -> None:
    world = World(LinkDelay("eth0", 0.0, 2.0))
    assert world.becomes(DOWN, 1.0)
    assert (world.is_up(2.9), world.is_up(3.0)) == (True, False)
    assert world.changed == [(3.0, "eth0")]
    assert world.becomes(UP, 4.0)


def test_a_short_time_down_is_nothing() -> None:
    world = World(LinkDelay("eth0", 0.0, 2.0))
    assert [world.becomes(DOWN, 1.0), world.becomes(UP, 2.5)] == [True, True]
    assert world.becomes(DOWN, 3.0)
    assert (world.is_up(4.9), world.is_up(5.0)) == (True, False)
    assert world.changed == [(5.0, "eth0")]


def test_up_counts_when_it_lasts() -> None:
    world = World(LinkDelay("eth0", 3.0, 0.0))
    assert [world.becomes(DOWN, 1.0), world.becomes(UP, 2.0)] == [False, False]
    assert (world.is_up(4.9), world.is_up(5.0)) == (False, True)


@pytest.mark.parametrize("first", [DOWN, None])
def test_the_first_time_up_counts_at_once(first: Link | None) -> None:
    world = World(LinkDelay("eth0", 3.0, 3.0), first=first)
    assert not world.is_up(1.0)
    assert world.becomes(UP, 2.0)


def test_one_that_is_gone_is_down_at_once() -> None:
    world = World(LinkDelay("eth0", 3.0, 3.0))
    world.table.apply(LinkRemoved(UP))
    world.states.look("eth0")
    assert not world.is_up(0.0)


def test_other_delays_leave_what_counts() -> None:
    world = World(LinkDelay("eth0", 0.0, 2.0))
    assert world.becomes(DOWN, 1.0)
    world.states.use([LinkDelay("eth0", 0.0, 5.0)])
    assert (world.is_up(5.9), world.is_up(6.0)) == (True, False)
    world.states.use(())
    assert not world.is_up(7.0)
    assert world.changed == [(6.0, "eth0")]
