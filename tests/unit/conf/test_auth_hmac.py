"""auth_hmac: keys and how they are shown, what strict mode and the interval make of the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyvrrp.conf.auth_hmac import AuthHmac, HmacKey
from pyvrrp.conf.config import Secret
from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]

TEXT = "0123456789abcdef0123456789abcdef"
KEY = f"key 1 {TEXT}\nactive_key 1\n"


def said(read: Read, text: str, more: str = "") -> tuple[AuthHmac | None, list[str], Loaded]:
    result = read(
        f"vrrp_instance a {{\ninterface eth0\nvirtual_router_id 1\nversion 3\n{more}\n"
        f"auth_hmac {{\n{text}\n}}\nvirtual_ipaddress {{\n192.0.2.1\n}}\n}}\n"
    )
    problems = [d.id for d in result.diagnostics if d.id != "not-acted-on"]
    return result.config.instances[0].auth_hmac, problems, result


def test_what_is_not_said(read: Read) -> None:
    hmac, problems, _ = said(read, KEY)
    assert hmac == AuthHmac((HmacKey(1, Secret(TEXT.encode())),), 1, 5, "time", "enforce")
    assert problems == []


@pytest.mark.parametrize(
    ("words", "keys", "problems"),
    [
        (f"1 hex:{'0a' * 32}", [HmacKey(1, Secret(b"\x0a" * 32))], []),
        (f"1 hex:{'0A' * 64}", [HmacKey(1, Secret(b"\x0a" * 64))], []),
        (f"1 hex:{'0a' * 31}", [], ["bad-key"]),
        (f"1 hex:{'0a' * 65}", [], ["bad-key"]),
        (f"1 hex:{'0g' * 32}", [], ["bad-key"]),
        (f"1 {'x' * 31}", [], ["bad-key"]),
        ("1 file:/etc/key", [HmacKey(1, Secret(), "/etc/key")], []),
        ("255 file:/etc/key", [HmacKey(255, Secret(), "/etc/key")], []),
        ("256 file:/etc/key", [], ["value-out-of-range"]),
        ("0 file:/etc/key", [], ["value-out-of-range"]),
        ("7", [], ["missing-value"]),
        (f"9 {TEXT}", [], ["given-twice"]),
    ],
)
def test_keys(read: Read, words: str, keys: list[HmacKey], problems: list[str]) -> None:
    hmac, found, _ = said(read, f"key 9 {TEXT}\nkey {words}\nactive_key 9")
    assert hmac is not None
    assert (list(hmac.keys[1:]), found) == (keys, problems)


def test_a_key_is_never_shown(read: Read) -> None:
    hmac, problems, result = said(read, f"{KEY}key 2 hunter2\nkey 1 {TEXT}")
    assert problems == ["bad-key", "given-twice"]
    shown = repr(hmac) + "".join(d.message for d in result.diagnostics)
    assert "hunter2" not in shown and TEXT not in shown


@pytest.mark.parametrize(
    ("text", "more", "window", "problems"),
    [
        ("", "advert_int 1", 5, []),
        ("", "advert_int 2.9", 6, []),
        ("", "advert_int 40", 120, []),
        ("time_window 300", "", 300, []),
        ("time_window 301", "", 5, ["value-out-of-range"]),
        ("anti_replay monotonic", "", 0, []),
        ("anti_replay none", "", 5, ["unknown-value"]),
    ],
)
def test_the_window(read: Read, text: str, more: str, window: int, problems: list[str]) -> None:
    hmac, found, _ = said(read, KEY + text, more)
    assert hmac is not None
    assert (hmac.time_window, found) == (window, problems)


@pytest.mark.parametrize(
    ("text", "more", "mode", "problems"),
    [
        ("mode permissive", "", "permissive", []),
        ("mode receive-only", "", "receive-only", []),
        ("mode lax", "", "enforce", ["unknown-value"]),
        ("mode permissive", "strict_mode", "enforce", ["strict-mode"]),
    ],
)
def test_the_mode(read: Read, text: str, more: str, mode: str, problems: list[str]) -> None:
    hmac, found, _ = said(read, KEY + text, more)
    assert hmac is not None
    assert (hmac.mode, found) == (mode, problems)


@pytest.mark.parametrize("text", ["", f"key 1 {TEXT}", f"key 1 {TEXT}\nactive_key 2"])
def test_without_the_key_that_signs_there_is_none(read: Read, text: str) -> None:
    hmac, problems, _ = said(read, text)
    assert (hmac, problems) == (None, ["bad-key"])


def test_it_replaces_a_password(read: Read) -> None:
    password = "authentication {\nauth_type PASS\nauth_pass x\n}"
    _, problems, result = said(read, KEY, password.replace("version 3", ""))
    assert result.config.instances[0].authentication is None
    assert problems == ["no-authentication"]
