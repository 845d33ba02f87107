"""What may vouch for an Advertisement, as settings.

Passwords of RFC 2338 are in `model.VirtualRouterConfig`. What is here needs a hash: `auth_hmac` and
`auth_ah` carry it out, and only those who have such settings load them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

__all__ = ["HmacKey", "HmacMode", "HmacSettings"]


class HmacMode(Enum):
    """What to do with our own Advertisements, and with those that nobody signed."""

    ENFORCE = "enforce"
    """Sign; obey no Advertisement without a signature."""
    PERMISSIVE = "permissive"
    """Sign; obey unsigned ones too, while others are yet to be told the key."""
    RECEIVE_ONLY = "receive-only"
    """The same without signing: all routers can check before the first one signs."""


@dataclass(frozen=True, slots=True)
class HmacKey:
    """One shared key; `id`, 1..255, is what the wire calls it. 32 to 64 octets."""

    id: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HmacSettings:
    """keepalived's `auth_hmac`: any of `keys` is believed, `active_key` signs.

    `time_window`: seconds that a signature's time may be away from ours. With `is_monotonic` nobody
    looks at our clock, and each signature must only be later than the sender's last one.

    Raises ValueError when no key signs or a key has the wrong size.
    """

    keys: tuple[HmacKey, ...]
    active_key: int
    time_window: int = 5
    is_monotonic: bool = False
    mode: HmacMode = HmacMode.ENFORCE

    def __post_init__(self) -> None:
        if any(not 32 <= len(key.secret) <= 64 or not 1 <= key.id <= 255 for key in self.keys):
            raise ValueError("keys have ids of 1..255 and 32 to 64 octets")
        if self.find(self.active_key) is None:
            raise ValueError(f"there is no key {self.active_key} to sign with")

    def find(self, id: int) -> bytes | None:
        """The secret of that name."""
        return next((key.secret for key in self.keys if key.id == id), None)
