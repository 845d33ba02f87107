"""Debian's keepalived and this program, side by side in one kernel, through the same scenarios.

All scenarios run at once; a test looks at what the two programs made of one.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from netnslab import Lab
from tests.ipvs.parity.changes import differences
from tests.ipvs.parity.scenarios import DAEMONS, SCENARIOS
from tests.ipvs.parity.trial import Daemon, Gate, Outcome

pytestmark = [pytest.mark.ipvs(timeout=180), pytest.mark.slow]

_PROGRAMS = {
    "keepalived": Path("/usr/sbin/keepalived"),
    "ours": Path(sys.executable).with_name("keepalived"),
}


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Outcome | BaseException]:
    """Scenario and program to what came of it, or why nothing did, for the scenarios that tests were
    chosen of."""
    wanted = [
        str(item.callspec.params["name"])
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.path == request.path
        and hasattr(item, "callspec")
    ]
    directory = tmp_path_factory.mktemp("parity")
    for each in (directory, *directory.parents[:2]):
        each.chmod(0o755)  # scripts are refused where others might have written
    certificate = directory / "certificate.pem"
    certificate.write_bytes(_certificate())
    found: dict[tuple[str, str], Outcome | BaseException] = {}
    with Lab() as lab:
        for kinds in DAEMONS:
            daemons: list[Daemon] = []
            order: list[tuple[str, str]] = []
            for (kind, (flags, words)), (program, path) in product(
                kinds.items(), _PROGRAMS.items()
            ):
                title = f"{program}-{kind}"
                if chosen := [name for name in wanted if SCENARIOS[name].daemon == kind]:
                    daemons.append(Daemon(path, lab.host(title), directory / title, flags, words))
                for name in chosen:
                    daemons[-1].add(SCENARIOS[name], certificate)
                    order.append((name, program))
            found |= zip(order, asyncio.run(_run(daemons)), strict=True)
    return found


async def _run(daemons: list[Daemon]) -> list[Outcome | BaseException]:
    gate = Gate(len(daemons))
    runs = (daemon.run(gate) for daemon in daemons)
    found: list[Outcome | BaseException] = []
    for daemon, done in zip(
        daemons, await asyncio.gather(*runs, return_exceptions=True), strict=True
    ):
        found += [done] * len(daemon.trials) if isinstance(done, BaseException) else done
    return found


def _certificate() -> bytes:
    """A key and its self-signed certificate."""
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    command = [*make.split(), "-subj", "/CN=test", "-keyout", "-", "-out", "-"]
    return subprocess.run(command, check=True, capture_output=True, timeout=30).stdout


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_parity(name: str, outcomes: dict[tuple[str, str], Outcome | BaseException]) -> None:
    theirs, ours = (_of(outcomes[name, program]) for program in _PROGRAMS)
    found = differences(theirs.phases, ours.phases)
    report = "\n".join([*found, *_told("keepalived", theirs), *_told("ours", ours)])
    assert sorted(found) == sorted(SCENARIOS[name].known), report
    assert ours.rules == theirs.rules
    assert ours.left == theirs.left
    assert ours.status == theirs.status
    assert any(phase.changes for phase in theirs.phases)


def _of(outcome: Outcome | BaseException) -> Outcome:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _told(program: str, outcome: Outcome) -> list[str]:
    """What happened, for a person."""
    lines = ["", f"{program}:"]
    for phase in outcome.phases:
        events = sorted((at, what) for what, times in phase.events().items() for at in times)
        lines += [
            f"  {phase.name} (up to {phase.lateness:.2f} s late)",
            *(f"    {at:6.2f} {what}" for at, what in events),
        ]
    return [*lines, outcome.log]
