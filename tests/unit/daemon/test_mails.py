"""Mails: their text, the dialogue with a server, and servers that cannot be relied on."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pyvrrp.daemon.notices.mails import Mail, Mailer, about, compose
from pyvrrp.daemon.notices.notice import Kind, Notice, What
from pyvrrp.daemon.notices.settings import MailSettings

from .mail_server import MailServer

SETTINGS = MailSettings(
    "127.0.0.1",
    ("ops@example.org", "Second <sec@example.org>"),
    "HA <ha@example.org>",
    "vm",
    "par",
)


@pytest.fixture(autouse=True)
def heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[MailServer, MailSettings]]]:
    servers: list[MailServer] = []

    def make(**options: object) -> tuple[MailServer, MailSettings]:
        listener = socket.create_server(("127.0.0.1", 0))
        servers.append(MailServer(listener, **options))
        return servers[-1], replace(SETTINGS, port=listener.getsockname()[1])

    yield make
    for server in servers:
        server.close()


def test_text():
    """keepalived 2.2.7 has this, with all recipients in one line."""
    mail = Mail("VRRP Instance a - Deleted", "=> VRRP Deleted at reload <=")
    assert compose(SETTINGS, mail, datetime(2026, 11, 28, 16, 59, 5, tzinfo=UTC)) == (
        b"Date: Sat, 28 Nov 2026 16:59:05 +0000\r\n"
        b"From: HA <ha@example.org>\r\n"
        b"Subject: [par] VRRP Instance a - Deleted\r\n"
        b"X-Mailer: Keepalived\r\n"
        b"To: ops@example.org,\r\n Second <sec@example.org>\r\n"
        b"\r\n"
        b"=> VRRP Deleted at reload <=\r\n"
        b"\r\n"
    )


@pytest.mark.parametrize(
    ("kind", "what", "subject", "body"),
    [
        ("INSTANCE", "MASTER", "Entering MASTER state", "VRRP Instance is now owning VRRP VIPs"),
        ("INSTANCE", "BACKUP", "Entering BACKUP state", "VRRP Instance is no longer owning VRRP VIPs"),
        ("INSTANCE", "FAULT", "Entering FAULT state", "VRRP Instance is no longer owning VRRP VIPs"),
        ("INSTANCE", "STOP", "Stopping", "VRRP Instance stopping"),
        ("INSTANCE", "DELETED", "Deleted", "VRRP Deleted at reload"),
        ("GROUP", "MASTER", "Entering MASTER state", "All VRRP group instances are now in MASTER state"),
        ("GROUP", "BACKUP", "Entering BACKUP state", "All VRRP group instances are now in BACKUP state"),
        ("GROUP", "FAULT", "Entering FAULT state", "All VRRP group instances are now in FAULT state"),
        ("GROUP", "STOP", "Stopping", "All VRRP group instances are now stopping"),
    ],
)  # fmt: skip
def test_words(kind: str, what: str, subject: str, body: str):
    sort = {"INSTANCE": "Instance", "GROUP": "Group"}[kind]
    mail = about(Notice(Kind(kind), "x", What(what), 1))
    assert mail == Mail(f"VRRP {sort} x - {subject}", f"=> {body} <=")


def test_events_have_no_mail():
    assert about(Notice(Kind.INSTANCE, "x", What.LOWER_HEARD, 1)) is None


def test_delivery(serve: Callable[..., tuple[MailServer, MailSettings]]):
    server, settings = serve()
    mailer = Mailer()
    for number in range(3):
        mailer.send(settings, Mail(f"number {number}", "=> body <="))
    mailer.close(20.0)
    assert [mail.subject for mail in server.mails] == [f"[par] number {n}" for n in range(3)]
    assert server.mails[0].body == "=> body <="
    assert [command.lower() for command in server.mails[0].commands] == [
        "helo vm",
        "mail from:<ha@example.org>",
        "rcpt to:<ops@example.org>",
        "rcpt to:<sec@example.org>",
        "data",
        "quit",
    ]


def test_others_get_it_when_one_is_refused(
    serve: Callable[..., tuple[MailServer, MailSettings]], caplog: pytest.LogCaptureFixture
):
    server, settings = serve(refuses="sec@")
    mailer = Mailer()
    mailer.send(settings, Mail("s", "b"))
    mailer.close(20.0)
    assert [mail.subject for mail in server.mails] == ["[par] s"]
    assert caplog.messages == [
        "127.0.0.1 takes no mail for sec@example.org: 550 b'not here'",
    ]


def test_nobody_there(caplog: pytest.LogCaptureFixture):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    mailer = Mailer()
    mailer.send(replace(SETTINGS, port=port), Mail("s", "b"))
    mailer.close(20.0)
    assert caplog.messages == [
        "mail 's' to 127.0.0.1 not sent: [Errno 111] Connection refused",
    ]


def test_silent_server_costs_its_timeout(
    serve: Callable[..., tuple[MailServer, MailSettings]], caplog: pytest.LogCaptureFixture
):
    server, settings = serve(silent=True)
    mailer = Mailer()
    for subject in "ab":
        mailer.send(replace(settings, timeout=0.1), Mail(subject, ""))
    mailer.close(20.0)
    assert server.connections == 2
    assert [message.partition(" to ")[0] for message in caplog.messages] == ["mail 'a'", "mail 'b'"]


def test_silent_server_holds_up_neither_sender_nor_end(
    serve: Callable[..., tuple[MailServer, MailSettings]], caplog: pytest.LogCaptureFixture
):
    """With a timeout of 30 s; a hundred mails wait, and no more."""
    server, settings = serve(silent=True)
    mailer = Mailer()
    for number in range(150):
        mailer.send(settings, Mail(str(number), ""))
    mailer.close(0.1)
    dropped = [text for text in caplog.messages if text.endswith("is dropped: too many wait")]
    assert len(dropped) in (49, 50)  # the first may be under way
    assert caplog.messages[-1] == f"{150 - len(dropped)} mail(s) not sent: no time left"
    server.close()
    mailer.close(20.0)


def test_server_that_answers_octet_by_octet_is_cut_off(
    serve: Callable[..., tuple[MailServer, MailSettings]], caplog: pytest.LogCaptureFixture
):
    _, settings = serve(dribbles=True)
    mailer = Mailer()
    mailer.send(replace(settings, timeout=0.1), Mail("s", ""))
    mailer.close(20.0)
    assert [message.partition(" to ")[0] for message in caplog.messages] == ["mail 's'"]
