"""The VRRP state machine (RFC 9568 §6.4, RFC 3768 §6.4), pure.

A Virtual Router sits in one of three states, and a state is a value that carries its own timers::

                     Startup, owner
       +-----------------------------------------+
       |                                         v
    Initialize --Startup--> Backup --timer--> Active
       ^                      ^  |               |  higher Advertisement, Demoted
       |                      +--|---------------+
       +-------- Shutdown -------+---------------+

`transition` takes a state and a fact and returns the next state and what has to be done, in order.
`deadline` says when to come back with a `Tick`. A Tick before the deadline does nothing, so early,
late and duplicate timers are harmless, and a timer that was re-armed can never act on its old
expiry: there is no other timer than the number in the state.

Time is `now`: seconds of the caller's monotonic clock. The periodic Advertisement is scheduled
from its due time, not from when the loop got round to it, so the spacing does not drift.

Where RFCs 3768 and 9568 differ (interval learning, the answer to a losing Advertisement, the skew)
the difference is in the settings or in `intervals`, not in a second machine. Additions that the
RFCs do not have, each off unless the settings ask: preempt delay (RFC 8347), sync groups,
announcement repeats, keepalived's quick start, standing again after a loss.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TypeAlias, assert_never

from .actions import (
    Action,
    Announce,
    InstallAddresses,
    LowerPriorityHeard,
    NewActiveReason,
    RemoveAddresses,
    RequestPromotion,
    SendAdvertisement,
    StateChanged,
    StateName,
)
from .events import (
    AdvertisementReceived,
    Awoke,
    Demoted,
    Dispossessed,
    Event,
    Promoted,
    Reconfigured,
    Shutdown,
    Startup,
    Tick,
)
from .intervals import active_down_interval, next_advertisement, skew_time, start_delay
from .model import Address, Version, VirtualRouterConfig
from .packet import Advertisement
from .stall import awake_active, awake_backup, has_expired, may_reclaim, reclaim
from .states import Active, Backup, Initialize, State, deadline, state_name

__all__ = ["Active", "Backup", "Initialize", "State", "deadline", "state_name", "transition"]


_ADVERTISE: tuple[tuple[Action, ...], ...] = tuple((SendAdvertisement(p),) for p in range(256))
"""By priority; made once, because a busy Active Router asks for nothing else."""

Step: TypeAlias = tuple[State, tuple[Action, ...]]


def transition(cfg: VirtualRouterConfig, state: State, event: Event, now: float) -> Step:
    """The next state, and the actions to carry out in order.

    An Advertisement must have passed `receive.admit` with the same `cfg`.
    """
    match state:
        case Backup():
            return _in_backup(cfg, state, event, now)
        case Active():
            return _in_active(cfg, state, event, now)
        case Initialize():
            return _in_initialize(cfg, state, event, now)
        case _:
            assert_never(state)


def _in_initialize(cfg: VirtualRouterConfig, state: Initialize, event: Event, now: float) -> Step:
    """RFC 9568 §6.4.1. Nothing that comes from the wire means anything here."""
    match event:
        case Startup() if cfg.is_owner and not cfg.synchronized:
            return _become_active(cfg, StateName.INITIALIZE, NewActiveReason.PRIORITY, now)
        case Startup():
            down_at = now + start_delay(cfg)
            claim = NewActiveReason.PRIORITY if cfg.is_owner else NewActiveReason.NO_RESPONSE
            backup = Backup(down_at, cfg.advertisement_interval, now, claim, is_starting=True)
            return backup, (StateChanged(StateName.INITIALIZE, StateName.BACKUP),)
        case Shutdown(reason) if reason is not state.reason:
            stays = StateName.INITIALIZE
            return Initialize(reason), (StateChanged(stays, stays, reason, state.reason),)
        case AdvertisementReceived() | Tick() | Awoke() | Shutdown() | Reconfigured():
            return state, ()
        case Promoted() | Demoted() | Dispossessed():
            return state, ()
        case _:
            assert_never(event)


def _in_backup(cfg: VirtualRouterConfig, state: Backup, event: Event, now: float) -> Step:
    """RFC 9568 §6.4.2, one case per step."""
    match event:
        case AdvertisementReceived():
            adv = event.advertisement
            if adv.priority == 0:
                return _hear_resignation(cfg, state, now), ()
            return _hear_in_backup(cfg, state, adv, now), ()
        case Tick() if now < state.active_down_at:
            return state, ()
        case Tick() if cfg.synchronized:
            again = now + active_down_interval(cfg, state.active_adver_interval)
            waiting = replace(state, active_down_at=again, armed_at=now, wants_active=True)
            return waiting, (RequestPromotion(),)
        case Promoted() if not state.wants_active:
            return state, ()  # a better router was heard after the group had agreed
        case Tick() | Promoted():
            return _become_active(cfg, StateName.BACKUP, state.claim, now)
        case Awoke(slept):
            return awake_backup(cfg, state, slept, now), ()
        case Shutdown(reason):
            return Initialize(reason), (
                StateChanged(StateName.BACKUP, StateName.INITIALIZE, reason),
            )
        case Reconfigured():
            return _rearm(cfg, state, now), ()
        case Startup() | Demoted() | Dispossessed():
            return state, ()
        case _:
            assert_never(event)


def _hear_resignation(cfg: VirtualRouterConfig, state: Backup, now: float) -> Backup:
    """Priority 0: the Active Router leaves, Skew_Time of the interval learned before remains."""
    return replace(
        state,
        active_down_at=now + skew_time(cfg, state.active_adver_interval),
        armed_at=now,
        claim=NewActiveReason.PRIORITY,
        wants_active=False,
        is_starting=False,
    )


def _hear_in_backup(
    cfg: VirtualRouterConfig, state: Backup, adv: Advertisement, now: float
) -> Backup:
    """Obey the Active Router, or let the timer run when we outrank it and may preempt."""
    preempt_at = None
    if adv.priority < cfg.priority:
        preempt_at = _preempt_time(cfg, state, now)
        if preempt_at is not None and now >= preempt_at:
            if state.claim is NewActiveReason.NO_RESPONSE:
                return replace(state, claim=NewActiveReason.PREEMPTED)
            return state
    interval = adv.max_advertise_interval
    if cfg.version is Version.V2:
        interval = cfg.advertisement_interval
    down_at = now + active_down_interval(cfg, interval)
    claim = NewActiveReason.NO_RESPONSE
    return Backup(down_at, interval, now, claim, preempt_at, False, adv.source, False)


def _preempt_time(cfg: VirtualRouterConfig, state: Backup, now: float) -> float | None:
    """From when on a losing Active Router may be displaced; None: never (Preempt_Mode false)."""
    if cfg.is_owner:
        return now
    if not cfg.preempt_mode:
        return None
    if cfg.preempt_delay > 0:
        return now + cfg.preempt_delay if state.preempt_at is None else state.preempt_at
    return now


def _rearm(cfg: VirtualRouterConfig, state: Backup, now: float) -> Backup:
    """Set the timer again for new settings, counting from when it was last set.

    An interval of our own that changed counts from now: the Active Router needs the chance to be
    heard at its new pace, when both ends are being reconfigured one after the other.
    """
    interval = cfg.advertisement_interval
    if cfg.version is not Version.V2 and state.active_router is not None:
        interval = state.active_adver_interval
    armed_at = state.armed_at if interval == state.active_adver_interval else now
    if state.is_starting and not state.wants_active:
        wait = start_delay(cfg)
    elif state.claim is NewActiveReason.PRIORITY and not state.wants_active:
        wait = skew_time(cfg, interval)
    else:
        wait = active_down_interval(cfg, interval)
    down_at = armed_at + wait
    return replace(state, active_down_at=down_at, active_adver_interval=interval, armed_at=armed_at)


def _become_active(
    cfg: VirtualRouterConfig, previous: StateName, reason: NewActiveReason, now: float
) -> Step:
    """§6.4.1 / §6.4.2: advertise, take the addresses, announce them, start Adver_Timer."""
    count = cfg.announce.repeat
    announce: tuple[Action, ...] = (Announce(count),) if count else ()
    slot = _slot_after_burst(cfg, now, cfg.announce.delay, count)
    return Active(now + cfg.advertisement_interval, *slot), (
        SendAdvertisement(cfg.priority),
        InstallAddresses(),
        *announce,
        StateChanged(previous, StateName.ACTIVE, reason),
    )


def _in_active(cfg: VirtualRouterConfig, state: Active, event: Event, now: float) -> Step:
    """RFC 9568 §6.4.3, one case per step. Preempt_Mode is never consulted here."""
    match event:
        case Tick():
            return _active_tick(cfg, state, now)
        case AdvertisementReceived(adv):
            return _hear_in_active(cfg, state, adv, now)
        case Shutdown(reason):
            return Initialize(reason), (
                SendAdvertisement(0),
                RemoveAddresses(),
                StateChanged(StateName.ACTIVE, StateName.INITIALIZE, reason),
            )
        case Awoke() if not has_expired(cfg, state, now):
            return awake_active(cfg, state, now), ()
        case Demoted() | Awoke():
            return _step_back(cfg, cfg.advertisement_interval, None, now, ())
        case Dispossessed():
            return _stand_again(cfg, now)
        case Reconfigured(previous):
            return _reconfigure_active(cfg, state, previous, now)
        case Startup() | Promoted():
            return state, ()
        case _:
            assert_never(event)


def _active_tick(cfg: VirtualRouterConfig, state: Active, now: float) -> Step:
    actions: tuple[Action, ...] = ()
    if now >= state.adver_at:
        actions = _ADVERTISE[cfg.priority]
        due = next_advertisement(cfg.advertisement_interval, state.adver_at, now)
        state = Active(
            due, state.announce_at, state.announce_count, state.quiet_until, state.is_put_off
        )
    if now >= state.announce_at:
        actions = (*actions, Announce(state.announce_count, is_planned=True))
        state = _after_slot(cfg, state, now)
    return state, actions


def _after_slot(cfg: VirtualRouterConfig, state: Active, now: float) -> Active:
    """The scheduled announcement was sent: what the slot holds next."""
    if not state.is_put_off:
        return _after_burst(cfg, state, now, 0, 0)
    state = replace(state, quiet_until=now + cfg.advertisement_interval)
    schedule = cfg.announce
    count = schedule.lower_priority_repeat
    return _after_burst(cfg, state, now, schedule.lower_priority_delay, count)


def _after_burst(
    cfg: VirtualRouterConfig, state: Active, now: float, delay: float, count: int
) -> Active:
    slot = _slot_after_burst(cfg, now, delay, count)
    return Active(state.adver_at, *slot, state.quiet_until)


def _slot_after_burst(
    cfg: VirtualRouterConfig, now: float, delay: float, count: int
) -> tuple[float, int]:
    """Plan the repeat of an announcement just sent, else the periodic refresh, if there is one."""
    if delay > 0 and count:
        return now + delay, count
    schedule = cfg.announce
    if schedule.refresh > 0 and schedule.refresh_repeat:
        return now + schedule.refresh, schedule.refresh_repeat
    return inf, 0


def _hear_in_active(
    cfg: VirtualRouterConfig, state: Active, adv: Advertisement, now: float
) -> Step:
    if adv.priority == 0:
        rearmed = replace(state, adver_at=now + cfg.advertisement_interval, is_waking=False)
        return rearmed, _ADVERTISE[cfg.priority]
    if state.is_waking and not _loses_to(cfg, adv) and may_reclaim(cfg):
        return reclaim(cfg, state, now), ()
    if state.is_waking or _loses_to(cfg, adv):
        interval = adv.max_advertise_interval
        if cfg.version is Version.V2:
            interval = cfg.advertisement_interval
        speaks = cfg.advertise_before_yielding and not state.is_waking
        farewell = _ADVERTISE[cfg.priority] if speaks else ()
        return _step_back(cfg, interval, adv.source, now, farewell)
    return _answer_loser(cfg, state, adv, now)


def _loses_to(cfg: VirtualRouterConfig, adv: Advertisement) -> bool:
    """Election: Priority, then the source address as an unsigned number (§6.4.3)."""
    if adv.priority != cfg.priority:
        return adv.priority > cfg.priority
    return int(adv.source) > int(cfg.source)


def _step_back(
    cfg: VirtualRouterConfig,
    interval: float,
    active_router: Address | None,
    now: float,
    farewell: tuple[Action, ...],
) -> Step:
    """Become Backup without resigning: somebody better is there already."""
    down_at = now + active_down_interval(cfg, interval)
    backup = Backup(down_at, interval, now, active_router=active_router)
    change = StateChanged(StateName.ACTIVE, StateName.BACKUP)
    return backup, (*farewell, RemoveAddresses(), change)


def _stand_again(cfg: VirtualRouterConfig, now: float) -> Step:
    """Resign, and come back after Skew_Time if nobody better did: keepalived's rule, not the RFC's."""
    interval = cfg.advertisement_interval
    down_at = now + skew_time(cfg, interval)
    backup = Backup(down_at, interval, now, NewActiveReason.PRIORITY)
    change = StateChanged(StateName.ACTIVE, StateName.BACKUP)
    return backup, (SendAdvertisement(0), RemoveAddresses(), change)


def _answer_loser(cfg: VirtualRouterConfig, state: Active, adv: Advertisement, now: float) -> Step:
    """§6.4.3: discard and re-advertise at once, so bridges learn the right port again.

    Adver_Timer keeps its due time: the RFC does not restart it, and a stream of losing
    Advertisements must not change the rhythm others rely on.
    """
    answer: tuple[Action, ...] = ()
    if cfg.answer_lower_priority:
        answer = _ADVERTISE[cfg.priority]
    count = cfg.announce.lower_priority_repeat
    if count == 0:
        return state, (*answer, LowerPriorityHeard(adv))
    if now < state.quiet_until:
        if state.announce_at > state.quiet_until:
            state = Active(state.adver_at, state.quiet_until, count, state.quiet_until, True)
        return state, (*answer, LowerPriorityHeard(adv))
    if state.is_put_off:  # due in this moment: this is it, not one more
        return _after_slot(cfg, state, now), (*answer, Announce(count), LowerPriorityHeard(adv))
    again = now + cfg.announce.lower_priority_delay
    if again > now and state.announce_at > again:
        state = replace(state, announce_at=again, announce_count=count)
    state = replace(state, quiet_until=now + cfg.advertisement_interval)
    return state, (*answer, Announce(count), LowerPriorityHeard(adv))


def _reconfigure_active(
    cfg: VirtualRouterConfig, state: Active, previous: VirtualRouterConfig, now: float
) -> Step:
    """Advertise the new values at once and start a new rhythm; follow the new address list."""
    state = replace(state, adver_at=now + cfg.advertisement_interval, is_waking=False)
    actions = _ADVERTISE[cfg.priority]
    count = cfg.announce.repeat
    if cfg.addresses != previous.addresses:
        announce: tuple[Action, ...] = (Announce(count),) if count else ()
        actions = (*actions, InstallAddresses(), *announce)
    elif cfg.announce == previous.announce:
        return state, actions
    return _after_burst(cfg, state, now, cfg.announce.delay, count), actions
