"""Configurations beside what they must become: `good/*.conf` with .json, `bad/*.conf` with .diag."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from pyvrrp.conf.diagnostics import Span, concise, full
from pyvrrp.conf.load import Loaded, load

HERE = Path(__file__).parent
INTERFACES = ("lo", "eth0", "eth1", "eth2")
GOOD = sorted(p.stem for p in (HERE / "good").glob("*.conf"))
BAD = sorted(p.stem for p in (HERE / "bad").glob("*.conf"))


def loaded(path: str) -> Loaded:
    return load(path, config_id="alpha", environ={"SITE": "north"}, interfaces=INTERFACES)


def plain(value: object) -> object:
    """JSON of a configuration: fields that differ from their default, spans as line:column."""
    if isinstance(value, Span):
        return f"{value.line}:{value.column}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: plain(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if getattr(value, f.name) != f.default
        }
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)


def compare(path: Path, text: str, *, rewrite: bool) -> None:
    if rewrite:
        path.write_text(text)
    assert path.read_text() == text


@pytest.mark.parametrize("name", GOOD)
def test_good(name: str, rewrite: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / "good")
    result = loaded(f"{name}.conf")
    said = {"said": [concise(d) for d in result.diagnostics], "config": plain(result.config)}
    compare(HERE / f"good/{name}.json", json.dumps(said, indent=1) + "\n", rewrite=rewrite)
    assert (result.is_usable, result.exit_code, result.test_exit_code) == (True, 0, 0)


@pytest.mark.parametrize("name", BAD)
def test_bad(name: str, rewrite: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / "bad")
    result = loaded(f"{name}.conf")
    rows = [full(d) for d in result.diagnostics]
    codes = f"keepalived -t exits with {result.test_exit_code}, a start with {result.exit_code}"
    compare(HERE / f"bad/{name}.diag", "\n".join([codes, *rows, ""]), rewrite=rewrite)
    assert result.test_exit_code != 0


def test_there_are_enough_broken_files() -> None:
    assert len(BAD) >= 25
