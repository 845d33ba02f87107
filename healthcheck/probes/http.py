"""HTTP_GET and SSL_GET: one page is fetched over a connection of its own, and judged.

By hand, because a client library's request costs 600 us of CPU (aiohttp 3.14, native) and this one
200, of which the connection alone is 105. The request is keepalived's, its agent name too, as servers
leave it out of their logs by that. Better than keepalived (quirks: http-until-close, regex-sees-header): the reply ends at its Content-Length or
last chunk, not only when the server closes, and the regular expression sees the whole body and
nothing of the header.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections.abc import Callable

from ..core.model import HttpCheck, HttpVersion, ProbeResult, Target, TlsMaterial, Url
from .connect import CannotConnect
from .http_body import Body, is_wanted, judge
from .http_reply import BadReply, Reply
from .interface import OVERALL_TIMEOUT, Done, Running
from .stream import StreamAttempt
from .tls import in_words, take_leave, wrap

__all__ = ["request_for", "start"]

_AT_ONCE = 64 * 1024
_READS_PER_TURN = 2  # then the loop has its turn: a fast server may not starve the others
_CLOSING = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_ALL = select.EPOLLIN | select.EPOLLOUT | _CLOSING
_AGAIN = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_VERSION_LINES = {
    HttpVersion.HTTP_1_0: ("1.0", ""),
    HttpVersion.HTTP_1_0_CLOSE: ("1.0", "Connection: close\r\n"),
    HttpVersion.HTTP_1_1: ("1.1", "Connection: close\r\n"),
}


def request_for(target: Target, url: Url, version: HttpVersion) -> bytes:
    """The request for a page, octet by octet keepalived's."""
    host = url.virtualhost
    if host is None:
        name = str(target.address).partition("%")[0]
        host = f"{name}:{target.port}" if target.address.version == 4 else f"[{name}]:{target.port}"
    number, close = _VERSION_LINES[version]
    text = f"GET {url.path} HTTP/{number}\r\nUser-Agent: KeepAliveClient\r\n{close}Host: {host}\r\n\r\n"
    return text.encode("utf-8", "surrogateescape")


class _Attempt(StreamAttempt):
    """Steps: connection, handshake with TLS, request, reply."""

    __slots__ = ("_body", "_deadline", "_reply", "_step", "_tls", "_unsent", "_url")

    def __init__(self, check: HttpCheck, loop: asyncio.AbstractEventLoop, done: Done) -> None:
        self._url = url = check.urls[0]
        self._tls: TlsMaterial | None = check.tls
        self._unsent = request_for(check.target, url, check.http_version)
        self._body = Body(url) if url.digests or url.regex is not None else None
        self._reply = Reply() if self._body is None else Reply(self._body.take, self._body.frame)
        self._deadline: float | None = None
        # A function, not a bound method: that would be a cycle for the collector to find.
        self._step: Callable[[_Attempt, int], None] = _Attempt._send
        super().__init__(check.target, loop, done)

    def connected(self, events: int) -> None:
        if self._tls is not None:
            if not self._begin_tls(self._tls):
                return
            self._step = _Attempt._shake_hands
        else:
            self.wait()
        self._step(self, events)

    def proceed(self, events: int) -> None:
        self._step(self, events)

    def finish(self, result: ProbeResult) -> None:
        if self._url.tls_compliant:
            take_leave(self.socket)
        super().finish(result)

    def _begin_tls(self, material: TlsMaterial) -> bool:
        assert self.socket is not None
        try:
            self.socket = wrap(self.socket, material, self._url.sni_name)
        except CannotConnect as exc:
            self.finish(ProbeResult(False, exc.detail, is_verdict=exc.is_verdict))
            return False
        return True

    def _shake_hands(self, events: int) -> None:
        assert isinstance(self.socket, ssl.SSLSocket)
        try:
            self.socket.do_handshake()
        except _AGAIN:
            return
        except OSError as exc:
            self.fail(_in_words(exc, "the handshake"))
            return
        self._step = _Attempt._send
        self.wait()
        self._send(_ALL)

    def _send(self, events: int) -> None:
        assert self.socket is not None
        try:
            sent = self.socket.send(self._unsent)
        except _AGAIN:
            return
        except OSError as exc:
            self.fail(_in_words(exc, "the request"))
            return
        self._unsent = self._unsent[sent:]
        if self._unsent:
            return  # more room is an event, too
        self._step = _Attempt._receive
        if events & (select.EPOLLIN | _CLOSING):
            self._receive(_ALL)  # this was the only notice of octets that came before the request

    def _receive(self, events: int) -> None:
        for _ in range(_READS_PER_TURN):
            assert self.socket is not None
            try:
                data = self.socket.recv(_AT_ONCE)
            except _AGAIN:
                return
            except OSError as exc:
                self.fail(_in_words(exc, "the reply"))
                return
            if self._is_over(data):
                return
            # Less than asked for is all there is, unless the end is there already: epoll(7).
            if self._tls is None and len(data) < _AT_ONCE and not events & _CLOSING:
                return
        self.loop.call_soon(self.ready, _ALL)

    def _is_over(self, data: bytes) -> bool:
        """Take what came, nothing being the end; whether that ended the attempt."""
        reply = self._reply
        is_complete = not data
        try:
            if data:
                is_complete = reply.feed(data)
            else:
                reply.close()
        except BadReply as exc:
            self.fail(str(exc))
            return True
        if reply.status is not None and (is_complete or not is_wanted(self._url, reply.status)):
            self.finish(judge(self._url, reply.status, self._body))
            return True
        return self._is_late()

    def _is_late(self) -> bool:
        limit = max(OVERALL_TIMEOUT, self.target.connect_timeout)
        now = self.loop.time()
        if self._deadline is None:
            self._deadline = now + limit
        elif now > self._deadline:
            self.fail(f"reply not complete within {limit:g} s")
            return True
        self.wait()
        return False


def _in_words(exc: OSError, where: str) -> str:
    if isinstance(exc, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return f"TLS: closed within {where}"
    if isinstance(exc, ssl.SSLError):
        return f"TLS: {in_words(exc)} within {where}"
    return f"{in_words(exc)} within {where}"


def start(check: HttpCheck, loop: asyncio.AbstractEventLoop, done: Done, /) -> Running:
    """Fetch and judge the first of the check's URLs: see `interface.Starter`.

    Which URL's turn it is, the caller says by putting it first. Besides `connect_timeout`, which
    bounds the connection (handshake included) and each wait for more octets, a reply may take
    `OVERALL_TIMEOUT`, or `connect_timeout` where that is more, from its first octet to its last.
    """
    return _Attempt(check, loop, done)
