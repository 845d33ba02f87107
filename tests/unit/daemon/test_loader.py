"""What the loader makes of a file: verdict, settings, journals, what is said on stderr."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from healthcheck.core.sync import SyncDaemon, SyncState, Timeouts
from pyvrrp.daemon import handoff
from pyvrrp.daemon.lvs.settings import CheckedService, CheckerSettings, ServerCommands
from pyvrrp.daemon.notices import programs
from pyvrrp.daemon.notices.commands import Command, FifoSettings
from pyvrrp.daemon.options import Options
from pyvrrp.daemon.parent.life_scripts import LifeScript
from pyvrrp.daemon.parent.loader import Verdict
from pyvrrp.daemon.parent.pid_file import Words
from pyvrrp.daemon.parent.reading import read
from pyvrrp.daemon.process_settings import Followed, ProcessSettings
from pyvrrp.daemon.vrrp import journal
from pyvrrp.settings import HostSettings, VirtualRouterSettings

_GOOD = """
child_wait_time 7
instance left
global_defs {
    umask 027
}
vrrp_instance a {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress {
        192.0.2.1/24
    }
}
vrrp_instance b {
    interface eth1
    virtual_router_id 52
    use_vmac
    virtual_ipaddress {
        192.0.2.2/24
    }
}
"""


@pytest.fixture
def settings() -> Iterator[int]:
    descriptor = handoff.new_memory()
    yield descriptor
    os.close(descriptor)


@pytest.fixture(autouse=True)
def interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.if_nameindex", lambda: [(1, "lo"), (2, "eth0"), (3, "eth1")])


def options(directory: Path, text: str | None, **fields: object) -> Options:
    path = directory / "k.conf"
    if text is not None:
        path.write_text(text)
    given: dict[str, object] = {"configuration": str(path), "vrrp_pid_file": str(directory / "v")}
    return Options(**given | fields)  # type: ignore[arg-type]


def verdict_of(given: Options, settings: int, is_start: bool) -> Verdict:
    verdict, config = read(given, settings, is_start)
    assert (config is not None) is verdict.is_usable
    return verdict


def names(descriptor: int) -> list[str]:
    return [
        r.name
        for r in handoff.read(descriptor, handoff.Section.VRRP)
        if isinstance(r, VirtualRouterSettings)
    ]


def test_good(tmp_path: Path, settings: int, capfd: pytest.CaptureFixture[str]):
    verdict = verdict_of(options(tmp_path, _GOOD), settings, True)
    assert verdict.is_usable
    assert (verdict.needs_vrrp, verdict.child_wait_time, verdict.umask) == (True, 7.0, 0o27)
    assert verdict.names == Words(instance="left", use_pid_dir=True)
    assert names(settings) == ["a", "b"]
    assert capfd.readouterr().err == ""
    planned = journal.Leftovers(
        addresses=(("eth0", "192.0.2.1/24"),), links=(("eth1", "00:00:5e:00:01:34"),)
    )
    assert journal.decode(verdict.journal_after) == planned
    assert verdict.journal_during == verdict.journal_after


def test_leftovers_of_an_earlier_run_stay_noted_until_cleared(tmp_path: Path, settings: int):
    before = journal.Leftovers(addresses=(("eth0", "192.0.2.99/24"),))
    journal.write(str(tmp_path / "v.state"), before)
    verdict = verdict_of(options(tmp_path, _GOOD), settings, True)
    during = journal.decode(verdict.journal_during)
    after = journal.decode(verdict.journal_after)
    assert during.addresses == (("eth0", "192.0.2.99/24"), ("eth0", "192.0.2.1/24"))
    assert after.addresses == (("eth0", "192.0.2.1/24"),)
    assert journal.read(str(tmp_path / "v.state")) == before


def test_old_value_of_a_sysctl_stays_noted(
    tmp_path: Path, settings: int, monkeypatch: pytest.MonkeyPatch
):
    """After a crash the kernel holds our own value."""
    names = ("arp_ignore", "arp_filter", "arp_announce")
    found = {f"ipv4/conf/eth1/{name}": "1" for name in names}
    monkeypatch.setattr("pyvrrp.daemon.vrrp.journalling.read_sysctl", found.__getitem__)
    monkeypatch.setattr("pyvrrp.net.reverse_path.relaxed", tuple)
    relaxed = "ipv4/conf/all/rp_filter"
    found[relaxed] = "0"
    before = journal.Leftovers(sysctls=(("ipv4/conf/eth1/arp_ignore", "0"), (relaxed, "1")))
    journal.write(str(tmp_path / "v.state"), before)
    verdict = verdict_of(options(tmp_path, _GOOD), settings, True)
    for octets in (verdict.journal_during, verdict.journal_after):
        assert dict(journal.decode(octets).sysctls) == {
            "ipv4/conf/eth1/arp_ignore": "0",
            "ipv4/conf/eth1/arp_filter": "1",
            "ipv4/conf/eth1/arp_announce": "1",
            relaxed: "1",
        }


def test_no_instance(tmp_path: Path, settings: int):
    assert not verdict_of(options(tmp_path, ""), settings, True).needs_vrrp
    assert list(handoff.read(settings, handoff.Section.VRRP))


def test_no_instance_but_all_children(tmp_path: Path, settings: int):
    verdict = verdict_of(options(tmp_path, "", run_all=True), settings, True)
    assert (verdict.needs_vrrp, verdict.needs_checkers) == (True, True)


_SERVICE = """
virtual_server 198.51.100.1 80 {
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    quorum_up "/bin/true up"
    real_server 10.0.0.1 80 {
        notify_down "/bin/true down" nobody nogroup
        TCP_CHECK {
        }
    }
    real_server 10.0.0.2 80 {
    }
}
"""


def checkers(descriptor: int) -> list[object]:
    return list(handoff.read(descriptor, handoff.Section.CHECKERS))


def test_service_and_instance(tmp_path: Path, settings: int):
    verdict = verdict_of(options(tmp_path, _GOOD + _SERVICE), settings, True)
    assert (verdict.needs_vrrp, verdict.needs_checkers) == (True, True)
    assert names(settings) == ["a", "b"]
    process, service = checkers(settings)
    assert process == CheckerSettings()
    assert isinstance(service, CheckedService)
    assert service.server.name == "[198.51.100.1]:tcp:80"
    assert service.quorum_up == Command(("/bin/true", "up"))
    assert service.quorum_down is None
    assert service.servers == (
        ServerCommands(down=Command(("/bin/true", "down"), "nobody", "nogroup")),
        ServerCommands(),
    )


def test_service_without_checkers(tmp_path: Path, settings: int):
    verdict = verdict_of(options(tmp_path, _SERVICE, run_checkers=False), settings, True)
    assert (verdict.is_usable, verdict.needs_vrrp, verdict.needs_checkers) == (True, False, False)
    assert checkers(settings) == []


def test_instance_without_service_needs_no_checkers(tmp_path: Path, settings: int):
    assert not verdict_of(options(tmp_path, _GOOD), settings, True).needs_checkers


def test_scripts_run_as_script_user(tmp_path: Path, settings: int):
    text = "global_defs {\n script_user daemon\n}\n" + _SERVICE
    verdict_of(options(tmp_path, text), settings, True)
    service = checkers(settings)[1]
    assert isinstance(service, CheckedService)
    assert service.quorum_up == Command(("/bin/true", "up"), "daemon")
    assert service.servers[0].down == Command(("/bin/true", "down"), "nobody", "nogroup")


def test_startup_and_shutdown(tmp_path: Path, settings: int):
    text = """global_defs {
        script_user daemon
        startup_script "/bin/true a"
        shutdown_script /bin/true nobody nogroup
        shutdown_script_timeout 3
        set_supplementary_groups
    }
    """
    verdict = verdict_of(options(tmp_path, text), settings, True)
    assert verdict.startup_script == LifeScript(Command(("/bin/true", "a"), "daemon", ":"), 10.0)
    shutdown = Command(("/bin/true",), "nobody", ":nogroup")
    assert verdict.shutdown_script == LifeScript(shutdown, 3.0)


def test_scripts_run_as_the_usual_account(
    tmp_path: Path, settings: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(programs, "_USUAL_ACCOUNT", "daemon")
    text = _SERVICE.replace("TCP_CHECK {", "MISC_CHECK {\n misc_path /bin/true")
    verdict_of(options(tmp_path, text), settings, True)
    service = checkers(settings)[1]
    assert isinstance(service, CheckedService)
    assert service.quorum_up == Command(("/bin/true", "up"), "daemon")
    (check,) = service.server.real_servers[0].checks
    assert (check.arguments, check.user) == (("/bin/true",), "daemon")


@pytest.mark.root
@pytest.mark.parametrize(("security", "is_run"), [("", True), ("enable_script_security", False)])
def test_program_that_others_may_change(
    tmp_path: Path, settings: int, security: str, is_run: bool, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    program = tmp_path / "check"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o777)
    text = f"""
    global_defs {{
        script_user root
        {security}
    }}
    virtual_server 198.51.100.1 80 {{
        lvs_sched rr
        lvs_method NAT
        protocol TCP
        quorum_up {program}
        quorum_down "{program} as" nobody
        real_server 10.0.0.1 80 {{
            MISC_CHECK {{
                misc_path {program}
            }}
        }}
    }}"""
    verdict_of(options(tmp_path, text), settings, True)
    service = checkers(settings)[1]
    assert isinstance(service, CheckedService)
    assert (service.quorum_up is not None) == is_run
    assert len(service.server.real_servers[0].checks) == is_run
    assert service.quorum_down == Command((str(program), "as"), "nobody")
    said = [message for message in caplog.messages if "may be written by others" in message]
    assert len(said) == 1


def test_what_ipvs_has_beside_services(tmp_path: Path, settings: int):
    text = """
    global_defs {
        lvs_flush
        lvs_flush_on_stop
        rs_init_notifies
        checker_priority -4
        process_names
        lvs_timeouts tcp 800 udp 20
        notify_fifo /run/all 0 0
        notify_fifo_script "/bin/cat -v" 0 0
        lvs_notify_fifo /run/lvs 12 34
        lvs_sync_daemon eth1 inst b maxlen 1400 group 224.0.0.9
    }"""
    verdict = verdict_of(options(tmp_path, text + _GOOD), settings, True)
    assert (verdict.is_usable, verdict.needs_checkers) == (True, True)
    assert checkers(settings) == [
        CheckerSettings(
            process=ProcessSettings("keepalived_lvs", nice=-4),
            flush_at_start=True,
            flush_at_stop=True,
            tell_servers_at_start=True,
            tell_servers_at_stop=False,
            timeouts=Timeouts(tcp=800, udp=20),
            sync_daemons=tuple(
                SyncDaemon(state, "eth1", 52, 1400, group=IPv4Address("224.0.0.9"))
                for state in (SyncState.MASTER, SyncState.BACKUP)
            ),
            sync_follows="b",
            fifos=(
                FifoSettings("/run/all", 0, 0, Command(("/bin/cat", "-v"), "0", "0")),
                FifoSettings("/run/lvs", 12, 34),
            ),
        )
    ]
    for_vrrp = list(handoff.read(settings, handoff.Section.VRRP))
    assert for_vrrp[:3] == [ProcessSettings("keepalived_vrrp"), HostSettings(), Followed("b")]


def test_checkers_only(tmp_path: Path, settings: int):
    assert not verdict_of(options(tmp_path, _GOOD, run_vrrp=False), settings, True).needs_vrrp


def test_namespace_that_is_not_there(tmp_path: Path, settings: int):
    verdict = verdict_of(options(tmp_path, "net_namespace blue-7\n" + _GOOD), settings, True)
    assert (verdict.is_usable, verdict.exit_code) == (False, 1)
    assert verdict.reason == (
        "network namespace /run/netns/blue-7: No such file or directory; "
        "make it with: ip netns add blue-7"
    )


def test_names_and_places(tmp_path: Path, settings: int):
    text = "net_namespace_ipvs green\nuse_pid_dir\n" + _GOOD
    verdict = verdict_of(options(tmp_path, text), settings, True)
    assert verdict.names == Words("left", None, True, "green")


def test_daemon_that_runs_stays_in_its_namespace(tmp_path: Path, settings: int):
    running = options(tmp_path, "net_namespace blue-7\n" + _GOOD, namespace="")
    verdict, config = read(running, settings, False)
    assert verdict.is_usable
    assert config is not None
    assert config.global_defs.net_namespace is None


def test_missing_file(tmp_path: Path, settings: int):
    assert verdict_of(options(tmp_path, None), settings, True) == Verdict(
        is_usable=False, exit_code=6, reason=f"{tmp_path}/k.conf does not exist"
    )


def test_unusable(tmp_path: Path, settings: int, capfd: pytest.CaptureFixture[str]):
    verdict = verdict_of(options(tmp_path, _GOOD.replace("eth0", "eth7")), settings, True)
    assert (verdict.is_usable, verdict.exit_code, verdict.problems > 0) == (False, 2, True)
    assert f"{tmp_path}/k.conf:8:15: error[unknown-interface]" in capfd.readouterr().err


def test_unusable_at_reload_is_for_the_log(
    tmp_path: Path, settings: int, capfd: pytest.CaptureFixture[str]
):
    verdict_of(options(tmp_path, _GOOD.replace("eth0", "eth7")), settings, False)
    assert capfd.readouterr().err == ""


def test_what_would_be_unsafe_to_leave_out(tmp_path: Path, settings: int):
    text = _GOOD.replace("use_vmac", "auth_hmac {\n key 1 file:/none\n active_key 1\n }")
    verdict = verdict_of(options(tmp_path, text), settings, True)
    assert (verdict.is_usable, verdict.exit_code) == (False, 2)
    assert "(b) auth_hmac key 1 cannot be used" in verdict.reason


@pytest.mark.parametrize(
    ("words", "octets", "frames"),
    [
        pytest.param("", 0, 0, id="not asked for"),
        pytest.param("vrrp_rx_bufs_policy 5000", 5000, 0, id="octets"),
        pytest.param("vrrp_rx_bufs_policy MTU", 0, 3, id="frames"),
        pytest.param("vrrp_rx_bufs_policy MTU\nvrrp_rx_bufs_multiplier 7", 0, 7, id="more frames"),
        # 20 + 24 + 8 + 4 + 28 octets, three times.
        pytest.param("vrrp_rx_bufs_policy ADVERT", 252, 0, id="Advertisements"),
    ],
)
def test_receive_buffers(tmp_path: Path, settings: int, words: str, octets: int, frames: int):
    text = _GOOD.replace("umask 027", words).replace("use_vmac", "kernel_rx_buf_size 9999")
    assert verdict_of(options(tmp_path, text), settings, True).is_usable
    records = handoff.read(settings, handoff.Section.VRRP)
    routers = [each for each in records if isinstance(each, VirtualRouterSettings)]
    assert [(each.receive_buffer, each.receive_frames) for each in routers] == [
        (octets, frames),
        (9999, 0),
    ]
