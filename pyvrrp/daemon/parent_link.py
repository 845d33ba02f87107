"""A child's end of the channel to the parent, on the child's event loop.

Nothing a child does waits for the parent: words are queued for whoever takes them, and a word that
cannot be sent is dropped. The parent's end is taken as the order to stop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice

from ..errors import PyvrrpError
from . import handoff, processes
from .dumping.kinds import announced
from .options import SIGNALS
from .siblings import Sibling

__all__ = ["ParentLink", "Snapshots"]

logger = logging.getLogger(__name__)

_NO_DUMPS: Mapping[str, str] = {}
_NO_SIBLINGS: Mapping[handoff.Section, Sibling] = {}
_AT_ONCE = 16
"""Snapshots that are made in one turn of the loop: about a millisecond."""

Snapshots = Callable[[str], Iterator[object]]
"""The state of a child, part by part, for a kind of dump. Every part is made when it is asked for."""


class ParentLink:
    """What the parent and the signals say. Made inside the running loop."""

    def __init__(
        self,
        start: handoff.ChildStart,
        on_word: Callable[[handoff.Message], None] = lambda message: None,
        dumps: Mapping[str, str] = _NO_DUMPS,
        siblings: Mapping[handoff.Section, Sibling] = _NO_SIBLINGS,
    ) -> None:
        """`on_word` gets what nobody else here cares for.

        `dumps` are the kinds that signals may ask for, and what is shown of this process then.
        `siblings` are connected when the parent brings a link.
        """
        self._siblings = {section.name: sibling for section, sibling in siblings.items()}
        self._dumps = dumps
        self._control = start.control
        self._on_word = on_word
        self._stopping = asyncio.Event()
        self._reloads: asyncio.Queue[int] = asyncio.Queue()
        self._questions: asyncio.Queue[str] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        if not start.options.ignore_sigint:
            self._loop.add_signal_handler(signal.SIGINT, self._stopping.set)
        processes.hear_orders()
        self._loop.add_signal_handler(signal.SIGHUP, self.say, handoff.RELOAD_WANTED)
        for kind in dumps:
            self._loop.add_signal_handler(SIGNALS[kind], self.say, handoff.DUMP_WANTED, kind)
        self._control.setblocking(False)
        self._loop.add_reader(self._control.fileno(), self._hear)

    def say(self, word: bytes, text: str = "", descriptor: int | None = None) -> None:
        """Tell the parent; one that does not read will not miss a word."""
        with suppress(OSError):
            handoff.send(self._control, word, text, descriptor)

    async def follow(self, reload: Callable[[int], Awaitable[None]], snapshots: Snapshots) -> None:
        """Take new settings over, one set after the other, and answer what is asked, until told to stop.

        `reload` is given a descriptor that is closed after it; it raises PyvrrpError when the
        settings cannot be used, and has then changed nothing.
        """
        endless = {
            asyncio.create_task(self._follow(reload), name="follow the parent"),
            asyncio.create_task(self._answer(snapshots), name="answer the parent"),
        }
        stopping = asyncio.create_task(self._stopping.wait(), name="wait for the end")
        done, _ = await asyncio.wait({*endless, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in endless & done:
            task.result()  # it never ends by itself, so this raises
        for task in endless:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _answer(self, snapshots: Snapshots) -> None:
        while True:
            kind, _, number = (await self._questions.get()).partition(" ")
            logger.info("%s", announced(self._dumps.get(kind, kind)))
            try:
                memory = handoff.new_memory()
            except OSError as error:
                logger.error("no memory for a snapshot: %s", error.strerror)
                continue
            try:
                parts = snapshots(kind)
                while batch := tuple(islice(parts, _AT_ONCE)):
                    handoff.append(memory, batch)
                    await asyncio.sleep(0)
                self.say(handoff.SNAPSHOTS, number, memory)
            finally:
                os.close(memory)

    async def _follow(self, reload: Callable[[int], Awaitable[None]]) -> None:
        while True:
            descriptor = await self._reloads.get()
            try:
                await reload(descriptor)
            except PyvrrpError as error:
                logger.error("the new settings cannot be used: %s", error)
                self.say(handoff.REFUSED, str(error))
            else:
                self.say(handoff.RELOADED)
            finally:
                os.close(descriptor)

    def _hear(self) -> None:
        try:
            message = handoff.receive(self._control)
        except BlockingIOError:
            return
        except OSError:
            message = None
        if message is None:
            logger.error("the parent process is gone, so this one stops too")
            self._loop.remove_reader(self._control.fileno())
            self._stopping.set()
        elif message.word == handoff.RELOAD and message.descriptor is not None:
            self._reloads.put_nowait(message.descriptor)
        elif message.word == handoff.DUMP:
            self._questions.put_nowait(message.text)
        elif message.word == handoff.SIBLING and message.descriptor is not None:
            self._meet(message.text, message.descriptor)
        else:
            self._on_word(message)

    def _meet(self, name: str, descriptor: int) -> None:
        sibling = self._siblings.get(name)
        if sibling is None:
            os.close(descriptor)
        else:
            sibling.connect(descriptor)
