"""What keepalived takes without a word and a person would rather know.

A lint looks at the typed configuration, never at the text. It must be right whenever it speaks: what
only might be a mistake is none. Lints do not count for `keepalived -t`; `explanations` has the texts
of what does. To add one: write the function, and a row in the table of its module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from .diagnostics import Diagnostic, ProblemClass, Severity, Span

if TYPE_CHECKING:
    from .config import Config, Interface

__all__ = ["Addresses", "Finding", "Lint", "all_lints", "find_lints"]

Addresses: TypeAlias = "Mapping[str, tuple[Interface, ...]]"
"""What a machine has now: name of a link to its addresses."""


class Finding(NamedTuple):
    """Where a lint found something, and what; `notes` are further facts."""

    span: Span
    message: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lint:
    """One lint. `why` says why it matters, `hint` what to do about it.

    `find` gets the addresses of the machine the configuration is for, None: it is for another one.
    """

    id: str
    severity: Severity
    why: str
    hint: str
    find: Callable[[Config, Addresses | None], Iterator[Finding]]

    def look(self, config: Config, addresses: Addresses | None) -> Iterator[Diagnostic]:
        """Its findings."""
        for span, message, notes in self.find(config, addresses):
            yield Diagnostic(
                self.id, self.severity, span, message, notes, self.hint, ProblemClass.NONE
            )


def find_lints(config: Config, addresses: Addresses | None = None) -> tuple[Diagnostic, ...]:
    """What all lints find, in their order."""
    return tuple(
        found
        for lint in all_lints(with_checks=config.lvs is not None)
        for found in lint.look(config, addresses)
    )


def all_lints(*, with_checks: bool = True) -> tuple[Lint, ...]:
    """Every lint; those of the checks load the half that knows them."""
    from .vrrp_lints import VRRP_LINTS

    if not with_checks:
        return VRRP_LINTS
    from .lvs_lints import LVS_LINTS

    return VRRP_LINTS + LVS_LINTS
