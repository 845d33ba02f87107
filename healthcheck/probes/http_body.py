"""What is kept of a page, and whether the page is what was wanted. No sockets."""

from __future__ import annotations

import hashlib

from ..core.model import ProbeResult, Url
from .pattern import PatternError, compile_pattern

__all__ = ["MAX_KEPT", "Body", "is_wanted", "judge"]

MAX_KEPT = 1024 * 1024
"""Octets of a body that a regular expression gets to see."""


class Body:
    """The octets of a body as they pass by: digests of all, the first of them for the expression."""

    __slots__ = ("_framed", "_keeps", "_kept", "_plain", "is_cut")

    def __init__(self, url: Url) -> None:
        self._plain = hashlib.md5(usedforsecurity=False) if url.digests else None
        self._framed = hashlib.md5(usedforsecurity=False) if url.digests else None
        self._keeps = url.regex is not None
        self._kept = bytearray()
        self.is_cut = False

    def take(self, part: bytes) -> None:
        """Octets of the body."""
        if self._plain is not None:
            self._plain.update(part)
        if self._keeps:
            room = MAX_KEPT - len(self._kept)
            self.is_cut = self.is_cut or len(part) > room
            self._kept += part[:room]

    def frame(self, part: bytes) -> None:
        """Octets of a chunked body as they were on the wire."""
        if self._framed is not None:
            self._framed.update(part)

    @property
    def octets(self) -> bytes:
        """The body, as far as it is kept."""
        return bytes(self._kept)

    def digests(self) -> tuple[str, ...]:
        """MD5 of the body, then of what was on the wire (that of nothing when it was not chunked)."""
        return tuple(d.hexdigest() for d in (self._plain, self._framed) if d is not None)


def is_wanted(url: Url, status: int) -> bool:
    """Whether a status is one of those wanted; without any criterion 200..299 is."""
    if url.status_codes:
        return any(low <= status <= high for low, high in url.status_codes)
    return url.regex is not None or bool(url.digests) or 200 <= status <= 299


def judge(url: Url, status: int, body: Body | None) -> ProbeResult:
    """The result of a complete reply. `body` may be None where `url` asks nothing of it."""
    if not is_wanted(url, status):
        return ProbeResult(False, f"status {status}")
    if body is not None and url.digests:
        plain, framed = body.digests()
        if not {plain, framed} & {digest.lower() for digest in url.digests}:
            return ProbeResult(False, f"digest differs: {plain}")
    if body is not None and url.regex is not None:
        try:
            is_found = _matches(url, body)
        except PatternError as exc:
            return ProbeResult(False, str(exc), is_verdict=False)
        if is_found == url.regex_no_match:
            return ProbeResult(False, _about(body, is_found=is_found))
    return ProbeResult(True, f"status {status}")


def _matches(url: Url, body: Body) -> bool:
    assert url.regex is not None
    pattern = compile_pattern(url.regex, url.regex_options)
    found = pattern.search(body.octets, url.regex_min_offset)
    if found is None:
        return False
    # The first match is the leftmost, so no other can begin within the limit when it does not.
    return url.regex_max_offset is None or found.start() <= url.regex_max_offset


def _about(body: Body, *, is_found: bool) -> str:
    where = f"the first {MAX_KEPT >> 20} MiB of the body" if body.is_cut else "the body"
    return f"regex found in {where}" if is_found else f"regex not found in {where}"
