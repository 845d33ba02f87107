"""Log lines on a real socket and a real pipe, full ones included."""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvrrp.daemon import log
from pyvrrp.daemon.log import Console, Syslog
from pyvrrp.daemon.options import Options


def record(text: str, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("x", level, "", 0, text, None, None)
    made.__dict__.update(extra)
    return made


@pytest.fixture
def dev_log(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "log"))
        server.settimeout(5)
        yield server


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    level = logging.getLogger().level
    yield
    log.stop()
    logging.getLogger().setLevel(level)


@pytest.mark.parametrize(
    ("level", "priority"),
    [
        pytest.param(logging.DEBUG, 31, id="debug"),
        pytest.param(logging.INFO, 30, id="info"),
        pytest.param(logging.WARNING, 28, id="warning"),
        pytest.param(logging.ERROR, 27, id="error"),
        pytest.param(logging.CRITICAL, 26, id="critical"),
    ],
)
def test_syslog_line(dev_log: socket.socket, level: int, priority: int):
    syslog = Syslog("Keepalived_vrrp", 3, dev_log.getsockname())
    assert syslog.write(record("(a) Entering MASTER STATE", level), "(a) Entering MASTER STATE")
    syslog.close()
    date = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
    expected = rf"<{priority}>{date} Keepalived_vrrp\[{os.getpid()}\]: \(a\) Entering MASTER STATE"
    assert re.fullmatch(expected, dev_log.recv(4096).decode())


def test_syslog_that_comes_back(dev_log: socket.socket, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(log, "_RECONNECT_AFTER", 0.0)
    path = dev_log.getsockname()
    syslog = Syslog("x", 16, path)
    assert syslog.write(record("one"), "one")
    dev_log.close()
    Path(path).unlink()
    assert syslog.write(record("nobody hears"), "nobody hears")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as again:
        again.bind(path)
        again.settimeout(5)
        assert syslog.write(record("two"), "two")
        line = again.recv(4096)
    assert line.startswith(b"<134>")
    assert line.endswith(b": two")
    syslog.close()


def test_full_syslog_loses_lines_and_does_not_block(dev_log: socket.socket):
    syslog = Syslog("x", 3, dev_log.getsockname())
    results = [True]
    while results[-1] and len(results) < 100_000:
        results.append(syslog.write(record("line"), "line"))
    assert not results[-1]
    syslog.close()


def test_no_syslog_is_not_a_loss(tmp_path: Path):
    syslog = Syslog("x", 3, str(tmp_path / "none"))
    assert syslog.write(record("line"), "line")
    assert not syslog.connect()


def test_console_line():
    reader, writer = os.pipe()
    console = Console(writer)
    assert console.write(record("x", created=0.0), "Startup complete")
    assert console.write(record("x", **log.ON_STDERR), "seen already")
    os.close(writer)
    with os.fdopen(reader) as file:
        assert re.fullmatch(
            r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (1969|1970): Startup complete\n",
            file.read(),
        )


def test_full_console_does_not_block():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, bytes(1024))
    os.set_blocking(writer, True)
    assert not Console(writer).write(record("x"), "x")
    os.close(reader)
    assert not Console(writer).write(record("x"), "x")
    os.close(writer)


class Outlet:
    """Takes lines while `open` is set."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.open = threading.Event()
        self.open.set()
        self.waiting = threading.Event()
        self.takes = True
        self.is_closed = False

    def write(self, made: logging.LogRecord, line: str) -> bool:
        self.waiting.set()
        assert self.open.wait(5)
        if self.takes:
            self.lines.append(line)
        return self.takes

    def close(self) -> None:
        self.is_closed = True


def test_lines_are_safe_and_separate():
    outlet = Outlet()
    handler = log._DirectHandler((outlet,))
    handler.emit(record("one\ntwo\x1b[31m\tthree\udcff"))
    handler.emit(record(""))
    assert outlet.lines == ["one", "two\\x1b[31m\tthree\\udcff", ""]


def test_wrong_log_call_is_logged_all_the_same():
    outlet = Outlet()
    handler = log._DirectHandler((outlet,))
    handler.emit(logging.LogRecord("x", logging.INFO, "", 0, "%d apples", ("two",), None))
    assert outlet.lines == ["'%d apples' ('two',)"]


def test_loss_is_said():
    outlet = Outlet()
    handler = log._DirectHandler((outlet,))
    outlet.takes = False
    handler.emit(record("lost"))
    handler.emit(record("lost"))
    outlet.takes = True
    handler.emit(record("there"))
    assert outlet.lines == [
        "2 log lines were lost: syslog or the console did not take them",
        "there",
    ]


def test_queue_is_bounded_and_never_waits():
    outlet = Outlet()
    outlet.open.clear()
    handler = log._QueuedHandler((outlet,), length=3)
    handler.emit(record("0"))
    assert outlet.waiting.wait(5)
    for number in range(1, 10):
        handler.emit(record(str(number)))
    outlet.open.set()
    handler.close()
    assert outlet.lines == [
        "0",
        "1",
        "2",
        "3",
        "6 log lines were lost: syslog or the console did not take them",
    ]
    assert outlet.is_closed


def test_queue_keeps_the_text_of_the_moment():
    outlet = Outlet()
    outlet.open.clear()
    handler = log._QueuedHandler((outlet,))
    changing = ["before"]
    handler.emit(logging.LogRecord("x", logging.INFO, "", 0, "%s", (changing,), None))
    changing[0] = "after"
    outlet.open.set()
    handler.close()
    assert outlet.lines == ["['before']"]


def test_stuck_outlet_does_not_hold_up_the_exit():
    outlet = Outlet()
    outlet.open.clear()
    handler = log._QueuedHandler((outlet,))
    handler.emit(record("never"))
    handler.close()
    outlet.open.set()
    assert not outlet.is_closed


@pytest.mark.parametrize("queued", [False, True])
def test_start_sends_to_syslog(
    dev_log: socket.socket, monkeypatch: pytest.MonkeyPatch, queued: bool
):
    monkeypatch.setattr(Syslog.__init__, "__defaults__", (dev_log.getsockname(),))
    log.start(Options(), "Keepalived", queued=queued)
    logging.getLogger("pyvrrp.somewhere").debug("no detail wanted")
    logging.getLogger("pyvrrp.somewhere").info("wanted")
    log.stop()
    assert dev_log.recv(4096).endswith(b"wanted")
    assert logging.getLogger().level == logging.INFO


def test_nothing_to_syslog(dev_log: socket.socket, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Syslog.__init__, "__defaults__", (dev_log.getsockname(),))
    log.start(Options(syslog=False, log_detail=1), "Keepalived")
    logging.getLogger("pyvrrp").warning("x")
    dev_log.setblocking(False)
    with pytest.raises(BlockingIOError):
        dev_log.recv(10)
    assert logging.getLogger().level == logging.DEBUG


@pytest.mark.parametrize(
    ("options", "there", "said"),
    [
        pytest.param(Options(), True, "", id="there"),
        pytest.param(Options(syslog=False), False, "", id="not wanted"),
        pytest.param(Options(), False, "; -l logs to the console\n", id="missing"),
        pytest.param(Options(log_console=True), False, "lines for it are lost\n", id="console"),
    ],
)
def test_missing_syslog_is_said(
    dev_log: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    options: Options,
    there: bool,
    said: str,
):
    address = dev_log.getsockname() if there else "/nowhere/log"
    monkeypatch.setattr(Syslog.__init__, "__defaults__", (address,))
    log.say_missing_syslog(options)
    error = capfd.readouterr().err
    assert error.endswith(said)
    assert error.count("\n") == (1 if said else 0)
