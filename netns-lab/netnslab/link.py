"""One interface of a host and the cable in it: down, carrier, loss, delay."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface
from typing import Literal

from . import interfaces, iproute, namespaces
from .errors import CommandFailed, LabError, Unsupported
from .waiting import wait_until

__all__ = ["Cable", "Direction", "End", "Link"]

Direction = Literal["to", "from", "both"]
"""Which way frames are lost: to the host, from the host, both."""

_TABLE = "netnslab"
_MODULUS = 1_000_000
_KERNEL_REFUSED = ("Could not process rule", "cache initialization failed")
_HOOKS: dict[Direction, tuple[str, ...]] = {
    "to": ("egress",),
    "from": ("ingress",),
    "both": ("egress", "ingress"),
}


@dataclass(frozen=True, slots=True)
class End:
    """One end of a cable: an interface by name, in a namespace by name."""

    namespace: str
    interface: str


@dataclass(frozen=True, slots=True)
class Cable:
    """A cable and the member of the lab, by name, in which its near end is."""

    member: str
    near: End
    far: End


class Link:
    """An interface of a host (or a bridge's port to another bridge) and the cable in it.

    The far end is a bridge port or another host's interface.
    """

    def __init__(self, cable: Cable) -> None:
        self.cable = cable
        self.host = cable.member
        self.near = cable.near
        self.far = cable.far

    def __repr__(self) -> str:
        return f"<Link {self.host}:{self.name}>"

    @property
    def name(self) -> str:
        """The interface's name in its host."""
        return self.near.interface

    @property
    def state(self) -> interfaces.LinkState:
        """The interface as the kernel sees it now. Raises: LabError when it is gone."""
        return _state(self.near)

    @property
    def index(self) -> int:
        """The interface's number."""
        return self.state.index

    @property
    def mac(self) -> str:
        """The hardware address, as `02:00:00:00:01:01`."""
        return self.state.mac

    def addresses(self) -> list[IPv4Interface | IPv6Interface]:
        """The addresses on this interface, link-local ones too, in the kernel's order."""
        index = self.index
        found = interfaces.read_addresses(self.near.namespace)
        return [address.interface for address in found if address.index == index]

    def up(self) -> None:
        """`ip link set up` in the host."""
        iproute.batch(self.near.namespace, [f"link set dev {self.name} up"])

    def down(self) -> None:
        """`ip link set down` in the host: the interface, with its IPv6 addresses and its routes."""
        iproute.batch(self.near.namespace, [f"link set dev {self.name} down"])

    def lose_carrier(self, timeout: float = 5.0) -> None:
        """Pull the cable: the far end goes down; the host's interface stays up, without carrier."""
        iproute.batch(self.far.namespace, [f"link set dev {self.far.interface} down"])
        self.wait_carrier(False, timeout)

    def restore_carrier(self, timeout: float = 5.0) -> None:
        """Plug the cable in again."""
        iproute.batch(self.far.namespace, [f"link set dev {self.far.interface} up"])
        self.wait_carrier(True, timeout)

    def wait_carrier(self, present: bool = True, timeout: float = 5.0) -> None:
        """Wait until the carrier is there, and frames pass, or until it is not there.

        Raises: DeadlinePassed.
        """

        def is_reached() -> bool:
            if not present:
                return not self.state.has_carrier
            return self.state.is_operational and _state(self.far).is_operational

        what = f"{'carrier' if present else 'no carrier'} on {self.host}:{self.name}"
        wait_until(is_reached, what=what, timeout=timeout, interval=0.001)

    def lose(
        self, fraction: float, *, direction: Direction = "both", match: str | None = None
    ) -> None:
        """Drop a random `fraction` (0 to 1) of the frames on the cable, in place of an earlier rule.

        Frames are dropped at the far end, so a capture in the host shows what it sent and only what
        reached it. `match` is an nftables expression that limits the loss, as `ip protocol 112` or
        `ether type arp`. `lose(0)` ends it.
        Raises: ValueError; Unsupported when the kernel or nft(8) has no netdev tables;
        CommandFailed for a `match` that nft(8) does not understand.
        """
        if not 0 <= fraction <= 1:
            raise ValueError(f"loss of {fraction} is not in 0..1")
        self._change_loss(_loss_rules(self.far.interface, fraction, _HOOKS[direction], match))

    def delay(self, seconds: float) -> None:
        """Delay every frame to the host by `seconds`; 0 ends it.

        Raises: ValueError; Unsupported on a kernel without sch_netem.
        """
        if seconds < 0:
            raise ValueError(f"delay of {seconds} s is negative")
        verb = "replace" if seconds else "del"
        kind = ["netem", "delay", f"{seconds * 1e6:.0f}us"] if seconds else []
        command = ["tc", "qdisc", verb, "dev", self.far.interface, "root", *kind]
        done = _run_in(self.far.namespace, command)
        if done.returncode != 0 and seconds:
            raise Unsupported(
                f"{self.host}:{self.name}: no delay, this kernel has no sch_netem "
                f"({done.stderr.strip()}); loss and carrier work without it"
            )

    def _change_loss(self, rules: str) -> None:
        done = _run_in(self.far.namespace, ["nft", "-f", "-"], rules)
        if done.returncode == 0:
            return
        if not any(sign in done.stderr for sign in _KERNEL_REFUSED):
            raise CommandFailed(self.far.namespace, ["nft"], done.returncode, done.stderr)
        raise Unsupported(
            f"{self.host}:{self.name}: no frame loss, it needs nftables' netdev tables with ingress"
            f" and egress hooks (Linux 5.16) in this kernel: {done.stderr.strip()}"
        )


def _state(end: End) -> interfaces.LinkState:
    for link in interfaces.read_links(end.namespace):
        if link.name == end.interface:
            return link
    raise LabError(f"{end.namespace} has no interface {end.interface} any more")


def _loss_rules(port: str, fraction: float, hooks: tuple[str, ...], match: str | None) -> str:
    """The nftables input that puts the wanted loss on `port`; the chains are emptied first."""
    lines = [f"add table netdev {_TABLE}"]
    for hook in ("ingress", "egress"):
        chain = f"netdev {_TABLE} {hook}-{port}"
        lines.append(f'add chain {chain} {{ type filter hook {hook} device "{port}" priority 0; }}')
        lines.append(f"flush chain {chain}")
        if hook in hooks and fraction:
            limit = round(fraction * _MODULUS)
            dice = "" if fraction == 1 else f"numgen random mod {_MODULUS} < {limit} "
            lines.append(f"add rule {chain} {match or ''} {dice}counter drop")
    return "".join(f"{line}\n" for line in lines)


def _run_in(
    namespace: str, command: list[str], text: str | None = None
) -> subprocess.CompletedProcess[str]:
    try:
        with namespaces.entered(namespace):
            return subprocess.run(
                command, input=text, capture_output=True, text=True, check=False, timeout=30
            )
    except FileNotFoundError as error:
        raise Unsupported(f"{command[0]}(8) is not installed") from error
