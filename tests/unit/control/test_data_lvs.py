"""The dump of the checks beside files that Debian's keepalived 2.2.7 wrote (tests/ipvs/test_dumps.py).

`lvs/NAME.data` is what it wrote for `lvs/NAME.conf` at its start, the globals left out.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from healthcheck.core.model import FileCheck, ProbeResult
from healthcheck.snapshot import CheckSnapshot, ServiceSnapshot
from pyvrrp.conf.config import Config
from pyvrrp.conf.load import load
from pyvrrp.control import data_lvs
from pyvrrp.control.data_lvs_start import at_start
from pyvrrp.control.host import HostFacts

HERE = Path(__file__).parent / "lvs"
HOST = HostFacts(users={"root": (0, 0), "nobody": (65534, 65534)}, groups={"root": 0})

DIFFERENT = {
    "checks": {
        "last-run": (
            "-   Last ran = 0.000000 (Thu Jan  1 00:00:00 1970.000000)",
            "-   Last status = 0",
        )
        * 2,
        "all-regex-options": (
            "-     Regex options: allow_empty_class alt_bsux auto_callout caseless dollar_endonly dotall"
            " dupnames extended firstline match_unset_backref multiline never_ucp never_utf"
            " no_auto_capture no_auto_possess no_dotstar_anchor no_start_optimize ucp ungreedy utf"
            " never_backslash_c alt_circumflex alt_verbnames use_offset_limit",
            "+     Regex options: caseless multiline",
        ),
        "smtp-host-timeout": (
            "-     Timeout = 0.000000",
            "+     Timeout = 2.500000",
        )
        * 2,
        "misc-timeout": (
            "-   timeout = 0",
            "+   timeout = 6",
        ),
    },
}
"""By file and by row of QUIRKS.md: lines of keepalived alone (-), and of ours alone (+)."""


def loaded(name: str) -> Config:
    interfaces = ("lo", "eth0", "eth1")
    return load(str(HERE / f"{name}.conf"), config_id="x", interfaces=interfaces).config


def lines(config: Config, snapshots: Mapping[str, ServiceSnapshot] | None = None) -> list[str]:
    return list(data_lvs.lines(config, HOST, snapshots or {}))


@pytest.mark.parametrize("name", ["checks", "groups", "services"])
def test_as_it_starts(name: str) -> None:
    theirs = (HERE / f"{name}.data").read_text().splitlines()
    found = difflib.unified_diff(theirs, lines(loaded(name)), n=0, lineterm="")
    different = [line for line in found if not line.startswith(("---", "+++", "@@"))]
    known = [line for some in DIFFERENT.get(name, {}).values() for line in some]
    assert sorted(different) == sorted(known)


def test_nothing_about_services() -> None:
    assert lines(Config()) == []


def test_what_became_of_it() -> None:
    config = loaded("groups")
    assert config.lvs is not None
    service = config.lvs.services[0]
    start = at_start(config, service)
    server = start.servers[0]
    failed = replace(
        server,
        is_up=False,
        checks=(replace(server.checks[0], is_up=False, last=ProbeResult(False)),),
    )
    now = replace(start, has_quorum=False, is_suspended=True, servers=(failed, start.servers[1]))
    before, after = lines(config), lines(config, {"[web]:0": now})
    changed = [(one, two) for one, two in zip(before, after, strict=True) if one != two]
    assert changed == [
        *[("     Alive: 2 tcp, 1 udp, 0 sctp", "     Alive: 1 tcp, 1 udp, 0 sctp")] * 4,
        ("   quorum_state_up = 1", "   quorum_state_up = 0"),
        ("   alive = 1", "   alive = 0"),
        ("   num failed checkers = 0", "   num failed checkers = 1"),
        ("   RS set = 1", "   RS set = 0"),
        ("   Enabled = yes", "   Enabled = no"),
        ("   Up = yes", "   Up = no"),
        ("   Has run = no", "   Has run = yes"),
        ("   Retries iterations = 1", "   Retries iterations = 0"),
    ]


@pytest.mark.parametrize(
    ("result", "weight", "status"),
    [
        pytest.param(ProbeResult(True, weight_offset=12), "12", "4", id="offset"),
        pytest.param(ProbeResult(True, weight=9), "4", "0", id="instead"),
        pytest.param(None, "0", "0", id="none yet"),
    ],
)
def test_weight_of_a_check(result: ProbeResult | None, weight: str, status: str) -> None:
    config = loaded("checks")
    assert config.lvs is not None
    start = at_start(config, config.lvs.services[0])
    *others, server = start.servers
    (first, _) = server.checks
    assert isinstance(first.check, FileCheck)
    now = replace(server, weight=7, checks=(CheckSnapshot(first.check, True, 0, result),))
    name = start.config.name
    after = lines(config, {name: replace(start, servers=(*others, now))})
    assert [x.strip() for x in after if "Current weight" in x][-1] == f"Current weight = {weight}"
    assert f"   Status = {status}" in after
    assert "   RIP = 198.51.100.23, RPORT = 443, WEIGHT = 7 EFF WEIGHT = 7" in after


def test_a_session_that_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "k.conf"
    path.write_text(
        "bfd_instance far {\n neighbor_ip 203.0.113.9\n}\n"
        "virtual_server 192.0.2.1 80 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n"
        " real_server 198.51.100.21 80 {\n BFD_CHECK {\n name far\n alpha\n}\n}\n}\n"
    )
    shown = lines(load(str(path), config_id="x", interfaces=()).config)
    server = shown.index("   alive = 0", shown.index("   ------< Real server >------"))
    assert shown[server + 1 : server + 6] == [
        "   num failed checkers = 1",
        "   RS set = 0",
        "   reloaded = 0",
        "   Tracked BFDs",
        "     far",
    ]
    assert shown[server + 6 : server + 11] == [
        "------< Health checkers >------",
        " [192.0.2.1]:tcp:80 -> [198.51.100.21]:tcp:80",
        "   Enabled = yes",
        "   Up = no",
        "   Has run = no",
    ]
    assert shown[-8:] == [
        "   Log all failures = no",
        "   Keepalive method = BFD_CHECK",
        "   Name = far",
        "   Alpha is ON",
        "------< Checker track BFDs >------",
        " Checker Track BFD = far",
        "   Tracking RS :",
        "   [198.51.100.21]:tcp:80",
    ]


def test_a_password_stays_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "k.conf"
    path.write_text("SSL {\n password secret\n ca /ca.pem\n key /k\n certificate /c\n}\n")
    config = load(str(path), config_id="x", interfaces=()).config
    assert lines(config) == [
        "------< SSL definitions >------",
        " Password : ********",
        " CA-file : /ca.pem",
        " Certificate file : /c",
        " Key file : /k",
    ]
