"""The daemon with virtual servers on a kernel without IPVS: one clear line, and VRRP is not taken along."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from netnslab import Host, Lab, uml

pytestmark = pytest.mark.skipif(uml.has_ipvs(), reason="this kernel has IPVS")

_PROGRAM = Path(sys.executable).with_name("keepalived")

_INSTANCE = """
vrrp_instance one {
    interface eth0
    virtual_router_id 51
    priority 200
    advert_int 0.1
    version 3
    virtual_ipaddress {
        192.0.2.100/24
    }
}
"""
_SERVICE = """
virtual_server 192.0.2.100 80 {
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    real_server 10.0.0.1 80 {
        TCP_CHECK {
        }
    }
}
"""


@pytest.fixture
def host(lab: Lab) -> Host:
    made = lab.host("r")
    made.connect(lab.bridge("lan"), addresses=["192.0.2.1/24"])
    return made


def _command(directory: Path, text: str, *flags: str) -> list[str]:
    configuration = directory / "keepalived.conf"
    configuration.write_text(text)
    command = [str(_PROGRAM), "-nlG", "-f", str(configuration), *flags]
    for flag, name in (("-p", "keepalived"), ("-r", "vrrp"), ("-c", "checkers")):
        command += [flag, str(directory / f"{name}.pid")]
    return command


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        pytest.param(_SERVICE, [], id="nothing else"),
        pytest.param(_INSTANCE + _SERVICE, ["-C"], id="nothing else wanted"),
    ],
)
def test_ends_with_keepalived_s_code(
    host: Host, tmp_path: Path, text: str, flags: list[str]
) -> None:
    """keepalived 2.2.7 exits with 1."""
    done = host.run(_command(tmp_path, text, *flags), check=False)
    assert done.returncode == 1
    assert done.stderr.count("modprobe ip_vs") == 1


def test_vrrp_goes_on(host: Host, tmp_path: Path) -> None:
    process = host.start(
        _command(tmp_path, _INSTANCE + _SERVICE), wait="Startup complete", timeout=10
    )
    host.wait_address("192.0.2.100")
    assert "Healthcheck child process" in process.output()
    assert process.output().count("modprobe ip_vs") == 1
    assert process.stop() == 0
    assert not host.has_address("192.0.2.100")


def test_vrrp_alone_does_not_even_ask(host: Host, tmp_path: Path) -> None:
    process = host.start(
        _command(tmp_path, _INSTANCE + _SERVICE, "-P"), wait="Startup complete", timeout=10
    )
    assert "Healthcheck" not in process.output()
    assert process.stop() == 0
