"""Where configuration text comes from: the only module here that touches files.

A `Reader` answers two questions, so tests and library users can hand in a dict instead. It states
facts (`Unreadable`); what an unreadable file means is decided by its callers.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import partial
from itertools import islice
from typing import Protocol

from ..errors import PyvrrpError

__all__ = [
    "MAX_FILE_SIZE",
    "DictReader",
    "DiskReader",
    "Reader",
    "Unreadable",
    "UnreadableReason",
    "directory_of",
    "expand_braces",
    "has_wildcard",
    "node_name",
]

MAX_FILE_SIZE = 64 * 1024 * 1024
"""Octets of one file; far above any configuration, far below what would hurt the machine."""

_CHUNK = 256 * 1024
"""Read at a time at least; some files, as in /proc, do not say how large they are."""

_MAX_ALTERNATIVES = 1000
_MAX_BRACES = 32


class UnreadableReason(StrEnum):
    """Why a file cannot be used; keepalived refuses all of these alike."""

    MISSING = "does not exist"
    DIRECTORY = "is a directory"
    EXECUTABLE = "is executable"
    NOT_REGULAR = "is not a regular file"
    PERMISSION = "may not be read"
    TOO_LARGE = "is too large"
    FAILED = "could not be read"


class Unreadable(PyvrrpError):
    """A file that cannot be used as configuration."""

    def __init__(self, path: str, reason: UnreadableReason) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path
        self.reason = reason


class Reader(Protocol):
    """What the language needs of a file system."""

    def read(self, path: str) -> str:
        """Text of a file, undecodable octets as surrogates. Raises: Unreadable."""

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Existing paths that match a pattern without braces, sorted."""


class DiskReader:
    """The file system of this machine."""

    def read(self, path: str) -> str:
        """Text of a regular, not executable file (keepalived's rule). Raises: Unreadable."""
        try:
            # Opened before it is examined, so that both see the same file; a FIFO must not block.
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                status = os.fstat(file.fileno())
                _refuse_unsuitable(path, status)
                # All at once, unless it grows under our eyes: what is joined is held twice.
                most = max(_CHUNK, status.st_size + 1)
                chunks = islice(iter(partial(file.read, most), b""), MAX_FILE_SIZE // most + 2)
                octets = b"".join(chunks)
        except (FileNotFoundError, NotADirectoryError):
            raise Unreadable(path, UnreadableReason.MISSING) from None
        except IsADirectoryError:
            raise Unreadable(path, UnreadableReason.DIRECTORY) from None
        except PermissionError:
            raise Unreadable(path, UnreadableReason.PERMISSION) from None
        except (OSError, ValueError) as exc:
            raise Unreadable(path, UnreadableReason.FAILED) from exc
        if len(octets) > MAX_FILE_SIZE:
            raise Unreadable(path, UnreadableReason.TOO_LARGE)
        return octets.decode("utf-8", "surrogateescape")

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Existing paths, sorted; a name without wildcards matches itself when it exists."""
        from glob import glob  # only a file with includes needs it

        try:
            return tuple(sorted(glob(pattern)))  # noqa: PTH207  # paths stay as written
        except (OSError, ValueError):
            return ()


class DictReader:
    """Files held in a mapping of path to text."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def read(self, path: str) -> str:
        """Text of a member. Raises: Unreadable."""
        try:
            return self._files[path]
        except KeyError:
            raise Unreadable(path, UnreadableReason.MISSING) from None

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Members that match; as on disk, a wildcard does not cross a slash."""
        parts = pattern.split("/")
        return tuple(sorted(path for path in self._files if _matches(path.split("/"), parts)))


def _matches(path: list[str], pattern: list[str]) -> bool:
    return len(path) == len(pattern) and all(map(fnmatchcase, path, pattern))


def _refuse_unsuitable(path: str, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise Unreadable(path, UnreadableReason.DIRECTORY)
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable(path, UnreadableReason.NOT_REGULAR)
    if status.st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
        raise Unreadable(path, UnreadableReason.EXECUTABLE)
    if status.st_size > MAX_FILE_SIZE:
        raise Unreadable(path, UnreadableReason.TOO_LARGE)


def has_wildcard(pattern: str) -> bool:
    """True when glob(7) would expand the pattern; braces are not wildcards."""
    return any(c in pattern for c in "*?[")


def expand_braces(pattern: str) -> tuple[str, ...]:
    """The alternatives of `a{b,c}d` in the order written, as glob(3) does with GLOB_BRACE.

    Braces nest; an unclosed one is an ordinary character. Bounded: at most 1000 alternatives, and
    a pattern with more than 32 braces stays as it is.
    """
    if pattern.count("{") > _MAX_BRACES:
        return (pattern,)
    return tuple(dict.fromkeys(islice(_alternatives(pattern), _MAX_ALTERNATIVES)))


def _alternatives(pattern: str) -> Iterator[str]:
    start = pattern.find("{")
    end = _closing(pattern, start)
    if start < 0 or end < 0:
        yield pattern
        return
    for choice in _choices(pattern[start + 1 : end]):
        yield from _alternatives(pattern[:start] + choice + pattern[end + 1 :])


def _closing(pattern: str, start: int) -> int:
    depth = 0
    for index in range(max(start, 0), len(pattern)):
        depth += {"{": 1, "}": -1}.get(pattern[index], 0)
        if depth == 0 and pattern[index] == "}":
            return index
    return -1


def _choices(inside: str) -> list[str]:
    choices, depth = [""], 0
    for char in inside:
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char == "," and depth == 0:
            choices.append("")
        else:
            choices[-1] += char
    return choices


def directory_of(path: str) -> str:
    """Absolute directory of a file, for `${_PWD}`."""
    return os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120  # pathlib loads slowly


def node_name() -> str:
    """Node name up to the first dot: what `@ID` is compared with unless told otherwise."""
    return os.uname().nodename.partition(".")[0]
