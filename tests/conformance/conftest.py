"""What the ledgers share: the tests that there are, collected once, however many workers run."""

from __future__ import annotations

import fcntl
import os
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from .collected import collect

__all__ = ["node_ids"]

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def node_ids(tmp_path_factory: pytest.TempPathFactory) -> Collection[str]:
    """Every test of the files that the ledgers name."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    with (place / "node-ids").open("a+") as shared:
        fcntl.flock(shared, fcntl.LOCK_EX)
        shared.seek(0)
        if not (text := shared.read()):
            text = "\n".join(collect(_named()))
            shared.write(text)
    return set(text.splitlines())


def _named() -> Iterator[str]:
    for path in HERE.rglob("*.toml"):
        yield from _tests(tomllib.loads(path.read_text()))


def _tests(part: object) -> Iterator[str]:
    """The node ids anywhere in a ledger."""
    match part:
        case str() if part.startswith("tests/"):
            yield part
        case dict():
            for value in part.values():
                yield from _tests(value)
        case list():
            for value in part:
                yield from _tests(value)
