"""A timer of the real kernel on a real loop: what `fakes.FakeTimer` stands for."""

import asyncio
import os
import resource
from math import inf

import pytest

from pyvrrp.kernel_timer import KernelTimer, TimerError


class Woken(list):
    """Wakes once for each time of `then`, and notes when."""

    def __init__(self, *then):
        self.loop = asyncio.get_running_loop()
        self.then = list(then)
        self.is_over = asyncio.Event()
        self.timer = KernelTimer(self.loop, self)

    def __call__(self):
        self.append(self.loop.time())
        self.timer.set(self.then.pop(0) if self.then else inf)
        if not self.then:
            self.is_over.set()

    async def wait(self):
        async with asyncio.timeout(5):
            await self.is_over.wait()


async def test_never_wakes_early_and_again_when_it_is_set_again():
    now = asyncio.get_running_loop().time()
    wanted = [now + 0.0101, now + 0.0102, now + 0.0303]
    woken = Woken(*wanted[1:], inf)
    woken.timer.set(wanted[0])
    await woken.wait()
    assert len(woken) == 3
    assert all(at >= due for at, due in zip(woken, wanted, strict=True))
    woken.timer.close()


async def test_the_last_time_set_counts():
    woken = Woken(inf)
    now = woken.loop.time()
    for at in (now + 60, now + 0.001, inf, now + 0.02):
        woken.timer.set(at)
    await woken.wait()
    assert len(woken) == 1
    assert woken[0] >= now + 0.02
    woken.timer.close()


async def test_infinity_is_never():
    woken, next_one = Woken(inf), Woken(inf)
    woken.timer.set(0.0)
    woken.timer.set(inf)
    next_one.timer.set(woken.loop.time() + 0.001)
    await next_one.wait()
    assert woken == []
    woken.timer.close()
    next_one.timer.close()


@pytest.mark.parametrize("at", [0.0, -1.0, 1.0, 1.9999999999])
async def test_what_has_passed_is_now(at):
    woken = Woken(inf)
    woken.timer.set(at)
    await woken.wait()
    assert len(woken) == 1
    woken.timer.close()


async def test_a_closed_one_wakes_nobody():
    woken, next_one = Woken(inf), Woken(inf)
    woken.timer.set(0.0)
    woken.timer.close()
    woken.timer.close()
    woken.timer.set(0.0)
    next_one.timer.set(woken.loop.time() + 0.001)
    await next_one.wait()
    assert woken == []
    next_one.timer.close()


async def test_without_a_descriptor_it_says_so():
    loop = asyncio.get_running_loop()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unused = os.dup(0)
    os.close(unused)
    resource.setrlimit(resource.RLIMIT_NOFILE, (unused, hard))
    try:
        with pytest.raises(TimerError, match=r"^cannot make a timer: Too many open files$"):
            KernelTimer(loop, print)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_time_that_cannot_be_told_is_refused():
    timer = KernelTimer(asyncio.get_running_loop(), print)
    try:
        with pytest.raises(TimerError, match=r"^cannot set a timer to 1.6e\+19: Invalid argument$"):
            timer.set(1.6e19)
    finally:
        timer.close()
