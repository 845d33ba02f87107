"""Labs from topology files, the program, and the cables between switches and hosts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netnslab import Host, Lab, LabError, Unsupported, wait_until
from netnslab.build import build
from netnslab.cli import main
from netnslab.residents import name_of
from netnslab.topology import parse_topology

_TOPOLOGY = """
[bridges.left]
uplinks = ["right"]
[bridges.right]
[hosts.a]
sysctls = { "net.ipv4.ip_forward" = 1, "net.ipv4.conf.eth0.arp_ignore" = 2 }
start = ["sh -c 'cat etc/words; echo $0 in $PWD; exec sleep 66'"]
files = { "etc/words" = "hello\\n" }
[hosts.a.links.eth0]
to = "left"
addresses = ["192.0.2.1/24"]
mtu = 1400
[hosts.a.links.direct]
to = "b:direct"
addresses = ["198.51.100.1/30"]
[hosts.b]
routes = ["203.0.113.0/24 via 198.51.100.1"]
[hosts.b.links.eth0]
to = "right"
addresses = ["192.0.2.2/24"]
[hosts.b.links.direct]
to = "a:direct"
addresses = ["198.51.100.2/30"]
"""


@pytest.fixture
def built(lab: Lab) -> Lab:
    build(lab, parse_topology(_TOPOLOGY, "t"))
    return lab


@pytest.fixture
def running(tmp_path: Path) -> Iterator[str]:
    """The name of a lab that `netnslab up` made."""
    name = f"cli-{os.getpid()}"
    file = tmp_path / f"{name}.toml"
    file.write_text(_TOPOLOGY)
    _netnslab("up", str(file))
    yield name
    _netnslab("down", name)


def _programs(host: Host) -> list[str]:
    """The names of what runs in a host; one that ends meanwhile has none."""
    return [name_of(pid) for pid in host.process_ids()]


def _netnslab(*arguments: str) -> str:
    """Run the program as a person does; return what it printed."""
    command = [sys.executable, "-m", "netnslab", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("target", ["192.0.2.2", "198.51.100.2"])
def test_what_was_written_is_there(built: Lab, target: str) -> None:
    a = built["a"]
    with a.ping(target) as pings:
        assert pings.wait_reply()
    assert a.sysctl("net.ipv4.ip_forward") == "1"
    assert a.sysctl("net.ipv4.conf.eth0.arp_ignore") == "2"
    assert a.link("eth0").state.mtu == 1400
    assert "203.0.113.0/24 via 198.51.100.1 dev direct" in built["b"].ip("route")
    a.processes[0].wait_for_log(f"^hello\nsh in {a.directory}$")


def test_two_switches_are_partitioned_and_joined(built: Lab) -> None:
    link = built.link("left", "to-right")
    with built["a"].ping("192.0.2.2") as pings:
        assert pings.wait_reply()
        link.lose_carrier()
        assert not pings.wait_reply(0.2)
        link.restore_carrier()
        assert pings.wait_reply()


def test_a_frame_that_crosses_two_switches_is_recorded_where_it_enters(built: Lab) -> None:
    left, right = (built.bridges[name].capture(["icmp"]) for name in ("left", "right"))
    with built["a"].ping("192.0.2.2") as pings:
        assert pings.wait_reply()
    assert {each.interface for each in left.stop()} == {"a-eth0"}
    assert {each.interface for each in right.stop()} == {"b-eth0"}


def test_no_delay_without_netem(built: Lab) -> None:
    """Where the kernel has it, pings are late; where not, the error says so and what works."""
    link = built["a"].link("eth0")
    try:
        link.delay(0.03)
    except Unsupported as error:
        assert "this kernel has no sch_netem" in str(error)
        return
    with built["a"].ping("192.0.2.2", deadline=1.0) as pings:
        assert pings.wait_reply()
    answered = [each for each in pings.probes() if each.received is not None]
    assert all((each.received or 0) - each.sent >= 0.03 for each in answered)
    link.delay(0)


def test_another_process_finds_the_lab_and_breaks_it(built: Lab) -> None:
    with built["a"].ping("192.0.2.2") as pings:
        assert pings.wait_reply()
        assert main(["loss", f"{built.name}.a", "eth0", "100", "--direction", "to"]) == 0
        assert not pings.wait_reply(0.2)
        assert main(["loss", f"{built.name}.a", "eth0", "0"]) == 0
        assert pings.wait_reply()
        assert main(["link", f"{built.name}.left", "to-right", "unplug"]) == 0
        assert not pings.wait_reply(0.2)
    assert not built.link("left", "to-right").state.has_carrier
    assert main(["crash", f"{built.name}.a"]) == 0
    assert built["a"].processes[0].wait() == -9


def test_a_lab_that_is_attached_to_has_all_its_cables(built: Lab) -> None:
    seen = Lab.attach(built.name)
    for host in ("a", "b"):
        cables = [link.cable for link in built[host].links.values()]
        assert [link.cable for link in seen[host].links.values()] == cables
    assert seen.bridges["left"].ports == {"a-eth0": "a"}
    assert seen.link("right", "to-left").far == built.link("left", "to-right").near


def test_the_program_shows_and_enters_a_lab(
    running: str, capsys: pytest.CaptureFixture[str]
) -> None:
    host = Lab.attach(running)["a"]
    wait_until(lambda: _programs(host) == ["sleep"], what="the program")
    capsys.readouterr()
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    assert f"{running}  (stays until it is taken down" in text
    assert "  a            192.0.2.1/24, 198.51.100.1/30; 1 processes" in text
    assert _netnslab("enter", f"{running}.b", "pwd") == f"/run/netnslab/{running}/b\n"


def test_programs_crash_and_start_again(running: str) -> None:
    host = Lab.attach(running)["a"]
    wait_until(lambda: _programs(host) == ["sleep"], what="the program")
    before = host.process_ids()
    assert main(["crash", f"{running}.a"]) == 0
    assert host.process_ids() == []
    _netnslab("start", f"{running}.a")
    wait_until(lambda: _programs(host) == ["sleep"], what="the program")
    assert host.process_ids() != before


def test_the_program_watches_and_draws(
    running: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    svg = tmp_path / "w.svg"
    ping = ["--ping", "a=192.0.2.77", "--seconds", "0.3", "--svg", str(svg)]
    assert main(["watch", running, *ping]) == 0
    assert "pings to 192.0.2.77, to the end" in capsys.readouterr().out
    assert svg.read_text().startswith("<?xml")


def test_the_lab_of_a_running_process_is_not_taken_down(
    built: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["down", built.name]) == 1
    assert f"belongs to process {os.getpid()}, which runs" in capsys.readouterr().err
    assert main(["down", built.name, "--force"]) == 0
    assert not Path("/run/netns", f"{built.name}.a").exists()


def test_a_topology_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"bad-{os.getpid()}.toml"
    file.write_text('[bridges.lan]\n[hosts.a]\n[hosts.a.links.e]\nto = "lan"\naddresses = ["x"]')
    assert main(["up", str(file)]) == 1
    assert "addr add x dev e" in capsys.readouterr().err
    assert not Path("/run/netnslab", file.stem).exists()


@pytest.mark.parametrize(
    ("name", "problem"), [("a b", "letters, digits"), ("taken", "has a member taken already")]
)
def test_bad_names_are_refused(lab: Lab, name: str, problem: str) -> None:
    lab.host("taken")
    with pytest.raises(ValueError, match=problem):
        lab.host(name)


def test_names_that_are_not_there_are_told_with_those_that_are(built: Lab) -> None:
    with pytest.raises(LabError, match="has no host c; it has: a, b"):
        built["c"]
    with pytest.raises(LabError, match="a has no interface eth9; it has: eth0, direct"):
        built["a"].link("eth9")
    with pytest.raises(LabError, match="left has no interface x; it has: to-right"):
        built.link("left", "x")
    with pytest.raises(LabError, match="there is no lab nowhere"):
        Lab.attach("nowhere")
    with pytest.raises(ValueError, match="longer than 15"):
        built["a"].connect(built.bridges["left"], "a-very-long-interface")
