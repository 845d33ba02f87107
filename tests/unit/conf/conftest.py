"""What the tests of the configuration language share."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from pyvrrp.conf.load import Loaded, load
from pyvrrp.conf.source import DictReader


@pytest.fixture
def read() -> Callable[..., Loaded]:
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
