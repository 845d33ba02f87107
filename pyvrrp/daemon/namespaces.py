"""Network namespaces by name, as ip-netns(8) makes them: the daemon goes into one by itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import PyvrrpError

__all__ = ["NamespaceError", "enter", "inside", "link_names"]

_DIRECTORY = "/run/netns"
_FIRST = "/proc/1/ns/net"
_OWN = "/proc/self/ns/net"
_CLONE_NEWNET = 0x4000_0000


class NamespaceError(PyvrrpError):
    """A network namespace that is not there, or may not be entered."""


def enter(name: str) -> None:
    """Move this thread into the network namespace `name`; "" is that of process 1.

    Raises: NamespaceError.
    """
    path = f"{_DIRECTORY}/{name}" if name else _FIRST
    try:
        _enter(path)
    except OSError as exc:
        hint = f"; make it with: ip netns add {name}" if isinstance(exc, FileNotFoundError) else ""
        raise NamespaceError(f"network namespace {path}: {exc.strerror}{hint}") from exc


@contextmanager
def inside(name: str | None) -> Iterator[None]:
    """For what is made in the meantime, such as sockets; None: where we are.

    Raises: NamespaceError.
    """
    if name is None:
        yield
        return
    own = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(name)
        try:
            yield
        finally:
            _setns(own)
    finally:
        os.close(own)


def link_names(namespace: str | None) -> tuple[str, ...]:
    """Names of the links there, which this thread enters for good; None: where we are.

    Raises: NamespaceError.
    """
    if namespace:
        enter(namespace)
    return tuple(name for _, name in socket.if_nameindex())


def _enter(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _setns(descriptor)
    finally:
        os.close(descriptor)


def _setns(descriptor: int) -> None:
    # os.setns is there from Python 3.12 on. Loaded here: a process without namespaces pays nothing.
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
