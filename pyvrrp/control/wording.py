"""How the dumps spell a truth, a command line, a weight, an address."""

from __future__ import annotations

from collections.abc import Iterator

from ..conf.config import GlobalDefs, Script
from .host import HostFacts

__all__ = ["MASK", "command", "enabled", "owner", "script", "truth", "weight", "yes"]

MASK = "********"
"""Instead of a password (quirk: password-in-dump)."""


def truth(value: bool) -> str:
    """ "true" or "false"."""
    return "true" if value else "false"


def yes(value: bool) -> str:
    """ "yes" or "no"."""
    return "yes" if value else "no"


def enabled(value: bool) -> str:
    """ "enabled" or "disabled"."""
    return "enabled" if value else "disabled"


def weight(value: int, reverse: bool | None) -> str:
    """A weight and its sense."""
    return f"{value} reverse" if reverse else f"{value}"


def command(words: tuple[str, ...]) -> str:
    """Each word in quotes, but for a first one that is a redirection."""
    return " ".join(
        word if not i and word[:1] in ("<", ">") else f"'{word}'" for i, word in enumerate(words)
    )


def owner(defs: GlobalDefs, host: HostFacts, user: str | None, group: str | None) -> str:
    """The numbers of who runs a script; who is not written is the default user."""
    if user is None and defs.script_user is not None:
        user, group = defs.script_user.user, defs.script_user.group
    return "uid:gid {}:{}".format(*host.identity(user, group))


def script(defs: GlobalDefs, host: HostFacts, label: str, found: Script | None) -> Iterator[str]:
    """A line for a script that is configured."""
    if found is not None:
        yield f"{label} = {command(found.argv)}, {owner(defs, host, found.user, found.group)}"
