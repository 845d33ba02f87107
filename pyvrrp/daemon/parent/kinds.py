"""The kinds of children the daemon has, in the order they are started.

Their code is imported in the child: each loads its own half, and the parent neither.
"""

from __future__ import annotations

from typing import Protocol

from .. import handoff
from .child import ChildKind

__all__ = ["BFD", "CHECKERS", "KINDS", "SCRIPTS", "VRRP"]


class _Program(Protocol):
    """The module of a child."""

    def run(self, start: handoff.ChildStart) -> int:
        """Be it, until told to stop; the result is the exit code."""


def _vrrp() -> _Program:
    from ..vrrp import process

    return process


def _checkers() -> _Program:
    from ..checkers import process

    return process


def _bfd() -> _Program:
    from ..bfd import process

    return process


def _scripts() -> _Program:
    from ..scripts import process

    return process


VRRP = ChildKind(
    "VRRP",
    "Keepalived_vrrp",
    (b"vrrp_instance",),
    _vrrp,
    lambda start: _vrrp().run(start),
    may_run=lambda options: options.run_vrrp,
    is_needed=lambda verdict: verdict.needs_vrrp,
    pid_file=lambda paths: paths.vrrp,
    section=handoff.Section.VRRP,
    has_journal=True,
)
CHECKERS = ChildKind(
    "Healthcheck",
    "Keepalived_healthcheckers",
    (b"virtual_server",),
    _checkers,
    lambda start: _checkers().run(start),
    may_run=lambda options: options.run_checkers,
    is_needed=lambda verdict: verdict.needs_checkers,
    pid_file=lambda paths: paths.checkers,
    section=handoff.Section.CHECKERS,
    hears_of_active=True,
)
BFD = ChildKind(
    "BFD",
    "Keepalived_bfd",
    (b"bfd_instance",),
    _bfd,
    lambda start: _bfd().run(start),
    may_run=lambda options: options.run_bfd,
    is_needed=lambda verdict: verdict.needs_bfd,
    pid_file=lambda paths: paths.bfd,
    section=handoff.Section.BFD,
    siblings=(handoff.Section.VRRP, handoff.Section.CHECKERS),
)
SCRIPTS = ChildKind(
    "scripts",
    "Keepalived_scripts",
    (b"track_", b"notify", b"smtp_server"),
    _scripts,
    lambda start: _scripts().run(start),
    may_run=lambda options: True,
    is_needed=lambda verdict: verdict.needs_scripts,
    pid_file=lambda paths: "",
    section=handoff.Section.SCRIPTS,
    siblings=(handoff.Section.VRRP, handoff.Section.CHECKERS),
)
KINDS = (CHECKERS, VRRP, BFD, SCRIPTS)
