"""What a lab's wire and hosts showed, asked in the words of VRRP. Daemons' logs play no part."""

from __future__ import annotations

import time
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_interface

from netnslab import Lab, wait_until
from netnslab.decode import Advert, Announcement
from netnslab.observe import Observation
from netnslab.timeline import AddressSeen, Event
from tests.netns.interop.routers import Instance

__all__ = ["Witness"]

Ip = IPv4Address | IPv6Address


def _key(advert: Advert) -> tuple[int, int]:
    return advert.vrid, advert.source.version


class Witness:
    """Records a lab. Times are seconds of `time.monotonic`; a key is VRID and family."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._observation = Observation(lab)
        self._adverts: dict[tuple[int, int], list[tuple[float, str, Advert]]] = {}
        self._events: list[Event] = []

    def __enter__(self) -> Witness:
        return self

    def __exit__(self, *_: object) -> None:
        self._observation.stop()
        self._take()

    def _take(self) -> None:
        for event in self._observation.poll():
            self._events.append(event)
            if isinstance(event.fact, Advert):
                heard = (event.time, event.host, event.fact)
                self._adverts.setdefault(_key(event.fact), []).append(heard)

    def adverts(
        self, of: Instance, host: str | None = None, since: float = 0.0, until: float = 1e18
    ) -> list[tuple[float, Advert]]:
        """Advertisements for a Virtual Router in a span of time, of one host or all."""
        self._take()
        heard = self._adverts.get((of.vrid, of.family), [])
        return [
            (when, advert)
            for when, sender, advert in heard
            if since <= when < until and host in (None, sender)
        ]

    def wait_adverts(self, of: Instance, host: str, count: int, since: float) -> None:
        """Wait for a number of Advertisements, as a measure of time that a test can wait for."""
        wait_until(
            lambda: len(self.adverts(of, host, since)) >= count,
            what=f"{count} Advertisements of {host} for {of.name}",
            timeout=10,
        )

    def events(self, host: str, since: float, of: Instance) -> list[tuple[float, Advert | Ip]]:
        """What a host said on the wire about a Virtual Router: Advertisements, and the addresses
        it announced."""
        self._take()
        addresses = {ip_interface(address).ip for address in of.addresses}
        found: list[tuple[float, Advert | Ip]] = []
        for event in self._events:
            if event.host != host or event.time < since:
                continue
            fact = event.fact
            if isinstance(fact, Announcement) and fact.address in addresses:
                found.append((event.time, fact.address))
            elif isinstance(fact, Advert) and _key(fact) == (of.vrid, of.family):
                found.append((event.time, fact))
        return found

    def address_changes(self, host: str, since: float, of: Instance) -> list[tuple[Ip, bool]]:
        """The virtual addresses that came to a host (True), and went from it (False), in order."""
        self._take()
        addresses = {ip_interface(address).ip for address in of.addresses}
        return [
            (event.fact.interface.ip, event.fact.added)
            for event in self._events
            if event.host == host and event.time >= since and isinstance(event.fact, AddressSeen)
            if event.fact.interface.ip in addresses
        ]

    def announced(self, host: str, since: float, of: Instance) -> set[tuple[Ip, str]]:
        """The virtual addresses a host announced, and the hardware addresses it gave for them."""
        self._take()
        addresses = {ip_interface(address).ip for address in of.addresses}
        return {
            (event.fact.address, event.fact.mac)
            for event in self._events
            if event.host == host and event.time >= since and isinstance(event.fact, Announcement)
            if event.fact.address in addresses
        }

    def is_sole_active(self, host: str, of: Instance, since: float) -> bool:
        """Whether the last Advertisements since that moment are all its, and none resigns."""
        self._take()
        steady = 2 if of.version == 2 else 3
        last = self._adverts.get((of.vrid, of.family), [])[-steady:]
        return len(last) == steady and all(
            sender == host and when >= since and advert.priority != 0
            for when, sender, advert in last
        )

    def wait_sole_active(
        self, host: str, of: Iterable[Instance], since: float, timeout: float = 15.0
    ) -> None:
        """Wait until a host alone is heard for all of these. Raises: DeadlinePassed."""
        instances = list(of)
        wait_until(
            lambda: all(self.is_sole_active(host, each, since) for each in instances),
            what=f"{host} as the only Active Router of {[each.name for each in instances]}",
            timeout=timeout,
            interval=0.02,
        )

    def wait_holds(
        self, host: str, of: Iterable[Instance], present: bool = True, timeout: float = 5.0
    ) -> None:
        """Wait until the kernel of a host has all, or none, of the virtual addresses."""
        instances = list(of)
        wait_until(
            lambda: all(self.held(host, each) == present for each in instances),
            what=f"{host} {'with' if present else 'without'} {[each.name for each in instances]}",
            timeout=timeout,
        )

    def held(self, host: str, of: Instance) -> bool | None:
        """Whether the kernel of a host has all of the virtual addresses; None: some of them."""
        have = {each.ip for each in self._lab[host].addresses()}
        found = [ip_interface(address).ip in have for address in of.addresses]
        return found[0] if len(set(found)) == 1 else None

    @staticmethod
    def now() -> float:
        """The witness's clock."""
        return time.monotonic()
