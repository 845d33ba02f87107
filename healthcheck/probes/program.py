"""MISC_CHECK: a program's exit status, run as `process` has it."""

from __future__ import annotations

import signal

from ..core.model import MiscCheck, ProbeResult
from .interface import as_starter
from .process import DYING, GRACE, CannotRun, Program, wait_ended

__all__ = ["GRACE", "probe", "start", "wait_ended"]


async def probe(check: MiscCheck, *, outlives_us: bool = False) -> ProbeResult:
    """One run. After `timeout` seconds its process group gets TERM, `GRACE` later KILL: a failure.

    A program that is not there is a failure, a user that is not there no verdict. What runs on in
    the group after the program itself ended is let be, unless it was told to end. Cancelled, the
    group gets the same two signals from the loop; `wait_ended` waits for that. `outlives_us`: as
    `Program` has it.
    """
    try:
        program = Program(check.arguments, check.user, check.group, outlives_us=outlives_us)
    except CannotRun as exc:
        return ProbeResult(False, exc.detail, is_verdict=exc.is_verdict)
    try:
        if await program.wait(check.timeout):
            return _judge(program.reap(), is_dynamic=check.is_dynamic)
        program.signal(signal.SIGTERM)
        if not await program.wait(GRACE):
            program.signal(signal.SIGKILL)
            await program.wait(DYING)
        return ProbeResult(False, f"not finished within {check.timeout:g} s")
    finally:
        program.leave()


def _judge(status: int | None, *, is_dynamic: bool) -> ProbeResult:
    """`status` as `Program.reap` has it."""
    if status is None:
        return ProbeResult(False, "exit status lost", is_verdict=False)
    if status < 0:
        return ProbeResult(False, f"ended by signal {-status}")
    detail = f"exit status {status}"
    if status == 0:
        return ProbeResult(True, detail, weight_offset=0 if is_dynamic else None)
    if is_dynamic and status >= 2:
        return ProbeResult(True, detail, weight=status - 2)
    return ProbeResult(False, detail)


start = as_starter(probe, timeout=None)
