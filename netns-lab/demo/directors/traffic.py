"""The client: a request every 50 ms, each on a connection of its own, and one connection that stays.

All of it runs on an event loop in a thread that lives in the client's network namespace. Times are
seconds of `time.monotonic`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress

from netnslab import Host, LabError

from .record import Beat, Request

__all__ = ["INTERVAL", "PATIENCE", "Traffic"]

INTERVAL = 0.05
PATIENCE = 0.5
"""Seconds until the client gives a request up."""

_STAY = 60.0
_ATTEMPTS = 10


class Traffic:
    """What `host` sends to the address; one connection stays, to the server `stay_with`."""

    def __init__(self, host: Host, address: str, port: int, stay_with: str) -> None:
        self.requests: list[Request] = []
        """Those that have ended, in the order of their ends."""
        self.beats: list[Beat] = []
        self.local_port = 0
        """The client's own, of the connection that stays."""
        self.broken = ""
        """Why the connection that was to stay has ended; empty while it lasts."""
        self._host = host
        self._target = (address, port)
        self._stay_with = stay_with
        self._is_over = False
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)

    def start(self) -> None:
        """Begin; return once the connection stands. Raises: LabError when it does not come about."""
        self._thread.start()
        self._ready.wait(_STAY)
        if not self.local_port:
            raise LabError(f"the client has no connection to {self._stay_with}: {self.broken}")

    def stop(self) -> None:
        """End everything; the last requests are waited for."""
        self._is_over = True
        self._thread.join()

    def _run(self) -> None:
        with self._host.entered():
            asyncio.run(self._main())

    async def _main(self) -> None:
        staying = asyncio.create_task(self._stay(), name="the connection that stays")
        async with asyncio.TaskGroup() as requests:
            due = time.monotonic()
            while not self._is_over:
                requests.create_task(self._ask(), name="request")
                due = max(due + INTERVAL, time.monotonic())
                await asyncio.sleep(due - time.monotonic())
        await staying

    async def _ask(self) -> None:
        sent = time.monotonic()
        server = error = ""
        try:
            async with asyncio.timeout(PATIENCE):
                server = await self._get()
        except TimeoutError:
            error = "no answer"
        except ConnectionRefusedError:
            error = "refused"
        except (OSError, asyncio.IncompleteReadError):
            error = "broken off"
        self.requests.append(Request(sent, time.monotonic(), server, error))

    async def _get(self) -> str:
        reader, writer = await asyncio.open_connection(*self._target)
        try:
            return await _exchange(reader, writer)
        finally:
            writer.close()

    async def _stay(self) -> None:
        """Keep one connection until the end, or until it breaks."""
        try:
            reader, writer = await self._open_to(self._stay_with)
        except OSError as error:
            self.broken = str(error)
            self._ready.set()
            return
        self.local_port = writer.get_extra_info("sockname")[1]
        self._ready.set()
        try:
            while not self._is_over:
                sent = time.monotonic()
                async with asyncio.timeout(_STAY):
                    await _exchange(reader, writer)
                self.beats.append(Beat(sent, time.monotonic()))
                await asyncio.sleep(max(0.0, sent + INTERVAL - time.monotonic()))
        except (OSError, asyncio.IncompleteReadError) as error:
            self.broken = str(error)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _open_to(self, server: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection that the director gives to this server; round robin, so soon."""
        for _ in range(_ATTEMPTS):
            reader, writer = await asyncio.open_connection(*self._target)
            if await _exchange(reader, writer) == server:
                return reader, writer
            writer.close()
        raise OSError(f"none of {_ATTEMPTS} connections reached {server}")


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """Ask for the page; return it without its newline.

    Raises: OSError, as for an answer without a length; IncompleteReadError.
    """
    writer.write(b"GET / HTTP/1.1\r\nHost: demo\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return (await reader.readexactly(int(value))).decode().strip()
    raise OSError("an answer without a length")
