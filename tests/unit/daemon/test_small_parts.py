"""Back-off, capabilities, signals, systemd's socket, process title, version."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from pyvrrp.daemon.parent import service_manager
from pyvrrp.daemon.parent.child import Backoff
from pyvrrp.daemon.parent.permissions import missing_capabilities
from pyvrrp.daemon.parent.signals import SignalPipe
from pyvrrp.daemon.processes import describe_status
from pyvrrp.daemon.version import PYVRRP_VERSION, version_text


def test_backoff_of_a_child_that_keeps_dying():
    backoff = Backoff()
    delays = [backoff.delay(lived=0.5) for _ in range(10)]
    assert delays == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_backoff_forgives_after_a_minute():
    backoff = Backoff()
    for _ in range(5):
        backoff.delay(lived=59.9)
    assert [backoff.delay(lived=60.0), backoff.delay(lived=1), backoff.delay(lived=1)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("effective", "vrrp", "checkers", "missing"),
    [
        ("000001ffffffffff", True, True, []),
        ("0000000000003000", True, True, []),
        ("0000000000000000", True, False, ["CAP_NET_ADMIN", "CAP_NET_RAW"]),
        ("0000000000000000", False, True, ["CAP_NET_ADMIN"]),
        ("0000000000000000", False, False, []),
        ("0000000000001000", True, True, ["CAP_NET_RAW"]),
        ("0000000000001000", False, True, []),
        ("0000000000002000", True, False, ["CAP_NET_ADMIN"]),
    ],
)
def test_capabilities(
    tmp_path: Path, effective: str, vrrp: bool, checkers: bool, missing: list[str]
):
    status = tmp_path / "status"
    status.write_text(f"Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t{effective}\n")
    found = missing_capabilities(status, vrrp=vrrp, checkers=checkers)
    assert [text.split()[0] for text in found] == missing


def test_capabilities_that_cannot_be_told(tmp_path: Path):
    assert missing_capabilities(tmp_path / "none", vrrp=True, checkers=True) == ()


def test_signals_come_through_the_pipe_in_order():
    before = signal.getsignal(signal.SIGUSR1)
    with SignalPipe({signal.SIGUSR1, signal.SIGHUP}) as signals:
        assert signals.take() == []
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGHUP)
        assert select.select([signals], [], [], 5)[0] == [signals]
        assert signals.take() == [signal.SIGUSR1, signal.SIGHUP]
    assert signal.getsignal(signal.SIGUSR1) == before


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool):
    name = f"\0pyvrrp-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name.replace("\0", "@"))
        assert service_manager.notify(service_manager.READY)
        assert manager.recv(100) == b"READY=1"
        assert service_manager.notify(service_manager.reloading())
        assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", manager.recv(100))


def test_no_systemd(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not service_manager.notify(service_manager.READY)
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/notify")
    assert not service_manager.notify(service_manager.READY)


def test_process_title():
    script = (
        "import sys; from pyvrrp.daemon.process_title import set_title;"
        "assert set_title('keepalived', ('-n', '-f', 'a.conf'));"
        "print('set', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, "-n", "-f", "a.conf"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "set\n"
        proc = Path("/proc", str(process.pid))
        assert proc.joinpath("comm").read_text() == "keepalived\n"
        words = proc.joinpath("cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        assert words == [b"keepalived", b"-n", b"-f", b"a.conf"]


def test_process_title_that_does_not_fit_changes_nothing():
    script = (
        "from pathlib import Path; from pyvrrp.daemon.process_title import set_title;"
        "before = Path('/proc/self/cmdline').read_bytes();"
        "assert not set_title('keepalived', ('x' * 9999,));"
        "assert Path('/proc/self/cmdline').read_bytes() == before"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


def test_version_is_the_packages():
    assert version("pyvrrp") == PYVRRP_VERSION


def test_version_text_satisfies_other_tools():
    first = version_text().splitlines()[0]
    found = re.search(r"Keepalived v(\d+\.\d+\.\d+)", first)
    assert found
    assert found[1] == "2.4.3"
    assert "pyvrrp 0.1.0" in first


def test_wait_status_in_words():
    assert describe_status(9) == "was killed by signal 9 (Killed)"
    assert describe_status(2 << 8) == "exited with code 2"


def test_parent_loads_neither_asyncio_nor_the_language():
    """They would stay in its memory for ever."""
    script = (
        "import sys; import pyvrrp.daemon.cli, pyvrrp.daemon.parent.supervisor;"
        "unwanted = {'asyncio', 'json', 'argparse', 'ctypes', 'logging.handlers',"
        " 'pyvrrp.conf', 'pyvrrp.core', 'pyvrrp.net', 'pyroute2', 'healthcheck'};"
        "assert not unwanted & set(sys.modules), unwanted & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("vrrp.process", "healthcheck"),
        ("vrrp.process", "pyvrrp.conf"),
        ("checkers.process", "pyvrrp.core"),
        ("checkers.process", "pyvrrp.net"),
        ("checkers.process", "pyvrrp.virtual_router"),
        ("checkers.process", "pyvrrp.conf"),
    ],
)
def test_each_child_loads_its_own_half(module: str, unwanted: str):
    script = f"import sys; import pyvrrp.daemon.{module};assert {unwanted!r} not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
