"""The exit code of `keepalived -t` for words that few configurations use: Debian's 2.2.7 and ours.

A row is a file that is clean without the lines under test; these stand at, below and above each
bound. All lines of a row are tested in one go. Where the two differ, keepalived's code and the
reason stand in `DIFFERENT`.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from pyvrrp.conf.load import load

pytestmark = pytest.mark.root

LINKS = ("eth0", "eth1")


class Row(NamedTuple):
    """A file with a hole, and what is put there."""

    file: str
    lines: tuple[str, ...]


SECURE = "global_defs {\nenable_script_security\nscript_user root\n}\n"
IDENTITY = "interface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n"


def instance(text: str = "@", more: str = "") -> str:
    return f"vrrp_instance a {{\n{IDENTITY}{text}\n}}\n{more}"


def group(text: str) -> str:
    second = instance().replace("instance a", "instance b").replace("router_id 1", "router_id 2")
    pair = instance("") + second.replace("@", "").replace("192.0.2.1", "192.0.2.2")
    return f"vrrp_sync_group g {{\ngroup {{\na\nb\n}}\n{text}\n}}\n{pair}"


FOLLOWED = (
    SECURE + "track_file f {\nfile /run/a\n}\n" + "vrrp_track_process p {\nprocess sleep\n}\n"
)


# 2.2.7 does not find the end of its list when a track_file is unknown: that has no verdict.
def entries(name: str, most: int, *more: str) -> tuple[str, ...]:
    weights = (0, 1, most, most + 1, -most, -most - 1)
    return (
        *(f"{name} weight {weight}" for weight in weights),
        *(f"{name} weight 1 {word}" for word in ("reverse", "noreverse", "upside", "reverse now")),
        *(f"{name} weight", f"{name} wait 1", f"{name} weight x", f"{name} weight 1x"),
        *(name, f"{name}\n{name}", *more),
    )


WEIGHTS = (
    *("weight", "weight 0", "weight 1", "weight 253", "weight 254", "weight 255", "weight -254"),
    *("weight -255", "weight 1 reverse", "weight 1 upside", "weight x", "weight 1x"),
    *("weight 1\nweight 2", "weight 2\nweight 3", "weight 0\nweight 3"),
)
FILE = "track_file f {\nfile /run/a\n@\n}\n" + instance("track_file {\nf\n}")
PROCESS = "vrrp_track_process p {\nprocess sleep\n@\n}\n" + instance("track_process {\np\n}")

ROWS = {
    "track_file": Row(FILE, (
        *WEIGHTS, "file /run/b", "init_file", "init_file 0", "init_file 254", "init_file 255",
        "init_file -254", "init_file -255", "init_file 2147483647", "init_file 2147483648",
        "init_file 1 overwrite", "init_file overwrite 1", "init_file overwrite", "init_file often",
        "init_file 1x", "fill 1",
    )),
    "a track_file without": Row("@\n" + instance("track_file {\nf\n}"), (
        "track_file f {\n}", "track_file f {\nfile\n}", "track_file {\nfile /run/a\n}",
        "track_file f {\nfile /run/a\n}\ntrack_file f {\nfile /run/b\n}",
        "vrrp_track_file f {\nfile /run/a\n}",
    )),
    "vrrp_track_process": Row(PROCESS, (
        *WEIGHTS, "process cat", "param_match", "param_match initial", "param_match partial",
        "param_match exact", "quorum", "quorum 0", "quorum 1", "quorum 65535", "quorum 65536",
        "quorum_max", "quorum_max 0", "quorum_max 1", "quorum_max 65535", "quorum_max 65536",
        "quorum_max 2\nquorum 3", "quorum 3\nquorum_max 2", "quorum 3\nquorum_max 0",
        "quorum_max 0\nquorum 1", "quorum_max 0\nquorum_max 1", "quorum 2\nquorum_max 2",
        *(f"{word} {seconds}" for word in ("delay", "fork_delay", "terminate_delay")
          for seconds in ("0", "0.0000001", "0.000001", "3600", "3600.000001", "3601", "x", "-1")),
        "full_command", "full_command yes", "fall 1",
    )),
    "a vrrp_track_process without": Row("@\n" + instance("track_process {\np\n}"), (
        "vrrp_track_process p {\n}", "vrrp_track_process p {\nprocess\n}", "vrrp_track_process p",
        "vrrp_track_process {\nprocess a\n}", "vrrp_track_process p {\nprocess a b c\n}",
        "vrrp_track_process p {\nprocess a\n}\nvrrp_track_process p {\nprocess b\n}",
    )),
    "track_file of an instance": Row(
        FOLLOWED + instance("track_file {\n@\n}"), entries("f", 254)
    ),
    "track_process of an instance": Row(
        FOLLOWED
        + instance("track_process {\n@\n}", "vrrp_track_process late {\nprocess a\n}\n"),
        entries("p", 254, "late", "nobody"),
    ),
    "track_file of a group": Row(FOLLOWED + group("track_file {\n@\n}"), entries("f", 254)),
    "track_process of a group": Row(FOLLOWED + group("track_process {\n@\n}"), entries("p", 254)),
    "track_file of an address owner": Row(
        FOLLOWED + instance("priority 255\ntrack_file {\n@\n}"), ("f", "f weight 0", "f weight 2")
    ),
    "track_process of an address owner": Row(
        FOLLOWED + instance("priority 255\ntrack_process {\n@\n}"), ("p", "p weight 0", "p weight 2")
    ),
    "trackers of a group's member": Row(
        FOLLOWED + group("").replace("virtual_router_id 1\n", "virtual_router_id 1\n@\n"),
        tuple(f"track_{kind} {{\n{name}{weight}\n}}" for kind, name in (("file", "f"), ("process", "p"))
              for weight in ("", " weight 0", " weight 2")),
    ),
    "trackers of a group with an address owner": Row(
        FOLLOWED + group("@").replace("virtual_router_id", "priority 255\nvirtual_router_id"),
        tuple(f"track_{kind} {{\n{name}{weight}\n}}" for kind, name in (("file", "f"), ("process", "p"))
              for weight in ("", " weight 0", " weight 2")),
    ),
}  # fmt: skip

DIFFERENT: dict[str, dict[str, tuple[int, str]]] = {}
"""Row to line to keepalived's code and the reason."""

RUN = """
for link in eth0 eth1; do ip link add $link type veth peer $link-peer; ip link set $link up; done
ip addr add 192.0.2.250/24 dev eth0
for file in *.conf; do timeout 20 keepalived -t -i alpha -f $file >$file.out 2>&1; echo $?; done
"""


def keepalived(directory: Path, texts: list[str]) -> list[int]:
    """keepalived's code for each text, in a network namespace of its own."""
    for number, text in enumerate(texts):
        (directory / f"{number:04}.conf").write_text(text)
    command = ("unshare", "-n", "sh", "-c", RUN)
    done = subprocess.run(
        command, cwd=directory, check=True, capture_output=True, text=True, timeout=300
    )
    return [int(code) for code in done.stdout.split()]


def mine(path: Path) -> int:
    result = load(str(path), config_id="alpha", environ={}, interfaces=("lo", *LINKS))
    return result.test_exit_code


@pytest.mark.parametrize("name", ROWS)
def test_row(name: str, tmp_path: Path) -> None:
    row = ROWS[name]
    theirs = keepalived(tmp_path, [row.file.replace("@", line) for line in row.lines])
    ours = [mine(path) for path in sorted(tmp_path.glob("*.conf"))]
    found = {
        line: codes
        for line, *codes in zip(row.lines, theirs, ours, strict=True)
        if codes[0] != codes[1]
    }
    expected = {line: code for line, (code, _) in DIFFERENT.get(name, {}).items()}
    assert {line: codes[0] for line, codes in found.items()} == expected, found


def test_every_difference_is_still_tested() -> None:
    for name, lines in DIFFERENT.items():
        assert set(lines) <= set(ROWS[name].lines)
