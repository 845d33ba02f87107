"""A mail server that keeps what it gets, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import dataclass, field

__all__ = ["Mail", "MailServer"]


@dataclass
class Mail:
    """One mail as the server got it; `commands` are all lines before the text and after it."""

    commands: list[str] = field(default_factory=list)
    text: str = ""

    @property
    def subject(self) -> str:
        """The header of that name."""
        lines = self.text.split("\r\n")
        return next(x.removeprefix("Subject: ") for x in lines if x.startswith("Subject: "))

    @property
    def body(self) -> str:
        """What is behind the headers, without empty lines around it."""
        return self.text.partition("\r\n\r\n")[2].strip("\r\n")


class MailServer:
    """Takes mails on a listening socket. `silent`: it takes connections, and says nothing.

    `dribbles`: it says something all the time, and never ends a line. `refuses`: an address it
    takes no mail for.
    """

    def __init__(
        self,
        listener: socket.socket,
        *,
        silent: bool = False,
        dribbles: bool = False,
        refuses: str = "nobody",
    ) -> None:
        self.mails: list[Mail] = []
        self.connections = 0
        self._silent = silent
        self._dribbles = dribbles
        self._refuses = refuses
        self._listener = listener
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._thread.start()

    def close(self) -> None:
        """Take no mails any more. A second call does nothing."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        async with await asyncio.start_server(self._serve, sock=self._listener):
            await self._stopping.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if self._silent:
                await reader.read()
            elif self._dribbles:
                while not writer.is_closing():
                    writer.write(b"2")
                    await asyncio.sleep(0.01)
            else:
                await self._converse(reader, writer)
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mail = Mail()
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            mail.commands.append(line.decode().rstrip("\r\n"))
            match line[:4].upper():
                case b"QUIT":
                    self.mails.append(mail)
                    writer.write(b"221 bye\r\n")
                    return
                case b"RCPT" if self._refuses.encode() in line:
                    writer.write(b"550 not here\r\n")
                case b"DATA":
                    writer.write(b"354 go on\r\n")
                    text = await reader.readuntil(b"\r\n.\r\n")
                    mail.text = text.decode().removesuffix(".\r\n")
                    writer.write(b"250 taken\r\n")
                case _:
                    writer.write(b"250 ok\r\n")
