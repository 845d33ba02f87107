"""TLS of SSL_GET: a client certificate when there is one, and no look at the server's, as keepalived."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from ..core.model import TlsMaterial
from .connect import CannotConnect, reason

__all__ = ["in_words", "take_leave", "wrap"]


def wrap(sock: socket.socket, material: TlsMaterial, name: str | None) -> ssl.SSLSocket:
    """A connected non-blocking socket as one that speaks TLS; the handshake is still to be done.

    `name` is sent as server name (SNI), None: none. The given socket is closed by closing the result.
    Raises: CannotConnect, never a verdict: the material cannot be read or the name cannot be sent.
    """
    context = _context(material, _ages(material))
    # Looked at beforehand, as the `ssl` module leaves the descriptor open where these fail in it.
    _must_be_a_name(name)
    try:
        sock.getpeername()
        return context.wrap_socket(sock, do_handshake_on_connect=False, server_hostname=name)
    except OSError as exc:  # the server has gone already
        raise CannotConnect("closed before the handshake") from exc


def take_leave(sock: socket.socket | None) -> None:
    """Send close_notify where a handshake was done; the answer is not waited for (RFC 8446 §6.1)."""
    if isinstance(sock, ssl.SSLSocket):
        with suppress(OSError, ValueError):
            sock.unwrap()


def _must_be_a_name(name: str | None) -> None:
    if name is None:
        return
    try:
        if not name.encode("idna"):
            raise CannotConnect("TLS: the server name is empty", is_verdict=False)
    except UnicodeError as exc:
        raise CannotConnect(f"TLS: server name {name!r}: {exc}", is_verdict=False) from exc


def _ages(material: TlsMaterial) -> tuple[int, ...]:
    """Times of change: a certificate renewed in its place is used from the next attempt on."""
    ages = []
    for path in (material.ca, material.certificate, material.key):
        if path is not None:
            try:
                ages.append(Path(path).stat().st_mtime_ns)
            except OSError as exc:
                raise CannotConnect(f"TLS: {path}: {reason(exc)}", is_verdict=False) from exc
    return tuple(ages)


@lru_cache(maxsize=64)
def _context(material: TlsMaterial, ages: tuple[int, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        if material.ca is not None:
            context.load_verify_locations(material.ca)
        if material.certificate is not None:
            # An empty password, so that OpenSSL never asks for one at the terminal.
            password = material.password or ""
            context.load_cert_chain(material.certificate, material.key, password)
    except OSError as exc:
        files = ", ".join(f for f in (material.ca, material.certificate, material.key) if f)
        raise CannotConnect(f"TLS: {files}: {in_words(exc)}", is_verdict=False) from exc
    return context


def in_words(exc: OSError) -> str:
    """An error of OpenSSL or of the kernel, as it stands within a sentence."""
    if isinstance(exc, ssl.SSLError):
        return (exc.reason or str(exc)).replace("_", " ").lower()
    return reason(exc)
