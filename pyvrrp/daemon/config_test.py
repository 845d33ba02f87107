"""`keepalived -t`: list what is wrong with a configuration, touch nothing, say it by exit code."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from . import namespaces
from .options import Options
from .processes import FATAL

if TYPE_CHECKING:
    from ..conf.load import Loaded

__all__ = ["load_here", "run"]

_CANNOT_WRITE = 1


def load_here(
    path: str,
    config_id: str | None,
    namespace: str | None = None,
    *,
    strict_includes: bool = False,
) -> Loaded:
    """A configuration for this host: its links, accounts and programs are looked at.

    Enters the network namespace `namespace`, else the one that the file names.
    Raises: conf.source.Unreadable; NamespaceError.
    """
    from ..conf.load import load
    from .this_host import ThisHost

    def names(named: str | None) -> tuple[str, ...]:
        return namespaces.link_names(named if namespace is None else namespace)

    return load(
        path,
        config_id=config_id,
        interfaces=names,
        host=ThisHost(),
        strict_includes=strict_includes,
    )


def run(options: Options) -> int:
    """Check the configuration file; returns keepalived's exit code.

    Problems go to stderr in full, with the place marked, and one per line to the LOG file when
    one is given (appended). A file that cannot be read at all is named and the
    code is 0: that is what keepalived does, and what scripts around it expect.
    """
    from ..conf.diagnostics import concise, full
    from ..conf.source import Unreadable

    gc.disable()  # nothing made here is garbage before the end
    try:
        loaded = load_here(
            options.configuration,
            options.config_id,
            options.namespace,
            strict_includes=options.strict_includes,
        )
    except Unreadable as problem:
        return _report([str(problem)], [str(problem)], options.test_log, 0)
    except namespaces.NamespaceError as problem:
        return _report([str(problem)], [str(problem)], options.test_log, FATAL)
    gc.freeze()  # else the interpreter looks for garbage in all of it once more at its end
    lines = [concise(diagnostic) for diagnostic in loaded.diagnostics]
    shown = [full(diagnostic) for diagnostic in loaded.diagnostics]
    return _report(shown, lines, options.test_log, loaded.test_exit_code)


def _report(shown: list[str], lines: list[str], test_log: str | None, code: int) -> int:
    for text in shown:
        print(text, file=sys.stderr)
    if test_log is None:
        return code
    from pathlib import Path  # few ask for it, and it loads slowly

    try:
        with Path(test_log).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    except OSError as exc:
        print(f"{test_log}: {exc.strerror}", file=sys.stderr)
        return code or _CANNOT_WRITE
    return code
