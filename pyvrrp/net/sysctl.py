"""Kernel settings under /proc/sys/net, and putting them back.

Several Virtual Routers may want the same setting of one interface, so each change is counted: the
original value returns when the last one that asked for it has let go.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import PyvrrpError

__all__ = [
    "NO_IGMP_REPORTS",
    "Sysctl",
    "SysctlError",
    "Sysctls",
    "links_with_settings",
    "promotion",
    "read_sysctl",
    "write_sysctl",
]

_ROOT = Path("/proc/sys/net")


@dataclass(frozen=True, slots=True)
class Sysctl:
    """A setting that is wanted: `name` below /proc/sys/net, as "ipv4/conf/eth0/arp_ignore"."""

    name: str
    value: str


NO_IGMP_REPORTS = Sysctl("ipv4/igmp_link_local_mcast_reports", "0")
"""Membership in groups of 224.0.0.0/24 is reported to nobody."""


def promotion(interface: str) -> Sysctl:
    """When the first address of a network leaves, the next one takes its place, and none is lost."""
    return Sysctl(f"ipv4/conf/{interface}/promote_secondaries", "1")


class SysctlError(PyvrrpError):
    """A setting that could not be read or written."""

    def __init__(self, verb: str, name: str, error: OSError) -> None:
        super().__init__(f"{verb} net/{name}: {error.strerror or error}")
        self.name = name
        self.errno = error.errno


def read_sysctl(name: str) -> str:
    """The value in force. Raises: SysctlError."""
    try:
        return (_ROOT / name).read_text().strip()
    except OSError as error:
        raise SysctlError("read", name, error) from error


def links_with_settings() -> tuple[str, ...]:
    """Names of what has IPv4 settings of its own: links, "all" and "default"."""
    try:
        return tuple(sorted(each.name for each in (_ROOT / "ipv4/conf").iterdir()))
    except OSError as error:
        raise SysctlError("list", "ipv4/conf", error) from error


def write_sysctl(setting: Sysctl) -> None:
    """Set a value. Raises: SysctlError."""
    try:
        (_ROOT / setting.name).write_text(setting.value)
    except OSError as error:
        raise SysctlError(f"set to {setting.value}", setting.name, error) from error


class Sysctls:
    """The settings changed by this process."""

    def __init__(self) -> None:
        self._originals: dict[str, str] = {}
        self._users: dict[str, int] = {}

    def hold(self, settings: Iterable[Sysctl]) -> None:
        """Put settings in force and remember what they were. Raises: SysctlError."""
        for setting in settings:
            users = self._users.get(setting.name, 0)
            if not users:
                self._originals[setting.name] = read_sysctl(setting.name)
            write_sysctl(setting)
            self._users[setting.name] = users + 1

    def release(self, settings: Iterable[Sysctl]) -> list[SysctlError]:
        """Let go of settings that were held; those nobody holds any more get their old value."""
        failures = []
        for setting in settings:
            users = self._users.pop(setting.name, 0) - 1
            if users > 0:
                self._users[setting.name] = users
            elif users == 0:
                try:
                    write_sysctl(Sysctl(setting.name, self._originals.pop(setting.name)))
                except SysctlError as error:
                    if error.errno != errno.ENOENT:  # the interface took its settings with it
                        failures.append(error)
        return failures
