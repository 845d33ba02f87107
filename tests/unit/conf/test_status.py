"""Every keyword of keepalived has one status, and what is called acted on is used outside conf."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from pyvrrp.conf.status import ACCEPTED, ACTED_ON, REFUSED, statuses

ROOT = Path(__file__).parents[3]
LINES = (Path(__file__).with_name("keywords.tsv")).read_text().splitlines()[1:]
KEYWORDS = [tuple(line.split("\t")) for line in LINES]
OURS_ALONE = [("global_defs", "vrrp_restore_removed")]
"""What keepalived does not know."""
STATUSES = {(s.block, s.keyword): s for s in statuses()}

WHILE_READING = {
    # Blocks: what stands in them is told row by row.
    *("SSL", "track_file", "virtual_server_group", "vrrp_instance", "vrrp_sync_group"),
    *("vrrp_track_file", "real_server", "TCP_CHECK", "HTTP_GET", "SSL_GET", "SMTP_CHECK"),
    *("DNS_CHECK", "UDP_CHECK", "PING_CHECK", "MISC_CHECK", "FILE_CHECK", "BFD_CHECK"),
    "global_tracking",
    "random_seed",
    # Defaults of instances and checks, which have them when reading ends.
    *("vrrp_version", "vrrp_strict", "vrrp_mcast_group4", "vrrp_mcast_group6", "vrrp_min_garp"),
    *("vrrp_skip_check_adv_addr", "vrrp_check_unicast_src", "vrrp_down_timer_adverts"),
    *("vrrp_higher_prio_send_advert", "vrrp_lower_prio_no_advert", "vrrp_owner_ignore_adverts"),
    *("checker_log_all_failures", "native_ipv6", "strict_mode"),
    *("smtp_alert_vrrp", "smtp_alert_checker", "vrrp_notify_priority_changes"),
    # What the reading of the rest depends on, or the look at it all.
    "track_group",
    *("include_check", "dynamic_interfaces", "default_interface", "random_seed"),
    *("iproute_etc_dir", "iproute_usr_dir"),
    # A reload never takes a file that is not checked, whether this is said or not.
    "reload_check_config",
    # Weights that do nothing in a group are gone by then.
    "sync_group_tracking_weight",
    # keepalived forgets it when the script is tracked, and one that is not is not run.
    "init_fail",
}
"""Done by the time the configuration is there."""

BFD_WORDS = ("process_name", "priority", "rt_priority", "cpu_affinity")

GOES_ON_AS = {
    "static_ipaddress": "static_addresses",
    "no_virtual_ipaddress": "virtual_ipaddress",
    "bfd_instance": "bfd_instances",
    "vrrp_script": "scripts",
    "interface_up_down_delays": "debounce",
    "vrrp_track_process": "track_processes",
    "neighbour_ip": "neighbor_ip",
    **{f"bfd_{word}": word.removeprefix("process_") for word in BFD_WORDS},
    "garp_group": "garp_groups",
    "nftables_ipvs": "ipvs_table",
    **dict.fromkeys(("garp_extra_if", "vrrp_garp_extra_if"), "extra_if"),
    "lvs_flush_onstop": "lvs_flush_on_stop",
    "lvs_process_name": "checker_process_name",
    "vrrp_rx_bufs_policy": "vrrp_policy",
    **{f"{each}_rlimit_rtime": f"{each}_rlimit_rttime" for each in ("vrrp", "checker")},
    **dict.fromkeys(("bfd_rlimit_rtime", "bfd_rlimit_rttime"), "rlimit_rttime"),
    "unicast_peer": "unicast_peers",
    **dict.fromkeys(("lvs_sched", "lb_algo"), "scheduler"),
    **dict.fromkeys(("lvs_method", "lb_kind", "sorry_server_lvs_method"), "forwarding"),
    **dict.fromkeys(("hashed", "ops", "flag-1", "flag-2", "flag-3"), "flags"),
    **dict.fromkeys(("sh-port", "sh-fallback", "mh-port", "mh-fallback"), "flags"),
    **dict.fromkeys(("inhibit_on_failure", "sorry_server_inhibit"), "inhibit"),
    "persistence_granularity": "granularity",
    "ip_family": "family",
    "uthreshold": "upper_threshold",
    "lthreshold": "lower_threshold",
    **dict.fromkeys(("connect_ip", "connect_port"), "target"),
    "bindto": "bind_address",
    "bind_if": "bind_interface",
    "enable_sni": "sni_name",
    "http_protocol": "http_version",
    "nb_get_retry": "retry",
    "digest": "digests",
    "status_code": "status_codes",
    "misc_path": "arguments",
    "misc_timeout": "timeout",
    "misc_dynamic": "is_dynamic",
}
"""Another name outside the language."""


def test_each_keyword_has_a_status() -> None:
    assert len(KEYWORDS) == 717
    theirs = Counter((block, keyword) for block, keyword, _ in KEYWORDS)
    assert theirs + Counter(OURS_ALONE) == Counter((s.block, s.keyword) for s in statuses())
    assert {s.status for s in statuses()} == {ACTED_ON, ACCEPTED, REFUSED}


def test_a_refused_keyword_says_why() -> None:
    assert [s.keyword for s in statuses() if bool(s.why) != (s.status == REFUSED)] == []


@pytest.fixture(scope="module")
def used() -> set[str]:
    """Attributes that something outside conf reads; showing a configuration is not acting on it."""
    shows = ("conf", "control", "ctl")
    modules = [
        path
        for package in ("pyvrrp", "healthcheck")
        for path in (ROOT / package).rglob("*.py")
        if not set(shows) & set(path.relative_to(ROOT).parts)
    ]
    modules.append(ROOT / "pyvrrp/control/data_json.py")  # json_version is about what is shown
    return {name for path in modules for name in re.findall(r"\.(\w+)\b", path.read_text())}


def test_what_is_acted_on_is_used_outside(used: set[str]) -> None:
    idle = [
        (s.block, s.keyword)
        for s in statuses()
        if s.status == ACTED_ON and s.field and s.keyword not in WHILE_READING
        if GOES_ON_AS.get(s.keyword, s.field) not in used
    ]
    assert idle == []


def test_no_exception_is_left_over(used: set[str]) -> None:
    keywords = {s.keyword for s in statuses() if s.status == ACTED_ON}
    refused = {"global_tracking"}
    assert (WHILE_READING | set(GOES_ON_AS)) - keywords - refused == set()


@pytest.mark.parametrize(
    ("block", "keyword", "status", "default", "allowed"),
    [
        ("vrrp_instance", "virtual_router_id", ACTED_ON, "", "1..255"),
        ("vrrp_instance", "garp_master_delay", ACTED_ON, "5", "0..4294 seconds"),
        ("vrrp_instance", "notify_master", ACTED_ON, "", "a program with its arguments"),
        ("vrrp_instance", "auth_hmac", ACTED_ON, "", ""),
        (
            "vrrp_instance/auth_hmac",
            "mode",
            ACTED_ON,
            "enforce",
            "enforce or permissive or receive-only",
        ),
        ("vrrp_script", "interval", ACTED_ON, "1", "0.001..4294 seconds"),
        ("vrrp_track_process", "quorum", ACTED_ON, "1", ""),
        ("bfd_instance", "multiplier", ACTED_ON, "5", "1..255"),
        ("global_defs", "nftables_ipvs_start_fwmark", ACTED_ON, "1000", "1..4294967295"),
        ("(root)", "net_namespace", ACTED_ON, "", "a word"),
        ("virtual_server/real_server/BFD_CHECK", "name", ACTED_ON, "", ""),
        ("virtual_server/real_server/TCP_CHECK", "connect_port", ACTED_ON, "", "1..65535"),
    ],
)
def test_rows(block: str, keyword: str, status: str, default: str, allowed: str) -> None:
    row = STATUSES[block, keyword]
    assert (row.status, row.default, row.allowed) == (status, default, allowed)
