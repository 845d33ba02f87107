"""The pytest fixture `lab`: a fresh, empty lab for each test, taken away whatever happens.

Use it from a `conftest.py`:

    from netnslab.pytest_plugin import lab, pytest_runtest_makereport

When a test fails, the report shows the end of the output of every process of its lab.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Generator, Iterator

import pytest

from .lab import Lab

__all__ = ["lab", "pytest_runtest_makereport", "show_in_report"]

_LAB = pytest.StashKey[Lab]()


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """An empty lab, named after the test. Without root the test is skipped, or fails under `CI`."""
    if os.geteuid() != 0:
        reason = "a network-namespace lab needs root"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    stem = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name).strip("-")[:40]
    with Lab(f"{stem}-{secrets.token_hex(3)}") as made:
        show_in_report(request, made)
        yield made


def show_in_report(request: pytest.FixtureRequest, made: Lab) -> None:
    """Have the output of a lab's processes in the report of this test, should it fail; for a lab
    that lives longer than one test."""
    request.node.stash[_LAB] = made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the output of the lab's processes to the report of a failed test."""
    report = yield
    made = item.stash.get(_LAB, None)
    if report.when == "call" and report.failed and made is not None:
        for host in made.hosts.values():
            for process in host.processes:
                title = f"{host.name}: {' '.join(process.command)}"
                report.sections.append((title, process.tail()))
    return report
