"""Pipes that get a line for each change: what is written, whose they are, and their readers."""

from __future__ import annotations

import asyncio
import os
import stat
from ipaddress import IPv4Address

import pytest

from healthcheck.core.model import RealServer, Target, TcpCheck, VirtualServer
from healthcheck.core.service import QuorumDown, QuorumUp, ServerDown, ServerUp
from healthcheck.core.table import Destination, Protocol, ServiceAddress
from healthcheck.events import CheckFailed
from pyvrrp.daemon.checkers.log import fifo_line
from pyvrrp.daemon.notices.commands import Command, FifoSettings
from pyvrrp.daemon.notices.fifos import NotifyFifos

NAME = "[10.2.0.1]:tcp:80"
SERVER = Destination(IPv4Address("10.1.0.1"), 80)
WEB = VirtualServer(
    NAME, (ServiceAddress(Protocol.TCP, IPv4Address("10.2.0.1"), 80),), (RealServer(SERVER),)
)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (QuorumUp(NAME, 1), b"VS [10.2.0.1]:tcp:80 UP\n"),
        (QuorumDown(NAME, 0), b"VS [10.2.0.1]:tcp:80 DOWN\n"),
        (ServerUp(NAME, SERVER), b"RS [10.1.0.1]:tcp:80 [10.2.0.1]:tcp:80 UP\n"),
        (ServerDown(NAME, SERVER), b"RS [10.1.0.1]:tcp:80 [10.2.0.1]:tcp:80 DOWN\n"),
        (CheckFailed(NAME, SERVER, TcpCheck(Target(SERVER.address, 80)), "refused", True), b""),
    ],
)
def test_lines(event, line):
    """Those of keepalived 2.2.7."""
    assert fifo_line(event, WEB) == line


@pytest.fixture
def fifos():
    made = NotifyFifos()
    yield made
    made.close()


def read(path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)


def test_a_pipe_is_made_written_and_removed(tmp_path, fifos):
    path = tmp_path / "fifo"
    fifos.use([FifoSettings(str(path), os.getuid(), os.getgid())])
    assert stat.S_ISFIFO(path.stat().st_mode)
    fifos.tell(b"one\n")
    fifos.tell(b"")
    fifos.tell(b"two\n")
    assert read(path) == b"one\ntwo\n"
    fifos.close()
    assert not path.exists()


def test_one_that_was_there_stays(tmp_path, fifos):
    path = tmp_path / "fifo"
    os.mkfifo(path, 0o600)
    fifos.use([FifoSettings(str(path))])
    fifos.tell(b"x")
    assert read(path) == b"x"
    fifos.use([])
    assert path.exists()


def test_what_does_not_fit_is_lost_and_nobody_waits(tmp_path, fifos):
    path = tmp_path / "fifo"
    fifos.use([FifoSettings(str(path))])
    for _ in range(100):
        fifos.tell(bytes(4096))
    fifos.tell(b"lost")
    assert read(path) == bytes(100)


def test_what_is_no_pipe_is_left_alone(tmp_path, fifos, caplog):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "link").symlink_to("file")
    fifos.use([FifoSettings(str(tmp_path / name)) for name in ("file", "link", "no/where")])
    fifos.tell(b"x")
    assert (tmp_path / "file").read_text() == "kept"
    assert [text.partition(" is not used: ")[2] for text in caplog.messages] == [
        "it is no FIFO",
        "Too many levels of symbolic links",
        "No such file or directory",
    ]


async def test_the_reader_gets_the_path_and_ends_with_the_pipe(tmp_path, caplog):
    path = str(tmp_path / "fifo")
    runs, ended = [], asyncio.Event()

    async def run(command):
        runs.append((command.argv, command.user))
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            ended.set()
            raise
        return "ended"

    fifos = NotifyFifos(run)
    fifos.use([FifoSettings(path, reader=Command(("/bin/reader", "-v"), "joe"))])
    await asyncio.sleep(0)
    assert runs == [(("/bin/reader", "-v", path), "joe")]
    fifos.close()
    await asyncio.wait_for(ended.wait(), 5)
    assert caplog.messages == []


async def test_reload_leaves_alone_what_stays_the_same(tmp_path):
    """But starts a reader again that ended by itself, and makes a pipe again that somebody took away."""
    runs = []

    async def run(command):
        runs.append(command.argv[0])
        if command.argv[0] == "/bin/short":
            return "ended"
        await asyncio.sleep(3600)
        return ""

    fifos = NotifyFifos(run)
    same, short, gone = (
        FifoSettings(str(tmp_path / name), reader=Command((f"/bin/{name}",)))
        for name in ("same", "short", "gone")
    )
    fifos.use([same, short, gone])
    fifos.tell(b"before\n")
    await asyncio.sleep(0)
    (tmp_path / "gone").unlink()
    fifos.use([same, short, gone])
    fifos.tell(b"after\n")
    await asyncio.sleep(0)
    assert read(tmp_path / "same") == b"before\nafter\n"
    assert read(tmp_path / "gone") == b"after\n"
    assert runs == ["/bin/same", "/bin/short", "/bin/gone", "/bin/short", "/bin/gone"]
    fifos.close()


async def test_reader_is_a_program(tmp_path, caplog):
    reader = Command(("/bin/sh", "-c", 'read -r line < "$0"; echo "$line" > "$0.read"; exit 3'))
    fifos = NotifyFifos()
    fifos.use([FifoSettings(str(tmp_path / "fifo"), reader=reader)])
    fifos.tell(b"one\n")
    async with asyncio.timeout(20):
        while not caplog.messages:  # noqa: ASYNC110  # a log announces nothing
            await asyncio.sleep(0.01)
    assert (tmp_path / "fifo.read").read_text() == "one\n"
    assert caplog.messages[0].endswith("fifo: ended with status 3")
    fifos.close()
