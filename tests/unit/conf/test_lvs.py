"""The IPVS blocks together: what is loaded when, track files, hints."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from healthcheck.core.model import FileCheck, TlsMaterial
from healthcheck.core.table import Family
from pyvrrp.conf.load import Loaded
from pyvrrp.conf.lvs_config import GroupMark, GroupRange, LvsConfig, LvsGroup

Read = Callable[..., Loaded]

SERVICE = (
    "virtual_server 192.0.2.1 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
    "real_server 192.0.2.11 80 {{\n{}\n}}\n}}\n"
)

IS_LOADED = """
import sys
from pyvrrp.conf.load import load
from pyvrrp.conf.source import DictReader
load("k.conf", reader=DictReader({"k.conf": sys.argv[1]}), environ={})
print("healthcheck" in sys.modules, "asyncio" in sys.modules, "socket" in sys.modules)
"""


def loaded_modules(text: str) -> str:
    command = (sys.executable, "-c", IS_LOADED, text)
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout


def test_a_file_without_services_loads_nothing_of_the_other_half() -> None:
    text = "global_defs {\nlvs_flush\n}\ntrack_file a {\nfile /run/a\n}\n"
    assert loaded_modules(text) == "False False False\n"
    assert loaded_modules(SERVICE.format("TCP_CHECK {\n}")) == "True False False\n"


@pytest.mark.parametrize(
    ("text", "lvs"),
    [
        ("", None),
        ("track_file a {\nfile /run/a\n}\n", None),
        ("SSL {\nca /ca.pem\n}\n", LvsConfig(tls=TlsMaterial(ca="/ca.pem"))),
        (
            "virtual_server_group g {\n10.0.0.1-3 80\nfwmark 7 inet6\n}\n",
            LvsConfig(
                groups=(
                    LvsGroup(
                        "g",
                        (GroupRange(IPv4Address("10.0.0.1"), IPv4Address("10.0.0.3"), 80),),
                        (GroupMark(7, Family.IPV6),),
                    ),
                )
            ),
        ),
    ],
)
def test_no_service(read: Read, text: str, lvs: LvsConfig | None) -> None:
    assert read(text).config.lvs == lvs


def test_a_check_takes_the_weight_of_its_track_file(read: Read) -> None:
    service = SERVICE.format("FILE_CHECK {\ntrack_file a\n}")
    result = read(f"track_file a {{\nfile /run/a\nweight -254 reverse\n}}\n{service}")
    assert result.diagnostics == ()
    assert result.config.lvs is not None
    (check,) = result.config.lvs.services[0].server.real_servers[0].checks
    assert isinstance(check, FileCheck)
    assert (check.path, check.weight, check.reverse) == ("/run/a", -254, True)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("uthreshold 1", "uthreshold belongs in real_server"),
        ("lvs_sched rr", "lvs_sched belongs in virtual_server"),
        ("virtual_sever 192.0.2.1 80 {\n}", "did you mean virtual_server?"),
    ],
)
def test_hints(read: Read, word: str, hint: str) -> None:
    (found,) = read(word).diagnostics
    assert (found.id, found.hint) == ("unknown-keyword", hint)


def test_a_variable_is_followed_to_where_it_was_set(read: Read) -> None:
    result = read("$W=-5\n" + SERVICE.format("weight $W"))
    (found,) = result.diagnostics
    assert str(found) == "k.conf:7:8: error[value-out-of-range]: weight -5 is not in 0..2147483647"
    assert found.notes == ("$W was set at k.conf:1:1",)
