"""SIGHUP: what did not change does not notice, what changed follows, a bad file changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_interface
from itertools import pairwise

import pytest

from netnslab import Lab, wait_until
from tests.netns.interop.routers import Instance, Keepalived
from tests.netns.interop.stand import router
from tests.netns.interop.witness import Witness

_LATER = ("garp_master_delay 600",)  # no second burst while the test looks on
_KEPT = Instance(31, ("192.0.2.131/24",), more=_LATER)
_KEPT6 = Instance(32, ("fe80::32/64", "2001:db8::132/64"), more=_LATER)
_OLD = Instance(33, ("192.0.2.133/24",), more=_LATER)
_NEW = Instance(34, ("192.0.2.134/24",), more=_LATER)
_UNTOUCHED = (_KEPT, _KEPT6)
_RELOADED = "Reload finished"
_REFUSED = "Configuration not changed, the old one stays in use"


def start(daemon: Keepalived, witness: Witness, instances: Iterable[Instance]) -> float:
    """All Active. Returns the moment from which on nothing should happen to them."""
    instances = list(instances)
    daemon.start(instances)
    witness.wait_sole_active("r", instances, 0.0)
    witness.wait_holds("r", instances)
    return witness.now()


def reload(daemon: Keepalived, said: str, times: int = 1) -> None:
    """Reload, and wait for the outcome."""
    daemon.reload()
    wait_until(lambda: daemon.process.output().count(said) >= times, what=said, timeout=10)


def assert_undisturbed(witness: Witness, since: float) -> None:
    """No gap above 1.5 intervals, nothing but the same Advertisement again and again, no address
    taken off and put on."""
    for each in _UNTOUCHED:
        witness.wait_adverts(each, "r", 3, since=witness.now())
        times = [when for when, _ in witness.adverts(each, "r", since - 0.2)]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert len(gaps) >= 3
        assert max(gaps) < 1.5 * each.interval
        assert len({what for _, what in witness.events("r", since, each)}) == 1
        assert witness.address_changes("r", since, each) == []


def test_added_and_removed(lab: Lab) -> None:
    daemon = router(lab)
    with Witness(lab) as witness:
        since = start(daemon, witness, [*_UNTOUCHED, _OLD])
        daemon.write([*_UNTOUCHED, _NEW])
        reload(daemon, _RELOADED)
        witness.wait_sole_active("r", [_NEW], since)
        witness.wait_holds("r", [_NEW])
        witness.wait_holds("r", [_OLD], present=False)
        assert witness.adverts(_OLD, "r")[-1][1].priority == 0
        assert_undisturbed(witness, since)
        daemon.process.wait_for_log(r"reload: 2 unchanged, 1 added \(.*\), 1 removed \(.*\)$")
        daemon.stop()


_PRIORITY = Instance(35, ("192.0.2.135/24",), more=_LATER)
_INTERVAL = Instance(36, ("192.0.2.136/24",), more=_LATER)
_MORE = Instance(37, ("192.0.2.137/24",), more=_LATER)
_OTHERS = Instance(38, ("192.0.2.138/24",), more=_LATER)
_VERSION = Instance(39, ("192.0.2.139/24",), more=_LATER)
_CHANGES = {
    _PRIORITY: replace(_PRIORITY, priority=150),
    _INTERVAL: replace(_INTERVAL, interval=0.3),
    _MORE: replace(_MORE, addresses=("192.0.2.137/24", "192.0.2.147/24")),
    _OTHERS: replace(_OTHERS, addresses=("192.0.2.148/24",)),
    _VERSION: replace(_VERSION, version=2, interval=1),
}


@pytest.mark.slow
def test_changed(lab: Lab) -> None:
    """In place, as far as possible: still Active, without resigning, common addresses left alone.
    Another version needs a new start."""
    daemon = router(lab)
    with Witness(lab) as witness:
        since = start(daemon, witness, [*_UNTOUCHED, *_CHANGES])
        daemon.write([*_UNTOUCHED, *_CHANGES.values()])
        reload(daemon, _RELOADED)
        reloaded = witness.now()
        for old, new in _CHANGES.items():
            witness.wait_adverts(new, "r", 2, since=reloaded)
            witness.wait_holds("r", [new])
            assert_as_configured(witness, since, new)
            moved = {(ip_interface(each).ip, True) for each in new.addresses}
            moved ^= {(ip_interface(each).ip, False) for each in old.addresses}
            kept = {ip_interface(each).ip for each in {*old.addresses} & {*new.addresses}}
            if new is not _CHANGES[_VERSION]:
                assert {move for move in moved if move[0] not in kept} == {
                    *witness.address_changes("r", since, old),
                    *witness.address_changes("r", since, new),
                }
        assert_undisturbed(witness, since)
        daemon.stop()


def assert_as_configured(witness: Witness, since: float, new: Instance) -> None:
    """The last Advertisement says what the new file does; none resigned but for the version."""
    adverts = [advert for _, advert in witness.adverts(new, "r", since)]
    assert adverts[-1].version == new.version
    assert adverts[-1].priority == new.priority
    assert adverts[-1].interval == new.interval
    assert adverts[-1].addresses == tuple(ip_interface(each).ip for each in new.addresses)
    assert any(advert.priority == 0 for advert in adverts) is (new.version == 2)


_BAD = (
    ("eth0", "eth7", r":3:11: error\[unknown-interface\]"),
    ("priority 100", "priority", r":5:1: error"),
    ("virtual_router_id 31", "", r"virtual_router_id"),
)


@pytest.mark.slow
def test_bad_file_is_refused(lab: Lab) -> None:
    """The old configuration runs on; the log says where the new one is wrong. A good file is
    taken afterwards."""
    daemon = router(lab)
    with Witness(lab) as witness:
        since = start(daemon, witness, _UNTOUCHED)
        good = daemon.configuration.read_text()
        for number, (old, new, said) in enumerate(_BAD, 1):
            daemon.configuration.write_text(good.replace(old, new, 1))
            reload(daemon, _REFUSED, number)
            daemon.process.wait_for_log(f"{daemon.configuration.name}.*{said}")
        daemon.write([*_UNTOUCHED, _NEW])
        reload(daemon, _RELOADED)
        witness.wait_sole_active("r", [_NEW], since)
        assert_undisturbed(witness, since)
        daemon.stop()


@pytest.mark.slow
def test_two_hangups_at_once(lab: Lab) -> None:
    """The last file counts."""
    daemon = router(lab)
    with Witness(lab) as witness:
        since = start(daemon, witness, [*_UNTOUCHED, _OLD])
        daemon.write(_UNTOUCHED)
        daemon.reload()
        daemon.write([*_UNTOUCHED, _NEW])
        daemon.reload()
        witness.wait_holds("r", [_OLD], present=False)
        witness.wait_sole_active("r", [_NEW], since)
        assert_undisturbed(witness, since)
        daemon.stop()
