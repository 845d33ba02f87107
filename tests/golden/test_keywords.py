"""KEYWORDS.md is what the tables of the code say."""

from __future__ import annotations

from pathlib import Path

from pyvrrp.conf import status

PAGE = Path(status.__file__).with_name("KEYWORDS.md")


def test_the_page(rewrite: bool) -> None:
    if rewrite:
        PAGE.write_text(status.document())
    assert PAGE.read_text() == status.document()
