"""Tests for another kernel appear in a run as if they were native."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

boots = pytest.mark.skipif(os.geteuid() != 0 and not os.environ.get("CI"), reason="needs root")
pytestmark = [pytest.mark.root, pytest.mark.alone, boots]

_SETTINGS = """
[pytest]
markers = ipvs
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""
# What is native must not depend on the kernel that the tests run on.
_CONFTEST = "from netnslab import uml\numl.has_ipvs = lambda: False\n"
_TESTS = """
import os, time
from pathlib import Path
import pytest

def here(): return "NETNSLAB_UML" not in os.environ

def test_native(): assert here()

@pytest.fixture(scope="module")
def shared():
    print("made")
    yield
    print("taken away")

@pytest.mark.ipvs
@pytest.mark.parametrize("word", ["a b", "c[d]", "e::f"])
def test_passes(word, shared, tmp_path):
    assert not here() and Path("/proc/net/ip_vs").exists() and str(tmp_path).startswith("/run/")

@pytest.mark.ipvs
def test_leaves_out(): pytest.skip("for a reason")

@pytest.mark.ipvs
@pytest.mark.xfail(reason="known")
def test_known(): assert here()

@pytest.mark.ipvs
def test_fails(shared):
    print("printed before")
    assert 1 + 1 == 3

@pytest.mark.ipvs(timeout=1)
def test_hangs(): time.sleep(100)

@pytest.mark.ipvs
def test_goes_on(record_property): record_property("key", 1)

@pytest.mark.ipvs
def test_dies(): os._exit(3)

@pytest.mark.ipvs
def test_comes_too_late(): pass

def test_native_too(): assert here()
"""


def _run(directory: Path, *options: str, before: str = "") -> subprocess.CompletedProcess[str]:
    (directory / "pytest.ini").write_text(_SETTINGS)
    (directory / "conftest.py").write_text(_CONFTEST + before)
    (directory / "test_it.py").write_text(_TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "netnslab.pytest_uml", "-v", *options]
    environment = {name: value for name, value in os.environ.items() if name != "NETNSLAB_UML"}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        env=environment,
        timeout=120,
    )


def _verdicts(text: str) -> list[tuple[str, str]]:
    return re.findall(
        r"^test_it\.py::test_(.*?) ([A-Z]+)(?: \(.*\))? +\[ *\d+%\]$", text, re.MULTILINE
    )


@pytest.mark.slow
def test_outcomes_come_out_one_by_one(tmp_path: Path) -> None:
    done = _run(tmp_path, "--junitxml=result.xml")
    assert done.returncode == 1
    assert _verdicts(done.stdout) == [
        ("native", "PASSED"),
        ("native_too", "PASSED"),
        ("passes[a b]", "PASSED"),
        ("passes[c[d]]", "PASSED"),
        ("passes[e::f]", "PASSED"),
        ("leaves_out", "SKIPPED"),
        ("known", "XFAIL"),
        ("fails", "FAILED"),
        ("hangs", "FAILED"),
        ("goes_on", "PASSED"),
        ("dies", "FAILED"),
        ("comes_too_late", "FAILED"),
    ]
    for text in (
        "assert (1 + 1) == 3",
        "printed before",
        "Failed: not done after 1 s",
        "pytest in User-Mode Linux ended with 3; it wrote:",
        "not run: User-Mode Linux was lost at test_it.py::test_dies",
        "4 failed, 6 passed, 1 skipped, 1 xfailed",
    ):
        assert text in done.stdout
    result = (tmp_path / "result.xml").read_text()
    assert 'failures="4" skipped="2" tests="12"' in result
    assert '<property name="key" value="1" />' in result
    assert not list(tmp_path.glob("core*"))


@pytest.mark.slow
def test_only_what_was_chosen_runs_until_the_first_failure(tmp_path: Path) -> None:
    done = _run(tmp_path, "-x", "-k", "b or fails or goes_on")
    assert _verdicts(done.stdout) == [("passes[a b]", "PASSED"), ("fails", "FAILED")]
    assert "stopping after 1 failures" in done.stdout


def test_no_machine_is_a_failure_of_each(tmp_path: Path) -> None:
    done = _run(tmp_path, "-k", "native or known", before="uml._KERNEL = 'no-such-kernel'\n")
    assert _verdicts(done.stdout) == [
        ("native", "PASSED"),
        ("native_too", "PASSED"),
        ("known", "FAILED"),
    ]
    assert "not run: there is no no-such-kernel on this machine: apt-get" in done.stdout


@pytest.mark.parametrize(
    "before",
    ["uml.has_ipvs = lambda: True\n", "import os\nos.geteuid = lambda: 1000\n"],
    ids=["with IPVS", "without root"],
)
def test_otherwise_they_are_tests_like_any_others(tmp_path: Path, before: str) -> None:
    done = _run(tmp_path, "-k", "native or fails", before=before)
    assert _verdicts(done.stdout) == [
        ("native", "PASSED"),
        ("fails", "FAILED"),
        ("native_too", "PASSED"),
    ]


def test_collecting_boots_nothing(tmp_path: Path) -> None:
    done = _run(tmp_path, "--collect-only", "-q", before="uml._KERNEL = 'no-such-kernel'\n")
    assert done.returncode == 0
    assert "12 tests collected" in done.stdout
