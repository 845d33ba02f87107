"""Blocks that few configurations have: their readers are loaded when one stands in a file."""

from __future__ import annotations

from .blocks import Statement
from .context import Context
from .known import Block
from .schema import Keyword
from .values import Values

__all__ = ["RARE_INSTANCE_ROWS", "RARE_ROWS"]


def _bfd_instance(context: Context, statement: Statement, values: Values) -> None:
    from .bfd import read_bfd_instance

    read_bfd_instance(context, statement, values)


def _garp_group(context: Context, statement: Statement, values: Values) -> None:
    from .links import read_garp_group

    read_garp_group(context, statement, values)


def _up_down_delays(context: Context, statement: Statement, values: Values) -> None:
    from .links import read_up_down_delays

    read_up_down_delays(context, statement, values)


def _linkbeat_interfaces(context: Context, statement: Statement, values: Values) -> None:
    from .links import read_linkbeat_interfaces

    read_linkbeat_interfaces(context, statement, values)


def _track_file(context: Context, statement: Statement, values: Values) -> None:
    from .tracked_blocks import read_track_file

    read_track_file(context, statement, values)


def _track_process(context: Context, statement: Statement, values: Values) -> None:
    from .tracked_blocks import read_track_process

    read_track_process(context, statement, values)


def _static(context: Context, statement: Statement, values: Values) -> None:
    from .statics import read_static

    read_static(context, statement, values)


def _virtual_routes(context: Context, statement: Statement, values: Values) -> None:
    from .routes import read_routes

    found = read_routes(context, statement, is_static=False)
    values.extend("virtual_routes", found, statement)


def _virtual_rules(context: Context, statement: Statement, values: Values) -> None:
    from .rules import read_rules

    values.extend("virtual_rules", read_rules(context, statement, is_static=False), statement)


RARE_ROWS = (
    Keyword("bfd_instance", _bfd_instance, Block.TABLE),
    Keyword("garp_group", _garp_group, Block.TABLE),
    Keyword("interface_up_down_delays", _up_down_delays, Block.ENTRIES),
    # quirk: linkbeat
    Keyword("linkbeat_interfaces", _linkbeat_interfaces, Block.ENTRIES, acted_on=False),
    Keyword("track_file", _track_file, Block.TABLE),
    Keyword("vrrp_track_file", _track_file, Block.TABLE),
    Keyword("vrrp_track_process", _track_process, Block.TABLE),
    Keyword("track_group", _static, Block.TABLE),
    Keyword("static_ipaddress", _static, Block.ENTRIES),
    Keyword("static_routes", _static, Block.ENTRIES),
    Keyword("static_rules", _static, Block.ENTRIES),
)
"""At the top level."""

RARE_INSTANCE_ROWS = (
    Keyword("virtual_routes", _virtual_routes, Block.ENTRIES),
    Keyword("virtual_rules", _virtual_rules, Block.ENTRIES),
)
"""In a `vrrp_instance`."""
