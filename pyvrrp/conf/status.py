"""What becomes of every keyword: the tables of all blocks, seen from above.

Loads the whole language; for pages, tools and tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import NamedTuple

from . import global_config
from .auth_hmac import AUTH_HMAC, AuthHmac
from .bfd import BFD_INSTANCE
from .bfd_config import BfdInstance
from .config import GarpSettings, GlobalDefs, SyncGroup, VrrpInstance, VrrpScript
from .global_defs import GLOBAL_DEFS, ROOT_ROWS
from .links import GARP_GROUP
from .lvs import SSL
from .lvs_bfd import BFD_CHECK
from .lvs_checks import CHECKS, SMTP_HOST
from .lvs_methods import CHECKSUMS
from .lvs_servers import REAL_SERVER
from .lvs_services import VIRTUAL_SERVER
from .lvs_web import HTTP_URL, SSL_URL
from .rare_blocks import RARE_ROWS
from .route_encaps import ENCAPS
from .routes import STATIC_ROUTE
from .rules import ACTIONS, STATIC_RULE
from .schema import Keyword
from .scripts import ScriptWords
from .shapes import Bool, Choice, Int, Seconds, Shape, Word
from .statics import TRACK_GROUP
from .tracked_blocks import TRACK_FILE, TRACK_PROCESS
from .tracking_config import TrackFile, TrackProcess
from .virtual_addresses import ADDRESS_FLAGS, ADDRESS_OPTIONS, SWITCHES
from .vrrp import AUTHENTICATION, VRRP_INSTANCE, VRRP_SCRIPT, VRRP_SYNC_GROUP

__all__ = ["ACCEPTED", "ACTED_ON", "REFUSED", "Status", "document", "statuses"]

ACTED_ON = "acted on"
ACCEPTED = "accepted"
"""Read and checked; nothing comes of it yet."""
REFUSED = "refused"

_ROOT = "(root)"


class Status(NamedTuple):
    """One keyword. `field` is what it sets, without its group; empty: no single one."""

    block: str
    keyword: str
    status: str
    default: str = ""
    allowed: str = ""
    why: str = ""
    field: str = ""


class _Block(NamedTuple):
    """The rows of a block, where its defaults stand, and the keyword that opens it."""

    path: str
    rows: Iterable[Keyword]
    made: type | None = None
    opened_by: str = ""


def _opening(name: str) -> Keyword:
    return Keyword(name, lambda *_: None)


_ROOT_BLOCKS = (
    *map(_opening, ("global_defs", "vrrp_instance", "vrrp_sync_group")),
    *map(_opening, ("SSL", "virtual_server", "virtual_server_group", "vrrp_script")),
)

_SERVER = "virtual_server/real_server"

_BLOCKS = (
    _Block(_ROOT, (*_ROOT_BLOCKS, *ROOT_ROWS, *RARE_ROWS), GlobalDefs),
    _Block("global_defs", GLOBAL_DEFS.rows.values(), GlobalDefs),
    _Block("vrrp_instance", VRRP_INSTANCE.rows.values(), VrrpInstance),
    _Block("vrrp_instance/authentication", AUTHENTICATION.rows.values()),
    _Block("vrrp_instance/auth_hmac", AUTH_HMAC.rows.values(), AuthHmac, "vrrp_instance auth_hmac"),
    _Block("vrrp_sync_group", VRRP_SYNC_GROUP.rows.values(), SyncGroup),
    _Block("vrrp_script", VRRP_SCRIPT.rows.values(), VrrpScript, f"{_ROOT} vrrp_script"),
    _Block("track_file", TRACK_FILE.rows.values(), TrackFile),
    _Block("vrrp_track_file", TRACK_FILE.rows.values(), TrackFile),
    _Block(
        "vrrp_track_process",
        TRACK_PROCESS.rows.values(),
        TrackProcess,
        f"{_ROOT} vrrp_track_process",
    ),
    _Block("bfd_instance", BFD_INSTANCE.rows.values(), BfdInstance, f"{_ROOT} bfd_instance"),
    _Block("garp_group", GARP_GROUP.rows.values(), None, f"{_ROOT} garp_group"),
    _Block("track_group", TRACK_GROUP.rows.values(), None, f"{_ROOT} track_group"),
    _Block("SSL", SSL.rows.values()),
    _Block("virtual_server", VIRTUAL_SERVER.rows.values()),
    _Block(_SERVER, REAL_SERVER.rows.values()),
    *(_Block(f"{_SERVER}/{name}", kind.table.rows.values()) for name, kind in CHECKS.items()),
    _Block(f"{_SERVER}/HTTP_GET/url", HTTP_URL.rows.values()),
    _Block(f"{_SERVER}/SSL_GET/url", SSL_URL.rows.values()),
    _Block(f"{_SERVER}/SMTP_CHECK/host", SMTP_HOST.rows.values()),
    _Block(f"{_SERVER}/BFD_CHECK", BFD_CHECK.rows.values(), None, f"{_SERVER} BFD_CHECK"),
)

_GROUPS: Mapping[str, type] = {
    "garp": GarpSettings,
    "hmac": AuthHmac,
    "nftables": global_config.Nftables,
    "dbus": global_config.Dbus,
    "snmp": global_config.Snmp,
    "bfd_process": global_config.BfdProcess,
    "receive_buffers": global_config.ReceiveBuffers,
    "files": global_config.Files,
    "auto_priority": global_config.AutoPriority,
}


class _Words(NamedTuple):
    """Words inside an entry or behind a keyword; of `later` nothing comes yet."""

    path: str
    words: Iterable[str]
    later: Iterable[str] = ()


_WEIGHT = ("weight", "reverse", "noreverse")
_ROUTE = ("DEST", "TYPE", "to", *STATIC_ROUTE)
_RULE = (*ACTIONS, "type", *STATIC_RULE)
_ENDS = ("read", "match", "wildcard_match", "brace_match")
_INCLUDES = ("", "r", "m", "w", "b", "a")
_IPVLAN = ("name", "IP", "bridge", "private", "vepa", "group")
_PREPROCESSOR = (
    *("@ID", "@^ID", "$NAME=", "$NAME=\\", "$NAME", "${NAME}", "${_PWD}", "${_INSTANCE}"),
    *("${_RANDOM}", "${_ENV}", "${_HASH}", "${_BANG}", "~SEQ", "~SEQx", "~LST", "#", "!", "\\#"),
    *('"..."', "{", "}"),
)

_INSIDE = (
    _Words("(root)/preprocessor", _PREPROCESSOR),
    _Words("(root)/include", [f"include{end}" for end in _INCLUDES]),
    _Words("global_defs/include_check", _ENDS),
    _Words("global_defs/lvs_sync_daemon", ("inst", "id", "maxlen", "port", "ttl", "group")),
    _Words("global_defs/lvs_timeouts", ("tcp", "tcpfin", "udp")),
    _Words("global_defs/notification_email", ("ADDRESS",)),
    _Words("interface_up_down_delays", ("IFNAME",)),
    _Words("linkbeat_interfaces", ("MII", "ETHTOOL", "IOCTL"), ("MII", "ETHTOOL", "IOCTL")),
    _Words("lvs_method/options", ("type", "port", *CHECKSUMS)),
    _Words("virtual_server_group", ("ADDRESS", "RANGE", "fwmark")),
    _Words("vrrp_instance/unicast_peer", ("PEER", "min_ttl", "max_ttl")),
    _Words("vrrp_instance/use_vmac", ("name", "MAC", "netlink_notify_msg", "group")),
    _Words("vrrp_instance/use_ipvlan", _IPVLAN),
    _Words("vrrp_instance/track_interface", _WEIGHT[:2]),
    *(
        _Words(f"vrrp_instance/track_{kind}", _WEIGHT)
        for kind in ("script", "file", "process", "bfd")
    ),
    _Words(
        "virtual_ipaddress/address",
        ("ADDR", *ADDRESS_OPTIONS, *SWITCHES, *ADDRESS_FLAGS, "track_group"),
    ),
    _Words("virtual_routes/route", _ROUTE),
    _Words("virtual_routes/route/encap", ENCAPS),
    _Words("virtual_rules/rule", _RULE),
)


def statuses() -> tuple[Status, ...]:
    """Every keyword of every block, sorted by block and keyword."""
    found = [status for block in _BLOCKS for status in _of_block(block)]
    unused = {f"{s.block} {s.keyword}" for s in found if s.status != ACTED_ON}
    openers = {block.path: block.opened_by for block in _BLOCKS}
    found = [
        s._replace(status=ACCEPTED) if s.status == ACTED_ON and openers[s.block] in unused else s
        for s in found
    ]
    return tuple(sorted((*found, *_inside())))


def _of_block(block: _Block) -> Iterator[Status]:
    for row in block.rows:
        status = REFUSED if row.refused else ACTED_ON if row.acted_on else ACCEPTED
        yield Status(
            block.path,
            row.name,
            status,
            _default(block.made, row.field or row.name),
            _allowed(row.shape),
            row.refused,
            (row.field or row.name).rpartition("/")[2],
        )


def _inside() -> Iterator[Status]:
    for path, words, later in _INSIDE:
        for word in dict.fromkeys(words):
            yield Status(path, word, ACCEPTED if word in tuple(later) else ACTED_ON)


def _default(made: type | None, name: str) -> str:
    group, slash, own = name.rpartition("/")
    owner = _GROUPS.get(group) if slash else made
    if owner is None or not is_dataclass(owner):
        return ""
    for field in fields(owner):
        if field.name == own:
            return "" if field.default is MISSING else _plain(field.default)
    return ""


def _plain(value: object) -> str:
    match value:
        case None | "" | ():
            return ""
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:g}"
        case int() | str():
            return str(value)
        case _:
            return "" if is_dataclass(value) else str(value)


def _allowed(shape: Shape | None) -> str:
    match shape:
        case Int(low, high):
            return f"{low}..{high}"
        case Seconds(low, high, unit=unit):
            return f"{low:.6f}".rstrip("0").rstrip(".") + f"..{high:.15g} {unit}"
        case Bool():
            return "on or off"
        case Choice(values):
            return " or ".join(values)
        case Word(length) if length:
            return f"a word of up to {length} characters"
        case Word():
            return "a word"
        case ScriptWords():
            return "a program with its arguments"
        case _:
            return ""


def document() -> str:
    """`KEYWORDS.md`."""
    found = statuses()
    counts = {s: sum(f.status == s for f in found) for s in (ACTED_ON, ACCEPTED, REFUSED)}
    lines = [
        "# Every keyword, and what becomes of it",
        "",
        "Made from the tables of the code: `pytest tests/golden --rewrite-golden` writes it anew.",
        "",
        f"* {ACTED_ON} ({counts[ACTED_ON]}): the daemon does it.",
        f"* {ACCEPTED} ({counts[ACCEPTED]}): read and checked; nothing comes of it yet.",
        f"* {REFUSED} ({counts[REFUSED]}): reported as a problem, or the daemon does not start.",
    ]
    block = ""
    for status in found:
        if status.block != block:
            block = status.block
            lines += ["", f"## {block}", "", "| keyword | status | default | range |"]
            lines.append("|---|---|---|---|")
        lines.append(_line(status))
    return "\n".join((*lines, ""))


def _line(s: Status) -> str:
    status = f"{s.status}: {s.why}" if s.why else s.status
    cells = (f"`{s.keyword}`", status, s.default, s.allowed)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
