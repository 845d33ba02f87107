"""Every id that the code can emit has a text, and every text belongs to an id."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pyvrrp.conf.explanations import PROBLEMS, explanations
from pyvrrp.conf.lints import all_lints

SOURCES = sorted((Path(__file__).parents[3] / "pyvrrp" / "conf").glob("*.py"))
EMITTERS = {
    "Diagnostic",
    "problem",
    "remark",
    "complain",
    "useless",
    "tell",
    "_complain",
    "_report",
}
"""Functions that take an id among their first arguments."""

_ID = re.compile(r"^[a-z0-9]+(?:-[a-z0-9]+)*$")


def emitted() -> Iterator[str]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and called(node) in EMITTERS:
                found = (tuple(constants(each)) for each in node.args[:2])
                yield from next(filter(None, found), ())


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def constants(node: ast.AST) -> Iterator[str]:
    """Ids as they stand, or in a choice between two."""
    if isinstance(node, ast.IfExp):
        yield from (*constants(node.body), *constants(node.orelse))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _ID.findall(node.value)[:1]


def test_each_id_is_explained():
    ids = set(emitted())
    assert {
        "unknown-keyword",
        "duplicate-vrid",
        "too-many-problems",
        "bad-netmask",
        "deprecated",
        "no-account",
    } <= ids
    assert not ids - set(PROBLEMS), "add a text for these to pyvrrp/conf/explanations.py"


def test_nothing_is_explained_that_cannot_happen():
    text = "".join(path.read_text() for path in SOURCES if path.name != "explanations.py")
    assert [id for id in PROBLEMS if f'"{id}"' not in text] == []


def test_lints_have_ids_and_texts_of_their_own():
    lints = all_lints()
    assert len({lint.id for lint in lints}) == len(lints)
    assert not {lint.id for lint in lints} & set(PROBLEMS)
    texts = explanations()
    assert all(texts[lint.id].endswith(f"{lint.hint}.") for lint in lints)
    assert all(text.rstrip().endswith(".") for text in texts.values())
