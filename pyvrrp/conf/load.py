"""From a keepalived.conf to `Loaded`: the configuration and every problem found on the way.

    files -> logical lines -> statements -> tables -> checks -> Config

Nothing in a file raises. The only exception is `Unreadable`, and only for the main file.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from .blocks import Statement, parse
from .config import Config, GlobalDefs, SyncGroup, VrrpInstance
from .context import Context, shown
from .diagnostics import Collector, Diagnostic, ProblemClass
from .expand import Expander, IncludeCheck
from .global_defs import GLOBAL_DEFS, ROOT_ROWS, build_global_defs
from .host import Host
from .known import Block
from .rare_blocks import RARE_ROWS
from .schema import Keyword, Table, read_block, table
from .script_checks import check_scripts
from .source import DiskReader, Reader, node_name
from .values import Values
from .vrrp import VRRP_INSTANCE, VRRP_SCRIPT, VRRP_SYNC_GROUP, read_script
from .vrrp_checks import finish_instance
from .vrrp_relations import check_conflicts, finish_group, resolve_groups

if TYPE_CHECKING:
    from .lvs import LvsReading
    from .statics import Statics

__all__ = ["Loaded", "load"]

_LVS = ("SSL", "virtual_server", "virtual_server_group")
"""Blocks for which the half of the checks is loaded; nothing else needs it."""

_TRACKED = {
    "vrrp_script": "vrrp_script",
    "track_file": "track_file",
    "vrrp_track_file": "track_file",
    "vrrp_track_process": "vrrp_track_process",
    "bfd_instance": "bfd_instance",
    "track_group": "track_group",
}
"""Blocks that must stand before their use: the name they have in messages."""

Interfaces: TypeAlias = "Collection[str] | Callable[[str | None], Collection[str]] | None"

_UNUSABLE = 2
_NO_CONFIGURATION = 6
"""keepalived's exit codes EXIT_CONFIG and EXIT_NO_CONFIG."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a configuration says, and what is wrong with it.

    `files` are the paths that were read, the main file first. An unusable configuration still
    holds what could be understood, for tools; nothing may run on it.
    """

    config: Config
    diagnostics: tuple[Diagnostic, ...]
    files: tuple[str, ...]

    @property
    def is_usable(self) -> bool:
        """True when keepalived would start with it."""
        return not any(d.is_fatal for d in self.diagnostics)

    @property
    def exit_code(self) -> int:
        """Exit code of a real start because of this configuration.

        0: it starts; 2: unusable; 6: an include that had to be there was not.
        """
        if self.is_usable:
            return 0
        return _NO_CONFIGURATION if self._lacks_a_file() else _UNUSABLE

    @property
    def test_exit_code(self) -> int:
        """Exit code of `keepalived -t`: 0, 2, 4, 5 or 6."""
        if self._lacks_a_file():
            return _NO_CONFIGURATION
        classes = {d.problem_class for d in self.diagnostics}
        # keepalived stops reading at a line that lacks a word; nothing worse is found after it.
        if ProblemClass.MISSING_PARAMETER in classes:
            return ProblemClass.MISSING_PARAMETER.test_exit_code
        return max(classes, default=ProblemClass.NONE).test_exit_code

    def _lacks_a_file(self) -> bool:
        return any(d.problem_class is ProblemClass.SEVERAL_FILES for d in self.diagnostics)


def load(
    path: str,
    *,
    reader: Reader | None = None,
    config_id: str | None = None,
    environ: Mapping[str, str] | None = None,
    interfaces: Interfaces = None,
    host: Host | None = None,
    strict_includes: bool = False,
) -> Loaded:
    """Read the configuration in the file at `path`.

    `config_id` is what `@ID` lines are compared with (default: the node name up to the first dot),
    `environ` feeds `${_ENV}` (default: this process's), `interfaces` are the names of the links
    that exist, or what tells them for a network namespace, None for one that the file does not name
    (None: existence is not checked); `host` tells of accounts and programs (None: not checked
    either). `strict_includes` is as a bare `include_check` before all else.
    Raises: Unreadable, for the main file only; whatever `interfaces` raises.
    """
    with _collector_at_rest():
        return _load(
            path,
            reader or DiskReader(),
            node_name() if config_id is None else config_id,
            os.environ if environ is None else environ,
            interfaces,
            host,
            strict_includes,
        )


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Nothing here makes cycles; in a large file the search for them would double the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _load(
    path: str,
    reader: Reader,
    config_id: str,
    environ: Mapping[str, str],
    interfaces: Interfaces,
    host: Host | None,
    strict_includes: bool,
) -> Loaded:
    collector = Collector()
    expander = Expander(
        reader,
        collector,
        config_id=config_id,
        environ=environ,
        checks=IncludeCheck.ALL if strict_includes else IncludeCheck.NONE,
    )
    statements = parse(expander.lines(path), collector)
    names = interfaces(_namespace(statements)) if callable(interfaces) else interfaces
    context = Context(
        collector,
        interfaces=None if names is None else frozenset(names),
        host=host,
        homes=_HOMES,
        reader=reader,
    )
    collector.settle()
    config = _Reading(context, collector).read(statements)
    context.report_kept()
    collector.braces_last()
    return Loaded(config, collector.finish(), tuple(expander.files))


def _namespace(statements: Iterable[Statement]) -> str | None:
    """The first counts, and before all else: the links are there that the words are about."""
    named = (s.words[1] for s in statements if s.words[0] == "net_namespace" and len(s.words) > 1)
    return next(map(str, named), None)


class _Reading:
    """The top level: which block goes where, and the order in which they are finished."""

    def __init__(self, context: Context, collector: Collector) -> None:
        self._context = context
        self._collector = collector
        self._instances: dict[str, Values] = {}
        self._groups: dict[str, Values] = {}
        self._lvs: LvsReading | None = None

    def read(self, statements: list[Statement]) -> Config:
        """The whole configuration."""
        if not statements:
            return Config()
        context = self._context
        root = Values(statements[0])
        others = self._globals(statements, root)
        defs = build_global_defs(root)
        context.dynamic_interfaces = defs.dynamic_interfaces
        context.default_interface = defs.default_interface
        context.files = defs.files
        context.later = {
            (_TRACKED[s.words[0]], s.words[1]): s
            for s in others
            if s.words[0] in _TRACKED and len(s.words) > 1
        }
        if any(statement.words[0] in _LVS for statement in others):
            from .lvs import LvsReading

            self._lvs = LvsReading(context, defs)
        read_block(context, others, self._table(), root)
        self._collector.settle()
        instances, groups = self._finish(defs)
        lvs = self._lvs.finish() if self._lvs else None
        config = Config(
            defs,
            instances,
            groups,
            tuple(context.scripts.values()),
            tuple(context.track_files.values()),
            tuple(context.track_processes.values()),
            tuple(context.bfd_instances.values()),
            tuple(root.get("garp_groups", ())),
            tuple(root.get("interface_delays", {}).values()),
            tuple(root.get("linkbeat_interfaces", {}).values()),
            lvs=lvs,
            **self._statics(root, instances),
        )
        check_scripts(self._collector, config, context.host)
        self._collector.settle()
        return config

    def _statics(self, root: Values, instances: Iterable[VrrpInstance]) -> Statics:
        """What lasts as long as the daemon; most files have nothing of the kind."""
        if not root.get("statics", False):
            return {}
        from .statics import finish_statics

        return finish_statics(self._context, root, frozenset(i.name for i in instances))

    def _globals(self, statements: list[Statement], root: Values) -> list[Statement]:
        """Read what sets globals; the other statements."""
        rows = {row.name: row for row in ROOT_ROWS}
        mine: list[Statement] = []
        others: list[Statement] = []
        for statement in statements:
            word = statement.words[0]
            (mine if word in rows or word == "global_defs" else others).append(statement)
        rows["global_defs"] = Keyword("global_defs", _global_defs, Block.TABLE)
        read_block(self._context, mine, table("", rows.values()), root)
        return others

    def _table(self) -> Table:
        rows = (
            Keyword("vrrp_instance", self._instance, Block.TABLE),
            Keyword("vrrp_sync_group", self._group, Block.TABLE),
            Keyword("vrrp_script", self._script, Block.TABLE),
            Keyword("SSL", self._lvs_block, Block.TABLE),
            Keyword("virtual_server", self._lvs_block, Block.TABLE),
            Keyword("virtual_server_group", self._lvs_block, Block.ENTRIES),
        )
        return table("", (*rows, *RARE_ROWS))

    def _lvs_block(self, context: Context, statement: Statement, values: Values) -> None:
        if self._lvs is not None:
            self._lvs.rows[statement.words[0]].read(context, statement, values)

    def _instance(self, context: Context, statement: Statement, _: Values) -> None:
        if _has_new_name(context, statement, self._instances):
            values = self._instances[statement.words[1]] = Values(statement)
            read_block(context, statement.block or (), VRRP_INSTANCE, values)

    def _group(self, context: Context, statement: Statement, _: Values) -> None:
        if _has_new_name(context, statement, self._groups):
            values = self._groups[statement.words[1]] = Values(statement)
            read_block(context, statement.block or (), VRRP_SYNC_GROUP, values)

    def _script(self, context: Context, statement: Statement, _: Values) -> None:
        name = context.word(statement)
        if name is None:
            return
        context.arrived("vrrp_script", name)
        if name in context.scripts:
            context.remark("duplicate-name", statement, 1, f"{shown(name)} is defined already")
            return
        script = read_script(context, statement, str(name))
        if script is not None:
            context.scripts[name] = script

    def _finish(self, defs: GlobalDefs) -> tuple[tuple[VrrpInstance, ...], tuple[SyncGroup, ...]]:
        context = self._context
        memberships = resolve_groups(context, self._groups.values(), self._instances)
        group_of = {name: m.group for m in memberships for name in m.members}
        finished: dict[str, VrrpInstance] = {}
        for name, values in self._instances.items():
            instance = finish_instance(context, values, defs, group_of.get(name))
            if instance is not None:
                finished[name] = instance
        check_conflicts(context, finished.values(), self._instances)
        groups = tuple(finish_group(context, m, finished, defs) for m in memberships)
        return tuple(finished.values()), groups


def _global_defs(context: Context, statement: Statement, values: Values) -> None:
    read_block(context, statement.block or (), GLOBAL_DEFS, values)


def _has_new_name(context: Context, statement: Statement, taken: Mapping[str, Values]) -> bool:
    keyword = statement.words[0]
    if len(statement.words) != 2:
        index = min(2, len(statement.words) - 1)
        message = f"{keyword} takes one name; the block is dropped"
        context.problem("bad-name", statement, index, message)
        return False
    name = statement.words[1]
    if name not in taken:
        return True
    first = taken[name].owner.span(1)
    message = f"{keyword} {shown(name)} is defined already; this one is dropped"
    context.problem("duplicate-name", statement, 1, message, remark=f"the first stands at {first}")
    return False


class _LvsKeywords:
    """The keywords of one IPVS block, looked up when somebody has made a mistake."""

    def __init__(self, block: str) -> None:
        self._block = block

    def __contains__(self, word: object) -> bool:
        from .lvs import KEYWORDS

        return word in KEYWORDS[self._block]


_HOMES: dict[str, Container[str]] = {
    "at the top level": {
        *(row.name for row in ROOT_ROWS),
        *("global_defs", "vrrp_instance", "vrrp_sync_group", "vrrp_script"),
        *_LVS,
        *(row.name for row in RARE_ROWS),
    },
    **{f"in {known.name}": frozenset(known.rows) for known in (GLOBAL_DEFS, VRRP_INSTANCE)},
    **{f"in {known.name}": frozenset(known.rows) for known in (VRRP_SYNC_GROUP, VRRP_SCRIPT)},
    "in virtual_server": _LvsKeywords("virtual_server"),
    "in real_server": _LvsKeywords("real_server"),
    "in authentication": ("auth_type", "auth_pass"),
}
"""Where a keyword belongs that stands in the wrong place."""
