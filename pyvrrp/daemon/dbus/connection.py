"""The connection to the system bus, under a name of its own. Loads the optional package dbus-fast."""

from __future__ import annotations

from collections.abc import Callable

from dbus_fast import (
    BusType,
    DBusError,
    InvalidAddressError,
    InvalidBusNameError,
    Message,
    NameFlag,
    RequestNameReply,
)
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError

from ...errors import PyvrrpError

__all__ = ["NoBus", "connect"]


class NoBus(PyvrrpError):
    """There is no bus, or it does not take us."""


async def connect(name: str, answer: Callable[[Message], Message | None]) -> MessageBus:
    """Be on the system bus as `name`; `answer` gets every message. Raises: NoBus."""
    bus = None
    try:
        bus = MessageBus(bus_type=BusType.SYSTEM)
        await bus.connect()
        bus.add_message_handler(answer)
        if await bus.request_name(name, NameFlag.DO_NOT_QUEUE) is RequestNameReply.PRIMARY_OWNER:
            connected, bus = bus, None
            return connected
        raise NoBus(f"the name {name} is taken")
    except InvalidBusNameError as error:
        raise NoBus(f"{name} is no name for a service") from error
    except (OSError, EOFError, DBusError, InvalidAddressError, AuthError) as error:
        raise NoBus(str(error) or type(error).__name__) from error
    finally:
        if bus is not None and bus.connected:
            bus.disconnect()
