"""Whether root may run a program: could anybody else have changed what it does?

keepalived's rule: each element of the path belongs to root, and nobody else may write it. Unlike
there a symbolic link is no fault by itself; where it stands and where it leads are looked at.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat

__all__ = ["account", "is_root", "weakness"]


def is_root(user: str | None) -> bool:
    """Whether a program of this user (name or number, None: our own) runs with root's rights."""
    if user is None:
        return os.geteuid() == 0
    if user.isdecimal():
        return int(user) == 0
    try:
        return pwd.getpwnam(user).pw_uid == 0
    except KeyError:
        return False


def account(user: str | None, group: str | None) -> tuple[int, int]:
    """The numbers of a user and a group, as names or numbers; -1 for what is not named, or unknown.

    A user without a group has the primary one.
    """
    uid = gid = -1
    if user is not None:
        try:
            entry = pwd.getpwnam(user)
            uid, gid = entry.pw_uid, entry.pw_gid
        except KeyError:
            uid = int(user) if user.isdecimal() else -1
    if group is not None and (name := group.removeprefix(":")):
        try:
            gid = grp.getgrnam(name).gr_gid
        except KeyError:
            gid = int(name) if name.isdecimal() else -1
    return uid, gid


def weakness(program: str) -> str:
    """Why root should not run it, in words; empty when nothing speaks against it."""
    # Only a file with scripts needs them.
    from pathlib import Path
    from shutil import which

    found = which(program)
    if found is None:
        return "there is no such program"
    path = Path(found).absolute()
    # quirk: script-below-a-link
    for element in dict.fromkeys([path, *path.parents, path.resolve(), *path.resolve().parents]):
        status = element.lstat()
        if status.st_uid != 0:
            return f"{element} belongs to user {status.st_uid}, not to root"
        if _others_may_write(status):
            return f"{element} may be written by others than root"
    return ""


def _others_may_write(status: os.stat_result) -> bool:
    if stat.S_ISLNK(status.st_mode):
        return False  # the mode of a link means nothing
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:
        return False  # nobody may replace what is not his own
    by_group = status.st_mode & stat.S_IWGRP and status.st_gid != 0
    return bool(by_group or status.st_mode & stat.S_IWOTH)
