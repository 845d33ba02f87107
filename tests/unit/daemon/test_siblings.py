"""The link between two children: what arrives, in which order, and what survives a death."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pyvrrp.daemon import siblings
from pyvrrp.daemon.siblings import Sibling


class Side:
    def __init__(self) -> None:
        self.heard: list[object] = []
        self.sibling = Sibling(
            lambda name, value: self.heard.append((name, value)), self.heard.append
        )


def join(one: Side, other: Side) -> None:
    for side, end in zip((one, other), socket.socketpair(type=socket.SOCK_SEQPACKET), strict=True):
        side.sibling.connect(end.detach())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def run(scenario: Callable[[Side, Side], object]) -> None:
    async def main() -> None:
        one, other = Side(), Side()
        await scenario(one, other)  # type: ignore[misc]
        one.sibling.close()
        other.sibling.close()

    asyncio.run(main())


def test_values_are_told_both_ways_and_the_last_one_counts() -> None:
    async def scenario(one: Side, other: Side) -> None:
        one.sibling.publish("a", "1")
        one.sibling.publish("a", "2")
        one.sibling.publish("b", "")
        other.sibling.publish("c d", "x y")
        join(one, other)
        await until(lambda: len(other.heard) == 2 and len(one.heard) == 1)
        assert other.heard == [("a", "2"), ("b", "")]
        assert one.heard == [("c d", "x y")]
        one.sibling.publish("a", "2")
        one.sibling.withdraw("b")
        one.sibling.publish("a", "3")
        await until(lambda: len(other.heard) == 4)
        assert other.heard[2:] == [("b", None), ("a", "3")]

    run(scenario)


def test_what_is_noted_is_told_to_one_that_is_new_only() -> None:
    async def scenario(one: Side, other: Side) -> None:
        one.sibling.note("a", "1")
        one.sibling.note("b", "2")
        one.sibling.note("b", None)
        join(one, other)
        await until(lambda: len(other.heard) == 1)
        one.sibling.note("a", "3")
        one.sibling.report("last")
        await until(lambda: other.heard[-1:] == ["last"])
        assert other.heard == [("a", "1"), "last"]
        new = Side()
        join(one, new)
        await until(lambda: len(new.heard) == 1)
        assert new.heard == [("a", "3")]
        new.sibling.close()

    run(scenario)


def test_one_that_is_new_hears_every_value() -> None:
    async def scenario(one: Side, other: Side) -> None:
        join(one, other)
        one.sibling.publish("a", "1")
        one.sibling.publish("b", "2")
        await until(lambda: len(other.heard) == 2)
        other.sibling.close()
        await until(lambda: not one.sibling.is_connected)
        one.sibling.publish("b", "3")
        new = Side()
        join(one, new)
        await until(lambda: len(new.heard) == 2)
        assert new.heard == [("a", "1"), ("b", "3")]
        new.sibling.close()

    run(scenario)


def test_reports_come_in_order_and_once() -> None:
    async def scenario(one: Side, other: Side) -> None:
        texts = [f"report {n}" for n in range(200)]
        for text in texts[:100]:
            one.sibling.report(text)
        join(one, other)
        for text in texts[100:]:
            one.sibling.report(text)
        await until(lambda: len(other.heard) == 200)
        assert other.heard == texts

    run(scenario)


def test_reports_that_were_not_taken_are_told_to_the_next_one() -> None:
    async def scenario(one: Side, other: Side) -> None:
        join(one, other)
        one.sibling.report("taken")
        await until(lambda: bool(other.heard))
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        one.sibling.connect(ours.detach())
        one.sibling.report("lost")  # it is in the link when the other side dies
        theirs.close()
        await until(lambda: not one.sibling.is_connected)
        one.sibling.report("late")
        join(one, new := Side())
        await until(lambda: len(new.heard) == 2)
        assert new.heard == ["lost", "late"]
        new.sibling.close()

    run(scenario)


def test_one_that_does_not_read_holds_nobody_up_and_loses_nothing() -> None:
    async def scenario(one: Side, other: Side) -> None:
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        one.sibling.connect(ours.detach())
        values = [(f"name {n}", "x" * 1000) for n in range(600)]
        for name, value in values:
            one.sibling.publish(name, value)
        one.sibling.publish("name 599", "new")
        await asyncio.sleep(0)
        other.sibling.connect(theirs.detach())
        await until(lambda: len(other.heard) >= 600)
        assert other.heard == [*values[:-1], ("name 599", "new")]

    run(scenario)


def test_only_so_many_reports_wait(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(siblings, "_KEPT", 2)

    async def scenario(one: Side, other: Side) -> None:
        for text in ("one", "two", "three"):
            one.sibling.report(text)
        join(one, other)
        await until(lambda: len(other.heard) == 2)
        assert other.heard == ["two", "three"]

    run(scenario)
    assert [r.getMessage() for r in caplog.records] == [
        "nobody takes reports: the oldest is dropped: one"
    ]


def test_a_link_that_is_replaced_is_closed() -> None:
    async def scenario(one: Side, other: Side) -> None:
        join(one, other)
        before = open_files()
        join(one, other)
        assert open_files() == before
        one.sibling.publish("a", "1")
        await until(lambda: bool(other.heard))
        assert other.heard == [("a", "1")]

    run(scenario)


def test_end_waits_for_reports_to_be_taken_and_for_the_other_side_to_go() -> None:
    async def scenario(one: Side, other: Side) -> None:
        await one.sibling.wait_taken(60)  # nobody is there
        join(one, other)
        for number in range(100):
            one.sibling.report(str(number))
        await one.sibling.wait_taken(60)
        assert other.heard == [str(number) for number in range(100)]
        one.sibling.report("last")
        one.sibling.close()
        await other.sibling.wait_gone(60)
        assert other.heard[100:] == ["last"]
        assert not other.sibling.is_connected

    run(scenario)


def test_end_does_not_wait_for_ever() -> None:
    async def scenario(one: Side, other: Side) -> None:
        join(one, other)
        await other.sibling.wait_gone(0.01)
        assert other.sibling.is_connected

    run(scenario)
