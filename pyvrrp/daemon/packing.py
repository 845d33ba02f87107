"""Settings as octets: pickles in which an object is a call of its class.

pickle's own way looks up the fields of each frozen dataclass anew and makes text of each address,
which costs twice the time, when packed and when unpacked.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address
from operator import attrgetter
from typing import Any

__all__ = ["pack"]


def pack(record: object) -> bytes:
    """A pickle of what is made of frozen dataclasses; `pickle.loads` unpacks it."""
    memory = BytesIO()
    _Pickler(memory, pickle.HIGHEST_PROTOCOL).dump(record)
    return memory.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: object) -> Any:
        """The class and its arguments; pickle's own way for what is neither settings nor address."""
        kind = type(value)
        if kind not in _ARGUMENTS:
            _ARGUMENTS[kind] = _arguments(kind)
        arguments = _ARGUMENTS[kind]
        return NotImplemented if arguments is None else (kind, arguments(value))


def _arguments(kind: type) -> _Arguments | None:
    if not is_dataclass(kind):
        return None
    names = [field.name for field in fields(kind)]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _of_ipv6(address: IPv6Address) -> tuple[object, ...]:
    return (int(address),) if address.scope_id is None else (str(address),)


_Arguments = Callable[[Any], tuple[object, ...]]

_ARGUMENTS: dict[type, _Arguments | None] = {
    IPv4Address: lambda address: (int(address),),
    IPv6Address: _of_ipv6,
}
"""What tells the arguments that make an equal object, for each class met so far."""
