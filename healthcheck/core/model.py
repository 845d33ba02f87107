"""Frozen settings: virtual servers, their real servers, and the checks of these.

Every default is resolved here already: a check says itself how often it runs and how often it may
fail, whoever wrote that (check, real server, virtual server or nobody).
Names are keepalived's where it has one. Bare times are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntFlag
from typing import TypeAlias

from .table import Address, Destination, Method, ServiceKey, ServiceSettings

__all__ = [
    "Check",
    "CustomCheck",
    "DnsCheck",
    "FileCheck",
    "FollowedCheck",
    "HttpCheck",
    "HttpVersion",
    "MiscCheck",
    "PingCheck",
    "ProbeResult",
    "RealServer",
    "RegexOption",
    "SmtpCheck",
    "SorryServer",
    "Target",
    "TcpCheck",
    "Timing",
    "TlsMaterial",
    "UdpCheck",
    "Url",
    "VirtualServer",
]


_MASQUERADING = Method()
_DEFAULTS = ServiceSettings()


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one attempt of a check found.

    `weight_offset` is what the check adds to the configured weight from now on; None: no say in it.
    `weight` is what it puts in the place of the configured weight from now on (the offsets of other
    checks are still added). At most one of the two is given; it replaces whatever the same check
    said of either before, so that an offset of 0 gives the configured weight back.
    `detail` tells a person why, in a few words, without address and port.
    `is_verdict` False: this host could not try (no descriptors, no permission), so the result counts
    for nothing and the check comes again after `delay_loop`; keepalived reschedules as well.
    """

    is_success: bool
    detail: str = ""
    weight_offset: int | None = None
    is_verdict: bool = True
    weight: int | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """When a check runs and what its results count for.

    A failing check is repeated `retry` more times, `delay_before_retry` apart, before the server is
    down. The first attempt comes a random part of `warmup` after the start, plus one second.
    """

    delay_loop: float = 60.0
    retry: int = 1
    delay_before_retry: float = 1.0
    warmup: float = 60.0
    alpha: bool = False
    log_all_failures: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where a network check goes, and from where. `bind_port` 0: any; `fwmark` 0: none.

    `connect_timeout` bounds the connection and each wait for more octets.
    """

    address: Address
    port: int
    connect_timeout: float = 5.0
    bind_address: Address | None = None
    bind_port: int = 0
    bind_interface: str | None = None
    fwmark: int = 0


@dataclass(frozen=True, slots=True)
class TcpCheck:
    """Success: the connection completes."""

    target: Target
    timing: Timing = Timing()


class RegexOption(IntFlag):
    """PCRE2's compile options that have a meaning here."""

    NONE = 0
    CASELESS = 1
    MULTILINE = 2
    DOTALL = 4
    EXTENDED = 8


@dataclass(frozen=True, slots=True)
class Url:
    """One page, and what its answer must be. Without any criterion status 200..299 is.

    `status_codes` are inclusive ranges, `digests` hexadecimal MD5 of the body.
    """

    path: str
    virtualhost: str | None = None
    status_codes: tuple[tuple[int, int], ...] = ()
    digests: tuple[str, ...] = ()
    regex: str | None = None
    regex_options: RegexOption = RegexOption.NONE
    regex_no_match: bool = False
    regex_min_offset: int = 0
    regex_max_offset: int | None = None
    sni_name: str | None = None
    """Resolved name for the TLS handshake; None: none is sent."""
    tls_compliant: bool = False
    """Take leave with TLS's close_notify, and not by closing the connection alone."""


class HttpVersion(Enum):
    """Version of the request, and whether it says `Connection: close`."""

    HTTP_1_0 = "1.0"
    HTTP_1_0_CLOSE = "1.0C"
    HTTP_1_1 = "1.1"


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """Client certificate and authorities: paths of PEM files."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """HTTP_GET, and SSL_GET when `tls` is not None. One URL is fetched per period."""

    target: Target
    urls: tuple[Url, ...]
    timing: Timing = Timing(delay_before_retry=3.0)
    tls: TlsMaterial | None = None
    http_version: HttpVersion = HttpVersion.HTTP_1_0
    fast_recovery: bool = False


@dataclass(frozen=True, slots=True)
class SmtpCheck:
    """Success: the server greets with 220 and answers HELO with 250."""

    target: Target
    helo_name: str = "smtpchecker.keepalived.org"
    timing: Timing = Timing()


@dataclass(frozen=True, slots=True)
class DnsCheck:
    """Success: an answer with reply code 0. `type` is the record type's name, `name` the query's."""

    target: Target
    type: str = "SOA"
    name: str = "."
    timing: Timing = Timing(retry=3)


@dataclass(frozen=True, slots=True)
class PingCheck:
    """Success: an echo reply. The target's port is not used."""

    target: Target
    timing: Timing = Timing()


@dataclass(frozen=True, slots=True)
class UdpCheck:
    """Success: no ICMP error, and with `require_reply` a fitting datagram.

    `reply` and `mask` are of equal length: octets wanted, and which of their bits count.
    """

    target: Target
    payload: bytes = b""
    require_reply: bool = False
    reply: bytes = b""
    mask: bytes = b""
    min_reply_length: int = 0
    max_reply_length: int = 255
    timing: Timing = Timing()


@dataclass(frozen=True, slots=True)
class MiscCheck:
    """A program. Exit 0 is success; with `is_dynamic` 2..255 are too, and set the weight to code - 2.

    `arguments` is the program and its words; `user` and `group` are names or numbers, None: ours.
    """

    arguments: tuple[str, ...]
    timeout: float
    is_dynamic: bool = False
    user: str | None = None
    group: str | None = None
    timing: Timing = Timing(retry=0)


@dataclass(frozen=True, slots=True)
class FileCheck:
    """A number in a file, times `weight`, is added to the server's weight.

    With `weight` 0 the server is down unless the number is 0. `reverse` turns the sense around.
    """

    path: str
    weight: int = 1
    reverse: bool = False
    timing: Timing = Timing(retry=0)


@dataclass(frozen=True, slots=True)
class CustomCheck:
    """A check of the embedding program's own; `name` is what the agent's `probes` know it by."""

    name: str
    target: Target
    timing: Timing = Timing()


@dataclass(frozen=True, slots=True)
class FollowedCheck:
    """Nothing is tried: the check is as the agent was told of `name` last (`Agent.set_followed`).

    Until then it is up, with `alpha` down.
    """

    name: str
    alpha: bool = False

    @property
    def timing(self) -> Timing:
        """One word is enough."""
        return _ALPHA_ONCE if self.alpha else _ONCE


_ONCE, _ALPHA_ONCE = Timing(retry=0), Timing(retry=0, alpha=True)

Check: TypeAlias = (
    TcpCheck
    | HttpCheck
    | SmtpCheck
    | DnsCheck
    | PingCheck
    | UdpCheck
    | MiscCheck
    | FileCheck
    | FollowedCheck
    | CustomCheck
)


@dataclass(frozen=True, slots=True)
class RealServer:
    """One back-end. `address.port` is 0 where the service's port is taken as it is (DR, TUN).

    A server without checks is always up. `inhibit`: when down it stays with weight 0.
    """

    address: Destination
    weight: int = 1
    method: Method = _MASQUERADING
    inhibit: bool = False
    upper_threshold: int = 0
    lower_threshold: int = 0
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class SorryServer:
    """Used, with weight 1, while quorum is lost. `inhibit`: it stays with weight 0 meanwhile."""

    address: Destination
    method: Method = _MASQUERADING
    inhibit: bool = False


@dataclass(frozen=True, slots=True)
class VirtualServer:
    """One service, or one per address of a group, sharing real servers and their state.

    `name` is how messages and notices call it (keepalived's form, "[10.0.0.1]:tcp:80"); it is also
    its identity over a reload. Quorum is lost below `quorum - hysteresis` (and at 0), and gained at
    `quorum + hysteresis`. With `ha_suspend` checks run only while this host has the address.
    """

    name: str
    keys: tuple[ServiceKey, ...]
    real_servers: tuple[RealServer, ...]
    settings: ServiceSettings = _DEFAULTS
    quorum: int = 1
    hysteresis: int = 0
    sorry_server: SorryServer | None = None
    omega: bool = False
    ha_suspend: bool = False
