"""Entries of a table that tests of several modules use."""

from __future__ import annotations

from ipaddress import ip_address

from healthcheck.core.table import (
    Destination,
    Family,
    FirewallMark,
    Forwarding,
    Method,
    Protocol,
    ServiceAddress,
    ServiceSettings,
)

__all__ = ["DR", "MARK", "NAT", "RR", "destination", "tcp"]

RR = ServiceSettings("rr")
NAT, DR = Method(), Method(Forwarding.DIRECT_ROUTING)
MARK = FirewallMark(7, Family.IPV4)


def tcp(address: str, port: int) -> ServiceAddress:
    return ServiceAddress(Protocol.TCP, ip_address(address), port)


def destination(address: str, port: int) -> Destination:
    return Destination(ip_address(address), port)
