"""Programs that are run for their exit status, without a thread and without a child watcher.

Each runs in a session and process group of its own, with no descriptor of ours, the null device on
its standard streams, and, when asked for, as another user. A pidfd tells the loop that it ended.
Of the environment `IFS`, `LD_PRELOAD` and `LD_LIBRARY_PATH` are kept from it, as keepalived does.
"""

from __future__ import annotations

import asyncio
import errno
import grp
import os
import pwd
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from ..errors import HealthcheckError
from .connect import reason
from .ledger import Ledger, Noted

__all__ = ["DYING", "GRACE", "CannotRun", "Program", "close_ledger", "keep_ledger", "wait_ended"]

GRACE = 2.0
"""Seconds between TERM and KILL."""
DYING = 1.0
"""Seconds that a killed process may take; one that hangs in the kernel takes for ever."""

_PR_SET_PDEATHSIG = 1
_KEPT_BACK = frozenset({"IFS", "LD_PRELOAD", "LD_LIBRARY_PATH"})
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM})

_leaving: set[Program] = set()
"""Told to end, not gone yet: nobody waits for their result any more."""
_ledger = Ledger()


class CannotRun(HealthcheckError):
    """A program that was not started; `is_verdict`: that is its own fault, not this system's."""

    def __init__(self, detail: str, *, is_verdict: bool) -> None:
        super().__init__(detail)
        self.detail = detail
        self.is_verdict = is_verdict


async def wait_ended() -> None:
    """Wait until every program whose run was cancelled is gone: `GRACE` seconds at most, and a bit.

    For the end of the loop, which else would leave them to whoever comes after us.
    """
    ends = [program.ended for program in _leaving]
    if ends:
        await asyncio.wait(ends, timeout=GRACE + DYING)


def keep_ledger(path: str) -> None:
    """Note in this file what runs from now on, and have ended, by TERM and KILL, what one before
    us left running there when it was killed. Inside the running loop."""
    for noted in _ledger.open(path):
        _signal_left(noted, signal.SIGTERM)
        asyncio.get_running_loop().call_later(GRACE, _end_left, noted)


def close_ledger() -> None:
    """Note nothing any more, after `wait_ended`; what runs still is for whoever comes after us."""
    _ledger.close()


def _end_left(noted: Noted) -> None:
    _signal_left(noted, signal.SIGKILL)
    _ledger.forget(noted)


def _signal_left(noted: Noted, number: int) -> None:
    if noted.is_running:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(noted.pid, number)


class Program:
    """A program started. Whoever made it calls `leave` in the end, in whatever state it is."""

    def __init__(
        self,
        arguments: tuple[str, ...],
        user: str | None = None,
        group: str | None = None,
        *,
        outlives_us: bool = False,
        dies_with_us: bool = False,
    ) -> None:
        """Start it; a group that begins with ":" brings the user's supplementary groups. One that
        `outlives_us` is let run on after a crash; one that `dies_with_us` gets TERM at once then,
        which makes its start dearer: for what runs long (`ledger`).

        Raises: CannotRun.
        """
        self._loop = asyncio.get_running_loop()
        self._process = _start(arguments, _identity(user, group), dies_with_us)
        self.pid = self._process.pid
        self._noted = None if outlives_us else _ledger.note(self.pid)
        self._is_reaped = False
        self._was_told = False
        self.ended: asyncio.Future[None] = self._loop.create_future()
        try:
            self._pidfd = os.pidfd_open(self.pid)
        except OSError as exc:
            self.signal(signal.SIGKILL)
            self._process.wait()
            if self._noted is not None:
                _ledger.forget(self._noted)
            raise CannotRun(f"cannot watch it: {reason(exc)}", is_verdict=False) from exc
        self._loop.add_reader(self._pidfd, self._end)

    def _end(self) -> None:
        self._loop.remove_reader(self._pidfd)
        self.ended.set_result(None)

    async def wait(self, seconds: float | None) -> bool:
        """Whether it ends within so many seconds; None: it does, some time."""
        await asyncio.wait({self.ended}, timeout=seconds)
        return self.ended.done()

    def signal(self, number: int) -> None:
        """Send a signal to the whole group.

        Until it is reaped nobody else can have its number. One that became another user by itself
        may be beyond us (EPERM).
        """
        self._was_told = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def reap(self) -> int | None:
        """Take the exit status of what has ended; None when somebody else took it.

        As `subprocess` has it: negative for a signal.
        """
        if self._was_told:
            self.signal(signal.SIGKILL)  # whoever of the group is left
        self._is_reaped = True
        if self._noted is not None:
            _ledger.forget(self._noted)
        try:
            found = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED)
        except ChildProcessError:
            found = None
        os.close(self._pidfd)
        if found is None:
            self._process.returncode = 0
            return None
        is_exit = found.si_code == os.CLD_EXITED
        self._process.returncode = found.si_status if is_exit else -found.si_status
        return self._process.returncode

    def leave(self) -> None:
        """Have it gone: at once when it has ended, else by TERM and KILL from the loop."""
        if self._is_reaped:
            return
        if self.ended.done():
            self.reap()
            return
        _leaving.add(self)
        self.signal(signal.SIGTERM)
        timer = self._loop.call_later(GRACE, self.signal, signal.SIGKILL)
        self.ended.add_done_callback(lambda _: self._gone(timer))

    def _gone(self, timer: asyncio.TimerHandle) -> None:
        timer.cancel()
        self.reap()
        _leaving.discard(self)


class _Identity(NamedTuple):
    """What `subprocess.Popen` is told; None: as we are."""

    user: int | None = None
    group: int | None = None
    supplementary: tuple[int, ...] | None = None


def _start(
    arguments: tuple[str, ...], identity: _Identity, dies_with_us: bool
) -> subprocess.Popen[bytes]:
    """Raises: CannotRun."""
    before_exec = _die_with_parent() if dies_with_us else None
    try:
        try:
            return _spawn(arguments, identity, before_exec)
        except OSError as exc:
            if exc.errno != errno.ENOEXEC:
                raise
        # Neither "#!" nor a known format: a shell's, as in keepalived.
        return _spawn(("/bin/sh", *arguments), identity, before_exec)
    except OSError as exc:
        # Before exec Python names no file: becoming the user failed, or the fork.
        is_verdict = exc.filename is not None and exc.errno not in _OURS
        raise CannotRun(f"cannot run it: {reason(exc)}", is_verdict=is_verdict) from exc
    except (ValueError, subprocess.SubprocessError) as exc:
        raise CannotRun(f"cannot run it: {exc}", is_verdict=False) from exc


def _die_with_parent() -> Callable[[], None]:
    """What a new process does before exec, as the user it will be (prctl(2))."""
    import ctypes  # not at the top: few need it

    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)  # it died before

    return ask


def _spawn(
    arguments: tuple[str, ...], identity: _Identity, before_exec: Callable[[], None] | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: text for name, text in os.environ.items() if name not in _KEPT_BACK},
        start_new_session=True,
        user=identity.user,
        group=identity.group,
        extra_groups=identity.supplementary,
        preexec_fn=before_exec,  # noqa: PLW1509  # it takes no lock that a thread may hold
    )


@lru_cache(maxsize=256)
def _identity(user: str | None, group: str | None) -> _Identity:
    """Look names up, once: keepalived does so at start.

    A user without a group has the primary one. Supplementary groups are none, or, with a group
    that begins with ":", the user's. Nothing is asked of the kernel when it is what we are.
    Raises: CannotRun.
    """
    if user is None and group is None:
        return _Identity()
    account = _account(user)
    has_supplementary = group is not None and group.startswith(":")
    name = (group or "").removeprefix(":")
    gid = _group_number(name) if name else account.group
    if gid is None:
        raise CannotRun(f"user {user} has no primary group; name one", is_verdict=False)
    if has_supplementary and account.name is None:
        raise CannotRun(f"user {user} has no account, so no groups", is_verdict=False)
    if has_supplementary and account.name is not None:
        groups = tuple(os.getgrouplist(account.name, gid))
    elif (account.number, gid) == (os.geteuid(), os.getegid()):
        return _Identity()
    else:
        groups = ()
    return _Identity(account.number, gid, groups)


class _Account(NamedTuple):
    number: int
    name: str | None
    group: int | None


def _account(user: str | None) -> _Account:
    try:
        if user is None:
            entry = pwd.getpwuid(os.geteuid())
        elif user.isascii() and user.isdecimal():
            entry = pwd.getpwuid(int(user))
        else:
            entry = pwd.getpwnam(user)
    except (KeyError, OverflowError, ValueError) as exc:
        if user is None:
            return _Account(os.geteuid(), None, os.getegid())
        if user.isascii() and user.isdecimal() and int(user) < 2**32 - 1:
            return _Account(int(user), None, None)
        raise CannotRun(f"there is no user {user}", is_verdict=False) from exc
    return _Account(entry.pw_uid, entry.pw_name, entry.pw_gid)


def _group_number(group: str) -> int:
    if group.isascii() and group.isdecimal() and int(group) < 2**32 - 1:
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except (KeyError, ValueError) as exc:
        raise CannotRun(f"there is no group {group}", is_verdict=False) from exc
