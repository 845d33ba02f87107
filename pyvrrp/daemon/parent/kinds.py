"""The kinds of children the daemon has, in the order they are started.

Their code is imported in the child: each loads its own half, and the parent neither.
"""

from __future__ import annotations

from .. import handoff
from .child import ChildKind, Program

__all__ = ["BFD", "CHECKERS", "KINDS", "SCRIPTS", "VRRP"]


def _vrrp() -> Program:
    from ..vrrp.process import run

    return run


def _checkers() -> Program:
    from ..checkers.process import run

    return run


def _bfd() -> Program:
    from ..bfd.process import run

    return run


def _scripts() -> Program:
    from ..scripts.process import run

    return run


VRRP = ChildKind(
    "VRRP",
    "Keepalived_vrrp",
    (b"vrrp_instance",),
    _vrrp,
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
    may_run=lambda options: True,
    is_needed=lambda verdict: verdict.needs_scripts,
    pid_file=lambda paths: "",
    section=handoff.Section.SCRIPTS,
    siblings=(handoff.Section.VRRP, handoff.Section.CHECKERS),
)
KINDS = (CHECKERS, VRRP, BFD, SCRIPTS)
