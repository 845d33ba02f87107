"""The checks, in the order of the servers they are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from healthcheck.core.model import (
    Check,
    CustomCheck,
    DnsCheck,
    FileCheck,
    FollowedCheck,
    HttpCheck,
    MiscCheck,
    PingCheck,
    RealServer,
    RegexOption,
    SmtpCheck,
    Target,
    TcpCheck,
    Timing,
    UdpCheck,
    Url,
)
from healthcheck.snapshot import CheckSnapshot

from ..conf.config import Config
from ..conf.lvs_config import WebWords
from .data_lvs_names import Shown, label, on, pair, place
from .data_lvs_tracked import files_of
from .host import HostFacts
from .wording import command, owner, yes

__all__ = ["lines"]

_TARGETED = (TcpCheck, HttpCheck, SmtpCheck, DnsCheck, PingCheck, UdpCheck)
_UNLIMITED = 2**64 - 1
_UNCOUNTED = 2**32 - 1
_NO_WORDS = WebWords()


def lines(config: Config, host: HostFacts, shown: Iterable[Shown]) -> Iterator[str]:
    """Settings and state of each."""
    regexes = Counter(_regexes(shown))
    is_first = True
    for service, snapshot in shown:
        for beside, real, server in zip(
            service.servers, snapshot.config.real_servers, snapshot.servers, strict=True
        ):
            words = iter(beside.web_checks)
            where = f" {label(service)} -> {place(service, real.address)}"
            is_enabled = not snapshot.is_suspended
            if is_first and server.checks:
                yield "------< Health checkers >------"
                is_first = False
            for state in server.checks:
                yield where
                if isinstance(state.check, FollowedCheck):
                    yield from _followed(state, state.check)
                    continue
                yield from _state(state, real, is_enabled=is_enabled)
                if isinstance(state.check, HttpCheck):
                    yield from _web(state.check, next(words, _NO_WORDS), regexes)
                else:
                    yield from _own(config, host, state, real)


def _state(state: CheckSnapshot, real: RealServer, *, is_enabled: bool) -> Iterator[str]:
    check = state.check
    yield f"   Enabled = {yes(is_enabled)}"
    yield f"   Up = {yes(state.is_up)}"
    yield f"   Has run = {yes(state.last is not None)}"
    yield f"   Current weight = {_weight(state, real)}"
    if not isinstance(check, FileCheck):
        # Until it ran, one failure is as many as it takes.
        done = check.timing.retry if state.last is None else state.failures
        yield from _timing(check, check.timing, done)
    yield f"   Log all failures = {yes(check.timing.log_all_failures)}"
    if isinstance(check, _TARGETED):
        yield "   Connection"
        yield from _target(check.target)


def _weight(state: CheckSnapshot, real: RealServer) -> int:
    """What it adds to the weight of the server."""
    if state.last is None:
        return 0
    if state.last.weight is not None:
        return state.last.weight - real.weight
    return state.last.weight_offset or 0


def _timing(check: Check, timing: Timing, done: int) -> Iterator[str]:
    yield f"   Alpha = {yes(timing.alpha)}"
    yield f"   Delay loop = {_us(timing.delay_loop)} us"
    yield f"   Warmup = {_us(timing.warmup)} us"
    yield f"   Retries = {timing.retry}"
    if timing.retry:
        yield f"   Delay before retry = {_us(timing.delay_before_retry)} us"
        yield f"   Retries iterations = {done}"
    default = 3 if isinstance(check, HttpCheck) else 0 if isinstance(check, DnsCheck) else 1
    yield f"   Default delay before retry = {_us(default)} us"


def _us(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _target(target: Target) -> Iterator[str]:
    yield f"     Dest = {pair(target.address, target.port)}"
    if target.bind_address is not None:
        yield f"     Bind to = {pair(target.bind_address, target.bind_port)}"
    if target.bind_interface is not None:
        yield f"     Bind i/f = {target.bind_interface}"
    if target.fwmark:
        yield f"     Mark = {target.fwmark}"
    yield f"     Timeout = {target.connect_timeout:.6f}"


def _own(config: Config, host: HostFacts, state: CheckSnapshot, real: RealServer) -> Iterator[str]:
    """What a kind has of its own."""
    match state.check:
        case TcpCheck():
            yield "   Keepalive method = TCP_CHECK"
        case PingCheck():
            yield "   Keepalive method = PING_CHECK"
        case SmtpCheck(helo_name=name):
            yield "   Keepalive method = SMTP_CHECK"
            yield f"   helo = {name}"
        case DnsCheck(type=kind, name=name):
            yield "   Keepalive method = DNS_CHECK"
            yield f"   Type = {kind}"
            yield f"   Name = {'' if name == '.' else name}"
        case UdpCheck() as check:
            yield from _udp(check)
        case MiscCheck() as check:
            yield from _misc(config, host, check)
        case FileCheck(path=path):
            yield "   Keepalive method = FILE_CHECK"
            names = (file.name for file, check in files_of(config, real) if check.path == path)
            yield f"     Tracked file = {next(names, path)}"
            yield "     Reloaded = No"
        case CustomCheck(name=name):
            yield f"   Keepalive method = {name}"


def _udp(check: UdpCheck) -> Iterator[str]:
    yield "   Keepalive method = UDP_CHECK"
    length = f"len = {len(check.payload)}" if check.payload else "specified = no"
    yield f"   Payload {length}"
    yield f"   Require reply = {yes(check.require_reply)}"
    if check.require_reply:
        yield f"     Min reply length = {check.min_reply_length}"
        yield f"     Max reply length = {check.max_reply_length}"
        yield f"     Reply data len = {len(check.reply)}"
        if check.reply:
            has_mask = any(octet != 0xFF for octet in check.mask)
            yield f"     Reply data mask = {yes(has_mask)}"


def _misc(config: Config, host: HostFacts, check: MiscCheck) -> Iterator[str]:
    identity = owner(config.global_defs, host, check.user, check.group).replace(" ", " = ")
    yield "   Keepalive method = MISC_CHECK"
    yield f"   script = {command(check.arguments)}"
    yield f"   timeout = {int(check.timeout)}"
    yield f"   dynamic = {'YES' if check.is_dynamic else 'NO'}"
    yield f"   {identity}"


def _followed(state: CheckSnapshot, check: FollowedCheck) -> Iterator[str]:
    """The numbers are keepalived's for what it does not use."""
    alpha = check.alpha
    yield "   Enabled = yes"
    yield f"   Up = {yes(state.is_up)}"
    yield f"   Has run = {yes(state.last is not None)}"
    yield "   Current weight = 0"
    yield f"   Alpha = {yes(alpha)}"
    yield f"   Delay loop = {_UNLIMITED} us"
    yield f"   Warmup = {_UNLIMITED} us"
    yield f"   Retries = {_UNCOUNTED}"
    yield f"   Delay before retry = {_UNLIMITED} us"
    yield f"   Retries iterations = {_UNCOUNTED}"
    yield f"   Default delay before retry = {_us(1)} us"
    yield "   Log all failures = no"
    yield "   Keepalive method = BFD_CHECK"
    yield f"   Name = {check.name}"
    yield f"   Alpha is {on(alpha)}"


# HTTP.


def _regexes(shown: Iterable[Shown]) -> Iterator[tuple[str, RegexOption]]:
    for _, snapshot in shown:
        for server in snapshot.servers:
            for state in server.checks:
                if isinstance(state.check, HttpCheck):
                    for url in state.check.urls:
                        if url.regex is not None:
                            yield url.regex, url.regex_options


def _web(
    check: HttpCheck, words: WebWords, regexes: Counter[tuple[str, RegexOption]]
) -> Iterator[str]:
    method = "HTTP_GET" if check.tls is None else "SSL_GET"
    yield f"   Keepalive method = {method}, http protocol {check.http_version.value}"
    if words.virtualhost is not None:
        yield f"   Virtualhost = {words.virtualhost}"
    yield f"   Enable SNI {_set(words.enable_sni)}"
    yield f"   Fast recovery {_set(check.fast_recovery)}"
    hosts = words.url_virtualhosts or (None,) * len(check.urls)
    for url, host in zip(check.urls, hosts, strict=True):
        yield from _url(url, host)
        if url.regex is not None:
            yield from _regex(url, regexes[url.regex, url.regex_options])


def _set(value: bool) -> str:
    return "set" if value else "unset"


def _url(url: Url, host: str | None) -> Iterator[str]:
    yield f"   Checked url = {url.path}"
    for digest in url.digests:
        yield f"     digest = {digest}"
    yield "     HTTP Status Code(s)"
    for low, high in _joined(url.status_codes or ((200, 299),)):
        yield f"       {low}" if low == high else f"       {low}-{high}"
    if host is not None:
        yield f"     Virtual host = {host}"


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """In order, those that touch as one."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def _regex(url: Url, uses: int) -> Iterator[str]:
    yield f'     Regex = "{url.regex}"'
    if url.regex_no_match:
        yield "     Regex no match"
    if url.regex_max_offset is not None:
        offsets = f"{url.regex_min_offset}, max_offset = {url.regex_max_offset}"
        yield f"     Regex min offset = {offsets}"
    elif url.regex_min_offset:
        yield f"     Regex min offset = {url.regex_min_offset}"
    names = "".join(f" {(o.name or '').lower()}" for o in RegexOption if o in url.regex_options)
    yield f"     Regex options:{names if url.regex_options else ''}"
    yield f"     Regex ref count = {uses}"
