"""Scripts once everything is read: who would run them, are they there, could others change them.

Only what a tracked script lacks counts for `keepalived -t`; a notification that cannot run is
logged there. Without a `Host` every program is taken to be there and to be safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .config import Config, NotifyFifo, Script
from .context import shown
from .diagnostics import Collector, Diagnostic, ProblemClass, Severity, Span
from .host import SCRIPT_ACCOUNT, Host
from .vrrp import NOTIFY_SCRIPTS

__all__ = ["check_scripts"]


class _Use(NamedTuple):
    """A program, and whether a fault of it is an error: a check needs it, a notification does not."""

    script: Script
    is_needed: bool = False


def check_scripts(collector: Collector, config: Config, host: Host | None) -> None:
    """Report programs that cannot or should not be run, and that nobody guards them."""
    runs: list[Script] = []
    for use in _uses(config):
        if host is None or _may_run(collector, config, host, use):
            runs.append(use.script)
    if config.global_defs.enable_script_security or not runs or runs[0].span is None:
        return
    collector.add(
        Diagnostic(
            "script-security",
            Severity.WARNING,
            runs[0].span,
            "scripts are run without enable_script_security",
            hint="put enable_script_security into global_defs",
            problem_class=ProblemClass.SECURITY,
        )
    )


def _may_run(collector: Collector, config: Config, host: Host, use: _Use) -> bool:
    """False when keepalived would leave the program out; that is reported."""
    program, span = use.script.argv[0], use.script.span
    defs = config.global_defs
    named = use.script if use.script.user else defs.script_user
    user, group = (named.user, named.group or "") if named else (None, "")
    if span is None or program.startswith("<"):
        return False  # a file to be looked at
    if user is not None and not _has_account(host, user, group.removeprefix(":")):
        return False  # reported where the name stands
    if user is None and defs.enable_script_security and not host.has_user(SCRIPT_ACCOUNT):
        why = f"nobody is named to run it, and there is no account {SCRIPT_ACCOUNT}"
        _report(collector, "no-account", span, use, why, "put script_user into global_defs")
        return False
    if not host.has_program(program):
        _report(collector, "no-program", span, use, "there is no such program")
        return False
    weakness = host.weakness(program, user) if defs.enable_script_security else ""
    if weakness:
        _report(collector, "unsafe-script", span, use, weakness)
    return True


def _has_account(host: Host, user: str, group: str) -> bool:
    return host.has_user(user) and (not group or host.has_group(group))


def _report(
    collector: Collector, id: str, span: Span, use: _Use, why: str, hint: str | None = None
) -> None:
    collector.add(
        Diagnostic(
            id,
            Severity.ERROR if use.is_needed else Severity.WARNING,
            span,
            f"{shown(use.script.argv[0])} will not be run: {why}",
            hint=hint,
            problem_class=ProblemClass.GENERAL if use.is_needed else ProblemClass.NONE,
        )
    )


def _uses(config: Config) -> Iterator[_Use]:
    """Every program the configuration would run, startup and shutdown first."""
    defs = config.global_defs
    lvs = config.lvs if config.lvs and config.lvs.services else None
    yield from (_Use(s) for s in (defs.startup_script, defs.shutdown_script) if s is not None)
    found: list[Script | None] = []
    fifos: list[NotifyFifo | None] = []
    if config.instances:
        fifos = [defs.notify_fifo, defs.vrrp_notify_fifo]
        yield from (_Use(script.script, is_needed=True) for script in config.scripts)
        for notifier in (*config.sync_groups, *config.instances):
            found += [getattr(notifier, name, None) for name in NOTIFY_SCRIPTS]
    if lvs:
        fifos += [defs.notify_fifo, defs.lvs_notify_fifo]
        found += lvs.scripts()
    found += [fifo.script for fifo in fifos if fifo is not None]
    yield from (_Use(script) for script in found if script is not None)
