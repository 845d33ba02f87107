"""What a lab leaves on the machine, written down before it is made, so that it can be taken away.

Each lab has a directory `/run/netnslab/NAME` with the logs and files of its hosts and `lab.json`:
the owner (process id, start time, boot) and the names of the namespaces. A lab whose owner is dead
is swept by the next one that starts: its processes killed, its namespaces and files removed.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from . import namespaces, residents
from .errors import LabError, NotPermitted
from .link import Cable, End

__all__ = [
    "DIRECTORY",
    "Member",
    "Owner",
    "Record",
    "claim",
    "find",
    "read_all",
    "sweep",
    "tear_down",
    "write",
]

DIRECTORY = Path("/run/netnslab")
_FILE = "lab.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Owner:
    """One run of one process. A process id alone may have been given to another since."""

    pid: int
    start: int
    """Clock ticks after boot: field 22 of proc(5)'s `stat`."""
    boot: str

    @classmethod
    def of(cls, pid: int) -> Owner | None:
        """The owner that process `pid` would be; None when there is no such process."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat[stat.rindex(b")") + 2 :].split()
        if fields[0] in (b"Z", b"X"):
            return None
        return cls(
            pid, int(fields[19]), Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        )

    @property
    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return Owner.of(self.pid) == self


@dataclass(frozen=True, slots=True)
class Member:
    """A host or a bridge of a lab."""

    name: str
    kind: Literal["host", "bridge"]


@dataclass(frozen=True, slots=True)
class Record:
    """One lab on this machine. Without an owner it stays until somebody takes it down."""

    name: str
    owner: Owner | None
    created: float
    """Seconds since the epoch."""
    members: tuple[Member, ...] = ()
    cables: tuple[Cable, ...] = ()

    @property
    def directory(self) -> Path:
        """Where the lab's files live."""
        return DIRECTORY / self.name

    @property
    def is_abandoned(self) -> bool:
        """Whether its owner died without taking it down."""
        return self.owner is not None and not self.owner.is_alive

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The names of its network namespaces."""
        return tuple(self.namespace_of(member.name) for member in self.members)

    def namespace_of(self, member: str) -> str:
        """The network namespace of a host or bridge."""
        return f"{self.name}.{member}"

    def with_member(self, member: Member) -> Record:
        """The same lab with one more host or bridge."""
        return replace(self, members=(*self.members, member))

    def with_cable(self, cable: Cable) -> Record:
        """The same lab with one more cable."""
        return replace(self, cables=(*self.cables, cable))


def claim(name: str, owner: Owner | None) -> Record:
    """Write down a new lab, in one step against all other labs.

    Raises: ValueError for a name that cannot be a file name; LabError when the name is in use;
    NotPermitted without root.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"lab name {name!r}: letters, digits, '-', '_' and '.' only")
    with _locked():
        record = Record(name, owner, time.time())
        try:
            record.directory.mkdir()
        except FileExistsError as error:
            raise LabError(
                f"there is a lab {name} already: take another name, or `netnslab down {name}`"
            ) from error
        write(record)
    return record


def write(record: Record) -> None:
    """Replace the lab's record; a reader sees the old one or the new one, whole."""
    draft = record.directory / "lab.json.new"
    draft.write_text(json.dumps(asdict(record)))
    draft.rename(record.directory / _FILE)


def read_all() -> list[Record]:
    """Every lab on this machine, by name."""
    if not DIRECTORY.is_dir():
        return []
    return [_read(path) for path in sorted(DIRECTORY.iterdir()) if path.is_dir()]


def find(name: str) -> Record:
    """The lab of that name. Raises: LabError, with the names there are."""
    labs = {record.name: record for record in read_all()}
    if name not in labs:
        known = ", ".join(labs) or "none"
        raise LabError(f"there is no lab {name}; there are: {known}")
    return labs[name]


def sweep() -> list[Record]:
    """Take away every lab whose owner is dead; return them.

    Raises: LabError when something cannot be taken away; NotPermitted without root.
    """
    with _locked():
        swept = [record for record in read_all() if record.is_abandoned]
        for record in swept:
            residents.kill(record.namespaces)
            _remove(record)
    return swept


def tear_down(record: Record) -> None:
    """Kill what runs in the lab's namespaces, then remove them and the lab's files.

    Raises: LabError when a process survives SIGKILL for 5 s.
    """
    residents.kill(record.namespaces)
    with _locked():  # or a sweep would take a directory half removed for an abandoned one
        _remove(record)


def _remove(record: Record) -> None:
    """Remove namespaces and files. The record goes last: interrupted, this can be done again."""
    for namespace in record.namespaces:
        namespaces.remove(namespace)
    if not record.directory.is_dir():  # somebody else took the lab down
        return
    for path in record.directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _FILE:
            path.unlink()
    shutil.rmtree(record.directory)


def _read(directory: Path) -> Record:
    """The record in `directory`. A directory without one is from a `claim` that died half-way."""
    try:
        found = json.loads((directory / _FILE).read_text())
        return Record(
            name=directory.name,
            owner=Owner(**found["owner"]) if found["owner"] else None,
            created=found["created"],
            members=tuple(Member(**each) for each in found["members"]),
            cables=tuple(
                Cable(each["member"], End(**each["near"]), End(**each["far"]))
                for each in found["cables"]
            ),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return Record(directory.name, Owner(0, 0, ""), 0.0)


@contextmanager
def _locked() -> Iterator[None]:
    """Keep other labs from claiming and sweeping meanwhile."""
    try:
        DIRECTORY.mkdir(mode=0o755, parents=True, exist_ok=True)
        lock = os.open(DIRECTORY, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError as error:
        raise NotPermitted(f"no permission for {DIRECTORY}: run as root") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
