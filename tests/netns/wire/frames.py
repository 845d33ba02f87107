"""Frames as a tester writes and reads them, from the RFCs and without any code of the product.

Every field of an Advertisement can be set wrong; what is left alone is right.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import ip_address

__all__ = [
    "GROUPS",
    "Advert",
    "Heard",
    "Packet",
    "arp_request",
    "echo_request",
    "ethernet",
    "frame",
    "mac",
    "neighbor_solicitation",
    "ones_complement",
    "read_advert",
    "virtual_mac",
]

GROUPS = {4: ("224.0.0.18", "01:00:5e:00:00:12"), 6: ("ff02::12", "33:33:00:00:00:12")}
TESTER_MAC = "02:00:00:00:99:01"


def mac(text: str) -> bytes:
    """Six octets of "02:00:00:00:01:01"."""
    return bytes.fromhex(text.replace(":", ""))


def virtual_mac(vrid: int, family: int = 4) -> bytes:
    """RFC 9568 §7.3."""
    return bytes((0, 0, 0x5E, 0, 1 if family == 4 else 2, vrid))


def packed(address: str) -> bytes:
    return ip_address(address).packed


def ones_complement(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of octets whose checksum field is zero."""
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _pseudo_header(source: str, destination: str, length: int) -> bytes:
    addresses = packed(source) + packed(destination)
    if ":" in source:
        return addresses + struct.pack("!I3xB", length, 112)
    return addresses + struct.pack("!BBH", 0, 112, length)


@dataclass(frozen=True)
class Advert:
    """One VRRP message; `interval` is in the version's wire units."""

    vrid: int = 51
    priority: int = 255
    interval: int = 10
    addresses: tuple[str, ...] = ("192.0.2.100",)
    version: int = 3
    type: int = 1
    reserve: int = 0
    count: int | None = None
    form: str = "pseudo"
    """Checksum over what: "pseudo" header and message, or "message" alone (always so in v2)."""
    checksum_error: int = 0
    checksum: int | None = None
    authentication: tuple[int, bytes] = (0, bytes(8))
    trailer: bytes = b""
    cut: int | None = None
    """Octets to keep."""

    def message(self, source: str, destination: str) -> bytes:
        count = len(self.addresses) if self.count is None else self.count
        kind, password = self.authentication
        if self.version == 2:
            fields, tail = (kind, self.interval), password
        else:
            fields, tail = (self.reserve << 4 | self.interval >> 8, self.interval & 0xFF), b""
        start = bytes((self.version << 4 | self.type, self.vrid, self.priority, count, *fields))
        rest = b"".join(packed(a) for a in self.addresses) + tail + self.trailer
        covered = start + b"\0\0" + rest
        if self.version != 2 and self.form == "pseudo":
            covered = _pseudo_header(source, destination, len(covered)) + covered
        checksum = ones_complement(covered) ^ self.checksum_error
        if self.checksum is not None:
            checksum = self.checksum
        return (start + checksum.to_bytes(2, "big") + rest)[: self.cut]


@dataclass(frozen=True)
class Packet:
    """What carries a message: the IP header and the Ethernet header."""

    source: str = "192.0.2.200"
    destination: str | None = None
    ttl: int = 255
    protocol: int = 112
    options: bytes = b""
    offset: int = 0
    """Octets before this fragment."""
    more_fragments: bool = False
    identification: int = 7
    """Fragments of one number are put together."""
    mac_source: str = TESTER_MAC
    mac_destination: str | None = None
    padding: int = 0
    header_words: int | None = None

    @property
    def family(self) -> int:
        return 6 if ":" in self.source else 4

    @property
    def to(self) -> str:
        return self.destination or GROUPS[self.family][0]

    def wrap(self, payload: bytes) -> bytes:
        ip = self._ipv6(payload) if self.family == 6 else self._ipv4(payload)
        kind = 0x86DD if self.family == 6 else 0x0800
        to = self.mac_destination or GROUPS[self.family][1]
        return ethernet(mac(to), mac(self.mac_source), kind, ip) + bytes(self.padding)

    def _ipv4(self, payload: bytes) -> bytes:
        length = 20 + len(self.options)
        words = length // 4 if self.header_words is None else self.header_words
        fragment = (0x2000 if self.more_fragments else 0) | self.offset // 8
        total = length + len(payload)
        fields = (0x40 | words, 0xC0, total, self.identification, fragment, self.ttl, self.protocol)
        rest = packed(self.source) + packed(self.to) + self.options
        checksum = ones_complement(struct.pack("!BBHHHBBH", *fields, 0) + rest)
        return struct.pack("!BBHHHBBH", *fields, checksum) + rest + payload

    def _ipv6(self, payload: bytes) -> bytes:
        head = struct.pack("!IHBB", 0x6C000000, len(payload), self.protocol, self.ttl)
        return head + packed(self.source) + packed(self.to) + payload


def ethernet(to: bytes, source: bytes, kind: int, payload: bytes) -> bytes:
    """An Ethernet frame without padding and checksum."""
    return to + source + kind.to_bytes(2, "big") + payload


def frame(advert: Advert, packet: Packet | None = None) -> bytes:
    """The Ethernet frame of an Advertisement."""
    packet = packet or Packet()
    return packet.wrap(advert.message(packet.source, packet.to))


def arp_request(target: str, source: str, source_mac: str, to: str = "ff:ff:ff:ff:ff:ff") -> bytes:
    """Who has `target`?"""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac(source_mac) + packed(source)
    return ethernet(mac(to), mac(source_mac), 0x0806, body + bytes(6) + packed(target))


def neighbor_solicitation(target: str, source: str, source_mac: str) -> bytes:
    """Who has `target`? To its solicited-node group (RFC 4861 §4.3)."""
    group = packed("ff02::1:ff00:0")[:13] + packed(target)[13:]
    body = packed(target) + b"\x01\x01" + mac(source_mac)
    pseudo = packed(source) + group + struct.pack("!I3xB", 8 + len(body), 58)
    checksum = ones_complement(pseudo + struct.pack("!BBHI", 135, 0, 0, 0) + body)
    icmp = struct.pack("!BBHI", 135, 0, checksum, 0) + body
    head = struct.pack("!IHBB", 6 << 28, len(icmp), 58, 255)
    ip = head + packed(source) + group + icmp
    return ethernet(b"\x33\x33" + group[12:], mac(source_mac), 0x86DD, ip)


def echo_request(destination: str, source: str, source_mac: str, to: bytes) -> bytes:
    """An IPv4 ping of 8 octets."""
    icmp = struct.pack("!BBHHH", 8, 0, 0, 0x77, 1)
    icmp = icmp[:2] + ones_complement(icmp).to_bytes(2, "big") + icmp[4:]
    packet = Packet(source, destination, 64, 1, mac_source=source_mac, mac_destination=to.hex(":"))
    return packet.wrap(icmp)


@dataclass(frozen=True)
class Heard:
    """An Advertisement as captured. `time` is the kernel's stamp, seconds of time.monotonic."""

    time: float
    outgoing: bool
    mac_destination: bytes
    mac_source: bytes
    source: str
    destination: str
    ttl: int
    traffic_class: int
    header: bytes
    message: bytes

    @property
    def vrid(self) -> int:
        return self.message[1]

    @property
    def priority(self) -> int:
        return self.message[2]

    @property
    def interval(self) -> int:
        """Wire units of the version."""
        if self.message[0] >> 4 == 2:
            return self.message[5]
        return (self.message[4] & 0x0F) << 8 | self.message[5]

    @property
    def addresses(self) -> tuple[str, ...]:
        size = 16 if ":" in self.source else 4
        listed = self.message[8 : 8 + self.message[3] * size]
        return tuple(str(ip_address(listed[i : i + size])) for i in range(0, len(listed), size))


def read_advert(data: bytes, time: float, outgoing: bool) -> Heard | None:
    """The Advertisement in an Ethernet frame; None when there is none."""
    kind, ip = data[12:14], data[14:]
    if kind == b"\x08\x00" and ip[9] == 112:
        size, length = (ip[0] & 15) * 4, int.from_bytes(ip[2:4], "big")
        source, destination = ip[12:16], ip[16:20]
        ttl, traffic_class = ip[8], ip[1]
    elif kind == b"\x86\xdd" and ip[6] == 112:
        size, length = 40, 40 + int.from_bytes(ip[4:6], "big")
        source, destination = ip[8:24], ip[24:40]
        ttl, traffic_class = ip[7], (ip[0] & 15) << 4 | ip[1] >> 4
    else:
        return None
    if length - size < 8:
        return None
    return Heard(
        time,
        outgoing,
        data[:6],
        data[6:12],
        str(ip_address(source)),
        str(ip_address(destination)),
        ttl,
        traffic_class,
        ip[:size],
        ip[size:length],
    )
