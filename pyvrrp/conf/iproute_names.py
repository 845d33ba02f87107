"""Numbers of routing tables, protocols, scopes and the like, under the names iproute2 gives them.

A name's file is read when the first name of its kind is asked for: FILE in the administrator's
directory, else in the distribution's, then FILE.d/*.conf of both, where a file of the
administrator replaces one of the same name. Numbers never need a file.

Source: iproute2 lib/rt_names.c, its manual page ip-route(8); keepalived 2.4 iproute_etc_dir.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .source import Reader, Unreadable
from .virtual_addresses import SCOPES

__all__ = [
    "DSFIELD",
    "GROUP",
    "IP_PROTOCOL",
    "PROTOCOL",
    "REALM",
    "SCOPE",
    "TABLE",
    "Names",
    "Space",
    "c_number",
]

_ETC = "/etc/iproute2"
_USR = "/usr/share/iproute2"

_DECIMAL = re.compile(r"\+?[0-9]{1,20}")
_C_NUMBER = re.compile(r"\+?(?:0[xX][0-9A-Fa-f]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,19})")


@dataclass(frozen=True, slots=True)
class Space:
    """One kind of number: where its names stand, and the greatest there is."""

    file: str
    most: int
    built_in: Mapping[str, int] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        return self.file if self.file.startswith("/") else f"iproute2's {self.file}"


TABLE = Space("rt_tables", 2**32 - 1, {"default": 253, "main": 254, "local": 255})
PROTOCOL = Space(
    "rt_protos",
    255,
    {"none": 0, "redirect": 1, "kernel": 2, "boot": 3, "static": 4, "gated": 8, "ra": 9}
    | {"mrt": 10, "zebra": 11, "bird": 12, "dnrouted": 13, "xorp": 14, "ntk": 15, "dhcp": 16}
    | {"keepalived": 18, "babel": 42},
)
SCOPE = Space("rt_scopes", 255, SCOPES)
DSFIELD = Space("rt_dsfield", 255)
REALM = Space("rt_realms", 255)
GROUP = Space("group", 2**31 - 1, {"default": 0})
IP_PROTOCOL = Space(
    "/etc/protocols",
    255,
    {"icmp": 1, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "ipv6-icmp": 58, "sctp": 132},
)
"""Its file is the C library's, not one of iproute2."""


def c_number(word: str, base: int = 0) -> int | None:
    """A number as strtoul(3) reads it, sign and blanks allowed; None when it is none."""
    text = word.strip(" \t")
    pattern = _DECIMAL if base == 10 else _C_NUMBER
    if not pattern.fullmatch(text):
        return None
    digits = text.removeprefix("+")
    if base == 0 and len(digits) > 1 and digits[0] == "0" and digits[1] not in "xX":
        return int(digits, 8)
    return int(digits, base)


class Names:
    """The names of one machine, read through `reader`; None is the usual directory."""

    def __init__(self, reader: Reader, etc: str | None = None, usr: str | None = None) -> None:
        self._reader = reader
        self._etc = etc or _ETC
        self._usr = usr or _USR
        self._known: dict[Space, Mapping[str, int]] = {}

    def number(self, space: Space, word: str) -> int | None:
        """What a number or a name stands for; None when it stands for nothing."""
        number = c_number(word)
        if number is None:
            number = self.known(space).get(word)
        return number if number is not None and number <= space.most else None

    def known(self, space: Space) -> Mapping[str, int]:
        """All names of one kind; of two numbers with one name the first counts."""
        names = self._known.get(space)
        if names is None:
            found: dict[str, int] = {}
            for name, number in (*self._entries(space), *space.built_in.items()):
                found.setdefault(name, number)
            names = self._known[space] = found
        return names

    def _entries(self, space: Space) -> Iterator[tuple[str, int]]:
        if space is IP_PROTOCOL:
            for words in self._lines((space.file,)):
                number = c_number(words[1]) if len(words) > 1 else None
                if number is not None:
                    yield from ((name, number) for name in (words[0], *words[2:]))
            return
        for words in self._lines(self._files(space.file)):
            number = c_number(words[0])
            if number is not None and number <= space.most and len(words) == 2:
                yield words[1], number

    def _files(self, name: str) -> Iterator[str]:
        own = f"{self._etc}/{name}"
        yield own if self._reader.glob(own) else f"{self._usr}/{name}"
        more = {path.rpartition("/")[2]: path for path in self._parts(self._usr, name)}
        yield from (more | {p.rpartition("/")[2]: p for p in self._parts(self._etc, name)}).values()

    def _parts(self, directory: str, name: str) -> Iterable[str]:
        return self._reader.glob(f"{directory}/{name}.d/*.conf")

    def _lines(self, paths: Iterable[str]) -> Iterator[list[str]]:
        for path in paths:
            try:
                text = self._reader.read(path)
            except Unreadable:
                continue  # names are a convenience: without its file a kind has numbers only
            for line in text.splitlines():
                words = line.partition("#")[0].split()
                if words:
                    yield words
