"""What the readers of all blocks share: where problems go, what exists, what was defined so far."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from copy import copy
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from .blocks import Statement
from .config import VrrpScript
from .diagnostics import Collector, Diagnostic, ProblemClass, Severity, Span
from .host import Host
from .plain_blocks import Placeless
from .slips import hint_about
from .source import DictReader, Reader
from .values import Values

if TYPE_CHECKING:
    from .bfd_config import BfdInstance
    from .config import Address
    from .global_config import Files
    from .routing_entry import Routing
    from .tracking_config import TrackFile, TrackProcess

__all__ = ["Context", "Moment", "shown"]

T = TypeVar("T")

_MAX_HINTS = 50
_MAX_CANDIDATES = 300
"""Looking for similar words costs time; a hostile file must not buy much of it."""

_MAX_SHOWN = 60
_MAX_INTERFACES = 8

_SECRETS = frozenset(("auth_pass", "key", "password"))
"""Keywords whose value is never shown."""


_UNSET = re.compile(r"\$[A-Za-z_]\w*", re.ASCII)
"""A variable that nothing set stays in the text as it was written."""


class _Use:
    """A keyword that does nothing yet: where it stands first, and how often."""

    __slots__ = ("count", "statement")

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.count = 0


class Moment(NamedTuple):
    """How many there were of what has to be defined before its use in a virtual server."""

    track_files: int
    bfd_instances: int


class Context:
    """What all readers share: where problems go, and what they may ask about this machine.

    `interfaces` are the names that exist, `host` knows accounts and programs; None: not checked.
    `homes` tells where a keyword belongs.
    `reader` finds the names iproute2 gives to numbers. `scripts`, `track_files`,
    `track_processes` and `bfd_instances` are the ones defined so far: keepalived knows no others;
    `later` tells where the rest stand. `vrrp_sessions` are the BFD instances that VRRP hears of.
    `bfd_paths` holds by neighbor and multihop the sources in use, None for any, and who uses
    them. `garp_interfaces` are in a garp_group.
    `readings` is what `schema.read_values` shares between blocks of the same text, None: nothing.
    """

    def __init__(
        self,
        collector: Collector,
        *,
        interfaces: frozenset[str] | None = None,
        host: Host | None = None,
        homes: Mapping[str, Container[str]] | None = None,
        reader: Reader | None = None,
    ) -> None:
        self.dynamic_interfaces = False
        self.default_interface = "eth0"
        self.files: Files | None = None
        self.scripts: dict[str, VrrpScript] = {}
        self.track_files: dict[str, TrackFile] = {}
        self.track_processes: dict[str, TrackProcess] = {}
        self.bfd_instances: dict[str, BfdInstance] = {}
        self.vrrp_sessions: dict[str, BfdInstance] = {}
        self.bfd_paths: dict[tuple[Address, bool], dict[Address | None, str]] = {}
        self.garp_interfaces: set[str] = set()
        self.later: dict[tuple[str, str], Statement] = {}
        self.host = host
        self._collector = collector
        self._interfaces = interfaces
        self._homes = homes or {}
        self._reader = reader or DictReader({})
        self.readings: dict[tuple[int, str], Values | None] | None = {}
        self._hints = _MAX_HINTS
        self._uses: dict[tuple[str, bool], _Use] = {}

    @cached_property
    def routing(self) -> Routing:
        """What routes, rules and static entries share."""
        from .routing_entry import Routing  # few configurations have any

        return Routing(self._reader, self.files)

    def attempt(self, read: Callable[[], T]) -> T | None:
        """What `read` answers; None when it wanted the place of text that has none.

        Then nothing was said either: the caller does the same with text that has a place.
        """
        hints, mark = self._hints, self._collector.mark()
        try:
            return read()
        except Placeless:
            self._hints = hints
            self._collector.go_back(mark)
            return None

    def moment(self) -> Moment:
        """How much is defined so far, for who reads again later."""
        return Moment(len(self.track_files), len(self.bfd_instances))

    def silent(self, then: Moment) -> Context:
        """As it was then, for one who reads again what was read before: it reports nothing, shares
        nothing."""
        other = copy(self)
        other.readings, other._collector, other._uses = None, Collector(), {}
        other.track_files = dict(islice(self.track_files.items(), then.track_files))
        other.bfd_instances = dict(islice(self.bfd_instances.items(), then.bfd_instances))
        return other

    def problem(
        self,
        id: str,
        statement: Statement,
        index: int,
        message: str,
        *,
        severity: Severity = Severity.ERROR,
        problem_class: ProblemClass = ProblemClass.GENERAL,
        hint: str | None = None,
        remark: str | None = None,
        is_fatal: bool = False,
    ) -> None:
        """Report a problem with word `index` of a statement."""
        if self._collector.is_full and statement.has_place:
            self._collector.count(problem_class, is_fatal)
            return
        span = statement.span(index)
        remarks = () if remark is None else (remark,)
        word = statement.words[min(index, len(statement.words) - 1)]
        unset = _UNSET.search(word)
        if unset:
            remarks = (*remarks, f"{unset[0]} is not defined above this line")
        if hint is None and severity is Severity.ERROR:
            hint = hint_about(word, is_keyword=index == 0)
        self._collector.add(
            Diagnostic(
                id,
                severity,
                span,
                message,
                (*remarks, *statement.notes(span)),
                hint,
                problem_class,
                _became(statement, index, span),
                is_fatal,
            )
        )

    def remark(
        self, id: str, statement: Statement, index: int, message: str, *, hint: str | None = None
    ) -> None:
        """Report something that costs nothing: keepalived only logs it."""
        self.problem(
            id,
            statement,
            index,
            message,
            severity=Severity.WARNING,
            problem_class=ProblemClass.NONE,
            hint=hint,
        )

    def word(
        self,
        statement: Statement,
        index: int = 1,
        missing: ProblemClass = ProblemClass.MISSING_PARAMETER,
    ) -> str | None:
        """Word `index` of a statement; None when it is not there, which has been reported."""
        if index < len(statement.words):
            return statement.words[index]
        self.problem(
            "missing-parameter",
            statement,
            0,
            f"{statement.words[0]} needs a value",
            severity=Severity.ERROR if missing else Severity.WARNING,
            problem_class=missing,
            is_fatal=missing is ProblemClass.MISSING_PARAMETER,
        )
        return None

    def once(self, statement: Statement, values: Values, field: str) -> bool:
        """True when the field is still free; otherwise that is reported."""
        if field not in values.set:
            return True
        first = values.at[field].span()
        self.problem(
            "given-twice",
            statement,
            0,
            f"{statement.words[0]} was given already; this one is ignored",
            remark=f"the first stands at {first}",
        )
        return False

    def arrived(self, keyword: str, name: str) -> None:
        """The block that defines `name` is being read: it no longer comes later."""
        self.later.pop((keyword, name), None)

    def is_interface(self, name: str) -> bool:
        """True when there is an interface of this name for certain."""
        return self._interfaces is not None and name in self._interfaces

    def has_interface(self, name: str) -> bool:
        """False when the interface is known to be missing, and that matters."""
        return self._interfaces is None or self.dynamic_interfaces or name in self._interfaces

    def interfaces(self, wanted: str) -> str | None:
        """A sentence about the interfaces there are, for whoever named one that is not."""
        names = sorted((self._interfaces or frozenset()) - {"lo"})
        if len(names) > _MAX_INTERFACES:
            return self.similar(wanted, names)
        return f"this machine has {', '.join(names)}" if names else None

    def account(
        self, statement: Statement, index: int, problem_class: ProblemClass = ProblemClass.GENERAL
    ) -> None:
        """Report when word `index` is no user, or the word behind it no group, of this machine."""
        if self.host is None or index >= len(statement.words):
            return
        user, group = (*statement.words[index : index + 2], "")[:2]
        if not self.host.has_user(user):
            kind, name, place = "user", user, index
        elif group.strip(":") and not self.host.has_group(group.removeprefix(":")):
            kind, name, place = "group", group, index + 1
        else:
            return
        self.problem(
            f"unknown-{kind}",
            statement,
            place,
            f"there is no {kind} {shown(name)} on this machine; nothing will be run as that",
            severity=Severity.ERROR if problem_class else Severity.WARNING,
            problem_class=problem_class,
        )

    def unknown(self, statement: Statement, names: Iterable[str], where: str) -> None:
        """Report a keyword nobody knows here, with the best guess at what was meant."""
        word = statement.words[0]
        hint = None if self._collector.is_full else self._guess(word, names)
        self.problem(
            "unknown-keyword",
            statement,
            0,
            f"unknown keyword {shown(word)} {where}",
            problem_class=ProblemClass.UNKNOWN_KEYWORD,
            hint=hint,
        )

    def _guess(self, word: str, names: Iterable[str]) -> str | None:
        home = [place for place, words in self._homes.items() if word in words]
        if home:
            return f"{word} belongs {' or '.join(home[:3])}"
        return self.similar(word, names)

    def similar(self, word: str, names: Iterable[str]) -> str | None:
        """A did-you-mean sentence, or None."""
        if self._hints <= 0 or len(word) > _MAX_SHOWN:
            return None
        self._hints -= 1
        from difflib import get_close_matches  # needed only in a file with mistakes

        close = get_close_matches(word, list(islice(names, _MAX_CANDIDATES)), 1, 0.75)
        return f"did you mean {close[0]}?" if close else None

    def used(self, statement: Statement) -> None:
        """Count a keyword that is not acted on; `report_kept` says so once per keyword."""
        if not statement.has_place:
            raise Placeless
        key = statement.words[0], statement.block is not None
        use = self._uses.get(key)
        if use is None:
            use = self._uses[key] = _Use(statement)
        use.count += 1

    def report_kept(self) -> None:
        """One diagnostic for each keyword that is accepted and does nothing yet."""
        for (name, has_block), use in self._uses.items():
            more = f" ({use.count} times)" if use.count > 1 else ""
            self.problem(
                "not-acted-on",
                use.statement,
                0,
                f"{name} is accepted, but not yet acted on{more}",
                severity=Severity.WARNING if has_block else Severity.INFO,
                problem_class=ProblemClass.NONE,
            )


def shown(word: str) -> str:
    """A word as it appears in a message: quoted, and not longer than a line has room for."""
    short = word if len(word) <= _MAX_SHOWN else f"{word[:_MAX_SHOWN]}..."
    return f"'{short}'"


def _became(statement: Statement, index: int, span: Span) -> str:
    """What a word that was written as a variable stands for."""
    if statement.words[0] in _SECRETS:
        return ""
    word = statement.words[min(index, len(statement.words) - 1)]
    written = span.file.line(span.line)[span.column - 1 : span.column - 1 + span.length]
    return word[:_MAX_SHOWN] if "$" in written and written != word else ""
