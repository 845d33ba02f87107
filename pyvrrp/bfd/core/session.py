"""One BFD session as a value: the state machine of RFC 5880 §6.8, in asynchronous mode.

A session is frozen and carries its two timers, `send_at` for the next periodic packet and
`silent_at` for the end of the neighbour's Detection Time.

What is told to the neighbour and what counts are two things. A longer transmission interval and a
shorter reception interval count only when the neighbour has confirmed them with the F bit; until
then packets carry the P bit (a Poll Sequence, §6.5), and `tx_in_use` and `rx_in_use` hold what
still counts. A change the other way counts at once.

Whatever changes the contents of our packets, the P and F bits apart, is sent at once (§6.8.7;
quirk: bfd-at-once): a handshake takes two round trips, not two seconds, and a neighbour hears of a
failure in time.

Nobody is told that a neighbour is gone because it said AdminDown: that is an order, not a failure
(RFC 5882 §3.2, and what keepalived does).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TypeAlias, assert_never

from .actions import Action, DetectionTimeChanged, Expired, ReachabilityChanged, Send, StateChanged
from .events import Disabled, Enabled, Event, PacketReceived, Reconfigured, Tick
from .model import Diagnostic, SessionConfig, SessionState
from .packet import ControlPacket

__all__ = ["Remote", "Session", "begin", "deadline", "heard_again", "is_routine", "transition"]

_ADMIN_DOWN, _DOWN, _INIT, _UP = SessionState


@dataclass(frozen=True, slots=True)
class Remote:
    """What the neighbour said last (bfd.Remote..., §6.8.1). Intervals are seconds."""

    discriminator: int = 0
    """0: nothing was heard for a Detection Time."""
    state: SessionState = _DOWN
    diagnostic: int = 0
    min_tx: float = 0.0
    min_rx: float = 0.000001
    multiplier: int = 0
    demand: bool = False


_NOBODY = Remote()


@dataclass(frozen=True, slots=True)
class Session:
    """Intervals are seconds, moments are the caller's clock."""

    discriminator: int
    min_tx: float
    """bfd.DesiredMinTxInterval: what we tell."""
    min_rx: float
    """bfd.RequiredMinRxInterval: what we tell."""
    tx_in_use: float
    rx_in_use: float
    send_at: float
    """When the next periodic packet is due; infinity: there are none."""
    state: SessionState = _DOWN
    diagnostic: int = Diagnostic.NONE
    remote: Remote = _NOBODY
    is_reachable: bool = False
    """As those who follow the session were told last."""
    is_polling: bool = False
    polls_again: bool = False
    """The settings changed during a Poll Sequence: another one follows."""
    heard_at: float = -inf
    sent_at: float = -inf

    @property
    def transmit_interval(self) -> float:
        """Between two of our packets, before the jitter (§6.8.7)."""
        return max(self.tx_in_use, self.remote.min_rx)

    @property
    def receive_interval(self) -> float:
        """Between two of the neighbour's packets, at most (§6.8.4)."""
        return max(self.rx_in_use, self.remote.min_tx)

    @property
    def detection_time(self) -> float:
        """How long the neighbour may be silent (§6.8.4)."""
        return self.remote.multiplier * self.receive_interval

    @property
    def silent_at(self) -> float:
        """When it will have been; infinity when there is nobody to wait for."""
        return self.heard_at + self.detection_time if self.remote.discriminator else inf


Step: TypeAlias = tuple[Session, tuple[Action, ...]]

_MOVES = {
    (_DOWN, _DOWN): _INIT,
    (_DOWN, _INIT): _UP,
    (_INIT, _INIT): _UP,
    (_INIT, _UP): _UP,
    (_UP, _DOWN): _DOWN,
    (_INIT, _ADMIN_DOWN): _DOWN,
    (_UP, _ADMIN_DOWN): _DOWN,
}
"""From our state and the one that is heard to the next (§6.8.6); others leave it as it is."""


def begin(cfg: SessionConfig, discriminator: int, now: float) -> Session:
    """A new session; `discriminator` is unique in this system and not 0."""
    idle, rx = cfg.idle_tx, cfg.required_min_rx
    return Session(discriminator, idle, rx, idle, rx, inf if cfg.is_passive else now)


def deadline(session: Session) -> float:
    """The moment a Tick is wanted, in the caller's clock; infinity when none is."""
    send_at, silent_at = session.send_at, session.silent_at
    return send_at if send_at < silent_at else silent_at


def transition(
    cfg: SessionConfig, session: Session, event: Event, now: float, chance: float
) -> Step:
    """The next session, and the actions to carry out in order.

    `chance` is drawn anew for each call, evenly from 0 to 1: it makes the jitter.
    """
    match event:
        case PacketReceived(packet):
            return _hear(cfg, session, packet, now, chance)
        case Tick():
            return _tick(cfg, session, now, chance)
        case Reconfigured():
            return _settle(cfg, session, _reconfigured(cfg, session), now, chance)
        case Disabled():
            disabled = _enter(cfg, session, _ADMIN_DOWN, Diagnostic.ADMIN_DOWN)
            return _settle(cfg, session, disabled, now, chance)
        case Enabled() if session.state is _ADMIN_DOWN:
            return _settle(cfg, session, replace(session, state=_DOWN), now, chance)
        case Enabled():
            return session, ()
        case _:
            assert_never(event)


def is_routine(session: Session, packet: ControlPacket) -> bool:
    """Whether another such packet would do no more than prove that the neighbour is still there."""
    return (
        session.state is _UP
        and packet.state > _DOWN
        and not packet.poll
        and not packet.final
        and session.remote == _remote(packet)
    )


def heard_again(session: Session, now: float) -> Session:
    """What `transition` makes of a packet that `is_routine`."""
    return replace(session, heard_at=now)


def _hear(
    cfg: SessionConfig, session: Session, packet: ControlPacket, now: float, chance: float
) -> Step:
    """§6.8.6, from where the packet is known to be for this session."""
    after = replace(session, remote=_remote(packet), heard_at=now)
    if packet.final and after.is_polling:
        after = _confirmed(after)
    if after.state is _ADMIN_DOWN:
        return _settle(cfg, session, after, now, chance)
    state = _MOVES.get((after.state, packet.state), after.state)
    if state is not after.state:
        reason = Diagnostic.NEIGHBOR_DOWN if state is _DOWN else Diagnostic.NONE
        after = _enter(cfg, after, state, reason)
        if state is _DOWN and packet.state is not _ADMIN_DOWN:
            after = replace(after, is_reachable=False)
    return _settle(cfg, session, after, now, chance, must_answer=packet.poll)


def _remote(packet: ControlPacket) -> Remote:
    return Remote(
        packet.my_discriminator,
        packet.state,
        packet.diagnostic,
        packet.desired_min_tx,
        packet.required_min_rx,
        packet.multiplier,
        packet.demand,
    )


def _confirmed(session: Session) -> Session:
    """The F bit came: the neighbour knows our intervals, unless they changed meanwhile."""
    if session.polls_again:
        return replace(session, polls_again=False)
    return replace(session, tx_in_use=session.min_tx, rx_in_use=session.min_rx, is_polling=False)


def _tick(cfg: SessionConfig, session: Session, now: float, chance: float) -> Step:
    after = _expired(cfg, session) if now >= session.silent_at else session
    return _settle(cfg, session, after, now, chance, is_due=now >= session.send_at)


def _expired(cfg: SessionConfig, session: Session) -> Session:
    """§6.8.4; bfd.RemoteDiscr is forgotten in every state (§6.8.1)."""
    silent = replace(session, remote=replace(session.remote, discriminator=0))
    if session.state not in (_INIT, _UP):
        return silent
    down = _enter(cfg, silent, _DOWN, Diagnostic.TIME_EXPIRED)
    return replace(down, is_reachable=False) if session.state is _UP else down


def _enter(
    cfg: SessionConfig, session: Session, state: SessionState, diagnostic: Diagnostic
) -> Session:
    """Another state. Up begins a Poll Sequence, because its packets come faster (§6.8.3)."""
    is_up = state is _UP
    tx = cfg.desired_min_tx if is_up else cfg.idle_tx
    return replace(
        session,
        state=state,
        diagnostic=diagnostic,
        is_reachable=is_up or session.is_reachable,
        min_tx=tx,
        min_rx=cfg.required_min_rx,
        tx_in_use=tx,
        rx_in_use=cfg.required_min_rx,
        is_polling=is_up and tx != session.min_tx,
        polls_again=False,
    )


def _reconfigured(cfg: SessionConfig, session: Session) -> Session:
    """Other intervals: told at once, in use when that is safe (§6.8.3)."""
    is_up = session.state is _UP
    tx, rx = (cfg.desired_min_tx if is_up else cfg.idle_tx), cfg.required_min_rx
    if (tx, rx) == (session.min_tx, session.min_rx):
        return session
    if not is_up:
        return replace(session, min_tx=tx, min_rx=rx, tx_in_use=tx, rx_in_use=rx)
    return replace(
        session,
        min_tx=tx,
        min_rx=rx,
        tx_in_use=min(tx, session.tx_in_use),
        rx_in_use=max(rx, session.rx_in_use),
        is_polling=True,
        polls_again=session.is_polling,
    )


def _settle(
    cfg: SessionConfig,
    before: Session,
    after: Session,
    now: float,
    chance: float,
    *,
    is_due: bool = False,
    must_answer: bool = False,
) -> Step:
    """What a change leads to: who is told, what is sent, when the next packet is due."""
    told = _news(before, after, now) if before is not after else ()
    may_speak = not cfg.is_passive or after.remote.discriminator != 0
    is_periodic = may_speak and _speaks_periodically(after)
    wants = (is_due and is_periodic) or (may_speak and _says_otherwise(before, after))
    interval = _jittered(after.transmit_interval, cfg.multiplier, chance)
    if must_answer or wants:
        packet = _packet(cfg, after, is_final=must_answer)
        send_at = now + interval if is_periodic else inf
        return replace(after, sent_at=now, send_at=send_at), (*told, Send(packet))
    if not is_periodic:
        send_at = inf
    elif before.send_at == inf or after.transmit_interval < before.transmit_interval:
        send_at = max(now, min(before.send_at, after.sent_at + interval))
    else:
        send_at = before.send_at
    return (after if send_at == after.send_at else replace(after, send_at=send_at)), told


def _news(before: Session, after: Session, now: float) -> tuple[Action, ...]:
    """What others may want to know."""
    news: list[Action] = []
    if after.is_reachable is not before.is_reachable:
        news.append(ReachabilityChanged(after.is_reachable))
    if before.state is _UP and after.diagnostic == Diagnostic.TIME_EXPIRED:
        news.append(Expired(now - before.heard_at, now - before.silent_at))
    if after.state is not before.state:
        remote = after.remote.diagnostic
        news.append(StateChanged(before.state, after.state, after.diagnostic, remote))
    if after.detection_time != before.detection_time:
        news.append(DetectionTimeChanged(before.detection_time, after.detection_time))
    return tuple(news)


def _speaks_periodically(session: Session) -> bool:
    """§6.8.7: not to one that wants nothing, nor, once it is up, to one in demand mode."""
    remote = session.remote
    is_on_demand = remote.demand and session.state is _UP and remote.state is _UP
    return remote.min_rx > 0 and not (is_on_demand and not session.is_polling)


def _says_otherwise(before: Session, after: Session) -> bool:
    """The contents of our packets changed, the P and F bits apart (§6.8.7)."""
    return before is not after and (
        before.state is not after.state
        or before.diagnostic != after.diagnostic
        or before.min_tx != after.min_tx
        or before.min_rx != after.min_rx
        or before.remote.discriminator != after.remote.discriminator
    )


def _packet(cfg: SessionConfig, session: Session, *, is_final: bool) -> ControlPacket:
    """An answer to a poll is none itself: its new intervals are taken as they are (§6.8.3)."""
    return ControlPacket(
        session.state,
        session.discriminator,
        session.remote.discriminator,
        cfg.multiplier,
        session.min_tx,
        session.min_rx,
        diagnostic=session.diagnostic,
        poll=session.is_polling and not is_final,
        final=is_final,
    )


def _jittered(interval: float, multiplier: int, chance: float) -> float:
    """§6.8.7: 75 % to 100 % of it; at most 90 % when a single lost packet counts."""
    return interval * (0.75 + (0.15 if multiplier == 1 else 0.25) * chance)
