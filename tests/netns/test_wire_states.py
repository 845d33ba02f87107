"""The state machine on the wire (RFC 9568 §6.4), its timers (§6.1), the election."""

from __future__ import annotations

import time
from ipaddress import ip_address

import pytest

from netnslab import Lab, wait_until
from pyvrrp import Family, StateName
from pyvrrp.settings import HostSettings
from tests.netns.wire.checks import check_accepted, check_due, check_grid, make_backup
from tests.netns.wire.frames import Advert, Packet, frame
from tests.netns.wire.rig import EARLY, Device, Wire, late, settings

pytest_plugins = ["tests.netns.wire.fixtures"]

_DOWN = 0.3609375  # s: priority 100, interval 10 cs


def _announced(wire: Wire, start: int = 0) -> list[float]:
    """When the device sent gratuitous ARP."""
    frames = wire.capture.frames_from(start)
    return [
        f.monotonic
        for f in frames
        if not f.outgoing and f.data[12:14] == b"\x08\x06" and f.data[28:32] == f.data[38:42]
    ]


def test_owner_starts_as_active(device: Device, wire: Wire) -> None:
    """S3-I1, EL-05: also with Preempt_Mode off and another Active Router there."""
    with wire.flood([frame(Advert(priority=254))], 0.1):
        ready = time.monotonic()
        device.add(settings(priority=255, preempt_mode=False))
        advert = wire.wait_advert()
        assert advert.time - ready < 0.1
        wait_until(lambda: _announced(wire), what="an announcement")
        assert _announced(wire)[0] > advert.time


@pytest.mark.parametrize("priority", [100, 1, 254])
def test_others_start_as_backup(device: Device, wire: Wire, priority: int) -> None:
    """S3-I2, TM-01, TM-06: a silent LAN."""
    ready = time.monotonic()
    device.add(settings(priority=priority))
    added = time.monotonic()
    first = wire.wait_advert()
    expected = {100: 0.3609375, 1: 0.399609375, 254: 0.30078125}[priority]
    assert expected - EARLY <= first.time - ready
    assert first.time - added <= late(expected)


@pytest.mark.slow
def test_one_second_interval(device: Device, wire: Wire) -> None:
    """S3-I2, section 5: 3609 ms."""
    ready = time.monotonic()
    device.add(settings(advertisement_interval=1.0))
    check_due(wire.wait_advert().time, ready, 3.609375)


_TIMES = [
    pytest.param(100, 10, 0.3609375, id="P 100, 10 cs"),
    pytest.param(100, 1, 0.03609375, id="P 100, 1 cs"),
    pytest.param(254, 1, 0.030078125, id="P 254, 1 cs"),
    pytest.param(1, 10, 0.399609375, id="P 1, 10 cs"),
    pytest.param(200, 20, 0.64375, id="P 200, 20 cs"),
]


@pytest.mark.parametrize(("priority", "interval", "expected"), _TIMES)
def test_active_down_interval(
    device: Device, wire: Wire, priority: int, interval: int, expected: float
) -> None:
    """T-check of TM-01, TM-03, TM-07, S3-B4: after the last of three Advertisements."""
    router = device.add(settings(priority=priority))
    heard_at = 0.0
    for _ in range(3):
        heard_at = make_backup(device, wire, router, advert=Advert(interval=interval))
    check_due(wire.wait_advert(after=heard_at).time, heard_at, expected)


def test_interval_learned_by_a_device_that_yields(device: Device, wire: Wire) -> None:
    """S3-A4, TM-07."""
    router = device.active(settings(start_as_active=True))
    heard_at = make_backup(device, wire, router, advert=Advert(interval=20))
    first = wire.wait_advert(start=wire.mark)
    check_due(first.time, heard_at, 3 * 0.2 + 156 * 0.2 / 256)


def test_stopped_backup_says_nothing(device: Device, wire: Wire) -> None:
    """S3-B1: no Advertisement of any priority."""
    router = device.add(settings())
    make_backup(device, wire, router, advert=Advert())
    device.remove(router)
    wire.watch(1.5 * _DOWN)
    assert wire.heard() == []
    assert not device.host.has_address("192.0.2.100")


def test_takeover_in_order(device: Device, wire: Wire) -> None:
    """S3-B2: Advertisement, announcement, next Advertisement; the address answers by then."""
    router = device.add(settings("192.0.2.100/24", "192.0.2.101/24"))
    make_backup(device, wire, router, advert=Advert(addresses=("192.0.2.100", "192.0.2.101")))
    adverts = wire.wait_adverts(2, start=0)
    check_grid([h.time for h in adverts], 0.1)
    announced = _announced(wire)
    assert len(announced) == 2
    assert adverts[0].time < announced[0] <= announced[1] < adverts[0].time + 0.02
    assert device.host.has_address("192.0.2.101")


@pytest.mark.parametrize(
    ("interval", "expected"),
    [pytest.param(10, 0.0609375, id="own"), pytest.param(30, 0.1828125, id="learned")],
)
def test_resignation_heard_in_backup(
    device: Device, wire: Wire, interval: int, expected: float
) -> None:
    """S3-B3, TM-07: Skew_Time of the interval learned before; the resignation's teaches nothing."""
    router = device.add(settings())
    make_backup(device, wire, router, advert=Advert(interval=interval))
    heard_at = wire.send(frame(Advert(priority=0, interval=77)))
    check_due(wire.wait_advert().time, heard_at, expected)
    assert device.counters(router).priority_zero_received == 1


def test_equal_priority_and_lower_address_is_obeyed_in_backup(device: Device, wire: Wire) -> None:
    """S3-B4: a Backup Router compares no addresses."""
    router = device.add(settings(start_as_active=False))
    data = frame(Advert(priority=100), Packet("192.0.2.0"))
    heard_at = wire.send(data)
    for _ in range(2):
        wire.watch_until(heard_at + 0.2)
        assert router.state_name is StateName.BACKUP
        heard_at = wire.send(data)
    check_due(wire.wait_advert().time, heard_at, _DOWN)


def test_losing_advertisements_do_not_hold_up_a_takeover(device: Device, wire: Wire) -> None:
    """S3-B5, TM-07: nor do they teach an interval."""
    router = device.add(settings())
    heard_at = make_backup(device, wire, router, advert=Advert())
    with wire.flood([frame(Advert(priority=99, interval=500))], 0.03):
        check_due(wire.wait_advert().time, heard_at, _DOWN)


def test_without_preempt_they_do(device: Device, wire: Wire) -> None:
    """S3-B5, EL-09: until they stop."""
    router = device.add(settings(preempt_mode=False))
    losing = frame(Advert(priority=99))
    with wire.flood([losing], 0.1):
        wire.watch(1.0)
        assert router.state_name is StateName.BACKUP
        assert wire.heard() == []
    last = wire.send(losing)
    check_due(wire.wait_advert().time, last, _DOWN)


def test_stopped_active_resigns(device: Device, wire: Wire) -> None:
    """S3-A1: once, while it still has the address, then silence."""
    router = device.active(settings(start_as_active=True))
    watch = device.host.watch()
    start = wire.mark
    device.remove(router)
    resignation = wire.wait_advert(start=start, wanted=lambda h: h.priority == 0)
    wire.watch(0.2)
    assert [h.priority for h in wire.heard(start=start)][-1] == 0
    assert [h.priority for h in wire.heard()].count(0) == 1
    assert wire.heard()[-1] == resignation
    (gone,) = [c for c in watch.stop() if not c.change.added]
    assert str(gone.change.address.interface) == "192.0.2.100/24"
    assert resignation.time < gone.time
    assert device.counters(router).priority_zero_sent == 1


def test_resignation_heard_in_active(device: Device, wire: Wire) -> None:
    """S3-A3: an Advertisement within 20 ms, and the next one an interval after it."""
    router = device.active(settings(start_as_active=True))
    last = wire.wait_advert(start=wire.mark)
    wire.watch_until(last.time + 0.05)
    start = wire.mark
    heard_at = wire.send(frame(Advert(priority=0)))
    answer, following, third = wire.wait_adverts(3, start=start)
    assert answer.time - heard_at < 0.02
    check_grid([answer.time, following.time, third.time], 0.1)
    assert router.is_active


@pytest.mark.parametrize("preempt", [True, False])
def test_better_router_demotes(device: Device, wire: Wire, preempt: bool) -> None:
    """S3-A4, S3-X1: Preempt_Mode is not asked; nobody resigns."""
    router = device.active(settings(start_as_active=True, preempt_mode=preempt))
    check_accepted(device, wire, router, frame(Advert(priority=101)))
    assert 0 not in [h.priority for h in wire.heard()]


def test_losing_advertisement_is_answered(device: Device, wire: Wire) -> None:
    """S3-A5: within 20 ms, and the schedule stays (AMB-02)."""
    router = device.active(settings(start_as_active=True))
    last = wire.wait_advert(start=wire.mark)
    wire.watch_until(last.time + 0.05)
    start = wire.mark
    heard_at = wire.send(frame(Advert(priority=99)))
    answer, second, third = wire.wait_adverts(3, start=start)
    assert answer.time - heard_at < 0.02
    check_grid([last.time, second.time, third.time], 0.1)
    assert router.is_active
    assert len(_announced(wire, start)) == 1


@pytest.mark.parametrize(
    ("own", "other", "wins"),
    [
        pytest.param("192.0.2.10/24", "192.0.2.9", False, id="lower"),
        pytest.param("192.0.2.10/24", "192.0.2.11", True, id="higher"),
        pytest.param("192.0.2.99/24", "192.0.2.100", True, id="string order inverts"),
        pytest.param("10.0.0.10/8", "9.255.255.255", False, id="string order inverts, lower"),
        pytest.param("fe80::10/64", "fe80::2", False, id="EL-03 lower"),
        pytest.param("fe80::10/64", "fe80::ffff:1", True, id="EL-03 higher"),
    ],
)
def test_tie(device: Device, wire: Wire, own: str, other: str, wins: bool) -> None:
    """EL-02, EL-03, EL-04: addresses are numbers in network order."""
    device.host.ip("addr", "flush", "dev", "eth0")
    device.host.add_address("eth0", own)
    address = ip_address(own.partition("/")[0])
    family = Family(address.version)
    table, index = device.router.table, device.host.link("eth0").index
    wait_until(lambda: table.primary_address(index, family) == address, what="the device to see it")
    lists = {4: ("192.0.2.250",), 6: ("fe80::100", "2001:db8::100")}
    router = device.active(settings(*lists[family], family=family, start_as_active=True))
    start = wire.mark
    heard_at = wire.send(frame(Advert(priority=100, addresses=lists[family]), Packet(other)))
    if wins:
        device.wait_state(router, StateName.BACKUP, 0.05)
        return
    answer = wire.wait_advert(start=start, family=family, after=heard_at)
    assert answer.time - heard_at < 0.02
    assert router.is_active


def test_link_goes_and_comes(lab: Lab) -> None:
    """S3-X2, RB-09: a carrier lost is a shutdown; the owner is back at once, others after ADI."""
    lan, host = lab.bridge("lan"), lab.host("flapping")
    link = host.connect(lan, addresses=["198.51.100.1/24"])
    capture = lan.capture(["vrrp"])
    with Device(host) as device:
        owner = device.active(settings("198.51.100.100/24", priority=255))
        other = device.active(settings("198.51.100.110/24", vrid=52))
        link.lose_carrier()
        for router in (owner, other):
            device.wait_state(router, StateName.INITIALIZE)
            host.wait_address(str(router.settings.addresses[0].interface.ip), present=False)
        number = len(capture.frames)
        link.restore_carrier()
        back = time.monotonic()
        first = capture.wait(lambda f: f.data[35] == 51, what="the owner", start=number)
        assert first.monotonic - back < 0.1
        first = capture.wait(lambda f: f.data[35] == 52, what="the other", start=number)
        assert _DOWN - 0.1 <= first.monotonic - back <= late(_DOWN)
        host.wait_address("198.51.100.110")


@pytest.mark.parametrize("how", ["interface down", "last primary address"])
def test_shutdown_by_the_host(device: Device, wire: Wire, how: str) -> None:
    """S3-X2: and the startup that follows. Before the address goes the others are told."""
    router = device.active(settings(start_as_active=True))
    link = device.host.link("eth0")
    if how == "interface down":
        link.down()
    else:
        device.host.remove_address("eth0", "192.0.2.1/24")
    device.wait_state(router, StateName.INITIALIZE)
    device.host.wait_address("192.0.2.100", present=False, timeout=0.1)
    start = wire.mark
    wire.watch(0.3)
    assert wire.heard(start=start) == []
    if how == "interface down":
        link.up()
    else:
        device.host.add_address("eth0", "192.0.2.1/24")
    wire.wait_advert(start=start, timeout=1)
    device.host.wait_address("192.0.2.100")


def test_last_virtual_address_goes(device: Device, wire: Wire) -> None:
    """S3-X2: settings without one are refused, so taking the last away means taking the router
    away, which resigns. One that somebody else takes away is put back, when that is asked for."""

    async def restore() -> None:
        device.router.use(HostSettings(restores=True))

    device.run(restore())
    router = device.active(settings(start_as_active=True))
    device.host.remove_address("eth0", "192.0.2.100/24")
    device.host.wait_address("192.0.2.100", timeout=10)
    assert router.is_active
    with pytest.raises(ValueError, match="at least one virtual address"):
        settings().of("v", "eth0", 51, [])


@pytest.mark.slow
def test_advertisement_in_the_last_moment(device: Device, wire: Wire) -> None:
    """S3-X3: 100 times within 0.3 ms of the takeover: never Active twice, never stuck."""
    router = device.add(settings(advertisement_interval=0.01))
    data = frame(Advert(interval=1))
    for number in range(100):
        heard_at = wire.send(data)
        device.wait_state(router, StateName.BACKUP, 1)
        transitions = device.counters(router).active_transitions
        start = wire.mark
        due = heard_at + 0.03609375 - 0.0003 + (number % 7) * 0.0001
        while time.monotonic() < due:
            pass
        wire.send_blind(data)
        wire.wait_advert(start=start, timeout=1, after=heard_at)
        device.wait_active(router, 1)
        wire.wait_adverts(2, start=start)
        assert device.counters(router).active_transitions - transitions in (1, 2)


def test_families_are_independent(device: Device, wire: Wire) -> None:
    """IO-08: one VRID in both; only the IPv4 one is beaten."""
    four = device.active(settings(start_as_active=True))
    six = device.active(settings(family=6, start_as_active=True))
    start = wire.mark
    wire.send(frame(Advert()))
    device.wait_state(four, StateName.BACKUP, 0.05)
    device.wait_active(four)
    assert six.is_active
    times = [h.time for h in wire.heard(start=start, family=6)]
    check_grid(times, 0.1)
    assert len(times) >= 3
    assert [c.current for name, c in device.changes if name == six.name] == [
        StateName.BACKUP,
        StateName.ACTIVE,
    ]


def test_preemption_by_a_second_device(lab: Lab, device: Device, wire: Wire) -> None:
    """EL-08: ADI after its start, one overlapping Advertisement; EL-09 when Preempt_Mode is off."""
    lan = lab.bridge("lan")
    hosts = [lab.host("low"), lab.host("high")]
    for number, host in enumerate(hosts):
        host.connect(lan, addresses=[f"198.51.100.{number + 1}/24"])
    capture = lan.capture(["vrrp"])
    with Device(hosts[0]) as low, Device(hosts[1]) as high:
        lower = low.active(settings("198.51.100.100/24", priority=100, start_as_active=True))
        patient = high.add(settings("198.51.100.100/24", priority=150, preempt_mode=False))
        wire.watch(0.6)
        assert patient.state_name is StateName.BACKUP
        high.remove(patient)
        started = time.monotonic()
        higher = high.add(settings("198.51.100.100/24", priority=150))
        high.wait_active(higher)
        low.wait_state(lower, StateName.BACKUP, 0.1)
        wire.watch(0.25)
        frames = [(f.monotonic, f.data[36]) for f in capture.frames]
    first = min(at for at, priority in frames if priority == 150)
    check_due(first, started, 0.34140625)
    assert {priority for at, priority in frames if at > first + 0.005} == {150}


def test_three_routers_one_takeover(lab: Lab, device: Device, wire: Wire) -> None:
    """EL-11: the Active one dies, the better of the two others follows, alone."""
    lan = lab.bridge("lan")
    hosts = [lab.host(f"r{n}") for n in range(3)]
    for number, host in enumerate(hosts):
        host.connect(lan, addresses=[f"198.51.100.{number + 1}/24"])
    with Device(hosts[0]) as a, Device(hosts[1]) as b, Device(hosts[2]) as c:
        wanted = [settings("198.51.100.100/24", priority=p) for p in (200, 150, 50)]
        active = a.active(wanted[0])
        second, third = b.add(wanted[1]), c.add(wanted[2])
        capture = lan.capture()
        capture.wait(lambda f: f.data[23] == 112, what="an Advertisement")
        hosts[0].link("eth0").lose_carrier()
        b.wait_active(second)
        wire.watch(0.4)
        assert not third.is_active
        assert active.state_name is StateName.INITIALIZE
        announcers = {f.interface for f in capture.frames if f.data[12:14] == b"\x08\x06"}
        assert announcers == {"r1-eth0"}


def test_tie_of_two_active_routers(lab: Lab, device: Device, wire: Wire) -> None:
    """EL-11: equal priority, both Active until the switches are joined: one is left within two
    Advertisements of the loser, and the last announcement is the winner's."""
    switches = [lab.bridge("left"), lab.bridge("right")]
    between = switches[0].connect(switches[1])
    between.lose_carrier()
    hosts = [lab.host(f"r{n}") for n in range(2)]
    for number, host in enumerate(hosts):
        host.connect(switches[number], addresses=[f"198.51.100.{number + 1}/24"])
    captures = [host.capture("eth0") for host in hosts]
    wanted = settings("198.51.100.100/24", start_as_active=True)
    with Device(hosts[0]) as a, Device(hosts[1]) as b:
        lower, higher = a.active(wanted), b.active(wanted)
        between.restore_carrier()
        a.wait_state(lower, StateName.BACKUP)
        wire.watch(0.25)
        assert higher.is_active
        assert lower.state_name is StateName.BACKUP
    left, right = (capture.stop() for capture in captures)
    met = next(n for n, f in enumerate(left) if f.data[23] == 112 and not f.outgoing)
    assert len([f for f in left[met:] if f.data[23] == 112 and f.outgoing]) <= 2
    announced = [f for f in (*left, *right) if f.data[12:14] == b"\x08\x06" and f.outgoing]
    assert max(announced, key=lambda f: f.monotonic) in right
