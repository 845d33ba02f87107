"""The flag that rewrites the expectations: `pytest tests/golden --rewrite-golden`, then read the diff."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write what the code says now over the expected files in tests/golden",
    )


@pytest.fixture(scope="session")
def rewrite(request: pytest.FixtureRequest) -> bool:
    # A run of all tests reads this file late, after the command line; then there is no such option.
    return bool(request.config.getoption("--rewrite-golden", default=False))
