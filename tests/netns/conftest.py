"""Tests on a real kernel: every one gets the `root` marker and may ask for a `lab`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netnslab.pytest_plugin import lab, pytest_runtest_makereport

__all__ = ["lab", "pytest_collection_modifyitems", "pytest_runtest_makereport"]

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here as needing root; without root skip it, unless CI says it must run."""
    for item in items:
        if not item.path.is_relative_to(_HERE):
            continue
        item.add_marker(pytest.mark.root)
        if os.geteuid() != 0 and not os.environ.get("CI"):
            item.add_marker(pytest.mark.skip(reason="needs root and network namespaces"))
