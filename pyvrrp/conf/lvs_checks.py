"""The checks of a real server: one table and one builder for each kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from healthcheck.core.model import (
    Check,
    DnsCheck,
    FileCheck,
    MiscCheck,
    PingCheck,
    SmtpCheck,
    TcpCheck,
    UdpCheck,
)

from .blocks import Statement
from .config import Script
from .context import Context, shown
from .diagnostics import ProblemClass
from .known import Block
from .lvs_timing import CONNECTION_ROWS, TIMING_ROWS, Checked, target, timing
from .lvs_web import HTTP_GET, SSL_GET, build_web
from .schema import Keyword, Table, read_block, table, value
from .scripts import ScriptWords
from .shapes import Flag, Int, Seconds, integer
from .tracking_config import TrackFile
from .values import Values

__all__ = ["CHECKS", "SMTP_HOST", "CheckKind", "checks_of"]

_GENERAL = ProblemClass.GENERAL
_MAX_WEIGHT = 2**31 - 1
_MAX_SECONDS = 4294
_DNS_TYPES = ("A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA", "RRSIG", "DNSKEY")
_HEX = re.compile(r"[0-9a-fA-F]+", re.ASCII)
_HEX_MASKED = re.compile(r"[0-9a-fA-FxX]+", re.ASCII)


class CheckKind(NamedTuple):
    """Keywords of one kind of check, and what makes the check of them (None after a report)."""

    table: Table
    build: Callable[[Context, Values, Checked], Check | None]


def _build_tcp(context: Context, check: Values, server: Checked) -> TcpCheck | None:
    goal = target(context, check, server)
    return None if goal is None else TcpCheck(goal, timing(check, server))


def _build_ping(context: Context, check: Values, server: Checked) -> PingCheck | None:
    goal = target(context, check, server, needs_port=False)
    return None if goal is None else PingCheck(goal, timing(check, server))


def _helo_name(context: Context, statement: Statement, values: Values) -> None:
    name = context.word(statement, 1, _GENERAL)
    if name is None:
        return
    if "helo_name" in values.set:
        message = "helo_name was given already; this one replaces it"
        context.problem("given-twice", statement, 0, message)
    values.put("helo_name", str(name), statement)


SMTP_HOST = table("host", CONNECTION_ROWS)
_PLACE = frozenset(row.name for row in CONNECTION_ROWS) - {row.name for row in TIMING_ROWS}


def _smtp_host(context: Context, statement: Statement, values: Values) -> None:
    """A further place to check; its times are those of the whole check."""
    context.remark("deprecated", statement, 0, "host is old; write an SMTP_CHECK for each place")
    host = Values(statement)
    read_block(context, statement.block or (), SMTP_HOST, host)
    for field in host.set.keys() - _PLACE:
        values.put(field, host.set[field], host.at[field])
    values.extend("hosts", (host,), statement)


def checks_of(check: Values) -> Iterable[Values]:
    """The checks one block stands for: with `host` blocks one for each, and one if it has a place."""
    hosts = check.items("hosts", Values)
    if not hosts or _PLACE & check.set.keys():
        yield check
    for host in hosts:
        each = Values(check.owner)
        each.set = {k: v for k, v in check.set.items() if k not in _PLACE}
        each.set |= {k: v for k, v in host.set.items() if k in _PLACE}
        each.at = {**check.at, **host.at}
        yield each


def _build_smtp(context: Context, check: Values, server: Checked) -> SmtpCheck | None:
    goal = target(context, check, server)
    if goal is None:
        return None
    name = check.get("helo_name", "smtpchecker.keepalived.org")
    return SmtpCheck(goal, name, timing(check, server))


def _dns_type(context: Context, statement: Statement, values: Values) -> None:
    word = context.word(statement)
    if word is None:
        return
    if word.upper() in _DNS_TYPES:
        values.put("type", str(word.upper()), statement)
        return
    message = f"type {shown(word)} is not one of {', '.join(_DNS_TYPES)}; ignored"
    context.problem("unknown-value", statement, 1, message)


def _dns_name(context: Context, statement: Statement, values: Values) -> None:
    name = context.word(statement)
    if name is None or not context.once(statement, values, "name"):
        return
    if name != "." and "" in name.removesuffix(".").split("."):
        message = f"name {shown(name)} has an empty label; ignored"
        context.problem("bad-name", statement, 1, message)
        return
    values.put("name", str(name), statement)


def _build_dns(context: Context, check: Values, server: Checked) -> DnsCheck | None:
    goal = target(context, check, server)
    if goal is None:
        return None
    times = timing(check, server, retry=3, delay_before_retry=None)
    return DnsCheck(goal, check.get("type", "SOA"), check.get("name", "."), times)


def _octets(words: list[str], pattern: re.Pattern[str]) -> list[str] | None:
    """Pairs of hexadecimal digits, blanks between them at will; None when they are none."""
    pairs: list[str] = []
    for word in words:
        if not pattern.fullmatch(word):
            return None
        pairs += (word[i : i + 2] for i in range(0, len(word), 2))
    return pairs or None


def _payload(context: Context, statement: Statement, values: Values) -> None:
    if context.word(statement, 1, _GENERAL) is None:
        return
    pairs = _octets(" ".join(statement.words[1:]).split(), _HEX)
    if pairs is None:
        context.problem("bad-octets", statement, 1, "payload is not hexadecimal; it is ignored")
        return
    values.put("payload", bytes(int(pair, 16) for pair in pairs), statement)


def _require_reply(context: Context, statement: Statement, values: Values) -> None:
    values.put("require_reply", True, statement)
    words = " ".join(statement.words[1:]).split()
    if not words:
        return
    pairs = _octets(words, _HEX_MASKED)
    if pairs is None:
        message = "require_reply takes hexadecimal digits and X; any reply will do"
        context.problem("bad-octets", statement, 1, message)
        return
    values.put("reply", bytes(int(re.sub("[xX]", "0", pair), 16) for pair in pairs), statement)
    values.put("mask", bytes(map(_counting_bits, pairs)), statement)


def _counting_bits(pair: str) -> int:
    """Bits of the octet that are written; a lone digit is the whole octet."""
    return int("".join("0" if digit in "xX" else "f" for digit in pair.rjust(2, "0")), 16)


def _build_udp(context: Context, check: Values, server: Checked) -> UdpCheck | None:
    goal = target(context, check, server)
    shortest, longest = check.get("min_reply_length", 0), check.get("max_reply_length", 255)
    if shortest > longest:
        message = f"min_reply_length {shortest} is above max_reply_length {longest}: always down"
        context.problem("value-out-of-range", check.where("min_reply_length"), 0, message)
    if goal is None:
        return None
    return UdpCheck(
        goal,
        check.get("payload", b""),
        check.get("require_reply", False),
        check.get("reply", b""),
        check.get("mask", b""),
        shortest,
        longest,
        timing(check, server),
    )


def _user(context: Context, statement: Statement, values: Values) -> None:
    user = context.word(statement, 1, _GENERAL)
    if user is not None:
        context.account(statement, 1)
        values.put("user", str(user), statement)
        values.set["group"] = str(statement.words[2]) if len(statement.words) > 2 else None


def _build_misc(context: Context, check: Values, server: Checked) -> MiscCheck | None:
    script: Script | None = check.get("script", None)
    if script is None:
        message = f"MISC_CHECK of {server.label} has no misc_path; the check is dropped"
        context.problem("no-script", check.owner, 0, message)
        return None
    user: str | None = check.get("user", None)
    group: str | None = check.get("group", None)
    if user is None and server.defaults.script_user is not None:
        user, group = server.defaults.script_user.user, server.defaults.script_user.group
    return MiscCheck(
        script.argv,
        check.get("misc_timeout", 0.0) or server.defaults.service_delay_loop,
        check.get("misc_dynamic", False),
        user,
        group,
        timing(check, server, retry=0),
    )


def _track_file(context: Context, statement: Statement, values: Values) -> None:
    name = context.word(statement)
    if name is None:
        return
    found = context.track_files.get(name)
    if found is None:
        message = f"there is no track_file {shown(name)} yet; it must stand before its use"
        hint = context.similar(name, context.track_files)
        context.problem("unknown-track-file", statement, 1, message, hint=hint)
        return
    values.put("file", found, statement)


def _file_weight(context: Context, statement: Statement, values: Values) -> None:
    if context.word(statement, 1, _GENERAL) is None:
        return
    weight = integer(context, statement, 1, -_MAX_WEIGHT, _MAX_WEIGHT)
    direction = statement.words[2] if len(statement.words) > 2 else "noreverse"
    if direction not in ("reverse", "noreverse"):
        message = f"{shown(direction)} is not reverse or noreverse; weight is ignored"
        context.problem("unknown-option", statement, 2, message)
    elif weight is not None:
        values.put("weight", (weight, direction == "reverse"), statement)


def _build_file(context: Context, check: Values, server: Checked) -> FileCheck | None:
    file: TrackFile | None = check.get("file", None)
    if file is None:
        message = f"FILE_CHECK of {server.label} has no track_file; the check is dropped"
        context.problem("no-track-file", check.owner, 0, message)
        return None
    weight, is_reversed = check.get("weight", (file.weight, file.reverse))
    # The file is looked at from the start on: what it says is no matter of luck.
    return FileCheck(file.file, weight, is_reversed, timing(check, server, retry=0, warmup=0.0))


_REPLY_LENGTH = Int(0, 65535)

CHECKS = {
    "TCP_CHECK": CheckKind(table("TCP_CHECK", CONNECTION_ROWS), _build_tcp),
    "PING_CHECK": CheckKind(table("PING_CHECK", CONNECTION_ROWS), _build_ping),
    "HTTP_GET": CheckKind(HTTP_GET, build_web),
    "SSL_GET": CheckKind(SSL_GET, build_web),
    "SMTP_CHECK": CheckKind(
        table(
            "SMTP_CHECK",
            (
                *CONNECTION_ROWS,
                Keyword("helo_name", _helo_name),
                Keyword("host", _smtp_host, Block.TABLE),
            ),
        ),
        _build_smtp,
    ),
    "DNS_CHECK": CheckKind(
        table(
            "DNS_CHECK",
            (
                *CONNECTION_ROWS,
                Keyword("type", _dns_type),
                Keyword("name", _dns_name),
            ),
        ),
        _build_dns,
    ),
    "UDP_CHECK": CheckKind(
        table(
            "UDP_CHECK",
            (
                *CONNECTION_ROWS,
                Keyword("payload", _payload),
                Keyword("require_reply", _require_reply),
                value("min_reply_length", _REPLY_LENGTH),
                value("max_reply_length", _REPLY_LENGTH),
            ),
        ),
        _build_udp,
    ),
    "MISC_CHECK": CheckKind(
        table(
            "MISC_CHECK",
            (
                *TIMING_ROWS,
                value("misc_path", ScriptWords(has_user=False, missing=_GENERAL), "script"),
                value("misc_timeout", Seconds(0, _MAX_SECONDS, digits=0)),
                value("misc_dynamic", Flag()),
                Keyword("user", _user),
            ),
        ),
        _build_misc,
    ),
    "FILE_CHECK": CheckKind(
        table(
            "FILE_CHECK",
            (Keyword("track_file", _track_file), Keyword("weight", _file_weight)),
        ),
        _build_file,
    ),
}
"""Every check that is carried out, by keyword."""
