"""Every row of the checks by itself, and where a check's settings come from."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import pytest

from healthcheck.core.model import (
    Check,
    DnsCheck,
    FileCheck,
    HttpCheck,
    HttpVersion,
    MiscCheck,
    PingCheck,
    RegexOption,
    SmtpCheck,
    Target,
    TcpCheck,
    Timing,
    TlsMaterial,
    UdpCheck,
    Url,
)
from pyvrrp.conf.config import Script
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]

ADDRESS = IPv4Address("192.0.2.11")
TARGET = Target(ADDRESS, 80)
TIMING = Timing(60.0, 1, 1.0, 60.0)


def loaded(read: Read, server: str, service: str = "", before: str = "") -> Loaded:
    return read(
        f"global_defs {{\nenable_script_security\n{before}\n}}\n"
        "track_file f {\nfile /run/f\nweight -3 reverse\n}\n"
        "virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
        f"{service}\nreal_server 192.0.2.11 80 {{\n{server}\n}}\n}}\n"
    )


def problems_of(result: Loaded) -> list[tuple[str, int]]:
    return [
        (d.id, d.problem_class.test_exit_code) for d in result.diagnostics if d.id != "not-acted-on"
    ]


def check_of(read: Read, server: str, service: str = "", before: str = "") -> Check:
    """The only check of the only server, of a file without a problem."""
    result = loaded(read, server, service, before)
    assert problems_of(result) == []
    assert result.config.lvs is not None
    (check,) = result.config.lvs.services[0].server.real_servers[0].checks
    return check


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("", TARGET),
        ("connect_ip 192.0.2.50", Target(IPv4Address("192.0.2.50"), 80)),
        ("connect_ip 2001:db8::50", Target(IPv6Address("2001:db8::50"), 80)),
        ("connect_port 1", Target(ADDRESS, 1)),
        ("connect_port 65535", Target(ADDRESS, 65535)),
        ("connect_timeout 0.000001", Target(ADDRESS, 80, 0.000001)),
        ("connect_timeout 4294", Target(ADDRESS, 80, 4294.0)),
        ("bindto 192.0.2.9", Target(ADDRESS, 80, bind_address=IPv4Address("192.0.2.9"))),
        ("bind_port 30000", Target(ADDRESS, 80, bind_port=30000)),
        ("bind_if eth1", Target(ADDRESS, 80, bind_interface="eth1")),
        ("fwmark 4294967295", Target(ADDRESS, 80, fwmark=4294967295)),
        (
            "connect_ip fe80::1\nbind_if eth1",
            Target(IPv6Address("fe80::1"), 80, bind_interface="eth1"),
        ),
    ],
)
def test_targets(read: Read, text: str, target: Target) -> None:
    assert check_of(read, f"TCP_CHECK {{\n{text}\n}}") == TcpCheck(target, TIMING)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("connect_ip 192.0.2", ("bad-address", 5)),
        ("connect_port 0", ("value-out-of-range", 5)),
        ("connect_port 65536", ("value-out-of-range", 5)),
        ("connect_timeout 0", ("value-out-of-range", 5)),
        ("connect_timeout 4295", ("value-out-of-range", 5)),
        ("connect_timeout x", ("bad-number", 5)),
        ("bindto 2001:db8::9", ("other-family", 5)),
        ("bind_port 0", ("value-out-of-range", 5)),
        ("bind_if abcdefghijklmnop", ("too-long", 5)),
        ("fwmark -1", ("value-out-of-range", 5)),
        ("fwmark 4294967296", ("value-out-of-range", 5)),
        ("retry -1", ("value-out-of-range", 5)),
        ("delay_before_retry -1", ("bad-number", 5)),
        ("delay_loop 0", ("value-out-of-range", 5)),
        ("alpha maybe", ("bad-boolean", 5)),
        ("log_all_failures 1", ("bad-boolean", 5)),
        ("path /", ("unknown-keyword", 5)),
    ],
)
def test_a_wrong_value_leaves_the_default(read: Read, text: str, problem: tuple[str, int]) -> None:
    result = loaded(read, f"TCP_CHECK {{\n{text}\n}}")
    assert problems_of(result) == [problem]
    assert result.config.lvs is not None
    assert result.config.lvs.services[0].server.real_servers[0].checks == (
        TcpCheck(TARGET, TIMING),
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("TCP_CHECK", 5),
        ("SMTP_CHECK", 5),
        ("DNS_CHECK", 5),
        ("UDP_CHECK", 5),
        ("PING_CHECK", 5),
    ],
)
def test_a_link_local_target_needs_an_interface(read: Read, kind: str, expected: int) -> None:
    result = loaded(read, f"{kind} {{\nconnect_ip fe80::1\n}}")
    assert problems_of(result) == [("no-target", expected)]
    assert result.config.lvs is not None
    assert result.config.lvs.services[0].server.real_servers[0].checks == ()


@pytest.mark.parametrize(
    ("kind", "count"), [("TCP_CHECK", 0), ("DNS_CHECK", 0), ("UDP_CHECK", 0), ("PING_CHECK", 1)]
)
def test_a_check_without_a_port_goes_nowhere(read: Read, kind: str, count: int) -> None:
    result = read(
        "virtual_server fwmark 7 {\nlvs_sched rr\nlvs_method DR\n"
        f"real_server 192.0.2.11 {{\n{kind} {{\n}}\n}}\n}}\n"
    )
    assert problems_of(result) == [("no-target", 0)] * (1 - count)
    assert result.config.lvs is not None
    assert len(result.config.lvs.services[0].server.real_servers[0].checks) == count


def test_a_check_without_a_port_says_what_to_do(read: Read) -> None:
    result = read(
        "virtual_server fwmark 7 {\nlvs_sched rr\nlvs_method DR\n"
        "real_server 192.0.2.11 {\nTCP_CHECK {\n}\n}\n}\n"
    )
    (found,) = result.diagnostics
    assert str(found) == (
        "k.conf:5:1: error[no-target]: TCP_CHECK of [192.0.2.11]:none:0 has no port to go to;"
        " the check is dropped"
    )
    assert found.hint == "write connect_port, or a port behind the address of the real server"


@pytest.mark.parametrize(
    ("service", "server", "check", "timing"),
    [
        ("", "", "", TIMING),
        ("delay_loop 7", "", "", Timing(7.0, 1, 1.0, 7.0)),
        ("delay_loop 7", "delay_loop 8", "", Timing(8.0, 1, 1.0, 8.0)),
        ("delay_loop 7", "delay_loop 8", "delay_loop 9", Timing(9.0, 1, 1.0, 9.0)),
        ("warmup 3", "", "delay_loop 9", Timing(9.0, 1, 1.0, 3.0)),
        ("warmup 3", "warmup 2", "warmup 0", Timing(60.0, 1, 1.0, 0.0)),
        ("retry 7\ndelay_before_retry 2.5", "", "", Timing(60.0, 7, 2.5, 60.0)),
        ("retry 7", "retry 8", "", Timing(60.0, 8, 1.0, 60.0)),
        ("retry 7", "retry 8", "retry 0", Timing(60.0, 0, 1.0, 60.0)),
        ("delay_before_retry 2", "delay_before_retry 3", "delay_before_retry 0",
         Timing(60.0, 1, 0.0, 60.0)),
        ("alpha", "", "", Timing(60.0, 1, 1.0, 60.0, alpha=True)),
        ("alpha", "", "alpha off", TIMING),
        ("alpha", "alpha off", "", TIMING),
        ("", "alpha", "", Timing(60.0, 1, 1.0, 60.0, alpha=True)),
        ("", "", "alpha yes", Timing(60.0, 1, 1.0, 60.0, alpha=True)),
        ("", "", "log_all_failures", Timing(60.0, 1, 1.0, 60.0, log_all_failures=True)),
        ("delay_loop 4294968", "", "", Timing(4294968.0, 1, 1.0, 4294968.0)),
    ],
)  # fmt: skip
def test_times_come_from_the_innermost_block_that_says_them(
    read: Read, service: str, server: str, check: str, timing: Timing
) -> None:
    text = f"TCP_CHECK {{\n{check}\n}}\n{server}"
    assert check_of(read, text, service) == TcpCheck(TARGET, timing)


def test_what_stands_behind_a_block_counts_too(read: Read) -> None:
    result = read(
        "virtual_server 192.0.2.1 80 {\nreal_server 192.0.2.11 80 {\nTCP_CHECK {\n}\nretry 4\n}\n"
        "lvs_sched rr\nlvs_method NAT\nprotocol TCP\nconnect_timeout 9\n}\n"
    )
    assert result.config.lvs is not None
    assert result.config.lvs.services[0].server.real_servers[0].checks == (
        TcpCheck(Target(ADDRESS, 80, 9.0), Timing(60.0, 4, 1.0, 60.0)),
    )


def test_log_all_failures_has_a_global_default(read: Read) -> None:
    check = check_of(read, "TCP_CHECK {\n}", before="checker_log_all_failures")
    assert check == TcpCheck(TARGET, Timing(60.0, 1, 1.0, 60.0, log_all_failures=True))
    check = check_of(
        read, "TCP_CHECK {\nlog_all_failures off\n}", before="checker_log_all_failures"
    )
    assert check == TcpCheck(TARGET, TIMING)


DNS_TIMING = Timing(60.0, 3, 60.0, 60.0)
HTTP_TIMING = Timing(60.0, 1, 3.0, 60.0)
MISC_TIMING = Timing(60.0, 0, 1.0, 60.0)


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("PING_CHECK {\n}", PingCheck(TARGET, TIMING)),
        ("SMTP_CHECK {\n}", SmtpCheck(TARGET, "smtpchecker.keepalived.org", TIMING)),
        ("SMTP_CHECK {\nhelo_name me.test\n}", SmtpCheck(TARGET, "me.test", TIMING)),
        ("DNS_CHECK {\n}", DnsCheck(TARGET, "SOA", ".", DNS_TIMING)),
        ("DNS_CHECK {\ndelay_loop 5\n}", DnsCheck(TARGET, timing=Timing(5.0, 3, 5.0, 5.0))),
        (
            "DNS_CHECK {\ntype AAAA\nname www.example.org.\n}",
            DnsCheck(TARGET, "AAAA", "www.example.org.", DNS_TIMING),
        ),
        ("DNS_CHECK {\nname a.example.org\n}", DnsCheck(TARGET, "SOA", "a.example.org", DNS_TIMING)),
        ("UDP_CHECK {\n}", UdpCheck(TARGET, timing=TIMING)),
        (
            "UDP_CHECK {\npayload 00ff10\nrequire_reply\n}",
            UdpCheck(TARGET, b"\x00\xff\x10", require_reply=True, timing=TIMING),
        ),
        (
            'UDP_CHECK {\npayload "0 0f f"\n}',
            UdpCheck(TARGET, b"\x00\x0f\x0f", timing=TIMING),
        ),
        (
            "UDP_CHECK {\nrequire_reply 0aXX x1 2X\nmin_reply_length 4\nmax_reply_length 65535\n}",
            UdpCheck(
                TARGET,
                b"",
                require_reply=True,
                reply=b"\x0a\x00\x01\x20",
                mask=b"\xff\x00\x0f\xf0",
                min_reply_length=4,
                max_reply_length=65535,
                timing=TIMING,
            ),
        ),
        (
            'MISC_CHECK {\nmisc_path "/bin/check a \'b c\'"\n}',
            MiscCheck(("/bin/check", "a", "b c"), 60.0, timing=MISC_TIMING),
        ),
        (
            "MISC_CHECK {\nmisc_path /bin/check\nmisc_timeout 5\nmisc_dynamic\nuser joe staff\n"
            "delay_loop 4\nretry 2\n}",
            MiscCheck(
                ("/bin/check",), 5.0, True, "joe", "staff", Timing(4.0, 2, 1.0, 4.0)
            ),
        ),
        (
            "MISC_CHECK {\nmisc_path /bin/check\nmisc_timeout 0\ndelay_loop 4\n}",
            MiscCheck(("/bin/check",), 60.0, timing=Timing(4.0, 0, 1.0, 4.0)),
        ),
        (
            "FILE_CHECK {\ntrack_file f\n}",
            FileCheck("/run/f", -3, True, Timing(60.0, 0, 1.0, 0.0)),
        ),
        (
            "FILE_CHECK {\ntrack_file f\nweight 2147483647\n}",
            FileCheck("/run/f", 2147483647, False, Timing(60.0, 0, 1.0, 0.0)),
        ),
        (
            "FILE_CHECK {\ntrack_file f\nweight 0 reverse\n}",
            FileCheck("/run/f", 0, True, Timing(60.0, 0, 1.0, 0.0)),
        ),
        ("HTTP_GET {\nurl {\npath /\n}\n}", HttpCheck(TARGET, (Url("/"),), HTTP_TIMING)),
        (
            "HTTP_GET {\nurl {\npath /\n}\nhttp_protocol 1.1\nfast_recovery\nretry 3\n}",
            HttpCheck(
                TARGET,
                (Url("/"),),
                Timing(60.0, 3, 3.0, 60.0),
                http_version=HttpVersion.HTTP_1_1,
                fast_recovery=True,
            ),
        ),
        (
            "HTTP_GET {\nurl {\npath /\n}\nhttp_protocol 1.0c\n}",
            HttpCheck(TARGET, (Url("/"),), HTTP_TIMING, http_version=HttpVersion.HTTP_1_0_CLOSE),
        ),
        (
            "HTTP_GET {\nenable_sni\nurl {\npath /\n}\n}",
            HttpCheck(TARGET, (Url("/"),), HTTP_TIMING),
        ),
        (
            "SSL_GET {\nurl {\npath /\n}\n}",
            HttpCheck(TARGET, (Url("/"),), HTTP_TIMING, TlsMaterial()),
        ),
    ],
)  # fmt: skip
def test_checks(read: Read, text: str, check: Check) -> None:
    assert check_of(read, text) == check


def test_settings_of_the_service_beat_those_of_the_kind(read: Read) -> None:
    check = check_of(read, "DNS_CHECK {\n}", "retry 1\ndelay_before_retry 2")
    assert check == DnsCheck(TARGET, timing=Timing(60.0, 1, 2.0, 60.0))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("DNS_CHECK {\ntype PTR\n}", [("unknown-value", 5)]),
        ("DNS_CHECK {\nname a..b\n}", [("bad-name", 5)]),
        ("DNS_CHECK {\nname .a\n}", [("bad-name", 5)]),
        ("DNS_CHECK {\nname a\nname b\n}", [("given-twice", 5)]),
        ("SMTP_CHECK {\nhelo_name\n}", [("missing-parameter", 5)]),
        ("SMTP_CHECK {\nhelo_name a\nhelo_name b\n}", [("given-twice", 5)]),
        ("UDP_CHECK {\npayload 0g\n}", [("bad-octets", 5)]),
        ("UDP_CHECK {\npayload XX\n}", [("bad-octets", 5)]),
        ("UDP_CHECK {\npayload\n}", [("missing-parameter", 5)]),
        ("UDP_CHECK {\nrequire_reply zz\n}", [("bad-octets", 5)]),
        ("UDP_CHECK {\nmin_reply_length 65536\n}", [("value-out-of-range", 5)]),
        (
            "UDP_CHECK {\nmin_reply_length 9\nmax_reply_length 8\n}",
            [("value-out-of-range", 5)],
        ),
        ("MISC_CHECK {\nmisc_path /bin/x\nmisc_timeout 4295\n}", [("value-out-of-range", 5)]),
        ("MISC_CHECK {\nmisc_path /bin/x\nmisc_timeout 0.5\n}", [("bad-number", 5)]),
        ("MISC_CHECK {\nmisc_path /bin/x\nconnect_port 1\n}", [("unknown-keyword", 5)]),
        ("FILE_CHECK {\ntrack_file f\nweight 1 upside\n}", [("unknown-option", 5)]),
        (
            "FILE_CHECK {\ntrack_file f\nweight -2147483648\n}",
            [("value-out-of-range", 5)],
        ),
        ("HTTP_GET {\nurl {\npath /\n}\nhttp_protocol 2\n}", [("unknown-value", 5)]),
        ("HTTP_GET {\nurl {\npath /\n}\nnb_get_retry 2\n}", [("deprecated", 5)]),
        ("HTTP_GET {\nurl {\npath /\n}\nurl {\n}\n}", [("no-path", 5)]),
        ("HTTP_GET {\nurl {\npath /\n}\nvirtualhost\n}", [("missing-parameter", 5)]),
        ("HTTP_GET {\nurl {\npath /\ntls_compliant\n}\n}", [("unknown-keyword", 5)]),
    ],
)
def test_values_of_no_use_in_one_kind(
    read: Read, text: str, problems: list[tuple[str, int]]
) -> None:
    result = loaded(read, text)
    assert problems_of(result) == problems
    assert result.config.lvs is not None
    assert len(result.config.lvs.services[0].server.real_servers[0].checks) == 1


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("MISC_CHECK {\n}", [("no-script", 5)]),
        ("HTTP_GET {\n}", [("no-url", 5)]),
        ("HTTP_GET {\nurl {\n}\n}", [("no-path", 5), ("no-url", 5)]),
        ("FILE_CHECK {\n}", [("no-track-file", 5)]),
        ("FILE_CHECK {\ntrack_file g\n}", [("unknown-track-file", 5), ("no-track-file", 5)]),
    ],
)
def test_a_check_that_lacks_what_it_needs_is_dropped(
    read: Read, text: str, problems: list[tuple[str, int]]
) -> None:
    result = loaded(read, text)
    assert problems_of(result) == problems
    assert result.config.lvs is not None
    assert result.config.lvs.services[0].server.real_servers[0].checks == ()


def test_nb_get_retry_still_counts(read: Read) -> None:
    result = loaded(read, "HTTP_GET {\nurl {\npath /\n}\nnb_get_retry 2\n}")
    assert result.config.lvs is not None
    (check,) = result.config.lvs.services[0].server.real_servers[0].checks
    assert check == HttpCheck(TARGET, (Url("/"),), Timing(60.0, 2, 3.0, 60.0))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (
            "digest 0123456789ABCDEF0123456789abcdef",
            Url("/", digests=("0123456789abcdef0123456789abcdef",)),
        ),
        ("status_code 200", Url("/", status_codes=((200, 200),))),
        (
            "status_code 100-599 301\nstatus_code 404",
            Url("/", status_codes=((100, 599), (301, 301), (404, 404))),
        ),
        ("virtualhost a.test", Url("/", virtualhost="a.test")),
        ('regex "all (is )?well"', Url("/", regex="all (is )?well")),
        (
            "regex x\nregex_options caseless multiline dotall\nregex_no_match",
            Url("/", regex="x", regex_options=RegexOption(7), regex_no_match=True),
        ),
        (
            "regex x\nregex_min_offset 10\nregex_max_offset 4096",
            Url("/", regex="x", regex_min_offset=10, regex_max_offset=4096),
        ),
    ],
)
def test_urls(read: Read, text: str, url: Url) -> None:
    check = check_of(read, f"HTTP_GET {{\nurl {{\npath /\n{text}\n}}\n}}")
    assert check == HttpCheck(TARGET, (url,), HTTP_TIMING)


@pytest.mark.parametrize(
    ("text", "url", "problems"),
    [
        ("digest 012", Url("/"), [("bad-digest", 5)]),
        ("digest 0123456789abcdef0123456789abcdeg", Url("/"), [("bad-digest", 5)]),
        ("status_code 99", Url("/"), [("value-out-of-range", 5)]),
        ("status_code 600", Url("/"), [("value-out-of-range", 5)]),
        ("status_code 300-200", Url("/"), [("value-out-of-range", 5)]),
        (
            "status_code 2xx 200",
            Url("/", status_codes=((200, 200),)),
            [("value-out-of-range", 5)],
        ),
        ("regex a b", Url("/"), [("bad-regex", 5)]),
        ("regex a\nregex b", Url("/", regex="b"), [("given-twice", 5)]),
        ("regex a(", Url("/"), [("bad-regex", 0)]),
        ("regex a(\nregex_no_match", Url("/"), [("bad-regex", 0)]),
        ("regex_no_match", Url("/"), [("regex-option", 0)]),
        ("regex a\nregex_options upside", Url("/", regex="a"), [("regex-option", 0)]),
        (
            "regex a\nregex_min_offset 5\nregex_max_offset 4",
            Url("/", regex="a"),
            [("value-out-of-range", 0)],
        ),
    ],
)
def test_urls_of_no_use(read: Read, text: str, url: Url, problems: list[tuple[str, int]]) -> None:
    result = loaded(read, f"HTTP_GET {{\nurl {{\npath /\n{text}\n}}\n}}")
    assert problems_of(result) == problems
    assert result.config.lvs is not None
    (check,) = result.config.lvs.services[0].server.real_servers[0].checks
    assert check == HttpCheck(TARGET, (url,), HTTP_TIMING)


@pytest.mark.parametrize(
    ("service", "server", "check", "url", "host"),
    [
        ("a", "", "", "", "a"),
        ("a", "b", "", "", "b"),
        ("a", "b", "c", "", "c"),
        ("a", "b", "c", "d", "d"),
    ],
)
def test_virtualhost(
    read: Read, service: str, server: str, check: str, url: str, host: str
) -> None:
    service, server, check, url = (
        f"virtualhost {name}" if name else "" for name in (service, server, check, url)
    )
    text = f"HTTP_GET {{\nurl {{\npath /\n{url}\n}}\n{check}\n}}\n{server}"
    found = check_of(read, text, service)
    assert found == HttpCheck(TARGET, (Url("/", virtualhost=host),), HTTP_TIMING)


@pytest.mark.parametrize(
    ("check", "name"),
    [
        ("", None),
        ("virtualhost a.test", None),
        ("enable_sni", None),
        ("enable_sni\nvirtualhost a.test", "a.test"),
        ("enable_sni\nvirtualhost a.test:8443", "a.test"),
        ("enable_sni\nvirtualhost 192.0.2.7", None),
        ("enable_sni\nvirtualhost [2001:db8::7]:8443", None),
        ("sni_name s.test\nvirtualhost a.test", "s.test"),
        ("sni_name\nvirtualhost a.test", "a.test"),
        ("sni_name s.test\nenable_sni off", None),
    ],
)
def test_name_in_the_handshake(read: Read, check: str, name: str | None) -> None:
    found = check_of(read, f"SSL_GET {{\nurl {{\npath /\n}}\n{check}\n}}")
    assert isinstance(found, HttpCheck)
    assert [url.sni_name for url in found.urls] == [name]


def test_tls_compliant(read: Read) -> None:
    text = "url {\npath /a\n}\nurl {\npath /b\ntls_compliant off\n}\ntls_compliant\n"
    found = check_of(read, f"SSL_GET {{\n{text}}}")
    assert isinstance(found, HttpCheck)
    assert [url.tls_compliant for url in found.urls] == [True, False]


SSL = "SSL {\npassword secret\nca /ca.pem\ncertificate /me.pem\nkey /me.key\n}\n"


def test_tls_material_is_shared_wherever_it_stands(read: Read) -> None:
    service = (
        "virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
        "real_server 192.0.2.11 80 {\nSSL_GET {\nurl {\npath /\n}\n}\n}\n}\n"
    )
    material = TlsMaterial("/ca.pem", "/me.pem", "/me.key", "secret")
    for text in (SSL + service, service + SSL):
        result = read(text)
        assert problems_of(result) == []
        assert result.config.lvs is not None
        (check,) = result.config.lvs.services[0].server.real_servers[0].checks
        assert isinstance(check, HttpCheck)
        assert check.tls == material
        assert "secret" not in repr(result.config)
    result = read(SSL + "SSL {\nca /other.pem\nkey\n}\n" + service)
    assert problems_of(result) == [("given-twice", 5), ("missing-parameter", 5)]


def test_a_script_runs_as_the_script_user_unless_told(read: Read) -> None:
    text = "MISC_CHECK {\nmisc_path /bin/check\n}\n"
    check = check_of(read, text, before="script_user joe staff")
    assert check == MiscCheck(("/bin/check",), 60.0, False, "joe", "staff", MISC_TIMING)


def test_scripts_are_a_finding_without_security(read: Read) -> None:
    text = (
        "virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n"
        "real_server 192.0.2.11 80 {\nMISC_CHECK {\nmisc_path /bin/check\n}\n}\n}\n"
    )
    result = read(text)
    assert problems_of(result) == [("script-security", 6)]
    assert result.config.lvs is not None
    assert list(result.config.lvs.scripts()) == [Script(("/bin/check",))]


def test_several_checks_keep_their_order(read: Read) -> None:
    result = loaded(read, "PING_CHECK {\n}\nTCP_CHECK {\n}\nTCP_CHECK {\nconnect_port 81\n}")
    assert result.config.lvs is not None
    assert result.config.lvs.services[0].server.real_servers[0].checks == (
        PingCheck(TARGET, TIMING),
        TcpCheck(TARGET, TIMING),
        TcpCheck(Target(ADDRESS, 81), TIMING),
    )


HELO = "smtpchecker.keepalived.org"
OTHER = IPv4Address("192.0.2.99")


@pytest.mark.parametrize(
    ("text", "checks"),
    [
        ("host {\n}", [SmtpCheck(TARGET, HELO, TIMING)]),
        ("host {\nconnect_ip 192.0.2.99\n}", [SmtpCheck(Target(OTHER, 80), HELO, TIMING)]),
        (
            "host {\nconnect_port 25\n}\nhost {\nconnect_port 26\n}\nhelo_name a",
            [
                SmtpCheck(Target(ADDRESS, 25), "a", TIMING),
                SmtpCheck(Target(ADDRESS, 26), "a", TIMING),
            ],
        ),
        (
            "connect_port 24\nhost {\nconnect_port 25\nretry 7\n}",
            [
                SmtpCheck(Target(ADDRESS, 24), HELO, Timing(60.0, 7, 1.0, 60.0)),
                SmtpCheck(Target(ADDRESS, 25), HELO, Timing(60.0, 7, 1.0, 60.0)),
            ],
        ),
    ],
)
def test_hosts_of_an_smtp_check(read: Read, text: str, checks: list[Check]) -> None:
    result = loaded(read, f"SMTP_CHECK {{\n{text}\n}}")
    assert result.config.lvs is not None
    (server,) = result.config.lvs.services[0].server.real_servers
    assert list(server.checks) == checks
    assert {d.id for d in result.diagnostics} == {"deprecated"}
    assert result.test_exit_code == 0


@pytest.mark.parametrize(
    ("words", "problems"),
    [("1 2", []), ("2 1", ["bad-number"]), ("1", ["bad-number"]), ("a b", ["bad-number"])],
)
def test_the_stack_of_regular_expressions(read_all: Read, words: str, problems: list[str]) -> None:
    result = loaded(read_all, f"HTTP_GET {{\nurl {{\npath /\nregex_stack {words}\n}}\n}}")
    assert [d.id for d in result.diagnostics if d.id != "not-acted-on"] == problems
    assert "regex_stack is accepted, but not yet acted on" in {
        d.message for d in result.diagnostics
    }
    assert result.test_exit_code == 0
