"""What a reload does, as steps and in words."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from healthcheck.core.model import (
    Check,
    HttpCheck,
    MiscCheck,
    RealServer,
    SorryServer,
    Target,
    TcpCheck,
    Timing,
    TlsMaterial,
    UdpCheck,
    Url,
    VirtualServer,
)
from healthcheck.core.table import Destination, Forwarding, Method, ServiceFlag, ServiceSettings
from pyvrrp.bfd.core.model import SessionConfig
from pyvrrp.bfd.settings import BfdSettings
from pyvrrp.conf.config import GlobalDefs
from pyvrrp.core.model import Peer, Version
from pyvrrp.daemon.bfd.settings import ToldSession
from pyvrrp.daemon.lvs.settings import CheckedService, CheckerSettings, ServerCommands
from pyvrrp.daemon.notices.commands import Command, FifoSettings
from pyvrrp.daemon.notices.notice import Kind, What
from pyvrrp.daemon.notices.settings import Audience, DbusSettings, MailSettings, NoticeSettings
from pyvrrp.daemon.process_settings import ProcessSettings
from pyvrrp.daemon.reload import routers, services
from pyvrrp.daemon.reload.differences import differences
from pyvrrp.daemon.reload.items import Change, Fate, Item, Tally, brief
from pyvrrp.daemon.reload.whole import at_the_next_start, whole
from pyvrrp.daemon.trackers.settings import (
    ScriptsSettings,
    TrackerFile,
    TrackerProcess,
    TrackerScript,
)
from pyvrrp.daemon.translate.sections import Sections
from pyvrrp.settings import TrackedInterface, VirtualMac, VirtualRouterSettings

WEB = VirtualRouterSettings.of("web", "eth0", 51, ["192.0.2.100/24"], priority=100)
DNS = VirtualRouterSettings.of("dns", "eth0", 52, ["192.0.2.110/24"])
OLD = VirtualRouterSettings.of("old", "eth0", 53, ["192.0.2.120/24"])
MAIL = VirtualRouterSettings.of("mail", "eth0", 54, ["192.0.2.120/24"])


def protocol(settings: VirtualRouterSettings, **fields: object) -> VirtualRouterSettings:
    return replace(settings, protocol=replace(settings.protocol, **fields))


def planned(*wanted: VirtualRouterSettings) -> routers.RouterPlan:
    plan = routers.RouterPlan({each.identity: each for each in (WEB, DNS, OLD)})
    for each in wanted:
        plan.want(each)
    return plan


def test_what_vanished_stops_first_and_the_rest_is_in_order():
    version = protocol(DNS, version=Version.V2)
    plan = planned(MAIL, version, WEB)
    assert [(s.name, s.fate, s.old, s.new, s.reason) for s in plan.steps()] == [
        ("old", "removed", OLD, None, ""),
        ("mail", "added", None, MAIL, ""),
        ("dns", "restart", DNS, version, "the version changed"),
    ]
    assert plan.unchanged == [WEB]


def test_another_name_is_the_same_virtual_router():
    plan = planned(replace(WEB, name="www"), DNS, OLD)
    (step,) = plan.steps()
    assert (step.name, step.fate, step.identity) == ("www", "in place", ("eth0", 4, 51))
    assert brief(routers.item(step)) == "www: name web -> www"


def test_the_second_of_one_identity_is_not_what_runs():
    plan = planned(WEB, replace(WEB, name="also"), DNS, OLD)
    assert [(s.name, s.fate) for s in plan.steps()] == [("also", "added")]


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (protocol(WEB, priority=150), "priority 100 -> 150"),
        (protocol(WEB, advertisement_interval=0.5), "advert_int 1 s -> 0.5 s"),
        (protocol(WEB, preempt_mode=False), "nopreempt no -> yes"),
        (replace(WEB, track_primary=False), "dont_track_primary no -> yes"),
        (protocol(WEB, source=IPv4Address("192.0.2.1")), "source address 0.0.0.0 -> 192.0.2.1"),
        (
            replace(WEB, virtual_mac=VirtualMac("vrrp.51")),
            "the virtual MAC changed, use_vmac none -> vrrp.51",
        ),
        (
            replace(WEB, tracked_interfaces=(TrackedInterface("eth1", -10),)),
            "track_interface +eth1 weight -10",
        ),
        (
            protocol(WEB, peers=(Peer(IPv4Address("192.0.2.7"), min_ttl=3),)),
            "the choice of multicast or unicast changed, unicast_peer +192.0.2.7 min_ttl 3",
        ),
        (
            replace(WEB, addresses=OLD.addresses),
            "address 192.0.2.120/24 added, address 192.0.2.100/24 removed",
        ),
        (
            replace(WEB, addresses=(replace(WEB.addresses[0], label="eth0:1"),)),
            "address 192.0.2.100/24 label none -> eth0:1",
        ),
    ],
)
def test_a_virtual_router_in_words(new: VirtualRouterSettings, words: str):
    (step,) = planned(new, DNS, OLD).steps()
    assert brief(routers.item(step)) == f"web: {words}"


def test_passwords_do_not_show():
    v2 = protocol(WEB, version=Version.V2, password=b"secret\0\0")
    (change,) = differences(v2, protocol(v2, password=b"other\0\0\0"))
    assert (change, str(change)) == (Change("auth_pass", "***", "***"), "auth_pass changed")
    (change,) = differences(v2, protocol(v2, password=None))
    assert str(change) == "auth_pass *** -> none"
    tls = HttpCheck(tcp().target, (), tls=TlsMaterial("ca", password="hidden"))
    (change,) = differences(tls, replace(tls, tls=TlsMaterial("ca", password="other")))
    assert str(change) == "tls password changed"
    (change,) = differences(replace(tls, tls=None), tls)
    assert str(change) == "tls none -> ca password ***"


def test_what_has_only_defaults_is_there():
    old, new = (replace(WEB, virtual_mac=mac) for mac in (None, VirtualMac()))
    assert list(differences(old, new)) == [Change("use_vmac", "none", "yes")]
    named = replace(WEB, virtual_mac=VirtualMac(prefix="v"))
    assert list(differences(old, named)) == [Change("use_vmac", "none", "vmac_prefix v")]


def test_octets_that_are_no_secret_show():
    udp = UdpCheck(tcp().target, b"ping")
    (change,) = differences(udp, replace(udp, payload=b"pong"))
    assert str(change) == "payload 70696e67 -> 706f6e67"


def test_sync_groups_are_their_members():
    def grouped(*members: VirtualRouterSettings, name: str) -> list[VirtualRouterSettings]:
        return [replace(each, sync_group=name) for each in members]

    old = [*grouped(WEB, DNS, name="front"), *grouped(OLD, name="back")]
    new = [*grouped(WEB, MAIL, name="front"), *grouped(OLD, name="far")]
    changes = Change("member", "dns", None), Change("member", None, "mail")
    assert list(routers.sync_groups(old, new)) == [
        Item("sync group", "front", Fate.IN_PLACE, changes=changes),
        Item("sync group", "far", Fate.ADDED),
        Item("sync group", "back", Fate.REMOVED),
    ]
    assert [each.fate for each in routers.sync_groups(old, old)] == ["unchanged", "unchanged"]


def tcp(**fields: float) -> TcpCheck:
    return TcpCheck(Target(IPv4Address("10.1.0.1"), 80), Timing(**fields))


def real(number: int, *checks: Check, **fields: object) -> RealServer:
    address = Destination(IPv4Address("10.1.0.0") + number, 80)
    return RealServer(address, checks=checks, **fields)


def service(*servers: RealServer, name: str = "[10.0.0.1]:tcp:80", **fields: object):
    commands = fields.pop("servers", tuple(ServerCommands() for _ in servers))
    around = {key: fields.pop(key) for key in ("quorum_up",) if key in fields}
    return CheckedService(VirtualServer(name, (), servers, **fields), commands, **around)


def become(old: CheckedService, new: CheckedService) -> Item:
    (change,) = services.changes({old.server.name: old}, [new])
    return services.item(change)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (service(quorum=2), service(quorum=3), "quorum 2 -> 3"),
        (
            service(),
            service(settings=ServiceSettings("rr", ServiceFlag.PERSISTENT, 300)),
            "lvs_sched wlc -> rr, flags none -> persistent, persistence_timeout 0 -> 300",
        ),
        (
            service(),
            service(sorry_server=SorryServer(Destination(IPv4Address("10.1.0.9"), 80))),
            "sorry_server none -> [10.1.0.9]:80",
        ),
        (
            service(),
            service(quorum_up=Command(("/bin/up", "now"), "nobody")),
            "quorum_up none -> /bin/up now user nobody",
        ),
        (
            service(real(1), real(2), real(3)),
            service(real(1, weight=2, method=Method(Forwarding.DIRECT_ROUTING)), real(3), real(4)),
            "real server [10.1.0.1]:80 weight 1 -> 2, real server [10.1.0.1]:80 lvs_method NAT -> DR,"
            " real server [10.1.0.4]:80 added, real server [10.1.0.2]:80 removed",
        ),
        (
            service(real(1)),
            service(real(1), servers=(ServerCommands(down=Command(("/bin/down",))),)),
            "real server [10.1.0.1]:80 notify_down none -> /bin/down",
        ),
        (
            service(real(1, tcp(), tcp(retry=5))),
            service(real(1, tcp(delay_loop=5.0), tcp(retry=5))),
            "real server [10.1.0.1]:80 check TCP_CHECK restart",
        ),
    ],
)
def test_a_virtual_service_in_words(old: CheckedService, new: CheckedService, words: str):
    found = become(old, new)
    assert (found.fate, brief(found)) == ("in place", f"{old.server.name}: {words}")


def test_a_changed_check_is_told_beside_the_one_it_replaces():
    old = service(real(1, tcp(), tcp(retry=5), MiscCheck(("/bin/old",), 5.0)))
    new = service(real(1, tcp(retry=5), tcp(delay_loop=5.0), tcp(retry=7)))
    (server,) = become(old, new).parts
    slower = (Change("delay_loop", "60 s", "5 s"),)
    assert server.parts == (
        Item("check", "TCP_CHECK", Fate.UNCHANGED),
        Item("check", "TCP_CHECK", Fate.RESTART, "its settings changed", slower),
        Item("check", "TCP_CHECK", Fate.ADDED),
        Item("check", "MISC_CHECK", Fate.REMOVED),
    )


def test_pages_in_words():
    page = Url("/health", status_codes=((200, 200), (300, 399)))
    get = HttpCheck(tcp().target, (page,))
    (change,) = differences(get, replace(get, urls=(replace(page, status_codes=((200, 299),)),)))
    assert str(change) == "url /health status_code 200 300-399 -> /health status_code 200-299"


def test_services_come_and_go():
    one, two = service(real(1), name="one"), service(real(2), name="two")
    found = [services.item(each) for each in services.changes({"one": one}, [two])]
    assert found == [
        Item(
            "virtual server",
            "two",
            Fate.ADDED,
            parts=(Item("real server", "[10.1.0.2]:80", Fate.ADDED),),
        ),
        Item(
            "virtual server",
            "one",
            Fate.REMOVED,
            parts=(Item("real server", "[10.1.0.1]:80", Fate.REMOVED),),
        ),
    ]


def test_both_halves_and_their_processes():
    old = Sections((ProcessSettings(), WEB, DNS), (), ())
    new = Sections((ProcessSettings(nice=-5), WEB, protocol(DNS, priority=10)), (), ())
    items = list(whole(old, new))
    assert [(each.kind, each.name, each.fate) for each in items] == [
        ("process", "vrrp", "in place"),
        ("virtual router", "dns", "in place"),
        ("virtual router", "web", "unchanged"),
    ]
    assert items[0].changes == (Change("priority", "none", "-5"),)


def test_a_process_without_work_is_not_there():
    nothing = Sections((ProcessSettings(),), (), ())
    one = Sections((ProcessSettings(), WEB), (), ())
    assert [(i.kind, i.fate) for i in whole(nothing, one)] == [
        ("process", "added"),
        ("virtual router", "added"),
    ]
    assert [(i.kind, i.fate) for i in whole(one, nothing)] == [
        ("process", "removed"),
        ("virtual router", "removed"),
    ]
    assert list(whole(nothing, nothing)) == []


def test_what_is_flushed_at_stop():
    """`lvs_flush_on_stop VS` is no flush of the whole table, and no less of a change."""
    old, new = CheckerSettings(), CheckerSettings(tell_servers_at_stop=False)
    (item,) = whole(Sections((), (old,)), Sections((), (new,)))
    assert (item.fate, brief(item)) == ("in place", "checkers: tell_servers_at_stop yes -> no")


def test_what_a_reload_leaves_as_it_is():
    old, new = GlobalDefs(router_id="a"), GlobalDefs(router_id="b", instance="blue")
    (item,) = at_the_next_start(old, new)
    assert (item.fate, brief(item)) == ("at the next start", "daemon: instance none -> blue")
    assert list(at_the_next_start(old, old)) == []


def test_a_tally_counts_and_names_the_first():
    tally = Tally(1018)
    tally.add(Fate.REMOVED, "old")
    tally.add(Fate.IN_PLACE, "web: priority 100 -> 150")
    assert str(tally) == "1,018 unchanged, 1 in place (web: priority 100 -> 150), 1 removed (old)"
    for number in range(2, 8):
        assert tally.wants(Fate.REMOVED) is (number < 6)
        tally.add(Fate.REMOVED, f"old{number}")
    assert str(tally).endswith("7 removed (old; old2; old3; old4; old5; ...)")
    assert str(Tally()) == "nothing"


def test_a_line_tells_of_five_changes():
    changes = tuple(Change(letter, "1", "2") for letter in "abcdefg")
    item = Item("virtual router", "web", Fate.IN_PLACE, changes=changes)
    assert brief(item).endswith("e 1 -> 2, and 2 more")


def test_trackers():
    true = TrackerScript("runs", Command(("/bin/true",)))
    old = (true, TrackerScript("slow", None, "/a"), TrackerFile("f", "/f"), TrackerFile("g", "/g"))
    new = (
        replace(true, interval=3.0),
        TrackerScript("slow", None, "/b"),
        TrackerProcess("f", "f"),
        TrackerFile("f", "/f"),
    )
    items = list(whole(Sections((), (), old), Sections((), (), new)))
    assert [(each.kind, brief(each), each.fate) for each in items] == [
        ("track script", "runs: interval 1 s -> 3 s", "in place"),
        ("track script", "slow: the program changed, script < /a -> /b", "restart"),
        ("track file", "f", "unchanged"),
        ("track file", "g", "removed"),
        ("track process", "f", "added"),
    ]


def test_bfd_sessions():
    one = BfdSettings("one", IPv4Address("192.0.2.2"))
    far = BfdSettings("far", IPv4Address("192.0.2.9"), is_multihop=True)
    gone = BfdSettings("gone", IPv4Address("192.0.2.7"))
    old = (ProcessSettings(), *map(ToldSession, (one, far, gone)))
    new = (
        ProcessSettings(nice=-5),
        ToldSession(replace(one, protocol=SessionConfig(0.05)), tells_checkers=False),
        ToldSession(replace(far, source=IPv4Address("192.0.2.1"))),
        ToldSession(BfdSettings("came", IPv4Address("192.0.2.8"))),
    )
    items = list(whole(Sections((), bfd=old), Sections((), bfd=new)))
    assert [(each.kind, brief(each), each.fate) for each in items] == [
        ("process", "bfd: priority none -> -5", "in place"),
        ("BFD session", "one: min_tx 0.01 s -> 0.05 s, checker yes -> no", "in place"),
        ("BFD session", "far: another path, source_ip none -> 192.0.2.1", "restart"),
        ("BFD session", "came", "added"),
        ("BFD session", "gone", "removed"),
    ]


def told(old: tuple[object, ...], new: tuple[object, ...]) -> list[str]:
    start = ScriptsSettings(ProcessSettings())
    items = whole(Sections((), scripts=(start, *old)), Sections((), scripts=(start, *new)))
    return [f"{i.kind} {brief(i)}: {i.fate}" for i in items if i.fate is not Fate.UNCHANGED]


def test_who_is_notified():
    quiet, loud = Audience(Kind.INSTANCE, "quiet"), Audience(Kind.INSTANCE, "loud")
    loud = replace(loud, specific={What.MASTER: Command(("/m", "-v"))}, generic=Command(("/n",)))
    group = Audience(Kind.GROUP, "front", {What.FAULT: Command(("/f",))}, members=("loud",))
    settings = NoticeSettings()
    changed = replace(
        loud, specific={What.MASTER: Command(("/m",), "nobody"), What.STOP: Command(("/s",))}
    )
    still_quiet = replace(quiet, tells_priority=True)  # nobody hears of it
    assert told((settings, group, loud, quiet), (settings, changed, still_quiet)) == [
        "notified instance loud: notify_master /m -v -> /m user nobody, notify_stop +/s: in place",
        "notified group front: removed",
    ]


def test_everybody_is_notified_through_a_fifo():
    one = Audience(Kind.INSTANCE, "one")
    new = NoticeSettings(fifos=(FifoSettings("/run/f"),))
    assert told((), (new, one)) == [
        "process scripts: vrrp_notify_fifo +/run/f: in place",
        "notified instance one: added",
    ]


def test_mails_and_bus():
    mail = MailSettings("mx.example.org", ("a@example.org",), "me@example.org", "me", "lb1")
    bus = DbusSettings("org.keepalived.Vrrp1", "/org/keepalived/Vrrp1", {"one": "/org/one"})
    old = NoticeSettings(mail=mail, dbus=bus)
    new = NoticeSettings(
        mail=replace(mail, port=587, tells_faults=False),
        dbus=replace(bus, paths={"one": "/org/one", "two": "/org/two"}),
    )
    assert told((old,), (new,)) == [
        "process scripts: smtp_server port 25 -> 587, no_email_faults no -> yes: in place"
    ]
    assert told((), (NoticeSettings(dbus=bus),)) == [
        "process scripts: enable_dbus none -> org.keepalived.Vrrp1: in place"
    ]
