"""Tests of IPVS on a real kernel; where this one has none, in User-Mode Linux.

They may ask for a `director` with three real servers and a client, which is the same for all tests and
renewed for each; for one of their own by `make_director(5)`, when they change more of it than programs,
services and which servers answer; for `inside_director`, to be in it; for a `lab`; and for `kernel_table()`, what ipvsadm(8) reads in the
director's kernel.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from netnslab import Lab
from netnslab.pytest_plugin import lab, pytest_runtest_makereport, show_in_report
from tests.ipvs.site import Director, Rules

__all__ = ["lab", "pytest_collection_modifyitems", "pytest_runtest_makereport"]

_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here as needing root and IPVS; without root skip it, unless CI says it must run."""
    for item in items:
        if not item.path.is_relative_to(_HERE):
            continue
        item.add_marker(pytest.mark.root)
        if item.get_closest_marker("ipvs") is None:
            item.add_marker(pytest.mark.ipvs)
        if os.geteuid() != 0 and not os.environ.get("CI"):
            item.add_marker(pytest.mark.skip(reason="needs root and network namespaces"))


@pytest.fixture
def make_director(lab: Lab) -> Iterator[Callable[[int], Director]]:
    """Makes a director with so many real servers, all answering, and a client; one per test."""
    with ExitStack() as ended:
        yield lambda servers: ended.enter_context(Director(lab, servers))


@pytest.fixture(scope="session")
def site() -> Iterator[Director]:
    """A director with three real servers, for all tests: making one takes 3 s on a slow kernel."""
    with Lab() as made, Director(made, 3) as director:
        yield director


@pytest.fixture
def director(site: Director, request: pytest.FixtureRequest) -> Director:
    """A director with three real servers, an empty table, and a client."""
    site.renew()
    show_in_report(request, site.lab)
    return site


@pytest.fixture
def inside_director(director: Director) -> Iterator[Director]:
    """The director, with the test in it from its start to its end: what it opens and starts, event
    loops and their threads included, is there."""
    with director.host.entered():
        yield director


@pytest.fixture
def kernel_table(director: Director) -> Callable[[], Rules]:
    """Reads the director's table with ipvsadm(8); see `Director.rules`."""
    return director.rules
