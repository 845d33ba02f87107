"""The kinds of dump, by the name that `--signum` knows: whose state each of them shows, and what a
log calls it, in keepalived's words.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..handoff import Section
from ..options import SIGNALS

__all__ = ["CLEARING", "DUMP_KINDS", "DUMP_SIGNALS", "announced", "of_section"]

CLEARING = "STATS_CLEAR"
"""After this one the counters begin at zero again."""
DUMP_KINDS: Mapping[str, Mapping[Section | None, str]] = {
    "DATA": {
        None: "parent data",
        Section.VRRP: "VRRP data",
        Section.CHECKERS: "checker data",
        Section.BFD: "BFD data",
        Section.SCRIPTS: "tracker data",
    },
    "STATS": {Section.VRRP: "VRRP stats"},
    CLEARING: {Section.VRRP: "and clearing VRRP stats"},
    "JSON": {Section.VRRP: "VRRP as json", Section.SCRIPTS: "trackers as json"},
}
"""None: the parent. What is written for each is in `dumper`."""
DUMP_SIGNALS = {SIGNALS[kind]: kind for kind in DUMP_KINDS}


def of_section(section: Section) -> Mapping[str, str]:
    """The kinds that show a section's state, and what that is called."""
    return {kind: parts[section] for kind, parts in DUMP_KINDS.items() if section in parts}


def announced(part: str) -> str:
    """The log line of whoever has a part in a dump."""
    return f"Printing {part} for process({os.getpid()}) on signal"
