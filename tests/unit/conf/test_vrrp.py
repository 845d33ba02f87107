"""Every row of `vrrp_instance`, `vrrp_script` and `vrrp_sync_group` by itself."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.conf.config import GarpSettings, Secret, UnicastPeer, Vmac, VrrpInstance
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]

ADDRESS = "virtual_ipaddress {\n192.0.2.1\n}"


def said(read: Read, text: str, rest: str = ADDRESS) -> tuple[VrrpInstance, list[tuple[str, int]]]:
    """The instance, and problems as (id, exit code of -t)."""
    result = read(
        "global_defs {\nenable_script_security\n}\n"
        f"vrrp_instance a {{\ninterface eth0\nvirtual_router_id 1\n{text}\n{rest}\n}}\n"
    )
    (instance,) = result.config.instances
    problems = [
        (d.id, d.problem_class.test_exit_code) for d in result.diagnostics if d.id != "not-acted-on"
    ]
    return instance, problems


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("virtual_router_id 255", "virtual_router_id", 255),
        ("interface eth1", "interface", "eth1"),
        ("state BACKUP", "state", "BACKUP"),
        ("", "state", "BACKUP"),
        ("priority 1", "priority", 1),
        ("priority 1\npriority 2", "priority", 2),
        ("", "priority", 100),
        ("version 3", "version", 3),
        ("advert_int 255", "advert_int", 255.0),
        ("version 3\nadvert_int 0.01", "advert_int", 0.01),
        ("version 3\nadvert_int 40.95", "advert_int", 40.95),
        ("", "advert_int", 1.0),
        ("nopreempt", "nopreempt", True),
        ("nopreempt\npreempt", "nopreempt", False),
        ("preempt_delay 0.5", "preempt_delay", 0.5),
        ("preempt_delay 1000", "preempt_delay", 1000.0),
        ("dont_track_primary", "dont_track_primary", True),
        ("", "accept", True),
        ("no_accept", "accept", False),
        ("no_accept\naccept", "accept", True),
        ("strict_mode off", "strict", False),
        ("mcast_src_ip 192.0.2.9", "mcast_src_ip", IPv4Address("192.0.2.9")),
        ("mcast_src_ip 192.0.2.9/24", "mcast_src_ip", IPv4Address("192.0.2.9")),
        ("mcast_dst_ip 224.0.0.9", "mcast_dst_ip", IPv4Address("224.0.0.9")),
        ("mcast_src_ip 192.0.2.9\ntrack_src_ip", "track_src_ip", True),
        (
            "unicast_src_ip 192.0.2.9\nunicast_peer {\n192.0.2.8\n}",
            "unicast_src_ip",
            IPv4Address("192.0.2.9"),
        ),
        ("unicast_peer {\n192.0.2.8\n}\nunicast_ttl 0", "unicast_ttl", 0),
        ("unicast_peer {\n192.0.2.8\n}", "unicast_peers", (UnicastPeer(IPv4Address("192.0.2.8")),)),
        ("unicast_peer {\n192.0.2.8\n}\ncheck_unicast_src", "check_unicast_src", True),
        ("unicast_peer {\n192.0.2.8 max_ttl 9\n}", "check_unicast_src", True),
        ("unicast_fault_no_peer", "unicast_fault_no_peer", True),
        ("unicast_peer {\n192.0.2.8\n}\nold_unicast_checksum", "old_unicast_checksum", True),
        ("unicast_peer {\n192.0.2.8\n}\nold_unicast_checksum never", "old_unicast_checksum", False),
        ("", "old_unicast_checksum", None),
        ("promote_secondaries", "promote_secondaries", True),
        ("down_timer_adverts 1", "down_timer_adverts", 1),
        ("higher_prio_send_advert", "higher_prio_send_advert", True),
        ("lower_prio_no_advert on", "lower_prio_no_advert", True),
        ("priority 255\nowner_ignore_adverts", "owner_ignore_adverts", True),
        ("skip_check_adv_addr", "skip_check_adv_addr", True),
        ("skip_check_adv_addr off", "skip_check_adv_addr", False),
        ("v3_checksum_as_v2", "v3_checksum_as_v2", True),
        ("use_vmac", "use_vmac", Vmac()),
        ("use_vmac name group", "use_vmac", Vmac("group")),
        ("use_vmac v group 5 2:3:4:5:6:7", "use_vmac", Vmac("v", b"\2\3\4\5\6\7", group=5)),
        ("use_vmac 02:00:00:00:0a", "use_vmac", Vmac(None, b"\2\0\0\0\n\1")),
        ("use_vmac 02:00:00:00:0a:", "use_vmac", Vmac(None, b"\2\0\0\0\n\1")),
        ("use_vmac_addr", "use_vmac_addr", True),
        ("use_vmac\nvmac_xmit_base", "vmac_xmit_base", True),
        ("kernel_rx_buf_size 65536", "kernel_rx_buf_size", 65536),
        ("debug 4", "debug", 4),
        ("", "timer_expired_backup", None),
        ("nopreempt\ntimer_expired_backup", "timer_expired_backup", 254),
        ("nopreempt\ntimer_expired_backup 200", "timer_expired_backup", 200),
        ("garp_extra_if 60", "garp", GarpSettings(extra_if=60.0)),
        ("garp_extra_if all 0", "garp", GarpSettings(extra_if=0.0, extra_if_all=True)),
        ("notify_deleted", "notify_deleted", True),
        ("notify_priority_changes", "notify_priority_changes", True),
        ("smtp_alert", "smtp_alert", True),
        ("native_ipv6", "family", 6),
    ],
)
def test_values(read: Read, text: str, field: str, value: object) -> None:
    rest = "virtual_ipaddress {\nfe80::1\n}" if "ipv6" in text else ADDRESS
    instance, problems = said(read, text, rest)
    assert getattr(instance, field) == value
    assert [p for p in problems if p[1]] == []


@pytest.mark.parametrize(
    "keyword",
    [
        "notify",
        "notify_master",
        "notify_backup",
        "notify_fault",
        "notify_stop",
        "notify_master_rx_lower_pri",
    ],
)
def test_notify_scripts(read: Read, keyword: str) -> None:
    instance, problems = said(read, f'{keyword} "/bin/a b" u g\n{keyword} /bin/c')
    script = getattr(instance, keyword)
    assert (script.argv, script.user, script.group) == (("/bin/a", "b"), "u", "g")
    assert problems == [("given-twice", 5)]


@pytest.mark.parametrize(
    ("words", "is_on", "argv"),
    [
        ("", True, None),
        (" on", True, None),
        (" off", False, None),
        (' "/bin/a b"', True, ("/bin/a", "b")),
        (' ""', False, None),
    ],
)
def test_notify_deleted(read: Read, words: str, is_on: bool, argv: tuple[str, ...] | None) -> None:
    instance, problems = said(read, f"notify_deleted{words}")
    script = instance.notify_deleted_script
    assert (instance.notify_deleted, script and script.argv) == (is_on, argv)
    assert problems == ([("no-script", 5)] if '""' in words else [])


def test_notify_deleted_twice(read: Read) -> None:
    assert said(read, "notify_deleted\nnotify_deleted off")[1] == [("given-twice", 5)]


def test_garp_settings(read: Read) -> None:
    instance, problems = said(
        read,
        "garp_master_delay 0\ngarp_master_repeat 1\ngarp_master_refresh 4294967295\n"
        "garp_master_refresh_repeat 2\ngarp_lower_prio_delay 4294\ngarp_lower_prio_repeat 0",
    )
    garp = instance.garp
    assert (garp.master_delay, garp.master_repeat, garp.master_refresh) == (0.0, 1, 4294967295.0)
    assert (garp.master_refresh_repeat, garp.lower_prio_delay, garp.lower_prio_repeat) == (
        2,
        4294.0,
        0,
    )
    assert problems == []


def test_authentication(read: Read) -> None:
    text = "authentication {\nauth_type PASS\nauth_pass 12345678\n}"
    authentication = said(read, text)[0].authentication
    assert authentication is not None
    assert (authentication.auth_type, bytes(authentication.auth_pass)) == ("PASS", b"12345678")
    assert "12345678" not in repr(authentication)


@pytest.mark.parametrize(
    ("word", "octets"),
    [("caf\udce9", b"caf\xe9"), ("é234567é", b"\xc3\xa9234567"), ('"a\\377"', b"a\xff")],
)
def test_passwords_are_octets(read: Read, word: str, octets: bytes) -> None:
    text = f"authentication {{\nauth_type PASS\nauth_pass {word}\n}}"
    authentication = said(read, text)[0].authentication
    assert authentication is not None
    assert authentication.auth_pass == Secret(octets)


def test_a_password_in_a_variable_is_not_shown(read: Read) -> None:
    from pyvrrp.conf.diagnostics import full

    text = (
        "$PASS=topsecret123\nvrrp_instance a {\ninterface eth0\nvirtual_router_id 1\n"
        f"authentication {{\nauth_type PASS\nauth_pass $PASS\n}}\n{ADDRESS}\n}}\n"
    )
    (found,) = read(text).diagnostics
    assert found.id == "too-long"
    assert "topsecret" not in full(found)


@pytest.mark.parametrize(
    ("text", "field", "value", "problem", "code"),
    [
        ("virtual_router_id 0", "virtual_router_id", 1, "value-out-of-range", 5),
        ("virtual_router_id 256", "virtual_router_id", 1, "value-out-of-range", 5),
        ("interface a234567890123456", "interface", "eth0", "too-long", 5),
        ("interface", "interface", "eth0", "missing-parameter", 2),
        ("state", "state", "BACKUP", "missing-parameter", 2),
        ("state backup", "state", "BACKUP", "unknown-value", 5),
        ("priority 5\npriority 256", "priority", 100, "value-out-of-range", 5),
        ("priority 1e2", "priority", 100, "bad-number", 5),
        ("priority", "priority", 100, "missing-parameter", 2),
        ("version 4", "version", 2, "value-out-of-range", 5),
        ("version 3\nversion 2", "version", 3, "version-conflict", 5),
        ("advert_int 0.001", "advert_int", 1.0, "value-out-of-range", 5),
        ("advert_int 256", "advert_int", 1.0, "value-out-of-range", 5),
        ("preempt_delay 1001", "preempt_delay", 0.0, "value-out-of-range", 5),
        ("strict_mode perhaps", "strict", False, "bad-boolean", 5),
        ("mcast_src_ip x", "mcast_src_ip", None, "bad-address", 5),
        ("mcast_dst_ip 192.0.2.1", "mcast_dst_ip", IPv4Address("224.0.0.18"), "not-multicast", 5),
        ("unicast_ttl 256", "unicast_ttl", 255, "value-out-of-range", 5),
        ("down_timer_adverts 101", "down_timer_adverts", 3, "value-out-of-range", 5),
        ("lower_prio_no_advert 1", "lower_prio_no_advert", False, "bad-boolean", 5),
        ("kernel_rx_buf_size", "kernel_rx_buf_size", None, "missing-parameter", 5),
        ("kernel_rx_buf_size x", "kernel_rx_buf_size", None, "bad-number", 5),
        ("debug 5", "debug", 0, "value-out-of-range", 5),
        ("timer_expired_backup", "timer_expired_backup", None, "preemption", 5),
        ("timer_expired_backup 255", "timer_expired_backup", None, "value-out-of-range", 5),
        ("garp_extra_if all", "debug", 0, "missing-value", 5),
        ("garp_extra_if 86401", "garp", GarpSettings(), "value-out-of-range", 5),
        ("garp_master_repeat 0", "priority", 100, "value-out-of-range", 5),
        ("garp_lower_prio_repeat 2147483648", "priority", 100, "value-out-of-range", 5),
        ("authentication {\nauth_type MD5\n}", "authentication", None, "unknown-value", 5),
        ("authentication {\nauth_typ PASS\n}", "authentication", None, "unknown-keyword", 5),
        ("authentication", "authentication", None, "missing-brace", 5),
        ("notify", "notify", None, "missing-parameter", 2),
        ("linkbeat_use_polling", "priority", 100, "deprecated", 5),
        ("lvs_sync_daemon_interface eth0", "priority", 100, "deprecated", 5),
        ("thread_timer_expired", "priority", 100, "deprecated", 5),
        ("vmac_garp_intvl 5", "priority", 100, "deprecated", 5),
        ("use_vmac group", "use_vmac", Vmac(), "missing-parameter", 2),
        ("use_vmac a\nuse_vmac b", "use_vmac", Vmac("a"), "given-twice", 5),
        ("use_vmac a/b", "use_vmac", Vmac(), "bad-name", 5),
        ("use_vmac ..", "use_vmac", Vmac(), "bad-name", 5),
        (
            "use_vmac 02:0:0:0:0:1 02:0:0:0:0:2",
            "use_vmac",
            Vmac(None, b"\2\0\0\0\0\1"),
            "given-twice",
            5,
        ),
        ("use_vmac 0:0:5e:0:1:9", "use_vmac", Vmac(), "bad-mac", 5),
        ("use_vmac 02:00:00:00:00:00:", "use_vmac", Vmac(), "bad-mac", 5),
        ("use_vmac 02:00:00:00:00:00:00", "use_vmac", Vmac(), "bad-mac", 5),
        ("vrf red", "vrf", None, "vrf-and-interface", 5),
        ("vrf a234567890123456", "vrf", None, "too-long", 5),
        ("mcast_dst_ip x", "mcast_dst_ip", IPv4Address("224.0.0.18"), "bad-address", 5),
        ("old_unicast_checksum yes", "old_unicast_checksum", None, "unknown-value", 5),
        ("advert_int", "advert_int", 1.0, "missing-parameter", 2),
        ("authentication {\nauth_pass\n}", "authentication", None, "missing-parameter", 2),
        ("mcast_src_ip", "mcast_src_ip", None, "missing-parameter", 2),
    ],
)
def test_refused(read: Read, text: str, field: str, value: object, problem: str, code: int) -> None:
    instance, problems = said(read, text)
    assert getattr(instance, field) == value
    assert problems[0] == (problem, code)


def test_ipv6_groups_must_be_link_local(read: Read) -> None:
    rest = "virtual_ipaddress {\nfe80::1\n}"
    instance, problems = said(read, "mcast_dst_ip ff05::9", rest)
    assert (instance.mcast_dst_ip, problems) == (IPv6Address("ff02::12"), [("not-multicast", 5)])
    instance, problems = said(read, "mcast_dst_ip ff02::9", rest)
    assert (instance.mcast_dst_ip, problems) == (IPv6Address("ff02::9"), [])


def test_native_ipv6_behind_an_ipv4_address(read: Read) -> None:
    instance, problems = said(read, f"{ADDRESS}\nnative_ipv6", "")
    assert (instance.family, problems) == (4, [("other-family", 5)])


def test_a_source_of_the_other_family(read: Read) -> None:
    instance, problems = said(read, f"{ADDRESS}\nmcast_src_ip fe80::1", "")
    assert (instance.mcast_src_ip, problems) == (None, [("other-family", 5)])


def test_vrf(read: Read) -> None:
    result = read(
        "vrrp_instance a {\nvirtual_router_id 1\nunicast_src_ip 192.0.2.9\nvrf red\nvrf blue\n"
        f"vrf green\nunicast_peer {{\n192.0.2.8\n}}\n{ADDRESS}\n}}\n",
        interfaces=("red", "blue"),
    )
    assert result.config.instances[0].vrf == "red"
    assert [d.id for d in result.diagnostics] == ["given-twice", "unknown-interface"]


def test_script(read: Read) -> None:
    result = read(
        'vrrp_script s {\nscript "/bin/a b"\ninterval 0.5\ntimeout 1.25\nweight -253 reverse\n'
        "rise 2\nfall 3\nuser u g\ninit_fail\n}\n"
    )
    (script,) = result.config.scripts
    assert (script.name, script.script.argv) == ("s", ("/bin/a", "b"))
    assert (script.interval, script.timeout, script.weight) == (0.5, 1.25, -253)
    assert (script.reverse, script.rise, script.fall, script.init_fail) == (True, 2, 3, True)
    assert (script.user, script.group) == ("u", "g")
    assert result.diagnostics == ()


@pytest.mark.parametrize(
    ("text", "problem", "code"),
    [
        ("interval 0", "value-out-of-range", 5),
        ("interval 0.0001", "bad-number", 5),
        ("timeout 5000", "value-out-of-range", 5),
        ("weight 254", "value-out-of-range", 5),
        ("weight 1 sideways", "unknown-option", 5),
        ("rise 0", "value-out-of-range", 5),
        ("user", "missing-parameter", 2),
    ],
)
def test_script_refused(read: Read, text: str, problem: str, code: int) -> None:
    result = read(f"vrrp_script s {{\nscript /bin/a\n{text}\n}}\n")
    assert [(d.id, result.test_exit_code) for d in result.diagnostics] == [(problem, code)]
    (script,) = result.config.scripts
    assert (script.interval, script.timeout, script.weight) in [(1.0, None, 0), (1.0, None, 1)]


def test_script_without_program(read: Read) -> None:
    result = read("vrrp_script s {\ninterval 1\n}\nvrrp_script {\nscript x\n}\n")
    assert [d.id for d in result.diagnostics] == ["no-script", "missing-parameter"]
    assert result.config.scripts == ()
