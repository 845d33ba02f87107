"""An HTTP/1 reply as it arrives: status, and the octets of the body. No sockets.

Only what a check needs is read: length, chunks, end. Nothing is kept but an unfinished header or line.
Source: RFC 9112 sections 4, 6, 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from ..errors import HealthcheckError

__all__ = ["MAX_HEADER", "MAX_REPLY", "BadReply", "Reply"]

MAX_HEADER = 64 * 1024
MAX_REPLY = 16 * 1024 * 1024
"""Octets of a whole reply; a longer one is a failure, whatever keepalived would wait for."""

_MAX_LINE = 4096
_MAX_LINES = 32 * 1024  # of a chunked body: some 512 octets in a chunk, when MAX_REPLY is reached
_LONG_HEADER = f"header longer than {MAX_HEADER >> 10} KiB"
_END_OF_HEADER = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})(?!\d)")
_FRAMING = re.compile(
    rb"\n(content-length|transfer-encoding)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE
)
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?", re.DOTALL)

Sink: TypeAlias = Callable[[bytes], object]


class BadReply(HealthcheckError):
    """What came is no reply that can be judged; the text is a probe's `detail`."""


def _ignore(_: bytes) -> None:
    """Nobody asked for the body."""


class Reply:
    """One reply. `status` is None until its header is complete.

    `body` gets the octets of the body; `framed` gets a chunked body as it was on the wire, too, which
    is what keepalived and genhash make a digest of.
    """

    __slots__ = ("_body", "_framed", "_left", "_lines", "_partial", "_read", "_received", "status")

    def __init__(self, body: Sink = _ignore, framed: Sink = _ignore) -> None:
        self._body = body
        self._framed = framed
        self._partial = b""
        self._left = 0
        self._lines = 0
        self._received = 0
        # Functions, not bound methods: those would be cycles for the collector to find.
        self._read: Callable[[Reply, bytes], bool] = Reply._read_header
        self.status: int | None = None

    def feed(self, data: bytes) -> bool:
        """Take what arrived; True when the reply is complete (the rest is not looked at).

        Raises: BadReply.
        """
        self._received += len(data)
        if self._received > MAX_REPLY:
            raise BadReply(f"reply longer than {MAX_REPLY >> 20} MiB")
        return self._read(self, data)

    def close(self) -> None:
        """The server closed. Fewer octets than Content-Length said are enough, as in keepalived.

        Raises: BadReply, when that was too early.
        """
        if not self._received:
            raise BadReply("closed without an answer")
        if self.status is None:
            raise BadReply("closed within the header")
        if self._read in (Reply._read_chunks, Reply._read_trailer):
            raise BadReply("closed within a chunked body")

    def _read_header(self, data: bytes) -> bool:
        searched = max(0, len(self._partial) - 2)
        head = self._partial + data
        begin = 0
        while (end := _END_OF_HEADER.search(head, max(begin, searched))) is not None:
            status = _status_of(head, begin)
            if not 100 <= status < 200 or status == 101:
                return self._begin_body(status, head[begin : end.end()], head[end.end() :])
            begin = end.end()  # an interim reply: the reply proper follows
        if not head.startswith(b"HTTP/"[: len(head) - begin], begin):
            raise BadReply(f"not HTTP: {head[begin : begin + 20]!r}")
        if self._received > MAX_HEADER:
            raise BadReply(_LONG_HEADER)
        self._partial = head[begin:]
        return False

    def _begin_body(self, status: int, head: bytes, rest: bytes) -> bool:
        if len(head) > MAX_HEADER:
            raise BadReply(_LONG_HEADER)
        self.status = status
        self._partial = b""
        if status in (204, 304):
            return True
        fields = {name.lower(): value.strip() for name, value in _FRAMING.findall(head)}
        if fields.get(b"transfer-encoding", b"").lower().endswith(b"chunked"):
            self._read = Reply._read_chunks
        elif (length := fields.get(b"content-length")) is None:
            self._read = Reply._read_until_closed
        elif length.isdigit() and len(length) < 19:
            self._left = int(length)
            self._read = Reply._read_counted
        else:
            raise BadReply(f"Content-Length is {length[:20]!r}")
        return self._read(self, rest)

    def _read_until_closed(self, data: bytes) -> bool:
        self._body(data)
        return False

    def _read_counted(self, data: bytes) -> bool:
        part = data[: self._left]
        self._left -= len(part)
        self._body(part)
        return not self._left

    def _read_chunks(self, data: bytes) -> bool:
        self._framed(data)
        at = 0
        while at < len(data):
            if self._left:
                part = data[at : at + self._left]
                self._left -= len(part)
                at += len(part)
                self._body(part)
                continue
            at, line = self._line(data, at)
            if line and self._is_last_chunk(line):
                self._read = Reply._read_trailer
                return self._skip_trailer(data, at)
        return False

    def _is_last_chunk(self, line: bytes) -> bool:
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise BadReply(f"chunk size is {line[:20]!r}")
        self._left = int(size[1], 16)
        return not self._left

    def _read_trailer(self, data: bytes) -> bool:
        self._framed(data)
        return self._skip_trailer(data, 0)

    def _skip_trailer(self, data: bytes, at: int) -> bool:
        while at < len(data):
            at, line = self._line(data, at)
            if line == b"":
                return True
        return False

    def _line(self, data: bytes, at: int) -> tuple[int, bytes | None]:
        """Where the next line begins, and this one without its end; None: its end is still to come."""
        end = data.find(b"\n", at)
        line = self._partial + (data[at:] if end < 0 else data[at:end])
        if len(line) > _MAX_LINE:
            raise BadReply(f"line longer than {_MAX_LINE} octets in a chunked body")
        self._lines += 1
        if self._lines > _MAX_LINES:
            raise BadReply(f"more than {_MAX_LINES} lines in a chunked body")
        self._partial = line if end < 0 else b""
        return (len(data), None) if end < 0 else (end + 1, line.rstrip(b"\r"))


def _status_of(head: bytes, begin: int) -> int:
    line = _STATUS_LINE.match(head, begin)
    if line is None:
        first = head[begin:].split(b"\n", 1)[0].rstrip(b"\r")
        raise BadReply(f"not HTTP: {first[:40]!r}")
    return int(line[1])
