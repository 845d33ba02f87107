"""SMTP_CHECK against a server of a few lines, good and hostile."""

import asyncio
import tracemalloc
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest

from healthcheck import probes
from healthcheck.core.model import ProbeResult, SmtpCheck, Target
from healthcheck.probes import smtp

DEADLINE = 5
GOOD = ProbeResult(True, "greeted, and answered HELO")


class Server:
    """Speaks `greeting`, then one answer a line; what it heard is in `heard`."""

    def __init__(self, greeting, *answers):
        self.greeting = greeting
        self.answers = answers
        self.heard = []
        self.over = asyncio.Event()

    async def serve(self, reader, writer):
        try:
            writer.write(self.greeting)
            for answer in self.answers:
                line = await reader.readline()
                if not line:
                    break
                self.heard.append(line)
                writer.write(answer)
            await reader.read()
        except ConnectionError:
            self.heard.append(b"reset")
        finally:
            writer.close()
            self.over.set()


@asynccontextmanager
async def served(serve, patience=DEADLINE, host="127.0.0.1", **settings):
    """A check of a server whose connections are served by a coroutine function."""
    tasks = []

    async def keep(reader, writer):
        tasks.append(asyncio.current_task())
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(keep, host, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield SmtpCheck(Target(ip_address(host), port, connect_timeout=patience), **settings)
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def attempt(check):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    probes.start(check, loop, answer.set_result)
    return await asyncio.wait_for(answer, 2 * DEADLINE)


async def result_of(greeting, *answers, **settings):
    async with served(Server(greeting, *answers).serve, **settings) as check:
        return await attempt(check)


async def test_greeting_helo_quit():
    server = Server(b"220 ready\r\n", b"250 hello\r\n", b"221 bye\r\n")
    async with served(server.serve) as check:
        assert await attempt(check) == GOOD
        await asyncio.wait_for(server.over.wait(), DEADLINE)
    assert server.heard == [b"HELO smtpchecker.keepalived.org\r\n", b"QUIT\r\n"]


async def test_helo_name():
    server = Server(b"220 ready\r\n", b"250 hello\r\n", b"221 bye\r\n")
    async with served(server.serve, helo_name="me.test") as check:
        assert await attempt(check) == GOOD
    assert server.heard[0] == b"HELO me.test\r\n"


async def test_over_ipv6():
    assert await result_of(b"220 x\r\n", b"250 x\r\n", b"221 x\r\n", host="::1") == GOOD


@pytest.mark.parametrize(
    ("greeting", "answer"),
    [
        pytest.param(b"220-one\r\n220-two\r\n220 three\r\n", b"250 x\r\n", id="greeting of lines"),
        pytest.param(b"220 x\r\n", b"250-one\r\n250 two\r\n", id="answer of lines"),
        pytest.param(b"220\r\n", b"250\r\n", id="no text"),
        pytest.param(b"220 \r\n", b"250 \r\n", id="empty text"),
        pytest.param(b"220-\r\n220\r\n", b"250 x\r\n", id="lines without text"),
        pytest.param(b"220 x\n", b"250 x\n", id="line feeds alone"),
        pytest.param(b"220 \xff\xfe\0\r\n", b"250 x\r\n", id="not ASCII"),
    ],
)
async def test_what_is_success(greeting, answer):
    assert await result_of(greeting, answer, b"221 bye\r\n") == GOOD


@pytest.mark.parametrize(
    "farewell",
    [
        pytest.param(b"500 no\r\n", id="refused"),
        pytest.param(b"junk\r\n", id="junk"),
    ],
)
async def test_the_answer_to_quit_decides_nothing(farewell):
    assert await result_of(b"220 x\r\n", b"250 x\r\n", farewell) == GOOD


async def test_silence_after_quit_costs_a_moment_only(monkeypatch):
    monkeypatch.setattr(smtp, "_FAREWELL", 0.05)
    assert await result_of(b"220 x\r\n", b"250 x\r\n", b"") == GOOD


@pytest.mark.parametrize(
    ("greeting", "answer", "detail"),
    [
        pytest.param(b"554 no service\r\n", b"", "greeted with 554 no service", id="554"),
        pytest.param(b"250 x\r\n", b"", "greeted with 250 x", id="250 for a greeting"),
        pytest.param(b"421\r\n", b"", "greeted with 421", id="no text"),
        pytest.param(b"220 x\r\n", b"501 who\r\n", "answered HELO with 501 who", id="501"),
        pytest.param(
            b"220 x\r\n", b"550-a\r\n550 b\r\n", "answered HELO with 550 b", id="550 of lines"
        ),
        pytest.param(b"hello\r\n", b"", "not a reply of SMTP: hello", id="no code"),
        pytest.param(b"22 x\r\n", b"", "not a reply of SMTP: 22 x", id="short code"),
        pytest.param(b"2200 x\r\n", b"", "not a reply of SMTP: 2200 x", id="long code"),
        pytest.param(b"220-a\r\n250 b\r\n", b"", "not a reply of SMTP: 250 b", id="two codes"),
        pytest.param(b"\x1b[2J\r\n", b"", "not a reply of SMTP: ?[2J", id="escape sequence"),
        pytest.param(
            b"554 " + b"x" * 900 + b"\r\n", b"", "greeted with 554 " + "x" * 60, id="long"
        ),
    ],
)
async def test_what_is_failure(greeting, answer, detail):
    assert await result_of(greeting, answer) == ProbeResult(False, detail)


@pytest.mark.parametrize(
    "opening", [pytest.param(b"", id="nothing"), pytest.param(b"220 rea", id="half a line")]
)
async def test_a_server_that_hangs_up(opening):
    async def serve(reader, writer):
        writer.write(opening)

    async with served(serve) as check:
        assert await attempt(check) == ProbeResult(False, "connection closed by the server")


async def test_a_server_that_resets():
    async def serve(reader, writer):
        await writer.drain()
        writer.transport.abort()

    async with served(serve) as check:
        result = await attempt(check)
    assert result.detail in ("connection closed by the server", "connection reset by peer")
    assert not result.is_success


async def test_silence():
    async def serve(reader, writer):
        await reader.read()

    async with served(serve, 0.1) as check:
        assert await attempt(check) == ProbeResult(False, "no answer within 0.1 s")


async def test_silence_after_helo():
    assert await result_of(b"220 x\r\n", b"", patience=0.1) == ProbeResult(
        False, "no answer within 0.1 s"
    )


async def test_a_closed_port_refuses():
    async with served(Server(b"").serve) as check:
        pass
    assert await attempt(check) == ProbeResult(False, "connection refused")


async def test_an_octet_now_and_then_ends_with_the_attempt(monkeypatch):
    monkeypatch.setattr(smtp, "OVERALL_TIMEOUT", 0.3)

    async def dribble(reader, writer):
        while True:
            writer.write(b"2")
            await asyncio.sleep(0.01)

    async with served(dribble, 0.2) as check:
        assert await attempt(check) == ProbeResult(False, "not finished within 0.3 s")


@pytest.mark.parametrize(
    ("flood", "detail"),
    [
        pytest.param(b"220 " + b"x" * 65536, "line does not end", id="endless line"),
        pytest.param(b"220-\r\n" * 16384, "reply does not end", id="endless reply"),
        pytest.param(b"220-" + b"x" * 2000 + b"\r\n", "reply does not end", id="long lines"),
    ],
)
async def test_floods_end_soon_and_cost_little_memory(flood, detail):
    async def pour(reader, writer):
        while True:
            writer.write(flood)
            await writer.drain()

    async with served(pour) as check:
        assert await attempt(check) == ProbeResult(False, detail)


async def test_memory_is_bounded_by_the_line():
    """Of a reader alone: half a megabyte is waiting, two kilobytes at a time are taken."""
    chunks = iter([b"x" * 2048] * 256)

    class Loop:
        async def sock_recv(self, sock, most):
            assert most == 2048
            return next(chunks)

    lines = smtp._Lines(None, 1.0)
    lines._loop = Loop()
    tracemalloc.start()
    try:
        with pytest.raises(smtp._NoReply):
            await lines.next()
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert len(list(chunks)) >= 253


async def test_cancelled_it_closes_and_says_nothing():
    closed = asyncio.Event()
    heard = asyncio.Event()

    async def serve(reader, writer):
        heard.set()
        assert await reader.read() == b""
        closed.set()

    async with served(serve) as check:
        said = []
        running = probes.start(check, asyncio.get_running_loop(), said.append)
        await asyncio.wait_for(heard.wait(), DEADLINE)
        running.cancel()
        await asyncio.wait_for(closed.wait(), DEADLINE)
        assert said == []
