"""A configuration as plain values, for `json`: keepalived's words, what was left out filled in.

Every field shows, in the order of the dataclass it belongs to, so one that is new shows by itself.
Times are seconds, addresses and octets text, flags lists of words; null is what keepalived has no
default for. `at` is the place in the file. Secrets, and the words of what is not acted on, are `***`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from enum import Enum, Flag, IntEnum
from typing import Any

from ...conf.config import Config, Secret
from ...conf.diagnostics import Span
from ..lvs.words import LVS_CHECKS, LVS_INLINE, LVS_VALUES, LVS_WORDS
from ..reload.differences import MASK

__all__ = ["plain"]

_WORDS: Mapping[str, str] = {
    **LVS_WORDS,
    "Config.bfd_instances": "bfd_instance",
    "Config.instances": "vrrp_instance",
    "Config.scripts": "vrrp_script",
    "Config.static_addresses": "static_ipaddress",
    "Config.sync_groups": "vrrp_sync_group",
    "Config.track_files": "track_file",
    "Config.track_groups": "track_group",
    "Config.track_processes": "vrrp_track_process",
    "LvsConfig.services": "virtual_server",
}
_FIELDS = {"span": "at"}
_PREFIXES = {"GlobalDefs.garp": "vrrp_garp_", "VrrpInstance.garp": "garp_"}
"""Blocks of this program whose fields are words of the block around them in keepalived."""
_INLINE = LVS_INLINE | {"Config.lvs"}


def plain(config: Config) -> dict[str, object]:
    """The whole configuration: dicts, lists, strings, numbers, booleans and None."""
    return dict(_entries(config))


def _entries(value: Any) -> Iterator[tuple[str, object]]:
    """A dataclass, field by field."""
    kind = type(value).__name__
    if kind in LVS_CHECKS:
        is_tls = kind == "HttpCheck" and value.tls is not None
        yield "check", "SSL_GET" if is_tls else LVS_CHECKS[kind]
    for field in fields(value):
        path, its = f"{kind}.{field.name}", getattr(value, field.name)
        if path == "LvsService.servers":
            yield "real_server", _servers(value)
        elif path in _PREFIXES:
            yield from ((_PREFIXES[path] + name, each) for name, each in _entries(its))
        elif path in _INLINE:
            yield from _entries(its) if is_dataclass(its) else ()
        else:
            yield _WORDS.get(path, _FIELDS.get(field.name, field.name)), _shown(field, its)


def _servers(service: Any) -> list[dict[str, object]]:
    """What is checked, and what is done about it, in one object for each server."""
    both = zip(service.server.real_servers, service.servers, strict=True)
    return [{**dict(_entries(server)), **dict(_entries(around))} for server, around in both]


def _shown(field: Field[Any], value: Any) -> object:
    is_text = isinstance(value, str | bytes) or (
        isinstance(value, tuple) and all(isinstance(each, str) for each in value)
    )
    return MASK if value and is_text and not field.repr else _plain(value)


def _plain(value: Any) -> object:
    match value:
        case Span():
            return str(value)
        case Secret():
            return MASK
        case bytes():
            return value.hex(":")
        case Enum():
            return _enum(value)
        case None | bool() | int() | float() | str():
            return value
        case tuple() | frozenset() | list():
            return [_plain(each) for each in value]
    return dict(_entries(value)) if is_dataclass(value) else str(value)


def _enum(value: Enum) -> object:
    known = LVS_VALUES.get(f"{type(value).__name__}.{value.name}")
    if known is not None:
        return known
    if isinstance(value, Flag):
        return [each.name.lower() for each in value if each.name]
    return value.name if isinstance(value, IntEnum) else value.value
