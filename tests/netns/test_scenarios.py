"""Two keepalived, two of ours and one of each go through the same scenarios.

All runs happen in the first test; a test looks at one scenario. `python -m tests.netns.scenarios`
sums up.
"""

from __future__ import annotations

import pytest

from tests.netns.scenarios.crew import MIXES, THEIRS, Mix, Outcomes, run_all
from tests.netns.scenarios.table import SCENARIOS
from tests.netns.scenarios.trace import Trace, differences, story, unexplained, unused

pytestmark = [pytest.mark.slow, pytest.mark.alone]

_BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Outcomes:
    """For the scenarios that tests were chosen of."""
    chosen = {
        item.callspec.params["name"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.path == request.path
        and hasattr(item, "callspec")
    }
    return run_all([scenario for scenario in SCENARIOS if scenario.name in chosen])


def test_names_are_different() -> None:
    assert len(_BY_NAME) == len(SCENARIOS)


def _trace(outcomes: Outcomes, name: str, mix: Mix) -> Trace:
    """Raises: whatever kept the run from its end."""
    found = outcomes[name, mix]
    if isinstance(found, Exception):
        raise found
    return found


@pytest.mark.parametrize("mix", MIXES, ids=" and ".join)
@pytest.mark.parametrize("name", _BY_NAME)
def test_parity(outcomes: Outcomes, name: str, mix: Mix) -> None:
    theirs, ours = (_trace(outcomes, name, each) for each in (THEIRS, mix))
    found = differences(theirs, ours)
    report = "\n".join([*found, "", "keepalived:", *story(theirs), "", "here:", *story(ours)])
    assert unexplained(found, _BY_NAME[name].known) == [], report


@pytest.mark.parametrize("name", [each.name for each in SCENARIOS if each.known])
def test_each_known_difference_is_one(outcomes: Outcomes, name: str) -> None:
    theirs = _trace(outcomes, name, THEIRS)
    found = [line for mix in MIXES for line in differences(theirs, _trace(outcomes, name, mix))]
    assert unused(found, _BY_NAME[name].known) == []


@pytest.mark.parametrize("name", _BY_NAME)
def test_all_kinds_of_events_are_seen(outcomes: Outcomes, name: str) -> None:
    """A trace that misses what it should see would equal any other."""
    kinds = {kind for _, _, kind in _trace(outcomes, name, THEIRS)}
    assert kinds >= {"state", "wire", "address"}
