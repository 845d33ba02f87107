"""The kernel's IPVS table without a kernel: a dict that operations change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from healthcheck.core.operations import (
    AddDestination,
    AddService,
    Operation,
    RemoveDestination,
    RemoveService,
    SetDestination,
    SetService,
)
from healthcheck.core.table import Service
from healthcheck.errors import HealthcheckError


@dataclass(frozen=True, slots=True)
class FakeFailure:
    operation: Operation
    text: str


class FakeKernel:
    """What was carried out is in `log`, what was read in `reads`; a call costs `cost` seconds."""

    def __init__(self, loop, table):
        self.table: dict = dict(table)
        self.log: list[Operation] = []
        self.reads: list = []
        self.batches: list[int] = []
        self.refuses: dict[type, str] = {}
        self.refused_at: list[float] = []
        self.is_silent = False
        self.is_closed = False
        self.cost = 0.0
        self.busy = 0.0
        self.on_operation = self.log.append
        self._loop = loop

    def close(self):
        self.is_closed = True

    def _call(self):
        if self.cost:
            self._loop.spend(self.cost)
            self.busy += self.cost
        if self.is_silent:
            raise HealthcheckError("IPVS: no answer from the kernel")

    def read_services(self):
        self._call()
        self.reads.append("services")
        return {key: service.settings for key, service in self.table.items()}

    def read_destinations(self, key):
        self._call()
        self.reads.append(key)
        service = self.table.get(key)
        return dict(service.destinations) if service else {}

    def apply(self, operations: Sequence[Operation]):
        self._call()
        self.batches.append(len(operations))
        failures = []
        for operation in operations:
            text = self.refuses.get(type(operation)) or self._carry_out(operation)
            if text:
                failures.append(FakeFailure(operation, text))
                self.refused_at.append(self._loop.time())
            else:
                self.on_operation(operation)
        return failures

    def _carry_out(self, operation) -> str | None:
        """Why it cannot be done, in the kernel's words."""
        table, key = self.table, operation.key
        match operation:
            case AddService():
                if key in table:
                    return "File exists"
                table[key] = Service(operation.settings, {})
                return None
            case _ if key not in table:
                return "No such process"
            case SetService():
                table[key] = Service(operation.settings, table[key].destinations)
                return None
            case RemoveService():
                del table[key]
                return None
        return self._change_destination(operation, dict(table[key].destinations))

    def _change_destination(self, operation, destinations) -> str | None:
        is_there = operation.destination in destinations
        match operation:
            case AddDestination():
                if is_there:
                    return "File exists"
                destinations[operation.destination] = operation.settings
            case _ if not is_there:
                return "No such file or directory"
            case SetDestination():
                destinations[operation.destination] = operation.settings
            case RemoveDestination():
                del destinations[operation.destination]
        self.table[operation.key] = Service(self.table[operation.key].settings, destinations)
        return None
