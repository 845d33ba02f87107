"""One Virtual Router on asyncio: feeds the core, carries out what it asks for, has one deadline.

It decides nothing about the protocol. What it knows that the core does not is the host: which
interface, which address Advertisements come from, which sockets, what the kernel answers.
`pyvrrp.vrrp_router.VrrpRouter` makes these and keeps them supplied.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from math import inf
from typing import TYPE_CHECKING, Protocol, assert_never

from .conditions import Conditions
from .core import actions, events
from .core.machine import Active, Backup, Initialize, State, deadline, state_name, transition
from .core.model import Address, VirtualRouterConfig
from .core.packet import IpFacts, PacketError
from .core.receive import Admitted, Check, Mismatch, without_address_list
from .core.states import rearmed
from .counters import Counters
from .deadlines import Deadlines
from .errors import PyvrrpError
from .holdings import AddressHost, Holdings
from .link_states import LinkStates
from .net.identity import Key
from .net.own_link import Place
from .net.rtnetlink import Link
from .outgoing import Outgoing
from .rhythm import Rhythm, Rhythms
from .segment import Repetition, Segment
from .settings import TrackedKind, VirtualRouterSettings
from .snapshot import ActiveRouterSnapshot, VirtualRouterSnapshot
from .transmission import compose

if TYPE_CHECKING:
    from .signer import HeaderSigner, Signer

__all__ = ["Host", "Occurrence", "StateChange", "VirtualRouter"]

logger = logging.getLogger(__name__)

_COMPLAIN_EVERY = 60.0  # s between two log lines about the same kind of trouble
_UNREAD_CHANGES = 64


@dataclass(frozen=True, slots=True)
class StateChange:
    """A Virtual Router changed its state, or why it is in Initialize: `previous_reason` is then why
    it was until now. `at` is the event loop's time."""

    name: str
    previous: actions.StateName
    current: actions.StateName
    reason: events.InitializeReason | actions.NewActiveReason | None
    at: float
    previous_reason: events.InitializeReason | None = None

    @property
    def is_still_faulty(self) -> bool:
        """Whether it stays in keepalived's FAULT, for another reason."""
        before, reason = self.previous_reason, self.reason
        is_faulty = isinstance(reason, events.InitializeReason) and reason.is_fault
        return is_faulty and before is not None and before.is_fault


class Occurrence(Enum):
    """What happens to a Virtual Router in a state that goes on."""

    PRIORITY_CHANGED = "its priority after tracking changed"
    LOWER_PRIORITY_HEARD = "while it is Active, somebody advertised a lower priority"


class Host(AddressHost, Protocol):
    """What a Virtual Router needs of the machine it runs on."""

    deadlines: Deadlines
    rhythms: Rhythms
    virtual_addresses: dict[Address, tuple[VirtualRouter, ...]]

    @property
    def restores(self) -> bool:
        """Whether what somebody takes away is put back at once."""

    tracked_values: dict[tuple[TrackedKind, str], int]
    link_states: LinkStates

    def time(self) -> float:
        """The event loop's time."""

    def announce(self, router: VirtualRouter, frames: tuple[Outgoing, ...], count: int) -> None:
        """Send every frame once now, and `count` - 1 times more without holding up the loop."""

    def repeat(self, router: VirtualRouter, frames: tuple[Outgoing, ...], count: int) -> None:
        """Send every frame `count` times, if the router is still Active when the sockets were read."""

    def fault_in_group(self, router: VirtualRouter) -> events.InitializeReason | None:
        """Why the rest of the router's sync group keeps it out; None: it does not."""

    def changed(self, router: VirtualRouter, change: StateChange) -> None:
        """The state changed, and everything that belongs to the change is done."""

    def occurred(self, router: VirtualRouter, what: Occurrence) -> None:
        """Something happened that changes no state."""

    def dispossessed(self, router: VirtualRouter) -> None:
        """Somebody took away what an Active router has: it and its sync group stand again."""

    def promotion_requested(self, router: VirtualRouter) -> None:
        """A member of a sync group asks to become Active."""


class VirtualRouter:
    """Made by `VrrpRouter.add`; use it to watch and to steer one Virtual Router."""

    __slots__ = (
        "_announcements",
        "_beats",
        "_changed_at",
        "_complaints",
        "_conditions",
        "_counters",
        "_feeding",
        "_heard_priority",
        "_host",
        "_inbox",
        "_rhythm",
        "_segment",
        "_signer",
        "_told",
        "_watchers",
        "config",
        "holdings",
        "is_started",
        "outgoing",
        "queued_at",
        "repetition",
        "settings",
        "state",
    )

    def __init__(self, settings: VirtualRouterSettings, host: Host) -> None:
        self.settings = settings
        self.config: VirtualRouterConfig = settings.protocol
        self.state: State = Initialize()
        self.repetition: Repetition | None = None
        self.outgoing: tuple[Outgoing, ...] = ()
        self.queued_at = inf
        self.holdings = Holdings(settings, host)
        self._conditions = Conditions(settings, host)
        self._host = host
        self._segment: Segment | None = None
        self._signer = _signer(self.config, None)
        self._counters = Counters()
        self._changed_at: float | None = None
        self._heard_priority = 0
        self._rhythm: Rhythm | None = None
        self._beats = 0
        self._announcements: tuple[Outgoing, ...] = ()
        self._told: tuple[Outgoing, ...] = ()
        self._inbox: deque[events.Event] | None = None
        self._feeding = False
        self.is_started = False
        self._watchers: tuple[asyncio.Queue[StateChange], ...] = ()
        self._complaints: dict[str, float] | None = None

    def __repr__(self) -> str:
        return f"<VirtualRouter {self.name} {self.state_name.value}>"

    @property
    def name(self) -> str:
        """The name in the settings."""
        return self.settings.name

    @property
    def state_name(self) -> actions.StateName:
        """Initialize, Backup or Active."""
        return state_name(self.state)

    @property
    def is_active(self) -> bool:
        """Whether this router answers for the virtual addresses."""
        return self.state_name is actions.StateName.ACTIVE

    @property
    def deadline(self) -> float:
        """When the state machine wants to be woken, in the loop's time."""
        state = self.state
        if isinstance(state, Backup):
            if self.repetition is not None:
                return state.active_down_at + (self.repetition.heard_at - state.armed_at)
        elif self._rhythm is not None and isinstance(state, Active):
            return state.announce_at
        return deadline(state)

    @property
    def counters(self) -> Counters:
        """What was counted until now."""
        self._take_counts()
        return self._counters

    def clear_counters(self) -> None:
        """Count from zero again."""
        self._take_counts()
        self._counters = Counters()

    def snapshot(self, loop_epoch: float) -> VirtualRouterSnapshot:
        """What this router is now; `loop_epoch` is the time of day when the loop's time was 0.

        In seconds since the epoch, and the same for all snapshots: what did not change looks the
        same in two of them.
        """
        state, config, changed_at = self.state, self.config, self._changed_at
        mac_index = self.holdings.links.get(self.settings.place)
        mac_link = None if mac_index is None else self._host.table.by_index(mac_index)
        return VirtualRouterSnapshot(
            name=self.name,
            interface=self.settings.interface,
            family=config.family,
            vrid=config.vrid,
            state=self.state_name,
            reason=state.reason if isinstance(state, Initialize) else None,
            wants_active=isinstance(state, Backup) and state.wants_active,
            base_priority=self._conditions.base_priority,
            priority=config.priority,
            source=config.source,
            changed_at=None if changed_at is None else loop_epoch + changed_at,
            active_router=self._active_router(),
            virtual_mac=mac_link.name if mac_link is not None else None,
            installed=self.holdings.installed,
            counters=self.counters.copy(),
        )

    def _active_router(self) -> ActiveRouterSnapshot | None:
        state = self.state
        if not isinstance(state, Backup) or state.active_router is None:
            return None
        return ActiveRouterSnapshot(
            state.active_router, self._heard_priority, state.active_adver_interval
        )

    async def changes(self) -> AsyncIterator[StateChange]:
        """Every state change from now on. A reader far behind misses the oldest ones."""
        queue: asyncio.Queue[StateChange] = asyncio.Queue(_UNREAD_CHANGES)
        self._watchers = (*self._watchers, queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._watchers = tuple(q for q in self._watchers if q is not queue)

    def set_priority(self, priority: int) -> None:
        """Change the priority before tracking, 1..255; the others hear of it at once.

        Raises: ValueError when it is out of range.
        """
        replace(self.settings.protocol, priority=priority)
        self._conditions.base_priority = priority
        self.assess()

    def announce(self) -> None:
        """While Active: tell the neighbours once more where the virtual addresses are."""
        if self.is_active:
            self._announce(1)

    # What the wire and the clock say.

    @property
    def check(self) -> Check | None:
        """What has to vouch for a message besides its own octets."""
        return None if self._signer is None else self._signer.check

    def hear(self, admitted: Admitted, now: float) -> bool:
        """An Advertisement that passed every check. True: repeats would only re-arm the timer.

        Not so while a preempt delay runs: there the time of a repeat matters. That it armed the timer
        just now is not enough, something else may have done so in the same moment.
        """
        heard = events.AdvertisementReceived(admitted.advertisement)
        before = self.state
        self.feed(heard, now)
        source = admitted.advertisement.source
        is_known = isinstance(before, Backup) and before.active_router == source
        self._count_heard(admitted, 1, is_known=is_known)
        state = self.state
        if isinstance(state, Backup) and state.active_router == source:
            self._heard_priority = admitted.advertisement.priority
        if not isinstance(state, Backup) or state.armed_at != now or state.preempt_at is not None:
            return False
        again, _ = transition(self.config, state, heard, now + 1.0)
        return isinstance(again, Backup) and again.armed_at != now

    def refuse(self, error: PacketError, ip: IpFacts, now: float) -> None:
        """A message for this VRID that did not pass: counted, and nothing else moves."""
        self._counters.count_discarded(error.reason)
        self.complain(error.reason.value, f"discarded a message from {ip.source}: {error.detail}")

    def send_failed(self, error: OSError) -> None:
        """An Advertisement could not be sent; the next one may."""
        self._counters.send_errors += 1
        self.complain("send", f"cannot send an Advertisement: {error.strerror}")

    def wake(self, now: float) -> None:
        """The deadline has come, perhaps a while ago.

        What follows counts from when it was due: Virtual Routers that were due together keep one
        rhythm, though the last of a thousand had to wait for its turn. Later than a whole interval
        is no such wait but a stall.
        """
        due = self.deadline
        self.feed(_TICK, due if now - due < self.config.advertisement_interval else now)

    def awake(self, slept: float, now: float) -> None:
        """The process did not run for so long; what came meanwhile is yet to be read."""
        if slept > self.config.advertisement_interval and self.is_started:
            self.feed(events.Awoke(slept), now)

    def feed(self, event: events.Event, now: float) -> None:
        """Give the state machine a fact and carry out what it asks for.

        What happens meanwhile is handled afterwards, never in between.
        """
        if self._feeding:
            if self._inbox is None:
                self._inbox = deque()
            self._inbox.append(event)
            return
        self._feeding = True
        try:
            self._catch_up()
            self._step(event, now)
            while self._inbox:
                self._step(self._inbox.popleft(), now)
            self._settle()
        finally:
            self._feeding = False

    def _catch_up(self) -> None:
        """Tell the state machine what was heard and sent without it."""
        self._take_counts()
        repetition, rhythm = self.repetition, self._rhythm
        if repetition is not None and isinstance(self.state, Backup):
            if repetition.heard_at != self.state.armed_at:
                self.state = rearmed(self.state, repetition.heard_at)
        elif rhythm is not None and isinstance(self.state, Active):
            self.state = replace(self.state, adver_at=rhythm.deadline)

    def _take_counts(self) -> None:
        if self.repetition is not None:
            self._count_heard(self.repetition.admitted, self.repetition.take_count())
        if self._rhythm is not None:
            self._counters.advertisements_sent += self._rhythm.beats - self._beats
            self._beats = self._rhythm.beats

    def _leave_rhythm(self) -> None:
        if self._rhythm is not None:
            self._host.rhythms.leave(self, self._rhythm)
            self._rhythm = None

    def _settle(self) -> None:
        """Leave routine to others, as far as it still is: repeats and periodic sending."""
        state, repetition, rhythm = self.state, self.repetition, self._rhythm
        adver_at = None
        if isinstance(state, Active) and not state.is_waking:
            adver_at = state.adver_at
        if rhythm is not None and adver_at != rhythm.deadline:
            self._leave_rhythm()
        if self._rhythm is None and adver_at is not None and self.outgoing:
            interval = self.config.advertisement_interval
            self._rhythm = self._host.rhythms.join(self, interval, adver_at)
            self._beats = self._rhythm.beats
        if repetition is not None and self._segment is not None:
            is_armed = isinstance(state, Backup) and state.armed_at == repetition.heard_at
            if not is_armed:
                self._segment.forget(self)
        self._host.deadlines.watch(self)

    def _step(self, event: events.Event, now: float) -> None:
        self.state, wishes = transition(self.config, self.state, event, now)
        for wish in wishes:
            self._carry_out(wish, now)

    def _carry_out(self, wish: actions.Action, now: float) -> None:
        match wish:
            case actions.SendAdvertisement(priority):
                self._send(priority)
            case actions.Announce(count, is_planned):
                self._announce(count, is_planned=is_planned)
            case actions.InstallAddresses():
                self._install()
            case actions.RemoveAddresses():
                self._remove()
            case actions.StateChanged(previous, current, reason, previous_reason):
                change = StateChange(self.name, previous, current, reason, now, previous_reason)
                self._tell(change)
            case actions.LowerPriorityHeard(advertisement):
                self.complain(
                    "lower priority",
                    f"{advertisement.source} advertises priority {advertisement.priority},"
                    f" lower than our {self.config.priority}",
                )
                self._host.occurred(self, Occurrence.LOWER_PRIORITY_HEARD)
            case actions.RequestPromotion():
                self._host.promotion_requested(self)
            case _:
                assert_never(wish)

    # Carrying out.

    def _send(self, priority: int) -> None:
        outgoing = self.outgoing
        if priority != self.config.priority:
            outgoing = self._compose(priority)
            self._counters.priority_zero_sent += priority == 0
        for send, message in outgoing:
            try:
                send(message)
            except OSError as error:
                self.send_failed(error)
        self._counters.advertisements_sent += 1

    def _announce(self, count: int, *, is_planned: bool = False) -> None:
        self._told = self._announcements
        say = self._host.repeat if is_planned else self._host.announce
        say(self, self._announcements, count)

    def _install(self) -> None:
        self.holdings.install()
        missing = self.holdings.missing
        if missing:
            text = f"{missing} address(es) or route(s) left out: their interface is missing"
            self.complain("interface", text)

    def _remove(self) -> None:
        self._told = ()
        self.holdings.remove()

    def _tell(self, change: StateChange) -> None:
        self._complaints = None
        self._changed_at = change.at
        self._counters.active_transitions += change.current is actions.StateName.ACTIVE
        self._counters.active_releases += change.previous is actions.StateName.ACTIVE
        for queue in self._watchers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(change)
        self._host.changed(self, change)

    # The host's side of things.

    @property
    def index(self) -> int | None:
        """Index of the interface it listens on; None while that is missing."""
        return self._segment.index if self._segment is not None else None

    @property
    def link(self) -> Link | None:
        """The interface it listens on, as it is now."""
        if self._segment is None:
            return None
        link = self._host.table.by_index(self._segment.index)
        return link if link is not None and link.name == self.settings.interface else None

    def connect(self, segment: Segment) -> None:
        """Listen and speak on this segment from now on. Raises: SocketError."""
        wanted = self.settings
        link = self._host.table.by_index(segment.index)
        frames = wanted.receive_frames * (link.mtu if link is not None else 0)
        segment.attach(self, max(wanted.receive_buffer, frames))
        self._segment = segment
        self.holdings.index = segment.index
        self.holdings.adopt()

    def disconnect(self) -> None:
        """Be deaf and mute again."""
        self._catch_up()
        self._leave_rhythm()
        if self._segment is not None:
            self._segment.detach(self)
            self._segment = None
        self.holdings.index = None
        self.outgoing = ()

    def stop(self, *, keep_addresses: bool = False) -> None:
        """Resign if Active, take the addresses away unless told to, and take no part any more."""
        if keep_addresses:
            self.holdings.abandon()
        self.feed(events.Shutdown(events.InitializeReason.STOPPED), self._host.time())
        self.disconnect()
        self._host.deadlines.forget(self)

    def prepare(self) -> events.InitializeReason | None:
        """Have sockets, messages and frames ready; says why taking part is impossible, if it is."""
        fault = self.own_fault
        if fault is None:
            self._announcements = self._compose_announcements()
            self._adapt(self._host.time())
        return fault

    def start(self, now: float) -> None:
        """Take part from now on, as soon as the interfaces allow."""
        self.is_started = True
        self._reassess(now)

    def assess(self) -> None:
        """Look at the interfaces again: may we take part, from which address, at what priority?"""
        if self.is_started:
            self._reassess(self._host.time())

    def _reassess(self, now: float) -> None:
        fault = self.prepare() or self._host.fault_in_group(self)
        if fault is not None:
            self.feed(events.Shutdown(fault), now)
        elif isinstance(self.state, Initialize):
            self.feed(_STARTUP, now)
        elif self.is_active:
            self._follow_interfaces()

    def _follow_interfaces(self) -> None:
        """Active: what is installed and told is still what should be?"""
        if not self.holdings.is_complete:
            self._install()
        if self._told != self._announcements:
            self._announce(self.config.announce.repeat)

    def reconfigure(self, settings: VirtualRouterSettings) -> None:
        """Take new settings over without leaving the state."""
        self.settings = settings
        self._conditions.use(settings)
        self.holdings.settings = settings
        self.holdings.adopt()
        self.assess()

    def lose(self, gone: Mapping[Key, bool]) -> None:
        """These things are gone from the kernel: put back what is ours, or resign and stand again.

        Values say whether we took them away ourselves: the kernel drops an address with another
        (quirk: own-removal).
        """
        if not self.is_active or self.own_fault is not None:
            return
        lost = self.holdings.lost(gone)
        taken = [str(entry.add).removeprefix("add ") for entry in lost if not gone[entry.key]]
        if taken:
            what = taken[0] if len(taken) == 1 else f"{taken[0]} and {len(taken) - 1} more"
            then = "put back" if self._host.restores else "gone, so this router stands again"
            self.complain("removed", f"removed by someone else: {what}; {then}")
        if taken and not self._host.restores:
            self._host.dispossessed(self)
        elif lost:
            self._install()
            self._announce(1)

    @property
    def own_fault(self) -> events.InitializeReason | None:
        """Why this Virtual Router cannot take part, its sync group left aside; None: it can."""
        has_begun = not isinstance(self.state, Initialize)
        return self._conditions.fault(self.link, has_begun=has_begun)

    def _adapt(self, now: float) -> None:
        """Bring `config` in line with settings, source address and weights."""
        protocol = self._conditions.protocol(self.link)
        if protocol is not None and (protocol != self.config or not self.outgoing):
            self._use(protocol, now)

    def _use(self, config: VirtualRouterConfig, now: float) -> None:
        self._catch_up()
        self._leave_rhythm()
        previous, self.config = self.config, config
        self._signer = _signer(config, self._signer)
        if config.priority != previous.priority:
            change = f"from {previous.priority} to {config.priority}"
            logger.info("(%s) Changing effective priority %s", self.name, change)
        if self._segment is not None:
            self._segment.forget(self)
        try:
            self.outgoing = self._compose(config.priority)
        except PyvrrpError as error:
            self.complain("socket", str(error))
        if config.priority != previous.priority:
            self._host.occurred(self, Occurrence.PRIORITY_CHANGED)
        if config != previous:
            self.feed(events.Reconfigured(previous), now)

    def _compose(self, priority: int) -> tuple[Outgoing, ...]:
        """What one Advertisement takes. Raises: SocketError."""
        if self._segment is None:
            return ()
        return compose(
            self.config, self.settings, self._segment, self._host, priority, self._signer
        )

    def use_links(self, indexes: dict[Place, int]) -> None:
        """The links of its own that are there now."""
        self.holdings.links = indexes

    def _compose_announcements(self) -> tuple[Outgoing, ...]:
        try:
            return self.holdings.prepare()
        except PyvrrpError as error:
            self.complain("socket", str(error))
            return ()

    # Saying what is wrong.

    def _count_heard(self, admitted: Admitted, times: int, *, is_known: bool = True) -> None:
        if is_known and self.config.skip_repeated_address_check:
            admitted = without_address_list(admitted)
        self._counters.count_admitted(admitted, times)
        for mismatch in admitted.mismatches:
            if mismatch is not Mismatch.OTHER_CHECKSUM_FORM:
                text = f"{admitted.advertisement.source} disagrees with us: {mismatch.value}"
                self.complain(mismatch.value, text)

    def complain(self, kind: str, text: str) -> None:
        """Log a kind of trouble, once a minute at most and anew after a state change."""
        if self._complaints is None:
            self._complaints = {}
        now = self._host.time()
        if now >= self._complaints.get(kind, -inf):
            self._complaints[kind] = now + _COMPLAIN_EVERY
            logger.warning("(%s) %s", self.name, text)


def _signer(
    config: VirtualRouterConfig, known: Signer | HeaderSigner | None
) -> Signer | HeaderSigner | None:
    if config.hmac is None and config.ah_key is None:
        return None
    from .signer import signer  # few need it, and it brings the hash

    return signer(config, known)


_TICK = events.Tick()
_STARTUP = events.Startup()
