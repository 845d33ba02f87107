"""The exit code of `keepalived -t` for the same file: Debian's 2.2.7 and ours.

Files are those of tests/golden and the few lines below. Where the two differ, a row of
QUIRKS.md stands beside the file, and keepalived's code is checked all the same.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvrrp.conf.load import Loaded, load
from pyvrrp.daemon.this_host import ThisHost
from tests.parity.debian import CRASH, LINKS, NODE, namespace, verdicts, written

pytestmark = [pytest.mark.root, pytest.mark.untimed]

GOLDEN = Path(__file__).parents[1] / "golden"
FILES = sorted(f"{p.parent.name}/{p.name}" for p in GOLDEN.glob("*/*.conf"))

FATAL = [
    f"bad/{name}.conf"
    for name in (
        *("addresses", "duplicate_vrid", "include_strict", "interface_loopback"),
        *("interface_missing", "missing_brace_inside", "missing_value", "no_addresses_v3"),
        *("no_interface", "no_vrid", "track_interface", "unicast_nowhere"),
    )
]
"""A start with one of these ends with an exit code of its own."""

IDENTITY = "interface eth0\nvirtual_router_id 1\n"
ADDRESS = "virtual_ipaddress {\n192.0.2.1\n}\n"

CASES = {
    "empty file": "",
    "only a comment": "# nothing\n",
    "no priority and MASTER": f"vrrp_instance a {{\nstate MASTER\n{IDENTITY}{ADDRESS}}}\n",
    "words behind the value": f"vrrp_instance a {{\n{IDENTITY}priority 100 200\n{ADDRESS}}}\n",
    "words behind a flag": f"vrrp_instance a {{\n{IDENTITY}nopreempt yes\n{ADDRESS}}}\n",
    "state in lower case": f"vrrp_instance a {{\n{IDENTITY}state master\n{ADDRESS}}}\n",
    "password without type": (
        f"vrrp_instance a {{\n{IDENTITY}authentication {{\nauth_pass x\n}}\n{ADDRESS}}}\n"
    ),
    "name missing": "vrrp_script {\nscript /usr/bin/true\n}\n",
    "value missing in a kept block": (
        "virtual_server 192.0.2.1 80 {\ndelay_loop\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
        "real_server 192.0.2.2 80 {\nweight 1\n}\n}\n"
    ),
    "unknown word in a kept block": (
        "virtual_server 192.0.2.1 80 {\ndelay_lop 3\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
        "real_server 192.0.2.2 80 {\nweight 1\n}\n}\n"
    ),
    "mask behind a source": f"vrrp_instance a {{\n{IDENTITY}mcast_src_ip 192.0.2.9/24\n{ADDRESS}}}\n",
    "notify_deleted with a script": (
        f"vrrp_instance a {{\n{IDENTITY}notify_deleted /usr/bin/true\n{ADDRESS}}}\n"
    ),
    "iptables": "global_defs {\nvrrp_iptables\n}\n",
    "script never used": (
        "global_defs {\nenable_script_security\nscript_user root\n}\n"
        f"vrrp_script s {{\nscript /usr/bin/true\n}}\nvrrp_instance a {{\n{IDENTITY}{ADDRESS}}}\n"
    ),
    "version 2 before IPv6": (
        f"vrrp_instance a {{\n{IDENTITY}version 2\nvirtual_ipaddress {{\nfe80::1\n}}\n}}\n"
    ),
    "sign before a number": f"vrrp_instance a {{\n{IDENTITY}priority +100\n{ADDRESS}}}\n",
    "negative number": f"vrrp_instance a {{\n{IDENTITY}priority -1\n{ADDRESS}}}\n",
    "hexadecimal number": f"vrrp_instance a {{\n{IDENTITY}priority 0x64\n{ADDRESS}}}\n",
    "interface never made": f"vrrp_instance a {{\ninterface eth9\nvirtual_router_id 1\n{ADDRESS}}}\n",
    "interface to come": (
        "global_defs {\ndynamic_interfaces\n}\n"
        f"vrrp_instance a {{\ninterface eth9\nvirtual_router_id 1\n{ADDRESS}}}\n"
    ),
    "strict mode with unicast": (
        f"vrrp_instance a {{\n{IDENTITY}strict_mode\nunicast_peer {{\n192.0.2.2\n}}\n{ADDRESS}}}\n"
    ),
    "no brace before addresses": (
        f"vrrp_instance a {{\n{IDENTITY}virtual_ipaddress\n192.0.2.1\n}}\n}}\n"
    ),
    "unknown user": "global_defs {\nscript_user nobody-of-this-name\n}\n",
    "script that is not there": (
        "global_defs {\nenable_script_security\nscript_user root\n}\n"
        "vrrp_script s {\nscript /nowhere/script\n}\n"
        f"vrrp_instance a {{\n{IDENTITY}track_script {{\ns\n}}\n{ADDRESS}}}\n"
    ),
    **{
        f"account: {line}": (
            f"global_defs {{\nenable_script_security\n{line}\n}}\n"
            "vrrp_script s {\nscript /usr/bin/true\n}\n"
            f"vrrp_instance a {{\n{IDENTITY}track_script {{\ns\n}}\n{ADDRESS}}}\n"
        )
        for line in ("", "script_user root wheel-of-no-name", "script_user 0", "script_user root :")
    },
    **{
        f"notification: {line}": f"vrrp_instance a {{\n{IDENTITY}{line}\n{ADDRESS}}}\n"
        for line in (
            "notify /nowhere/script",
            "notify /usr/bin/true",
            "notify /usr/bin/true nobody-of-this-name",
            "notify nonesuch",
            "notify true",
            "notify /etc/hostname",
        )
    },
    **{
        f"script: {lines}": (
            f"global_defs {{\nscript_user root\n}}\nvrrp_script s {{\n{lines}\n}}\n"
            f"vrrp_instance a {{\n{IDENTITY}track_script {{\ns\n}}\n{ADDRESS}}}\n"
        )
        for lines in (
            "script /nowhere/script",
            "script /usr/bin/true",
            "script </etc/hostname",
            "script nonesuch",
            "script true",
            "script /usr/bin/true\nuser nobody-of-this-name",
            "script /usr/bin/true\nuser root nobody-of-this-name",
            "script",
        )
    },
    "tracked script below a link": (
        "global_defs {\nenable_script_security\nscript_user root\n}\n"
        "vrrp_script s {\nscript /bin/true\n}\n"
        f"vrrp_instance a {{\n{IDENTITY}track_script {{\ns\n}}\n{ADDRESS}}}\n"
    ),
    "startup script of nobody": "global_defs {\nstartup_script /usr/bin/true nobody-of-this-name\n}\n",
    "startup script without security": "global_defs {\nstartup_script /usr/bin/true\n}\n",
    "tracked script without security, no instance": "vrrp_script s {\nscript /usr/bin/true\n}\n",
    "interval with decimals": (
        "global_defs {\nenable_script_security\nscript_user root\n}\n"
        "vrrp_script s {\nscript /usr/bin/true\ninterval 0.5\n}\n"
        f"vrrp_instance a {{\n{IDENTITY}track_script {{\ns\n}}\n{ADDRESS}}}\n"
    ),
}

DIFFERENT = {
    "good/links.conf": (5, "newer-language"),
    "good/globals.conf": (5, "newer-language"),
    "good/routes.conf": (5, "family-word"),
    "good/rules.conf": (5, "family-word"),
    "good/unicast.conf": (5, "newer-language"),
    "good/vmac.conf": (5, "newer-language"),
    "bad/people_http_without_path.conf": (CRASH, "crash-at-check-without-url"),
    "bad/people_mask_missing.conf": (0, "empty-number"),
    "bad/people_quote_unclosed.conf": (CRASH, "crash-at-open-quote"),
    "bad/duplicate_address.conf": (0, "newer-language"),
    "strict mode with unicast": (0, "newer-language"),
    "account: script_user root :": (5, "newer-language"),
    "interval with decimals": (5, "newer-language"),
}
"""Name to keepalived's code and a row of QUIRKS.md."""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Exit code of Debian's keepalived for each file and case."""
    cases = written(CASES, tmp_path_factory.mktemp("cases"))
    return verdicts({**{name: GOLDEN / name for name in FILES}, **cases})


@pytest.fixture(scope="module")
def space() -> Iterator[str]:
    """A network namespace to start in."""
    with namespace() as name:
        yield name


class _Host(ThisHost):
    """Golden files name keys that no host has."""

    def key_problem(self, path: str) -> str:
        return ""


def loaded(path: Path) -> Loaded:
    return load(
        str(path),
        config_id=NODE,
        environ={"SITE": "north"},
        interfaces=("lo", *LINKS),
        host=_Host(),
    )


def start(space: str, path: Path, pid_files: Path) -> int:
    """Exit code of a real start, for a configuration that ends it at once."""
    inside = ("ip", "netns", "exec", space)
    pids = ("-p", str(pid_files / "parent"), "-r", str(pid_files / "vrrp"))
    command = (*inside, "keepalived", "-n", "-G", "-P", "-i", NODE, *pids, "-f", path.name)
    done = subprocess.run(command, cwd=path.parent, check=False, capture_output=True, timeout=20)
    return done.returncode


def compare(name: str, theirs: int, path: Path) -> None:
    mine = loaded(path).test_exit_code
    if name in DIFFERENT:
        assert (theirs, mine != theirs) == (DIFFERENT[name][0], True)
    else:
        assert mine == theirs


@pytest.mark.parametrize("name", FILES)
def test_golden_file(name: str, theirs: dict[str, int]) -> None:
    compare(name, theirs[name], GOLDEN / name)


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, theirs: dict[str, int], tmp_path: Path) -> None:
    path = tmp_path / "keepalived.conf"
    path.write_text(CASES[name])
    compare(name, theirs[name], path)


@pytest.mark.parametrize("name", FATAL)
def test_start(name: str, space: str, tmp_path: Path) -> None:
    """Nothing of this starts, neither there nor here."""
    expected = 6 if name == "bad/include_strict.conf" else 2
    assert start(space, GOLDEN / name, tmp_path) == expected
    assert loaded(GOLDEN / name).exit_code == expected


def test_every_difference_is_still_tested() -> None:
    assert set(DIFFERENT) <= {*FILES, *CASES}
