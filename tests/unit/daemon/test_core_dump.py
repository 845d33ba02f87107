"""Core files are allowed, and the pattern is put back."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvrrp.daemon.options import Options
from pyvrrp.daemon.parent import core_dump
from pyvrrp.daemon.parent.core_dump import core_dumps


@pytest.fixture(autouse=True)
def limit() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def test_limit() -> None:
    with core_dumps(Options()):
        assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
    with core_dumps(Options(core_dump=True)):
        soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        assert soft == hard


@pytest.mark.parametrize(("given", "used"), [("", "core"), ("/var/core.%p", "/var/core.%p")])
def test_pattern(given: str, used: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = tmp_path / "core_pattern"
    pattern.write_text("|/usr/bin/collector %p\n")
    monkeypatch.setattr(core_dump, "_PATTERN", pattern)
    with core_dumps(Options(core_dump=True, core_pattern=given)):
        assert pattern.read_text() == used
    assert pattern.read_text() == "|/usr/bin/collector %p"


def test_pattern_that_cannot_be_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(core_dump, "_PATTERN", tmp_path / "none")
    with core_dumps(Options(core_dump=True, core_pattern="")):
        pass
    assert "No such file or directory" in caplog.text
