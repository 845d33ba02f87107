"""KEYWORDS.md is what the tables of the code say, and the README counts as they do."""

from __future__ import annotations

import re
from pathlib import Path

from pyvrrp.conf import status

README = Path(__file__).parents[2] / "README.md"
PAGE = Path(status.__file__).with_name("KEYWORDS.md")


def test_the_page(rewrite: bool) -> None:
    if rewrite:
        PAGE.write_text(status.document())
    assert PAGE.read_text() == status.document()


def test_the_readme() -> None:
    all_of_them = status.statuses()
    kept = [each for each in all_of_them if each.status == status.ACCEPTED]
    found = re.search(r"of its (\d+) keywords (\d+) are read", README.read_text())
    assert found is not None
    assert [int(number) for number in found.groups()] == [len(all_of_them), len(kept)]
