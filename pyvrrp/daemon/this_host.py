"""This machine, as a configuration asks about it (`conf.host.Host`)."""

from __future__ import annotations

import grp
import os
import pwd

__all__ = ["ThisHost"]


class ThisHost:
    """Accounts, programs and files of this machine. It may wait for a name service."""

    def has_user(self, name: str) -> bool:
        """Whether there is such an account; as in keepalived a number is no name."""
        try:
            pwd.getpwnam(name)
        except KeyError:
            return False
        return True

    def has_group(self, name: str) -> bool:
        """Whether there is such a group."""
        try:
            grp.getgrnam(name)
        except KeyError:
            return False
        return True

    def has_program(self, name: str) -> bool:
        """Whether there is such a file; a name without a slash is looked for in PATH."""
        from pathlib import Path  # only a file with scripts needs them
        from shutil import which

        return Path(name).exists() if "/" in name else which(name) is not None

    def weakness(self, name: str, user: str | None) -> str:
        """Why this user should not run the program; only root has to mind."""
        from .notices.script_security import is_root, weakness

        return weakness(name) if is_root(user) else ""

    def key_problem(self, path: str) -> str:
        """Why the file gives no key. Whoever is not root is not told what only root may know."""
        from .key_file import read_key

        try:
            read_key(path)
        except PermissionError as error:
            return "" if os.geteuid() != 0 else str(error.strerror)
        except OSError as error:
            return str(error.strerror)
        except ValueError as error:
            return str(error)
        return ""

    def is_private(self, path: str) -> bool:
        """Whether nobody but its owner may read the file, as far as we can see."""
        from .key_file import is_private

        try:
            return is_private(path)
        except OSError:
            return True
