"""CONTRACT.md is what the table of the contract says."""

from __future__ import annotations

from pathlib import Path

import pyvrrp
from tests.netns.contract.rows import document

PAGE = Path(pyvrrp.__file__).with_name("CONTRACT.md")


def test_the_page(rewrite: bool) -> None:
    if rewrite:
        PAGE.write_text(document())
    assert PAGE.read_text() == document()
