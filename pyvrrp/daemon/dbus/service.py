"""The service on the system bus: an object for VRRP, one for each Virtual Router.

Objects, methods, signals and values are keepalived's, whose property `Name` is a structure. A bus
that is not there is logged, and looked for again at the next reload; nothing waits for it.
Source: keepalived 2.2.7, seen on a bus.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from ..notices.notice import STATES, Kind, Notice, What
from ..notices.settings import DbusSettings
from . import words as dbus_words

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

__all__ = ["DbusService"]

logger = logging.getLogger(__name__)

_PATIENCE = 5.0  # s for the bus to take us
_FAREWELL = 0.5  # s for it to take our last word
_NONE: Mapping[str, str] = {}


class DbusService:
    """Made inside the running loop. `act` gets what callers want: "reload", "dump DATA", "garp NAME"."""

    def __init__(self, act: Callable[[str], None]) -> None:
        self._act = act
        self._settings: DbusSettings | None = None
        self._instances = _NONE
        self._paths = _NONE
        self._states: dict[str, What] = {}
        self._bus: MessageBus | None = None
        self._connecting: asyncio.Task[None] | None = None

    def use(self, settings: DbusSettings | None) -> None:
        """Have these objects on the bus, None: be not there."""
        former, self._settings = self._settings, settings
        if settings is None:
            self._leave()
            return
        known = self._paths if former is not None and former.root == settings.root else _NONE
        self._paths = {**known, **settings.paths}
        self._instances = {path: name for name, path in settings.paths.items()}
        self._states = {name: w for name, w in self._states.items() if name in settings.paths}
        if former is not None and former.service_name != settings.service_name:
            self._leave()
        if self._bus is not None and self._bus.connected:
            self._send(_signal(settings.root + "/Vrrp", dbus_words.VRRP, "VrrpReloaded"))
        elif self._connecting is None or self._connecting.done():
            name = "connect to the system bus"
            self._connecting = asyncio.create_task(self._connect(settings), name=name)

    def learn(self, notice: Notice) -> None:
        """The state of a Virtual Router, which is nothing new."""
        if self._is_shown(notice):
            self._states[notice.name] = notice.what

    def tell(self, notice: Notice) -> None:
        """Say the new state of a Virtual Router."""
        self.learn(notice)
        if self._is_shown(notice):
            self._tell_state(notice.name)

    def _is_shown(self, notice: Notice) -> bool:
        is_state = notice.kind is Kind.INSTANCE and notice.what in STATES
        return is_state and self._settings is not None

    async def close(self) -> None:
        """Say that VRRP ends, and leave."""
        if self._bus is not None and self._settings is not None and self._bus.connected:
            message = _signal(self._settings.root + "/Vrrp", dbus_words.VRRP, "VrrpStopped")
            with suppress(TimeoutError, OSError, EOFError):
                async with asyncio.timeout(_FAREWELL):
                    await self._bus.send(message)  # what was said before is then out too
        self._leave()

    def _leave(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        if self._bus is not None:
            self._bus.disconnect()
        self._bus = self._connecting = None

    async def _connect(self, settings: DbusSettings) -> None:
        try:
            from .connection import NoBus, connect
        except ImportError:
            logger.error("enable_dbus needs the package dbus-fast: pip install pyvrrp[dbus]")
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                self._bus = await connect(settings.service_name, self._answer)
        except TimeoutError:
            logger.error("no service on the system bus: it does not answer")
            return
        except NoBus as error:
            logger.error("no service on the system bus: %s", error)
            return
        logger.info("on the system bus as %s", settings.service_name)
        self._send(_signal(settings.root + "/Vrrp", dbus_words.VRRP, "VrrpStarted"))
        for name in self._states:
            self._tell_state(name)

    def _tell_state(self, name: str) -> None:
        path = self._paths.get(name)
        if path is not None:
            number = dbus_words.STATES[self._states[name]][0]
            self._send(_signal(path, dbus_words.INSTANCE, "VrrpStatusChange", number))

    def _send(self, message: Message) -> None:
        if self._bus is not None and self._bus.connected:
            self._bus.send(message)

    def _answer(self, message: Message) -> Message | None:
        """The answer to a call; None leaves it to the library, which refuses it."""
        from dbus_fast import Message, MessageType

        settings = self._settings
        if message.message_type is not MessageType.METHOD_CALL or settings is None:
            return None
        member, path = message.member or "", message.path or ""
        if message.interface == dbus_words.INTROSPECTABLE:
            xml = dbus_words.introspection(path, settings.root + "/Vrrp", self._instances)
            return None if xml is None else Message.new_method_return(message, "s", [xml])
        name = self._instances.get(path)
        if message.interface == dbus_words.PROPERTIES and name is not None:
            return self._answer_property(message, name)
        action = None
        if message.interface == dbus_words.VRRP and path == settings.root + "/Vrrp":
            action = dbus_words.ACTIONS.get(member)
        elif message.interface == dbus_words.INSTANCE and name is not None:
            action = f"garp {name}" if member == "SendGarp" else None
        if action is None:
            return None
        self._act(action)
        return Message.new_method_return(message)

    def _answer_property(self, message: Message, name: str) -> Message | None:
        from dbus_fast import Message, Variant

        state = list(dbus_words.STATES.get(self._states.get(name), dbus_words.INIT))
        found = {"Name": Variant("(s)", [name]), "State": Variant("(us)", state)}
        match message.member, message.body:
            case "GetAll", [dbus_words.INSTANCE]:
                return Message.new_method_return(message, "a{sv}", [found])
            case "Get", [dbus_words.INSTANCE, str(wanted)] if wanted in found:
                return Message.new_method_return(message, "v", [found[wanted]])
        return None


def _signal(path: str, interface: str, member: str, *numbers: int) -> Message:
    from dbus_fast import Message

    return Message.new_signal(path, interface, member, "u" * len(numbers), list(numbers))
