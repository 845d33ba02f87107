"""How often something must succeed or fail before it counts as up or down: keepalived's counter."""

from __future__ import annotations

__all__ = ["RiseFall"]


class RiseFall:
    """Counts from 0 to `rise + fall - 1`; from `rise` on it is up. The first result decides at once."""

    def __init__(self, rise: int, fall: int) -> None:
        self.rise = rise
        self.fall = fall
        self.is_known = False
        self.count = rise - 1

    @property
    def is_up(self) -> bool:
        """What it counts as; down while nothing is known."""
        return self.count >= self.rise

    def take(self, *, is_good: bool) -> bool:
        """Note a result; True when it counts as up or down now and did not so before."""
        was_known, was_up = self.is_known, self.is_up
        self.is_known = True
        top = self.rise + self.fall - 1
        if is_good:
            self.count = self.count + 1 if self.count < self.rise - 1 else top
        else:
            self.count = self.count - 1 if self.count > self.rise else 0
        return not was_known or was_up is not self.is_up

    def under(self, rise: int, fall: int) -> RiseFall:
        """The same standing by other rules: as far above or below the threshold, where there is room."""
        new = RiseFall(rise, fall)
        if self.is_known:
            new.is_known = True
            top, was_top = rise + fall - 1, self.rise + self.fall - 1
            moved = rise + self.count - self.rise
            extreme = self.count in (0, was_top)
            limit = top if self.is_up else 0
            new.count = limit if extreme else min(max(moved, 0), top)
        return new
