"""A daemon whose children and configuration do as the test tells them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .supervised import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()
