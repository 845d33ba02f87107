"""The scenarios."""

from __future__ import annotations

from tests.netns.scenarios import elections, programs, reloads, speech, troubles

__all__ = ["SCENARIOS"]

SCENARIOS = (
    *elections.scenarios(),
    *troubles.scenarios(),
    *programs.scenarios(),
    *speech.scenarios(),
    *reloads.scenarios(),
)
"""Their names are different."""
