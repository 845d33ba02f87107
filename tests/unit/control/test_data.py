"""Dumps of one configuration, as Debian's keepalived 2.2.7 wrote them; only the password is ours."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from pyvrrp.conf.config import Config
from pyvrrp.conf.load import load
from pyvrrp.control import data_global, data_json, data_vrrp, stats
from pyvrrp.control.host import HostFacts, LinkFacts, LinkFlag
from pyvrrp.core.actions import StateName
from pyvrrp.core.model import Family
from pyvrrp.core.packet import DiscardReason
from pyvrrp.core.receive import Mismatch
from pyvrrp.counters import Counters
from pyvrrp.snapshot import ActiveRouterSnapshot, VirtualRouterSnapshot

TEXT = """
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 150
    version 3
    advert_int 0.5
    nopreempt
    notify_master "/usr/bin/logger -t vrrp 'now master'" root
    virtual_ipaddress {
        192.0.2.100/24 label eth0:vip
    }
}
"""
INSTANCE = """\
------< VRRP Topology >------
 VRRP Instance = VI_1
   VRRP Version = 3
   State = BACKUP
   Master router = 192.0.2.7
   Master priority = 200
   Master advert int = 0.50 sec
   Flags:
   Wantstate = BACKUP
   Number of config faults = 0
   Number of interface and track script faults = 0
   Number of track scripts init = 0
   Last transition = 0.000000 (Thu Jan  1 00:00:00.000000 1970)
   Interface = eth0
   Using src_ip = 192.0.2.250
   Multicast address 224.0.0.18
   Gratuitous ARP delay = 5
   Gratuitous ARP repeat = 5
   Gratuitous ARP refresh = 0
   Gratuitous ARP refresh repeat = 1
   Gratuitous ARP lower priority delay = 5
   Gratuitous ARP lower priority repeat = 5
   Down timer adverts = 3
   Send advert after receive lower priority advert = true
   Send advert after receive higher priority advert = false
   Virtual Router ID = 51
   Priority = 150
   Effective priority = 140
   Total priority = 140
   Advert interval = 500 milli-sec
   Master advert interval = 500 milli-sec
   Accept = enabled
   Preempt = disabled
   Promote_secondaries = disabled
   Virtual IP (1):
     192.0.2.100/24 dev eth0 scope global label eth0:vip
   Using smtp notification = no
   Notify deleted = Fault
   Master state transition script = '/usr/bin/logger' '-t' 'vrrp' 'now master', uid:gid 0:0
   Notify priority changes = false
------< Interfaces >------
 Name = eth0
   index = 3
   IPv4 address = 192.0.2.250
   IPv6 address = fe80::1:250
   MAC = 02:00:00:00:01:00
   MAC broadcast = ff:ff:ff:ff:ff:ff
   State = UP, RUNNING
   Seen up = 1
   Delayed state change running = false
   Up debounce timer = 0us
   Down debounce timer = 0us
   MTU = 1500
   HW Type = ETHERNET
   NIC netlink status update
   Reset ARP config counter 0
   Original arp_ignore 0
   Original arp_filter 0
   Original promote_secondaries 0
   Reset promote_secondaries counter 0
   Tracking VRRP instances :
     VI_1, weight 0
"""
STATISTICS = """\
VRRP Instance: VI_1
  Advertisements:
    Received: 1
    Sent: 2
  Became master: 5
  Released master: 6
  Packet Errors:
    Length: 7
    TTL: 8
    Invalid Type: 9
    Advertisement Interval: 23
    Address List: 27
  Authentication Errors:
    Invalid Type: 14
    Type Mismatch: 15
    Failure: 16
  Authentication Extension Errors:
    Missing: 0
    Malformed: 0
    Unknown Key: 0
    Invalid HMAC: 0
    Stale: 0
    Replay: 0
  Priority Zero:
    Received: 3
    Sent: 4
"""
COUNTERS = Counters(
    advertisements_received=1,
    advertisements_sent=2,
    priority_zero_received=3,
    priority_zero_sent=4,
    active_transitions=5,
    active_releases=6,
    discarded={
        DiscardReason.LENGTH: 7,
        DiscardReason.TTL: 8,
        DiscardReason.TYPE: 9,
        DiscardReason.INTERVAL: 10,
        DiscardReason.ADDRESS_LIST: 12,
        DiscardReason.AUTHENTICATION_TYPE: 14,
        DiscardReason.AUTHENTICATION_MISMATCH: 15,
        DiscardReason.AUTHENTICATION_FAILURE: 16,
    },
    mismatches={Mismatch.INTERVAL: 13, Mismatch.ADDRESS_LIST: 15},
)
SNAPSHOT = VirtualRouterSnapshot(
    name="VI_1",
    interface="eth0",
    family=Family.IPV4,
    vrid=51,
    state=StateName.BACKUP,
    reason=None,
    wants_active=False,
    base_priority=150,
    priority=140,
    source=ip_address("192.0.2.250"),
    changed_at=None,
    active_router=ActiveRouterSnapshot(ip_address("192.0.2.7"), 200, 0.5),
    virtual_mac=None,
    installed=(),
    counters=COUNTERS,
)
ETH0 = LinkFacts(
    index=3,
    name="eth0",
    flags=LinkFlag.UP | LinkFlag.BROADCAST | LinkFlag.RUNNING | LinkFlag.MULTICAST,
    mtu=1500,
    hardware=1,
    mac=bytes.fromhex("020000000100"),
    broadcast=b"\xff" * 6,
    addresses=(ip_address("192.0.2.250"), ip_address("fe80::1:250")),
)
HOST = HostFacts(name="lb1", links=(ETH0,), users={"root": (0, 0)})


def read(text: str, tmp_path: Path) -> Config:
    path = tmp_path / "keepalived.conf"
    path.write_text(text)
    return load(str(path), config_id="lb1").config


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def test_instance_with_its_state(tmp_path: Path) -> None:
    lines = data_vrrp.lines(read(TEXT, tmp_path), HOST, {"VI_1": SNAPSHOT})
    assert list(lines) == INSTANCE.splitlines()


def test_statistics(tmp_path: Path) -> None:
    lines = stats.lines(read(TEXT, tmp_path), {"VI_1": SNAPSHOT})
    assert list(lines) == STATISTICS.splitlines()


def test_json(tmp_path: Path) -> None:
    text = data_json.text(read(TEXT, tmp_path), {"VI_1": SNAPSHOT}, HOST)
    assert text == (
        '[{"data":{"iname":"VI_1","dont_track_primary":0,"skip_check_adv_addr":0,"strict_mode":0,'
        '"vmac_ifname":"","ifp_ifname":"eth0","master_priority":200,"last_transition":0.0,'
        '"garp_delay":5,"garp_refresh":0,"garp_rep":5,"garp_refresh_rep":1,'
        '"garp_lower_prio_delay":5,"garp_lower_prio_rep":5,"lower_prio_no_advert":0,'
        '"higher_prio_send_advert":0,"vrid":51,"base_priority":150,"effective_priority":140,'
        '"vipset":false,"promote_secondaries":false,"adver_int":0.5,"master_adver_int":0.5,'
        '"accept":1,"nopreempt":true,"preempt_delay":0,"state":1,"wantstate":1,"version":3,'
        '"smtp_alert":false,"notify_deleted":false,'
        """"script_master":"'\\/usr\\/bin\\/logger' '-t' 'vrrp' 'now master'","""
        '"vips":["192.0.2.100\\/24 dev eth0 scope global label eth0:vip"],"auth_type":0},'
        '"stats":{"advert_rcvd":1,"advert_sent":2,"become_master":5,"release_master":6,'
        '"packet_len_err":7,"advert_interval_err":23,"ip_ttl_err":8,"invalid_type_rcvd":9,'
        '"addr_list_err":27,"invalid_authtype":14,"authtype_mismatch":15,"auth_failure":16,'
        '"auth_ext_missing":0,"auth_ext_malformed":0,"auth_ext_unknown_key":0,'
        '"auth_ext_invalid_hmac":0,"auth_ext_stale":0,"auth_ext_replay":0,'
        '"pri_zero_rcvd":3,"pri_zero_sent":4}}]'
    )


VERSION_2 = """
global_defs {
    json_version 2
}
vrrp_track_process web {
    process /usr/sbin/nginx -g daemon
    param_match initial
    weight 5 reverse
    quorum_max 8
    fork_delay 0.5
}
"""


def test_json_version_2(tmp_path: Path) -> None:
    text = data_json.text(read(VERSION_2 + TEXT, tmp_path), {}, HOST)
    found = json.loads(text or "")
    assert list(found) == ["vrrp", "track_process"]
    assert found["vrrp"][0]["data"]["state"] == 0
    assert found["track_process"] == [
        {
            "process": "web",
            "parameters": "-g daemon",
            "param_match": "initial",
            "min_processes": 1,
            "max_processes": 8,
            "current_processes": 0,
            "have_quorum": False,
            "weight": -5,
            "terminate_delay": 0,
            "fork_delay": 0.5,
            "fork_delay_timer_running": False,
            "terminate_delay_timer_running": False,
            "full_command": True,
        }
    ]


def test_no_json_without_instances() -> None:
    assert data_json.text(Config(), {}) is None


def test_a_password_stays_a_secret(tmp_path: Path) -> None:
    secret = "authentication {\nauth_type PASS\nauth_pass s3cret\n}\n"
    text = TEXT.replace("    version 3\n    advert_int 0.5\n", secret)
    config = read(text, tmp_path)
    shown = [*data_global.lines(config, HOST), *data_vrrp.lines(config, HOST)]
    assert "   Password = ********" in shown
    assert "s3cret" not in "\n".join(shown) + (data_json.text(config, {}, HOST) or "")


GLOBALS = """
global_defs {
    enable_script_security
    script_user daemon
    startup_script "/usr/bin/true a" root
    startup_script_timeout 4
    shutdown_script /usr/bin/true
    shutdown_script_timeout 5
    lvs_sync_daemon eth1 VI_1 id 9 maxlen 1400 port 8848 ttl 2 group 224.0.0.82
}
"""


def test_globals_that_2_2_7_does_not_start_with_here(tmp_path: Path) -> None:
    """Its own words, from its source: its process of VRRP needs IPVS for a sync daemon."""
    host = replace(HOST, users={"root": (0, 0), "daemon": (1, 1)})
    config = read(GLOBALS + TEXT, tmp_path)
    shown = "\n".join(data_global.lines(config, host))
    other = "\n".join(data_global.lines(config, host, "parent"))
    assert (
        " Startup script = '/usr/bin/true' 'a', uid:gid 0:0, timeout 4\n"
        " Shutdown script = '/usr/bin/true', uid:gid 1:1 timeout 5\n"
    ) in other
    assert "hutdown" not in shown
    syncd = (
        " LVS syncd interface = eth1\n"
        " LVS syncd syncid = 9\n"
        " LVS syncd maxlen = 1400\n"
        " LVS mcast group 224.0.0.82\n"
        " LVS syncd mcast port = 8848\n"
        " LVS syncd mcast ttl = 2\n"
    )
    assert f" LVS syncd vrrp instance = VI_1\n{syncd}" in shown
    assert f" LVS syncd vrrp name = VI_1\n{syncd}" in other
    assert " Default interface = eth0" in shown
    assert "Default interface" not in other
    assert " Default script uid:gid 1:1" in shown


VMAC = """
vrrp_instance named {
    interface eth0
    virtual_router_id 1
    use_vmac vip0 02:00:00:aa:bb
    vmac_xmit_base
    dont_track_primary
    virtual_ipaddress {
        192.0.2.1
    }
}
"""
VIP0 = LinkFacts(
    index=8,
    name="vip0",
    flags=ETH0.flags,
    mtu=1500,
    hardware=1,
    mac=bytes.fromhex("020000aabb01"),
    broadcast=b"\xff" * 6,
    kind="macvlan",
    parent="eth0",
    is_ours=True,
)


def test_virtual_mac_link(tmp_path: Path) -> None:
    host = replace(HOST, links=(ETH0, VIP0))
    shown = "\n".join(data_vrrp.lines(read(VMAC, tmp_path), host))
    assert (
        "   Use VMAC, i/f name vip0, is_up = true, xmit_base = true\n"
        "     MAC = 02:00:00:aa:bb:01 (using VRID)\n"
        "   Interface = vip0, vmac on eth0, xmit base i/f\n"
        "   VRRP interface tracking disabled\n"
    ) in shown
    assert "     192.0.2.1 dev vip0@eth0 scope global\n" in shown
    assert (
        "   Reset ARP config counter 1\n"
        "   Original arp_ignore 1\n"
        "   Original arp_filter 1\n"
        "   rp_filter 0\n"
        "   Original promote_secondaries 0\n"
        "   Reset promote_secondaries counter 0\n"
        "   Tracking VRRP instances :\n"
        "     named, weight 255\n"
        " Name = vip0\n"
    ) in shown
    assert (
        "   VMAC type private, underlying interface = eth0, state = UP, RUNNING\n"
        "   I/f created by keepalived\n"
    ) in shown


FOLLOWED = """
vrrp_script chk {
    script /usr/bin/true
    weight 10 reverse
}
vrrp_script unused {
    script /usr/bin/true
}
vrrp_sync_group G {
    group {
        VI_1
        nobody
    }
    track_script {
        chk weight -5
    }
    sync_group_tracking_weight
}
"""


def test_a_group_s_weight_replaces_the_member_s(tmp_path: Path) -> None:
    followed = TEXT.replace("    nopreempt\n", "    track_script {\n        chk\n    }\n")
    shown = "\n".join(data_vrrp.lines(read(FOLLOWED + followed, tmp_path), HOST))
    assert (
        " VRRP Sync Group = G, BACKUP\n"
        "   Num member fault 0, num member init 0\n"
        "   VRRP member instances :\n"
        "     VI_1\n"
        "   sync group tracking weight set\n"
    ) in shown
    assert "   Tracked scripts :\n     chk weight 10 reverse\n" in shown
    assert "   Tracking instances :\n     VI_1, weight -5" in shown
    assert "unused" not in shown
