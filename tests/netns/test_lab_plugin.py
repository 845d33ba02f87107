"""The pytest fixture, from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_CONFTEST = """
from netnslab.pytest_plugin import lab, pytest_runtest_makereport
"""
_TESTS = """
def test_fails_with_a_daemon(lab):
    print("lab", lab.name)
    lab.host("a").start(["sh", "-c", "echo the last words; sleep 67"], wait="words")
    assert 1 == 2

def test_gets_another_lab(lab):
    assert lab.hosts == {}
"""


_NO_ROOT = "import os\nos.geteuid = lambda: 1000\n"


def _run(directory: Path, *, before: str = "", ci: str = "") -> str:
    (directory / "conftest.py").write_text(before + _CONFTEST)
    (directory / "test_it.py").write_text(_TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", str(directory)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CI": ci},
        cwd=directory,
    )
    return done.stdout


def test_a_failure_shows_the_output_of_the_labs_processes(tmp_path: Path) -> None:
    text = _run(tmp_path)
    assert "1 failed, 1 passed" in text
    assert "a: sh -c echo the last words; sleep 67" in text
    assert "\nthe last words\n" in text
    name = text.split("lab test-fails")[1].split()[0]
    assert not list(Path("/run/netns").glob(f"test-fails{name}.*"))


def test_without_root_the_test_is_skipped_and_the_reason_told(tmp_path: Path) -> None:
    text = _run(tmp_path, before=_NO_ROOT)
    assert "2 skipped" in text
    assert "a network-namespace lab needs root" in text


def test_without_root_ci_fails(tmp_path: Path) -> None:
    assert "2 errors" in _run(tmp_path, before=_NO_ROOT, ci="true")
