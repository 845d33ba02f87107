"""The exit code of `keepalived -t` for IPVS blocks: Debian's 2.2.7 and ours.

Most rows are one line put into a file that is clean without it, at, below and above each bound.
Where the two differ, a row of QUIRKS.md stands beside it, and keepalived's code is checked too.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pyvrrp.conf.load import load
from pyvrrp.daemon.this_host import ThisHost
from tests.parity.debian import CRASH, NODE, verdicts, written

pytestmark = [pytest.mark.root, pytest.mark.untimed]

SECURE = "global_defs {\nenable_script_security\nscript_user root\n}\n"
KIND = "lvs_sched rr\nlvs_method NAT\nprotocol TCP\n"


def service(
    text: str = "", server: str = "", *, kind: str = KIND, head: str = "192.0.2.1 80"
) -> str:
    return (
        f"{SECURE}virtual_server {head} {{\n{kind}{text}\n"
        f"real_server 192.0.2.11 80 {{\nweight 10\n{server}\n}}\n}}\n"
    )


def check(kind: str, text: str) -> str:
    return service(server=f"{kind} {{\n{text}\n}}")


def url(text: str) -> str:
    return check("HTTP_GET", f"url {{\npath /\n{text}\n}}")


def group(*entries: str) -> str:
    text = "\n".join(entries)
    return f"virtual_server_group g {{\n{text}\n}}\n" + service(head="group g")


SERVICE = (
    *("delay_loop 0", "delay_loop 0.000001", "delay_loop 0.0000001", "delay_loop 1e3"),
    *("connect_timeout 0", "connect_timeout 0.000001", "connect_timeout 4294.967295"),
    *("connect_timeout 4294.967296", "retry 0", "retry 1", "retry 4294967295", "retry 4294967296"),
    *("delay_before_retry 0", "delay_before_retry -1", "warmup 0", "warmup x", "weight 0"),
    *("weight 1", "weight 2147483647", "weight 2147483648", "quorum 0", "quorum 1", "quorum 10"),
    *("quorum 11", "quorum 4294967296", "quorum 2\nhysteresis 1", "quorum 2\nhysteresis 2"),
    *("hysteresis -1", "hysteresis 1", "persistence_timeout", "persistence_timeout 0"),
    *("persistence_timeout 1", "persistence_timeout 2678400", "persistence_timeout 2678401"),
    *("persistence_granularity 255.255.255.0", "persistence_granularity 255.0.255.0"),
    *("persistence_granularity 24", "persistence_granularity x", "persistence_engine sip"),
    *("persistence_engine abcdefghijklmno", "persistence_engine abcdefghijklmnop", "ops"),
    *("lvs_sched foo", "lvs_sched RR", "lvs_method nat", "protocol tcp", "protocol ICMP"),
    *("sh-port", "lvs_sched sh\nsh-port", "lvs_sched mh\nsh-port", "mh-port\nlvs_sched mh"),
    *("hashed", "lvs_sched sh\nhashed", "flag-1", "flag-3", "ha_suspend", "omega", "alpha"),
    *("alpha off", "inhibit_on_failure", "ip_family inet", "ip_family inet6", "ip_family 4"),
    *("smtp_alert", "smtp_alert no", "smtp_alert No", "virtualhost a.test", "virtualhost"),
    *(
        "quorum_up /bin/true",
        "quorum_up /bin/true\nquorum_up /bin/true",
        "quorum_up",
        "lvs_shed rr",
    ),
    *("sorry_server 192.0.2.99 80", "sorry_server 192.0.2.99", "sorry_server 192.0.2 80"),
    *("sorry_server 192.0.2.99 65536", "sorry_server 2001:db8::1 80", "sorry_server_inhibit"),
    "sorry_server 192.0.2.99 80\nsorry_server_inhibit\nsorry_server_lvs_method DR",
    "sorry_server 192.0.2.99 8080\nsorry_server_lvs_method DR",
    "sorry_server 2001:db8::1 80\nsorry_server_lvs_method TUN",
    "sorry_server 192.0.2.11 80\nsorry_server_inhibit",
    "sorry_server_lvs_method DR",
    "real_server 192.0.2.11 80 {\n}",
    "real_server 192.0.2.12 {\n}",
    "real_server 192.0.2.12 0 {\n}",
    "real_server 192.0.2.12 65536 {\n}",
    "real_server 192.0.2.12 http {\n}",
    "real_server 192.0.2 80 {\nnonsense\n}",
    "real_server 2001:db8::1 80 {\n}",
    "real_server 2001:db8::1 80 {\nlvs_method TUN\n}",
    "real_server {\n}",
    *(
        f"lvs_method TUN {words}\nreal_server 192.0.2.12 80 {{\nlvs_method NAT\n}}"
        for words in ("",)
    ),
)
"""Lines of a `virtual_server`."""

METHODS = (
    *("TUN", "TUN type ipip", "TUN type ipip csum", "TUN type gue", "TUN type gue port 0"),
    *("TUN type gue port 1", "TUN type gue port 65535", "TUN type gue port 65536", "TUN type"),
    *("TUN type gue port 9 remcsum", "TUN type gre", "TUN type gre csum", "TUN type gre remcsum"),
    *("TUN type gre port 9", "TUN type gue port", "TUN type foo", "TUN foo", "DR", "NAT", "FOO"),
)

SERVER = (
    *("weight 0", "weight -1", "weight 2147483647", "weight 2147483648", "uthreshold 0"),
    *("uthreshold 4294967295", "uthreshold 4294967296", "uthreshold 1\nlthreshold 2"),
    *("inhibit_on_failure off", "inhibit_on_failure 0", "alpha yes", "alpha 1", "retry 0"),
    *("delay_loop 0", "connect_timeout 0", "warmup 0", "virtualhost", "smtp_alert maybe"),
    *("notify_up /bin/true", "notify_up /bin/true\nnotify_up /bin/true", "notify_up"),
    *("lb_kind DR", "ops", "TCP_CHECK {\n}\nTCP_CHECK {\n}", "TCP_CHEK {\n}"),
)

CHECKS = {
    "TCP_CHECK": (
        *("connect_ip 192.0.2.50", "connect_ip 192.0.2", "connect_port 0", "connect_port 1"),
        *("connect_port 65535", "connect_port 65536", "bindto 192.0.2.9", "bindto 2001:db8::9"),
        *("bind_port 0", "bind_port 65536", "bind_if lo", "bind_if abcdefghijklmnop", "fwmark 0"),
        *("fwmark 4294967295", "fwmark 4294967296", "fwmark -1", "connect_timeout 0"),
        *("connect_timeout 4294.967295", "connect_timeout 4294.967296", "retry 0", "retry -1"),
        *("retry 4294967295", "retry 4294967296", "delay_before_retry 0", "delay_before_retry -1"),
        *("warmup 0", "delay_loop 0", "alpha", "alpha maybe", "log_all_failures off", "path /"),
        *("log_all_failures 1", "connect_ip fe80::1", "connect_ip fe80::1\nbind_if lo", "retry"),
        "connect_ip 2001:db8::1\nbindto 192.0.2.9",
    ),
    "PING_CHECK": ("", "connect_port 1", "bindto 2001:db8::9"),
    "SMTP_CHECK": ("", "helo_name a", "helo_name", "helo_name a\nhelo_name b", "host {\n}"),
    "DNS_CHECK": (
        *("", "type A", "type RRSIG", "type a", "type PTR", "name .", "name a..b", "name .a"),
        *("name www.example.org.", "name aa\nname bb", "name a.b", "type", "name"),
    ),
    "UDP_CHECK": (
        *("", "payload 00ff", "payload 0", "payload 0g", "payload XX", "payload", "require_reply"),
        *("require_reply 0aXX", "require_reply zz", "min_reply_length 0", "min_reply_length 65535"),
        *("min_reply_length 65536", "max_reply_length -1", "min_reply_length 256"),
        *("min_reply_length 2\nmax_reply_length 1", 'payload "0a 0b"', "payload 0a 0b 0"),
    ),
    "MISC_CHECK": (
        *("", "misc_path /bin/true", 'misc_path "/bin/true a b"', "misc_path"),
        *(
            f"misc_path /bin/true\n{line}"
            for line in (
                *("misc_timeout 0", "misc_timeout 4294", "misc_timeout 4295", "misc_timeout 0.5"),
                *("misc_dynamic", "user root", "user root root", "user", "connect_port 1"),
            )
        ),
    ),
    "FILE_CHECK": (
        *("", "track_file f", "track_file g", "track_file", "track_file f\nweight 2147483647"),
        *("track_file f\nweight 2147483648", "track_file f\nweight -2147483647 reverse"),
        *("track_file f\nweight 1 noreverse", "track_file f\nweight 1 upside", "weight"),
    ),
    "BFD_CHECK": ("name nobody",),
    "HTTP_GET": (
        "",
        *(
            f"url {{\npath /\n}}\n{line}"
            for line in (
                *("", "http_protocol 1.0", "http_protocol 1.0c", "http_protocol 1.1"),
                *("http_protocol 2", "http_protocol", "fast_recovery", "fast_recovery 1"),
                *("nb_get_retry 3", "virtualhost a", "virtualhost", "enable_sni", "url {\n}"),
            )
        ),
    ),
}

URLS = (
    *("status_code 99", "status_code 100", "status_code 599", "status_code 600"),
    *("status_code 200-299 404", "status_code 300-200", "status_code 2xx", "status_code"),
    *("digest 0123456789abcdef0123456789ABCDEF", "digest 012", "digest", "virtualhost"),
    *("digest 0123456789abcdef0123456789abcdeg", "regex a", "regex a b", "regex a\nregex b"),
    *("regex a(", "regex", "regex_no_match", "regex a\nregex_options caseless upside"),
    *("regex a\nregex_min_offset 9\nregex_max_offset 8", "regex a\nregex_min_offset x"),
)

ENTRIES = (
    *("192.0.2.1 80", "192.0.2.1", "192.0.2.1 0", "192.0.2.1 65536", "192.0.2 80"),
    *("192.0.2.1-3 80", "192.0.2.3-3 80", "192.0.2.3-1 80", "192.0.2.1-256 80", "192.0.2.1-x 80"),
    *("192.0.2.1-192.0.2.9 80", "192.0.2.9-192.0.2.1 80", "192.0.2.0/24 80", "192.0.2.1/24 80"),
    *("192.0.2.0/0 80", "192.0.2.1/32 80", "192.0.2.0/33 80", "192.0.2.1-2001:db8::1 80"),
    *("192.0.2.1 80\nfwmark 7", "192.0.2.1 80\nfwmark 7 inet", "192.0.2.1 80\nfwmark 7 inet4"),
    *("192.0.2.1 80\nfwmark 4294967295", "192.0.2.1 80\nfwmark 4294967296", "", "fwmark 7"),
)

GLOBALS = (
    *("lvs_flush", "lvs_flush_on_stop", "lvs_flush_on_stop VS", "lvs_flush_on_stop vs"),
    *("lvs_flush_onstop", "lvs_timeouts", "lvs_timeouts tcp", "lvs_timeouts tcp 0"),
    *("lvs_timeouts tcp 2678400 udp 9", "lvs_timeouts udp 2678401", "lvs_timeouts foo 1"),
    *(
        "lvs_sync_daemon",
        "lvs_sync_daemon lo",
        "lvs_sync_daemon abcdefghijklmnopq",
        "rs_init_notifies",
    ),
    *("lvs_sync_daemon lo id 255", "lvs_sync_daemon lo id 256", "lvs_sync_daemon lo id"),
    *(
        "lvs_sync_daemon lo ttl 0",
        "lvs_sync_daemon lo maxlen 65507",
        "lvs_sync_daemon lo foo bar 3",
    ),
    *("lvs_sync_daemon lo maxlen 65508", "lvs_sync_daemon lo group 192.0.2.1", "checker_priority"),
    *(
        "lvs_sync_daemon lo group 224.0.0.81",
        "lvs_sync_daemon lo port 65536",
        "checker_priority 19",
    ),
    *("checker_priority 20", "checker_rt_priority 0", "checker_rt_priority 99", "checker_no_swap"),
    *("checker_rt_priority 100", "checker_rlimit_rttime 0", "checker_rlimit_rttime 1"),
    *("checker_process_name abcdefghijklmno", "checker_process_name abcdefghijklmnop"),
    *("no_checker_emails", "smtp_alert_checker off", "checker_log_all_failures maybe"),
    *("lvs_notify_fifo", "checker_cpu_affinity 0", "checker_cpu_affinity"),
)

TRACK_FILE = "track_file f {\nfile /run/f\n}\n"

FILES = {
    "a service on its own": service(),
    "an unfinished block": "virtual_server 192.0.2.1 80 {\n",
    "no scheduler": service(kind="lvs_method NAT\nprotocol TCP\n"),
    "no method": service(kind="lvs_sched rr\nprotocol TCP\n"),
    "no protocol": service(kind="lvs_sched rr\nlvs_method NAT\n"),
    "no servers": f"virtual_server 192.0.2.1 80 {{\n{KIND}}}\n",
    "every port": service(head="192.0.2.1"),
    "every port, persistent": service("persistence_timeout", head="192.0.2.1 0"),
    "no such port": service(head="192.0.2.1 65536"),
    "no address": service(head="192.0.2 80"),
    "IPv6 for IPv4 servers": service(head="2001:db8::1 80"),
    "a mark": service(head="fwmark 7", kind="lvs_sched rr\nlvs_method NAT\n"),
    "the largest mark": service(head="fwmark 4294967295", kind="lvs_sched rr\nlvs_method NAT\n"),
    "a mark too large": service(head="fwmark 4294967296", kind="lvs_sched rr\nlvs_method NAT\n"),
    "mark 0": service(head="fwmark 0", kind="lvs_sched rr\nlvs_method NAT\n"),
    "a mark with a protocol": service(head="fwmark 7"),
    "a mark and DR with a port": service(head="fwmark 7", kind="lvs_sched rr\nlvs_method DR\n"),
    "a mark and ha_suspend": service("ha_suspend", head="fwmark 7", kind="lvs_sched rr\nlvs_method NAT\n"),
    "DR with another port": service(head="192.0.2.1 81", kind="lvs_sched rr\nlvs_method DR\nprotocol TCP\n"),
    "UDP with ops": service("ops", kind="lvs_sched rr\nlvs_method NAT\nprotocol UDP\n"),
    "only servers without weight": service("", "weight 0"),
    "a group that is not there": service(head="group g"),
    "a service twice": service() + service().removeprefix(SECURE),
    "a script without security": service(server="notify_up /bin/true").removeprefix(SECURE),
    "two SSL blocks": "SSL {\n}\nSSL {\n}\n" + service(),
    "SSL without a path": "SSL {\nca\n}\n" + service(),
    "SSL": "SSL {\npassword x\nca /ca.pem\ncertificate /c.pem\nkey /k.pem\n}\n" + service(),
    "a track_file without a file": "track_file f {\n}\n" + service(),
    "a check without a port": service(
        head="fwmark 7", kind="lvs_sched rr\nlvs_method NAT\n"
    ).replace("192.0.2.11 80 {", "192.0.2.11 {\nTCP_CHECK {\n}"),
}  # fmt: skip

CASES = {
    **{f"service: {line}": service(line) for line in SERVICE},
    **{f"method: {line}": service(kind=f"lvs_sched rr\nprotocol TCP\nlvs_method {line}\n") for line in METHODS},
    **{f"server: {line}": service(server=line) for line in SERVER},
    **{f"{kind}: {line}": TRACK_FILE + check(kind, line) for kind, lines in CHECKS.items() for line in lines},
    **{f"url: {line}": url(line) for line in URLS},
    **{f"entry: {line}": group(line) for line in ENTRIES},
    **{f"global: {line}": f"global_defs {{\n{line}\n}}\n{service()}" for line in GLOBALS},
    **FILES,
}  # fmt: skip

DIFFERENT = {
    "service: persistence_engine abcdefghijklmnop": (0, "newer-language"),
    "SMTP_CHECK: helo_name a\nhelo_name b": (0, "newer-language"),
    "url: regex a b": (0, "newer-language"),
    "url: regex a\nregex b": (0, "newer-language"),
    "url: regex": (0, "newer-language"),
    "DNS_CHECK: name a.b": (5, "one-letter-label"),
    "UDP_CHECK: payload 00ff": (5, "payload-ff"),
    "HTTP_GET: ": (CRASH, "crash-at-check-without-url"),
}
"""Name to keepalived's code and a row of QUIRKS.md."""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Exit code of Debian's keepalived for each case."""
    return verdicts(written(CASES, tmp_path_factory.mktemp("cases")))


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, theirs: dict[str, int], tmp_path: Path) -> None:
    path = tmp_path / "keepalived.conf"
    path.write_text(CASES[name])
    mine = load(str(path), config_id=NODE, environ={}, host=ThisHost()).test_exit_code
    if name in DIFFERENT:
        assert (theirs[name], mine != theirs[name]) == (DIFFERENT[name][0], True)
    else:
        assert mine == theirs[name]


def test_every_difference_is_still_tested() -> None:
    assert set(DIFFERENT) <= set(CASES)
