"""What can go wrong between this program and the kernel's IPVS, in words that help.

IPVS has few error numbers, and the C library's texts for them mislead: "No such process" is a missing
service. What each stands for is taken from net/netfilter/ipvs/ip_vs_ctl.c, Linux 6.1.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

from ..core.operations import (
    AddDestination,
    AddService,
    Operation,
    RemoveDestination,
    RemoveService,
    SetDestination,
    SetService,
)
from ..errors import HealthcheckError

__all__ = ["Failure", "IpvsError", "IpvsMissing"]


class IpvsError(HealthcheckError):
    """The kernel refused or did not answer. `what` was asked; `errno` is None without a number."""

    def __init__(self, what: str, why: str, code: int | None = None) -> None:
        super().__init__(f"IPVS: {what}: {why}")
        self.what = what
        self.errno = code


class IpvsMissing(IpvsError):
    """This kernel has no IPVS, or its module is not loaded (see `load_module`)."""

    def __init__(
        self, what: str = "this kernel has none, or it is not loaded", why: str = "modprobe ip_vs"
    ) -> None:
        super().__init__(what, why, errno.ENOENT)


@dataclass(frozen=True, slots=True)
class Failure:
    """An operation that the kernel refused, and why."""

    operation: Operation
    errno: int

    @property
    def text(self) -> str:
        """What was refused and why, in one line."""
        return f"IPVS: {self.operation}: {_reason(self.operation, self.errno)}"

    def __str__(self) -> str:
        return self.text


def _reason(operation: Operation, code: int) -> str:
    if code == errno.EPERM:
        return "not permitted; it takes CAP_NET_ADMIN"
    if code == errno.EEXIST:
        return "it is there already"
    match operation:
        case AddService() | SetService() if code != errno.ESRCH:
            return _service_reason(operation, code)
        case AddService() | SetService() | RemoveService():
            return "no such service" if code == errno.ESRCH else os.strerror(code)
        case AddDestination() | SetDestination() | RemoveDestination() if code == errno.ESRCH:
            return "no such service"
        case AddDestination() | SetDestination():
            return _destination_reason(code)
        case RemoveDestination():
            return os.strerror(code)


def _service_reason(operation: AddService | SetService, code: int) -> str:
    settings = operation.settings
    if code == errno.ENOENT:
        engine = settings.persistence_engine
        other = f", or no persistence engine {engine} (module ip_vs_pe_{engine})" if engine else ""
        return f"no scheduler {settings.scheduler} (module ip_vs_{settings.scheduler}){other}"
    if code == errno.EINVAL:
        return "invalid; a scheduler's name has 15 letters at most, an IPv6 granularity is 1 to 128"
    return os.strerror(code)


def _destination_reason(code: int) -> str:
    if code == errno.ENOENT:
        return "no such destination"
    if code == errno.ERANGE:
        return "the weight is negative, or the lower threshold above the upper one"
    if code == errno.EINVAL:
        return (
            "invalid; the address must be a host's, GUE takes a port, another family than the"
            " service's takes tunnelling and no running sync daemon"
        )
    return os.strerror(code)
