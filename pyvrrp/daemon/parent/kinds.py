"""The kinds of children the daemon has, in the order they are started.

Their code is imported in the child: each loads its own half, and the parent neither.
"""

from __future__ import annotations

from .. import handoff
from .child import ChildKind

__all__ = ["BFD", "CHECKERS", "KINDS", "SCRIPTS", "VRRP"]


def _import_vrrp() -> None:
    from ..vrrp import process as vrrp_process  # noqa: F401


def _run_vrrp(start: handoff.ChildStart) -> int:
    from ..vrrp.process import run

    return run(start)


def _import_checkers() -> None:
    from ..checkers import process as checker_process  # noqa: F401


def _run_checkers(start: handoff.ChildStart) -> int:
    from ..checkers.process import run

    return run(start)


def _import_bfd() -> None:
    from ..bfd import process as bfd_process  # noqa: F401


def _run_bfd(start: handoff.ChildStart) -> int:
    from ..bfd.process import run

    return run(start)


def _import_scripts() -> None:
    from ..scripts import process as scripts_process  # noqa: F401


def _run_scripts(start: handoff.ChildStart) -> int:
    from ..scripts.process import run

    return run(start)


VRRP = ChildKind(
    "VRRP",
    "Keepalived_vrrp",
    (b"vrrp_instance",),
    _import_vrrp,
    _run_vrrp,
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
    _import_checkers,
    _run_checkers,
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
    _import_bfd,
    _run_bfd,
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
    _import_scripts,
    _run_scripts,
    may_run=lambda options: True,
    is_needed=lambda verdict: verdict.needs_scripts,
    pid_file=lambda paths: "",
    section=handoff.Section.SCRIPTS,
    siblings=(handoff.Section.VRRP, handoff.Section.CHECKERS),
)
KINDS = (CHECKERS, VRRP, BFD, SCRIPTS)
