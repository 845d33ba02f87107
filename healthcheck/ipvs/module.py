"""IPVS into the kernel, where it is a module that nobody has loaded yet."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .errors import IpvsMissing

__all__ = ["load_module"]

_LOADER = Path("/proc/sys/kernel/modprobe")  # the program that the kernel itself would start
_TIMEOUT = 30.0


def load_module() -> None:
    """Load the kernel module ip_vs; nothing happens where it is loaded already or built in.

    Blocks for as long as modprobe takes, 30 s at most.
    Raises: IpvsMissing, with what modprobe said.
    """
    command = [_loader(), "ip_vs"]
    what = "load the kernel module ip_vs"
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=_TIMEOUT
        )
    except OSError as error:
        raise IpvsMissing(what, f"{command[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise IpvsMissing(what, f"{command[0]} took longer than {_TIMEOUT:g} s") from error
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise IpvsMissing(what, f"{command[0]}: {said}")


def _loader() -> str:
    try:
        return _LOADER.read_text().strip() or "modprobe"
    except OSError:  # a kernel without loadable modules
        return "modprobe"
