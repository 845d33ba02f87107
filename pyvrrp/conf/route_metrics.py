"""Metrics of a route: what it tells the transport protocols (ip-route(8), RTA_METRICS)."""

from __future__ import annotations

import re

from ..routing import Metric, MetricKind
from .context import shown
from .routing_entry import Entry
from .routing_options import Option, Options

__all__ = ["METRICS", "settle_metrics"]

_SHORTEST_MS = 200
_LONGEST_MS = 120_000
"""The kernel's TCP_RTO_MIN and TCP_RTO_MAX."""

_TIME = re.compile(
    r"(?P<whole>\d{1,12})(?:\.(?P<part>\d{0,9}))?(?P<unit>m?s(?:ecs?)?)?", re.I | re.A
)


def _put(entry: Entry, kind: MetricKind, value: int | str, *, locked: bool = False) -> None:
    metrics = entry.fields.setdefault("metrics", {})
    if isinstance(metrics, dict):
        metrics[kind] = Metric(kind, value, locked)


def _number(kind: MetricKind, high: int = 2**32 - 1, *, lockable: bool = False) -> Option:
    def read(entry: Entry) -> None:
        name = entry.word
        locked = lockable and entry.skip("lock") is not None
        _put(entry, kind, entry.number(name, 0, high), locked=locked)

    return read


def _time(kind: MetricKind, per_ms: int) -> Option:
    """`N`, in the kernel's own unit, or `Ns`, `Nms`; the kernel's bounds are kept."""

    def read(entry: Entry) -> None:
        name = entry.word
        locked = entry.skip("lock") is not None
        value = _units(entry, name, per_ms)
        fitting = min(max(value, _SHORTEST_MS * per_ms), _LONGEST_MS * per_ms)
        if fitting != value:
            bound = f"{_SHORTEST_MS} ms" if fitting > value else f"{_LONGEST_MS // 1000} s"
            relation = "below" if fitting > value else "above"
            entry.complain(
                "value-out-of-range", f"{name} {entry.word} is {relation} {bound}; {bound} is used"
            )
        _put(entry, kind, fitting, locked=locked)

    return read


def _units(entry: Entry, name: str, per_ms: int) -> int:
    word = entry.value()
    found = _TIME.fullmatch(word)
    in_seconds = found is not None and (found["unit"] or "m")[0] in "sS"
    if found is None or len(found["part"] or "") > (3 if in_seconds else 0):
        message = (
            f"{name} {shown(word)} is none of Ns with at most three decimals, Nms,"
            f" and a whole number of 1/{1000 * per_ms} s"
        )
        raise entry.useless("bad-number", message)
    ms = int(found["whole"]) * 1000 + int((found["part"] or "0").ljust(3, "0"))
    if in_seconds:
        return ms * per_ms
    return int(found["whole"]) * (per_ms if found["unit"] else 1)


def _features(entry: Entry) -> None:
    word = entry.value()
    if word == "ecn":
        _put(entry, MetricKind.FEATURES, 1)
    else:
        entry.complain("unknown-value", f"features {shown(word)} is not ecn; ignored")


def _congctl(entry: Entry) -> None:
    locked = entry.skip("lock") is not None
    _put(entry, MetricKind.CC_ALGO, str(entry.value()), locked=locked)


METRICS: Options = {
    "mtu": _number(MetricKind.MTU, lockable=True),
    "window": _number(MetricKind.WINDOW),
    "rtt": _time(MetricKind.RTT, 8),
    "rttvar": _time(MetricKind.RTTVAR, 4),
    "ssthresh": _number(MetricKind.SSTHRESH, lockable=True),
    "cwnd": _number(MetricKind.CWND, lockable=True),
    "advmss": _number(MetricKind.ADVMSS, lockable=True),
    "reordering": _number(MetricKind.REORDERING, lockable=True),
    "hoplimit": _number(MetricKind.HOPLIMIT, 255),
    "initcwnd": _number(MetricKind.INITCWND),
    "features": _features,
    "rto_min": _time(MetricKind.RTO_MIN, 1),
    "initrwnd": _number(MetricKind.INITRWND),
    "quickack": _number(MetricKind.QUICKACK, 1),
    "congctl": _congctl,
    "fastopen_no_cookie": _number(MetricKind.FASTOPEN_NO_COOKIE, 1),
}


def settle_metrics(fields: dict[str, object]) -> None:
    """Put the metrics into the order of their kinds, so that the order written is no difference."""
    metrics = fields.get("metrics")
    if isinstance(metrics, dict):
        fields["metrics"] = tuple(metrics[kind] for kind in sorted(metrics))
