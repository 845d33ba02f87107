"""One interface in one address family: its receiver, its senders, and who listens there."""

from __future__ import annotations

from typing import Protocol

from .core.model import PROTOCOL, Address, Family, VirtualRouterConfig
from .core.packet import IpFacts, PacketError
from .core.receive import Admitted, Check, admit
from .net.vrrp_socket import GroupSender, PeerSender, Receiver, split_datagram
from .strangers import Strangers

__all__ = ["Listener", "Segment"]

_LIMIT = 256  # datagrams handled before the loop gets its turn
_LEAST_BUFFER = 1 << 18  # octets
_BUFFER_PER_LISTENER = 1 << 12  # octets: two messages each, as the kernel accounts them


class Listener(Protocol):
    """A Virtual Router, as seen from the wire."""

    repetition: Repetition | None
    """What this listener is known by; belongs to `Segment`."""

    @property
    def config(self) -> VirtualRouterConfig:
        """What messages are checked against."""

    @property
    def check(self) -> Check | None:
        """What has to vouch for them besides."""

    def hear(self, admitted: Admitted, now: float) -> bool:
        """A message that passed every check. True: hearing it again would only re-arm the timer."""

    def refuse(self, error: PacketError, ip: IpFacts, now: float) -> None:
        """A message for this VRID that did not."""


class Repetition:
    """A datagram that re-armed a Backup Router's timer, and how often it came again since.

    Each repeat would do no more than re-arm the timer in the same way, so repeats are only noted
    here: the newest came at `heard_at`. The listener looks at this before it acts.

    Signed ones differ in what vouches for them, `behind` the rest: that is checked each time.
    """

    __slots__ = ("admitted", "behind", "count", "datagram", "heard_at")

    def __init__(self, datagram: bytes, admitted: Admitted, now: float, behind: int = 0) -> None:
        self.datagram = datagram
        self.behind = behind
        self.admitted = admitted
        self.heard_at = now
        self.count = 0

    def matches(self, datagram: bytes) -> bool:
        """Whether this says the same, apart from what vouches for it."""
        size = len(self.datagram)
        return len(datagram) == size + self.behind and datagram[:size] == self.datagram

    def note(self, now: float) -> None:
        """It came again."""
        self.count += 1
        self.heard_at = now

    def take_count(self) -> int:
        """How many came since the last call."""
        count, self.count = self.count, 0
        return count


class Segment:
    """Hands each message to the Virtual Router it is meant for.

    Routers repeat themselves, so a datagram equal to the last one a Backup Router obeyed needs no
    second look: same octets, same verdict. What differs in one bit goes through every check.
    Messages behind an authentication header are another `protocol`, and so on another segment.
    Raises: SocketError when the interface cannot be listened on.
    """

    def __init__(
        self,
        family: Family,
        interface: str,
        index: int,
        strangers: Strangers,
        protocol: int = PROTOCOL,
    ) -> None:
        self.family = family
        self.interface = interface
        self.index = index
        self.unknown_vrids = 0
        self._strangers = strangers
        self._buffer = 0
        self.too_short = 0
        self._receiver = Receiver(family, interface, index, _LEAST_BUFFER, protocol)
        self._split = self._split_message if protocol == PROTOCOL else _split_packet
        self._listeners: dict[int, Listener] = {}
        self._known: dict[bytes, Repetition] = {}
        self._groups: dict[Address, int] = {}
        self._group_senders: dict[tuple[Address, Address], GroupSender] = {}
        self._peer_senders: dict[tuple[Address, int], PeerSender] = {}

    def __bool__(self) -> bool:
        """True while somebody listens."""
        return bool(self._listeners)

    def fileno(self) -> int:
        """The descriptor to wait on for reading."""
        return self._receiver.fileno()

    def attach(self, listener: Listener, buffer: int = 0) -> None:
        """Begin to hand messages to a listener; its group is joined. Raises: SocketError.

        `buffer`: octets of messages that the kernel may have to keep for it.
        """
        config = listener.config
        if not config.peers:
            group = config.destination_group
            self._receiver.join(group)
            self._groups[group] = self._groups.get(group, 0) + 1
        self._listeners[config.vrid] = listener
        self._buffer += max(buffer, _BUFFER_PER_LISTENER)
        self._receiver.grow_buffer(self._buffer)

    def detach(self, listener: Listener) -> None:
        """Hand it nothing more; a group nobody needs is left."""
        config = listener.config
        if self._listeners.get(config.vrid) is not listener:
            return
        del self._listeners[config.vrid]
        self.forget(listener)
        if config.peers:
            return
        group = config.destination_group
        self._groups[group] -= 1
        if not self._groups[group]:
            del self._groups[group]
            self._receiver.leave(group)

    def forget(self, listener: Listener) -> None:
        """The listener or its settings changed: what it hears next is looked at afresh."""
        if listener.repetition is not None:
            self._known.pop(listener.repetition.datagram, None)
            listener.repetition = None

    def close(self) -> None:
        """Close every socket."""
        self._receiver.close()
        for group_sender in self._group_senders.values():
            group_sender.close()
        for peer_sender in self._peer_senders.values():
            peer_sender.close()
        self._listeners.clear()
        self._known.clear()

    def group_sender(self, source: Address, group: Address) -> GroupSender:
        """The sender from `source` to `group`, shared by all who need it. Raises: SocketError."""
        key = (source, group)
        if key not in self._group_senders:
            self._group_senders[key] = GroupSender(
                self.family, self.interface, self.index, source, group
            )
        return self._group_senders[key]

    def peer_sender(self, source: Address, ttl: int) -> PeerSender:
        """The sender from `source` to unicast peers. Raises: SocketError."""
        key = (source, ttl)
        if key not in self._peer_senders:
            self._peer_senders[key] = PeerSender(self.family, self.interface, source, ttl)
        return self._peer_senders[key]

    def receive(self, now: float) -> int:
        """Handle what is waiting, up to a bound; how many datagrams that were."""
        datagrams = self._receiver.read(_LIMIT)
        known = self._known
        for datagram in datagrams:
            repetition = known.get(datagram)
            if repetition is None:
                self._examine(datagram, now)
            else:
                repetition.note(now)
        return len(datagrams)

    def _split_message(self, datagram: bytes) -> tuple[int, bytes, IpFacts] | None:
        message, ip = split_datagram(self.family, datagram)
        return None if len(message) < 2 else (message[1], message, ip)

    def _examine(self, datagram: bytes, now: float) -> None:
        parts = self._split(datagram)
        if parts is None:
            self.too_short += 1
            return
        vrid, message, ip = parts
        listener = self._listeners.get(vrid)
        if listener is None:
            self.unknown_vrids += 1
            self._strangers.heard(self.interface, vrid, now)
            return
        repeated, check = listener.repetition, listener.check
        try:
            if repeated is not None and check is not None and repeated.matches(datagram):
                check(message, ip)
                repeated.note(now)
                return
            admitted = admit(listener.config, message, ip, check)
        except PacketError as error:
            listener.refuse(error, ip, now)
            return
        if listener.hear(admitted, now):
            self.forget(listener)  # something else that it obeyed in this same moment
            size = len(datagram) - admitted.behind
            repetition = Repetition(datagram[:size], admitted, now, admitted.behind)
            listener.repetition = repetition
            if check is None:
                self._known[datagram] = repetition


def _split_packet(datagram: bytes) -> tuple[int, bytes, IpFacts] | None:
    from .core import auth_ah  # few have such packets, and it brings the hash

    found = auth_ah.facts(datagram)
    return None if found is None else (auth_ah.vrid(datagram), datagram, IpFacts(*found))
