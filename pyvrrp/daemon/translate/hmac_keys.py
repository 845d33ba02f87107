"""The keys of an `auth_hmac` block, those in files included. Loaded for an instance that has one."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from ...conf.auth_hmac import AuthHmac
from ...core.authentication import HmacKey, HmacMode, HmacSettings
from ...errors import PyvrrpError
from ..key_file import read_key

__all__ = ["UnusableKeys", "hmac_settings"]

_log = logging.getLogger(__name__)


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
            yield HmacKey(key.id, bytes(key.secret) if key.file is None else read_key(key.file))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            _log.error("(%s) auth_hmac key %d: %s: %s", instance, key.id, key.file, why)
