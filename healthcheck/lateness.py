"""How late things happen, kept as counts: any number of samples in a few hundred octets."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Lateness", "LatenessCounts"]

_BUCKETS = 128
_SUB_BITS = 2  # four buckets for each doubling: a bound is at most 25 % above the sample


@dataclass(frozen=True, slots=True)
class Lateness:
    """What was counted: seconds, each the upper bound of a bucket at most 25 % wide."""

    samples: int = 0
    median: float = 0.0
    p99: float = 0.0
    maximum: float = 0.0


class LatenessCounts:
    """Counts samples of lateness from 1 µs upwards."""

    __slots__ = ("_counts", "_maximum", "_samples")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget every sample."""
        self._counts = [0] * _BUCKETS
        self._samples = 0
        self._maximum = 0.0

    def add(self, seconds: float) -> None:
        """Count one sample; what is early counts as being on time."""
        self._counts[_bucket(int(seconds * 1e6))] += 1
        self._samples += 1
        if seconds > self._maximum:
            self._maximum = seconds

    def summary(self) -> Lateness:
        """Median, 99th percentile and maximum of every sample."""
        if not self._samples:
            return Lateness()
        return Lateness(self._samples, self._bound(0.5), self._bound(0.99), self._maximum)

    def _bound(self, share: float) -> float:
        wanted, seen = share * self._samples, 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if seen >= wanted:
                return min(_upper_bound(bucket) / 1e6, self._maximum)
        return self._maximum


def _bucket(microseconds: int) -> int:
    if microseconds < 1 << _SUB_BITS:
        return max(0, microseconds)
    shift = microseconds.bit_length() - 1 - _SUB_BITS
    return min(_BUCKETS - 1, (shift << _SUB_BITS) + (microseconds >> shift))


def _upper_bound(bucket: int) -> int:
    if bucket < 1 << _SUB_BITS:
        return bucket + 1
    shift = (bucket >> _SUB_BITS) - 1
    return ((bucket & 3) + 4 + 1) << shift
