"""Blocks at the top level that few configurations have: their readers are loaded when one stands."""

from __future__ import annotations

from .blocks import Statement
from .context import Context
from .known import Block
from .schema import Keyword
from .values import Values

__all__ = ["RARE_ROWS"]


def _bfd_instance(context: Context, statement: Statement, values: Values) -> None:
    from .bfd import read_bfd_instance

    read_bfd_instance(context, statement, values)


def _track_file(context: Context, statement: Statement, values: Values) -> None:
    from .tracked_blocks import read_track_file

    read_track_file(context, statement, values)


def _track_process(context: Context, statement: Statement, values: Values) -> None:
    from .tracked_blocks import read_track_process

    read_track_process(context, statement, values)


RARE_ROWS = (
    Keyword("bfd_instance", _bfd_instance, Block.TABLE, acted_on=False),
    Keyword("track_file", _track_file, Block.TABLE),
    Keyword("vrrp_track_file", _track_file, Block.TABLE),
    Keyword("vrrp_track_process", _track_process, Block.TABLE, acted_on=False),
)
