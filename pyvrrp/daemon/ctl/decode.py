"""`pyvrrpctl decode`: what a VRRP packet says, or why it is discarded."""

from __future__ import annotations

import argparse
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address

from ...core.model import PROTOCOL, Address, Family, vrrp_group
from ...core.packet import Advertisement, DiscardReason, IpFacts, PacketError, decode

__all__ = ["add_to"]

_IPV6_HEADER = 40
_VRRP_TTL = 255
_DISCARDED = 1
_USAGE = 2


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    packet = commands.add_parser(
        "decode",
        help="show what a VRRP packet says, or why it is discarded",
        description="Decode a VRRP message, or a whole IP packet, given in hexadecimal.",
    )
    packet.add_argument("hex", nargs="+", help="octets; blanks, colons and 0x are fine")
    packet.add_argument("--from", dest="source", type=_address, metavar="ADDR", help="IP source")
    packet.add_argument(
        "--to", dest="destination", type=_address, metavar="ADDR", help="default: the VRRP group"
    )
    packet.add_argument("--ttl", type=int, help="TTL or hop limit it arrived with")
    packet.set_defaults(run=_decode)


def _address(text: str) -> Address:
    try:
        return ip_address(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from None


def _decode(arguments: argparse.Namespace) -> int:
    try:
        octets = bytes.fromhex("".join(arguments.hex).replace(":", "").replace("0x", ""))
        message, ip = _facts(octets, arguments)
    except ValueError as exc:
        print(f"pyvrrpctl decode: {exc}", file=sys.stderr)
        return _USAGE
    try:
        if ip.ttl is not None and ip.ttl != _VRRP_TTL and ip.destination.is_multicast:
            raise PacketError(DiscardReason.TTL, f"{ip.ttl}, must be {_VRRP_TTL}")
        advertisement = decode(message, ip)
    except PacketError as problem:
        print(f"discarded: {problem}")
        if problem.reason is DiscardReason.CHECKSUM and arguments.source is None:
            print("hint: the checksum may cover the IP addresses; give them with --from and --to")
        return _DISCARDED
    for name, value in _fields(advertisement):
        print(f"{name:<23} {value}")
    return 0


def _facts(octets: bytes, arguments: argparse.Namespace) -> tuple[bytes, IpFacts]:
    """The VRRP message and its IP header's facts; what was given explicitly wins."""
    message, found = _without_ip_header(octets)
    source = arguments.source or (found.source if found else IPv4Address(0))
    group = vrrp_group(Family(source.version))
    destination = arguments.destination or (found.destination if found else group)
    if source.version != destination.version:
        raise ValueError(f"{source} and {destination} are of different families")
    ttl = arguments.ttl if arguments.ttl is not None else found.ttl if found else None
    return message, IpFacts(source, destination, ttl)


def _without_ip_header(octets: bytes) -> tuple[bytes, IpFacts | None]:
    # A VRRP message starts with version 2 or 3, so the first half octet tells them apart.
    kind = octets[0] >> 4 if octets else 0
    if kind == 4 and len(octets) >= 20 and octets[9] == PROTOCOL:
        size, total = (octets[0] & 0x0F) * 4, int.from_bytes(octets[2:4])
        source, destination = IPv4Address(octets[12:16]), IPv4Address(octets[16:20])
        return octets[size:total], IpFacts(source, destination, octets[8])
    if kind == 6 and len(octets) >= _IPV6_HEADER and octets[6] == PROTOCOL:
        end = _IPV6_HEADER + int.from_bytes(octets[4:6])
        addresses = IPv6Address(octets[8:24]), IPv6Address(octets[24:40])
        return octets[_IPV6_HEADER:end], IpFacts(*addresses, octets[7])
    return octets, None


def _fields(advertisement: Advertisement) -> list[tuple[str, object]]:
    a = advertisement
    fields: list[tuple[str, object]] = [
        ("version", int(a.version)),
        ("VRID", a.vrid),
        ("priority", f"{a.priority} (resigns)" if a.priority == 0 else a.priority),
        ("max advertise interval", f"{a.max_advertise_interval:g} s"),
        ("addresses", ", ".join(map(str, a.addresses)) or "none"),
    ]
    if a.checksum_form is not None:
        fields.append(("checksum", f"good, over {a.checksum_form.value}"))
    else:
        fields.append(("checksum", "good"))
    if a.authentication_type:
        fields.append(("authentication type", f"{a.authentication_type}, data not shown"))
    return fields
