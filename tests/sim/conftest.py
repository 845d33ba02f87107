"""`pytest tests/sim --sim-seed N` runs the one schedule that a failure named."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--sim-seed", type=int, default=None, help="run this schedule only")


@pytest.fixture
def only_seed(request):
    """The seed asked for on the command line, or None."""
    return request.config.getoption("--sim-seed", None)
