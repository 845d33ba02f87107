"""Words that name a place: `IP [PORT]`, and how keepalived prints one."""

from __future__ import annotations

from typing import NamedTuple

from healthcheck.core.table import Address, Protocol

from .addresses import read_address
from .blocks import Statement
from .context import Context
from .shapes import integer

__all__ = ["Endpoint", "read_endpoint", "read_port", "trio"]

_NO_PORT = 0


class Endpoint(NamedTuple):
    """An address and a port; port 0: none was written."""

    address: Address
    port: int


def read_port(context: Context, statement: Statement, index: int) -> int | None:
    """Word `index` as a port: 0 when it is missing or only zeros, None after a report."""
    if index >= len(statement.words) or not statement.words[index].strip("0"):
        return _NO_PORT
    return integer(context, statement, index, 1, 65535, "port")


def read_endpoint(context: Context, statement: Statement) -> Endpoint | None:
    """`IP [PORT]` behind a keyword; None after a report."""
    address = read_address(context, statement)
    if address is None:
        return None
    port = read_port(context, statement, 2)
    return None if port is None else Endpoint(address, port)


def trio(address: Address, protocol: Protocol | None, port: int) -> str:
    """keepalived's form, "[10.0.0.1]:tcp:80"; the protocol of a firewall mark is "none"."""
    return f"[{address}]:{protocol.name.lower() if protocol else 'none'}:{port}"
