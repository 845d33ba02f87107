"""The exit code of `keepalived -t` for the same file: Debian's 2.2.7 and ours.

Files are those of tests/golden and the few lines below. Where the two differ, the reason stands
beside the file, and keepalived's code is checked all the same.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvrrp.conf.load import Loaded, load

pytestmark = pytest.mark.root

GOLDEN = Path(__file__).parents[1] / "golden"
NODE = "alpha"
LINKS = ("eth0", "eth1", "eth2")
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
    "interval with decimals": (
        "global_defs {\nenable_script_security\nscript_user root\n}\n"
        "vrrp_script s {\nscript /usr/bin/true\ninterval 0.5\n}\n"
        f"vrrp_instance a {{\n{IDENTITY}track_script {{\ns\n}}\n{ADDRESS}}}\n"
    ),
}

NEWER = "2.2.7 does not know this yet"
DIFFERENT = {
    "good/globals.conf": (5, "2.2.7 knows no | between the names of umask bits; later versions do"),
    "good/unicast.conf": (5, "2.2.7 wants an interface for unicast too; later versions do not"),
    "good/vmac.conf": (5, f"a word behind the name in use_vmac: {NEWER}"),
    "bad/duplicate_address.conf": (0, f"addresses given twice are refused since 2.3.3: {NEWER}"),
    "strict mode with unicast": (0, "2.2.7 overlooks it; 2.4.3 refuses to start"),
    "unknown user": (5, "accounts are looked up where scripts are run, not while reading"),
    "script that is not there": (5, "files are looked at where scripts are run, not while reading"),
    "interval with decimals": (5, f"decimals in vrrp_script: {NEWER}"),
}


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """A network namespace that has the links the files name."""
    name = f"pvconf{os.getpid()}"
    _run("ip", "netns", "add", name)
    try:
        for link in LINKS:
            _run("ip", "-n", name, "link", "add", link, "type", "veth", "peer", f"{link}-peer")
            _run("ip", "-n", name, "link", "set", link, "up")
        _run("ip", "-n", name, "addr", "add", "192.0.2.250/24", "dev", "eth0")
        yield name
    finally:
        _run("ip", "netns", "del", name)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)


def keepalived(namespace: str, path: Path) -> int:
    inside = ("ip", "netns", "exec", namespace)
    test = ("keepalived", "-t", "-i", NODE, "-f", path.name)
    done = subprocess.run(
        (*inside, *test),
        cwd=path.parent,
        env={**os.environ, "SITE": "north"},
        check=False,
        capture_output=True,
        timeout=20,
    )
    return done.returncode


def loaded(path: Path) -> Loaded:
    return load(str(path), config_id=NODE, environ={"SITE": "north"}, interfaces=("lo", *LINKS))


def start(namespace: str, path: Path, pid_files: Path) -> int:
    """Exit code of a real start, for a configuration that ends it at once."""
    inside = ("ip", "netns", "exec", namespace)
    pids = ("-p", str(pid_files / "parent"), "-r", str(pid_files / "vrrp"))
    command = (*inside, "keepalived", "-n", "-G", "-P", "-i", NODE, *pids, "-f", path.name)
    done = subprocess.run(command, cwd=path.parent, check=False, capture_output=True, timeout=20)
    return done.returncode


def compare(name: str, namespace: str, path: Path) -> None:
    theirs, mine = keepalived(namespace, path), loaded(path).test_exit_code
    if name in DIFFERENT:
        assert (theirs, mine != theirs) == (DIFFERENT[name][0], True)
    else:
        assert mine == theirs


@pytest.mark.parametrize("name", FILES)
def test_golden_file(name: str, namespace: str) -> None:
    compare(name, namespace, GOLDEN / name)


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, namespace: str, tmp_path: Path) -> None:
    path = tmp_path / "keepalived.conf"
    path.write_text(CASES[name])
    compare(name, namespace, path)


@pytest.mark.parametrize("name", FATAL)
def test_start(name: str, namespace: str, tmp_path: Path) -> None:
    """Nothing of this starts, neither there nor here."""
    expected = 6 if name == "bad/include_strict.conf" else 2
    assert start(namespace, GOLDEN / name, tmp_path) == expected
    assert loaded(GOLDEN / name).exit_code == expected


def test_every_difference_is_still_tested() -> None:
    assert set(DIFFERENT) <= {*FILES, *CASES}
