"""PID files: which, and the write lock that says "running" for as long as the process lives.

The lock is an open-file-description lock (fcntl(2), F_OFD_SETLK), the kind keepalived takes, so
either program sees the other. It belongs to the open file: the kernel drops it with the process,
whatever kills that, and a file without a lock is stale.
"""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...errors import PyvrrpError
from ..options import Options

__all__ = [
    "RUN_DIRECTORY",
    "AlreadyRunning",
    "PidFile",
    "PidFileError",
    "PidPaths",
    "Words",
    "default_path",
    "is_locked",
    "paths",
]

RUN_DIRECTORY = "/run"
_SUBDIRECTORY = "keepalived"
_ATTEMPTS = 100
"""Each further one needs another starter to replace the file at the same moment."""


class PidFileError(PyvrrpError):
    """A PID file that cannot be made."""


class AlreadyRunning(PyvrrpError):
    """Another process holds the lock."""

    def __init__(self, path: str) -> None:
        super().__init__(f"daemon is already running ({path} is locked)")
        self.path = path


@dataclass(frozen=True, slots=True)
class Words:
    """What the configuration says about names and places; the daemon keeps the first ones."""

    instance: str | None = None
    namespace: str | None = None
    """Network namespace of the daemon."""
    use_pid_dir: bool = False
    ipvs_namespace: str | None = None
    """Network namespace of the IPVS table: "" is that of process 1, None the daemon's own."""

    @property
    def ident_suffix(self) -> str:
        """What comes behind the name in syslog."""
        return "".join(f"_{name}" for name in (self.namespace, self.instance) if name)


@dataclass(frozen=True, slots=True)
class PidPaths:
    """The PID file of each process. The last two name processes that do not exist yet."""

    parent: str
    vrrp: str
    checkers: str
    bfd: str


def paths(options: Options, words: Words) -> PidPaths:
    """The names that the command line and the configuration lead to.

    keepalived mounts the directory of its namespace over the common one, for itself alone; from
    outside both are seen here.
    """

    def name(given: str | None, process: str) -> str:
        return given or default_path(process, words)

    return PidPaths(
        parent=name(options.pid_file, "keepalived"),
        vrrp=name(options.vrrp_pid_file, "vrrp"),
        checkers=name(options.checkers_pid_file, "checkers"),
        bfd=name(options.bfd_pid_file, "bfd"),
    )


def default_path(process: str, words: Words, ending: str = ".pid") -> str:
    """The file of a process where the command line names none."""
    in_subdirectory = words.use_pid_dir or words.instance or words.namespace
    directory = f"{RUN_DIRECTORY}/{_SUBDIRECTORY}" if in_subdirectory else RUN_DIRECTORY
    if words.namespace:
        directory = f"{directory}/{words.namespace}"
    suffix = f"_{words.instance}" if words.instance else ""
    return f"{directory}/{process}{suffix}{ending}"


class PidFile:
    """One PID file of this process, locked."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    @classmethod
    def acquire(cls, path: str) -> PidFile:
        """Make the file, with this process's id, and lock it. A stale one is replaced.

        Readers see the old file, or the new one complete, never an empty one.
        Raises: AlreadyRunning; PidFileError when it cannot be made.
        """
        try:
            _make_directory(path)
            for _ in range(_ATTEMPTS):
                descriptor = _try_acquire(path)
                if descriptor is not None:
                    return cls(path, descriptor)
        except OSError as exc:
            raise PidFileError(f"PID file {path}: {exc.strerror}") from exc
        raise PidFileError(f"PID file {path}: others keep replacing it")

    def remove(self) -> None:
        """Remove the file, unless another took the name, then drop the lock."""
        with suppress(OSError):
            if _same_file(self.path, self.descriptor):
                Path(self.path).unlink()
                for place in reversed(_own_directories(self.path)):
                    place.rmdir()
        self.close()

    def close(self) -> None:
        """Drop the lock; the file stays."""
        os.close(self.descriptor)


def is_locked(path: str) -> bool:
    """True while a process holds the lock of that PID file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return not _lock(descriptor)
    finally:
        os.close(descriptor)


def _make_directory(path: str) -> None:
    for place in _own_directories(path):
        with suppress(FileExistsError):
            place.mkdir()
            place.chmod(0o755)  # whatever the umask


def _own_directories(path: str) -> tuple[Path, ...]:
    """Directories of a PID file that nobody but us has; they go with the last file."""
    directory, ours = Path(path).parent, Path(RUN_DIRECTORY, _SUBDIRECTORY)
    if directory == ours:
        return (ours,)
    return (ours, directory) if directory.parent == ours else ()


def _try_acquire(path: str) -> int | None:
    """Descriptor of the locked new file; None when somebody else was a moment faster."""
    stale = _lock_existing(path)
    temporary = f"{path}.{os.getpid()}"
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o644)
    os.fchmod(descriptor, 0o644)
    os.write(descriptor, b"%d\n" % os.getpid())
    _lock(descriptor)
    try:
        if stale is None:
            os.link(temporary, path)
            Path(temporary).unlink()
        else:
            Path(temporary).rename(path)
    except OSError as exc:
        Path(temporary).unlink(missing_ok=True)
        os.close(descriptor)
        if isinstance(exc, FileExistsError):
            return None
        raise
    finally:
        # Only now: whoever waits for the stale file's lock must find that the name moved on.
        if stale is not None:
            os.close(stale)
    return descriptor


def _lock_existing(path: str) -> int | None:
    """Descriptor of the stale file, locked; None when there is no file. Raises: AlreadyRunning."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        if not _lock(descriptor):
            os.close(descriptor)
            raise AlreadyRunning(path)
        if _same_file(path, descriptor):
            return descriptor
        os.close(descriptor)


def _same_file(path: str, descriptor: int) -> bool:
    try:
        named, held = Path(path).stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)


def _lock(descriptor: int) -> bool:
    # struct flock: type, whence, start, length (0: to the end for ever), pid (0 for this kind).
    whole_file = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, whole_file)
    except (BlockingIOError, PermissionError):
        return False
    return True
