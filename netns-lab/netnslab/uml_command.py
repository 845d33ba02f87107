"""`netnslab uml`: one command on a kernel with IPVS, as if it ran here."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from . import uml
from .errors import DeadlinePassed, LabError

__all__ = ["run_command"]

# As timeout(1) has them, and a shell: the number of a signal is added to the last.
_NOT_IN_TIME, _NOT_RUN, _BY_SIGNAL = 124, 125, 128


def run_command(
    command: Sequence[str], modules: Sequence[str], memory: str, timeout: float | None
) -> int:
    """Run it, passing on its output as it comes; return its exit status as a shell would.

    That is 124 when it took too long, 125 when it could not be run, both with a line on stderr. On
    SIGINT, SIGTERM or SIGHUP the machine is ended first, and then this process, with 128 + number.
    """
    try:
        with _ended_by_signals():
            done = uml.run(
                command, modules=modules, memory=memory, timeout=timeout, on_output=_print
            )
    except LabError as error:
        print(f"netnslab: {error}", file=sys.stderr)
        return _NOT_IN_TIME if isinstance(error, DeadlinePassed) else _NOT_RUN
    return done.returncode if done.returncode >= 0 else _BY_SIGNAL - done.returncode


def _print(stream: str, text: bytes) -> None:
    out = sys.stdout if stream == "stdout" else sys.stderr
    out.buffer.write(text)
    out.flush()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(_BY_SIGNAL + number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
