"""The lab itself: what it makes works, what it made is gone afterwards."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from netnslab import CommandFailed, DeadlinePassed, Host, Lab, LabError, outages, wait_until
from netnslab.link import Direction
from netnslab.residents import is_alive


@pytest.fixture
def pair(lab: Lab) -> tuple[Host, Host]:
    """Two hosts on a switch, both families."""
    lan = lab.bridge("lan")
    made = lab.host("a"), lab.host("b")
    for number, host in enumerate(made, 1):
        host.connect(lan, addresses=[f"192.0.2.{number}/24", f"2001:db8::{number}/64"])
    return made


def test_frames_pass_at_once_on_a_cable_just_laid_or_plugged_in(pair: tuple[Host, Host]) -> None:
    """A question for a neighbour that is lost costs a second."""
    a, b = pair
    for family in ("-4", "-6"):
        for number in (1, 2, 3):
            b.ip(family, "neigh", "flush", "all")
            a.link("eth0").lose_carrier()
            a.link("eth0").restore_carrier()
            with b.ping("192.0.2.1" if family == "-4" else "2001:db8::1") as pings:
                assert pings.wait_reply(0.5), f"round {number} of {family}"


def test_addresses_are_read_back_and_changed(pair: tuple[Host, Host]) -> None:
    a, _ = pair
    assert [str(each) for each in a.addresses("eth0")] == [
        "192.0.2.1/24",
        "2001:db8::1/64",
        "fe80::ff:fe00:101/64",
    ]
    a.add_address("eth0", "192.0.2.100/32")
    assert a.has_address("192.0.2.100")
    a.remove_address("eth0", "192.0.2.100/32")
    a.wait_address("192.0.2.100", present=False)


@pytest.mark.parametrize("gateway", ["192.0.2.2", "2001:db8::2"])
def test_a_default_route_of_either_family(pair: tuple[Host, Host], gateway: str) -> None:
    a, _ = pair
    a.add_route(f"default via {gateway}")
    version = "-6" if ":" in gateway else "-4"
    assert f"default via {gateway} dev eth0" in a.run(["ip", version, "route"]).stdout


def test_carrier_is_lost_while_the_interface_stays_up(pair: tuple[Host, Host]) -> None:
    link = pair[0].link("eth0")
    link.lose_carrier()
    assert (link.state.is_up, link.state.has_carrier) == (True, False)
    link.restore_carrier()
    assert (link.state.is_up, link.state.has_carrier) == (True, True)
    link.down()
    assert (link.state.is_up, link.state.has_carrier) == (False, False)


@pytest.mark.parametrize("target", ["192.0.2.1", "2001:db8::1"])
def test_pings_are_lost_while_the_cable_is_out(pair: tuple[Host, Host], target: str) -> None:
    a, b = pair
    with b.ping(target, interval=0.005, deadline=0.2) as pings:
        assert pings.wait_reply()
        a.link("eth0").lose_carrier()
        out = time.monotonic()
        wait_until(lambda: time.monotonic() > out + 0.1, what="0.1 s")
        back = time.monotonic()
        a.link("eth0").restore_carrier()
        assert pings.wait_reply()
    meanwhile = [each for each in pings.probes() if out < each.sent < back]
    assert len(meanwhile) > 2
    assert not any(each.received for each in meanwhile)
    around = [each for each in outages(pings.probes()) if each.start <= meanwhile[0].sent]
    assert around[-1].end is not None
    assert around[-1].end >= back


def test_all_frames_of_the_chosen_kind_are_lost_and_no_others(pair: tuple[Host, Host]) -> None:
    a, b = pair
    a.link("eth0").lose(1, match="icmp type echo-request")
    with b.ping("192.0.2.1") as v4, b.ping("2001:db8::1") as v6:
        assert v6.wait_reply()
        assert not v4.wait_reply(0.1)
        a.link("eth0").lose(0)
        assert v4.wait_reply()


@pytest.mark.parametrize(
    ("direction", "seen"),
    [("to", set()), ("from", {("request", False), ("reply", True)}), ("both", set())],
)
def test_loss_has_a_direction(
    pair: tuple[Host, Host], direction: Direction, seen: set[tuple[str, bool]]
) -> None:
    """What the host still gets, and answers in vain."""
    a, b = pair
    with b.ping("192.0.2.1") as pings:
        assert pings.wait_reply()
        a.link("eth0").lose(1, direction=direction)
        with a.capture("eth0", ["icmp"]) as capture:
            assert not pings.wait_reply(0.1)
    names = {0: "reply", 8: "request"}
    assert {(names[each.data[34]], each.outgoing) for each in capture.frames} == seen


def test_a_match_that_nft_does_not_know_is_told(pair: tuple[Host, Host]) -> None:
    with pytest.raises(CommandFailed, match="no-such-thing"):
        pair[0].link("eth0").lose(1, match="no-such-thing")


def test_a_capture_goes_on_after_its_interface_was_down(pair: tuple[Host, Host]) -> None:
    here, there = pair
    capture = there.capture("eth0", ["icmp"])
    there.link("eth0").down()
    there.link("eth0").up()
    with here.ping("192.0.2.2") as pings:
        assert pings.wait_reply()
    assert capture.stop()


def test_a_switch_capture_has_each_frame_once_and_its_sender(
    lab: Lab, pair: tuple[Host, Host]
) -> None:
    before = time.monotonic()
    with lab.bridges["lan"].capture(["icmp"]) as capture, pair[1].ping("192.0.2.1") as pings:
        assert pings.wait_reply()
    request, reply = capture.frames[:2]
    assert (request.interface, request.data[34]) == ("b-eth0", 8)
    assert (reply.interface, reply.data[34]) == ("a-eth0", 0)
    assert before < request.monotonic < reply.monotonic < time.monotonic()
    assert request.packet()["ICMP"].type == 8


def test_a_program_runs_in_its_host(pair: tuple[Host, Host]) -> None:
    a, _ = pair
    assert "192.0.2.1" in a.run(["ip", "-br", "addr", "show", "eth0"]).stdout
    assert a.run(["ls", "/sys/class/net"]).stdout.split() == ["eth0", "lo"]
    with pytest.raises(CommandFailed, match=r"a: sh -c .* ended with status 3: oh"):
        a.run(["sh", "-c", "echo oh >&2; exit 3"])
    with pytest.raises(LabError, match="no program no-such-program"):
        a.run(["no-such-program"])
    with pytest.raises(DeadlinePassed):
        a.run(["sleep", "60"], timeout=0.05)


def test_a_daemon_is_waited_for_and_stopped(lab: Lab) -> None:
    a = lab.host("a")
    script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do read -t 1 x <> <(:); done"
    daemon = a.start(["bash", "-c", script], name="daemon", wait="^ready$")
    assert daemon.log == a.directory / "daemon.log"
    assert daemon.stop() == 7
    assert daemon.output() == "ready\nbye\n"


def test_a_daemon_that_dies_before_it_is_ready_is_told_with_its_words(lab: Lab) -> None:
    with pytest.raises(CommandFailed, match="status 4: bad config") as caught:
        lab.host("a").start(["sh", "-c", "echo bad config; exit 4"], wait="ready")
    assert caught.value.status == 4


def test_a_crash_takes_the_children_along(lab: Lab) -> None:
    daemon = lab.host("a").start(["sh", "-c", "sleep 61 & sleep 62 & echo up; wait"], wait="up")
    pids = daemon.descendants()
    assert len(pids) == 3
    daemon.kill()
    assert daemon.status == -9
    wait_until(lambda: not any(is_alive(pid) for pid in pids), what="the end of all")


def test_a_sysctl_is_of_the_host_alone(lab: Lab) -> None:
    a, b = lab.host("a"), lab.host("b")
    assert a.sysctl("net.ipv4.ip_forward", 1) == "1"
    assert b.sysctl("net.ipv4.ip_forward") == "0"
    with pytest.raises(LabError, match=r"a: sysctl net\.no\.such"):
        a.sysctl("net.no.such")


def test_the_lab_takes_everything_away(lab: Lab) -> None:
    a = lab.host("a")
    daemon = a.start(["sh", "-c", "setsid sleep 63 & echo up; wait"], wait="up")
    pids = daemon.descendants()
    namespace = Path("/run/netns", a.namespace)
    assert namespace.exists()
    lab.close()
    assert not namespace.exists()
    assert not lab.directory.exists()
    assert not any(is_alive(pid) for pid in pids)
