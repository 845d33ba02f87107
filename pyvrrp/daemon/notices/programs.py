"""Who runs the programs of a configuration, and whether they are run at all."""

from __future__ import annotations

import logging
import pwd
from typing import TYPE_CHECKING

from .commands import Command, FifoSettings
from .script_security import account, is_root, weakness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...conf.config import GlobalDefs, NotifyFifo, Script, ScriptUser

__all__ = ["Programs"]

_log = logging.getLogger(__name__)

_USUAL_ACCOUNT = "keepalived_script"
"""Runs scripts where the configuration names nobody, when the system has it."""


class Programs:
    """What `global_defs` says of scripts.

    One that root would run and others could have changed is left out under
    `enable_script_security`; without, it is run and the danger said, once.
    """

    def __init__(self, defs: GlobalDefs) -> None:
        self._is_strict = defs.enable_script_security
        self._default = _default_user(defs.script_user)
        self._with_all_groups = defs.set_supplementary_groups
        self._weaknesses: dict[str, str] = {}

    def command(self, script: Script | None) -> Command | None:
        """The script with its account; None when there is none, or when it may not be run."""
        if script is None:
            return None
        user, group = self.identity(script.user, script.group)
        return Command(script.argv, user, group) if self.may_run(script.argv[0], user) else None

    def identity(self, user: str | None, group: str | None) -> tuple[str | None, str | None]:
        """Who runs a script that names these: they, or who runs scripts that name nobody.

        A group with a colon before it, or nothing but a colon: with the user's further groups.
        """
        if user is None:
            user, group = self._default
        if user is not None and self._with_all_groups:
            group = ":" + (group or "").removeprefix(":")
        return user, group

    def may_run(self, program: str, user: str | None) -> bool:
        """Whether this user may; only root has to mind."""
        return not is_root(user) or not self._weakness(program) or not self._is_strict

    def fifos(self, *wanted: NotifyFifo | None) -> Iterator[FifoSettings]:
        """The pipes; of two with one name the first. Who is not named, is who runs scripts."""
        seen: set[str] = set()
        for fifo in wanted:
            if fifo is None or fifo.path in seen:
                continue
            seen.add(fifo.path)
            user, group = account(*self.identity(fifo.user, fifo.group))
            yield FifoSettings(fifo.path, user, group, self.command(fifo.script))

    def _weakness(self, program: str) -> str:
        if program not in self._weaknesses:
            found = self._weaknesses[program] = weakness(program)
            if found and self._is_strict:
                _log.error("script %s is not used: %s", program, found)
            elif found:
                _log.warning("script %s is not safe: %s", program, found)
        return self._weaknesses[program]


def _default_user(configured: ScriptUser | None) -> tuple[str | None, str | None]:
    if configured is not None:
        return configured.user, configured.group
    try:
        pwd.getpwnam(_USUAL_ACCOUNT)
    except KeyError:
        return None, None
    return _USUAL_ACCOUNT, None
