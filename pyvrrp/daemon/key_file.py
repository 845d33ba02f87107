"""A file that holds one key of `auth_hmac`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..conf.auth_hmac import KEY_SIZES, secret_of

__all__ = ["is_private", "read_key"]

_LARGEST = 140  # octets: `hex:`, 64 of them in digits, and a line end or two


def read_key(path: str) -> bytes:
    """What one would write in the configuration, alone in a file. Raises: OSError, ValueError."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("is no regular file")
        text = file.read(_LARGEST + 1)
    secret = secret_of(text.rstrip(b"\r\n").decode("utf-8", "surrogateescape"))
    if len(text) > _LARGEST or len(secret) not in KEY_SIZES:
        raise ValueError(f"holds {len(secret)} octets of key, not 32..64")
    return bytes(secret)


def is_private(path: str) -> bool:
    """Whether nobody but its owner may do anything with it. Raises: OSError."""
    return not Path(path).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
