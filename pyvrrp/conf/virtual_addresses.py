"""Entries of `virtual_ipaddress` and `virtual_ipaddress_excluded`.

An entry is `ADDRESS[/LEN]` and options. What keepalived cannot make sense of costs the option or
the whole address, in its own judgement; every such loss is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from sys import intern

from .addresses import is_of_family, parse_address
from .blocks import Statement
from .config import Address, AddressFlag, Interface, VirtualAddress
from .context import Context, shown
from .shapes import integer
from .slips import after_slash, instead_of_address
from .values import Values, make

__all__ = [
    "ADDRESS_FLAGS",
    "ADDRESS_OPTIONS",
    "SCOPES",
    "SWITCHES",
    "AddressEntry",
    "read_address_entry",
    "read_excluded_addresses",
    "read_virtual_addresses",
]

SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}
"""rtnetlink's RT_SCOPE_*, under the names iproute2 gives them."""

SWITCHES = {"-nodad": ("nodad", False), "noprefixroute": ("noprefixroute", True)} | {
    "no_track": ("no_track", True)
}
_MAX_LENGTH = {4: 32, 6: 128}
_MAX_NAME = 15
_MAX_LIFETIME = 2**32 - 1


class _Useless(Exception):
    """The entry cannot be used; the reason is reported already."""


class AddressEntry:
    """One entry while it is read. Readers of options set `fields`, or complain."""

    def __init__(self, context: Context, statement: Statement) -> None:
        self.context = context
        self.statement = statement
        self.fields: dict[str, object] = {}
        self.brd: str | None = None
        self.brd_index = 0
        self.peer: Address | None = None
        self.address, self.length = self._address()

    def _address(self) -> tuple[Address, int]:
        text, slash, mask = self.statement.words[0].partition("/")
        address = parse_address(text)
        if address is None:
            message = f"{shown(text)} is not an IPv4 or IPv6 address"
            raise self.useless("bad-address", 0, message, hint=instead_of_address(text))
        longest = _MAX_LENGTH[address.version]
        if not slash:
            return address, longest
        if mask.isascii() and mask.isdecimal() and len(mask) < 4 and int(mask) <= longest:
            return address, int(mask)
        message = f"prefix length {shown(mask)} is not in 0..{longest}; {longest} is used"
        if not mask:  # quirk: empty-number
            message = f"no prefix length stands behind the '/'; {longest} is used"
        hint = after_slash(mask)
        self.context.problem("value-out-of-range", self.statement, 0, message, hint=hint)
        return address, longest

    def useless(
        self,
        id: str,
        index: int,
        message: str,
        *,
        is_fatal: bool = False,
        hint: str | None = None,
    ) -> _Useless:
        """Report why the address is dropped; the caller raises the answer."""
        message = f"{message}; the address is dropped"
        self.context.problem(id, self.statement, index, message, is_fatal=is_fatal, hint=hint)
        return _Useless()

    def complain(self, id: str, index: int, message: str) -> None:
        """Report a problem that costs only an option."""
        self.context.problem(id, self.statement, index, message)


ADDRESS_FLAGS = {
    "home": AddressFlag.HOME,
    "mngtmpaddr": AddressFlag.MNGTMPADDR,
    "autojoin": AddressFlag.AUTOJOIN,
    "use_vmac": AddressFlag.USE_VMAC,
}
"""Options that stand alone."""


def _dev(entry: AddressEntry, index: int, word: str) -> None:
    if "dev" in entry.fields:
        raise entry.useless("given-twice", index, "dev was given already")
    if not entry.context.has_interface(word):
        message = f"interface {shown(word)} does not exist"
        hint = entry.context.interfaces(word)
        raise entry.useless("unknown-interface", index, message, is_fatal=True, hint=hint)
    entry.fields["dev"] = intern(word)


def _scope_number(context: Context, word: str) -> int | None:
    if word in SCOPES:
        return SCOPES[word]
    from .iproute_names import SCOPE  # few files have other names

    return context.routing.names.number(SCOPE, word)


def _scope(entry: AddressEntry, index: int, word: str) -> None:
    scope = _scope_number(entry.context, word)
    if scope is None:
        known = ", ".join(("0..255", *SCOPES))
        message = f"scope {shown(word)} is none of {known} and the names in rt_scopes; ignored"
        entry.complain("unknown-value", index, message)
    elif scope and entry.address.version == 6:
        entry.complain("not-for-ipv6", index, "an IPv6 address has no scope option; ignored")
    else:
        entry.fields["scope"] = scope


def _brd(entry: AddressEntry, index: int, word: str) -> None:
    if entry.address.version == 6:
        raise entry.useless("not-for-ipv6", index, "an IPv6 address has no broadcast address")
    if word not in ("+", "-") and not isinstance(parse_address(word), IPv4Address):
        raise entry.useless("bad-address", index, f"broadcast {shown(word)} is not an address")
    entry.brd, entry.brd_index = word, index


def _label(entry: AddressEntry, index: int, word: str) -> None:
    if len(word) > _MAX_NAME:
        message = f"label {shown(word)} is longer than {_MAX_NAME} characters"
        raise entry.useless("too-long", index, message)
    if entry.address.version == 6:
        entry.complain("not-for-ipv6", index, "an IPv6 address has no label; ignored")
    else:
        entry.fields["label"] = word


def _peer(entry: AddressEntry, index: int, word: str) -> None:
    peer = parse_address(word)
    if entry.peer is not None:
        entry.complain("given-twice", index, "a peer was given already; this one is ignored")
    elif peer is None:
        entry.complain("bad-address", index, f"peer {shown(word)} is not an address; ignored")
    elif peer.version != entry.address.version:
        message = f"peer {peer} is not of the family of {entry.address}; ignored"
        entry.complain("other-family", index, message)
    else:
        longest = _MAX_LENGTH[peer.version]
        if entry.length != longest:
            message = f"an address with a peer has no prefix length; /{longest} is used"
            entry.complain("prefix-with-peer", 0, message)
        entry.peer, entry.length = peer, longest


def _preferred_lft(entry: AddressEntry, index: int, word: str) -> None:
    if word == "forever":
        entry.fields["preferred_lft"] = None
        return
    seconds = integer(entry.context, entry.statement, index, 0, _MAX_LIFETIME, "preferred_lft")
    if seconds is not None:
        entry.fields["preferred_lft"] = None if seconds == _MAX_LIFETIME else seconds


AddressOption = Callable[[AddressEntry, int, str], None]
"""Takes the value of an option, which is word `index` of the entry."""

ADDRESS_OPTIONS: dict[str, AddressOption] = {
    "dev": _dev,
    "scope": _scope,
    "brd": _brd,
    "broadcast": _brd,
    "label": _label,
    "peer": _peer,
    "preferred_lft": _preferred_lft,
}


def _read_options(
    entry: AddressEntry, options: Mapping[str, AddressOption], known: Mapping[str, AddressFlag]
) -> None:
    words = entry.statement.words
    flags = AddressFlag.NONE
    index = 1
    while index < len(words):
        word = words[index]
        option = options.get(word)
        if option is not None:
            if index + 1 >= len(words):
                raise entry.useless("missing-value", index, f"{word} needs a value")
            index += 1
            option(entry, index, str(words[index]))
        elif word in SWITCHES:
            name, state = SWITCHES[word]
            entry.fields[name] = state
        elif word in known:
            flags |= known[word]
        else:
            hint = _instead_of_option(entry.context, word, (*options, *SWITCHES, *known))
            message = f"unknown option {shown(word)} of an address; ignored"
            entry.context.problem("unknown-option", entry.statement, index, message, hint=hint)
        index += 1
    if flags:
        entry.fields["flags"] = flags


def _instead_of_option(context: Context, word: str, names: tuple[str, ...]) -> str | None:
    if parse_address(word.partition("/")[0]) is not None:
        return "each address stands on a line of its own"
    if context.is_interface(word):
        return f"write dev {word}"
    return context.similar(word, names)


def _interface(address: Address, length: int) -> Interface:
    if isinstance(address, IPv4Address):
        return IPv4Interface((address, length))
    return IPv6Interface((address, length))


def _broadcast(entry: AddressEntry) -> IPv4Address | None:
    word = entry.brd
    if word is None:
        return None
    if entry.peer is not None:
        message = "an address has either a peer or a broadcast address; broadcast is ignored"
        entry.complain("broadcast-with-peer", entry.brd_index, message)
        return None
    if word not in ("+", "-"):
        return IPv4Address(word)
    if entry.length > 30:
        message = f"there is no broadcast address in a /{entry.length}"
        entry.complain("broadcast-too-long", entry.brd_index, message)
        return None
    network = IPv4Interface((str(entry.address), entry.length)).network
    return network.broadcast_address if word == "+" else network.network_address


def read_address_entry(
    context: Context,
    statement: Statement,
    options: Mapping[str, AddressOption] = ADDRESS_OPTIONS,
    flags: Mapping[str, AddressFlag] = ADDRESS_FLAGS,
) -> VirtualAddress | None:
    """One entry, with the options that may stand in it; None after a report."""
    try:
        entry = AddressEntry(context, statement)
        _read_options(entry, options, flags)
    except _Useless:
        return None
    fields = entry.fields
    if isinstance(entry.address, IPv6Address) and entry.length == 128:
        fields.setdefault("preferred_lft", 0)
    fields["interface"] = _interface(entry.address, entry.length)
    if entry.peer is not None:
        fields["peer"] = _interface(entry.peer, entry.length)
    broadcast = _broadcast(entry)
    if broadcast is not None:
        fields["broadcast"] = broadcast
    fields["span"] = statement.span()
    return make(VirtualAddress, fields)


def _is_new(
    context: Context, statement: Statement, values: Values, new: VirtualAddress, excluded: bool
) -> bool:
    """keepalived wants each address once; an excluded one may repeat it on another interface."""
    here: set[tuple[Address, str | None]] = values.get("seen/all", set())
    anywhere: set[Address] = values.get("seen/advertised", set())
    address = new.interface.ip
    if (address, new.dev) in here or (not excluded and address in anywhere):
        message = f"{address} is there already; this one is ignored"
        context.problem("duplicate-address", statement, 0, message)
        return False
    here.add((address, new.dev))
    if not excluded:
        anywhere.add(address)
    values.set["seen/all"], values.set["seen/advertised"] = here, anywhere
    return True


def read_virtual_addresses(context: Context, statement: Statement, values: Values) -> None:
    """`virtual_ipaddress { ... }`: addresses of one family, which is the instance's."""
    found: list[VirtualAddress] = []
    for entry in statement.block or ():
        new = read_address_entry(context, entry)
        if new is None:
            continue
        hint = "virtual_ipaddress_excluded takes addresses of both families"
        if is_of_family(context, entry, 0, values, new.interface.ip, hint=hint) and _is_new(
            context, entry, values, new, excluded=False
        ):
            found.append(new)
    values.extend("virtual_ipaddress", found, statement)


def read_excluded_addresses(context: Context, statement: Statement, values: Values) -> None:
    """`virtual_ipaddress_excluded { ... }`: installed, not advertised, of any family."""
    found: list[VirtualAddress] = []
    for entry in statement.block or ():
        new = read_address_entry(context, entry)
        if new is not None and _is_new(context, entry, values, new, excluded=True):
            found.append(new)
    values.extend("virtual_ipaddress_excluded", found, statement)
