"""`pyvrrpctl keywords`: every keyword, whether the daemon acts on it, its default and range."""

from __future__ import annotations

import argparse

__all__ = ["add_to"]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    keywords = commands.add_parser("keywords", help="list every keyword and what becomes of it")
    keywords.set_defaults(run=_keywords)


def _keywords(arguments: argparse.Namespace) -> int:
    from ...conf.status import document

    print(document(), end="")
    return 0
