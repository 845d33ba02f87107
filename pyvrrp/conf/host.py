"""What a configuration may ask about the machine it is for: accounts, programs, key files.

Nothing in this package looks them up; whoever wants them checked hands a `Host` to `load`.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["SCRIPT_ACCOUNT", "Host"]

SCRIPT_ACCOUNT = "keepalived_script"
"""Who runs scripts when nobody is named, where that account exists."""


class Host(Protocol):
    """Facts about one machine."""

    def has_user(self, name: str) -> bool:
        """Whether there is an account of this name."""

    def has_group(self, name: str) -> bool:
        """Whether there is a group of this name."""

    def has_program(self, name: str) -> bool:
        """Whether there is such a file; a name without a slash is looked for in PATH."""

    def weakness(self, name: str, user: str | None) -> str:
        """Why this user (None: our own) should not run the program; empty when nothing is wrong."""

    def key_problem(self, path: str) -> str:
        """Why the file gives no key of 32 to 64 octets; empty when it gives one."""

    def is_private(self, path: str) -> bool:
        """Whether nobody but its owner may read the file."""
