"""Many short-lived streams: tried at first, told of changes after that."""

from __future__ import annotations

import asyncio
import select
import socket

import pytest

from healthcheck.probes.readiness import GRID, Readiness


class Stream:
    def __init__(self, ends_after=None):
        self.generation = None
        self.mine, self.theirs = socket.socketpair()
        self.mine.setblocking(False)
        self.calls: list[int] = []
        self.ends_after = ends_after
        self.readiness = Readiness.of(asyncio.get_running_loop())
        self.readiness.watch(self.mine.fileno(), self, asyncio.get_running_loop())

    def ready(self, events):
        self.calls.append(events)
        if len(self.calls) == self.ends_after:
            self.close()

    def close(self):
        self.readiness.forget(self.mine.fileno(), self)
        self.mine.close()
        self.theirs.close()

    def expire(self):
        raise AssertionError


@pytest.fixture
def registered(monkeypatch):
    """The descriptors that were entered into the epoll."""
    numbers: list[int] = []
    real = select.epoll

    class Counting:
        def __init__(self):
            self._epoll = real()
            self.fileno, self.poll = self._epoll.fileno, self._epoll.poll

        def register(self, number, events):
            numbers.append(number)
            self._epoll.register(number, events)

    monkeypatch.setattr("healthcheck.probes.readiness.select.epoll", Counting)
    return numbers


async def _until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(GRID / 4)
    raise TimeoutError


async def test_who_is_through_after_two_tries_is_never_entered(registered):
    streams = [Stream(ends_after=1), Stream(ends_after=2)]
    await _until(lambda: [len(each.calls) for each in streams] == [1, 2])
    await asyncio.sleep(3 * GRID)
    assert registered == []


async def test_who_takes_longer_is_told_of_changes(registered):
    stream = Stream()
    await _until(lambda: len(stream.calls) == 3)  # the third is that it was writable all the time
    await asyncio.sleep(3 * GRID)
    assert registered == [stream.mine.fileno()]
    assert stream.calls == [select.EPOLLOUT] * 3
    stream.theirs.send(b"x")
    await _until(lambda: len(stream.calls) == 4)
    assert stream.calls[3] & select.EPOLLIN
    stream.close()


async def test_a_change_of_one_is_told_while_another_is_tried(registered):
    slow = Stream()
    await _until(lambda: len(slow.calls) == 3)
    await asyncio.sleep(3 * GRID)
    quick = Stream(ends_after=2)
    slow.theirs.send(b"x")
    await _until(lambda: len(quick.calls) == 2 and len(slow.calls) == 4)
    slow.close()


async def test_one_that_ends_another_in_the_same_step(registered):
    class Murderer(Stream):
        def ready(self, events):
            super().ready(events)
            victim.close()

    killer = Murderer(ends_after=1)
    victim = Stream()
    await _until(lambda: len(killer.calls) == 1)
    await asyncio.sleep(3 * GRID)
    assert victim.calls == []
