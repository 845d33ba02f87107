"""`pyvrrpctl`, in this process."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from pyvrrp.daemon.ctl import colour, main

_BAD = "vrrp_instance a {\n bogus 3\n}\n"


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def ctl(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    def run(*words: str) -> Done:
        try:
            code = main(list(words))
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        return Done(code, *capsys.readouterr())

    return run


Ctl = Callable[..., Done]


def test_version(ctl: Ctl):
    assert ctl("version").stdout == "pyvrrp 0.1.0, compatible with keepalived 2.4.3\n"


def test_help(ctl: Ctl):
    done = ctl("--help")
    assert done.returncode == 0
    assert {"check", "decode", "version"} <= set(done.stdout.split())
    assert ctl().returncode == 2


def test_check(ctl: Ctl, tmp_path: Path):
    path = tmp_path / "k.conf"
    path.write_text(_BAD)
    concise = ctl("check", str(path), "--format", "concise")
    assert concise.returncode == 5
    assert concise.stdout.startswith(f"{path}:2:2: error[unknown-keyword]: ")
    assert "^^^^^" in ctl("check", str(path)).stdout
    listed = json.loads(ctl("check", str(path), "--format", "json").stdout)
    assert (listed[0]["id"], listed[0]["line"]) == ("unknown-keyword", 2)


_TRAP = """\
global_defs {
    vrrp_strict
}
vrrp_instance web {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress {
        192.0.2.100/24
    }
}
"""


def test_check_finds_traps_that_count_only_when_asked(ctl: Ctl, tmp_path: Path):
    path = tmp_path / "k.conf"
    path.write_text(_TRAP)
    done = ctl("check", str(path), "--format", "concise")
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            f"{path}:4:15: warning[strict-accepts-nothing]: strict mode lets nothing reach the"
            " addresses of web",
            "1 warning",
        ],
    )
    assert ctl("check", str(path), "--strict").returncode == 5
    (trap,) = json.loads(ctl("check", str(path), "--format", "json").stdout)
    assert (trap["id"], trap["class"]) == ("strict-accepts-nothing", "none")


def test_check_sums_up(ctl: Ctl, tmp_path: Path):
    path = tmp_path / "k.conf"
    path.write_text(
        "bogus 1\nbogus 2\nlinkbeat_interfaces {\n}\nvrrp_script a {\n script /bin/true\n}\n"
    )
    assert ctl("check", str(path)).stdout.splitlines()[-1] == "2 errors, 1 warning, 1 remark"
    path.write_text("")
    assert ctl("check", str(path)).stdout == "no problems\n"
    # A remark is no trap.
    path.write_text("linkbeat_interfaces {\n}\nvrrp_script a {\n script /bin/true\n}\n")
    assert ctl("check", str(path), "--strict").returncode == 0


def test_check_looks_at_this_host_only_when_asked(ctl: Ctl, tmp_path: Path):
    path = tmp_path / "k.conf"
    path.write_text(_TRAP.replace("eth0", "eth97"))
    assert "unknown-interface" not in ctl("check", str(path)).stdout
    done = ctl("check", str(path), "--interfaces")
    assert "error[unknown-interface]" in done.stdout
    assert done.returncode == 5


@pytest.mark.parametrize(
    ("words", "environ", "is_coloured"),
    [
        pytest.param(["--color", "always"], {"NO_COLOR": "1"}, True, id="always"),
        pytest.param([], {}, False, id="no terminal"),
        pytest.param(["--color", "never"], {}, False, id="never"),
    ],
)
def test_check_colours(
    ctl: Ctl,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    environ: dict[str, str],
    is_coloured: bool,
):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "k.conf"
    path.write_text(_BAD)
    text = ctl("check", str(path), *words).stdout
    assert ("\x1b[1;31merror[unknown-keyword]\x1b[m: " in text) is is_coloured
    assert ("\x1b[1;31m" in text.splitlines()[2]) is is_coloured
    assert "\x1b" in text or not is_coloured


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_on_a_terminal(environ: dict[str, str], is_coloured: bool):
    assert colour.is_wanted("auto", _Terminal(), environ) is is_coloured


def test_explain(ctl: Ctl):
    assert ctl("check", "--explain", "duplicate-vrid").stdout.startswith(
        "Two instances of one family"
    )
    lint = ctl("check", "--explain", "address-twice").stdout.splitlines()
    assert lint[-1] == "What to do: give each address to one instance."
    done = ctl("check", "--explain", "duplicate-vird")
    assert (done.returncode, done.stderr) == (
        2,
        "there is no problem called duplicate-vird; did you mean duplicate-vrid?\n",
    )


def test_check_without_a_file(ctl: Ctl, tmp_path: Path):
    done = ctl("check", str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("none does not exist\n")


def test_show_config(ctl: Ctl, tmp_path: Path):
    path = tmp_path / "k.conf"
    path.write_text("global_defs {\n router_id me\n}\n")
    done = ctl("show", "config", str(path))
    assert (done.returncode, json.loads(done.stdout)["global_defs"]["router_id"]) == (0, "me")
    assert ctl("show", "config", str(tmp_path / "none")).returncode == 2


# RFC 3768 by hand: version 2, VRID 1, priority 100, one address, 1 s, 10.9.0.9; sent from 10.9.0.1.
# The words 2101 6401 0001 0a09 0009 add up to 0x8f15, whose complement is 0x70ea.
_V2 = "21016401000170ea0a0900090000000000000000"
# The same in an IP packet with TTL 255 from 10.9.0.1 to 224.0.0.18.
_V2_IP = f"45c00028 00000000 ff700000 0a090001 e0000012 {_V2}"

_V2_FIELDS = """\
version                 2
VRID                    1
priority                100
max advertise interval  1 s
addresses               10.9.0.9
checksum                good
"""


def test_keywords(ctl: Ctl):
    done = ctl("keywords")
    assert done.returncode == 0
    assert "| `virtual_router_id` | acted on |  | 1..255 |" in done.stdout.splitlines()


def test_decode_message(ctl: Ctl):
    done = ctl("decode", _V2)
    assert (done.returncode, done.stdout) == (0, _V2_FIELDS)


def test_decode_packet_in_pieces(ctl: Ctl):
    done = ctl("decode", *_V2_IP.split())
    assert (done.returncode, done.stdout) == (0, _V2_FIELDS)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param([_V2[:-2]], "discarded: packet-length-errors: ", id="short"),
        pytest.param([_V2.replace("70ea", "70eb")], "discarded: checksum-errors: ", id="checksum"),
        pytest.param([_V2, "--ttl", "254"], "discarded: ip-ttl-errors: 254", id="ttl"),
        pytest.param([_V2_IP.replace("ff70", "fe70")], "discarded: ip-ttl-errors", id="ttl inside"),
        pytest.param(["5" + _V2[1:]], "discarded: version-errors: ", id="version"),
    ],
)
def test_decode_says_why_it_is_discarded(ctl: Ctl, words: list[str], text: str):
    done = ctl("decode", *words)
    assert done.returncode == 1
    assert done.stdout.startswith(text)


def test_decode_needs_the_addresses_for_version_3(ctl: Ctl):
    # 10.9.0.1 > 224.0.0.18: words of pseudo-header 0a09+0001+e000+0012+0070+000c and of the
    # message 3101+6401+0064+0a09+0009 add up to 0x18a10, folded 0x8a11, complement 0x75ee.
    octets = "31016401006475ee0a090009"
    done = ctl("decode", octets)
    assert done.returncode == 1
    assert "hint: " in done.stdout
    done = ctl("decode", octets, "--from", "10.9.0.1")
    assert done.returncode == 0
    assert "checksum                good, over pseudo-header\n" in done.stdout


def test_decode_wrong_use(ctl: Ctl):
    assert ctl("decode", "xyz").returncode == 2
    assert ctl("decode", _V2, "--from", "nobody").returncode == 2
    assert ctl("decode", _V2, "--from", "10.9.0.1", "--to", "ff02::12").returncode == 2
