"""What an instance must agree with: itself, the globals, its sync group, the other instances."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from pyvrrp.conf.config import SyncGroup, TrackInterface, TrackScript, VrrpInstance
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]

ADDRESS = "virtual_ipaddress {\n192.0.2.1\n}\n"
ADDRESS6 = "virtual_ipaddress {\nfe80::1\n}\n"
SCRIPT = "global_defs {\nenable_script_security\n}\nvrrp_script s {\nscript /bin/a\nweight 5\n}\n"
PEERS = "unicast_peer {\n192.0.2.8\n}\n"


def block(text: str = "", name: str = "a", vrid: int = 1, address: str = ADDRESS) -> str:
    return (
        f"vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\n{text}\n{address}}}\n"
    )


def said(
    read: Read, text: str, address: str = ADDRESS, defs: str = ""
) -> tuple[VrrpInstance, list[str]]:
    result = read(f"global_defs {{\n{defs}\n}}\n{block(text, address=address)}")
    (instance,) = result.config.instances
    return instance, [d.id for d in result.diagnostics if d.problem_class.test_exit_code]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("vrrp_instance a {\ninterface eth0\n" + ADDRESS + "}", "missing-vrid"),
        ("vrrp_instance a {\nvirtual_router_id 1\n" + ADDRESS + "}", "missing-interface"),
        (
            "vrrp_instance a {\nvirtual_router_id 1\nuse_vmac\n" + PEERS + ADDRESS + "}",
            "missing-interface",
        ),
        (
            "vrrp_instance a {\ninterface lo\nvirtual_router_id 1\n" + ADDRESS + "}",
            "unknown-interface",
        ),
        ("vrrp_instance a {\nvirtual_router_id 1\n" + PEERS + ADDRESS + "}", "missing-source"),
        (
            "vrrp_instance a {\nvirtual_router_id 1\nunicast_src_ip fe80::9\n"
            "unicast_peer {\nfe80::8\n}\n" + ADDRESS6 + "}",
            "missing-interface",
        ),
        (block(f"strict_mode\n{PEERS}"), "strict-mode"),
        (block("version 3", address=""), "no-addresses"),
        (block("strict_mode", address=""), "no-addresses"),
    ],
)
def test_fatal(read: Read, text: str, problem: str) -> None:
    result = read(text)
    assert [d.id for d in result.diagnostics] == [problem]
    assert (result.config.instances, result.exit_code, result.test_exit_code) == ((), 2, 5)


@pytest.mark.parametrize(
    "text",
    [
        block().replace("eth0", "eth7"),
        block("track_interface {\neth7\n}"),
        block(address="virtual_ipaddress {\n192.0.2.1\n192.0.2.2 dev eth7\n}\n"),
        "vrrp_instance a {\ninterface eth7\nvirtual_router_id 1\nunicast_src_ip 192.0.2.9\n"
        f"{PEERS}{ADDRESS}}}\n",
    ],
)
def test_any_interface_that_does_not_exist_is_the_end(read: Read, text: str) -> None:
    result = read(text, interfaces=("eth0",))
    assert [d.id for d in result.diagnostics] == ["unknown-interface"]
    assert (result.exit_code, result.test_exit_code) == (2, 5)
    assert read(text).diagnostics == ()
    assert read(f"global_defs {{\ndynamic_interfaces\n}}\n{text}", interfaces=()).is_usable


@pytest.mark.parametrize(
    ("text", "defs", "address", "version", "problems"),
    [
        ("", "", ADDRESS, 2, []),
        ("", "vrrp_version 3", ADDRESS, 3, []),
        ("version 2", "vrrp_version 3", ADDRESS, 2, []),
        ("", "", ADDRESS6, 3, []),
        ("version 2", "", ADDRESS6, 3, []),
        ("version 2\nstrict_mode", "", ADDRESS6, 3, ["version-conflict"]),
    ],
)
def test_version(
    read: Read, text: str, defs: str, address: str, version: int, problems: list[str]
) -> None:
    instance, found = said(read, text, address, defs)
    assert (instance.version, found) == (version, problems)


@pytest.mark.parametrize(
    ("text", "state", "priority", "problems"),
    [
        ("", "BACKUP", 100, []),
        ("state MASTER", "MASTER", 255, []),
        ("priority 255", "MASTER", 255, []),
        ("state BACKUP\npriority 255", "BACKUP", 255, []),
        ("state MASTER\npriority 100", "MASTER", 100, []),
        ("strict_mode\nstate MASTER\npriority 100", "BACKUP", 100, ["strict-mode"]),
        ("strict_mode\nstate BACKUP\npriority 255", "MASTER", 255, ["strict-mode"]),
        ("strict_mode\nstate MASTER", "MASTER", 255, []),
    ],
)
def test_role(read: Read, text: str, state: str, priority: int, problems: list[str]) -> None:
    instance, found = said(read, text)
    assert (instance.state, instance.priority, found) == (state, priority, problems)


AH = "authentication {\nauth_type AH\nauth_pass x\n}\n"


@pytest.mark.parametrize(
    ("text", "address", "kept", "state", "problems"),
    [
        (AH, ADDRESS, True, "BACKUP", []),
        (AH + "state MASTER\npriority 9", ADDRESS, True, "BACKUP", ["state-with-ah"]),
        (AH + "state MASTER", ADDRESS, True, "MASTER", []),
        (AH + "version 3", ADDRESS, False, "BACKUP", ["no-authentication"]),
        (AH + "strict_mode", ADDRESS, False, "BACKUP", ["no-authentication"]),
        (AH, ADDRESS6, False, "BACKUP", ["no-authentication"]),
        ("authentication {\nauth_type AH\n}", ADDRESS, False, "BACKUP", ["no-authentication"]),
        ("authentication {\nauth_pass x\n}", ADDRESS, False, "BACKUP", []),
    ],
)
def test_authentication(
    read: Read, text: str, address: str, kept: bool, state: str, problems: list[str]
) -> None:
    instance, found = said(read, text, address)
    assert (instance.authentication is not None, instance.state) == (kept, state)
    assert found == problems


def test_unicast_words_without_peers(read: Read) -> None:
    instance, found = said(read, "unicast_src_ip 192.0.2.9\nunicast_ttl 9")
    assert found == ["no-unicast-peer", "no-unicast-peer"]
    assert (instance.mcast_src_ip, instance.unicast_src_ip) == (IPv4Address("192.0.2.9"), None)
    assert instance.unicast_ttl == 255
    assert said(read, "unicast_fault_no_peer")[1] == []


def test_multicast_words_with_peers(read: Read) -> None:
    instance, found = said(read, f"{PEERS}mcast_dst_ip 224.0.0.9\nmcast_src_ip 192.0.2.9")
    assert found == ["multicast-and-unicast"]
    assert instance.mcast_dst_ip == IPv4Address("224.0.0.18")
    assert (instance.mcast_src_ip, instance.unicast_src_ip) == (None, IPv4Address("192.0.2.9"))


def test_vrf_needs_unicast(read: Read) -> None:
    text = "vrrp_instance a {\nvrf red\ninterface eth0\nvirtual_router_id 1\n" + ADDRESS + "}\n"
    result = read(text)
    assert [d.id for d in result.diagnostics] == ["vrf-without-unicast"]
    assert result.config.instances[0].vrf is None


def test_a_source_to_track(read: Read) -> None:
    instance, found = said(read, "track_src_ip")
    assert (instance.track_src_ip, found) == (False, [])


@pytest.mark.parametrize(
    ("text", "xmit_base", "promotes", "problems"),
    [
        ("use_vmac", False, False, []),
        (f"use_vmac\n{PEERS}", True, False, ["vmac-with-unicast"]),
        ("use_vmac\nvmac_xmit_base\nstrict_mode", False, False, ["strict-mode"]),
        ("use_vmac 2:0:0:0:0:1\nstrict_mode", False, False, ["strict-mode"]),
        ("vmac_xmit_base", False, False, ["no-vmac"]),
        ("use_vmac\npromote_secondaries", False, False, ["promote-with-vmac"]),
        ("promote_secondaries", False, True, []),
    ],
)
def test_virtual_mac(
    read: Read, text: str, xmit_base: bool, promotes: bool, problems: list[str]
) -> None:
    instance, found = said(read, text)
    assert (instance.vmac_xmit_base, instance.promote_secondaries) == (xmit_base, promotes)
    assert found == problems


def addresses(count: int, family: int) -> str:
    rows = (f"10.0.{n >> 8}.{n & 255}" if family == 4 else f"fe80::{n:x}" for n in range(count))
    return "virtual_ipaddress {\n" + "\n".join(rows) + "\n}\n"


@pytest.mark.parametrize(
    ("count", "family", "fit"), [(255, 4, 255), (256, 4, 255), (89, 6, 89), (90, 6, 89)]
)
def test_addresses_that_fit(read: Read, count: int, family: int, fit: int) -> None:
    instance, found = said(read, "", addresses(count, family))
    assert len(instance.virtual_ipaddress) == fit
    assert len(instance.virtual_ipaddress_excluded) == count - fit
    assert found == ([] if count == fit else ["too-many-addresses"])


@pytest.mark.parametrize(
    ("text", "nopreempt", "delay", "problems"),
    [
        ("nopreempt", True, 0.0, []),
        ("preempt_delay 5", False, 5.0, []),
        ("nopreempt\nstate MASTER\npriority 9", False, 0.0, ["preemption"]),
        ("nopreempt\npriority 255", False, 0.0, ["preemption"]),
        ("preempt_delay 5\nstate MASTER\npriority 9", False, 0.0, ["preemption"]),
        ("preempt_delay 5\nnopreempt", True, 0.0, ["preemption"]),
        ("preempt_delay 5\nstrict_mode", False, 0.0, ["preemption"]),
    ],
)
def test_preemption(
    read: Read, text: str, nopreempt: bool, delay: float, problems: list[str]
) -> None:
    instance, found = said(read, text)
    assert (instance.nopreempt, instance.preempt_delay, found) == (nopreempt, delay, problems)


@pytest.mark.parametrize(
    ("text", "seconds", "problems"),
    [
        ("advert_int 1.4", 1.0, ["value-out-of-range"]),
        ("advert_int 1.5", 2.0, ["value-out-of-range"]),
        ("advert_int 0.1", 1.0, ["value-out-of-range"]),
        ("version 3\nadvert_int 0.015", 0.02, ["value-out-of-range"]),
        ("version 3\nadvert_int 40.96", 40.95, ["value-out-of-range"]),
        ("version 3\nadvert_int 40.954", 40.95, ["value-out-of-range"]),
        ("version 3\nadvert_int 0.29", 0.29, []),
    ],
)
def test_interval(read: Read, text: str, seconds: float, problems: list[str]) -> None:
    instance, found = said(read, text)
    assert (instance.advert_int, found) == (seconds, problems)


def test_strict_defaults(read: Read) -> None:
    instance, found = said(read, "", defs="vrrp_strict\nvrrp_version 3")
    assert found == []
    assert (instance.strict, instance.accept, instance.lower_prio_no_advert) == (True, False, True)
    assert (instance.garp.lower_prio_delay, instance.garp.lower_prio_repeat) == (0.0, 0)
    owner, _ = said(read, "priority 255", defs="vrrp_strict")
    assert (owner.accept, owner.owner_ignore_adverts) == (True, True)


@pytest.mark.parametrize(
    "text",
    [
        "down_timer_adverts 4",
        "accept",
        "lower_prio_no_advert off",
        "higher_prio_send_advert",
        "garp_lower_prio_repeat 1",
        "garp_lower_prio_delay 1",
        "priority 255\nowner_ignore_adverts off",
    ],
)
def test_strict_corrections(read: Read, text: str) -> None:
    instance, found = said(read, f"strict_mode\n{text}")
    assert found == ["strict-mode"]
    assert (instance.down_timer_adverts, instance.higher_prio_send_advert) == (3, False)
    assert (instance.lower_prio_no_advert, instance.garp.lower_prio_repeat) == (True, 0)
    assert instance.garp.lower_prio_delay == 0.0
    assert instance.accept == instance.owner_ignore_adverts == (instance.priority == 255)


def test_owner_words_of_others(read: Read) -> None:
    instance, found = said(read, "owner_ignore_adverts")
    assert (instance.owner_ignore_adverts, found) == (False, ["not-owner"])
    assert said(read, "", defs="vrrp_owner_ignore_adverts")[0].owner_ignore_adverts is False
    assert said(read, "priority 255", defs="vrrp_owner_ignore_adverts")[0].owner_ignore_adverts


@pytest.mark.parametrize(
    ("defs", "mailed"),
    [("", False), ("smtp_alert", True), ("smtp_alert\nsmtp_alert_vrrp off", False)],
)
def test_mail_follows_the_globals(read: Read, defs: str, mailed: bool) -> None:
    assert said(read, "", defs=defs)[0].smtp_alert is mailed
    assert said(read, "smtp_alert on", defs=defs)[0].smtp_alert is True


def test_no_address(read: Read) -> None:
    assert said(read, "", "")[1] == ["no-addresses"]
    assert said(read, "no_virtual_ipaddress\nversion 3", "")[1] == []
    result = read(block("no_virtual_ipaddress\nstrict_mode", address=""))
    assert sorted(d.id for d in result.diagnostics) == ["no-addresses", "strict-mode"]


def test_the_first_ipv6_address(read: Read) -> None:
    address = "virtual_ipaddress {\n2001:db8::1\n}\n"
    assert said(read, "", address)[1] == []
    assert said(read, "strict_mode", address)[1] == ["not-link-local"]
    assert said(read, "unicast_peer {\nfe80::8\n}", address)[1] == []


def test_the_owner_has_no_weights(read: Read) -> None:
    trackers = "track_interface {\neth1 weight 5\neth2\n}\ntrack_script {\ns\n}\n"
    result = read(SCRIPT + block(f"priority 255\n{trackers}"))
    assert [d.id for d in result.diagnostics] == ["weight-without-effect"] * 2
    (instance,) = result.config.instances
    assert (instance.track_interface, instance.track_script) == ((TrackInterface("eth2"),), ())


GROUP = "vrrp_sync_group G {{\ngroup {{\na b\n}}\n{}\n}}\n"


def test_weights_in_a_group(read: Read) -> None:
    trackers = "track_interface {\neth1 weight 5 reverse\n}\ntrack_script {\ns\ns2 weight 0\n}\n"
    text = (
        SCRIPT
        + "vrrp_script s2 {\nscript /bin/b\nweight 1\n}\n"
        + block(trackers)
        + block(name="b", vrid=2)
    )
    result = read(text + GROUP.format(""))
    assert [d.id for d in result.diagnostics] == ["weight-without-effect"] * 2
    first = result.config.instances[0]
    assert first.track_interface == (TrackInterface("eth1", 0, True),)
    assert first.track_script == (TrackScript("s2", 0),)
    result = read(text + GROUP.format("sync_group_tracking_weight"))
    assert result.diagnostics == ()
    assert len(result.config.instances[0].track_script) == 2


def group_of(read: Read, text: str) -> tuple[SyncGroup, list[str]]:
    result = read(text)
    (group,) = result.config.sync_groups
    return group, [d.id for d in result.diagnostics]


def test_group(read: Read) -> None:
    text = (
        SCRIPT
        + block()
        + block(name="b", vrid=2)
        + GROUP.format(
            "notify /bin/n\nsmtp_alert\nnotify_priority_changes\ntrack_script {\ns\n}\n"
            "track_interface {\neth1 weight 2\n}"
        )
    )
    group, problems = group_of(read, text)
    assert problems == []
    assert (group.name, group.members, group.smtp_alert) == ("G", ("a", "b"), True)
    assert group.notify is not None
    assert group.track_script == (TrackScript("s"),)
    assert group.track_interface == (TrackInterface("eth1", 2),)
    assert [i.notify_priority_changes for i in read(text).config.instances] == [True, True]


def test_group_with_an_owner(read: Read) -> None:
    trackers = "track_script {\ns\n}\ntrack_interface {\neth1 weight 2\n}"
    group, problems = group_of(
        read,
        SCRIPT + block("priority 255") + block(name="b", vrid=2) + GROUP.format(trackers),
    )
    assert sorted(problems) == ["mixed-group", "weight-without-effect", "weight-without-effect"]
    assert group.track_script == (TrackScript("s", 0),)
    assert group.track_interface == (TrackInterface("eth1", 0),)


def test_group_problems(read: Read) -> None:
    group, problems = group_of(
        read,
        block()
        + "vrrp_sync_group G {\ngroup {\na\nx\n}\ngroup {\na\n}\nglobal_tracking\n}\n"
        + "vrrp_sync_group H {\ngroup {\na\n}\n}\nvrrp_sync_group I {\ngroup {\n}\n}\n"
        + "vrrp_sync_group G {\ngroup {\na\n}\n}\n",
    )
    assert (group.name, group.members, group.sync_group_tracking_weight) == ("G", ("a",), True)
    assert problems == [
        "given-twice",
        "deprecated",
        "empty-block",
        "duplicate-name",
        "unknown-instance",
        "empty-group",
        "duplicate-member",
        "empty-group",
    ]


@pytest.mark.parametrize(
    ("first", "second", "conflict"),
    [
        ("", "", True),
        ("", "interface eth1", False),
        ("", "virtual_router_id 2", False),
        ("", "mcast_dst_ip 224.0.0.9", False),
        ("", PEERS, False),
        (PEERS, PEERS, True),
        (PEERS, "unicast_peer {\n192.0.2.7\n}", False),
        (PEERS + "unicast_src_ip 192.0.2.2", PEERS + "unicast_src_ip 192.0.2.3", False),
    ],
)
def test_virtual_router_ids(read: Read, first: str, second: str, conflict: bool) -> None:
    result = read(block(first) + block(second, name="b"))
    assert [d.id for d in result.diagnostics] == (["duplicate-vrid"] if conflict else [])
    assert result.is_usable is not conflict


def test_both_families_may_share_a_virtual_router_id(read: Read) -> None:
    assert read(block() + block(name="b", address=ADDRESS6)).diagnostics == ()


def test_names_of_virtual_macs(read: Read) -> None:
    result = read(block("use_vmac v") + block("use_vmac v", name="b", vrid=2))
    assert [(d.id, d.is_fatal) for d in result.diagnostics] == [("duplicate-vmac", False)]


@pytest.mark.parametrize("head", ["vrrp_instance", "vrrp_instance a b", "vrrp_sync_group"])
def test_a_block_has_one_name(read: Read, head: str) -> None:
    result = read(f"{head} {{\nstate MASTER\n}}\n")
    assert [(d.id, d.problem_class.test_exit_code) for d in result.diagnostics] == [("bad-name", 5)]
