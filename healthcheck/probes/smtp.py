"""SMTP_CHECK: the server greets with 220 and answers HELO with 250; QUIT ends it.

A reply of several lines (`220-`, `250-`) and one without text are replies as RFC 5321 section
4.2 has them, and so are success here (quirk: smtp-one-line).
The dialogue is three lines, so it is spoken on the bare socket, without an SMTP library.
"""

from __future__ import annotations

import asyncio
import re
import socket
from typing import NamedTuple

from ..core.model import ProbeResult, SmtpCheck
from .connect import CannotConnect, connected, no_answer, reason
from .interface import OVERALL_TIMEOUT, as_starter

__all__ = ["probe", "start"]

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_MOST_OCTETS_IN_LINE = 2048  # RFC 5321 section 4.5.3.1.5 says 512
_MOST_OCTETS_IN_REPLY = 16384
_MOST_SHOWN = 60
_FAREWELL = 1.0  # s, for the answer to QUIT, which decides nothing


class _Reply(NamedTuple):
    code: int
    text: str
    """Of the last line, printable."""


class _NoReply(Exception):
    """The server broke the rules; the text is the probe's `detail`."""


async def probe(check: SmtpCheck) -> ProbeResult:
    """One attempt. `connect_timeout` bounds the connection and each wait for more octets."""
    target = check.target
    try:
        sock = await connected(target)
    except CannotConnect as exc:
        return ProbeResult(False, exc.detail, is_verdict=exc.is_verdict)
    overall = max(OVERALL_TIMEOUT, target.connect_timeout)
    limit = asyncio.timeout(overall)
    with sock:
        try:
            async with limit:
                return await _converse(sock, check)
        except _NoReply as exc:
            return ProbeResult(False, str(exc))
        except TimeoutError as exc:
            if limit.expired():
                return ProbeResult(False, f"not finished within {overall:g} s")
            return ProbeResult(
                False, reason(exc) if exc.errno else no_answer(target.connect_timeout)
            )
        except OSError as exc:
            return ProbeResult(False, reason(exc))


async def _converse(sock: socket.socket, check: SmtpCheck) -> ProbeResult:
    lines = _Lines(sock, check.target.connect_timeout)
    greeting = await _reply(lines)
    if greeting.code != 220:
        return ProbeResult(False, f"greeted with {greeting.code} {greeting.text}".rstrip())
    await lines.send(b"HELO " + check.helo_name.encode("utf-8", "replace"))
    answer = await _reply(lines)
    if answer.code != 250:
        return ProbeResult(False, f"answered HELO with {answer.code} {answer.text}".rstrip())
    await _part(lines)
    return ProbeResult(True, "greeted, and answered HELO")


async def _part(lines: _Lines) -> None:
    """Say QUIT and hear the answer out, whatever it is: closing before it would reset."""
    try:
        async with asyncio.timeout(_FAREWELL):
            await lines.send(b"QUIT")
            await _reply(lines)
    except (OSError, _NoReply):
        return


async def _reply(lines: _Lines) -> _Reply:
    """The next whole reply. Raises: _NoReply, OSError, TimeoutError."""
    code = None
    octets = 0
    while octets <= _MOST_OCTETS_IN_REPLY:
        line = await lines.next()
        octets += len(line) + 1
        found = _LINE.fullmatch(line)
        if found is None or code not in (None, found[1]):
            raise _NoReply(f"not a reply of SMTP: {_shown(line)}")
        code = found[1]
        if found[2] != b"-":
            return _Reply(int(code), _shown(found[3] or b""))
    raise _NoReply("reply does not end")


def _shown(line: bytes) -> str:
    """Its beginning, fit for a log: what is not printable ASCII becomes a question mark."""
    return "".join(
        c if c.isprintable() else "?" for c in line[:_MOST_SHOWN].decode("ascii", "ignore")
    )


class _Lines:
    """The connection by lines, with bounded memory; every wait is bounded by `timeout` seconds."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        self._socket = sock
        self._timeout = timeout
        self._buffer = b""
        self._loop = asyncio.get_running_loop()

    async def send(self, line: bytes) -> None:
        async with asyncio.timeout(self._timeout):
            await self._loop.sock_sendall(self._socket, line + b"\r\n")

    async def next(self) -> bytes:
        """The next line without its end, CR LF or LF alone."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > _MOST_OCTETS_IN_LINE:
                raise _NoReply("line does not end")
            async with asyncio.timeout(self._timeout):
                more = await self._loop.sock_recv(self._socket, _MOST_OCTETS_IN_LINE)
            if not more:
                raise _NoReply("connection closed by the server")
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.removesuffix(b"\r")


start = as_starter(probe, timeout=None)
