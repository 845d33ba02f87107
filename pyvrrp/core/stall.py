"""What a Virtual Router does after its process did not run for a while.

SIGSTOP, a paused virtual machine, memory swapped out: the clock went on, and others saw silence. One
who was Active may have been replaced, and one whose timer ran out may only have been deaf. So both
listen before they claim anything: what waits in the sockets comes next, and only then a Tick.

* Backup, longer than Active_Down_Interval: nobody is believed dead before an interval (and Skew_Time)
  was listened to.
* Active, silent for longer than Active_Down_Interval, that is as long as others wait: it keeps its
  addresses and says nothing for an interval. An Advertisement that wins, or that came first where
  we may not preempt, makes it Backup without a word. One that loses is answered once, however many
  waited, with a whole announcement: the addresses had been somebody else's.
"""

from __future__ import annotations

from dataclasses import replace

from .intervals import active_down_interval, skew_time
from .model import VirtualRouterConfig
from .states import Active, Backup

__all__ = ["awake_active", "awake_backup", "has_expired", "may_reclaim", "reclaim"]


def awake_backup(cfg: VirtualRouterConfig, state: Backup, slept: float, now: float) -> Backup:
    """After `slept` seconds: believe nobody dead at once."""
    interval = state.active_adver_interval
    if slept <= active_down_interval(cfg, interval):
        return state
    listen_until = now + interval + skew_time(cfg, interval)
    return replace(state, active_down_at=max(state.active_down_at, listen_until), armed_at=now)


def awake_active(cfg: VirtualRouterConfig, state: Active, now: float) -> Active:
    """Listen for an interval, when others had time to take over."""
    if _silence(cfg, state, now) <= active_down_interval(cfg, cfg.advertisement_interval):
        return state
    listen_until = now + cfg.advertisement_interval
    announce_at = max(state.announce_at, listen_until)
    return replace(state, adver_at=listen_until, announce_at=announce_at, is_waking=True)


def has_expired(cfg: VirtualRouterConfig, state: Active, now: float) -> bool:
    """keepalived's `timer_expired_backup`: another router of that priority has certainly taken over."""
    if cfg.yield_to_priority is None:
        return False
    interval = cfg.advertisement_interval
    other = replace(cfg, priority=cfg.yield_to_priority)
    return _silence(cfg, state, now) >= active_down_interval(other, interval)


def may_reclaim(cfg: VirtualRouterConfig) -> bool:
    """Whether one who lost the role may take it back at once from somebody with a lower Priority."""
    return cfg.is_owner or (cfg.preempt_mode and cfg.preempt_delay <= 0)


def reclaim(cfg: VirtualRouterConfig, state: Active, now: float) -> Active:
    """One Advertisement and one announcement, as soon as everything that waited was read."""
    return replace(state, adver_at=now, announce_at=now, announce_count=cfg.announce.repeat)


def _silence(cfg: VirtualRouterConfig, state: Active, now: float) -> float:
    """Seconds since the last Advertisement of ours."""
    return now - (state.adver_at - cfg.advertisement_interval)
