"""HTTP_GET against a server that somebody else wrote: aiohttp's, with all that its replies can be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from healthcheck import probes
from healthcheck.core.model import HttpCheck, HttpVersion, ProbeResult, Target, Url

# printf hello | md5sum
_HELLO = "5d41402abc4b2a76b9719d911017c592"
# printf '3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n' | md5sum
_HELLO_IN_CHUNKS = "427eb4a77b18fad5440d0f0aea54e47f"
_OK = ProbeResult(True, "status 200")


async def _plain(request: web.Request) -> web.StreamResponse:
    return web.Response(text="hello")


async def _streamed(request: web.Request) -> web.StreamResponse:
    """In chunks by HTTP/1.1, until the connection ends by HTTP/1.0."""
    response = web.StreamResponse()
    await response.prepare(request)
    for piece in (b"hel", b"lo"):
        await response.write(piece)
    await response.write_eof()
    return response


async def _compressed(request: web.Request) -> web.StreamResponse:
    response = web.Response(text="hello")
    response.enable_compression()
    return response


async def _moved(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/plain")


async def _by_host(request: web.Request) -> web.StreamResponse:
    return web.Response(status=200 if request.host == "www.example.com" else 421)


@asynccontextmanager
async def _served() -> AsyncIterator[tuple[int, list[web.BaseRequest]]]:
    """The port, and the requests as the server understood them."""
    requests: list[web.BaseRequest] = []

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        requests.append(request)
        return await handler(request)

    application = web.Application(middlewares=[note])
    pages = {
        "/plain": _plain,
        "/streamed": _streamed,
        "/compressed": _compressed,
        "/moved": _moved,
        "/by-host": _by_host,
    }
    application.add_routes(web.get(path, handler) for path, handler in pages.items())
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1], requests
    finally:
        await runner.cleanup()


async def _result(url: Url, version: HttpVersion = HttpVersion.HTTP_1_1) -> ProbeResult:
    async with _served() as (port, _):
        return await _attempt(port, url, version)


async def _attempt(port: int, url: Url, version: HttpVersion) -> ProbeResult:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[ProbeResult] = loop.create_future()
    target = Target(ip_address("127.0.0.1"), port, 5.0)
    probes.start(HttpCheck(target, (url,), http_version=version), loop, answer.set_result)
    return await asyncio.wait_for(answer, 10)


@pytest.mark.parametrize(
    ("version", "number", "closes"),
    [
        (HttpVersion.HTTP_1_0, (1, 0), None),
        (HttpVersion.HTTP_1_0_CLOSE, (1, 0), "close"),
        (HttpVersion.HTTP_1_1, (1, 1), "close"),
    ],
)
async def test_what_the_server_understands(
    version: HttpVersion, number: tuple[int, int], closes: str | None
) -> None:
    async with _served() as (port, requests):
        assert await _attempt(port, Url("/plain?deep=%20yes"), version) == _OK
    (request,) = requests
    assert request.method == "GET"
    assert request.path_qs == "/plain?deep=%20yes"
    assert tuple(request.version) == number
    assert request.headers["Host"] == f"127.0.0.1:{port}"
    assert request.headers["User-Agent"] == "KeepAliveClient"
    assert request.headers.get("Connection") == closes


@pytest.mark.parametrize(
    ("url", "version"),
    [
        pytest.param(Url("/plain", digests=(_HELLO,)), HttpVersion.HTTP_1_1, id="counted"),
        pytest.param(Url("/streamed", digests=(_HELLO,)), HttpVersion.HTTP_1_0, id="until closed"),
        pytest.param(Url("/streamed", regex="^hello$"), HttpVersion.HTTP_1_1, id="chunks, joined"),
        pytest.param(
            Url("/streamed", digests=(_HELLO_IN_CHUNKS,)),
            HttpVersion.HTTP_1_1,
            id="chunks, as sent",
        ),
        pytest.param(Url("/compressed", regex="hello"), HttpVersion.HTTP_1_1, id="not compressed"),
        pytest.param(Url("/by-host", "www.example.com"), HttpVersion.HTTP_1_1, id="virtual host"),
    ],
)
async def test_what_we_understand(url: Url, version: HttpVersion) -> None:
    assert await _result(url, version) == _OK


@pytest.mark.parametrize(
    ("path", "status"), [("/moved", 302), ("/nowhere", 404), ("/by-host", 421)]
)
async def test_what_is_no_success(path: str, status: int) -> None:
    result = await _result(Url(path))
    assert (result.is_success, result.detail) == (False, f"status {status}")
    wanted = Url(path, status_codes=((status, status),))
    assert await _result(wanted) == ProbeResult(True, f"status {status}")
