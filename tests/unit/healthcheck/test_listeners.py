"""Streams of events: all of them to everybody, bounded, and with an end."""

from __future__ import annotations

import asyncio

import pytest

from healthcheck.listeners import UNREAD_EVENTS, Listeners

from .virtual_clock import run


async def read(stream):
    return [event async for event in stream]


def test_every_listener_hears_everything_after_its_call():
    async def scenario():
        listeners: Listeners[int] = Listeners()
        listeners.tell(1)
        first = listeners.listen()
        listeners.tell(2)
        second = listeners.listen()
        listeners.tell(3)
        listeners.close()
        return await read(first), await read(second)

    assert run(scenario()) == ([2, 3], [3])


def test_who_comes_after_the_end_hears_nothing():
    async def scenario():
        listeners: Listeners[int] = Listeners()
        listeners.close()
        return await read(listeners.listen())

    assert run(scenario()) == []


def test_who_does_not_read_misses_the_oldest():
    async def scenario():
        listeners: Listeners[int] = Listeners()
        stream = listeners.listen()
        for number in range(UNREAD_EVENTS + 10):
            listeners.tell(number)
        listeners.close()
        return await read(stream)

    assert run(scenario()) == list(range(11, 1034))


def test_a_reader_waits_for_what_comes():
    async def scenario():
        listeners: Listeners[str] = Listeners()
        reading = asyncio.create_task(read(listeners.listen()))
        await asyncio.sleep(5)
        listeners.tell("late")
        listeners.close()
        return await reading

    assert run(scenario()) == ["late"]


def test_a_listener_that_left_costs_nothing():
    async def scenario():
        listeners: Listeners[int] = Listeners()
        stream = listeners.listen()
        listeners.tell(1)
        async for _ in stream:
            break
        await stream.aclose()
        return listeners._queues

    assert run(scenario()) == ()


@pytest.mark.filterwarnings("error")
def test_a_listener_that_never_started_reading_is_no_warning():
    async def scenario():
        listeners: Listeners[int] = Listeners()
        listeners.listen()
        listeners.close()

    run(scenario())
