"""What readers of routes and rules share: a walk along the words of one entry, and names.

An entry is options and their values on one line. A reader takes word after word; what cannot be
used costs the whole entry, because a route or rule without one of its words would do something
else than what was meant (quirk: half-an-entry).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network
from sys import intern

from ..routing import Network
from .addresses import parse_address
from .blocks import Statement
from .config import Address, Family
from .context import Context, shown
from .diagnostics import ProblemClass, Severity
from .global_config import Files
from .iproute_names import REALM, Names, Space, c_number
from .slips import after_slash, instead_of_address
from .source import Reader
from .values import Values

__all__ = ["ANYWHERE", "Entry", "Routing", "Useless"]

ANYWHERE = ("default", "any", "all", "default6")
"""Words for every address; all but the last have no family of their own."""

_U32 = 2**32 - 1
_FIRST_PREFERENCE = 16384


class Routing:
    """What routes, rules and static entries of one configuration share.

    `groups` are the track groups defined so far: keepalived knows no others. `files` may say where
    iproute2 has its names.
    """

    def __init__(self, reader: Reader, files: Files | None = None) -> None:
        files = files or Files()
        self.names = Names(reader, files.iproute_etc_dir, files.iproute_usr_dir)
        self.groups: dict[str, Values] = {}
        self._preferences = {4: _FIRST_PREFERENCE, 6: _FIRST_PREFERENCE}

    def next_preference(self, family: Family) -> int:
        """The preference of a rule that has none: each family counts downwards."""
        preference = self._preferences[family]
        self._preferences[family] -= 1
        return preference


class Useless(Exception):
    """The entry cannot be used; the reason is reported already."""


class Entry:
    """One entry while it is read: `index` is the word in hand, `fields` what it said so far."""

    def __init__(self, context: Context, statement: Statement, kind: str) -> None:
        self.context = context
        self.statement = statement
        self.words = statement.words
        self.kind = kind
        self.index = -1
        self.fields: dict[str, object] = {}
        self.family: Family | None = None

    @property
    def word(self) -> str:
        """The word in hand."""
        return self.words[self.index]

    def peek(self) -> str | None:
        """The word after the one in hand, None at the end."""
        following = self.index + 1
        return self.words[following] if following < len(self.words) else None

    def skip(self, *words: str) -> str | None:
        """Take the next word when it is one of these; the word, or None."""
        following = self.peek()
        if following not in words:
            return None
        self.index += 1
        return following

    def place(self, word: str) -> int:
        """Where a word of the entry stands; it is there."""
        return self.words.index(word)

    def value(self) -> str:
        """Take the word that an option needs. Raises: Useless, after a report, at the end."""
        if self.peek() is None:
            name = self.word
            self.context.problem(
                "missing-parameter",
                self.statement,
                self.index,
                f"{name} needs a value",
                problem_class=ProblemClass.MISSING_PARAMETER,
                is_fatal=True,
            )
            raise Useless
        self.index += 1
        return self.word

    def useless(
        self,
        id: str,
        message: str,
        *,
        index: int | None = None,
        hint: str | None = None,
        is_fatal: bool = False,
        problem_class: ProblemClass = ProblemClass.GENERAL,
    ) -> Useless:
        """Report why the entry is dropped; the caller raises the answer."""
        self.context.problem(
            id,
            self.statement,
            self.index if index is None else index,
            f"{message}; the {self.kind} is dropped",
            problem_class=problem_class,
            hint=hint,
            is_fatal=is_fatal,
        )
        return Useless()

    def complain(
        self,
        id: str,
        message: str,
        *,
        index: int | None = None,
        hint: str | None = None,
        problem_class: ProblemClass = ProblemClass.GENERAL,
    ) -> None:
        """Report a problem that costs only an option."""
        place = self.index if index is None else index
        self.context.problem(
            id, self.statement, place, message, hint=hint, problem_class=problem_class
        )

    def remark(self, id: str, message: str) -> None:
        """Report something keepalived is silent about, at the word in hand."""
        self.context.problem(
            id,
            self.statement,
            self.index,
            message,
            severity=Severity.WARNING,
            problem_class=ProblemClass.NONE,
        )

    def belongs_to(self, family: Family) -> None:
        """Settle the family at the word in hand. Raises: Useless, after a report, when it differs."""
        if self.family is None:
            self.family = family
        elif self.family != family:
            message = (
                f"{shown(self.word)} is for IPv{family}, but the {self.kind} is IPv{self.family}"
            )
            raise self.useless("other-family", message)

    def number(self, name: str, low: int = 0, high: int = _U32, base: int = 10) -> int:
        """Take a number. Raises: Useless, after a report."""
        word = self.value()
        number = c_number(word, base)
        if number is None:
            message = f"{name} {shown(word)} is not a whole number; {low}..{high} is expected"
            raise self.useless("bad-number", message)
        if not low <= number <= high:
            message = f"{name} {number} is not in {low}..{high}"
            raise self.useless("value-out-of-range", message)
        return number

    def named(self, space: Space, name: str) -> int:
        """Take a number or a name iproute2 knows. Raises: Useless, after a report."""
        word = self.value()
        number = self.context.routing.names.number(space, word)
        if number is None:
            raise self.unknown_name(space, name, word)
        return number

    def unknown_name(self, space: Space, name: str, word: str) -> Useless:
        """Report a name or number nothing is known by; the caller raises the answer."""
        if c_number(word) is not None:
            return self.useless("value-out-of-range", f"{name} {word} is not in 0..{space.most}")
        hint = self.context.similar(word, self.context.routing.names.known(space))
        message = f"{name} {shown(word)} is neither 0..{space.most} nor a name in {space}"
        return self.useless("unknown-name", message, hint=hint)

    def realms(self) -> int:
        """Take `[FROM/]TO`: the source realm is in the upper 16 bits. Raises: Useless."""
        word = self.value()
        numbers = []
        for part in word.split("/", 1):
            number = self.context.routing.names.number(REALM, part)
            if number is None:
                raise self.unknown_name(REALM, "realm", part)
            numbers.append(number)
        self.belongs_to(4)
        return numbers[0] if len(numbers) == 1 else numbers[0] << 16 | numbers[1]

    def address(self) -> Address:
        """Take an address without a mask. Raises: Useless, after a report."""
        word = self.value()
        address = parse_address(word)
        if address is None:
            message = f"{shown(word)} is not an IPv4 or IPv6 address"
            raise self.useless("bad-address", message, hint=_instead(word))
        self.belongs_to(address.version)
        return address

    def network(self) -> Network | None:
        """Take `ADDRESS[/LEN]`; None for a word that means any. Raises: Useless, after a report."""
        word = self.value()
        if word == "default6":
            self.remark("deprecated", "default6 is an old word for inet6 default")
            self.belongs_to(6)
            return IPv6Network("::/0")
        if word in ANYWHERE:
            return None
        text, slash, mask = word.partition("/")
        address = parse_address(text)
        if address is None:
            message = f"{shown(word)} is not an IPv4 or IPv6 network"
            raise self.useless("bad-address", message, hint=instead_of_address(text))
        self.belongs_to(address.version)
        return self._network(address, mask if slash else None)

    def _network(self, address: Address, mask: str | None) -> Network:
        length: int = address.max_prefixlen
        if mask is not None:
            number = c_number(mask, 10)
            if number is None or number > length:
                message = f"prefix length {shown(mask)} is not in 0..{length}; {length} is used"
                self.complain("value-out-of-range", message, hint=after_slash(mask))
            else:
                length = number
        network = _network(address, length)
        if network.network_address != address:  # quirk: host-bits
            self.remark("host-bits", f"the network of {address}/{length} is {network}")
        return network

    def interface(self) -> str:
        """Take the name of a link that exists. Raises: Useless, after a report."""
        word = self.value()
        if not self.context.has_interface(word):
            message = f"interface {shown(word)} does not exist"
            hint = self.context.interfaces(word)
            raise self.useless("unknown-interface", message, is_fatal=True, hint=hint)
        return intern(str(word))


def _instead(word: str) -> str | None:
    if parse_address(word.partition("/")[0]) is not None:
        return "an address stands here, without a prefix length"
    return instead_of_address(word)


def _network(address: Address, length: int) -> Network:
    if isinstance(address, IPv4Address):
        return IPv4Network((address, length), strict=False)
    return IPv6Network((address, length), strict=False)
