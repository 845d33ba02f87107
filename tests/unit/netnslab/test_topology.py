"""Topology files."""

from __future__ import annotations

from pathlib import Path

import pytest

from netnslab.topology import (
    BridgeSpec,
    HostSpec,
    LinkSpec,
    Topology,
    TopologyError,
    parse_topology,
    read_topology,
)

_FULL = """
[bridges.lan]
mtu = 9000
[bridges.far]
uplinks = ["lan"]
[hosts.r1]
routes = ["default via 192.0.2.254"]
sysctls = { "net.ipv4.ip_forward" = 1 }
start = ["sleep 1"]
files = { "a.conf" = "text" }
[hosts.r1.links.eth0]
to = "lan"
addresses = ["192.0.2.1/24"]
mtu = 1400
mac = "02:00:00:00:00:09"
[hosts.r1.links.eth1]
to = "r2:eth0"
[hosts.r2.links.eth0]
to = "r1:eth1"
"""


def test_everything_a_file_can_say() -> None:
    assert parse_topology(_FULL, "full") == Topology(
        name="full",
        bridges=(BridgeSpec("lan", 9000, ()), BridgeSpec("far", 1500, ("lan",))),
        hosts=(
            HostSpec(
                name="r1",
                links=(
                    LinkSpec("eth0", "lan", None, ("192.0.2.1/24",), 1400, "02:00:00:00:00:09"),
                    LinkSpec("eth1", "r2", "eth0", (), 1500, None),
                ),
                routes=("default via 192.0.2.254",),
                sysctls=(("net.ipv4.ip_forward", "1"),),
                files=(("a.conf", "text"),),
                start=("sleep 1",),
            ),
            HostSpec("r2", (LinkSpec("eth0", "r1", "eth1", (), 1500, None),), (), (), (), ()),
        ),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("[hosts", r"^t: Expected '\]'", id="no TOML"),
        pytest.param("x = 1", "t: x: no such key", id="unknown key at the top"),
        pytest.param("hosts = 1", "t: hosts: 1 is not a table", id="hosts is no table"),
        pytest.param("hosts.a = 1", "t: hosts.a: 1 is not a table", id="a host is no table"),
        pytest.param("[hosts.a]\nlinks.e.to = 5", "links.e.to: 5 is not a string", id="to"),
        pytest.param("[hosts.a.links.e]", "t: hosts.a.links.e.to: missing", id="no end"),
        pytest.param(
            "[bridges.b]\nmtu = '9'", "bridges.b.mtu: '9' is not a whole number", id="mtu"
        ),
        pytest.param("[bridges.b]\nmtu = true", "True is not a whole number", id="true mtu"),
        pytest.param("[hosts.a]\nroutes = [1]", "hosts.a.routes: 1 is not a string", id="route"),
        pytest.param("[hosts.a]\nfiles.x = []", r"files.x: \[\] is neither", id="file"),
        pytest.param("[hosts.a]\nruotes = []", "t: hosts.a.ruotes: no such key", id="unknown key"),
        pytest.param(
            "[bridges.lan]\n[hosts.a.links.e]\nto = 'lam'",
            "hosts.a.links.e.to: no bridge lam; there are: lan",
            id="unknown bridge",
        ),
        pytest.param(
            "[hosts.a.links.e]\nto = 'b:e'", "there is no other host b", id="unknown host"
        ),
        pytest.param("[hosts.a.links.e]\nto = 'a:f'", "there is no other host a", id="to itself"),
        pytest.param(
            "[bridges.b]\nuplinks = ['b']",
            "t: bridges.b.uplinks: there is no other bridge b",
            id="uplink to itself",
        ),
        pytest.param(
            "[hosts.a.links.e]\nto='b:e'\n[hosts.b.links.e]\nto='c:e'\n[hosts.c]",
            "b:e goes to c instead",
            id="ends that disagree",
        ),
    ],
)
def test_a_problem_is_told_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(TopologyError, match=problem):
        parse_topology(text, "name", "t")


def test_a_file_gives_the_lab_its_name(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    file.write_text("[hosts.a]\n")
    assert read_topology(file).name == "small"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match=r"no\.toml: No such file"):
        read_topology(tmp_path / "no.toml")


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[3].glob("netns-lab/topologies/*.toml")), ids=str
)
def test_the_examples_are_topologies(path: Path) -> None:
    assert read_topology(path).hosts
