"""The kinds of dump, by the name that `--signum` knows, and whose state each of them shows."""

from __future__ import annotations

from .handoff import Section
from .options import SIGNALS

__all__ = ["CLEARING", "DUMP_KINDS", "DUMP_SIGNALS", "of_section"]

CLEARING = "STATS_CLEAR"
"""After this one the counters begin at zero again."""
DUMP_KINDS = {
    "DATA": frozenset({Section.VRRP, Section.CHECKERS}),
    "STATS": frozenset({Section.VRRP}),
    CLEARING: frozenset({Section.VRRP}),
    "JSON": frozenset({Section.VRRP}),
}
"""What is written for each is in `dumper`."""
DUMP_SIGNALS = {SIGNALS[kind]: kind for kind in DUMP_KINDS}


def of_section(section: Section) -> tuple[str, ...]:
    """The kinds that show a section's state."""
    return tuple(kind for kind, sections in DUMP_KINDS.items() if section in sections)
