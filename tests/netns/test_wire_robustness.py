"""Floods, stops, crashes and reloads (conformance sections 11 and 12)."""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from netnslab import Lab, Process, wait_until
from pyvrrp import StateName
from tests.netns.wire.checks import check_due, check_grid, errors, make_backup
from tests.netns.wire.frames import Advert, Packet, frame
from tests.netns.wire.rig import DEVICE_MAC, Device, Wire, late, settings

pytest_plugins = ["tests.netns.wire.fixtures"]

_DOWN = 0.3609375  # s: priority 100, interval 10 cs
_BAD = {
    "bad checksum": frame(Advert(checksum_error=0x5555)),
    "wrong version": frame(Advert(version=4)),
    "version 2": frame(Advert(version=2, interval=1)),
    "TTL 64": frame(Advert(), Packet(ttl=64)),
    "wrong type": frame(Advert(type=2)),
    "short": frame(Advert(count=2)),
    "long": frame(Advert(trailer=bytes(32))),
    "count 0": frame(Advert(addresses=())),
    "interval 0": frame(Advert(interval=0)),
    "unicast": frame(Advert(), Packet(destination="192.0.2.1", mac_destination=DEVICE_MAC)),
    "unknown VRID": frame(Advert(vrid=77)),
}


@pytest.mark.parametrize("kind", list(_BAD))
def test_bad_flood_does_not_silence_the_active_router(
    device: Device, wire: Wire, kind: str
) -> None:
    """RB-01: at a third of the interval, for six intervals."""
    router = device.active(settings(start_as_active=True))
    start = wire.mark
    with wire.flood([_BAD[kind]], 0.1 / 3):
        times = [h.time for h in wire.wait_adverts(7, start=start)]
    check_grid(times, 0.1)
    assert router.is_active
    assert device.counters(router).advertisements_received == 0


def test_bad_flood_does_not_delay_a_takeover(device: Device, wire: Wire) -> None:
    """RB-02: all kinds at 500 a second."""
    router = device.add(settings())
    heard_at = make_backup(device, wire, router, advert=Advert())
    with wire.flood(list(_BAD.values()), 0.002):
        check_due(wire.wait_advert().time, heard_at, _DOWN)
    assert device.counters(router).advertisements_received == 1


@pytest.mark.slow
def test_losing_flood(device: Device, wire: Wire) -> None:
    """RB-03: 1000 a second for 5 s: an answer each at most, a neighbour that keeps its schedule,
    and no more announcements than one burst an interval."""
    router = device.active(settings(start_as_active=True))
    device.active(settings("192.0.2.110/24", vrid=52, start_as_active=True))
    start = wire.mark
    losing = [frame(Advert(priority=p)) for p in (98, 99)]
    with wire.flood(losing, 0.001) as sent:
        wire.watch(5)
    wire.wait_adverts(1, start=wire.mark)
    times = [h.time for h in wire.heard(52, start=start)]
    check_grid(times, 0.1)
    assert len(times) >= 50
    assert len(wire.heard(start=start)) <= len(sent) + 53
    assert len(sent) >= 4000
    arps = [
        f
        for f in wire.capture.frames_from(start)
        if not f.outgoing and f.data[12:14] == b"\x08\x06"
    ]
    assert 1 <= len(arps) <= 53
    assert router.is_active


def test_noise(device: Device, wire: Wire) -> None:
    """RB-04 on a real socket: 5000 mutated messages; a million more are in tests/fuzz."""
    # Priority 254, since one of the 5000 is right after all and says 133.
    router = device.active(settings(start_as_active=True, priority=254))
    source = random.Random(9568)
    good = Advert(priority=99).message("192.0.2.200", "224.0.0.18")
    for _ in range(5000):
        data = bytearray(good)
        for _ in range(source.randint(1, 4)):
            data[source.randrange(len(data))] = source.randrange(256)
        data[1] = 51
        wire.send_blind(Packet().wrap(bytes(data[: source.randint(0, len(data))])))

    # Some are right after all, and answered at once, off the grid: until the last one is read.
    def is_read() -> bool:
        wire.send_blind(Packet(ttl=1).wrap(good))
        return "ip-ttl-errors" in errors(device.counters(router))

    start = wire.mark
    wait_until(is_read, what="the last to be read")
    quiet_at = time.monotonic()
    wire.watch_until(quiet_at + 0.45)
    times = [h.time for h in wire.heard(start=start) if h.time > quiet_at]
    check_grid(times, 0.1)
    assert len(times) >= 4
    assert router.is_active
    assert device.changes[-1][1].current is StateName.ACTIVE
    assert sum(errors(device.counters(router)).values()) > 1000


@pytest.mark.slow
def test_255_routers_on_one_interface(lab: Lab) -> None:
    """RB-05: at 100 cs each Advertisement within tolerance, and no false takeover by a second
    device."""
    lan, hosts = lab.bridge("lan"), [lab.host("strong"), lab.host("weak")]
    for number, host in enumerate(hosts):
        host.connect(lan, addresses=[f"192.0.2.{number + 1}/24"])
    capture = lan.capture(["vrrp"])
    with Device(hosts[0]) as strong, Device(hosts[1]) as weak:
        for device, priority in ((strong, 200), (weak, 100)):
            for vrid in range(1, 256):
                address = f"198.51.{priority}.{vrid}/32"
                wanted = settings(
                    address.replace(".200.", ".100."),
                    vrid=vrid,
                    priority=priority,
                    advertisement_interval=1.0,
                    start_as_active=priority == 200,
                )
                device.add(wanted)
        for router in strong.router.routers:
            strong.wait_active(router)
        number = len(capture.frames)
        wait_until(
            lambda: len(capture.frames) >= number + 4 * 255, what="four rounds", interval=0.1
        )
        assert all(r.state_name is StateName.BACKUP for r in weak.router.routers)
        frames = capture.frames[number:]
    assert {f.interface for f in frames} == {"strong-eth0"}
    for vrid in range(1, 256):
        check_grid([f.monotonic for f in frames if f.data[35] == vrid], 1.0)


def test_each_frame_moves_one_counter(device: Device, wire: Wire) -> None:
    """ST-01, ST-02, ST-03."""
    router = device.active(settings(start_as_active=True))
    for data in _BAD.values():
        wire.send(data)
    wire.send(frame(Advert(priority=99)))
    wire.send(frame(Advert()))
    device.wait_state(router, StateName.BACKUP)
    device.wait_active(router)
    device.remove(router)
    wire.wait_advert(wanted=lambda h: h.priority == 0)
    counters = router.counters
    assert errors(counters) == {
        "checksum-errors": 1,
        "version-errors": 2,
        "ip-ttl-errors": 1,
        "invalid-type-pkts-rcvd": 1,
        "packet-length-errors": 2,
        "address-count-zero": 1,
        "interval-zero": 1,
        "wrong-destination": 1,
    }
    assert counters.advertisements_received == 2
    assert counters.advertisements_sent == len(wire.heard())
    assert counters.active_transitions == 2
    assert counters.active_releases == 2


def test_a_thousand_bad_frames_are_counted_and_hardly_logged(
    device: Device, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """ST-07."""
    caplog.set_level(logging.INFO)
    router = device.active(settings(start_as_active=True))
    caplog.clear()
    with wire.flood([_BAD["bad checksum"]], 0.001) as sent:
        wait_until(lambda: len(sent) >= 1000, what="1000 sent")
    counted = {"checksum-errors": len(sent)}
    wait_until(lambda: errors(device.counters(router)) == counted, what="all counted")
    assert 1 <= len(caplog.records) <= 5


_PROGRAM = Path(sys.executable).with_name("keepalived")
_CONFIGURATION = """
vrrp_instance one {
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 0.1
    version 3
    garp_master_delay 0
    garp_master_repeat 1
    virtual_ipaddress {
        192.0.2.100/24
    }
}
"""


def _start(lab: Lab, directory: Path, text: str = _CONFIGURATION) -> Process:
    (directory / "conf").write_text(text)
    files = ["-f", "conf", "-p", "pid", "-r", "vrrp.pid"]
    flags = [str(directory / f) if not f.startswith("-") else f for f in files]
    return lab["device"].start(
        [str(_PROGRAM), "-nlDG", *flags], wait="Startup complete", timeout=10
    )


def test_stopped_and_continued(lab: Lab, device: Device, wire: Wire, tmp_path: Path) -> None:
    """RB-06: what queued up meanwhile is read first, so it yields without a word."""
    process = _start(lab, tmp_path)
    wire.wait_adverts(2, start=0)  # so that the announcement is out
    child = int((tmp_path / "vrrp.pid").read_text())
    os.kill(child, signal.SIGSTOP)
    start = wire.mark
    with wire.flood([frame(Advert())], 0.1):
        wire.watch(2 * _DOWN)
        os.kill(child, signal.SIGCONT)
        device.host.wait_address("192.0.2.100", present=False)
        wire.watch(0.3)
    assert wire.heard(start=start) == []
    assert not [
        f
        for f in wire.capture.frames_from(start)
        if not f.outgoing and f.data[12:14] == b"\x08\x06" and f.data[28:32] == f.data[38:42]
    ]
    assert process.stop() == 0


def test_reload_is_not_noticed(lab: Lab, device: Device, wire: Wire, tmp_path: Path) -> None:
    """RB-07: no gap, no change of state, no priority 0, also with a second router added."""
    process = _start(lab, tmp_path)
    device.host.wait_address("192.0.2.100")
    start = wire.mark
    process.signal(signal.SIGHUP)
    process.wait_for_log("Reload finished")
    second = _CONFIGURATION.replace("one", "two").replace("51", "52").replace(".100/", ".110/")
    (tmp_path / "conf").write_text(_CONFIGURATION + second)
    process.signal(signal.SIGHUP)
    wire.wait_advert(52, start=start)
    adverts = wire.wait_adverts(8, start=start)
    check_grid([h.time for h in adverts], 0.1)
    assert {h.priority for h in adverts} == {100}
    assert process.output().count("(one) Entering") == 2
    assert process.stop() == 0


def test_killed_and_restarted(lab: Lab, device: Device, wire: Wire, tmp_path: Path) -> None:
    """RB-08: the address left behind is gone while another router is Active."""
    process = _start(lab, tmp_path)
    device.host.wait_address("192.0.2.100")
    process.kill()
    assert device.host.has_address("192.0.2.100")
    with wire.flood([frame(Advert())], 0.1):
        again = _start(lab, tmp_path)
        device.host.wait_address("192.0.2.100", present=False, timeout=_DOWN)
        start = wire.mark
        wire.watch(1.5 * _DOWN)
        assert wire.heard(start=start) == []
        assert not device.host.has_address("192.0.2.100")
    wire.wait_advert(start=start)
    device.host.wait_address("192.0.2.100")
    assert again.stop() == 0


@pytest.mark.parametrize("how", ["stop", "demotion", "crash"])
def test_owners_own_address_stays(device: Device, wire: Wire, how: str) -> None:
    """RB-10: the interface's own address is never taken away."""
    watch = device.host.watch()
    router = device.active(settings("192.0.2.1/24", priority=255))
    heard = wire.wait_advert()
    assert (heard.source, heard.addresses) == ("192.0.2.1", ("192.0.2.1",))
    if how == "stop":
        device.remove(router)
        wire.wait_advert(wanted=lambda h: h.priority == 0)
    elif how == "demotion":
        wire.send(frame(Advert(addresses=("192.0.2.1",))))
        device.wait_state(router, StateName.BACKUP)
    else:
        device.host.link("eth0").down()
        device.wait_state(router, StateName.INITIALIZE)
        device.host.link("eth0").up()
        device.wait_active(router)
    assert device.host.has_address("192.0.2.1")
    assert [c for c in watch.stop() if str(c.change.address.interface) == "192.0.2.1/24"] == []


def test_owners_own_address_and_the_program(
    lab: Lab, device: Device, wire: Wire, tmp_path: Path
) -> None:
    """RB-10 as a user has it."""
    watch = device.host.watch()
    text = _CONFIGURATION.replace("priority 100", "priority 255").replace(".100/24", ".1/24")
    process = _start(lab, tmp_path, text)
    assert wire.wait_advert().priority == 255
    assert process.stop() == 0
    assert device.host.has_address("192.0.2.1")
    assert [c for c in watch.stop() if str(c.change.address.interface) == "192.0.2.1/24"] == []


def test_clock_steps_change_nothing(device: Device, wire: Wire) -> None:
    """TM-05: the loop's clock is the monotonic one, which nobody can set."""
    assert device.call(device.router.time) == pytest.approx(time.monotonic(), abs=late(0.1))
