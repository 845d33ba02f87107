"""Names of routing tables and the like, from files given as text."""

from __future__ import annotations

import pytest

from pyvrrp.conf.iproute_names import (
    DSFIELD,
    GROUP,
    IP_PROTOCOL,
    PROTOCOL,
    SCOPE,
    TABLE,
    Names,
    Space,
    c_number,
)
from pyvrrp.conf.source import DictReader

FILES = {
    "/etc/iproute2/rt_tables": "# reserved\n254 main\n100\toffice # ours\n0x65 backup\n7 two words\nx y\n",
    "/usr/share/iproute2/rt_tables": "200 never-read\n",
    "/usr/share/iproute2/rt_protos": "99 openr\n300 too-great\n",
    "/usr/share/iproute2/rt_protos.d/a.conf": "201 of-usr\n",
    "/usr/share/iproute2/rt_protos.d/b.conf": "202 replaced\n",
    "/etc/iproute2/rt_protos.d/b.conf": "203 of-etc\n4 openr\n196 static\n",
    "/etc/iproute2/rt_protos.d/README": "204 not-a-conf\n",
    "/etc/iproute2/rt_dsfield": "0xb8 EF\n",
    "/etc/protocols": "# Internet protocols\nvrrp 112 VRRP # RFC 9568\nip 0\n",
}


@pytest.mark.parametrize(
    ("space", "word", "number"),
    [
        pytest.param(TABLE, "main", 254, id="a name every machine has"),
        pytest.param(TABLE, "office", 100, id="a name of this machine"),
        pytest.param(TABLE, "backup", 101, id="a number in hexadecimal"),
        pytest.param(TABLE, "local", 255, id="built in, though the file lacks it"),
        pytest.param(TABLE, "two", None, id="a line of three words"),
        pytest.param(TABLE, "never-read", None, id="the administrator's file hides the other"),
        pytest.param(TABLE, "4294967295", 4294967295, id="the greatest"),
        pytest.param(TABLE, "4294967296", None, id="too great"),
        pytest.param(TABLE, "0x10", 16, id="hexadecimal"),
        pytest.param(TABLE, "010", 8, id="octal"),
        pytest.param(TABLE, "-1", None, id="negative"),
        pytest.param(PROTOCOL, "openr", 99, id="the distribution's file, where there is no other"),
        pytest.param(PROTOCOL, "too-great", None, id="a number beyond the kind"),
        pytest.param(PROTOCOL, "of-usr", 201, id="a part of the distribution"),
        pytest.param(PROTOCOL, "replaced", None, id="a part that is replaced"),
        pytest.param(PROTOCOL, "of-etc", 203, id="a part of the administrator"),
        pytest.param(PROTOCOL, "not-a-conf", None, id="only .conf counts"),
        pytest.param(PROTOCOL, "bird", 12, id="built-in protocol"),
        pytest.param(SCOPE, "link", 253, id="scope"),
        pytest.param(DSFIELD, "EF", 184, id="type of service"),
        pytest.param(DSFIELD, "256", None, id="more than an octet"),
        pytest.param(GROUP, "default", 0, id="interface group"),
        pytest.param(IP_PROTOCOL, "vrrp", 112, id="IP protocol"),
        pytest.param(IP_PROTOCOL, "VRRP", 112, id="its other name"),
        pytest.param(IP_PROTOCOL, "tcp", 6, id="built-in IP protocol"),
    ],
)
def test_number(space: Space, word: str, number: int | None) -> None:
    assert Names(DictReader(FILES)).number(space, word) == number


def test_other_directories() -> None:
    reader = DictReader({"/opt/etc/rt_tables": "5 five\n", "/opt/usr/rt_scopes": "6 six\n"})
    names = Names(reader, "/opt/etc", "/opt/usr")
    assert (names.number(TABLE, "five"), names.number(SCOPE, "six")) == (5, 6)


def test_a_number_needs_no_file() -> None:
    class Nothing(DictReader):
        def read(self, path: str) -> str:
            raise AssertionError(path)

    assert Names(Nothing({})).number(TABLE, "100") == 100


@pytest.mark.parametrize(
    ("word", "base", "number"),
    [
        ("0", 0, 0),
        ("00", 0, 0),
        ("017", 0, 15),
        ("018", 0, None),
        ("017", 10, 17),
        ("0xfF", 0, 255),
        ("0xff", 10, None),
        ("+7", 0, 7),
        (" 7", 10, 7),
        ("", 0, None),
        ("7x", 0, None),
        ("\u0667", 10, None),
    ],
)
def test_c_number(word: str, base: int, number: int | None) -> None:
    assert c_number(word, base) == number
