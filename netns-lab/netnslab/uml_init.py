"""The first program inside a User-Mode Linux machine: sets it up, runs one command, halts it.

It is started as a file, without this package, by the same interpreter as on the host (the root file
system is the host's). Its argument is the machine's directory, seen at the same path inside, with

    job.json          what to run: `command`, `environment`, `directory`, `modules`
    stdout, stderr    of the command; they reach the host with each write
    status.json       left at the end: `status` (negative for a signal), or `problem`

As process 1 it collects every orphan at once, as pid files and process counts want it.
Source: mount(2), reboot(2), netdevice(7), modprobe(8).
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["main"]

_MODULES = "/usr/lib/uml/modules"
_MS_SYNCHRONOUS = 16
_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x41
_POWER_OFF = 0x4321FEDC
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OWN = "/run/netnslab-uml"  # a tmpfs of the machine's own
_ADDED = {"MODPROBE_OPTIONS": f"-d {_OWN}"}  # plain `modprobe` finds this kernel's modules

_libc = ctypes.CDLL(None, use_errno=True)


def main(directory: Path) -> None:
    """Run the job in `directory` and halt the machine. Does not return."""
    os.environ["PATH"] = _PATH
    try:
        _mount_kernel_views(directory)
        job = json.loads((directory / "job.json").read_text())
        _prepare(job)
        outcome: dict[str, object] = {"status": _run(job, directory)}
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        outcome = {"problem": f"{type(error).__name__}: {error}"}
    draft = directory / "status.new"
    draft.write_text(json.dumps(outcome))
    draft.rename(directory / "status.json")
    os.sync()  # what was written to files that are still open is in this kernel's cache alone
    _libc.reboot(ctypes.c_int(_POWER_OFF))


def _mount_kernel_views(directory: Path) -> None:
    """/run is private: pid files and sockets in there are never the host's."""
    _mount("proc", "/proc", "proc")
    _mount("sysfs", "/sys", "sysfs")
    _mount("devtmpfs", "/dev", "devtmpfs")
    _mount("tmpfs", "/run", "tmpfs", "mode=755")
    for path, kind, options in (("pts", "devpts", "ptmxmode=666"), ("shm", "tmpfs", "mode=1777")):
        Path("/dev", path).mkdir(exist_ok=True)
        _mount(kind, f"/dev/{path}", kind, options)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        if not Path("/dev", name).is_symlink():
            Path("/dev", name).symlink_to(f"/proc/self/{target}")
    directory.mkdir(parents=True, exist_ok=True)
    # Synchronous, or the host sees what is written when the cache is flushed, or never.
    _mount("hostfs", str(directory), "hostfs", str(directory), _MS_SYNCHRONOUS)


def _prepare(job: dict[str, Any]) -> None:
    Path("/proc/sys/kernel/hostname").write_text("uml")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP_RUNNING))
    _let_kernel_load_modules()
    if job["modules"]:
        load = ["modprobe", "-d", _OWN, "-a", *job["modules"]]
        done = subprocess.run(load, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"{' '.join(load)}: {done.stderr.strip()}")


def _let_kernel_load_modules() -> None:
    """The kernel asks for a module when a link, a scheduler or a rule first needs it.

    It starts the program named in this sysctl, which takes no further options."""
    loader = Path(_OWN, "modprobe")
    Path(_OWN, "lib").mkdir(parents=True)
    Path(_OWN, "lib/modules").symlink_to(_MODULES)
    loader.write_text(f'#!/bin/sh\nexec /sbin/modprobe -d {_OWN} "$@"\n')
    loader.chmod(0o755)
    Path("/proc/sys/kernel/modprobe").write_text(str(loader))


def _run(job: dict[str, Any], directory: Path) -> int:
    """Run the command to its end; its status as subprocess has it."""
    with (directory / "stdout").open("ab") as out, (directory / "stderr").open("ab") as err:
        try:
            process = subprocess.Popen(
                job["command"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=job["directory"],
                env=job["environment"] | _ADDED | {"NETNSLAB_UML": str(directory)},
                start_new_session=True,
            )
        except OSError as error:
            err.write(f"{job['command'][0]}: {error.strerror}\n".encode(errors="surrogateescape"))
            return 126 if isinstance(error, PermissionError) else 127
        return _collect(process.pid)


def _collect(wanted: int) -> int:
    while True:
        pid, status = os.wait()
        if pid == wanted:
            return os.waitstatus_to_exitcode(status)


def _mount(source: str, target: str, kind: str, options: str = "", flags: int = 0) -> None:
    arguments = (source.encode(), os.fsencode(target), kind.encode(), flags, os.fsencode(options))
    if _libc.mount(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"mount {kind}: {os.strerror(code)}", target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
