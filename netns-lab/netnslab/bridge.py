"""A switch of a lab: a Linux bridge in a network namespace of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import iproute
from .capture import ALL_KINDS, Capture
from .link import Cable, End, Link

__all__ = ["Bridge"]

_DEVICE = "br0"
_LONGEST_NAME = 15


class Bridge:
    """One switch; made by `Lab.bridge`. It forwards at once (no spanning tree) and floods multicast
    (no snooping); it has no addresses and sends nothing of its own."""

    def __init__(self, name: str, namespace: str, on_cable: Callable[[Cable], None]) -> None:
        self.name = name
        self.namespace = namespace
        self.ports: dict[str, str] = {}
        """The host behind each port."""
        self.links: dict[str, Link] = {}
        """The cables to other bridges, by port."""
        self._captures: list[Capture] = []
        self._on_cable = on_cable

    def create(self, mtu: int) -> None:
        """Make the bridge device in the namespace; the lab does it."""
        options = "type bridge forward_delay 0 stp_state 0 mcast_snooping 0"
        iproute.batch(
            self.namespace, [f"link add {_DEVICE} mtu {mtu} {options}", f"link set {_DEVICE} up"]
        )

    def __repr__(self) -> str:
        return f"<Bridge {self.name} ({self.namespace})>"

    def port_name(self, host: str, interface: str) -> str:
        """The name of the port for a cable to `interface` of `host`, as far as 15 letters allow."""
        name = f"{host}-{interface}"
        return name if len(name) <= _LONGEST_NAME else f"port{len(self.ports) + 1}"

    def connect(self, other: Bridge, *, mtu: int = 1500) -> Link:
        """Lay a cable to another bridge; without its carrier the two are partitioned."""
        near = End(self.namespace, f"to-{other.name}"[:_LONGEST_NAME])
        far = End(other.namespace, f"to-{self.name}"[:_LONGEST_NAME])
        peer = f"peer name {far.interface} netns {far.namespace} mtu {mtu}"
        iproute.batch(self.namespace, [f"link add {near.interface} mtu {mtu} type veth {peer}"])
        link = self.links[near.interface] = Link(Cable(self.name, near, far))
        other.links[far.interface] = Link(Cable(other.name, far, near))
        for bridge, end in ((self, near), (other, far)):
            self._on_cable(bridge.links[end.interface].cable)
            iproute.batch(end.namespace, [f"link set {end.interface} master {_DEVICE} up"])
        link.wait_carrier()
        return link

    def attach(self, port: str, host: str) -> None:
        """Put an interface that is in the bridge's namespace into the bridge."""
        iproute.batch(self.namespace, [f"link set {port} master {_DEVICE} up"])
        self.ports[port] = host

    def capture(self, kinds: Sequence[str] = ALL_KINDS) -> Capture:
        """Start to record every frame once, as it enters the bridge; `Frame.interface` is the port
        it came in by, so the sender is known even where two hosts use one virtual MAC address.

        Frames that a loss on the sender's cable drops are recorded all the same; frames from
        another bridge are recorded there.
        """
        capture = Capture(self.namespace, None, kinds, ignore=(_DEVICE, *self.links))
        self._captures.append(capture)
        return capture

    def close(self) -> None:
        """End the captures; the lab does it."""
        for capture in self._captures:
            capture.stop()
