"""Servers that mean ill: each costs one slot, for a bounded time, and bounded memory."""

import asyncio
import itertools
import socket
import struct
import time
import tracemalloc
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

import pytest

from healthcheck import probes
from healthcheck.core.model import HttpCheck, ProbeResult, Target, TlsMaterial, Url
from healthcheck.probes import http

LOCALHOST = ip_address("127.0.0.1")
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
FILLING = b"x" * 65536


@asynccontextmanager
async def hostile(serve):
    """Port of a server that gives each connection to `serve(loop, sock)` and closes it after."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)

        async def run():
            while True:
                sock, _ = await loop.sock_accept(listener)
                with sock, suppress(OSError):  # the client has had enough
                    await serve(loop, sock)

        task = asyncio.create_task(run(), name="hostile server")
        try:
            yield listener.getsockname()[1]
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def attempt(check):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    probes.start(check, loop, answer.set_result)
    return await asyncio.wait_for(answer, 20)


async def result_of(serve, url=None, seconds=5.0, **settings):
    async with hostile(serve) as port:
        check = HttpCheck(Target(LOCALHOST, port, seconds), (url or Url("/"),), **settings)
        return await attempt(check)


def says(*pieces):
    async def serve(loop, sock):
        for piece in pieces:
            await loop.sock_sendall(sock, piece)

    return serve


def after_the_request(serve):
    async def later(loop, sock):
        await loop.sock_recv(sock, 65536)
        await serve(loop, sock)

    return later


def then_silence(*pieces):
    async def serve(loop, sock):
        await says(*pieces)(loop, sock)
        await loop.sock_recv(sock, 65536)  # the request
        await loop.sock_recv(sock, 65536)  # until the client leaves

    return serve


async def pause(loop, sock):
    """A hundredth of a second, or less when the client speaks or hangs up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0.01):
            await loop.sock_recv(sock, 65536)


async def reset(loop, sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


@pytest.mark.parametrize(
    ("serve", "detail"),
    [
        pytest.param(
            says(b"SSH-2.0-OpenSSH_9.2p1\r\n"),
            "not HTTP: b'SSH-2.0-OpenSSH_9.2p'",
            id="another protocol",
        ),
        pytest.param(
            then_silence(b"220 mail ESMTP\r\n"),
            "not HTTP: b'220 mail ESMTP\\r\\n'",
            id="another that waits",
        ),
        pytest.param(
            says(b"\x00\xff" * 500), "not HTTP: b'" + "\\x00\\xff" * 10 + "'", id="octets"
        ),
        pytest.param(says(b"HTTP/1.1 OK\r\n\r\n"), "not HTTP: b'HTTP/1.1 OK'", id="no status"),
        pytest.param(
            says(b"HTTP/1.1 2000 OK\r\n\r\n"), "not HTTP: b'HTTP/1.1 2000 OK'", id="long status"
        ),
        pytest.param(says(b""), "closed without an answer", id="nothing"),
        pytest.param(
            after_the_request(says(b"HTTP/1.1 200 OK\r\nA: b\r\n")),
            "closed within the header",
            id="half a header",
        ),
        pytest.param(
            after_the_request(says(b"HTTP/1.1 100 Continue\r\n\r\n")),
            "closed within the header",
            id="interim only",
        ),
        pytest.param(
            after_the_request(
                says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe")
            ),
            "closed within a chunked body",
            id="half a chunk",
        ),
        pytest.param(
            after_the_request(says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n")),
            "chunk size is b'-5'",
            id="negative chunk",
        ),
        pytest.param(
            after_the_request(
                says(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 999 + b"\r\n"
                )
            ),
            "chunk size is b'ffffffffffffffffffff'",
            id="astronomic chunk",
        ),
        pytest.param(
            after_the_request(says(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")),
            "Content-Length is b'-1'",
            id="negative length",
        ),
        pytest.param(
            after_the_request(says(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 9999 + b"\n\n")),
            "Content-Length is b'99999999999999999999'",
            id="astronomic length",
        ),
        pytest.param(then_silence(), "no answer within 0.1 s", id="silence"),
        pytest.param(
            then_silence(b"HTTP/1.1 200 OK\r\n"), "no answer within 0.1 s", id="silence in a header"
        ),
        pytest.param(
            after_the_request(reset), "connection reset by peer within the reply", id="reset"
        ),
    ],
)
async def test_plain(serve, detail):
    assert await result_of(serve, seconds=0.1) == ProbeResult(False, detail)


def buffered():
    """Octets that the kernel may hold of one connection, at both ends."""
    kinds = ("tcp_rmem", "tcp_wmem")
    return sum(int(Path(f"/proc/sys/net/ipv4/{kind}").read_text().split()[-1]) for kind in kinds)


def endless(first, piece):
    """What never ends, sent as fast as it is taken; `sent` counts the octets."""
    sent = []

    async def serve(loop, sock):
        await loop.sock_recv(sock, 65536)
        await loop.sock_sendall(sock, first)
        for _ in itertools.count():
            await loop.sock_sendall(sock, piece)
            sent.append(len(piece))

    return serve, sent


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "piece", "detail", "most_taken"),
    [
        pytest.param(HEAD, b"A: b\r\n" * 1000, "header longer than 64 KiB", 1, id="header lines"),
        pytest.param(HEAD + b"A:", FILLING, "header longer than 64 KiB", 1, id="header line"),
        pytest.param(
            b"",
            b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
            "header longer than 64 KiB",
            1,
            id="interim replies",
        ),
        pytest.param(HEAD + b"\r\n", FILLING, "reply longer than 16 MiB", 16, id="body"),
        pytest.param(
            HEAD + b"Content-Length: 10000000000\r\n\r\n",
            FILLING,
            "reply longer than 16 MiB",
            16,
            id="10 GB body",
        ),
        pytest.param(
            CHUNKED,
            b"ffff\r\n" + b"x" * 65535 + b"\r\n",
            "reply longer than 16 MiB",
            16,
            id="chunks",
        ),
        pytest.param(
            CHUNKED, FILLING, "line longer than 4096 octets in a chunked body", 1, id="chunk size"
        ),
        pytest.param(
            CHUNKED,
            b"1\r\nx\r\n" * 1000,
            "more than 32768 lines in a chunked body",
            1,
            id="tiny chunks",
        ),
        pytest.param(
            CHUNKED + b"0\r\n",
            b"A: b\r\n" * 1000,
            "more than 32768 lines in a chunked body",
            1,
            id="trailer",
        ),
    ],
)
async def test_endless(first, piece, detail, most_taken):
    """Cut off at the bound, `most_taken` MiB; what the kernel's buffers took comes on top."""
    serve, sent = endless(first, piece)
    url = Url("/", digests=("0" * 32,), regex="absent")
    tracemalloc.start()
    try:
        result = await result_of(serve, url)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result == ProbeResult(False, detail)
    assert sum(sent) < (most_taken << 20) + buffered()
    assert peak < 4 << 20


async def test_an_endless_body_is_cut_short_by_a_bad_status():
    serve, sent = endless(b"HTTP/1.1 503 Sorry\r\n\r\n", FILLING)
    assert await result_of(serve) == ProbeResult(False, "status 503")
    assert sum(sent) < (1 << 20) + buffered()


async def test_a_regex_sees_the_first_mebibyte():
    async def serve(loop, sock):
        await loop.sock_recv(sock, 65536)
        await loop.sock_sendall(sock, HEAD + b"\r\n" + b"x" * (1 << 20) + b"late")

    result = await result_of(serve, Url("/", regex="late"))
    assert result == ProbeResult(False, "regex not found in the first 1 MiB of the body")


@pytest.mark.parametrize("piece", [b"A: b\r\n", b"\r\nbody"], ids=["header", "body"])
async def test_a_drip_ends_in_time(monkeypatch, piece):
    """Each octet comes within connect_timeout, and the whole never."""
    monkeypatch.setattr(http, "OVERALL_TIMEOUT", 0.2)

    async def serve(loop, sock):
        await loop.sock_recv(sock, 65536)
        await loop.sock_sendall(sock, HEAD)
        for octet in itertools.cycle(piece):
            await loop.sock_sendall(sock, bytes([octet]))
            await pause(loop, sock)

    begin = time.monotonic()
    result = await result_of(serve, seconds=0.1)
    assert result == ProbeResult(False, "reply not complete within 0.2 s")
    assert time.monotonic() - begin < 2


async def test_the_bound_of_a_drip_is_one_minute():
    assert http.OVERALL_TIMEOUT == 60.0


async def test_a_flood_leaves_the_loop_its_turns():
    """While one server sends as fast as it can, no turn of the loop works for long.

    Counted is the processor's time, since a busy machine may make anybody wait.
    """
    loop = asyncio.get_running_loop()
    moments = []

    def tick():
        moments.append(time.thread_time())
        loop.call_later(0.005, tick)

    serve, _ = endless(HEAD + b"\r\n", FILLING)
    tick()
    result = await result_of(serve, Url("/", digests=("0" * 32,)))
    assert result == ProbeResult(False, "reply longer than 16 MiB")
    assert len(moments) > 5
    assert max(later - earlier for earlier, later in itertools.pairwise(moments)) < 0.5


@pytest.mark.parametrize(
    ("serve", "detail"),
    [
        pytest.param(then_silence(), "no answer within 0.1 s", id="silence"),
        pytest.param(
            after_the_request(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
            "TLS: wrong version number within the handshake",
            id="plain HTTP",
        ),
        pytest.param(
            says(b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc" + b"\xff" * 16380),
            None,
            id="a hello of noise",
        ),
        pytest.param(says(b""), "TLS: closed within the handshake", id="closed"),
        pytest.param(
            after_the_request(reset), "connection reset by peer within the handshake", id="reset"
        ),
        pytest.param(
            # handshake_failure(40), fatal
            after_the_request(says(b"\x15\x03\x03\x00\x02\x02\x28")),
            "TLS: sslv3 alert handshake failure within the handshake",
            id="refused",
        ),
    ],
)
async def test_bad_tls(serve, detail):
    result = await result_of(serve, seconds=0.1, tls=TlsMaterial())
    assert not result.is_success
    assert result.is_verdict
    if detail is None:
        assert result.detail.startswith("TLS: ")
    else:
        assert result.detail == detail


async def test_tls_reset_before_it_began():
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = Target(LOCALHOST, listener.getsockname()[1])
        check = HttpCheck(target, (Url("/"),), tls=TlsMaterial())
        probes.start(check, loop, answer.set_result)
        peer, _ = listener.accept()  # before the loop could look
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        peer.close()
        result = await asyncio.wait_for(answer, 5)
    assert result == ProbeResult(False, "closed before the handshake")


async def test_a_tls_handshake_octet_by_octet_ends_with_the_first_timeout():
    """Octets of a handshake do not prolong the wait."""

    async def serve(loop, sock):
        for octet in itertools.cycle(b"\x16\x03\x03\x3f\xff" + b"\x02" * 2000):
            await loop.sock_sendall(sock, bytes([octet]))
            await pause(loop, sock)

    begin = time.monotonic()
    result = await result_of(serve, seconds=0.1, tls=TlsMaterial())
    assert not result.is_success
    assert time.monotonic() - begin < 2


async def test_a_hundred_hostile_servers_do_not_delay_a_good_one():
    loop = asyncio.get_running_loop()
    bad = []

    async def good(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"Content-Length: 0\r\n\r\n")
        writer.close()

    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent:
        target = Target(LOCALHOST, silent.getsockname()[1], 0.2)
        server = await asyncio.start_server(good, "127.0.0.1", 0)
        try:
            for _ in range(100):
                probes.start(HttpCheck(target, (Url("/"),)), loop, bad.append)
            port = server.sockets[0].getsockname()[1]
            assert (await attempt(HttpCheck(Target(LOCALHOST, port), (Url("/"),)))).is_success
            assert bad == []
            await attempt(HttpCheck(target, (Url("/"),)))  # begun later, so it ends after them
        finally:
            server.close()
            await server.wait_closed()
    assert bad == [ProbeResult(False, "no answer within 0.2 s")] * 100
