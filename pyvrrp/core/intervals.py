"""Timer arithmetic: Skew_Time and Active_Down_Interval, and the only unit conversions.

The wire counts centiseconds (version 3) or seconds (version 2); everything else in this package
counts seconds as float. A float's 53 bits hold 40.95 s to far better than a nanosecond, so no
truncation happens: a Skew_Time rounded to 0 would wake all Backup Routers together.
"""

from __future__ import annotations

from .model import Version, VirtualRouterConfig

__all__ = [
    "active_down_interval",
    "centiseconds",
    "from_centiseconds",
    "next_advertisement",
    "skew_time",
    "start_delay",
]


def centiseconds(interval: float) -> int:
    """Seconds to the wire's Max Advertise Interval, rounded to the nearest centisecond."""
    return round(interval * 100)


def from_centiseconds(interval_cs: int) -> float:
    """The wire's Max Advertise Interval to seconds."""
    return interval_cs / 100


def skew_time(cfg: VirtualRouterConfig, active_adver_interval: float) -> float:
    """Skew_Time in seconds, never 0.

    Source: RFC 9568 §6.1, (256 - Priority) * Active_Adver_Interval / 256;
    RFC 3768 §6.1, (256 - Priority) / 256 s whatever the interval.
    """
    if cfg.version is Version.V2:
        return (256 - cfg.priority) / 256
    return (256 - cfg.priority) * active_adver_interval / 256


def active_down_interval(cfg: VirtualRouterConfig, active_adver_interval: float) -> float:
    """Active_Down_Interval in seconds: silence after which a Backup Router takes over.

    Source: RFC 9568 §6.1, 3 * Active_Adver_Interval + Skew_Time.
    """
    # Skew_Time again, without a call: every Advertisement that is obeyed comes through here.
    unit = 1.0 if cfg.version is Version.V2 else active_adver_interval
    skew = (256 - cfg.priority) * unit / 256
    return cfg.missed_advertisements * active_adver_interval + skew


def next_advertisement(interval: float, due: float, now: float) -> float:
    """When the Advertisement after the one due at `due` and sent at `now` is due.

    Counted from the due time, so the spacing does not drift; after a whole interval's delay a new
    rhythm starts instead of a burst.
    """
    following = due + interval
    return following if following > now else now + interval


def start_delay(cfg: VirtualRouterConfig) -> float:
    """Seconds a starting Backup Router listens before it takes over; 0 for the address owner.

    With `start_as_active` it is keepalived's one interval plus 1/256 s, otherwise §6.4.1's
    Active_Down_Interval.
    """
    if cfg.is_owner:
        return 0.0
    if cfg.start_as_active:
        return cfg.advertisement_interval + 1 / 256
    return active_down_interval(cfg, cfg.advertisement_interval)
