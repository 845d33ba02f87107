"""What the words of bfd_instance and track_bfd do, by both daemons: packets of BFD, and priorities.

A talker has an address for each session. It answers, or not, with packets of a chosen TTL; what it
hears tells what the words did. Its own intervals keep a session up for minutes once it is up.
"""

from __future__ import annotations

import re
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from netnslab import DeadlinePassed, Host, Lab, wait_until
from tests.netns.interop.routers import OURS, THEIRS, Instance, Keepalived
from tests.netns.interop.witness import Witness

pytestmark = pytest.mark.slow

_PACKET = struct.Struct("!BBBBIIIII")
_DOWN, _INIT, _UP = 1, 2, 3
_ANSWERS = {_DOWN: _INIT, _INIT: _UP, _UP: _UP}
_IP_TTL, _IP_PKTINFO, _IP_RECVTTL = 2, 8, 12
_IPV6_PKTINFO, _IPV6_HOPLIMIT = 50, 52


class Heard(NamedTuple):
    """Of the last packet of a session. Intervals are milliseconds."""

    state: int = _DOWN
    source: str = "10.1.0.1"
    port: int = 3784
    ttl: int = 255
    multiplier: int = 5
    min_tx: int = 1000
    min_rx: int = 10


class Session(NamedTuple):
    """What is written, the TTL of answers to it, if there are any, and what is heard in the end."""

    words: str
    answers: int | None
    heard: Heard


_IS_UP = Heard(_UP, min_tx=10)
_IPV6 = Heard(source="2001:db8::1", ttl=64)
_SESSIONS: dict[str, Session] = {
    "plain": Session("neighbor_ip ADDRESS", None, Heard()),
    "up": Session("neighbor_ip ADDRESS", 255, _IS_UP),
    "british": Session("neighbour_ip ADDRESS", 255, _IS_UP),
    "source": Session("neighbor_ip ADDRESS\nsource_ip 10.1.0.2", None, Heard(source="10.1.0.2")),
    "min_tx": Session("neighbor_ip ADDRESS\nmin_tx 150", 255, Heard(_UP, min_tx=150)),
    "min_rx": Session("neighbor_ip ADDRESS\nmin_rx 130", 255, Heard(_UP, min_tx=10, min_rx=130)),
    "times": Session("neighbor_ip ADDRESS\nmultiplier 7", None, Heard(multiplier=7)),
    "idle": Session("neighbor_ip ADDRESS\nidle_tx 1500", None, Heard(min_tx=1500)),
    "ttl": Session("neighbor_ip ADDRESS\nttl 77", None, Heard(ttl=77)),
    "next": Session("neighbor_ip ADDRESS", 254, Heard()),
    "hops": Session("neighbor_ip ADDRESS\nmax_hops 5", 250, _IS_UP),
    "far": Session("neighbor_ip ADDRESS\nmax_hops 5", 249, Heard()),
    "anywhere": Session("neighbor_ip ADDRESS\nmax_hops -1", 1, _IS_UP),
    "multihop": Session("neighbor_ip ADDRESS\nmultihop on", 255, _IS_UP._replace(port=4784)),
    "passive": Session("neighbor_ip ADDRESS\npassive", 255, _IS_UP),
    "heavy": Session("neighbor_ip ADDRESS\nweight 9", 255, _IS_UP),
    "backward": Session("neighbor_ip ADDRESS\nweight 9 reverse", 255, _IS_UP),
    "vrrp": Session("neighbor_ip ADDRESS\nvrrp", 255, _IS_UP),
    "checker": Session("neighbor_ip ADDRESS\nchecker", 255, _IS_UP),
    "plain6": Session("neighbor_ip SIX", None, _IPV6),
    "limit6": Session("neighbor_ip SIX\nhoplimit 77", None, _IPV6._replace(ttl=77)),
}
_HEARD = {name: session.heard for name, session in _SESSIONS.items()}
_HEARD_OF = {OURS: _HEARD, THEIRS: _HEARD | {"multihop": _IS_UP}}
"""2.2.7 does not know multihop."""
_PRIORITIES = {
    "up": 100,
    "up weight 20": 120,
    "up weight -20": 100,
    "up weight 20 reverse": 80,
    "plain weight 20": 100,
    "plain weight -20": 80,
    "plain weight -20 reverse": 120,
    "heavy": 109,
    "backward": 91,
    "backward weight 9 noreverse": 109,
    "vrrp weight 20": 120,
    "checker weight 20": 100,
}


def _addresses(name: str) -> tuple[str, str]:
    number = list(_SESSIONS).index(name) + 10
    return f"10.1.0.{number}", f"2001:db8::{number}"


def _block(name: str) -> str:
    four, six = _addresses(name)
    words = _SESSIONS[name].words.replace("ADDRESS", four).replace("SIX", six)
    return f"bfd_instance {name} {{\n{words}\n}}\n"


_BLOCKS = "".join(map(_block, _SESSIONS))
_ROWS = {
    entry: Instance(
        vrid, (f"198.51.100.{vrid}/32",), interval=0.3, more=("track_bfd {", entry, "}")
    )
    for vrid, entry in enumerate(_PRIORITIES, 1)
}


class Talker:
    """The other end of all sessions."""

    def __init__(self, host: Host) -> None:
        self.heard: dict[str, Heard] = {}
        self.counts: Counter[str] = Counter()
        self._names = {address: name for name in _SESSIONS for address in _addresses(name)}
        with host.entered():
            self._sockets = [
                (_receiver(family, port), port)
                for family in (socket.AF_INET, socket.AF_INET6)
                for port in (3784, 4784)
            ]
            self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._sender.bind(("", 49200))

    def listen(self) -> None:
        """Hear all that came, and answer it."""
        for receiver, port in self._sockets:
            with suppress(BlockingIOError):
                while True:
                    self._hear(port, *receiver.recvmsg(100, 200))

    def speak(self, name: str, state: int = _DOWN, yours: int = 0, port: int = 3784) -> None:
        """Send a packet of a session, over IPv4."""
        address, ttl = _addresses(name)[0], _SESSIONS[name].answers
        mine = int(address.rpartition(".")[2])
        packet = _PACKET.pack(0x20, state << 6, 255, 24, mine, yours, 1000000, 500000, 0)
        source = struct.pack("=i4s4s", 0, socket.inet_aton(address), bytes(4))
        options = [(0, _IP_PKTINFO, source), (0, _IP_TTL, struct.pack("=i", ttl))]
        self._sender.sendmsg([packet], options, 0, ("10.1.0.1", port))

    def close(self) -> None:
        """Fall silent."""
        for receiver, _ in self._sockets:
            receiver.close()
        self._sender.close()

    def _hear(
        self, port: int, octets: bytes, said: list[tuple[int, int, bytes]], _: int, of: tuple[str]
    ) -> None:
        options = {(level, kind): data for level, kind, data in said}
        if (0, _IP_PKTINFO) in options:
            ttl = options[0, _IP_TTL]
            to = socket.inet_ntop(socket.AF_INET, options[0, _IP_PKTINFO][8:12])
        else:
            ttl = options[socket.IPPROTO_IPV6, _IPV6_HOPLIMIT]
            to = socket.inet_ntop(socket.AF_INET6, options[socket.IPPROTO_IPV6, _IPV6_PKTINFO][:16])
        flags, times, _, disc, _, tx, rx, _ = _PACKET.unpack(octets)[1:]
        name, state = self._names[to], flags >> 6
        self.counts[name] += 1
        self.heard[name] = Heard(
            state, of[0], port, struct.unpack("=i", ttl)[0], times, tx // 1000, rx // 1000
        )
        if _SESSIONS[name].answers is not None:
            self.speak(name, _ANSWERS[state], disc, port)


def _receiver(family: int, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    if family == socket.AF_INET:
        for option in (_IP_RECVTTL, _IP_PKTINFO):
            made.setsockopt(socket.IPPROTO_IP, option, 1)
    else:
        for option in (socket.IPV6_V6ONLY, socket.IPV6_RECVHOPLIMIT, socket.IPV6_RECVPKTINFO):
            made.setsockopt(socket.IPPROTO_IPV6, option, 1)
    made.bind(("", port))
    return made


@pytest.fixture
def router(lab: Lab) -> Host:
    host = lab.host("r")
    host.connect(lab.bridge("lan"), addresses=["192.0.2.1/24"])
    host.connect(
        lab.bridge("up"), "eth1", addresses=["10.1.0.1/24", "10.1.0.2/24", "2001:db8::1/64"]
    )
    return host


@pytest.fixture
def talker(lab: Lab, router: Host) -> Iterator[Talker]:
    host = lab.host("talker")
    addresses = [_addresses(name) for name in _SESSIONS]
    more = [f"{six}/64" for name, (_, six) in zip(_SESSIONS, addresses, strict=True) if "6" in name]
    host.connect(lab.bridges["up"], addresses=[*(f"{four}/24" for four, _ in addresses), *more])
    made = Talker(host)
    yield made
    made.close()


def _has_heard(talker: Talker, count: int) -> bool:
    talker.listen()
    return all(talker.counts[name] >= count for name in _SESSIONS if name != "passive")


def _sessions(talker: Talker) -> dict[str, Heard]:
    talker.listen()
    return talker.heard


def _priorities(talker: Talker, witness: Witness) -> dict[str, int]:
    """The last of each row."""
    talker.listen()
    adverts = {entry: witness.adverts(instance) for entry, instance in _ROWS.items()}
    return {entry: heard[-1][1].priority for entry, heard in adverts.items() if heard}


def _wait_equal(look: Callable[[], object], expected: object) -> None:
    with suppress(DeadlinePassed):
        wait_until(lambda: look() == expected, what="all of it", timeout=30)
    assert look() == expected


@pytest.mark.parametrize("program", [OURS, THEIRS], ids=["ours", "keepalived"])
def test_sessions_are_as_it_is_written(
    lab: Lab, router: Host, talker: Talker, program: Path
) -> None:
    daemon = Keepalived(router, program)
    with Witness(lab) as witness:
        daemon.begin(_ROWS.values(), _BLOCKS)
        wait_until(partial(_has_heard, talker, 2), what="two packets of each", timeout=30)
        assert talker.counts["passive"] == 0
        talker.speak("passive")
        _wait_equal(partial(_sessions, talker), _HEARD_OF[program])
        _wait_equal(partial(_priorities, talker, witness), _PRIORITIES)
        daemon.stop()


_CHECKS = """
virtual_server 192.0.2.80 80 {
    lvs_sched rr
    real_server 192.0.2.81 80 {
        BFD_CHECK {
            name vrrp
        }
    }
    real_server 192.0.2.82 80 {
        BFD_CHECK {
            name checker
        }
    }
}
"""


@pytest.mark.parametrize(
    ("program", "complaint"),
    [
        pytest.param(OURS, r"bfd_instance '(\w+)' is only for VRRP", id="ours"),
        pytest.param(THEIRS, r"BFD (\w+) not configured", id="keepalived"),
    ],
)
def test_no_check_has_a_session_that_is_for_vrrp(
    router: Host, program: Path, complaint: str
) -> None:
    path = router.directory / "keepalived.conf"
    path.write_text(_block("vrrp") + _block("checker") + _CHECKS)
    found = router.run([str(program), "-t", "-f", str(path)], check=False)
    assert (re.findall(complaint, found.stderr), found.returncode) == (["vrrp"], 5)
