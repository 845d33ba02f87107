"""The names of the package: each is there, none is loaded before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import healthcheck


@pytest.mark.parametrize("name", healthcheck.__all__)
def test_every_name_is_there(name):
    assert getattr(healthcheck, name) is not None
    assert name in dir(healthcheck)


def test_no_name_is_there_by_accident():
    with pytest.raises(AttributeError, match="no attribute 'Agents'"):
        _ = healthcheck.Agents


def test_the_import_alone_loads_no_edge():
    program = (
        "import sys, healthcheck\n"
        "healthcheck.VirtualServer\n"
        "loaded = {'asyncio', 'socket', 'ssl', 'pyroute2', 'pyvrrp'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
