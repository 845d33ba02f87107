"""From keepalived's words to who is told, and by whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyvrrp.conf.load import load
from pyvrrp.conf.source import DictReader
from pyvrrp.daemon.notices.commands import Command, FifoSettings
from pyvrrp.daemon.notices.notice import Kind, What
from pyvrrp.daemon.notices.settings import Audience, DbusSettings, MailSettings, NoticeSettings
from pyvrrp.daemon.process_settings import ProcessSettings, Reported
from pyvrrp.daemon.trackers.settings import ScriptsSettings
from pyvrrp.daemon.translate import notices as translate_module
from pyvrrp.daemon.translate.sections import Sections, records

INSTANCE = """
vrrp_instance a {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress {
        192.0.2.1/24
    }
    MORE
}
"""
SERVICE = """
virtual_server 198.51.100.1 80 {
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    real_server 10.0.0.1 80 {
    }
}
"""
MAIL = """
    notification_email {
        ops@example.org
    }
    smtp_server 192.0.2.9 2525
"""


@pytest.fixture(autouse=True)
def host_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translate_module, "_host_name", lambda: "host.example.org")


def sections(text: str, *, defs: str = "", **options: bool) -> Sections:
    text = f"global_defs {{\n script_user root\n router_id r\n {defs}\n}}\n{text}"
    loaded = load("k.conf", reader=DictReader({"k.conf": text}))
    return records(loaded.config, **options)


def reported(found: Sections) -> list[object]:
    return [each for each in found.vrrp if isinstance(each, Reported)]


def test_nobody_is_told():
    found = sections(INSTANCE.replace("MORE", "smtp_alert"))
    assert (found.scripts, reported(found)) == ((), [])


def test_scripts():
    more = """notify "/bin/true n" joe
    notify_master /bin/true
    notify_deleted
    notify_priority_changes"""
    found = sections(INSTANCE.replace("MORE", more))
    root = Command(("/bin/true",), "root")
    assert found.scripts == (
        ScriptsSettings(ProcessSettings()),
        NoticeSettings(),
        Audience(
            Kind.INSTANCE,
            "a",
            {What.MASTER: root},
            Command(("/bin/true", "n"), "joe"),
            tells_deleted=True,
            tells_priority=True,
        ),
    )
    assert reported(found) == [Reported()]


def test_groups_come_first():
    group = "vrrp_sync_group G {\n group {\n a\n nobody\n }\n notify_fault /bin/true\n}\n"
    found = sections(group + INSTANCE.replace("MORE", ""))
    assert found.scripts[2:] == (
        Audience(Kind.GROUP, "G", {What.FAULT: Command(("/bin/true",), "root")}, members=("a",)),
        Audience(Kind.INSTANCE, "a"),
    )
    assert reported(found) == [Reported((("G", ("a",)),))]


@pytest.mark.parametrize(
    ("more", "options", "reader"),
    [
        ("", {}, Command(("/bin/cat",), "root")),
        (SERVICE, {}, None),
        (SERVICE, {"run_checkers": False}, Command(("/bin/cat",), "root")),
    ],
    ids=["VRRP alone", "checks have the reader", "checks that do not run have none"],
)
def test_fifos(more: str, options: dict[str, bool], reader: Command | None):
    defs = "notify_fifo /run/c\n notify_fifo_script /bin/cat\n vrrp_notify_fifo /run/v"
    found = sections(INSTANCE.replace("MORE", "") + more, defs=defs, **options)
    assert found.scripts[1] == NoticeSettings(
        (FifoSettings("/run/c", 0, 0, reader), FifoSettings("/run/v", 0, 0))
    )
    assert found.scripts[2:] == (Audience(Kind.INSTANCE, "a"),)


def test_fifos_of_checks_are_none_of_vrrp():
    found = sections(SERVICE, defs="notify_fifo /run/c\n lvs_notify_fifo /run/l")
    assert found.scripts == ()


_MAIL = MailSettings(
    server="192.0.2.9",
    port=2525,
    recipients=("ops@example.org",),
    sender="root@host.example.org",
    helo_name="host.example.org",
    router_id="r",
    timeout=30.0,
)


@pytest.mark.parametrize(
    ("defs", "more", "is_mailed"),
    [
        ("", "", False),
        ("", "smtp_alert", True),
        ("smtp_alert", "", True),
        ("smtp_alert\n smtp_alert_vrrp off", "", False),
        ("smtp_alert_vrrp", "smtp_alert off", False),
    ],
)
def test_mails_of_instances(defs: str, more: str, is_mailed: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    found = sections(INSTANCE.replace("MORE", more), defs=MAIL + defs)
    if not is_mailed:
        assert found.scripts == ()
        return
    assert found.scripts[1:] == (
        NoticeSettings(mail=_MAIL),
        Audience(Kind.INSTANCE, "a", is_mailed=True),
    )


def test_words_of_mails():
    defs = f"""{MAIL}
    notification_email_from Me<me@example.org>
    smtp_helo_name me
    smtp_connect_timeout 7
    no_email_faults
    smtp_alert"""
    found = sections(INSTANCE.replace("MORE", ""), defs=defs)
    mail = replace(
        _MAIL, sender="Me<me@example.org>", helo_name="me", timeout=7.0, tells_faults=False
    )
    assert found.scripts[1] == NoticeSettings(mail=mail)


@pytest.mark.parametrize(
    ("defs", "service", "servers", "each"),
    [
        ("", False, True, True),
        ("smtp_alert off", False, False, True),
        ("smtp_alert\n no_checker_emails", True, True, False),
        ("smtp_alert\n smtp_alert_checker off", False, False, True),
    ],
)
def test_mails_of_checks(defs: str, service: bool, servers: bool, each: bool):
    found = sections(SERVICE, defs=MAIL + defs)
    settings, checked = found.checkers
    assert (settings.sends_mails, settings.mails_each_check) == (True, each)
    assert (checked.smtp_alert, checked.servers[0].smtp_alert) == (service, servers)
    assert isinstance(found.scripts[1], NoticeSettings)
    assert found.scripts[1].mail is not None
    assert reported(found) == []


@pytest.mark.parametrize(
    ("before", "root"),
    [
        ("", "/org/keepalived/Vrrp1"),
        ("net_namespace b.2\ninstance left-1\n", "/org/keepalived/Vrrp1/b_2/left_1"),
    ],
)
def test_paths_on_the_bus(before: str, root: str):
    text = before + INSTANCE.replace("MORE", "").replace("eth0", "eth0.7")
    found = sections(text, defs="enable_dbus\n dbus_service_name org.example")
    paths = {"a": f"{root}/Instance/eth0_7/51/IPv4"}
    assert found.scripts[1:] == (
        NoticeSettings(dbus=DbusSettings("org.example", root, paths)),
        Audience(Kind.INSTANCE, "a"),
    )
