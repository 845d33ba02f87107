"""The A-, D- and T-checks of the conformance paper: how a test observes."""

from __future__ import annotations

from collections.abc import Sequence

from netnslab import wait_until
from pyvrrp import Counters, StateName, VirtualRouter

from .frames import Advert, Packet, frame
from .rig import EARLY, Device, Wire, late

__all__ = [
    "check_accepted",
    "check_discarded_in_active",
    "check_discarded_in_backup",
    "check_due",
    "check_grid",
    "errors",
    "make_backup",
]


def errors(counters: Counters) -> dict[str, int]:
    """Discarded messages by the counter's label."""
    return {reason.value: count for reason, count in counters.discarded.items()}


def _difference(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {k: n - before.get(k, 0) for k, n in after.items() if n != before.get(k, 0)}


def check_due(when: float, since: float, expected: float) -> None:
    """T-check: `expected` seconds after `since`, no more than 1 ms early, within tolerance late."""
    assert expected - EARLY <= when - since <= late(expected), (
        f"{when - since:.6f} s, expected {expected:.6f} s"
    )


def check_grid(times: Sequence[float], interval: float) -> None:
    """One moment every interval, each within tolerance of where the earliest of them puts it."""
    offsets = [at - number * interval for number, at in enumerate(times)]
    spread = max(offsets) - min(offsets)
    assert spread <= late(interval) - interval, f"off the grid by {spread:.6f} s: {times}"


def check_accepted(device: Device, wire: Wire, router: VirtualRouter, data: bytes) -> None:
    """A-check: the Active device yields within 50 ms and is silent for 1.5 intervals."""
    family = router.config.family
    addresses = [str(a.interface.ip) for a in router.settings.addresses]
    assert router.is_active
    received = device.counters(router).advertisements_received
    refused = errors(device.counters(router))
    sent_at = wire.send(data)
    start = wire.mark
    wait_until(lambda: not router.is_active, what="the device to yield", timeout=0.05)
    for address in addresses:
        device.host.wait_address(address, present=False, timeout=0.05)
    wire.watch_until(sent_at + 0.05 + 1.5 * router.config.advertisement_interval)
    after = [h.time - sent_at for h in wire.heard(router.config.vrid, start=start, family=family)]
    assert [seconds for seconds in after if seconds > 0.05] == []
    assert device.counters(router).advertisements_received == received + 1
    assert errors(device.counters(router)) == refused


def check_discarded_in_active(
    device: Device, wire: Wire, router: VirtualRouter, data: bytes, counter: str | None
) -> None:
    """D-check (a): no state change, no extra Advertisement, the schedule unmoved, one error.

    When an Advertisement was due cannot be seen from outside, so the schedule is a grid: before and
    after `data`, all leave one interval apart, give or take the tolerance.
    """
    vrid, family = router.config.vrid, router.config.family
    interval = router.config.advertisement_interval
    assert router.is_active
    before, changes = device.counters(router), len(device.changes)
    last = wire.wait_advert(vrid, family=family, start=wire.mark)
    wire.watch_until(last.time + interval / 3)
    start = wire.mark
    wire.send(data)
    following = wire.wait_adverts(3, vrid, family=family, start=start)
    check_grid([last.time, *(heard.time for heard in following)], interval)
    assert device.changes[changes:] == []
    after = device.counters(router)
    assert _difference(errors(before), errors(after)) == ({counter: 1} if counter else {})
    assert after.advertisements_received == before.advertisements_received


def make_backup(
    device: Device,
    wire: Wire,
    router: VirtualRouter,
    *,
    advert: Advert,
    packet: Packet | None = None,
) -> float:
    """Let the device hear a valid Active Router; when that was."""
    heard_at = wire.send(frame(advert, packet))
    device.wait_state(router, StateName.BACKUP)
    return heard_at


def check_discarded_in_backup(
    device: Device,
    wire: Wire,
    router: VirtualRouter,
    data: bytes,
    *,
    valid: float,
    down: float,
    counter: str | None,
) -> None:
    """D-check (b): sent every half interval since the valid one at `valid`, it delays nothing."""
    vrid, family = router.config.vrid, router.config.family
    start, before = wire.mark, device.counters(router)
    times = 0
    half = router.config.advertisement_interval / 2
    while (times + 1) * half < down - 0.03:
        wire.watch_until(valid + (times + 1) * half)
        assert router.state_name is StateName.BACKUP
        wire.send_blind(data)
        times += 1
    first = wire.wait_advert(vrid, family=family, start=start)
    check_due(first.time, valid, down)
    after = device.counters(router)
    assert _difference(errors(before), errors(after)) == ({counter: times} if counter else {})
    assert after.advertisements_received == before.advertisements_received
