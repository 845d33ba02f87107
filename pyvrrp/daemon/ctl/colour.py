"""Colours for problems, where somebody looks at them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TextIO

__all__ = ["is_wanted", "paint"]

_COLOURS = {"error": "1;31", "warning": "1;33", "info": "1;36"}
_MARKED = re.compile(r"\b(error|warning|info)\[[a-z0-9-]+\]|^ +\| *\t*\^+[^\n]*", re.MULTILINE)


def is_wanted(choice: str, output: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """`always`, `never`, or `auto`: on a terminal, unless NO_COLOR (no-color.org) says no."""
    if choice == "auto":
        is_dumb = environ.get("TERM") == "dumb"
        return output.isatty() and not is_dumb and not environ.get("NO_COLOR")
    return choice == "always"


def paint(text: str, severity: str) -> str:
    """The name of the problem and the carets under its place, in the colour of its severity."""
    return _MARKED.sub(lambda found: f"\x1b[{_COLOURS[severity]}m{found[0]}\x1b[m", text, count=2)
