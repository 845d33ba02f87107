"""A real Linux kernel with IPVS on any machine: User-Mode Linux runs one command, then halts.

    done = uml.run(["ipvsadm", "-Ln"], timeout=60)
    print(done.returncode, done.stdout)

Debian's `user-mode-linux` is a Linux 6.1 kernel that is an ordinary program. It mounts the host's `/`,
so the command finds the same files, working directory and environment; `/run`, `/dev` and the network
are its own. It boots in 2 to 3 s and has one CPU, on which a system call costs several times the native
price: compare times inside it only with each other.

The whole machine lives in a process namespace: when its first process dies, the kernel ends them all,
so neither a timeout nor the death of this process leaves one behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from . import residents
from .errors import DeadlinePassed, LabError, NotPermitted, Unsupported
from .waiting import wait_until

__all__ = ["DEFAULT_MODULES", "BootFailed", "Machine", "has_ipvs", "run"]

DEFAULT_MODULES = ("ip_vs", "veth", "bridge")
"""Loaded before the command starts. The kernel loads what else is needed, as schedulers, when it is."""

_BOOT_TIMEOUT = 60.0
_POLL = 0.02
_PREFIX = "netnslab-uml-"
_TAIL_LINES = 15
_TAIL_LETTERS = 2000
_KERNEL = "linux.uml"
# Should this process be killed, the kernel kills unshare, and then what unshare started. That is a
# shell, because a Linux that is itself process 1 cannot abort on a panic, and would try for ever.
_BOUND_TO_US = (
    *("setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child"),
    *("sh", "-c", 'ulimit -c 0; "$@"; exit $?', "sh"),
)


class BootFailed(LabError):
    """The machine ended, or was ended, before its command did; the message has the console's end."""


class Machine:
    """One machine that runs `command`, started at once; a context manager that ends it for certain.

    `modules` are loaded first; `memory` is in the kernel's form (`1500M`); `directory` and
    `environment` are this process's unless given. `files` is a directory that both sides see at the
    same path, inside also named by the variable NETNSLAB_UML; what is written there inside is seen on
    the host at once. `inputs` are texts put there first, by name. It goes with the machine.
    Raises: Unsupported when a program is missing; NotPermitted without root.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        modules: Sequence[str] = DEFAULT_MODULES,
        memory: str = "1500M",
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
        inputs: Mapping[str, str] | None = None,
    ) -> None:
        if not command:
            raise ValueError("no command to run")
        _need_programs()
        self.command = tuple(command)
        self._lock: int | None
        self.files, self._lock = _claim_directory()
        job = {
            "command": list(command),
            "modules": list(modules),
            "directory": str(directory or Path.cwd()),
            "environment": dict(os.environ if environment is None else environment),
        }
        for name, text in (inputs or {}).items():
            (self.files / name).write_text(text)
        self._booted_by = time.monotonic() + _BOOT_TIMEOUT
        self._process = self._boot(memory, job)

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_running(self) -> bool:
        """Whether the machine has not halted."""
        return self._process.poll() is None

    @property
    def processes(self) -> list[int]:
        """The processes of this machine that it consists of; what all do inside is in their times."""
        return residents.descendants(self._process.pid)

    @property
    def has_started(self) -> bool:
        """Whether the command was started."""
        return (self.files / "stdout").exists()

    def poll(self) -> bool:
        """Whether the machine still runs. Raises: BootFailed when its boot takes too long."""
        if not self.is_running:
            return False
        if not self.has_started and time.monotonic() > self._booted_by:
            late = BootFailed(
                f"User-Mode Linux was not up after {_BOOT_TIMEOUT:g} s; {self.console_tail()}"
            )
            self.kill()
            raise late
        return True

    def status(self) -> int:
        """The command's exit status, negative for a signal, once the machine has halted.

        Raises: BootFailed when the command never ended, or a module could not be loaded.
        """
        try:
            outcome = json.loads((self.files / "status.json").read_text())
        except FileNotFoundError:
            raise BootFailed(f"User-Mode Linux ended early; {self.console_tail()}") from None
        if "problem" in outcome:
            raise BootFailed(f"User-Mode Linux cannot run the command: {outcome['problem']}")
        return int(outcome["status"])

    def output(self, stream: str = "stdout") -> str:
        """What the command has written so far to `stdout` or `stderr`."""
        try:
            return (self.files / stream).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def console_tail(self) -> str:
        """The last lines of the kernel's console, for error messages."""
        lines = (self.files / "console").read_text(errors="replace").splitlines()
        lines = [line for line in lines if not line.startswith(" [<")]  # addresses of a call stack
        return "\n    ".join(["the console's last lines:", *lines[-_TAIL_LINES:]])

    def kill(self) -> None:
        """End every process of the machine, as a loss of power would; its files stay."""
        first = wait_until(lambda: self._first_process() or 0, what=f"the start of {_KERNEL}")
        # The end of its first process ends a process namespace, and comes after all others' ends.
        with suppress(ProcessLookupError):
            os.kill(first, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End every process of the machine and remove its files. May be repeated."""
        if self._lock is None:
            return
        if self.is_running:
            self.kill()
        shutil.rmtree(self.files, ignore_errors=True)
        os.close(self._lock)
        self._lock = None

    def _first_process(self) -> int | None:
        """The child of unshare; unshare itself when it has ended, with all it started."""
        children = residents.descendants(self._process.pid)[1:2]
        return children[0] if children else None if self.is_running else self._process.pid

    def _boot(self, memory: str, job: object) -> subprocess.Popen[bytes]:
        (self.files / "job.json").write_text(json.dumps(job))
        first = self.files / "init"
        source = Path(__file__).with_name("uml_init.py")
        words = [sys.executable, "-I", "-S", str(source), str(self.files)]
        first.write_text(f"#!/bin/sh\nexec {shlex.join(words)}\n")
        first.chmod(0o755)
        arguments = [f"mem={memory}", "rootfstype=hostfs", "rootflags=/", "rw", f"init={first}"]
        arguments += ["con=null", "ssl=null", "con0=null,fd:1", f"uml_dir={self.files}/"]
        # Else the kernel hides the host's /dev, with this directory in it, before `init` is read.
        arguments += ["devtmpfs.mount=0"]
        with (self.files / "console").open("wb") as console:
            return subprocess.Popen(
                [*_BOUND_TO_US, _KERNEL, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": str(self.files)},
                start_new_session=True,
            )


def run(
    command: Sequence[str],
    *,
    modules: Sequence[str] = DEFAULT_MODULES,
    memory: str = "1500M",
    timeout: float | None = None,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    on_output: Callable[[str, bytes], object] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in a machine of its own, to its end, which is at most `timeout` seconds away.

    `on_output` gets what it writes while it runs: `stdout` or `stderr`, and the octets. The other
    arguments are those of `Machine`. A program there is not is status 127, as in a shell.
    Raises: DeadlinePassed; BootFailed; Unsupported; NotPermitted. Nothing is left in any case.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with Machine(
        command,
        modules=modules,
        memory=memory,
        directory=directory,
        environment=environment,
    ) as machine:
        relay = _Relay(machine, on_output)
        while machine.poll():
            relay.forward()
            if deadline is not None and time.monotonic() > deadline:
                written = (machine.output() + machine.output("stderr"))[-_TAIL_LETTERS:]
                wrote = f"it wrote:\n{written}" if written else machine.console_tail()
                what = f"{shlex.join(command)}: not done after {timeout:g} s in User-Mode Linux"
                raise DeadlinePassed(f"{what}; {wrote}")
            time.sleep(_POLL)
        relay.forward()
        return subprocess.CompletedProcess(
            list(command), machine.status(), machine.output(), machine.output("stderr")
        )


class _Relay:
    """Hands on what is new in the two output files."""

    def __init__(self, machine: Machine, sink: Callable[[str, bytes], object] | None) -> None:
        self._files = machine.files
        self._sink = sink
        self._read = {"stdout": 0, "stderr": 0}

    def forward(self) -> None:
        if self._sink is None:
            return
        for stream, done in self._read.items():
            with suppress(FileNotFoundError), (self._files / stream).open("rb") as file:
                file.seek(done)
                if new := file.read():
                    self._read[stream] += len(new)
                    self._sink(stream, new)


@cache
def has_ipvs() -> bool:
    """Whether the kernel this runs on has IPVS; its module is loaded if that is what it takes."""
    path = Path("/proc/net/ip_vs")
    if not path.exists() and os.geteuid() == 0 and (loader := shutil.which("modprobe")):
        subprocess.run([loader, "-q", "ip_vs"], check=False, capture_output=True, timeout=30)
    return path.exists()


def _need_programs() -> None:
    if shutil.which(_KERNEL) is None:
        raise Unsupported(
            f"there is no {_KERNEL} on this machine: apt-get install user-mode-linux kmod"
        )
    for program in ("setpriv", "unshare"):
        if shutil.which(program) is None:
            raise Unsupported(f"there is no {program} on this machine: apt-get install util-linux")
    if os.geteuid() != 0:
        raise NotPermitted("a User-Mode Linux machine needs root, for its process namespace")


def _claim_directory() -> tuple[Path, int]:
    """A directory of a machine's own and its lock; what dead processes left goes away.

    It is in memory if possible: each write from inside is carried through to it at once. It gets its
    name only when it is locked, so nobody takes it for a dead one's.
    """
    parent = _memory_directory()
    for old in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            lock = _lock(old)
            shutil.rmtree(old, ignore_errors=True)
            os.close(lock)
    draft = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=parent))
    lock = _lock(draft)
    return draft.rename(parent / draft.name[1:]), lock


def _memory_directory() -> Path:
    """/dev/shm, unless nothing may be executed there, as the kernel's memory must be."""
    shared = Path("/dev/shm")
    if shared.is_dir() and not os.statvfs(shared).f_flag & os.ST_NOEXEC:
        return shared
    return Path(tempfile.gettempdir())


def _lock(directory: Path) -> int:
    """Raises: OSError when somebody else has it locked."""
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle
