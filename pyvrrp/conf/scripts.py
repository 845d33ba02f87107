"""Programs named in a configuration: `SCRIPT [USER [GROUP]]` and the words inside SCRIPT.

Whether the file exists, may be run and is safe to run is not known here; only its words are read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .blocks import Statement
from .config import Script
from .context import Context, shown
from .diagnostics import ProblemClass
from .shapes import SKIP

__all__ = ["ScriptWords", "command_words"]

_WORD = re.compile(
    r"""\s*((?:[^\s"'\\]|\\.|\\$|"(?:[^"\\]|\\.)*"|'[^']*'|["'])+)""",
    re.DOTALL,
)
_PART = re.compile(r"""\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'""", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def command_words(text: str) -> tuple[str, ...]:
    """The words of a command line: quotes keep blanks together, a backslash quotes one character.

    A quote without its partner is an ordinary character.
    """
    return tuple(_PART.sub(_plain, word) for word in _WORD.findall(text))


def _plain(found: re.Match[str]) -> str:
    if found[1] is not None:
        return found[1]
    if found[2] is not None:
        return _ESCAPED.sub(r"\1", found[2])
    return found[3]


class ScriptWords(NamedTuple):
    """`SCRIPT [USER [GROUP]]`; `has_user` False where the user has a keyword of its own.

    `account` is the class of an account that does not exist: keepalived only logs most of them.
    """

    has_user: bool = True
    missing: ProblemClass = ProblemClass.MISSING_PARAMETER
    account: ProblemClass = ProblemClass.NONE

    def read(self, context: Context, statement: Statement) -> object:
        """A `Script`."""
        word = context.word(statement, 1, self.missing)
        if word is None:
            return SKIP
        argv = command_words(word)
        if not argv:
            context.problem("no-script", statement, 1, f"{statement.words[0]} names no program")
            return SKIP
        self._remark(context, statement, word)
        identity = statement.words[2:4] if self.has_user else []
        if identity:
            context.account(statement, 2, self.account)
        user, group = (*map(str, identity), None, None)[:2]
        return Script(argv, user, group, statement.span(1))

    def _remark(self, context: Context, statement: Statement, word: str) -> None:
        """What keepalived takes without a word, and nobody means."""
        if word[0] in "“”„‘’":
            message = f'{shown(word[0])} is a part of the name; only " is a quote'
            context.remark("odd-quote", statement, 1, message)
        elif len(statement.words) > 2 and not self.has_user:
            message = f"only {shown(word)} is run; what follows is ignored"
            hint = "program and arguments stand in double quotes together"
            context.remark("extra-words", statement, 2, message, hint=hint)
