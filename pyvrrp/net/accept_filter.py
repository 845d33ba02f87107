"""Accept_Mode false: packets for a virtual address are dropped before this host takes them.

A table in each family, called and built like keepalived's: a set of addresses, a chain that drops
what is for them and one that drops what comes from them. Of IPv6, neighbour discovery passes
(RFC 9568 §6.1), and a link-local address counts on its own interface only.

IPVS has to see its packets all the same (keepalived keeps them from it; quirk:
no-accept-services). It takes them, and they
go no further, in the input hook at priority 99; answers of servers on this very host get the
virtual address as their source in the output hook at -99. So the chains stand behind the one and
before the other, unless a priority was chosen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..core.model import Address
from ..settings import FilterSettings
from . import nftables as nft

__all__ = ["AcceptFilter", "Refused"]

_BEHIND_IPVS, _BEFORE_IPVS = 101, -101
_META_IIF, _META_OIF, _META_IIFNAME, _META_OIFNAME, _META_L4PROTO = 4, 5, 6, 7, 16
_ICMPV6 = 58
_SOLICITATION, _ADVERTISEMENT = 135, 136
_VIPS, _LINK_LOCAL = "vips", "vips_link_local"


@dataclass(frozen=True, slots=True)
class Refused:
    """An address that nothing is accepted for; the interface is the one that has it."""

    address: Address
    index: int
    interface: str = field(compare=False)


class AcceptFilter:
    """Refuses packets. An address refused twice has to be accepted twice.

    Nothing is in the kernel until something is refused; the tables stay from then on, so that a
    takeover finds them. Raises: NetlinkError from every method that changes the kernel; it is as
    before then.
    """

    def __init__(self) -> None:
        self._settings = FilterSettings()
        self._socket: nft.NftSocket | None = None
        self._refused: Counter[Refused] = Counter()

    def use(self, settings: FilterSettings) -> None:
        """Do as these settings say from now on."""
        if settings == self._settings:
            return
        refused = self._refused
        self.close()
        self._settings = settings
        self.change(refuse=refused.elements())

    def change(self, refuse: Iterable[Refused] = (), accept: Iterable[Refused] = ()) -> None:
        """Both at one moment."""
        changes = Counter(refuse)
        changes.subtract(accept)
        counts = {each: max(self._refused[each] + n, 0) for each, n in changes.items()}
        added = [each for each, count in counts.items() if count and each not in self._refused]
        dropped = [each for each, count in counts.items() if not count and each in self._refused]
        if added or dropped:
            self._commit(added, dropped)
        for each, count in counts.items():
            if count:
                self._refused[each] = count
            else:
                del self._refused[each]

    def close(self) -> None:
        """Leave nothing in the kernel."""
        self._refused = Counter()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _commit(self, added: list[Refused], dropped: list[Refused]) -> None:
        if self._socket is None:
            fresh = nft.NftSocket()
            try:
                fresh.commit("make the tables that refuse packets", list(self._tables()))
            except Exception:
                fresh.close()
                raise
            self._socket = fresh
        batch: list[nft.Message] = []
        for (family, name), keys in self._keys(dropped).items():
            batch += nft.deleted_elements(family, self._settings.table, name, keys)
        for (family, name), keys in self._keys(added).items():
            batch += nft.elements(family, self._settings.table, name, keys)
        self._socket.commit("refuse packets for virtual addresses", batch)

    def _keys(self, refused: Iterable[Refused]) -> dict[tuple[nft.Protocol, str], list[bytes]]:
        found: dict[tuple[nft.Protocol, str], list[bytes]] = {}
        for each in refused:
            key = each.address.packed
            if each.address.version == 4:
                place = nft.Protocol.IPV4, _VIPS
            elif not each.address.is_link_local:
                place = nft.Protocol.IPV6, _VIPS
            else:
                place = nft.Protocol.IPV6, _LINK_LOCAL
                key += self._interface(each)
            found.setdefault(place, []).append(key)
        return found

    def _interface(self, refused: Refused) -> bytes:
        if self._settings.by_index:
            return refused.index.to_bytes(4, "little")
        return refused.interface.encode().ljust(16, b"\0")

    def _tables(self) -> Iterator[nft.Message]:
        """Whatever was left there under the name goes."""
        name = self._settings.table
        for family in nft.Protocol:
            yield nft.table(family, name)
            yield nft.deleted_table(family, name)
            yield nft.owned_table(family, name)
            behind, before = _BEHIND_IPVS, _BEFORE_IPVS
            if self._settings.priority is not None:
                behind = before = self._settings.priority
            yield nft.chain(family, name, "in", nft.Hook.INPUT, behind)
            yield nft.chain(family, name, "out", nft.Hook.OUTPUT, before)
        yield from self._ipv4()
        yield from self._ipv6()

    def _ipv4(self) -> Iterator[nft.Message]:
        family, name = nft.Protocol.IPV4, self._settings.table
        yield nft.named_set(family, name, _VIPS, nft.TYPE_IPV4)
        for where, offset in (("in", 16), ("out", 12)):
            seen = nft.network_header(offset, 4), nft.found_in(_VIPS)
            yield nft.rule(family, name, where, *seen, *self._end(nft.Verdict.DROP))

    def _ipv6(self) -> Iterator[nft.Message]:
        family, name = nft.Protocol.IPV6, self._settings.table
        by_index = self._settings.by_index
        device = nft.TYPE_IFINDEX if by_index else nft.TYPE_IFNAME
        yield nft.named_set(family, name, _VIPS, nft.TYPE_IPV6)
        yield nft.named_set(family, name, _LINK_LOCAL, nft.TYPE_IPV6.followed_by(device))
        metas = (_META_IIF, _META_OIF) if by_index else (_META_IIFNAME, _META_OIFNAME)
        for where, offset, key in (("in", 24, metas[0]), ("out", 8, metas[1])):
            yield nft.rule(family, name, where, *_DISCOVERY, *self._end(nft.Verdict.ACCEPT))
            address = nft.network_header(offset, 16)
            drop = self._end(nft.Verdict.DROP)
            yield nft.rule(family, name, where, address, nft.found_in(_VIPS), *drop)
            both = address, nft.meta(key, register=2), nft.found_in(_LINK_LOCAL)
            yield nft.rule(family, name, where, *both, *drop)

    def _end(self, what: nft.Verdict) -> tuple[bytes, ...]:
        end = nft.verdict(what)
        return (nft.counter(), end) if self._settings.counters else (end,)


_DISCOVERY = (
    nft.meta(_META_L4PROTO),
    nft.equal(bytes((_ICMPV6,))),
    nft.transport_header(0, 1),
    nft.between(bytes((_SOLICITATION,)), bytes((_ADVERTISEMENT,))),
)
