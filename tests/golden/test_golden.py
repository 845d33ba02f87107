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

PEOPLE = {
    "address_comma": 12,
    "address_range": 12,
    "address_short": 12,
    "address_two_on_a_line": 12,
    "advert_fast": 6,
    "advert_ms": 6,
    "bool": 6,
    "brace_far_away": 13,
    "brace_forgotten_open": 11,
    "brace_glued": 5,
    "brace_of_globals": 1,
    "brace_one_too_many": 17,
    "brace_round": 11,
    "brace_server": 7,
    "brace_square": 1,
    "case": 2,
    "colon": 5,
    "continuation": 12,
    "delay_without_number": 2,
    "dev_missing_name": 12,
    "digest_short": 12,
    "dr_ports": 13,
    "equals_sign": 5,
    "group_braces": 17,
    "group_member": 19,
    "http_without_path": 10,
    "include_no_name": 1,
    "include_strict": 5,
    "interface_in_addresses": 12,
    "interface_name": 3,
    "ipv6_in_ipv4": 13,
    "ipv6_zone": 12,
    "mail": 3,
    "mask_33": 12,
    "mask_dotted": 12,
    "mask_missing": 12,
    "method_lower": 4,
    "no_protocol_typo": 5,
    "nopreempt_master": 3,
    "other_comment": 1,
    "peer_is_other_family": 15,
    "port_colon": 1,
    "port_too_high": 13,
    "priority_256": 5,
    "quorum_too_high": 6,
    "quote_typographic": 8,
    "quote_unclosed": 8,
    "same_name": 16,
    "same_vrid": 19,
    "script_later": 18,
    "script_typo": 22,
    "script_unquoted": 8,
    "semicolon": 5,
    "server_copied": 13,
    "service_name": 1,
    "sorry_without_port": 6,
    "state_slave": 2,
    "track_interface": 12,
    "typo_addresses": 11,
    "typo_check": 9,
    "typo_instance": 1,
    "typo_interface": 3,
    "typo_router_id": 4,
    "variable_braces": 6,
    "variable_later": 5,
    "variable_shell": 1,
    "variable_undefined": 7,
    "vmac_and_unicast": 6,
    "vrid_300": 4,
    "vrid_name": 4,
    "weight_percent": 8,
    "wrong_block_check": 10,
    "wrong_block_priority": 3,
    "wrong_block_router_id": 4,
    "wrong_block_script": 6,
    "wrong_block_vip": 1,
    "yaml": 1,
}
"""Mistakes of people, and the line each of them is in."""


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


@pytest.mark.parametrize("name", PEOPLE)
def test_the_first_problem_is_the_mistake(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows from a mistake comes behind it, if at all."""
    monkeypatch.chdir(HERE / "bad")
    first = loaded(f"people_{name}.conf").diagnostics[0]
    assert first.span.line == PEOPLE[name]


def test_there_are_enough_broken_files() -> None:
    assert len(BAD) >= 130
