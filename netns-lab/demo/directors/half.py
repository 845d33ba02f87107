"""The second half from its lab to its picture."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from netnslab import Lab
from netnslab.observe import Observation

from ..recorder import Recorder
from ..screen import Screen, open_console
from . import kernel
from .lanes import CONNECTION, DirectorLanes
from .outcome import measure
from .record import Record
from .site import ADDRESS, CLIENT, DIRECTORS, PORT, SERVERS, furnish
from .story import Story
from .summary import sum_up
from .traffic import Traffic

__all__ = ["leave_record", "run"]


def run(program: Path, options: Sequence[str], picture: Path, *, live: bool) -> tuple[str, ...]:
    """Play it, sum it up, draw it; return what should not have happened.

    `options` are the command line's for the same again in another kernel. Raises: LabError; OSError;
    LookupError, when something did not happen at all.
    """
    console = open_console()
    elsewhere = [sys.executable, str(Path(__file__).parents[1]), "directors", *options, "--record"]
    record = kernel.run(console, partial(_play, program, live=live), elsewhere)
    outcome = measure(record)
    sum_up(console, outcome, record.program)
    from .picture import draw  # loads matplotlib, 0.5 s: not before the lab is gone

    draw(picture, record, outcome)
    console.print(f"The same as a picture: {picture}", markup=False, soft_wrap=True)
    return outcome.problems


def leave_record(program: Path, file: Path, *, live: bool) -> None:
    """Play it, and write its record into a file. Raises: LabError; OSError."""
    kernel.leave_record(_play(program, live=live), file)


def _play(program: Path, *, live: bool) -> Record:
    heading = f"{program.name}: two directors share {ADDRESS}, before two nginx; a client uses it"
    with Lab(f"demo-{os.getpid()}") as lab:
        furnish(lab)
        observation = Observation(lab)
        recorder = Recorder(observation)
        traffic = Traffic(lab[CLIENT], ADDRESS, PORT, stay_with=list(SERVERS)[1])
        lanes = DirectorLanes(recorder, traffic)
        names = (*DIRECTORS, *SERVERS, CLIENT, CONNECTION)
        with Screen(recorder, heading, names, lanes, live=live) as screen:
            record = Story(lab, program, recorder, traffic, screen.show).run()
            screen.show(recorder.finish())
    return record
