"""The verdict on every variant of `variants`: Debian's `keepalived -t` and ours.

Where the two differ, the row of QUIRKS.md that says why stands beside it, and keepalived's code is
checked all the same.
"""

from __future__ import annotations

import pytest

from pyvrrp.conf.load import load
from pyvrrp.conf.source import DictReader
from pyvrrp.daemon.this_host import ThisHost
from tests.parity.debian import CRASH, LINKS, NODE, verdicts, written
from tests.parity.variants import FILES, NEWER_CODES, NEWER_FILES

pytestmark = [pytest.mark.root, pytest.mark.untimed]

DIFFERENT = {
    "address: 192.0.2.1/": (0, "empty-number"),
    "instance: use_vmac eth0": (5, "link-kinds"),
    "script: interval 1.5": (5, "newer-language"),
    "script: timeout 1.5": (5, "newer-language"),
    'script: script ""': (0, "script-without-program"),
    "globals: notification_email_from a b": (0, "newer-language"),
    **{
        f"globals: {keyword} {word}": (0, "newer-language")
        for keyword in ("vrrp_strict", "vrrp_skip_check_adv_addr")
        for word in ("On", "1", "maybe")
    },
    "root: priority global_def {\n} vrrp_instance": (CRASH, "crash-at-stray-brace"),
    "SMTP_CHECK: bindto 2001:db8::9": (0, "smtp-bindto-family"),
}
"""Name of a variant to keepalived's code and a row of QUIRKS.md."""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Exit code of Debian's keepalived for each variant."""
    return verdicts(written({**FILES, **NEWER_FILES}, tmp_path_factory.mktemp("variants")))


def ours(text: str) -> int:
    reader = DictReader({"keepalived.conf": text})
    links = ("lo", *LINKS)
    loaded = load(
        "keepalived.conf",
        reader=reader,
        config_id=NODE,
        environ={},
        interfaces=links,
        host=ThisHost(),
    )
    return loaded.test_exit_code


@pytest.mark.parametrize("name", FILES)
def test_variant(name: str, theirs: dict[str, int]) -> None:
    mine = ours(FILES[name])
    if name in DIFFERENT:
        assert (theirs[name], mine != theirs[name]) == (DIFFERENT[name][0], True)
    else:
        assert mine == theirs[name]


@pytest.mark.parametrize("name", NEWER_FILES)
def test_newer_than_debian(name: str, theirs: dict[str, int]) -> None:
    """2.2.7 says 5 to a word it does not know; the code here is the one of 2.4.3."""
    assert (theirs[name], ours(NEWER_FILES[name])) == (5, NEWER_CODES[name])


def test_every_difference_is_still_tested() -> None:
    assert set(DIFFERENT) <= set(FILES)
