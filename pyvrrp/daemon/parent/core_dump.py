"""`--core-dump`: let the kernel write a core file of a process that crashes."""

from __future__ import annotations

import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..options import Options

__all__ = ["core_dumps"]

_PATTERN = Path("/proc/sys/kernel/core_pattern")
_DEFAULT = "core"

_log = logging.getLogger(__name__)


@contextmanager
def core_dumps(options: Options) -> Iterator[None]:
    """As the command line says, for this process and those it forks; the pattern is put back."""
    if options.core_dump:
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    if options.core_pattern is None:
        yield
        return
    before = _replace(options.core_pattern or _DEFAULT)
    try:
        yield
    finally:
        if before is not None:
            _replace(before)


def _replace(pattern: str) -> str | None:
    """The pattern until now; None when it cannot be changed."""
    try:
        before = _PATTERN.read_text().rstrip("\n")
        _PATTERN.write_text(pattern)
    except OSError as problem:
        _log.warning("%s: %s", _PATTERN, problem.strerror)
        return None
    return before
