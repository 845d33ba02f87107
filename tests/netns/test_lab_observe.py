"""Looking at a lab: captures, time lines, and keepalived seen through them."""

from __future__ import annotations

import io
import socket
import subprocess
from ipaddress import IPv4Address, IPv6Address, ip_interface
from pathlib import Path

import pytest
from rich.console import Console

from netnslab import Capture, Host, Lab, LabError, Process, outages, wait_until
from netnslab.decode import Advert, Announcement, decode
from netnslab.live import LiveView
from netnslab.observe import Observation
from netnslab.timeline import AddressSeen, Event, Fact, Note, PingsLost, active_periods

_CONFIG = """
vrrp_instance VI {{
    state BACKUP
    interface eth0
    version 3
    virtual_router_id 51
    priority {priority}
    advert_int 0.1
    virtual_ipaddress {{
        192.0.2.100/24
    }}
}}
"""
_VIP = "192.0.2.100"


@pytest.fixture
def routers(lab: Lab) -> Lab:
    """Two routers and a client on a switch, no daemon running."""
    lan = lab.bridge("lan")
    for number, name in enumerate(("r1", "r2", "client"), 1):
        lab.host(name).connect(lan, addresses=[f"192.0.2.{number}/24", f"2001:db8::{number}/64"])
    return lab


def _keepalived(host: Host, priority: int) -> Process:
    (host.directory / "k.conf").write_text(_CONFIG.format(priority=priority))
    command = "keepalived -nlG -f k.conf -p parent.pid -r vrrp.pid -c check.pid"
    return host.start(command.split(), wait="Entering BACKUP STATE")


def test_a_crash_seen_from_every_side(routers: Lab) -> None:
    r1, r2 = routers["r1"], routers["r2"]
    with Observation(routers, {"client": _VIP}, interval=0.005) as seen:
        first = _keepalived(r1, 200)
        r1.wait_address(_VIP)
        _keepalived(r2, 100)
        crash = len(seen.events)
        seen.note("r1", "crash")
        first.kill()
        r1.link("eth0").down()
        r2.wait_address(_VIP)
        wait_until(lambda: len(outages(seen.probes["client"])) == 2, what="pings that come back")
        last = seen.probes["client"][-1].sequence
        wait_until(
            lambda: any(each.received and each.sequence > last for each in seen.probes["client"]),
            what="an answered ping after the crash",
        )
    assert crash == 0
    advert = Advert(3, 51, 200, 0.1, IPv4Address("192.0.2.1"), (IPv4Address(_VIP),))
    takeover = {
        advert,
        Announcement(IPv4Address(_VIP), "02:00:00:00:01:01"),
        AddressSeen(ip_interface("192.0.2.100/24"), added=True),
    }
    assert set(_firsts(seen, "r1")[:3]) == takeover
    assert _firsts(seen, "r1")[3] == Note("crash")
    assert Announcement(IPv4Address(_VIP), "02:00:00:00:02:01") in _firsts(seen, "r2")
    periods = active_periods(seen.events, seen.end or 0)
    assert [(each.host, each.is_over) for each in periods] == [("r1", True), ("r2", False)]
    silence = periods[1].start - periods[0].end
    assert 0.3609 <= silence < 1.0, "3 x 100 ms and a skew of (256 - 100) / 256 x 100 ms"
    lost = _lost(seen.events)
    assert len(lost) == 2, "before the first router came up, and at the crash"
    assert 0.1 < (lost[1].outage.seconds or 0) < silence + 0.1


def test_pings_may_begin_later(routers: Lab) -> None:
    with Observation(routers) as seen:
        assert seen.probes == {}
        pings = seen.ping(routers["client"], "192.0.2.77", deadline=0.02)
        wait_until(lambda: len(pings.probes()) > 3, what="lost pings")
        routers["r1"].add_address("eth0", "192.0.2.77/24")
        assert pings.wait_reply()
    probes = seen.probes["client"]
    assert pings.probes_from(2) == probes[2:]
    lost = next(each for each in seen.events if isinstance(each.fact, PingsLost))
    assert (lost.host, lost.time) == ("client", probes[0].sent)


def _firsts(seen: Observation, host: str) -> list[Fact]:
    """The facts of a host in order, each once."""
    return list(dict.fromkeys(each.fact for each in seen.events if each.host == host))


def test_an_outage_is_told_once_when_it_is_over(routers: Lab) -> None:
    with Observation(routers, {"client": "192.0.2.66"}, interval=0.005) as seen:
        wait_until(lambda: len(seen.probes["client"]) > 60, what="60 pings in vain")
        assert seen.poll() == []
        routers["r1"].add_address("eth0", "192.0.2.66/32")

        def answered() -> bool:
            return any(each.received for each in seen.probes["client"])

        wait_until(answered, what="an answer")
        wait_until(lambda: _lost(seen.poll()), what="the end of the outage")
    (first, *_) = _lost(seen.events)
    assert first.outage.lost >= 40, "all but those that waited for the neighbour"


def _lost(events: list[Event]) -> list[PingsLost]:
    return [each.fact for each in events if isinstance(each.fact, PingsLost)]


def test_the_time_line_runs_while_the_lab_does(routers: Lab) -> None:
    out = io.StringIO()
    observation = Observation(routers)
    r1 = routers["r1"]
    with LiveView(observation, list(routers.hosts), Console(file=out, width=40)):
        r1.add_address("eth0", "192.0.2.77/32")
        wait_until(lambda: "192.0.2.77/32 added" in out.getvalue(), what="the address")
        observation.note("r1", "a remark")
    assert "r1      *       a remark\n" in out.getvalue()


def test_on_a_terminal_a_table_stays_below(routers: Lab) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    with LiveView(Observation(routers, {"client": "192.0.2.1"}), list(routers.hosts), console):
        wait_until(lambda: "ms ago" in out.getvalue(), what="a ping in the table")
    assert "heard as Active of" in out.getvalue()


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["icmp"], {"icmp"}),
        (["arp"], {"arp"}),
        (["nd"], {"nd"}),
        (["arp", "icmp"], {"arp", "icmp"}),
        ([], {"arp", "icmp", "nd"}),
    ],
    ids=["icmp", "arp", "nd", "two", "all"],
)
def test_the_kernel_lets_only_the_chosen_kinds_through(
    routers: Lab, kinds: list[str], expected: set[str]
) -> None:
    client = routers["client"]
    with client.capture("eth0", kinds) as capture:
        for target in ("192.0.2.1", "2001:db8::1"):
            with client.ping(target) as pings:
                assert pings.wait_reply()
    assert {_kind(each.data) for each in capture.frames} - {None} == expected
    assert {each.outgoing for each in capture.frames} == {True, False}


def _kind(data: bytes) -> str | None:
    match int.from_bytes(data[12:14], "big"):
        case 0x0806:
            return "arp"
        case 0x0800 if data[23] == 1:
            return "icmp"
        case 0x86DD if data[54] in (135, 136):
            return "nd"
        case 0x86DD if data[54] in (128, 129):
            return "icmp"
    return None


_VRRP_OF_EVERY_FORM = (
    "01005e000012020000000101080045c0002000010000ff701899c0000201e00000123133c8010019a1b2c000026e",
    "01005e000012020000000101080045c0004000010000ff3318b6c0000201e000001270040000c0000201"
    "00000001c6ef6ced2ac8c553d697125b210896010201847cc00002780000000000000000",
    "33330000001202000000010186dd6c0df79b002870fffe80000000000000000000fffe000101ff02000000000000"
    "00000000000000123134c80200197b46fe80000000000000000000005e00020020010db80000000000000000"
    "00000100",
)
_NO_VRRP = (
    "ffffffffffff02000000010108060001080006040001020000000101c000026effffffffffffc000026e",
    "01005e000012020000000101080045c0002000010000ff331899c0000201e00000123233c8010019a1b2c000026e",
)


def test_vrrp_is_told_in_every_form(routers: Lab) -> None:
    """IPv4, behind an authentication header, IPv6; frames of Debian's keepalived 2.2.7."""
    frames = [bytes.fromhex(each) for each in (*_NO_VRRP, *_VRRP_OF_EVERY_FORM)]
    with routers["r1"].entered():
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with sender, routers.bridges["lan"].capture(["vrrp"]) as capture:
        for frame in frames:
            sender.sendto(frame, ("eth0", 0))
    assert [each.data for each in capture.frames] == frames[2:]


def test_a_frame_is_waited_for(routers: Lab) -> None:
    r1 = routers["r1"]
    with routers.bridges["lan"].capture(["arp"]) as capture:
        r1.run(["ip", "neigh", "flush", "all"])
        with r1.ping("192.0.2.2"):
            found = capture.wait(lambda each: each.interface == "r2-eth0", what="r2's answer")
    assert found.packet()["ARP"].psrc == "192.0.2.2"
    assert capture.dropped == 0


def test_a_capture_is_a_file_that_tcpdump_reads(routers: Lab, tmp_path: Path) -> None:
    file = tmp_path / "one.pcap"
    client = routers["client"]
    with client.capture("eth0", ["icmp"]) as capture, client.ping("192.0.2.1") as pings:
        assert pings.wait_reply()
    capture.write_pcap(file)
    done = subprocess.run(
        ["tcpdump", "-nr", str(file), "-c", "2"], capture_output=True, text=True, check=True
    )
    assert "192.0.2.3 > 192.0.2.1: ICMP echo request" in done.stdout.splitlines()[0]


def test_an_interface_that_is_not_there_is_told(routers: Lab) -> None:
    with pytest.raises(LabError, match=r"cannot capture on \S+\.r1:eth7: no interface"):
        Capture(routers["r1"].namespace, "eth7")


def test_addresses_are_watched_in_both_families(routers: Lab) -> None:
    r1 = routers["r1"]
    with r1.watch() as watch:
        for address in ("192.0.2.200/32", "2001:db8::200/128"):
            r1.add_address("eth0", address)
            r1.remove_address("eth0", address)
        wait_until(lambda: len(watch.changes) == 4, what="four changes")
    seen = [(each.change.address.interface.ip, each.change.added) for each in watch.changes]
    assert seen == [
        (IPv4Address("192.0.2.200"), True),
        (IPv4Address("192.0.2.200"), False),
        (IPv6Address("2001:db8::200"), True),
        (IPv6Address("2001:db8::200"), False),
    ]


@pytest.mark.parametrize("how", ["the process is killed", "the host crashes"])
def test_a_crash_leaves_no_time_for_a_goodbye_and_the_daemon_starts_again(
    routers: Lab, how: str
) -> None:
    r1 = routers["r1"]
    with routers.bridges["lan"].capture(["vrrp"]) as capture:
        first = _keepalived(r1, 200)
        r1.wait_address(_VIP)
        if how == "the host crashes":
            r1.crash()
        else:
            first.kill()
        adverts = [decode(each.data) for each in capture.frames]
    assert {each.priority for each in adverts if isinstance(each, Advert)} == {200}
    assert r1.process_ids() == []
    assert first.status == -9
    r1.remove_address("eth0", f"{_VIP}/24")
    _keepalived(r1, 200)
    r1.wait_address(_VIP)
