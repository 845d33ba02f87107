"""`pyvrrpctl plan`: what a reload would do, without doing it."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ...errors import PyvrrpError
from ..options import DEFAULT_CONFIGURATION
from .reading import add_options, read

if TYPE_CHECKING:
    from ...conf.config import Config
    from ..reload.items import Item
    from ..translate.sections import Sections

__all__ = ["add_to"]

_REFUSED = 2
_DESCRIPTION = """\
Say what a reload with NEW would do, object by object, and do nothing.

  unchanged   does not notice the reload
  in place    goes on with new settings and keeps its state
  restart     the old one ends and a new one begins; the reason is given
  added, removed
  at the next start: a reload leaves it as it is

It is what the daemon itself goes by; its log has the same words after a reload.
--format json gives {"counts": by kind and fate, "items": [...]}; an item has kind, name, fate,
reason, changes (what, old, new) and parts, which are items again.

Exit code 0, or 2 when the daemon would refuse NEW and keep its old configuration."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    plan = commands.add_parser(
        "plan",
        help="say what a reload would do",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    plan.add_argument("new", metavar="NEW", help="the configuration that would be loaded")
    plan.add_argument(
        "--against",
        metavar="OLD",
        default=DEFAULT_CONFIGURATION,
        help="the configuration that runs; default: %(default)s",
    )
    plan.add_argument("--format", choices=("text", "json"), default="text")
    plan.add_argument("--all", action="store_true", help="list what is unchanged too")
    add_options(plan)
    plan.set_defaults(run=_plan)


class _Usable(NamedTuple):
    config: Config
    records: Sections


class _Unusable(PyvrrpError):
    """A configuration that no daemon runs with."""


def _plan(arguments: argparse.Namespace) -> int:
    from ..reload.whole import at_the_next_start, whole

    try:
        old = _usable(arguments.against, arguments, "so nothing can be compared with it")
        new = _usable(arguments.new, arguments, "so a reload is refused and what runs goes on")
    except _Unusable as problem:
        print(problem, file=sys.stderr)
        return _REFUSED
    settled = at_the_next_start(old.config.global_defs, new.config.global_defs)
    items = (*whole(old.records, new.records), *settled)
    shown = items if arguments.all else tuple(_changed(items))
    if arguments.format == "json":
        print(_as_json(shown, items))
        return 0
    for item in shown:
        print("\n".join(_lines(item, "")))
    print("\n".join(_summary(items)) or "nothing runs, and nothing would")
    return 0


def _usable(path: str, arguments: argparse.Namespace, consequence: str) -> _Usable:
    """Raises: _Unusable, when the daemon would not run with the file."""
    from ..translate.sections import records

    try:
        loaded = read(path, arguments)
        fatal = [str(each) for each in loaded.diagnostics if each.is_fatal]
        if not fatal:
            return _Usable(loaded.config, records(loaded.config))
    except PyvrrpError as problem:
        fatal = [str(problem)]
    raise _Unusable("\n".join([*fatal, f"{path}: no daemon runs with this file, {consequence}"]))


def _changed(items: Iterable[Item]) -> Iterator[Item]:
    from dataclasses import replace

    for item in items:
        if item.fate != "unchanged":
            yield replace(item, parts=tuple(_changed(item.parts)))


def _lines(item: Item, margin: str) -> Iterator[str]:
    reason = f", {item.reason}" if item.reason else ""
    yield f"{margin}{item.kind} {item.name}: {item.fate}{reason}"
    yield from (f"{margin}    {change}" for change in item.changes)
    for part in item.parts:
        yield from _lines(part, f"{margin}    ")


def _summary(items: Iterable[Item]) -> Iterator[str]:
    """How many of each kind, by what becomes of them."""
    from ..reload.items import Fate

    for kind, by in _counts(items).items():
        if kind != "process":
            told = ", ".join(f"{by[fate]:,} {fate}" for fate in Fate if by[fate])
            yield f"{kind}{'es' if kind.endswith('s') else 's'}: {told}"


def _counts(items: Iterable[Item]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for item in _flat(items):
        counts.setdefault(item.kind, Counter())[item.fate] += 1
    return counts


def _flat(items: Iterable[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _flat(item.parts)


def _as_json(shown: Iterable[Item], items: Iterable[Item]) -> str:
    import json

    found = {"counts": _counts(items), "items": [_json_object(item) for item in shown]}
    return json.dumps(found, indent=1)


def _json_object(item: Item) -> dict[str, object]:
    return {
        "kind": item.kind,
        "name": item.name,
        "fate": item.fate,
        "reason": item.reason or None,
        "changes": [{"what": c.what, "old": c.old, "new": c.new} for c in item.changes],
        "parts": [_json_object(part) for part in item.parts],
    }
