"""The whole: verdicts, order of reading, costs of an import."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pyvrrp.conf.config import Config, GarpSettings
from pyvrrp.conf.load import Loaded, load
from pyvrrp.conf.source import Unreadable

Read = Callable[..., Loaded]

VALID = (
    "vrrp_instance a {\n interface eth0\n virtual_router_id 1\n"
    " virtual_ipaddress {\n  192.0.2.1\n }\n}\n"
)


def ids(result: Loaded) -> list[str]:
    return [d.id for d in result.diagnostics]


def test_nothing(read: Read) -> None:
    result = read("")
    assert (result.config, result.diagnostics, result.files) == (Config(), (), ("k.conf",))
    assert (result.is_usable, result.exit_code, result.test_exit_code) == (True, 0, 0)


def test_main_file_missing(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        load(str(tmp_path / "none"))


def test_from_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", "from-here")
    (tmp_path / "k.conf").write_text("global_defs {\n router_id ${_ENV NAME}\n}\n")
    result = load(str(tmp_path / "k.conf"))
    assert result.config.global_defs.router_id == "from-here"
    assert result.files == (str(tmp_path / "k.conf"),)


def test_a_missing_word_ends_the_test_with_2(read: Read) -> None:
    result = read(VALID.replace("{\n", "{\n priority\n priority 300\n", 1))
    assert ids(result) == ["missing-parameter", "value-out-of-range"]
    assert (result.is_usable, result.exit_code, result.test_exit_code) == (False, 2, 2)


def test_an_unusable_file_still_shows_what_it_says(read: Read) -> None:
    result = read(VALID + VALID.replace("instance a", "instance b"))
    assert ids(result) == ["duplicate-vrid"]
    assert (result.exit_code, result.test_exit_code) == (2, 5)
    assert [i.name for i in result.config.instances] == ["a", "b"]


@pytest.mark.parametrize("more", ["", " priority\n", " priority 300\n"])
def test_an_include_that_has_to_be_there(read: Read, more: str) -> None:
    result = read("includea none.conf\n" + VALID.replace("{\n", "{\n" + more, 1))
    assert ids(result)[0] == "include-unmatched"
    assert (result.is_usable, result.exit_code, result.test_exit_code) == (False, 6, 6)


def test_words_that_do_nothing_are_reported_once_each(read_all: Read) -> None:
    result = read_all(
        "global_defs {\n enable_snmp_rfc\n}\n" * 2000 + "global_defs {\n enable_traps\n}\n"
    )
    idle = [d for d in result.diagnostics if d.id == "not-acted-on"]
    assert [(d.severity, d.message) for d in idle] == [
        ("info", "enable_snmp_rfc is accepted, but not yet acted on (2000 times)"),
        ("info", "enable_traps is accepted, but not yet acted on"),
    ]
    assert result.test_exit_code == 0


def test_keys_do_not_show_in_a_repr(read: Read) -> None:
    text = "vrrp_instance a {\n auth_hmac {\n key 1 hunter2\n }\n}\n"
    assert "hunter2" not in repr(read("track_file a {\n init_file hunter2\n}\n" + text).config)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("bfd_instance {\n}", "missing-parameter"),
        ("bfd_instance far", "missing-brace"),
        ("bfd_instance far {\n neighbor_ip ::9\n min_rxx 5\n}", "unknown-keyword"),
        ("global_defs {\n json_dump_file\n}", "bad-path"),
        ("global_defs {\n nftables {\n }\n}", "unexpected-brace"),
    ],
)
def test_shape_of_rare_words(read: Read, text: str, problem: str) -> None:
    assert ids(read(text))[0] == problem


def test_a_word_that_lacks_its_value_is_only_some_times_fatal(read: Read) -> None:
    assert read("bfd_instance {\n}").test_exit_code == 2
    assert read("global_defs {\n json_dump_file\n}").test_exit_code == 5


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("router_id x", "router_id belongs in global_defs"),
        ("advert_int 1", "advert_int belongs in vrrp_instance"),
        ("group {\n}", "group belongs in vrrp_sync_group"),
        ("rise 1", "rise belongs in vrrp_script"),
        ("lvs_sched rr", "lvs_sched belongs in virtual_server"),
        ("uthreshold 1", "uthreshold belongs in real_server"),
        ("auth_pass x", "auth_pass belongs in authentication"),
        ("vrrp_instanse x", "did you mean vrrp_instance?"),
        ("completely_else", None),
    ],
)
def test_hint_for_a_word_in_the_wrong_place(read: Read, word: str, place: str | None) -> None:
    (found,) = read(word).diagnostics
    assert (found.id, found.hint) == ("unknown-keyword", place)


def test_globals_count_wherever_they_stand(read: Read) -> None:
    result = read(VALID + "global_defs {\n vrrp_version 3\n vrrp_garp_master_repeat 2\n}\n")
    (instance,) = result.config.instances
    assert (instance.version, instance.garp.master_repeat) == (3, 2)


def test_instances_share_the_global_settings(read: Read) -> None:
    result = read(VALID + VALID.replace("instance a", "instance b").replace("_id 1", "_id 2"))
    first, second = result.config.instances
    assert first.garp is second.garp is result.config.global_defs.garp == GarpSettings()


def test_top_level_words(read: Read) -> None:
    text = "instance i\nnet_namespace n\nchild_wait_time 7\ninstance j\nchild_wait_time x\n"
    result = read(text)
    defs = result.config.global_defs
    assert (defs.instance, defs.net_namespace, defs.child_wait_time) == ("i", "n", 7.0)
    assert defs.use_pid_dir
    assert ids(result) == ["given-twice", "bad-number"]


def test_scripts_without_security(read: Read) -> None:
    text = VALID.replace("{\n", '{\n notify "/bin/x"\n', 1)
    found = read(text).diagnostics
    assert [(d.id, str(d.span)) for d in found] == [("script-security", "k.conf:2:9")]
    assert ids(read("global_defs {\n enable_script_security\n}\n" + text)) == []


def test_a_script_nobody_runs_is_no_finding(read: Read) -> None:
    assert ids(read("vrrp_script s {\n script /bin/x\n}\n")) == []


def test_script_defined_twice(read: Read) -> None:
    text = "vrrp_script s {\n script /bin/x\n}\n"
    result = read(text + text.replace("x", "y"))
    assert ids(result) == ["duplicate-name"]
    assert [s.script.argv for s in result.config.scripts] == [("/bin/x",)]
    assert result.test_exit_code == 0


def test_names_in_quotes(read: Read) -> None:
    (instance,) = read(VALID.replace(" a ", ' "a b" ')).config.instances
    assert (instance.name, type(instance.name)) == ("a b", str)


def test_import_loads_no_network_code() -> None:
    program = (
        "import sys, pyvrrp.conf.load; "
        "print(*sorted({'asyncio', 'socket', 'select', 'pyroute2', 'json', 'random', 'difflib',"
        " 'subprocess', 'logging', 'healthcheck'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == ""
