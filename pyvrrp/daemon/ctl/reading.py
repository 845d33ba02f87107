"""What the commands that read a configuration have in common."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...conf.load import Loaded

__all__ = ["add_options", "read"]


def add_options(command: argparse.ArgumentParser) -> None:
    """Options for `read`."""
    command.add_argument(
        "--config-id",
        metavar="ID",
        help="the ID that lines starting with @ID are for; default: this host's name",
    )
    command.add_argument(
        "--interfaces",
        action="store_true",
        help="this is the host it is for: look at its interfaces, addresses and scripts too",
    )


def read(path: str, arguments: argparse.Namespace) -> Loaded:
    """The configuration in a file. Raises: conf.source.Unreadable."""
    import socket

    from ...conf.load import load

    names = tuple(name for _, name in socket.if_nameindex()) if arguments.interfaces else None
    return load(path, config_id=arguments.config_id, interfaces=names)
