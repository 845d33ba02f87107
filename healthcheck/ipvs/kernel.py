"""The kernel's IPVS table: read it, change it.

Every call blocks while the kernel works. In User-Mode Linux, on a quiet machine, that is 8 µs for a
destination added, 5 for one removed or read, 40 for a refusal; the first use of a scheduler may load
its module. `BATCH` operations at a time leave an event loop its turn.

There is no transaction. A dump of more than some 90 destinations is delivered in pieces, and the
kernel finds its place by counting: who removes destinations meanwhile can make it pass over one,
unnoticed. A table that is compared again and again mends that.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Self

from ..core.operations import (
    BATCH,
    AddDestination,
    AddService,
    Operation,
    RemoveDestination,
    RemoveService,
    SetDestination,
    SetService,
)
from ..core.sync import SyncDaemon, SyncState, Timeouts
from ..core.table import (
    Destination,
    DestinationSettings,
    Service,
    ServiceKey,
    ServiceSettings,
    Table,
)
from .counters import (
    Counters,
    DestinationStatistics,
    ServiceStatistics,
    parse_destination_statistics,
    parse_service_counters,
)
from .errors import Failure
from .genetlink import Channel, KernelSocket, Request, open_socket
from .octets import (
    ADDRESS_FAMILY,
    DestinationReader,
    destination_name,
    full_destination,
    full_service,
    parse_service,
    service_name,
)
from .sync import (
    pack_daemon,
    pack_state,
    pack_timeouts,
    parse_daemon,
    parse_timeouts,
)

__all__ = ["Ipvs"]

TIMEOUT = 5.0  # s; the kernel answers before `sendmsg` returns, so this is never waited for

_NEW_SERVICE, _SET_SERVICE, _DEL_SERVICE, _GET_SERVICE = 1, 2, 3, 4
_NEW_DEST, _SET_DEST, _DEL_DEST, _GET_DEST = 5, 6, 7, 8
_NEW_DAEMON, _DEL_DAEMON, _GET_DAEMON, _SET_CONFIG, _GET_CONFIG = 9, 10, 11, 12, 13
_ZERO, _FLUSH = 16, 17
_NOTHING: Request = (_SET_CONFIG, b"")

_DAEMON_REASONS = {
    errno.EEXIST: "one runs already",
    errno.ESRCH: "none runs",
    errno.ENODEV: "no such interface",
    errno.EINVAL: "invalid; a service with destinations of another family admits no sync daemon",
}


class Ipvs:
    """The IPVS of the network namespace that the calling thread is in; a context manager.

    Raises: IpvsMissing when this kernel has none; IpvsError from every method, naming what was asked.
    """

    def __init__(self, connect: Callable[[float], KernelSocket] = open_socket) -> None:
        kernel = connect(TIMEOUT)
        try:
            self._channel = Channel(kernel, "IPVS")
        except BaseException:
            kernel.close()
            raise
        self._readers = {each: DestinationReader(af) for each, af in ADDRESS_FAMILY.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket; harmless when closed already. The table stays."""
        self._channel.close()

    def read(self) -> Table:
        """Everything: one request for the services, and one for the destinations of each."""
        return {
            key: Service(settings, self.read_destinations(key))
            for key, settings in self.read_services().items()
        }

    def read_services(self) -> dict[ServiceKey, ServiceSettings]:
        """Every service, without its destinations; services of no kind known here are left out."""
        found = self._channel.dump("list services", (_GET_SERVICE, b""), parse_service)
        return {key: settings for key, settings in found if key is not None}

    def read_destinations(self, key: ServiceKey) -> dict[Destination, DestinationSettings]:
        """The destinations of one service; none when there is no such service."""
        what = f"list the destinations of service {key}"
        request = (_GET_DEST, service_name(key))
        return dict(self._channel.dump(what, request, self._readers[key.family]))

    def apply(self, operations: Sequence[Operation]) -> tuple[Failure, ...]:
        """Carry out all operations in their order; those refused come back.

        A refusal stops nothing. Removing what is not there is a success. Up to `BATCH` operations
        are one system call. After an IpvsError nobody knows what was done: read again.
        """
        failures: list[Failure] = []
        for start in range(0, len(operations), BATCH):
            batch = operations[start : start + BATCH]
            refused = self._channel.batch("change the table", [_request(each) for each in batch])
            failures += [
                Failure(batch[position], code)
                for position, code in refused.items()
                if not _is_gone(batch[position], code)
            ]
        return tuple(failures)

    def flush(self) -> None:
        """Remove every service, whoever made it."""
        self._channel.request("remove all services", _FLUSH)

    def zero(self, key: ServiceKey | None = None) -> None:
        """Set the counters of one service and its destinations to 0; None: of all."""
        what = "set all counters to 0" if key is None else f"set the counters of {key} to 0"
        body = b"" if key is None else service_name(key)
        self._channel.request(what, _ZERO, body, {errno.ESRCH: "no such service"})

    def statistics(self) -> dict[ServiceKey, ServiceStatistics]:
        """Counters of everything, in as many requests as `read` takes."""
        return {
            key: ServiceStatistics(counters, self.destination_statistics(key))
            for key, counters in self.service_counters().items()
        }

    def service_counters(self) -> dict[ServiceKey, Counters]:
        """Counters of every service."""
        request = (_GET_SERVICE, b"")
        found = self._channel.dump("read the counters", request, parse_service_counters)
        return {key: counters for key, counters in found if key is not None}

    def destination_statistics(self, key: ServiceKey) -> dict[Destination, DestinationStatistics]:
        """Counters of one service's destinations; none when there is no such service."""
        what = f"read the counters of service {key}"
        parse = partial(parse_destination_statistics, family=ADDRESS_FAMILY[key.family])
        return dict(self._channel.dump(what, (_GET_DEST, service_name(key)), parse))

    def timeouts(self) -> Timeouts:
        """How long idle connections are remembered."""
        return parse_timeouts(self._channel.ask("read the timeouts", _GET_CONFIG))

    def set_timeouts(self, *, tcp: int = 0, tcp_fin: int = 0, udp: int = 0) -> None:
        """Set them, in seconds; 0 leaves one as it is. They hold for the whole namespace."""
        self._channel.request("set the timeouts", _SET_CONFIG, pack_timeouts(tcp, tcp_fin, udp))

    def sync_daemons(self) -> tuple[SyncDaemon, ...]:
        """The sync daemons that run: at most a master and a backup, with their settings resolved."""
        return tuple(self._channel.dump("list sync daemons", (_GET_DAEMON, b""), parse_daemon))

    def start_sync_daemon(self, daemon: SyncDaemon) -> None:
        """Start it; IpvsError with EEXIST when one of its state runs already."""
        what = f"start the {daemon.state.name.lower()} sync daemon on {daemon.interface}"
        self._channel.request(what, _NEW_DAEMON, pack_daemon(daemon), _DAEMON_REASONS)

    def stop_sync_daemon(self, state: SyncState) -> None:
        """Stop it; IpvsError with ESRCH when none runs."""
        what = f"stop the {state.name.lower()} sync daemon"
        # A thread that never ran is stopped with EINTR, and that number Linux never answers with
        # (net/netlink/af_netlink.c, netlink_rcv_skb): no timeout at all is set, for its answer.
        self._channel.request(
            what, _DEL_DAEMON, pack_state(state), _DAEMON_REASONS, followed_by=[_NOTHING]
        )


def _request(operation: Operation) -> Request:
    key = operation.key
    match operation:
        case AddService(_, settings):
            return _NEW_SERVICE, full_service(key, settings)
        case SetService(_, settings):
            return _SET_SERVICE, full_service(key, settings)
        case RemoveService():
            return _DEL_SERVICE, service_name(key)
        case AddDestination(_, destination, to):
            return _NEW_DEST, service_name(key) + full_destination(destination, to)
        case SetDestination(_, destination, to):
            return _SET_DEST, service_name(key) + full_destination(destination, to)
        case RemoveDestination(_, destination):
            return _DEL_DEST, service_name(key) + destination_name(destination)


def _is_gone(operation: Operation, code: int) -> bool:
    if isinstance(operation, (RemoveService, RemoveDestination)):
        return code in (errno.ESRCH, errno.ENOENT)
    return False
