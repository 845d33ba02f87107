"""What the tests of the configuration language share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import pytest

from pyvrrp.conf.load import Loaded, load
from pyvrrp.conf.source import DictReader


@pytest.fixture
def read_all() -> Callable[..., Loaded]:
    """Load a text, and further files given by name."""

    def read(text: str, interfaces: Collection[str] | None = None, **files: str) -> Loaded:
        reader = DictReader({"k.conf": text, **files})
        return load(
            "k.conf",
            reader=reader,
            config_id="alpha",
            environ={"SITE": "north"},
            interfaces=interfaces,
        )

    return read


@pytest.fixture
def read(read_all: Callable[..., Loaded]) -> Callable[..., Loaded]:
    """The same without remarks on what is not acted on yet: they change with the daemon."""

    def read(text: str, interfaces: Collection[str] | None = None, **files: str) -> Loaded:
        result = read_all(text, interfaces, **files)
        told = tuple(d for d in result.diagnostics if d.id != "not-acted-on")
        return replace(result, diagnostics=told)

    return read
