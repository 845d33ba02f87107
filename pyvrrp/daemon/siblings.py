"""The direct link between two children: what one tells the other, whichever of them is started again.

The parent makes a SOCK_SEQPACKET pair for each pair of kinds that talk (`ChildKind.siblings`), and
a new one whenever either side is started; each side gets its end with the word `handoff.SIBLING`,
which `ParentLink` passes on to the `Sibling` that it was given for that section:

    self._scripts = Sibling(on_value=self._take)
    self._parent = ParentLink(start, siblings={handoff.Section.SCRIPTS: self._scripts})

Two things can be told, by either side, and neither ever waits for the other:

* `publish(name, value)`: how something is. Only the last value of a name counts; a side that is
  new hears all of them. The receiver's `on_value` keeps what it was told last, also while nobody
  is there to tell. `withdraw(name)` forgets: `on_value` then gets None. `note` tells it only to one
  that is new, where the one that is there hears of it by reports.
* `report(text)`: something happened. Reports arrive in order. They are kept until the other side
  has taken them (its `on_report` returned) and sent again to one that is new, so one that died
  between taking and saying so is told twice. Only the last `_KEPT` are kept: report only what the
  settings say that somebody wants to hear, since one who is not there hears them when it comes.

A packet holds about 2,000 octets; what is longer is cut.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from . import handoff

__all__ = ["Sibling"]

logger = logging.getLogger(__name__)

_VALUE, _NO_VALUE = b"value", b"no-value"
_REPORT, _TAKEN = b"report", b"taken"
_SEPARATOR = "\0"
_AT_ONCE = 32
"""Packets that are sent or read in one turn of the loop."""
_KEPT = 4096
"""Reports that wait for somebody to take them."""


class Sibling:
    """What a child has of one other child, over all the lives of that one."""

    def __init__(
        self,
        on_value: Callable[[str, str | None], None] = lambda name, value: None,
        on_report: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Made inside the running loop. The callbacks run on it and must not wait."""
        self._loop = asyncio.get_running_loop()
        self._on_value = on_value
        self._on_report = on_report
        self._link: socket.socket | None = None
        self._values: dict[str, str] = {}
        self._untold: dict[str, None] = {}
        self._reports: deque[tuple[int, str]] = deque()
        self._next_report = 0
        self._last_sent = -1
        self._to_confirm: int | None = None
        self._is_writing = False
        self._progress = asyncio.Event()
        """Set when reports were taken, and when the link ends."""

    @property
    def is_connected(self) -> bool:
        """Whether the other side is there, as far as is known."""
        return self._link is not None

    def connect(self, descriptor: int) -> None:
        """Talk over this link from now on; the descriptor is the Sibling's."""
        self.close()
        self._link = socket.socket(fileno=descriptor)
        self._link.setblocking(False)
        self._untold = dict.fromkeys(self._values)
        self._last_sent = -1
        self._loop.add_reader(self._link, self._read)
        self._write()

    def close(self) -> None:
        """Let go of the link; what is to be told stays."""
        if self._link is not None:
            self._loop.remove_reader(self._link)
            self._loop.remove_writer(self._link)
            self._link.close()
            self._link = self._to_confirm = None
            self._is_writing = False
            self._progress.set()

    def publish(self, name: str, value: str) -> None:
        """Tell how something is, now and to whoever comes."""
        if self._values.get(name) != value:
            self._values[name] = value
            self._untold[name] = None
            self._write()

    def note(self, name: str, value: str | None) -> None:
        """How something is, for whoever comes; None: it is no more."""
        if value is None:
            self._values.pop(name, None)
        else:
            self._values[name] = value

    def withdraw(self, name: str) -> None:
        """Forget something that was published."""
        if self._values.pop(name, None) is not None:
            self._untold[name] = None
            self._write()

    def report(self, text: str) -> None:
        """Tell what happened, once the other side is there."""
        if len(self._reports) == _KEPT:
            logger.warning("nobody takes reports: the oldest is dropped: %s", self._reports[0][1])
            self._reports.popleft()
        self._reports.append((self._next_report, text))
        self._next_report += 1
        self._write()

    async def wait_taken(self, patience: float) -> None:
        """Wait `patience` seconds for all reports to be taken, while the other side is there."""
        await self._wait(lambda: not self._reports, patience)

    async def wait_gone(self, patience: float) -> None:
        """Wait `patience` seconds for the other side to end; all it said has been heard then."""
        await self._wait(lambda: False, patience)

    async def _wait(self, is_over: Callable[[], bool], patience: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._link is not None and not is_over():
                    self._progress.clear()
                    await self._progress.wait()

    # Sending.

    def _write(self) -> None:
        """Send some of what is to be sent; the rest follows when the loop comes round."""
        if self._link is not None and not self._is_writing and self._write_some():
            self._is_writing = True
            self._loop.add_writer(self._link, self._write_on)

    def _write_on(self) -> None:
        if self._link is not None and not self._write_some():
            self._loop.remove_writer(self._link)
            self._is_writing = False

    def _has_more(self) -> bool:
        has_report = bool(self._reports) and self._reports[-1][0] > self._last_sent
        return self._to_confirm is not None or bool(self._untold) or has_report

    def _write_some(self) -> bool:
        """Whether there is more to send, and somebody to send it to."""
        for _ in range(_AT_ONCE):
            if not self._has_more():
                return False
            if not self._write_one():
                break
        return self.is_connected and self._has_more()

    def _write_one(self) -> bool:
        """Send one packet; False when that cannot be done now, or any more."""
        if self._to_confirm is not None:
            if self._send(_TAKEN, str(self._to_confirm)):
                self._to_confirm = None
                return True
        elif self._untold:
            name = next(iter(self._untold))
            value = self._values.get(name)
            word = _NO_VALUE if value is None else _VALUE
            if self._send(word, f"{name}{_SEPARATOR}{value or ''}"):
                del self._untold[name]
                return True
        else:
            number, text = self._first_unsent()
            if self._send(_REPORT, f"{number}{_SEPARATOR}{text}"):
                self._last_sent = number
                return True
        return False

    def _first_unsent(self) -> tuple[int, str]:
        first = self._reports[0][0]
        return self._reports[max(0, self._last_sent + 1 - first)]

    def _send(self, word: bytes, text: str) -> bool:
        if self._link is None:
            return False
        try:
            handoff.send(self._link, word, text)
        except BlockingIOError:
            return False
        except OSError:
            self.close()  # it is gone; the parent brings a new one
            return False
        return True

    # Receiving.

    def _read(self) -> None:
        for _ in range(_AT_ONCE):
            if self._link is None:
                return
            try:
                message = handoff.receive(self._link)
            except BlockingIOError:
                return
            except OSError:
                message = None
            if message is None:
                self.close()
                return
            self._take(message)

    def _take(self, message: handoff.Message) -> None:
        head, _, rest = message.text.partition(_SEPARATOR)
        if message.word == _VALUE:
            self._on_value(head, rest)
        elif message.word == _NO_VALUE:
            self._on_value(head, None)
        elif message.word == _REPORT:
            self._on_report(rest)
            self._to_confirm = int(head)
            self._write()
        elif message.word == _TAKEN:
            while self._reports and self._reports[0][0] <= int(head):
                self._reports.popleft()
            self._progress.set()
