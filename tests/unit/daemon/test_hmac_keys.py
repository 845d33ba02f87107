"""Keys of auth_hmac in files: what is in them, and what is wrong with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyvrrp.conf.auth_hmac import AuthHmac, HmacKey
from pyvrrp.conf.config import Secret
from pyvrrp.core.authentication import HmacMode
from pyvrrp.daemon.translate.hmac_keys import UnusableKeys, hmac_settings

_TEXT = b"0123456789abcdef0123456789abcdef"


def in_file(path: Path, content: bytes) -> AuthHmac:
    path.write_bytes(content)
    return AuthHmac((HmacKey(3, Secret(), str(path)),), 3, 5)


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        pytest.param(_TEXT, _TEXT, id="plain"),
        pytest.param(_TEXT + b"\r\n", _TEXT, id="with a line end"),
        pytest.param(b"hex:" + b"0a" * 32 + b"\n", b"\x0a" * 32, id="digits"),
        pytest.param(b"hex:" + b"ff" * 64 + b"\n", b"\xff" * 64, id="as long as can be"),
        pytest.param(b"\xe9" * 32, b"\xe9" * 32, id="any octets"),
    ],
)
def test_content(tmp_path: Path, content: bytes, secret: bytes) -> None:
    settings = hmac_settings(in_file(tmp_path / "key", content), "a")
    assert (settings.find(3), settings.mode) == (secret, HmacMode.ENFORCE)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "holds 0 octets", id="empty"),
        pytest.param(_TEXT[1:], "holds 31 octets", id="short"),
        pytest.param(_TEXT * 5, "not 32..64", id="long"),
        pytest.param(b"hex:zz", "holds 0 octets", id="no digits"),
    ],
)
def test_without_the_active_key_nothing_runs(
    tmp_path: Path, content: bytes, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UnusableKeys, match="key 3 cannot be used"):
        hmac_settings(in_file(tmp_path / "key", content), "a")
    assert says in caplog.text and _TEXT.decode()[1:] not in caplog.text


def test_what_is_no_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.mkfifo(tmp_path / "fifo")
    keys = (
        HmacKey(1, Secret(_TEXT)),
        HmacKey(2, Secret(), str(tmp_path / "none")),
        HmacKey(3, Secret(), str(tmp_path / "fifo")),
    )
    settings = hmac_settings(AuthHmac(keys, 1, 9, "monotonic", "permissive"), "a")
    assert [key.id for key in settings.keys] == [1]
    assert (settings.time_window, settings.is_monotonic) == (9, True)
    assert settings.mode is HmacMode.PERMISSIVE
    assert "No such file" in caplog.text and "no regular file" in caplog.text
