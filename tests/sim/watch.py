"""What must hold at every step of one simulated Virtual Router.

The watch has its own small reading of RFC 9568 §6.1 and §6.4, kept apart from the code under test:
from the Advertisements that reached the router it works out when the router may take over, and it
compares that with what the machine does.
"""

from __future__ import annotations

from pyvrrp.core.actions import (
    Action,
    InstallAddresses,
    RemoveAddresses,
    SendAdvertisement,
)
from pyvrrp.core.events import (
    AdvertisementReceived,
    Demoted,
    Event,
    Promoted,
    Reconfigured,
    Shutdown,
    Startup,
    Tick,
)
from pyvrrp.core.machine import Active, Backup, Initialize, State
from pyvrrp.core.model import VirtualRouterConfig

CLOSE = 1e-6


class Watch:
    """Follows one router. `lateness`: by how much its timers may fire late while it is awake."""

    def __init__(self, lateness: float) -> None:
        self.slack = lateness + CLOSE
        self.has_addresses = False
        self.interval = 0.0
        self.due = 0.0
        self.hold_until: float | None = None
        self.silent_since = 0.0
        self.awake_since = 0.0
        self.recomputed_at = 0.0
        self.takeovers = 0

    def forget(self, now: float) -> None:
        """The router crashed."""
        self.has_addresses = False
        self.hold_until = None
        self.awake_since = now

    def woke(self, now: float) -> None:
        """A stall is over: its length excuses what is late."""
        self.awake_since = now

    def step(
        self,
        cfg: VirtualRouterConfig,
        before: State,
        event: Event,
        after: State,
        actions: tuple[Action, ...],
        now: float,
    ) -> None:
        """Check one transition."""
        self._addresses(before, after, actions)
        self._advertisements(cfg, before, event, after, actions, now)
        if isinstance(before, Backup):
            self._backup(cfg, before, event, after, now)
        if isinstance(after, Backup):
            self._follow(cfg, before, event, now)
            if not cfg.synchronized:
                assert abs(after.active_down_at - self.due) < CLOSE, (after, self.due)
            assert abs(after.active_adver_interval - self.interval) < CLOSE

    def _addresses(self, before: State, after: State, actions: tuple[Action, ...]) -> None:
        """The host has the addresses exactly while the router is Active."""
        for action in actions:
            if isinstance(action, InstallAddresses):
                self.has_addresses = True
            elif isinstance(action, RemoveAddresses):
                self.has_addresses = False
        assert self.has_addresses is isinstance(after, Active), (before, after, actions)

    def _advertisements(
        self,
        cfg: VirtualRouterConfig,
        before: State,
        event: Event,
        after: State,
        actions: tuple[Action, ...],
        now: float,
    ) -> None:
        sent = [a for a in actions if isinstance(a, SendAdvertisement)]
        assert len(sent) <= 1, "a burst"
        was_active, is_active = isinstance(before, Active), isinstance(after, Active)
        if sent:
            assert was_active or is_active, "only an Active Router advertises"
            resigns = isinstance(after, Initialize)
            assert sent[0].priority == (0 if resigns else cfg.priority), sent
        if was_active and is_active:
            interval = cfg.advertisement_interval
            if isinstance(event, Reconfigured):
                interval = max(interval, event.previous.advertisement_interval)
            # Counted from the last one, or from the end of a stall that held it up.
            gap = now - max(self.silent_since, self.awake_since)
            assert gap <= interval + self.slack, f"silent for {gap} s"
        if sent and is_active:
            self.silent_since = now

    def _backup(
        self, cfg: VirtualRouterConfig, before: Backup, event: Event, after: State, now: float
    ) -> None:
        """No takeover before its time, nor later than that while awake."""
        if isinstance(event, Tick) and now < self.due and not cfg.synchronized:
            assert after is before, "a timer acted before it was due"
        if not isinstance(after, Active):
            return
        self.takeovers += 1
        assert isinstance(event, (Tick, Promoted))
        if not cfg.synchronized:
            assert now >= self.due, f"took over {self.due - now} s early"
            excused = max(self.due, self.awake_since, self.recomputed_at)
            assert now <= excused + self.slack, "took over late"

    def _follow(self, cfg: VirtualRouterConfig, before: State, event: Event, now: float) -> None:
        """Work out when this Backup Router is due: RFC 9568 §6.4 once more, in plain numbers."""
        if isinstance(before, Initialize) or isinstance(event, (Startup, Demoted)):
            if not isinstance(before, Backup):
                self._begin(cfg, now, cfg.advertisement_interval)
        elif isinstance(event, AdvertisementReceived):
            adv = event.advertisement
            learned = adv.max_advertise_interval
            interval = learned if cfg.version == 3 else cfg.advertisement_interval
            if isinstance(before, Active):
                self._begin(cfg, now, interval)
            elif adv.priority == 0:
                self.due = now + self._skew(cfg)
                self.base = now, "skew"
            elif adv.priority >= cfg.priority:
                self._begin(cfg, now, interval)
            elif not self._may_displace(cfg, now):
                hold = self.hold_until
                self._begin(cfg, now, interval)
                self.hold_until = hold
        elif isinstance(event, Reconfigured):
            self._recompute(cfg, event.previous, now)
        else:
            assert isinstance(event, (Tick, Promoted, Shutdown, Startup, Demoted))

    def _skew(self, cfg: VirtualRouterConfig) -> float:
        unit = self.interval if cfg.version == 3 else 1.0
        return (256 - cfg.priority) * unit / 256

    def _begin(self, cfg: VirtualRouterConfig, now: float, interval: float) -> None:
        self.interval = interval
        self.hold_until = None
        self.base = now, "down"
        self.due = now + 3 * interval + self._skew(cfg)

    def _may_displace(self, cfg: VirtualRouterConfig, now: float) -> bool:
        """Whether a router of lower priority is ignored (RFC) rather than obeyed (hold time)."""
        if cfg.priority == 255:
            return True
        if not cfg.preempt_mode:
            return False
        if self.hold_until is None:
            self.hold_until = now + cfg.preempt_delay
        return now >= self.hold_until

    def _recompute(
        self, cfg: VirtualRouterConfig, previous: VirtualRouterConfig, now: float
    ) -> None:
        """Only the priority changes in these simulations."""
        assert cfg.advertisement_interval == previous.advertisement_interval
        start, kind = self.base
        wait = self._skew(cfg) + (3 * self.interval if kind == "down" else 0)
        self.due = start + wait  # may be past already: a raised priority shortens Skew_Time
        self.recomputed_at = now
