"""Words of `global_defs` that set something for all Virtual Routers, as a neighbour sees them.

One daemon runs them all; some have a word of their own that undoes the global one, to compare with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from netnslab import Lab, wait_until
from tests.netns.wire.frames import Advert, Packet, frame, ones_complement
from tests.netns.wire.rig import DEVICE_MAC
from tests.netns.wire.stand import PATIENCE, Stand

pytestmark = pytest.mark.slow

_GLOBAL = """
global_defs {
    vrrp_priority -20
    vrrp_version 3
    vrrp_mcast_group4 224.0.0.99
    vrrp_mcast_group6 ff02::99
    v3_checksum_as_v2
    vrrp_garp_master_repeat 7
    vrrp_garp_master_delay 3
    vrrp_garp_master_refresh 1
    vrrp_garp_master_refresh_repeat 4
    vrrp_garp_lower_prio_repeat 6
    vrrp_garp_lower_prio_delay 1
    vrrp_higher_prio_send_advert
    vrrp_lower_prio_no_advert
    vrrp_owner_ignore_adverts
    vrrp_check_unicast_src
    vrrp_skip_check_adv_addr
    vrrp_down_timer_adverts 9
    vmac_prefix pre
    nftables mine
    nftables_priority 7
    nftables_ifindex
    log_unknown_vrids
    default_interface eth1
}
static_ipaddress {
    10.77.0.1/32
}
"""
_OWNER = ("priority 255", "advert_int 30", "garp_master_delay 0", "garp_master_refresh 0")
_HASTY = ("state MASTER", "advert_int 0.1", "garp_master_delay 0", "garp_master_refresh 0")
_ROUTERS: dict[int, tuple[str, ...]] = {
    1: (),
    2: (),
    3: ("use_vmac",),
    4: ("strict_mode",),
    5: ("state MASTER", "advert_int 1"),
    6: _OWNER,
    7: (*_OWNER, "owner_ignore_adverts false"),
    8: (*_OWNER, "owner_ignore_adverts false", "lower_prio_no_advert false"),
    9: (*_HASTY, "unicast_src_ip 192.0.2.1", "unicast_peer {\n192.0.2.9\n}"),
    10: _HASTY,
    11: (),
    12: ("down_timer_adverts 3", "advert_int 0.5"),
    13: ("garp_master_delay 4", "priority 110"),
    14: ("garp_master_delay 0", "garp_master_refresh_repeat 1"),
    15: _HASTY,
    16: ("garp_master_delay 0",),
    17: (*_HASTY, "garp_lower_prio_delay 2"),
}


def _text(vrid: int) -> str:
    words = "\n".join(_ROUTERS[vrid])
    lines = [
        f"vrrp_instance v{vrid} {{\ninterface eth0\nvirtual_router_id {vrid}",
        "" if "advert_int" in words else "advert_int 0.2",
        "" if "\npriority" in f"\n{words}" else "priority 100",
        words,
        f"virtual_ipaddress {{\n{'2001:db8::2:2/128' if vrid == 2 else f'10.0.0.{vrid}/32'}\n}}",
    ]
    return "\n".join([*lines, "}\n"])


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with Lab(f"keywords-global-{os.getpid()}") as lab:
        made = Stand(lab, 2)
        made.start(_GLOBAL + "".join(map(_text, _ROUTERS)))
        yield made
        made.close()


def test_what_advertisements_look_like(stand: Stand) -> None:
    """vrrp_version, vrrp_mcast_group4, vrrp_mcast_group6, v3_checksum_as_v2."""
    heard = stand.wire.wait_advert(1, timeout=PATIENCE)
    assert (heard.destination, heard.message[0]) == ("224.0.0.99", 0x31)
    assert ones_complement(heard.message) == 0
    heard = stand.wire.wait_advert(2, family=6, timeout=PATIENCE)
    assert (heard.destination, heard.message[0]) == ("ff02::99", 0x31)


def test_announcements(stand: Stand) -> None:
    """vrrp_garp_master_repeat, _delay, _refresh, _refresh_repeat."""
    stand.wait_announced(15, 7)
    stand.wait_announced(13, 8)
    stand.wait_announced(1, 8)
    assert stand.announced(1)[7] < stand.announced(13)[7]
    stand.wait_announced(14, 7 + 2)
    stand.wait_announced(16, 7 + 2 * 4)
    refreshed = {vrid: len(stand.announced(vrid)) - 7 for vrid in (14, 16)}
    assert refreshed[16] > 2 * refreshed[14]


def test_announcements_where_a_lower_priority_is_heard(stand: Stand) -> None:
    """vrrp_garp_lower_prio_repeat, vrrp_garp_lower_prio_delay."""
    stand.hear_lower((17, 15), 7, destination="224.0.0.99")
    assert stand.announced(15)[13] < stand.announced(17)[13]


def test_answers_to_a_lower_priority(stand: Stand) -> None:
    """vrrp_lower_prio_no_advert, vrrp_owner_ignore_adverts."""
    for vrid in (6, 7, 8):
        stand.wire.wait_advert(vrid, timeout=PATIENCE)
        stand.wait_announced(vrid, 7)
    for vrid in (6, 7, 8):
        stand.say(vrid, 50, destination="224.0.0.99")
    wait_until(lambda: len(stand.wire.heard(8)) == 2, what="an answer", timeout=PATIENCE)
    for vrid in (7, 8):
        stand.wait_announced(vrid, 7 + 6)
    assert len(stand.announced(6)) == 7
    assert [len(stand.wire.heard(vrid)) for vrid in (6, 7, 8)] == [1, 1, 2]


def test_higher_prio_send_advert(stand: Stand) -> None:
    stand.wait_has(5)
    stand.wire.wait_advert(5, start=stand.wire.mark, timeout=PATIENCE)
    start = stand.wire.mark
    stand.say(5, 200, destination="224.0.0.99")
    stand.wait_has(5, present=False)
    assert len(stand.wire.heard(5, start=start)) == 1


def test_down_timer_adverts(stand: Stand) -> None:
    first = {vrid: stand.wire.wait_advert(vrid, timeout=PATIENCE).time for vrid in (11, 12)}
    assert first[12] < first[11]


def test_check_unicast_src(stand: Stand) -> None:
    """A stranger is not believed; that one more was read first is seen by 5, on the same socket."""
    stand.wait_has(9)
    stranger = Packet("192.0.2.10", destination="192.0.2.1", mac_destination=DEVICE_MAC)
    stand.wire.send(frame(Advert(9, 200, 10, ("10.0.0.9",)), stranger))
    wait_until(
        lambda: "192.0.2.10 is no configured peer" in stand.daemon.process.output(),
        what="a refusal",
        timeout=PATIENCE,
    )
    assert stand.states(9)[-1] == "MASTER"
    stand.say_directly(9)
    wait_until(lambda: stand.states(9).count("BACKUP") == 2, what="it yields", timeout=PATIENCE)


def test_skip_check_adv_addr(stand: Stand) -> None:
    stand.wait_has(10)
    for interval in (100, 100, 200):
        advert = Advert(10, 200, interval, ("10.9.9.9",))
        stand.wire.send(frame(advert, Packet("192.0.2.9", destination="224.0.0.99")))
    stand.wait_has(10, present=False)
    wait_until(
        lambda: stand.counted(10, "advert_rcvd") == 3, what="all of them read", timeout=PATIENCE
    )
    assert stand.counted(10, "addr_list_err") == 1


def test_names_in_the_kernel(stand: Stand) -> None:
    """vmac_prefix; nftables, nftables_priority, nftables_ifindex; default_interface."""
    for vrid in (3, 4):
        stand.wait_has(vrid)
    assert " pre.3@eth0: " in stand.host.ip("-o", "link")

    def rules() -> str:
        return stand.host.run(["nft", "list", "ruleset"]).stdout

    wait_until(lambda: "10.0.0.4" in rules(), what="a refusal", timeout=PATIENCE)
    assert "table ip mine {" in rules()
    assert "ip6 saddr . oif @vips_link_local drop" in rules()
    assert '"prio": 7' in stand.host.run(["nft", "-j", "list", "chains"]).stdout
    wait_until(
        lambda: "10.77.0.1/32" in stand.host.ip("addr", "show", "dev", "eth1"),
        what="the static address",
        timeout=PATIENCE,
    )


def test_log_unknown_vrids(stand: Stand) -> None:
    stand.say(200, 50, destination="224.0.0.99")
    stand.daemon.process.wait_for_log(r"Unknown VRID\(200\)", timeout=PATIENCE)
