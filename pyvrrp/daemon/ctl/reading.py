"""What the commands that read a configuration have in common."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...conf.config import Interface
    from ...conf.lints import Addresses
    from ...conf.load import Loaded

__all__ = ["add_options", "addresses_here", "read"]


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
    from ...conf.load import load
    from ..config_test import load_here

    if arguments.interfaces:
        return load_here(path, arguments.config_id)
    return load(path, config_id=arguments.config_id)


def addresses_here() -> Addresses:
    """What the links of this host have now. Raises: net.rtnetlink.NetlinkError."""
    from ...net.rtnetlink import RouteSocket

    route = RouteSocket()
    try:
        names = {link.index: link.name for link in route.links()}
        found: dict[str, tuple[Interface, ...]] = {}
        for each in route.addresses():
            name = names.get(each.index, "")
            found[name] = (*found.get(name, ()), each.interface)
    finally:
        route.close()
    return found
