"""Named network namespaces: made, entered and removed without starting a program.

The names are those of ip-netns(8), bind mounts under /run/netns, so `ip netns exec NAME ...` works
on every host of a lab. `os.setns` came with Python 3.12, hence ctypes.

Source: setns(2), unshare(2), mount_namespaces(7), ip-netns(8), netdevice(7).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import LabError, NotPermitted

__all__ = ["DIRECTORY", "create", "entered", "inode", "path_of", "remove"]

DIRECTORY = Path("/run/netns")

_CLONE_NEWNET = 0x40000000
_MS_BIND, _MS_REC, _MS_SHARED = 0x1000, 0x4000, 0x100000
_MNT_DETACH = 2
_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x41
_THIS_THREAD = "/proc/thread-self/ns/net"
# Without duplicate address detection an IPv6 address is usable at once, not a second later.
_QUICK_IPV6 = {"accept_dad": "0", "dad_transmits": "0", "router_solicitations": "0"}

_libc = ctypes.CDLL(None, use_errno=True)


def path_of(name: str) -> Path:
    """Where the namespace `name` is mounted."""
    return DIRECTORY / name


def inode(name: str) -> int | None:
    """The number that tells this namespace from all others; None when there is none of that name."""
    try:
        return path_of(name).stat().st_ino
    except FileNotFoundError:
        return None


def create(name: str) -> None:
    """Make the namespace `name`, its loopback up, duplicate address detection off.

    Raises: NotPermitted without CAP_SYS_ADMIN; LabError when the name is taken or the kernel refuses.
    """
    _share_directory()
    path = path_of(name)
    try:
        path.touch(mode=0o444, exist_ok=False)
    except FileExistsError as error:
        raise LabError(f"there is a network namespace {name} already (`ip netns list`)") from error
    try:
        with _kept_namespace():
            _call("make a network namespace", _libc.unshare(_CLONE_NEWNET))
            _mount(_THIS_THREAD, path, _MS_BIND)
            _prepare()
    except BaseException:
        remove(name)
        raise


def remove(name: str) -> None:
    """Take the name away; the kernel frees the namespace when no process or socket is left in it."""
    path = path_of(name)
    _libc.umount2(os.fsencode(path), _MNT_DETACH)  # EINVAL: it was never mounted
    path.unlink(missing_ok=True)


@contextmanager
def entered(name: str) -> Iterator[None]:
    """Put the calling thread, and no other, into the namespace `name` for the `with` block.

    Sockets opened inside stay in that namespace afterwards; child processes started inside live
    there too. Never `await` inside: other tasks of the loop would run in the wrong namespace.
    Raises: LabError when there is no such namespace; NotPermitted without CAP_SYS_ADMIN.
    """
    with _kept_namespace():
        try:
            there = os.open(path_of(name), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise LabError(f"there is no network namespace {name}: was its lab closed?") from error
        try:
            _call(f"enter the network namespace {name}", _libc.setns(there, _CLONE_NEWNET))
        finally:
            os.close(there)
        yield


@contextmanager
def _kept_namespace() -> Iterator[None]:
    """Bring the calling thread back to the namespace it is in now."""
    home = os.open(_THIS_THREAD, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        try:
            _call("return to the former network namespace", _libc.setns(home, _CLONE_NEWNET))
        finally:
            os.close(home)


def _share_directory() -> None:
    """Make /run/netns a shared mount, as `ip netns add` does, so that names spread and go away
    in every mount namespace. The lock keeps two labs from stacking two mounts."""
    DIRECTORY.mkdir(mode=0o755, parents=True, exist_ok=True)
    lock = os.open(DIRECTORY, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            _mount("", DIRECTORY, _MS_SHARED | _MS_REC)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            _mount(DIRECTORY, DIRECTORY, _MS_BIND | _MS_REC)
            _mount("", DIRECTORY, _MS_SHARED | _MS_REC)
    except PermissionError as error:
        raise NotPermitted(f"no permission to share {DIRECTORY}: run as root") from error
    finally:
        os.close(lock)


def _prepare() -> None:
    """Settle the namespace the calling thread is in: loopback up, IPv6 addresses usable at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP_RUNNING))
    for scope in ("all", "default"):
        for key, value in _QUICK_IPV6.items():
            path = Path(f"/proc/sys/net/ipv6/conf/{scope}/{key}")
            if path.exists():  # absent where IPv6 is compiled out or disabled
                path.write_text(value)


def _mount(source: str | Path, target: Path, flags: int) -> None:
    if _libc.mount(os.fsencode(source), os.fsencode(target), b"none", flags, None) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"mount: {os.strerror(code)}", str(target))


def _call(what: str, result: int) -> None:
    if result == 0:
        return
    code = ctypes.get_errno()
    if code == errno.EPERM:
        raise NotPermitted(f"no permission to {what}: run as root (CAP_SYS_ADMIN)")
    raise LabError(f"cannot {what}: {os.strerror(code)}")
