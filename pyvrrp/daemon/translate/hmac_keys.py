"""The keys of an `auth_hmac` block, those in files included. Loaded for an instance that has one."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator

from ...conf.auth_hmac import AuthHmac, secret_of
from ...core.authentication import HmacKey, HmacMode, HmacSettings
from ...errors import PyvrrpError

__all__ = ["UnusableKeys", "hmac_settings"]

_log = logging.getLogger(__name__)

_LARGEST = 140  # octets: `hex:`, 64 of them in digits, and a line end or two
_SIZES = range(32, 65)


class UnusableKeys(PyvrrpError):
    """There is no key to sign with: without one the peers would not believe us."""


def hmac_settings(configured: AuthHmac, instance: str) -> HmacSettings:
    """Read the files; a key that is none is left out, after a report. Raises: UnusableKeys."""
    keys = tuple(_keys(configured, instance))
    if all(key.id != configured.active_key for key in keys):  # quirk: unusable-key
        raise UnusableKeys(f"auth_hmac key {configured.active_key} cannot be used")
    return HmacSettings(
        keys,
        configured.active_key,
        configured.time_window,
        configured.anti_replay == "monotonic",
        HmacMode(configured.mode),
    )


def _keys(configured: AuthHmac, instance: str) -> Iterator[HmacKey]:
    for key in configured.keys:
        try:
            yield HmacKey(key.id, bytes(key.secret) if key.file is None else _of_file(key.file))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            _log.error("(%s) auth_hmac key %d: %s: %s", instance, key.id, key.file, why)


def _of_file(path: str) -> bytes:
    """What one would write in the configuration, alone in a file. Raises: OSError, ValueError."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise ValueError("is no regular file")
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            _log.warning("%s holds a key and others than its owner may read it: chmod 600", path)
        text = file.read(_LARGEST + 1)
    secret = secret_of(text.rstrip(b"\r\n").decode("utf-8", "surrogateescape"))
    if len(text) > _LARGEST or len(secret) not in _SIZES:
        raise ValueError(f"holds {len(secret)} octets of key, not 32..64")
    return bytes(secret)
