"""Every BFD session of a host on one event loop.

A packet that says who it is for, by Your Discriminator, is for that session; another one is for the
session with its sender (RFC 5880 §6.8.6). Neighbours repeat themselves a hundred times a second, so
a datagram equal to the last one of a session that is up, in its octets and in what its IP header
said, is only noted with its time.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from random import Random

from ..deadlines import Deadlines
from .core.actions import Action, ReachabilityChanged
from .core.packet import ControlPacket, DiscardReason, PacketError, decode
from .neighbor import Neighbor
from .settings import Address, BfdSettings
from .snapshot import SessionSnapshot
from .sockets import MULTIHOP_PORT, PORT, Arrival, BfdSocketError, Datagram, Receiver

__all__ = ["Speaker"]

logger = logging.getLogger(__name__)

_YOURS = slice(8, 12)
"""Your Discriminator, in a packet."""
_AT_ONCE = 64
"""Datagrams of one socket before the loop gets its turn."""
_RETRY = 10.0
"""Seconds until a port that could not be had is tried again."""


class Speaker:
    """Made inside the running loop. Callbacks run on it and must not wait.

    Raises: TimerError when the kernel gives no timer.
    """

    def __init__(
        self,
        on_reachable: Callable[[str, bool], None],
        on_action: Callable[[str, Action], None] = lambda name, action: None,
        random: Random | None = None,
    ) -> None:
        """`on_reachable` is told first, and at once, of sessions that go up or down; a new session
        counts as down. `on_action` gets all actions but those, for a log."""
        self.discards: Counter[DiscardReason] = Counter()
        self._on_reachable = on_reachable
        self._on_log = on_action
        self._random = random or Random()
        self._loop = asyncio.get_running_loop()
        self._deadlines = Deadlines(self._loop, self._read_all)
        self._neighbors: dict[str, Neighbor] = {}
        self._by_discriminator: dict[int, Neighbor] = {}
        self._by_address: dict[tuple[Address, bool], list[Neighbor]] = {}
        self._receivers: dict[tuple[int, int], Receiver] = {}
        self._retry: asyncio.TimerHandle | None = None

    @property
    def neighbors(self) -> Iterator[Neighbor]:
        """All sessions, in the order they were asked for, up to date."""
        for neighbor in list(self._neighbors.values()):
            neighbor.note_routine()
            yield neighbor

    def use(self, wanted: Iterable[BfdSettings]) -> None:
        """Have exactly these sessions; one of the same name and path goes on as it is.

        Raises: ValueError when two have the same name or path.
        """
        settings = tuple(wanted)
        for what in ({s.name for s in settings}, {s.path for s in settings}):
            if len(what) != len(settings):
                raise ValueError("two BFD sessions with the same name, or with the same path")
        former, self._neighbors = self._neighbors, {}
        self._by_address.clear()
        now = self._loop.time()
        for each in settings:
            neighbor = former.get(each.name)
            if neighbor is not None and neighbor.settings.path == each.path:
                del former[each.name]
                self._add(neighbor, each)
                neighbor.take_over(each, now)
            else:
                self._add(self._begin(each, now), each)
        for name, neighbor in former.items():
            self._drop(name, neighbor)
        self._listen()
        for neighbor in self._neighbors.values():
            self._deadlines.watch(neighbor)

    def snapshots(self) -> Iterator[SessionSnapshot]:
        """What each session is, made when it is asked for."""
        return (neighbor.snapshot(self._loop.time()) for neighbor in self.neighbors)

    def close(self) -> None:
        """Fall silent."""
        self._deadlines.close()
        if self._retry is not None:
            self._retry.cancel()
        for receiver in self._receivers.values():
            self._loop.remove_reader(receiver.fileno())
            receiver.close()
        self._receivers.clear()
        for neighbor in self._neighbors.values():
            neighbor.close()
        self._neighbors.clear()

    def _begin(self, settings: BfdSettings, now: float) -> Neighbor:
        discriminator = 0
        while not discriminator or discriminator in self._by_discriminator:
            discriminator = self._random.getrandbits(32)
        return Neighbor(
            settings,
            discriminator,
            now,
            on_action=self._on_action,
            look_again=self._read_all,
            random=self._random,
        )

    def _add(self, neighbor: Neighbor, settings: BfdSettings) -> None:
        self._neighbors[settings.name] = neighbor
        self._by_discriminator[neighbor.session.discriminator] = neighbor
        key = (_without_scope(settings.neighbor), settings.is_multihop)
        self._by_address.setdefault(key, []).append(neighbor)

    def _drop(self, name: str, neighbor: Neighbor) -> None:
        self._deadlines.forget(neighbor)
        del self._by_discriminator[neighbor.session.discriminator]
        neighbor.close()
        if neighbor.session.is_reachable and name in self._neighbors:
            self._on_reachable(name, False)  # its path is another one now

    # Hearing.

    def _listen(self) -> None:
        """Open the ports that sessions need, and close the others."""
        needed = {_port(n.settings) for n in self._neighbors.values()}
        for key in self._receivers.keys() - needed:
            receiver = self._receivers.pop(key)
            self._loop.remove_reader(receiver.fileno())
            receiver.close()
        now, failed = self._loop.time(), False
        for key in needed - self._receivers.keys():
            try:
                receiver = self._receivers[key] = Receiver(*key)
            except BfdSocketError as error:
                logger.error("%s; tried again in %g s", error, _RETRY)
                failed = True
            else:
                self._loop.add_reader(receiver.fileno(), self._read, receiver)
        if self._retry is not None:
            self._retry.cancel()
        self._retry = self._loop.call_at(now + _RETRY, self._listen) if failed else None

    def _read_all(self) -> None:
        for receiver in self._receivers.values():
            self._read(receiver)

    def _read(self, receiver: Receiver) -> None:
        now = self._loop.time()
        for _ in range(_AT_ONCE):
            datagram = receiver.read()
            if datagram is None:
                return
            neighbor = self._by_discriminator.get(int.from_bytes(datagram[0][_YOURS], "big"))
            if neighbor is not None and neighbor.routine == datagram:
                neighbor.heard(now)
            else:
                self._examine(receiver, datagram, now)

    def _examine(self, receiver: Receiver, datagram: Datagram, now: float) -> None:
        arrival = receiver.arrival(datagram)
        try:
            packet = decode(datagram[0])
            neighbor = self._whose(packet, arrival, receiver.port == MULTIHOP_PORT)
        except PacketError as error:
            self.discards[error.reason] += 1
            logger.debug("packet from %s discarded, %s", arrival.source, error)
            return
        neighbor.hear(datagram, packet, now)
        self._deadlines.watch(neighbor)

    def _whose(self, packet: ControlPacket, arrival: Arrival, is_multihop: bool) -> Neighbor:
        """Raises: PacketError."""
        if packet.your_discriminator:
            neighbor = self._by_discriminator.get(packet.your_discriminator)
            if neighbor is not None and neighbor.settings.is_multihop is not is_multihop:
                neighbor = None
        else:
            candidates = self._by_address.get((arrival.source, is_multihop), ())
            neighbor = next((n for n in candidates if _is_between(n.settings, arrival)), None)
        if neighbor is None:
            detail = f"Your Discriminator is {packet.your_discriminator:#x}"
            raise PacketError(DiscardReason.NO_SESSION, detail)
        if not neighbor.settings.is_near(arrival.ttl):
            raise PacketError(DiscardReason.TTL, f"TTL or hop limit {arrival.ttl}")
        return neighbor

    def _on_action(self, neighbor: Neighbor, action: Action) -> None:
        if isinstance(action, ReachabilityChanged):
            self._on_reachable(neighbor.settings.name, action.is_reachable)
        else:
            self._on_log(neighbor.settings.name, action)


def _port(settings: BfdSettings) -> tuple[int, int]:
    """IP version and port."""
    return settings.neighbor.version, MULTIHOP_PORT if settings.is_multihop else PORT


def _without_scope(address: Address) -> Address:
    return type(address)(address.packed)


def _is_between(settings: BfdSettings, arrival: Arrival) -> bool:
    """Whether a packet without discriminator came to the session's own end of its path."""
    source, scope = settings.source, getattr(settings.neighbor, "scope_id", None)
    if source is not None and _without_scope(source) != arrival.destination:
        return False
    return scope is None or scope == _name_of(arrival.interface)


def _name_of(interface: int) -> str | None:
    try:
        return socket.if_indextoname(interface)
    except OSError:
        return None
