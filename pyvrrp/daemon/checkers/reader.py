"""Reading the checker process's settings, again at every reload."""

from __future__ import annotations

import asyncio

from .. import handoff
from ..lvs.settings import CheckedService, CheckerSettings

__all__ = ["SettingsReader"]


_A_TURN = 1 << 15  # octets: some 30 services, about 1 ms natively


class SettingsReader:
    """Reads settings again and again: what is as the last time is the same object, and is not read.

    Most of a reload of many services is thus neither read nor compared.
    """

    def __init__(self) -> None:
        self._former: dict[bytes, object] = {}

    async def read(self, descriptor: int) -> tuple[CheckerSettings, list[CheckedService]]:
        """All records, some in each turn of the loop. Raises: HandoffError."""
        settings, services = CheckerSettings(), list[CheckedService]()
        seen: dict[bytes, object] = {}
        unpaused = 0
        for packed in handoff.read_packed(descriptor, handoff.Section.CHECKERS):
            record = self._former.get(packed)
            if record is None:
                record = handoff.unpack(packed)
            seen[packed] = record
            if isinstance(record, CheckerSettings):
                settings = record
            elif isinstance(record, CheckedService):
                services.append(record)
            unpaused += len(packed)
            if unpaused >= _A_TURN:
                unpaused = 0
                await asyncio.sleep(0)
        self._former = seen
        return settings, services
