"""keepalived 2.4's signed Advertisements on the wire, against signatures made here by hand, and two
daemons whose key is changed while they run.

Debian's keepalived 2.2.7 does not know them.
"""

from __future__ import annotations

import hmac
import re
import struct
import time
from dataclasses import replace
from ipaddress import ip_address

import pytest

from netnslab import Host, Lab, wait_until
from pyvrrp import StateName
from pyvrrp.core.authentication import HmacKey, HmacSettings
from tests.netns.interop.routers import OURS, Instance, Keepalived
from tests.netns.interop.witness import Witness
from tests.netns.wire.checks import errors
from tests.netns.wire.frames import Advert, Packet, frame, ones_complement
from tests.netns.wire.rig import Device, Wire, settings

pytest_plugins = ["tests.netns.wire.fixtures"]

_KEY = b"0123456789abcdef0123456789abcdef"
_TESTER = {4: "192.0.2.200", 6: "fe80::200"}
_LISTS = {4: ("192.0.2.100",), 6: ("fe80::100", "2001:db8::100")}


def _signature(message: bytes, source: str, head: bytes) -> bytes:
    address = ip_address(source)
    pseudo = bytes((address.version, message[0] >> 4, message[1], 0)) + address.packed.ljust(
        16, b"\0"
    )
    signed = pseudo + message[:6] + b"\0\0" + message[8:] + head + bytes(16)
    return hmac.new(_KEY, signed, "sha256").digest()[:16]


def _signed(family: int, moment: float, counter: int = 0, vrid: int = 51) -> bytes:
    """A frame of the tester's, signed at that moment."""
    source, group = _TESTER[family], {4: "224.0.0.18", 6: "ff02::12"}[family]
    advert = Advert(vrid, addresses=_LISTS[family])
    message = advert.message(source, group)
    head = struct.pack("!BBHIHH", 1, 1, 0, int(moment), int(moment % 1 * 65536), counter)
    trailer = head + _signature(message, source, head)
    if family == 6:  # its checksum covers the trailer
        return frame(replace(advert, trailer=trailer), Packet(source))
    return Packet(source).wrap(message + trailer)


@pytest.mark.parametrize("family", [4, 6])
def test_the_wire(device: Device, wire: Wire, family: int) -> None:
    """What leaves is signed, growing; what comes is believed once, and not without a signature."""
    keys = HmacSettings((HmacKey(1, _KEY),), active_key=1, time_window=60)
    router = device.active(settings(family=family, priority=200, hmac=keys))
    sent = wire.wait_adverts(3, family=family, start=0)
    size = 8 + (4 if family == 4 else 16) * len(_LISTS[family])
    sequences = []
    for heard in sent:
        message, trailer = heard.message[:size], heard.message[size:]
        kind, key, zero, seconds, rest = struct.unpack_from("!BBHII", trailer)
        assert (len(trailer), kind, key, zero) == (28, 1, 1, 0)
        assert abs(seconds - time.time()) < 30
        assert trailer[12:] == _signature(message, heard.source, trailer[:12])
        sequences.append(seconds << 32 | rest)
        if family == 6:
            pseudo = ip_address(heard.source).packed + ip_address("ff02::12").packed
            pseudo += struct.pack("!I3xB", len(heard.message), 112)
            assert ones_complement(pseudo + heard.message) == 0
    assert sequences == sorted(set(sequences))

    wire.send(frame(Advert(addresses=_LISTS[family]), Packet(_TESTER[family])))
    good = _signed(family, time.time())
    wire.send(good[:-1] + bytes((good[-1] ^ 1,)) if family == 4 else _signed(family, 0))
    assert device.call(lambda: router.is_active)
    wire.send(good)
    device.wait_state(router, StateName.BACKUP)
    wire.send(good)
    wire.send(_signed(family, time.time() + 1))
    wait_until(
        lambda: device.counters(router).advertisements_received == 2,
        what="the second good one",
        timeout=10,
    )
    refused = "signature-invalid" if family == 4 else "signature-stale"
    assert errors(device.counters(router)) == {
        "signature-missing": 1,
        refused: 1,
        "signature-replayed": 1,
    }
    wire.send(_signed(family, time.time() + 2))  # the same but for what vouches for it
    wait_until(
        lambda: device.counters(router).advertisements_received == 3,
        what="a repeat, checked",
        timeout=10,
    )


_INSTANCE = Instance(51, ("192.0.2.100/24",))
_SECRETS = {1: _KEY.decode(), 2: f"hex:{'ab' * 40}", 3: "file:key3"}


def _having(host: Keepalived, keys: tuple[int, ...], active: int, priority: int) -> Instance:
    secrets = {**_SECRETS, 3: f"file:{host.configuration.with_name('key3')}"}
    lines = [f"key {id} {secrets[id]}" for id in keys]
    block = ("auth_hmac {", *lines, f"active_key {active}", "}")
    return replace(_INSTANCE, priority=priority, more=block)


@pytest.mark.slow
def test_keys_are_changed_while_routers_run(lab: Lab) -> None:
    """New keys are told to both, then used by one after the other: each time one is still Active.

    After 5 Advertisements that it did not believe the other would be too.
    """
    lan = lab.bridge("lan")
    daemons = []
    for number in (1, 2):
        host = lab.host(f"r{number}")
        host.connect(lan, addresses=[f"192.0.2.{number}/24"])
        daemons.append(Keepalived(host, OURS))
        path = daemons[-1].configuration.with_name("key3")
        path.write_text("third key of 32 octets or more...\n")
        path.chmod(0o600)
    first, second = daemons
    with Witness(lab) as witness:
        first.start([_having(first, (1,), 1, 200)])
        second.start([_having(second, (1,), 1, 100)])
        witness.wait_sole_active("r1", [_INSTANCE], 0.0)
        for keys, one, other in (
            ((1, 2, 3), 1, 1),
            ((1, 2, 3), 3, 1),
            ((1, 2, 3), 3, 3),
            ((2, 3), 2, 3),
        ):
            for daemon, active, priority in ((second, other, 100), (first, one, 200)):
                mark = daemon.process.log.read_text().count("reload: ")
                daemon.write([_having(daemon, keys, active, priority)])
                daemon.reload()
                wait_until(
                    lambda d=daemon, m=mark: d.process.log.read_text().count("reload: ") > m,
                    what="the reload",
                    timeout=15,
                )
            witness.wait_adverts(_INSTANCE, "r1", 5, witness.now())
            witness.wait_sole_active("r1", [_INSTANCE], witness.now())
        assert all(_KEY.decode() not in daemon.process.log.read_text() for daemon in daemons)
        stopped = witness.now()
        first.stop()
        witness.wait_sole_active("r2", [_INSTANCE], stopped)


_WORDS = {61: "mode receive-only", 62: "mode permissive", 63: "", 64: "anti_replay monotonic"}
_WORDS[65] = "time_window 300"


def test_words(cable: tuple[Host, Host], wire: Wire) -> None:
    """Who signs; who believes what is not signed, or was signed some minutes ago."""
    daemon = Keepalived(cable[0], OURS)
    key = (f"key 1 {_KEY.decode()}", "active_key 1")
    daemon.start(
        Instance(vrid, (f"10.0.0.{vrid}/32",), more=("auth_hmac {", *key, word, "}"))
        for vrid, word in _WORDS.items()
    )

    def states(vrid: int) -> list[str]:
        return re.findall(rf"\(vr{vrid}_4\) Entering (\w+) STATE", daemon.process.output())

    sizes = {vrid: len(wire.wait_advert(vrid, timeout=20).message) for vrid in _WORDS}
    assert sizes == {61: 12, 62: 40, 63: 40, 64: 40, 65: 40}
    old = time.time() - 200
    for vrid in (63, 62):
        wire.send(frame(Advert(vrid, addresses=("192.0.2.100",)), Packet(_TESTER[4])))
    for vrid in (63, 64, 65):
        wire.send(_signed(4, old, vrid=vrid))
    for vrid in (62, 64, 65):
        wait_until(lambda v=vrid: states(v)[1:3] == ["MASTER", "BACKUP"], what="yields", timeout=20)
    assert states(63) == ["BACKUP", "MASTER"]
    daemon.stop()
