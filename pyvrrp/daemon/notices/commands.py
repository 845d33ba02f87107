"""Programs that are run for somebody, and named pipes with their readers: plain values."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Command", "FifoSettings"]


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run, by the name that was written (quirk: symlink-paths), and as whom: names or
    numbers; None is whoever runs it."""

    argv: tuple[str, ...]
    user: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class FifoSettings:
    """A named pipe that gets a line for each change; who owns one that we make: numbers, -1: as it
    comes. The `reader` is started with the path as its last word."""

    path: str
    user: int = -1
    group: int = -1
    reader: Command | None = None
