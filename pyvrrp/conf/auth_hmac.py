"""`auth_hmac { ... }`: keepalived's signed Advertisements. Loaded for an instance that has them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from .blocks import Statement
from .config import Secret
from .context import Context
from .diagnostics import ProblemClass, Severity, Span
from .draft import Draft
from .host import Host
from .lexer import octets
from .schema import Keyword, read_block, table, value
from .shapes import Choice, Int, integer
from .values import Values

__all__ = [
    "AUTH_HMAC",
    "KEY_SIZES",
    "AuthHmac",
    "HmacKey",
    "read_auth_hmac",
    "secret_of",
    "settle_auth_hmac",
]

KEY_SIZES = range(32, 65)
"""Octets of a key."""

_LEAST_WINDOW = 5
_MOST_WINDOW = 300
_FILE = "the file holds hex:DIGITS or the text, and nothing else"
_HEX = re.compile(r"[ \t]*[0-9a-fA-F][0-9a-fA-F \t]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class HmacKey:
    """One shared key of 32 to 64 octets; with `file` it stands there, and `secret` is empty."""

    id: int
    secret: Secret
    file: str | None = None


@dataclass(frozen=True, slots=True)
class AuthHmac:
    """How Advertisements are signed and judged.

    `active_key` is the id of the key that signs. `time_window` is how many seconds two clocks may
    be apart; 0: with `anti_replay` monotonic nobody looks.
    """

    keys: tuple[HmacKey, ...]
    active_key: int
    time_window: int
    anti_replay: Literal["time", "monotonic"] = "time"
    mode: Literal["enforce", "permissive", "receive-only"] = "enforce"
    span: Span | None = field(default=None, compare=False)


def _key(context: Context, statement: Statement, values: Values) -> None:
    """`key ID VALUE`; what is wrong with the value must not show it."""
    if len(statement.words) < 3:
        message = "key needs an id and a value; ignored"
        context.problem("missing-value", statement, 0, message)
        return
    id = integer(context, statement, 1, 1, 255, "id of a key")
    if id is None:
        return
    key = _read_key(id, statement.words[2])
    keys = values.items("hmac/keys", HmacKey)
    if key.file is None and len(key.secret) not in KEY_SIZES:
        message = f"key {id} has {len(key.secret)} octets, not 32..64; ignored"
        context.problem("bad-key", statement, 0, message, hint="hex:DIGITS, file:PATH or the text")
    elif any(other.id == id for other in keys):
        context.problem("given-twice", statement, 1, f"key {id} was given already; ignored")
    else:
        values.extend("hmac/keys", (key,), statement)
        if key.file is not None and context.host is not None:
            _look_at(context, context.host, statement, values, id, key.file)


def _look_at(
    context: Context, host: Host, statement: Statement, values: Values, id: int, file: str
) -> None:
    """The file of a key, on the machine that is to sign with it."""
    why = host.key_problem(file)
    if why:
        values.extend("hmac/unusable", (id,), statement)
        context.problem("bad-key", statement, 2, f"key {id}: {file}: {why}; ignored", hint=_FILE)
    elif not host.is_private(file):
        context.problem(
            "readable-key",
            statement,
            2,
            f"{file} holds a key and others than its owner may read it",
            severity=Severity.WARNING,
            problem_class=ProblemClass.NONE,
            hint=f"chmod 600 {file}",
        )


def _read_key(id: int, word: str) -> HmacKey:
    kind, colon, rest = word.partition(":")
    if colon and kind == "file":
        return HmacKey(id, Secret(), str(rest))
    return HmacKey(id, secret_of(word))


def secret_of(word: str) -> Secret:
    """The octets of a key as it is written, `hex:` or plain; digits that are none make no octets."""
    kind, colon, rest = word.partition(":")
    if not colon or kind != "hex":
        return Secret(octets(word))
    pairs = re.findall(r"[0-9a-fA-F]{1,2}", rest) if _HEX.fullmatch(rest) else []
    return Secret(int(pair, 16) for pair in pairs)


_REPLAY = {"time": "time", "monotonic": "monotonic"}
_MODES = {mode: mode for mode in ("enforce", "permissive", "receive-only")}

AUTH_HMAC = table(
    "auth_hmac",
    (
        Keyword("key", _key),
        value("active_key", Int(1, 255), "hmac/active_key"),
        value("time_window", Int(1, _MOST_WINDOW), "hmac/time_window"),
        value("anti_replay", Choice(_REPLAY), "hmac/anti_replay"),
        value("mode", Choice(_MODES), "hmac/mode"),
    ),
)


def read_auth_hmac(context: Context, statement: Statement, values: Values) -> None:
    """A block; a second one adds to the first."""
    values.at.setdefault("hmac", statement)
    read_block(context, statement.block or (), AUTH_HMAC, values)


def settle_auth_hmac(instance: Draft) -> AuthHmac | None:
    """What the block comes to; None, after a report, when nothing can be signed with it.

    It replaces `authentication`, and strict mode wants all of it.
    """
    values = instance.values
    if "auth/type" in values.set:
        message = "auth_hmac and authentication exclude each other; authentication is not used"
        instance.complain("no-authentication", "auth/type", message)
        instance.clear("auth/type")
    keys, active = values.items("hmac/keys", HmacKey), values.get("hmac/active_key", 0)
    if all(key.id != active for key in keys):
        message = f"auth_hmac has no key {active}" if active else "auth_hmac has no active_key"
        instance.complain("bad-key", "hmac", f"{message}; nothing is signed")
        return None
    unusable = values.items("hmac/unusable", int)
    if active in unusable:  # quirk: unusable-key
        message = f"auth_hmac signs with key {active}, which cannot be used"
        instance.complain("bad-key", "hmac/active_key", message, is_fatal=True)
    keys = [key for key in keys if key.id not in unusable]
    mode: Literal["enforce", "permissive", "receive-only"] = values.get("hmac/mode", "enforce")
    if instance.strict and mode != "enforce":
        message = f"strict mode wants mode enforce, not {mode}"
        instance.complain("strict-mode", "hmac/mode", message)
        mode = "enforce"
    replay: Literal["time", "monotonic"] = values.get("hmac/anti_replay", "time")
    window = values.get("hmac/time_window", 0)
    if replay == "time" and not window:
        derived = 3 * int(values.get("advert_int", 1.0))
        window = min(max(derived, _LEAST_WINDOW), _MOST_WINDOW)
    return AuthHmac(tuple(keys), active, window, replay, mode, values.at["hmac"].span())
