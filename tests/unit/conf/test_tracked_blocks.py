"""track_file and vrrp_track_process blocks, and the entries that name them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyvrrp.conf.config import Config, VrrpInstance
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]

ADDRESS = "virtual_ipaddress {\n192.0.2.1\n}"
FILE = "track_file f {\nfile /run/f\n}\n"
PROCESS = "vrrp_track_process p {\nprocess a\nweight 3 reverse\n}\n"


def ids(result: Loaded) -> list[str]:
    return [d.id for d in result.diagnostics if d.id != "not-acted-on"]


@pytest.mark.parametrize(
    ("text", "fields", "problems"),
    [
        ("", {"file": "/run/f", "weight": 1, "reverse": False, "init_file": None}, []),
        ("weight 254", {"weight": 254}, []),
        ("weight -254 reverse", {"weight": -254, "reverse": True}, []),
        ("weight 255", {"weight": 1}, ["value-out-of-range"]),
        ("weight 2 upside", {"weight": 2, "reverse": False}, ["unknown-option"]),
        ("weight", {"weight": 1}, ["missing-parameter"]),
        ("file /run/b", {"file": "/run/f"}, ["given-twice"]),
        ("weight 1\nweight 3", {"weight": 3}, []),
        ("weight 2\nweight 3", {"weight": 2}, ["given-twice"]),
        ("init_file", {"init_file": 0, "overwrite": False}, []),
        ("init_file -7 overwrite", {"init_file": -7, "overwrite": True}, []),
        ("init_file 255", {"init_file": 255}, ["value-out-of-range"]),
        ("init_file 2147483648", {"init_file": 0}, ["value-out-of-range"]),
        ("init_file -x", {"init_file": 0}, ["bad-number"]),
        ("init_file now", {"init_file": 0}, ["unknown-option"]),
    ],
)
def test_a_file(read: Read, text: str, fields: dict[str, object], problems: list[str]) -> None:
    result = read(f"track_file f {{\nfile /run/f\n{text}\n}}\n")
    (file,) = result.config.track_files
    assert ({name: getattr(file, name) for name in fields}, ids(result)) == (fields, problems)


@pytest.mark.parametrize(
    ("text", "files", "problems"),
    [
        ("track_file f {\nweight 2\n}", [], ["no-file"]),
        ("track_file f {\nfile\n}", [], ["no-file", "missing-parameter"]),
        ("track_file {\nfile /run/f\n}", [], ["missing-parameter"]),
        (FILE + FILE.replace("/run/f", "/run/g"), ["/run/f"], ["duplicate-name"]),
        (f"vrrp_{FILE}", ["/run/f"], ["deprecated"]),
    ],
)
def test_which_files_count(read: Read, text: str, files: list[str], problems: list[str]) -> None:
    result = read(text)
    assert ([f.file for f in result.config.track_files], ids(result)) == (files, problems)


@pytest.mark.parametrize(
    ("text", "fields", "problems"),
    [
        ("process a", {"process": "a", "arguments": (), "param_match": None, "weight": 0}, []),
        ("process a", {"quorum": 1, "quorum_max": None, "full_command": False}, []),
        ("process a b 'c'", {"arguments": ("b", "'c'"), "param_match": "exact"}, []),
        ("process a b", {"full_command": True}, []),
        ("process a\nprocess b", {"process": "a"}, ["given-twice"]),
        ("param_match initial\nprocess a b", {"param_match": "initial"}, []),
        ("process a\nparam_match", {"param_match": "exact", "full_command": True}, []),
        ("process a b\nparam_match partial", {"param_match": "partial"}, []),
        ("process a\nparam_match exact", {"param_match": None}, ["unknown-value"]),
        ("process a\nfull_command", {"full_command": True}, []),
        ("process a\nquorum 65535", {"quorum": 65535}, []),
        ("process a\nquorum 0", {"quorum": 1}, ["value-out-of-range"]),
        ("process a\nquorum_max 2\nquorum 3", {"quorum": 1}, ["value-out-of-range"]),
        ("process a\nquorum 3\nquorum_max 2", {"quorum_max": None}, ["value-out-of-range"]),
        ("process a\nquorum 2\nquorum_max 0", {"quorum_max": None}, ["value-out-of-range"]),
        ("process a\nquorum_max 0", {"quorum": 0, "quorum_max": 0}, []),
        ("process a\nquorum_max 0\nquorum_max 4", {"quorum": 1, "quorum_max": 4}, []),
        ("process a\ndelay 0.5", {"fork_delay": 0.5, "terminate_delay": 0.5}, []),
        ("process a\nfork_delay 3600", {"fork_delay": 3600.0, "terminate_delay": 0.0}, []),
        ("process a\nterminate_delay 0", {"terminate_delay": 0.0}, ["value-out-of-range"]),
    ],
)
def test_a_process(read: Read, text: str, fields: dict[str, object], problems: list[str]) -> None:
    result = read(f"vrrp_track_process p {{\n{text}\n}}\n")
    (process,) = result.config.track_processes
    assert ({name: getattr(process, name) for name in fields}, ids(result)) == (fields, problems)


def test_a_process_without_a_name_is_dropped(read: Read) -> None:
    result = read("vrrp_track_process p {\nweight 2\n}\n")
    assert (result.config.track_processes, ids(result)) == ((), ["no-process"])


def tracking(read: Read, text: str, more: str = "") -> tuple[VrrpInstance, list[str]]:
    result = read(
        f"{FILE}{PROCESS}vrrp_instance a {{\ninterface eth0\nvirtual_router_id 1\n{text}\n"
        f"{ADDRESS}\n}}\ntrack_file later {{\nfile /x\n}}\n{more}"
    )
    return result.config.instances[0], ids(result)


@pytest.mark.parametrize(
    ("block", "entries", "expected", "problems"),
    [
        ("track_file", "f", [("f", 1, False)], []),
        ("track_file", "f weight -254 reverse", [("f", -254, True)], []),
        ("track_file", "f weight 255", [("f", 1, False)], ["value-out-of-range"]),
        ("track_file", "f weight 2 upside", [], ["unknown-option"]),
        ("track_file", "later", [], ["unknown-track-file"]),
        ("track_process", "p", [("p", 3, True)], []),
        ("track_process", "p weight 2 noreverse", [("p", 2, False)], []),
        ("track_process", "p weight 2 upside", [("p", 2, True)], ["unknown-option"]),
        ("track_process", "p weight", [], ["missing-value"]),
        ("track_process", "p\np weight 2", [("p", 3, True)], ["duplicate-tracker"]),
        ("track_process", "q", [], ["unknown-track-process"]),
    ],
)
def test_entries(
    read: Read,
    block: str,
    entries: str,
    expected: list[tuple[str, int, bool]],
    problems: list[str],
) -> None:
    instance, found = tracking(read, f"{block} {{\n{entries}\n}}")
    tracked = [(t.name, t.weight, t.reverse) for t in getattr(instance, block)]
    assert (tracked, found) == (expected, problems)


def test_the_hint_for_a_file_that_comes_too_late(read: Read) -> None:
    text = "vrrp_instance a {\ntrack_file {\nf\n}\n}\n" + FILE
    found = next(d for d in read(text).diagnostics if d.id == "unknown-track-file")
    assert found.hint == "it is defined at k.conf:6:1; that must come first"


@pytest.mark.parametrize(
    ("entries", "expected", "problems"),
    [
        ("f", [("f", 0)], ["weight-without-effect"]),
        ("f weight 0", [("f", 0)], []),
        ("f weight 2", [], ["weight-without-effect"]),
    ],
)
def test_files_of_an_address_owner(
    read: Read, entries: str, expected: list[tuple[str, int]], problems: list[str]
) -> None:
    instance, found = tracking(read, f"priority 255\ntrack_file {{\n{entries}\n}}")
    assert ([(t.name, t.weight) for t in instance.track_file], found) == (expected, problems)


def grouped(read: Read, priority: int) -> tuple[Config, list[str]]:
    members = "".join(
        f"vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\n"
        f"priority {priority}\nvirtual_ipaddress {{\n192.0.2.{vrid}\n}}\n}}\n"
        for vrid, name in ((1, "a"), (2, "b"))
    )
    group = "vrrp_sync_group g {\ngroup {\na\nb\n}\ntrack_file {\nf\n}\ntrack_process {\np\n}\n}\n"
    result = read(FILE + PROCESS + group + members)
    return result.config, ids(result)


def test_what_a_group_follows(read: Read) -> None:
    config, problems = grouped(read, 100)
    (group,) = config.sync_groups
    assert [(t.name, t.weight) for t in (*group.track_file, *group.track_process)] == [
        ("f", 1),
        ("p", 3),
    ]
    assert problems == []


def test_weights_of_a_group_with_an_address_owner(read: Read) -> None:
    config, problems = grouped(read, 255)
    (group,) = config.sync_groups
    assert [t.weight for t in (*group.track_file, *group.track_process)] == [0, 0]
    assert problems == ["weight-without-effect", "weight-without-effect"]
