"""Mails about changes: their text, and a thread that sends them one after the other.

Each has a connection of its own, with HELO, without login and TLS, as keepalived's. One that
cannot be sent is logged and dropped; of those that wait the oldest is dropped when they are many.
Source: RFC 5321, RFC 5322; keepalived 2.2.7, seen running.
"""

from __future__ import annotations

import logging
import smtplib
import socket
import threading
from collections import deque
from contextlib import suppress
from datetime import datetime
from email.utils import format_datetime, parseaddr
from typing import NamedTuple

from .notice import Kind, Notice, What
from .settings import MailSettings

__all__ = ["Mail", "Mailer", "about", "compose"]

logger = logging.getLogger(__name__)

_WAITING = 100
_SHOWN = 100
"""Characters of what a server says."""
_STEPS = 4
"""A whole dialogue may take so many times the timeout of a step."""

_FOLD = ",\r\n "

_OWNING = "=> VRRP Instance is now owning VRRP VIPs <="
_NOT_OWNING = "=> VRRP Instance is no longer owning VRRP VIPs <="
_INSTANCE_TEXTS = {
    What.MASTER: ("Entering MASTER state", _OWNING),
    What.BACKUP: ("Entering BACKUP state", _NOT_OWNING),
    What.FAULT: ("Entering FAULT state", _NOT_OWNING),
    What.STOP: ("Stopping", "=> VRRP Instance stopping <="),
    What.DELETED: ("Deleted", "=> VRRP Deleted at reload <="),
}
_GROUP_TEXTS = {
    What.MASTER: (
        "Entering MASTER state",
        "=> All VRRP group instances are now in MASTER state <=",
    ),
    What.BACKUP: (
        "Entering BACKUP state",
        "=> All VRRP group instances are now in BACKUP state <=",
    ),
    What.FAULT: ("Entering FAULT state", "=> All VRRP group instances are now in FAULT state <="),
    What.STOP: ("Stopping", "=> All VRRP group instances are now stopping <="),
}


class Mail(NamedTuple):
    """`subject` is without the router's name."""

    subject: str
    body: str


def about(notice: Notice) -> Mail | None:
    """The mail for a change of the state."""
    is_group = notice.kind is Kind.GROUP
    found = (_GROUP_TEXTS if is_group else _INSTANCE_TEXTS).get(notice.what)
    if found is None:
        return None
    what = "VRRP Group" if is_group else "VRRP Instance"
    return Mail(f"{what} {notice.name} - {found[0]}", found[1])


def compose(settings: MailSettings, mail: Mail, at: datetime) -> bytes:
    """The mail as it goes behind DATA, without the dot; `at` says its zone."""
    lines = (
        f"Date: {format_datetime(at)}",
        f"From: {settings.sender}",
        f"Subject: [{settings.router_id}] {mail.subject}",
        "X-Mailer: Keepalived",
        f"To: {_FOLD.join(settings.recipients)}",
        "",
        mail.body,
        "",
        "",
    )
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


class Mailer:
    """Sends mails without ever holding its caller up."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[MailSettings, Mail]] = deque()
        self._changed = threading.Condition()
        self._is_closing = False
        self._thread: threading.Thread | None = None

    def send(self, settings: MailSettings, mail: Mail) -> None:
        """Send it as soon as the earlier ones are sent."""
        with self._changed:
            if len(self._waiting) == _WAITING:
                dropped = self._waiting.popleft()[1]
                logger.warning("mail %r is dropped: too many wait", dropped.subject)
            self._waiting.append((settings, mail))
            self._changed.notify()
        if self._thread is None:
            # A daemon thread: a server that does not answer must not hold up the end.
            self._thread = threading.Thread(target=self._work, name="mails", daemon=True)
            self._thread.start()

    def close(self, patience: float) -> None:
        """Wait `patience` seconds for what is to be sent; the rest is dropped. It blocks."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(patience)
            with self._changed:
                if self._thread.is_alive():
                    left = len(self._waiting) + 1
                    logger.warning("%d mail(s) not sent: no time left", left)
                self._waiting.clear()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    if self._is_closing:
                        return
                    self._changed.wait()
                settings, mail = self._waiting.popleft()
            try:
                _deliver(settings, compose(settings, mail, datetime.now().astimezone()))
            except (OSError, ValueError, smtplib.SMTPException) as error:
                why = str(error)[:_SHOWN]
                logger.error("mail %r to %s not sent: %s", mail.subject, settings.server, why)


def _deliver(settings: MailSettings, text: bytes) -> None:
    """Raises: OSError, ValueError, SMTPException."""
    sender = parseaddr(settings.sender)[1] or settings.sender
    recipients = [parseaddr(each)[1] or each for each in settings.recipients]
    with smtplib.SMTP(local_hostname=settings.helo_name, timeout=settings.timeout) as connection:
        # The timeout is for each octet: somebody who sends one now and then needs another bound.
        limit = threading.Timer(_STEPS * settings.timeout, _cut, (connection,))
        limit.daemon = True
        limit.start()
        try:
            connection.connect(settings.server, settings.port)
            code, answer = connection.helo()
            if code != 250:
                raise smtplib.SMTPHeloError(code, answer)
            refused = connection.sendmail(sender, recipients, text)
        finally:
            limit.cancel()
    # quirk: one-refused-recipient
    for address, (code, answer) in refused.items():
        logger.warning("%s takes no mail for %s: %d %r", settings.server, address, code, answer)


def _cut(connection: smtplib.SMTP) -> None:
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)
