"""The samples in Debian's keepalived package: `keepalived -t` beside ours.

They are not part of this repository: `make venv` unpacks them from the package.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pyvrrp.conf.load import load
from pyvrrp.daemon.this_host import ThisHost
from tests.parity.debian import NODE, verdicts

pytestmark = [pytest.mark.root, pytest.mark.untimed]

DIRECTORY = Path(sys.prefix) / "keepalived-samples"
LINKS = ("eth0", "eth1", "eth2", "eth3")
SAMPLES = (
    *("HTTP_GET.port", "IPv6", "PING_CHECK", "SMTP_CHECK", "SSL_GET", "UDP_CHECK"),
    *("conditional_conf", "fwmark", "inhibit", "misc_check", "misc_check_arg", "quorum", "sample"),
    *("status_code", "track_interface", "virtual_server_group", "virtualhost", "vrrp"),
    *("vrrp.localcheck", "vrrp.lvs_syncd", "vrrp.routes", "vrrp.rules", "vrrp.scripts"),
    *("vrrp.static_ipaddress", "vrrp.sync"),
)

DIFFERENT = {
    "vrrp": (0, "newer-language"),
    "vrrp.static_ipaddress": (5, "newer-language"),
}
"""Name of a sample to keepalived's code and a row of QUIRKS.md."""


def path_of(name: str) -> Path:
    return DIRECTORY / f"keepalived.conf.{name}"


@pytest.fixture(scope="module")
def theirs() -> dict[str, int]:
    """Exit code of Debian's keepalived for each sample."""
    return verdicts({name: path_of(name) for name in SAMPLES}, LINKS)


def test_every_sample_is_known() -> None:
    assert {p.name for p in DIRECTORY.glob("keepalived.conf.*")} == {
        path_of(name).name for name in SAMPLES
    }, "no samples: make venv unpacks them from Debian's package"


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(name: str, theirs: dict[str, int]) -> None:
    loaded = load(
        str(path_of(name)),
        config_id=NODE,
        environ={},
        interfaces=("lo", *LINKS),
        host=ThisHost(),
    )
    mine = loaded.test_exit_code
    if name in DIFFERENT:
        assert (theirs[name], mine != theirs[name]) == (DIFFERENT[name][0], True)
    else:
        assert mine == theirs[name]
