"""Many VRRP Routers on fake LANs under a virtual clock.

A frame is real wire bytes: `packet.encode` makes it, `receive.admit` judges it at each receiver,
and `machine.transition` gets what was let through. The network loses, delays, reorders and
duplicates it; nodes stall, crash, restart and are reconfigured. `watch.Watch` checks every step.

Time is seconds and starts at an odd number, so that nothing depends on a clock starting at 0.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from pyvrrp.core.actions import Announce, RequestPromotion, SendAdvertisement
from pyvrrp.core.events import (
    AdvertisementReceived,
    Event,
    InitializeReason,
    Reconfigured,
    Shutdown,
    Startup,
    Tick,
)
from pyvrrp.core.machine import Active, Initialize, State, deadline, transition
from pyvrrp.core.model import VirtualRouterConfig
from pyvrrp.core.packet import IpFacts, PacketError, encode
from pyvrrp.core.receive import Admitted, admit
from pyvrrp.core.sync_group import consequences, standing
from tests.sim.watch import Watch

TICK = Tick()


@dataclass(frozen=True)
class Frame:
    """A message under way, with what the IP header says of it."""

    message: bytes
    ip: IpFacts


@dataclass(eq=False)
class Node:
    """One Virtual Router on one host. A host's members of a sync group share `group`."""

    name: str
    cfg: VirtualRouterConfig
    watch: Watch
    link: int = 0
    state: State = field(default_factory=Initialize)
    is_up: bool = False
    segment: int = 0
    stalled_until: float = 0.0
    backlog: list[Frame] = field(default_factory=list)
    group: dict[str, Node] = field(default_factory=dict)
    accepted: tuple[Frame, VirtualRouterConfig, Admitted] | None = None
    armed_for: float = -1.0

    @property
    def is_active(self) -> bool:
        return isinstance(self.state, Active)


@dataclass
class Air:
    """What the network does to a frame: chances per receiver, delays in seconds."""

    loss: float = 0.0
    duplication: float = 0.0
    shortest: float = 0.0001
    longest: float = 0.0002


class World:
    """Nodes, the network between them, and the heap of what happens next."""

    def __init__(self, random: Random, lateness: float) -> None:
        self.random = random
        self.now = 1000.125
        self.lateness = lateness
        self.air = Air()
        self.nodes: list[Node] = []
        self.announcements: list[tuple[float, Node]] = []
        self.refused = 0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._sequence = 0

    # The clock.

    def at(self, when: float, call: Callable[..., None], *args: Any) -> None:
        self._sequence += 1
        heapq.heappush(self._heap, (when, self._sequence, call, args))

    def run_until(self, end: float, check: Callable[[], None] | None = None) -> None:
        """Let everything happen up to `end`; `check` is called after each happening."""
        heap = self._heap
        while heap and heap[0][0] <= end:
            self.now, _, call, args = heapq.heappop(heap)
            call(*args)
            if check is not None:
                check()
        self.now = end

    # A node's life.

    def start(self, node: Node) -> None:
        if not node.is_up:
            node.is_up = True
            self.feed(node, Startup())

    def stop(self, node: Node, reason: InitializeReason = InitializeReason.STOPPED) -> None:
        if node.is_up:
            self.feed(node, Shutdown(reason))
            node.is_up = False

    def crash(self, node: Node) -> None:
        """Gone without a word; what it knew is lost."""
        node.is_up = False
        node.state = Initialize()
        node.backlog.clear()
        node.stalled_until = 0.0
        node.watch.forget(self.now)

    def stall(self, node: Node, length: float) -> None:
        """The process gets no CPU: what arrives waits, timers pass unnoticed."""
        if node.is_up:
            node.stalled_until = max(node.stalled_until, self.now + length)
            self.at(node.stalled_until, self._wake, node)

    def reconfigure(self, node: Node, **changes: Any) -> None:
        previous, node.cfg = node.cfg, replace(node.cfg, **changes)
        if node.is_up:
            self.feed(node, Reconfigured(previous))

    # Steps.

    def feed(self, node: Node, event: Event) -> None:
        """One step of a machine, its actions, and what follows for its sync group."""
        before = node.state
        node.state, actions = transition(node.cfg, before, event, self.now)
        node.watch.step(node.cfg, before, event, node.state, actions, self.now)
        for action in actions:
            if isinstance(action, SendAdvertisement):
                self._send(node, action.priority)
            elif isinstance(action, Announce):
                self.announcements.append((self.now, node))
        self._arm(node)
        if node.group and (
            standing(before) is not standing(node.state) or RequestPromotion() in actions
        ):
            standings = {name: standing(member.state) for name, member in node.group.items()}
            for name, consequence in consequences(standings, node.name):
                self.feed(node.group[name], consequence)

    def _arm(self, node: Node) -> None:
        due = deadline(node.state)
        if due != node.armed_for and due != float("inf"):
            node.armed_for = due
            late = self.random.random() * self.lateness
            self.at(max(due, self.now) + late, self._timer, node, due)

    def _timer(self, node: Node, due: float) -> None:
        if node.armed_for == due:
            node.armed_for = -1.0
        if not node.is_up or node.stalled_until > self.now:
            return
        self.feed(node, TICK)

    def tick_early(self, node: Node) -> None:
        """A timer that fires for no reason; the watch sees that nothing comes of it."""
        if node.is_up and node.stalled_until <= self.now:
            self.feed(node, TICK)

    def _wake(self, node: Node) -> None:
        """Back after a stall: what waited is read first, then the timer is looked at."""
        if not node.is_up or node.stalled_until > self.now:
            return
        node.watch.woke(self.now)
        backlog, node.backlog = node.backlog, []
        for frame in backlog:
            self._receive(node, frame)
        self.feed(node, TICK)

    # The network.

    def _send(self, node: Node, priority: int) -> None:
        destination = node.cfg.destination_group
        message = encode(node.cfg, priority, destination)
        frame = Frame(message, IpFacts(node.cfg.source, destination, 255))
        for other in self.nodes:
            if other.link == node.link and other.segment == node.segment and other is not node:
                self._carry(frame, other)

    def _carry(self, frame: Frame, receiver: Node) -> None:
        air, random = self.air, self.random
        if air.loss and random.random() < air.loss:
            return
        copies = 2 if air.duplication and random.random() < air.duplication else 1
        for _ in range(copies):
            delay = air.shortest + random.random() * (air.longest - air.shortest)
            self.at(self.now + delay, self.arrive, receiver, frame)

    def arrive(self, node: Node, frame: Frame) -> None:
        if not node.is_up:
            return
        if node.stalled_until > self.now:
            node.backlog.append(frame)
        else:
            self._receive(node, frame)

    def _receive(self, node: Node, frame: Frame) -> None:
        last = node.accepted
        if last is not None and last[0] == frame and last[1] is node.cfg:
            admitted = last[2]
        else:
            try:
                admitted = admit(node.cfg, frame.message, frame.ip)
            except PacketError:
                self.refused += 1
                return
            node.accepted = (frame, node.cfg, admitted)
        self.feed(node, AdvertisementReceived(admitted.advertisement))

    def inject(self, node: Node, frame: Frame) -> None:
        """A frame that must be refused: the state, timers and all, stays the same object."""
        if not node.is_up:
            return
        before, refused = node.state, self.refused
        self._receive(node, frame)
        assert self.refused == refused + 1, f"{node.name} let {frame} through"
        assert node.state is before

    def active(self, nodes: Iterable[Node]) -> list[Node]:
        return [n for n in nodes if n.is_up and n.is_active]
