"""Rows of `global_defs` that are about IPVS and the process of the checks."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.conf.config import LvsSyncDaemon, LvsTimeouts, NotifyFifo, Script
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("", "lvs_flush", False),
        ("lvs_flush", "lvs_flush", True),
        ("", "lvs_flush_on_stop", None),
        ("lvs_flush_on_stop", "lvs_flush_on_stop", "all"),
        ("lvs_flush_on_stop VS", "lvs_flush_on_stop", "services"),
        ("lvs_flush_onstop VS", "lvs_flush_on_stop", "services"),
        ("", "lvs_timeouts", LvsTimeouts()),
        ("lvs_timeouts tcp 900", "lvs_timeouts", LvsTimeouts(900)),
        (
            "lvs_timeouts udp 0 tcpfin 2678400 tcp 1",
            "lvs_timeouts",
            LvsTimeouts(1, 2678400, 0),
        ),
        ("lvs_timeouts tcp 1\nlvs_timeouts udp 2", "lvs_timeouts", LvsTimeouts(1, None, 2)),
        ("lvs_sync_daemon eth0", "lvs_sync_daemon", LvsSyncDaemon("eth0")),
        (
            "lvs_sync_daemon eth0 inst VI_1 id 255 maxlen 65507 port 65535 ttl 255 group 224.0.0.82",
            "lvs_sync_daemon",
            LvsSyncDaemon("eth0", "VI_1", 255, 65507, 65535, 255, IPv4Address("224.0.0.82")),
        ),
        (
            "lvs_sync_daemon eth0 VI_1 port 1 group ff02::51",
            "lvs_sync_daemon",
            LvsSyncDaemon("eth0", "VI_1", port=1, group=IPv6Address("ff02::51")),
        ),
        (
            "lvs_notify_fifo /run/lvs joe\nlvs_notify_fifo_script /bin/cat",
            "lvs_notify_fifo",
            NotifyFifo("/run/lvs", "joe", None, Script(("/bin/cat",))),
        ),
        ("rs_init_notifies", "rs_init_notifies", True),
        ("", "smtp_alert_checker", None),
        ("smtp_alert_checker off", "smtp_alert_checker", False),
        ("no_checker_emails", "no_checker_emails", True),
        ("checker_log_all_failures yes", "checker_log_all_failures", True),
        ("checker_priority -20", "checker_priority", -20),
        ("checker_priority 19", "checker_priority", 19),
        ("checker_rt_priority 99", "checker_rt_priority", 99),
        ("checker_rlimit_rttime 20000", "checker_rlimit_rttime", 20000),
        ("checker_rlimit_rttime 1", "checker_rlimit_rttime", 2),
        ("checker_no_swap", "checker_no_swap", True),
        ("checker_cpu_affinity 0 3", "checker_cpu_affinity", (0, 3)),
        ("checker_process_name ka_lvs", "checker_process_name", "ka_lvs"),
        ("lvs_process_name ka_lvs", "checker_process_name", "ka_lvs"),
    ],
)
def test_rows(read: Read, text: str, field: str, value: object) -> None:
    result = read(f"global_defs {{\n{text}\n}}\n")
    assert getattr(result.config.global_defs, field) == value
    assert result.diagnostics == ()
    assert result.config.lvs is None


@pytest.mark.parametrize(
    ("text", "field", "value", "problem"),
    [
        ("lvs_flush_on_stop vs", "lvs_flush_on_stop", None, "unknown-value"),
        ("lvs_timeouts tcp", "lvs_timeouts", LvsTimeouts(), "missing-parameter"),
        ("lvs_timeouts tcp 2678401", "lvs_timeouts", LvsTimeouts(), "value-out-of-range"),
        ("lvs_timeouts tcp -1", "lvs_timeouts", LvsTimeouts(), "value-out-of-range"),
        ("lvs_timeouts tcp 1 udp", "lvs_timeouts", LvsTimeouts(1), "missing-value"),
        ("lvs_timeouts sctp udp 1", "lvs_timeouts", LvsTimeouts(udp=1), "unknown-option"),
        ("lvs_sync_daemon", "lvs_sync_daemon", None, "missing-parameter"),
        ("lvs_sync_daemon abcdefghijklmnop", "lvs_sync_daemon", None, "too-long"),
        (
            "lvs_sync_daemon eth0 id 256",
            "lvs_sync_daemon",
            LvsSyncDaemon("eth0"),
            "value-out-of-range",
        ),
        (
            "lvs_sync_daemon eth0 maxlen 65508",
            "lvs_sync_daemon",
            LvsSyncDaemon("eth0"),
            "value-out-of-range",
        ),
        (
            "lvs_sync_daemon eth0 ttl 0",
            "lvs_sync_daemon",
            LvsSyncDaemon("eth0"),
            "value-out-of-range",
        ),
        (
            "lvs_sync_daemon eth0 VI_1 7",
            "lvs_sync_daemon",
            LvsSyncDaemon("eth0", "VI_1", 7),
            "deprecated",
        ),
        (
            "lvs_sync_daemon eth0 group 192.0.2.1",
            "lvs_sync_daemon",
            LvsSyncDaemon("eth0"),
            "not-multicast",
        ),
        (
            "lvs_sync_daemon eth0 inst VI_1 foo",
            "lvs_sync_daemon",
            LvsSyncDaemon("eth0", "VI_1"),
            "unknown-option",
        ),
        (
            "lvs_sync_daemon eth0\nlvs_sync_daemon eth1",
            "lvs_sync_daemon",
            LvsSyncDaemon("eth0"),
            "given-twice",
        ),
        ("checker_priority 20", "checker_priority", None, "value-out-of-range"),
        ("checker_rt_priority 100", "checker_rt_priority", 99, "value-out-of-range"),
        (
            "checker_process_name abcdefghijklmnop",
            "checker_process_name",
            "abcdefghijklmno",
            "too-long",
        ),
    ],
)
def test_values_of_no_use(read: Read, text: str, field: str, value: object, problem: str) -> None:
    result = read(f"global_defs {{\n{text}\n}}\n")
    assert getattr(result.config.global_defs, field) == value
    assert [d.id for d in result.diagnostics] == [problem]
    assert result.test_exit_code == 5
