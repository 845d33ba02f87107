"""Words of `vrrp_instance`, each on a Virtual Router of its own, and what a neighbour sees of them.

One daemon runs them all. Where a word is about time, another Virtual Router of the same process says
when: their timers run in one order, however slow the machine is.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from ipaddress import IPv6Address

import pytest

from netnslab import Lab, wait_until
from tests.netns.wire.frames import Advert, Packet, frame, mac, ones_complement, packed
from tests.netns.wire.rig import DEVICE_MAC
from tests.netns.wire.stand import PATIENCE, Stand, announcements

pytestmark = pytest.mark.slow

_PEER = "unicast_peer {\n192.0.2.9 MORE\n}"
_HASTY = "state MASTER\nadvert_int 0.1"


def _unicast(*lines: str, more: str = "") -> tuple[str, ...]:
    return ("unicast_src_ip 192.0.2.1", _PEER.replace("MORE", more), *lines)


_OWNER = ("priority 255", "advert_int 30", "garp_master_delay 0")
"""Speaks once at its start, and then only when it is spoken to."""
_SPEAKER = ("state MASTER", "advert_int 1", "garp_master_delay 0")

_ROUTERS: dict[int, tuple[str, ...]] = {
    1: (),
    2: ("version 2", "advert_int 1", "state MASTER"),
    3: ("mcast_src_ip 192.0.2.77",),
    4: ("mcast_dst_ip 224.0.0.99",),
    5: ("native_ipv6",),
    6: _unicast("unicast_ttl 77"),
    7: _unicast("old_unicast_checksum"),
    8: ("garp_master_delay 0", "garp_master_repeat 7"),
    9: ("garp_master_delay 0", "garp_lower_prio_repeat 6", "garp_lower_prio_delay 1"),
    10: (*_OWNER, "garp_lower_prio_repeat 2", "lower_prio_no_advert"),
    11: (*_OWNER, "garp_lower_prio_repeat 2"),
    12: (*_OWNER, "garp_lower_prio_repeat 2", "owner_ignore_adverts"),
    13: (*_SPEAKER, "higher_prio_send_advert"),
    14: _SPEAKER,
    15: ("advert_int 0.5", "priority 110"),
    16: ("advert_int 0.5", "state MASTER"),
    17: ("down_timer_adverts 12",),
    18: ("preempt_delay 1000", "advert_int 0.5"),
    19: ("nopreempt", "preempt", "advert_int 0.5"),
    20: ("mcast_src_ip 192.0.2.78", "track_src_ip"),
    21: ("mcast_src_ip 192.0.2.78",),
    22: ("unicast_fault_no_peer", "unicast_src_ip 192.0.2.1", "unicast_peer {\n}"),
    23: ("advert_int 0.1", "nopreempt", "timer_expired_backup"),
    24: ("use_vmac mac24 02:12:34:56:78:9a group 7",),
    25: ("use_vmac name group",),
    26: ("use_vmac", "vmac_xmit_base"),
    27: ("use_vmac_addr",),
    28: ("strict_mode",),
    29: ("strict_mode", "accept"),
    30: _unicast(_HASTY, "check_unicast_src"),
    31: _unicast(_HASTY),
    32: _unicast(_HASTY, more="min_ttl 100"),
    33: _unicast(_HASTY, more="max_ttl 200"),
    34: (_HASTY, "skip_check_adv_addr"),
    35: (_HASTY,),
    36: ("garp_extra_if all 1", "garp_master_repeat 1", "garp_master_delay 0"),
    37: ("garp_master_delay 1",),
    38: ("garp_master_delay 2", "priority 110"),
    39: ("garp_master_delay 0", "garp_master_refresh 1", "garp_master_refresh_repeat 4"),
    40: ("garp_master_delay 0", "garp_master_refresh 1"),
    42: ("interface eth2", "garp_master_repeat 4"),
    43: ("interface eth2", "garp_master_repeat 4"),
    44: ("interface eth3", "garp_master_repeat 4"),
    41: ("garp_master_delay 0", "garp_lower_prio_repeat 6", "garp_lower_prio_delay 2"),
}
_ELSEWHERE = {
    27: "198.51.100.27/32 dev eth1",
    36: "198.51.100.36/32 dev eth1",
}
_LINE = "garp_master_repeat 3\n"


_GLOBAL = """
global_defs {
    vrrp_priority -20
}
garp_group {
    garp_interval 0.2
    gna_interval 0.2
    interface eth2
}
garp_group {
    garp_interval 0.2
    interfaces {
        eth3
    }
}
"""


def _text(vrid: int) -> str:
    own = _ROUTERS[vrid]
    words = "\n".join(own)
    lines = [
        f"vrrp_instance v{vrid} {{\nvirtual_router_id {vrid}",
        "" if "interface" in words else "interface eth0",
        "" if "version" in words else "version 3",
        "" if "priority " in words.replace("_", "") else "priority 100",
        "" if "advert_int" in words else "advert_int 0.2",
        "" if "garp_master_repeat" in words else _LINE,
        words,
    ]
    block = "virtual_ipaddress"
    if vrid == 5:
        lines.append("no_virtual_ipaddress")
        block = "virtual_ipaddress_excluded"
    first = "2001:db8::43/128" if vrid == 43 else f"10.0.0.{vrid}/32"
    addresses = f"{first}\n{_ELSEWHERE.get(vrid, '')}"
    return "\n".join([*lines, f"{block} {{\n{addresses}\n}}\n}}\n"])


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with Lab(f"keywords-frames-{os.getpid()}") as lab:
        made = Stand(lab, 4)
        _start(made)
        yield made
        made.close()


def _start(stand: Stand) -> None:
    """A router of lower priority is heard for 18 and 19; it says that it speaks rarely."""
    lower = [frame(Advert(v, 50, 1000, (f"10.0.0.{v}",)), Packet("192.0.2.9")) for v in (18, 19)]
    with stand.wire.flood(lower, 0.02):
        text = "".join(_text(vrid) for vrid in _ROUTERS)
        stand.start(_GLOBAL + text)
        stand.wire.wait_advert(17, timeout=PATIENCE)


def test_version(stand: Stand) -> None:
    first = [stand.wire.wait_advert(vrid, timeout=PATIENCE).message[0] for vrid in (1, 2)]
    assert first == [0x31, 0x21]


def test_where_it_comes_from_and_goes_to(stand: Stand) -> None:
    """mcast_src_ip, mcast_dst_ip."""
    heard = [stand.wire.wait_advert(vrid, timeout=PATIENCE) for vrid in (1, 3, 4)]
    assert [(each.source, each.destination) for each in heard] == [
        ("192.0.2.1", "224.0.0.18"),
        ("192.0.2.77", "224.0.0.18"),
        ("192.0.2.1", "224.0.0.99"),
    ]


def test_native_ipv6(stand: Stand) -> None:
    """Without addresses an instance is one of IPv4 otherwise."""
    heard = stand.wire.wait_advert(5, family=6, timeout=PATIENCE)
    assert (heard.destination, heard.message[:4]) == ("ff02::12", bytes((0x31, 5, 100, 0)))


def test_unicast_ttl(stand: Stand) -> None:
    heard = stand.wire.wait_advert(6, timeout=PATIENCE)
    assert (heard.destination, heard.ttl) == ("192.0.2.9", 77)


def test_old_unicast_checksum(stand: Stand) -> None:
    """As if the Advertisement were sent to the group."""
    for vrid, summed in ((6, "192.0.2.9"), (7, "224.0.0.18")):
        message = stand.wire.wait_advert(vrid, timeout=PATIENCE).message
        pseudo = packed("192.0.2.1") + packed(summed) + bytes((0, 112, 0, 12))
        assert ones_complement(pseudo + message) == 0


def test_announcements(stand: Stand) -> None:
    """garp_master_repeat, garp_master_delay, garp_master_refresh, garp_master_refresh_repeat."""
    stand.wait_announced(8, 7)
    stand.wait_announced(38, 6)
    stand.wait_announced(39, 3 + 2 * 4)
    stand.wait_announced(40, 3 + 2)
    second = {vrid: stand.announced(vrid)[3] for vrid in (37, 38)}
    assert second[37] < second[38]
    refreshed = {vrid: len(stand.announced(vrid)) - 3 for vrid in (39, 40)}
    assert refreshed[39] > 2 * refreshed[40]


def test_announcements_where_a_lower_priority_is_heard(stand: Stand) -> None:
    """garp_lower_prio_repeat, garp_lower_prio_delay."""
    stand.hear_lower((41, 9), 3)
    assert stand.announced(9)[9] < stand.announced(41)[9]


def test_answers_to_a_lower_priority(stand: Stand) -> None:
    """lower_prio_no_advert, owner_ignore_adverts."""
    for vrid in (10, 11, 12):
        stand.wire.wait_advert(vrid, timeout=PATIENCE)
        stand.wait_announced(vrid, 3)
    for vrid in (12, 10, 11):
        stand.say(vrid, 50)
    wait_until(lambda: len(stand.wire.heard(11)) == 2, what="an answer", timeout=PATIENCE)
    stand.wait_announced(10, 3 + 2)
    stand.wait_announced(11, 3 + 2)
    assert len(stand.announced(12)) == 3
    assert [len(stand.wire.heard(vrid)) for vrid in (10, 11, 12)] == [1, 2, 1]


def test_higher_prio_send_advert(stand: Stand) -> None:
    """Once more, before it yields."""
    last = []
    for vrid in (13, 14):
        stand.wait_has(vrid)
        stand.wire.wait_advert(vrid, start=stand.wire.mark, timeout=PATIENCE)
        start = stand.wire.mark
        stand.say(vrid, 200)
        stand.wait_has(vrid, present=False)
        last.append(len(stand.wire.heard(vrid, start=start)))
    assert last == [1, 0]


def test_how_long_it_waits(stand: Stand) -> None:
    """state MASTER is faster than another one; down_timer_adverts takes more time."""
    first = {vrid: stand.wire.wait_advert(vrid, timeout=PATIENCE).time for vrid in (15, 16, 17)}
    assert sorted(first, key=lambda vrid: first[vrid]) == [16, 15, 17]


def test_preempt_delay_and_preempt(stand: Stand) -> None:
    """19 had nopreempt first."""
    stand.wire.wait_advert(19, timeout=PATIENCE)
    assert stand.wire.heard(18) == []


def test_track_src_ip(stand: Stand) -> None:
    for vrid in (20, 21):
        stand.wait_has(vrid)
    stand.host.remove_address("eth0", "192.0.2.78/24")
    stand.wait_has(20, present=False)
    wait_until(lambda: stand.states(20)[-1] == "FAULT", what="a fault", timeout=PATIENCE)
    assert stand.has(21)
    stand.host.add_address("eth0", "192.0.2.78/24")
    stand.wait_has(20)


def test_unicast_fault_no_peer(stand: Stand) -> None:
    assert (stand.states(22), stand.has(22)) == (["FAULT"], False)


def test_links_of_its_own(stand: Stand) -> None:
    """use_vmac with a name, a MAC address and a group; vmac_xmit_base; use_vmac_addr."""
    for vrid in (24, 25, 26, 27):
        stand.wait_has(vrid)
    links = stand.host.ip("-o", "link")
    assert re.search(r" mac24@eth0: .* group 7 .*link/ether 02:12:34:56:78:9a ", links)
    assert " group@eth0: " in links
    assert re.search(r" vrrp\.\d+@eth1: .*link/ether 00:00:5e:00:01:1b ", links)
    heard = [stand.wire.wait_advert(vrid, timeout=PATIENCE).mac_source for vrid in (24, 25, 26)]
    assert heard == [mac("02:12:34:56:78:9a"), mac("00:00:5e:00:01:19"), mac(DEVICE_MAC)]


def test_strict_mode_refuses_and_accept_does_not(stand: Stand) -> None:
    for vrid in (28, 29):
        stand.wait_has(vrid)

    def rules() -> str:
        return stand.host.run(["nft", "list", "ruleset"]).stdout

    wait_until(lambda: "10.0.0.28" in rules(), what="a refusal", timeout=PATIENCE)
    assert "10.0.0.29" not in rules()


def test_whom_unicast_believes(stand: Stand) -> None:
    """check_unicast_src, min_ttl, max_ttl: what is refused changes nothing, others are obeyed."""
    for vrid in (30, 31, 32, 33):
        stand.wait_has(vrid)
    stand.say_directly(32, ttl=99)
    stand.say_directly(33, ttl=201)
    stranger = Packet("192.0.2.10", destination="192.0.2.1", mac_destination=DEVICE_MAC)
    for vrid in (30, 31):
        stand.wire.send(frame(Advert(vrid, 200, 10, (f"10.0.0.{vrid}",)), stranger))
    stand.wait_has(31, present=False)
    assert [stand.states(vrid)[-1] for vrid in (30, 32, 33)] == ["MASTER"] * 3
    for vrid, ttl in ((30, 255), (32, 100), (33, 200)):
        stand.say_directly(vrid, ttl=ttl)
        wait_until(lambda v=vrid: stand.states(v).count("BACKUP") == 2, what="it yields")


def test_skip_check_adv_addr(stand: Stand) -> None:
    """One who keeps saying something else is told of once."""
    for vrid in (34, 35):
        stand.wait_has(vrid)
        for interval in (100, 100, 200):
            advert = Advert(vrid, 200, interval, ("10.9.9.9",))
            stand.wire.send(frame(advert, Packet("192.0.2.9")))
        stand.wait_has(vrid, present=False)
    wait_until(
        lambda: [stand.counted(vrid, "advert_rcvd") for vrid in (34, 35)] == [3, 3],
        what="all of them read",
        timeout=PATIENCE,
    )
    assert [stand.counted(vrid, "addr_list_err") for vrid in (34, 35)] == [1, 3]


def test_garp_extra_if(stand: Stand) -> None:
    """The address on eth1 is announced again and again."""
    vip = bytes((198, 51, 100, 36))
    wait_until(
        lambda: len(announcements(stand.others["eth1"], vip)) >= 3,
        what="three announcements",
        timeout=PATIENCE,
    )


def test_garp_group(stand: Stand) -> None:
    """garp_interval, gna_interval, interface, interfaces: four announcements take a while."""
    for name, vip in (
        ("eth2", bytes((10, 0, 0, 42))),
        ("eth2", IPv6Address("2001:db8::43").packed),
        ("eth3", bytes((10, 0, 0, 44))),
    ):
        wire = stand.others[name]
        wait_until(
            lambda w=wire, v=vip: len(announcements(w, v)) >= 4,
            what="four announcements",
            timeout=PATIENCE,
        )
        times = announcements(wire, vip)
        assert times[3] - times[0] > 0.2


def test_timer_expired_backup(stand: Stand) -> None:
    """After a sleep others may have taken over; 1 looks first whether they did."""
    for vrid in (1, 23):
        stand.wait_has(vrid)
    before = {vrid: stand.states(vrid) for vrid in (1, 23)}
    os.kill(stand.daemon.child(), signal.SIGSTOP)
    asleep = time.monotonic()
    try:
        wait_until(lambda: time.monotonic() > asleep + 1.2, what="a while")
    finally:
        os.kill(stand.daemon.child(), signal.SIGCONT)
    wait_until(
        lambda: stand.states(23) == [*before[23], "BACKUP", "MASTER"],
        what="a change",
        timeout=PATIENCE,
    )
    assert stand.states(1) == before[1]
