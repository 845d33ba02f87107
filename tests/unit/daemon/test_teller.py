"""From notices to scripts, lines and mails. What is expected was seen with keepalived 2.2.7."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

import pytest

from pyvrrp.daemon.dbus.service import DbusService
from pyvrrp.daemon.notices.commands import Command, FifoSettings
from pyvrrp.daemon.notices.fifos import NotifyFifos
from pyvrrp.daemon.notices.mails import Mail, Mailer
from pyvrrp.daemon.notices.notice import Kind, Notice, What
from pyvrrp.daemon.notices.scripts import NotifyScripts
from pyvrrp.daemon.notices.settings import Audience, DbusSettings, MailSettings, NoticeSettings
from pyvrrp.daemon.scripts.teller import Teller

MAIL = MailSettings("192.0.2.9", ("ops@example.org",), "ha@example.org", "vm", "par")
FIFOS = (FifoSettings("/run/fifo"),)
A = Audience(
    Kind.INSTANCE,
    "a",
    {
        What.MASTER: Command(("/bin/m", "x"), "joe"),
        What.FAULT: Command(("/bin/f",)),
        What.DELETED: Command(("/bin/d",)),
        What.LOWER_HEARD: Command(("/bin/l",)),
    },
    Command(("/bin/n",), "ann", "staff"),
    is_mailed=True,
)


class Said(NotifyScripts, NotifyFifos, Mailer):
    """All three, of which nothing is left but what they are told."""

    def __init__(self) -> None:
        self.said: list[object] = []
        self.lanes: dict[str, Hashable] = {}

    def start(self, about: Hashable, command: Command) -> None:
        self.said.append(" ".join(command.argv))
        self.lanes[command.argv[0]] = about

    def use(self, wanted: Iterable[FifoSettings]) -> None:
        self.said.append(tuple(each.path for each in wanted))

    def tell(self, line: bytes) -> None:
        self.said.append(line)

    def send(self, settings: MailSettings, mail: Mail) -> None:
        self.said.append(mail.subject)

    def take(self) -> list[object]:
        said, self.said = self.said, []
        return said


@pytest.fixture
def said() -> Said:
    return Said()


class Bus(DbusService):
    def __init__(self) -> None:
        self.told: list[Notice] = []
        self.learnt: list[Notice] = []

    def use(self, settings: DbusSettings | None) -> None:
        pass

    def learn(self, notice: Notice) -> None:
        self.learnt.append(notice)

    def tell(self, notice: Notice) -> None:
        self.told.append(notice)


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def teller(said: Said, bus: Bus) -> Teller:
    teller = Teller(said, said, bus, said)
    teller.use(NoticeSettings(FIFOS, MAIL), [A])
    assert said.take() == [("/run/fifo",)]
    return teller


def notice(what: What, name: str = "a", priority: int = 100) -> Notice:
    return Notice(Kind.INSTANCE, name, what, priority)


def test_order(said: Said, bus: Bus, teller: Teller):
    teller.tell(notice(What.MASTER))
    assert said.take() == [
        "/bin/m x",
        "/bin/n INSTANCE a MASTER 100",
        b'INSTANCE "a" MASTER 100\n',
        "VRRP Instance a - Entering MASTER state",
    ]
    assert bus.told == [notice(What.MASTER)]


def test_scripts_of_one_sort_wait_for_each_other(said: Said, teller: Teller):
    teller.tell(notice(What.MASTER))
    teller.tell(notice(What.FAULT))
    teller.tell(notice(What.LOWER_HEARD))
    lanes = said.lanes
    assert lanes["/bin/m"] == lanes["/bin/f"]
    assert len({lanes["/bin/m"], lanes["/bin/n"], lanes["/bin/l"]}) == 3


def test_lower_priority_heard(said: Said, teller: Teller):
    teller.tell(notice(What.LOWER_HEARD))
    assert said.take() == ["/bin/l", b'INSTANCE "a" MASTER_RX_LOWER_PRI 100\n']


def test_priorities_are_told_to_those_who_want_them(said: Said, teller: Teller):
    teller.tell(notice(What.BACKUP_PRIORITY))
    assert said.take() == []
    teller.use(NoticeSettings(FIFOS), [replace(A, tells_priority=True)])
    teller.tell(notice(What.BACKUP_PRIORITY, priority=90))
    assert said.take()[1:] == [b'INSTANCE "a" BACKUP_PRIORITY 90\n']


def test_deleted_looks_like_fault(said: Said, teller: Teller):
    teller.use(NoticeSettings(FIFOS, MAIL), [])
    teller.tell(notice(What.DELETED))
    assert said.take()[1:] == [
        "/bin/n INSTANCE a FAULT 100",
        b'INSTANCE "a" FAULT 100\n',
        "VRRP Instance a - Entering FAULT state",
    ]


def test_deleted_when_it_is_wanted(said: Said, teller: Teller):
    teller.use(NoticeSettings(FIFOS, MAIL), [replace(A, tells_deleted=True)])
    teller.tell(notice(What.DELETED))
    assert said.take()[1:] == [
        "/bin/d",
        "/bin/n INSTANCE a DELETED 100",
        b'INSTANCE "a" DELETED 100\n',
        "VRRP Instance a - Deleted",
    ]


def test_hidden_fault_is_no_change_for_mails(said: Said, teller: Teller):
    teller.use(NoticeSettings((), replace(MAIL, tells_faults=False)), [replace(A, generic=None)])
    for what in (What.BACKUP, What.FAULT, What.BACKUP, What.MASTER):
        teller.tell(notice(what))
    assert [each for each in said.take() if str(each).startswith("VRRP")] == [
        "VRRP Instance a - Entering BACKUP state",
        "VRRP Instance a - Entering MASTER state",
    ]


def test_no_mail_where_it_is_switched_off(said: Said, teller: Teller):
    teller.use(NoticeSettings((), MAIL), [replace(A, is_mailed=False)])
    teller.tell(notice(What.FAULT))
    assert said.take()[1:] == ["/bin/f", "/bin/n INSTANCE a FAULT 100", b'INSTANCE "a" FAULT 100\n']


def test_what_comes_before_its_settings_waits_for_them(said: Said, teller: Teller):
    teller.tell(notice(What.BACKUP, "b"))
    assert said.take() == []
    teller.use(NoticeSettings(FIFOS), [A, replace(A, name="b")])
    assert said.take() == [
        ("/run/fifo",),
        "/bin/n INSTANCE b BACKUP 100",
        b'INSTANCE "b" BACKUP 100\n',
    ]


def test_states_are_told_again_when_that_is_wanted(said: Said, teller: Teller):
    group = Audience(Kind.GROUP, "G")
    settings = NoticeSettings(FIFOS, MAIL, repeats_states=True)
    teller.use(settings, [group, A])
    for each in (notice(What.FAULT), Notice(Kind.GROUP, "G", What.FAULT)):
        teller.tell(each)
    said.take()
    teller.use(settings, [group, A])
    assert said.take() == [("/run/fifo",), b'GROUP "G" FAULT 0\n', b'INSTANCE "a" FAULT 100\n']


def test_what_another_told_before_is_known(said: Said, bus: Bus, teller: Teller):
    for each in (notice(What.MASTER), notice(What.MASTER, "unknown")):
        teller.learn(each)
    assert said.take() == []
    assert bus.learnt == [notice(What.MASTER)]
    teller.use(NoticeSettings(FIFOS, MAIL, repeats_states=True), [A])
    assert said.take() == [("/run/fifo",), b'INSTANCE "a" MASTER 100\n']


def test_others_have_mails_too(said: Said, teller: Teller):
    teller.mail(Mail("Virtualserver x - UP", "=> body <="))
    assert said.take() == ["Virtualserver x - UP"]
    teller.use(NoticeSettings(), [])
    teller.mail(Mail("Virtualserver x - UP", "=> body <="))
    assert said.take() == [()]
