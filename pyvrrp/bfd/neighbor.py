"""One session at the edge: feeds the core, sends what it wants sent, passes on what it tells."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from math import inf
from random import Random
from typing import TypeAlias

from .core.actions import Action, Send
from .core.events import Event, PacketReceived, Reconfigured, Tick
from .core.packet import ControlPacket, encode
from .core.session import begin, deadline, heard_again, is_routine, transition
from .settings import BfdSettings
from .snapshot import SessionSnapshot
from .sockets import Datagram, Sender

__all__ = ["Neighbor", "OnAction"]

logger = logging.getLogger(__name__)

OnAction: TypeAlias = "Callable[[Neighbor, Action], None]"


class Neighbor:
    """Somebody with a deadline, for `Deadlines`."""

    def __init__(
        self,
        settings: BfdSettings,
        discriminator: int,
        now: float,
        *,
        on_action: OnAction,
        look_again: Callable[[], object],
        random: Random,
    ) -> None:
        """`look_again` reads what has arrived already; it is asked before a session is given up."""
        self.settings = settings
        self.session = begin(settings.protocol, discriminator, now)
        self.queued_at = inf
        self.routine: Datagram | None = None
        """Equal ones only prove that the neighbour is there; `heard` says so."""
        self.send_error = ""
        """Why the last packet could not be sent; empty when it could."""
        self._routine_at = -inf
        self._on_action = on_action
        self._look_again = look_again
        self._random = random
        self._sender = Sender(settings, random)

    @property
    def deadline(self) -> float:
        """When to be woken."""
        return deadline(self.session)

    def wake(self, now: float) -> None:
        """The deadline has come. When we are late, the neighbour's packets may be waiting."""
        self.note_routine()
        if now >= self.session.silent_at:
            self._look_again()
        self._feed(Tick(), now)

    def heard(self, now: float) -> None:
        """The routine datagram came again."""
        self._routine_at = now

    def hear(self, datagram: Datagram, packet: ControlPacket, now: float) -> None:
        """A packet for this session, from near enough."""
        self._feed(PacketReceived(packet), now)
        self.routine = datagram if is_routine(self.session, packet) else None

    def take_over(self, settings: BfdSettings, now: float) -> None:
        """Go on with other settings for the same path."""
        if settings.ttl != self.settings.ttl:
            self._sender.close()
            self._sender = Sender(settings, self._random)
        self.settings = settings
        self._feed(Reconfigured(), now)

    def close(self) -> None:
        """Fall silent; the neighbour finds out by itself, as keepalived has it."""
        self._sender.close()

    def snapshot(self, now: float) -> SessionSnapshot:
        """What it is; `now` is the loop's time."""
        self.note_routine()
        silence = now - self.session.heard_at
        heard_at = time.time() - silence if silence < inf else None
        return SessionSnapshot(self.settings, self.session, heard_at, bool(self.send_error))

    def note_routine(self) -> None:
        """Bring the session up to date with what came again since."""
        if self._routine_at > self.session.heard_at:
            self.session = heard_again(self.session, self._routine_at)

    def _feed(self, event: Event, now: float) -> None:
        self.note_routine()
        before = self.session.state
        self.session, actions = transition(
            self.settings.protocol, self.session, event, now, self._random.random()
        )
        if self.session.state is not before:
            self.routine = None
        for action in actions:
            if isinstance(action, Send):
                self._send(action.packet)
            else:
                self._on_action(self, action)

    def _send(self, packet: ControlPacket) -> None:
        try:
            self._sender.send(encode(packet))
        except OSError as error:
            reason = error.strerror or str(error)
            if reason != self.send_error:
                logger.error("(%s) Error sending packet: %s", self.settings.name, reason)
            self.send_error = reason
        else:
            self.send_error = ""
