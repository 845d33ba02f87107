"""`global_defs { ... }`, and the top-level words that belong to no block.

keepalived 2.4.3 reads these before anything else, so it does not matter where they stand.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from .addresses import read_address
from .blocks import Statement
from .config import GarpSettings, GlobalDefs, NotifyFifo, Script, ScriptUser
from .context import Context, shown
from .diagnostics import ProblemClass, Severity
from .garp import extra_if
from .global_words import GLOBAL_WORDS, GROUPS, path
from .known import Block
from .lvs_globals import LVS_FLUSH_ON_STOP, LVS_SYNC_DAEMON, LVS_TIMEOUTS
from .process_words import cpu_affinity, process_name, realtime_priority, rlimit
from .schema import Keyword, later, old, table, value
from .scripts import ScriptWords
from .shapes import SKIP, Bool, Flag, Int, Seconds, Word, integer
from .values import Values, make

__all__ = ["GLOBAL_DEFS", "ROOT_ROWS", "build_global_defs"]

_GENERAL = ProblemClass.GENERAL
_MAX_SECONDS = 4294
"""keepalived counts microseconds in 32 bits."""

_UMASK_BITS = {
    f"I{bit}{who}": number << shift
    for who, shift in (("USR", 6), ("GRP", 3), ("OTH", 0))
    for bit, number in (("R", 4), ("W", 2), ("X", 1))
} | {"IRWXU": 0o700, "IRWXG": 0o070, "IRWXO": 0o007}


def _group_address(
    context: Context, statement: Statement, group: str, version: type[IPv4Address | IPv6Address]
) -> IPv4Address | IPv6Address | None:
    """The address of a multicast group, None after a report."""
    address = read_address(context, statement)
    if address is None:
        return None
    if not isinstance(address, version):
        message = f"{group} {address} is not an {version.__name__.removesuffix('Address')} address"
        context.problem("bad-address", statement, 1, message)
        return None
    if not address.is_multicast:
        context.problem("not-multicast", statement, 1, f"{group} {address} is not multicast")
        return None
    return address


def _mcast_group4(context: Context, statement: Statement, values: Values) -> None:
    address = _group_address(context, statement, "vrrp_mcast_group4", IPv4Address)
    if address is not None:
        values.put("vrrp_mcast_group4", address, statement)


def _mcast_group6(context: Context, statement: Statement, values: Values) -> None:
    address = _group_address(context, statement, "vrrp_mcast_group6", IPv6Address)
    if address is None:
        return
    if address.packed[1] & 0x0F != 2:
        context.problem(
            "not-link-local",
            statement,
            1,
            f"vrrp_mcast_group6 {address} should be link-local multicast (ff02::/16)",
            severity=Severity.WARNING,
            problem_class=ProblemClass.WARNING,
        )
    values.put("vrrp_mcast_group6", address, statement)


def _dynamic_interfaces(context: Context, statement: Statement, values: Values) -> None:
    values.put("dynamic_interfaces", True, statement)
    option = statement.words[1:2]
    if option == ["allow_if_changes"]:
        values.put("allow_if_changes", True, statement)
    elif option:
        message = f"unknown option {shown(option[0])} of dynamic_interfaces"
        hint = "the only option is allow_if_changes"
        context.problem("unknown-value", statement, 1, message, hint=hint)


def _min_garp(context: Context, statement: Statement, values: Values) -> None:
    """One gratuitous ARP, no second burst; what was set explicitly before stays."""
    wanted = Bool().read(context, statement)
    if wanted is SKIP or not wanted:
        return
    for field, default, least in (
        ("garp/master_repeat", 5, 1),
        ("garp/master_refresh_repeat", 1, 0),
        ("garp/master_delay", 5.0, 0.0),
    ):
        if values.get(field, default) == default:
            values.put(field, least, statement)


def _startup_delay(field: str) -> Keyword:
    shape = Seconds(0.001, 4294.967295)

    def read(context: Context, statement: Statement, values: Values) -> None:
        seconds = shape.read(context, statement)
        if isinstance(seconds, float) and seconds > values.get(field, 0.0):
            values.put(field, seconds, statement)

    return Keyword(field, read)


def _notify_fifo(prefix: str) -> tuple[Keyword, Keyword]:
    name = f"{prefix}notify_fifo"

    def read(context: Context, statement: Statement, values: Values) -> None:
        if not context.once(statement, values, name):
            return
        path = context.word(statement, 1, _GENERAL)
        if path is not None:
            context.account(statement, 2, ProblemClass.NONE)
            user, group = (*map(str, statement.words[2:4]), None, None)[:2]
            values.put(name, NotifyFifo(str(path), user, group), statement)

    shape = ScriptWords(missing=_GENERAL)
    return Keyword(name, read), value(f"{name}_script", shape, f"{name}/script", once=True)


def _script_user(context: Context, statement: Statement, values: Values) -> None:
    user = context.word(statement, 1, _GENERAL)
    if user is not None:
        context.account(statement, 1)
        group = str(statement.words[2]) if len(statement.words) > 2 else None
        values.put("script_user", ScriptUser(str(user), group), statement)


def _smtp_server(context: Context, statement: Statement, values: Values) -> None:
    host = context.word(statement)
    if host is None:
        return
    if len(statement.words) > 2:
        port = integer(context, statement, 2, 1, 65535, "smtp_server port")
        if port is None:
            return
        values.put("smtp_port", port, statement)
    values.put("smtp_server", str(host), statement)


def _notification_email(context: Context, statement: Statement, values: Values) -> None:
    words = [str(word) for entry in statement.block or () for word in entry.words]
    if not words:
        context.problem("empty-block", statement, 0, "notification_email names nobody")
        return
    values.extend("notification_email", words, statement)


def _email_from(context: Context, statement: Statement, values: Values) -> None:
    address = context.word(statement, 1, _GENERAL)
    if address is None:
        return
    if len(statement.words) > 2:
        context.problem(
            "extra-words",
            statement,
            2,
            "notification_email_from takes one word; the rest is ignored",
            hint="put a name with blanks in double quotes",
        )
    values.put("notification_email_from", str(address), statement)


def _umask(context: Context, statement: Statement, values: Values) -> None:
    word = context.word(statement)
    if word is None:
        return
    mask = _umask_number(word) if word[:1].isdecimal() else _umask_names(statement.words[1:])
    if mask is None or (word[:1].isdecimal() and len(statement.words) > 2):
        message = f"{shown(' '.join(statement.words[1:]))} is not a file creation mask"
        hint = "an octal number such as 0177, or names such as IRWXG|IRWXO"
        context.problem("bad-umask", statement, 1, message, hint=hint)
        return
    values.put("umask", mask, statement)


def _umask_number(text: str) -> int | None:
    """C's notation: 0x hexadecimal, 0 octal, else decimal; None when it is no mask."""
    base = 16 if text[:2].lower() == "0x" else 8 if text[0] == "0" else 10
    try:
        mask = int(text, base)
    except ValueError:
        return None
    return mask if mask <= 0o777 and "_" not in text else None


def _umask_names(words: list[str]) -> int | None:
    names = "".join(words).split("|")
    if not all(name in _UMASK_BITS for name in names):
        return None
    mask = 0
    for name in names:
        mask |= _UMASK_BITS[name]
    return mask


def _include_check(context: Context, statement: Statement, values: Values) -> None:
    """It has acted already, while the text was read; only its words are checked here."""
    known = ("read", "match", "wildcard_match", "brace_match")
    for index, word in enumerate(statement.words[1:], 1):
        sign = word[:1] if word[:1] in ("+", "-") else ""
        if word.removeprefix(sign) not in known:
            message = f"unknown include_check {shown(word)}; {', '.join(known)} are known"
            hint = context.similar(word.removeprefix(sign), known)
            context.problem("unknown-value", statement, index, message, hint=hint)
        elif index > 1 and not sign:
            message = f"include_check {shown(word)} is ignored; only the first word has no sign"
            hint = f"write +{word} to add it to the first"
            context.problem("missing-sign", statement, index, message, hint=hint)


_SCRIPT = ScriptWords(missing=_GENERAL, account=_GENERAL)
_REPEAT = Int(1, zero=1)
_DELAY = Seconds(0, _MAX_SECONDS, digits=0)

GLOBAL_DEFS = table(
    "global_defs",
    (
        value("vrrp_version", Int(2, 3)),
        value("vrrp_strict", Bool()),
        Keyword("vrrp_mcast_group4", _mcast_group4),
        Keyword("vrrp_mcast_group6", _mcast_group6),
        value("vrrp_restore_removed", Bool()),
        value("vrrp_skip_check_adv_addr", Bool()),
        value("vrrp_check_unicast_src", Flag()),
        value("vrrp_down_timer_adverts", Int(1, 100)),
        value("vrrp_higher_prio_send_advert", Bool()),
        value("vrrp_lower_prio_no_advert", Bool()),
        value("vrrp_owner_ignore_adverts", Bool()),
        value("v3_checksum_as_v2", Flag()),
        value("vrrp_garp_master_delay", _DELAY, "garp/master_delay"),
        value("vrrp_garp_master_repeat", _REPEAT, "garp/master_repeat"),
        value("vrrp_garp_master_refresh", Seconds(0, 2**32 - 1, 0), "garp/master_refresh"),
        value("vrrp_garp_master_refresh_repeat", _REPEAT, "garp/master_refresh_repeat"),
        value("vrrp_garp_lower_prio_delay", _DELAY, "garp/lower_prio_delay"),
        value("vrrp_garp_lower_prio_repeat", Int(0, 2**31 - 1), "garp/lower_prio_repeat"),
        Keyword("vrrp_min_garp", _min_garp),
        value("vrrp_garp_interval", Seconds(0.000001, 4294.967295)),
        value("vrrp_gna_interval", Seconds(0.000001, 4294.967295)),
        extra_if("vrrp_garp_extra_if", 1),
        old("vrrp_iptables", "write nftables; iptables is not supported"),
        old("vrrp_vmac_garp_intvl", "write vrrp_garp_extra_if", ProblemClass.DEPRECATED),
        Keyword("dynamic_interfaces", _dynamic_interfaces),
        value("default_interface", Word(length=15, missing=_GENERAL)),
        value("vmac_prefix", Word(), once=True),
        value("vmac_addr_prefix", Word(), once=True),
        value("vrrp_priority", Int(-20, 19, missing=_GENERAL)),
        realtime_priority("vrrp_rt_priority"),
        cpu_affinity("vrrp_cpu_affinity"),
        value("process_names", Flag()),
        process_name("process_name"),
        value("random_seed", Int(0)),
        process_name("vrrp_process_name"),
        Keyword("umask", _umask),
        Keyword("include_check", _include_check),
        value("reload_check_config", Flag()),
        path("state_dump_file"),
        value("data_use_instance", Bool()),
        value("json_version", Int(1, 2, missing=_GENERAL)),
        value("enable_script_security", Flag()),
        Keyword("script_user", _script_user),
        value("set_supplementary_groups", Bool()),
        value("startup_script", _SCRIPT, once=True),
        value("startup_script_timeout", Seconds(1, 1000, 0, missing=_GENERAL)),
        value("shutdown_script", _SCRIPT, once=True),
        value("shutdown_script_timeout", Seconds(1, 1000, 0, missing=_GENERAL)),
        value("lvs_flush", Flag()),
        *LVS_FLUSH_ON_STOP,
        LVS_TIMEOUTS,
        LVS_SYNC_DAEMON,
        *_notify_fifo("lvs_"),
        *_notify_fifo(""),
        *_notify_fifo("vrrp_"),
        value("router_id", Word(missing=_GENERAL)),
        Keyword("notification_email", _notification_email, Block.ENTRIES),
        Keyword("notification_email_from", _email_from),
        Keyword("smtp_server", _smtp_server),
        value("smtp_helo_name", Word(missing=ProblemClass.NONE)),
        value("smtp_connect_timeout", Seconds(0, _MAX_SECONDS, digits=0, zero=1.0)),
        value("smtp_alert", Bool()),
        value("smtp_alert_vrrp", Bool()),
        value("no_email_faults", Flag()),
        value("fifo_write_vrrp_states_on_reload", Flag()),
        value("vrrp_notify_priority_changes", Bool()),
        value("smtp_alert_checker", Bool()),
        value("no_checker_emails", Bool()),
        value("rs_init_notifies", Bool()),
        value("checker_log_all_failures", Bool()),
        value("checker_priority", Int(-20, 19, missing=_GENERAL)),
        realtime_priority("checker_rt_priority"),
        cpu_affinity("checker_cpu_affinity"),
        process_name("checker_process_name"),
        process_name("lvs_process_name", "checker_process_name"),
        *GLOBAL_WORDS,
        value("vrrp_rx_bufs_multiplier", Int(1, missing=_GENERAL)),
        _startup_delay("vrrp_startup_delay"),
        _startup_delay("vrrp_delay_after_boot"),
        value("log_unknown_vrids", Flag()),
        rlimit("vrrp_rlimit_rttime", "vrrp_rlimit_rttime"),
        rlimit("vrrp_rlimit_rtime", "vrrp_rlimit_rttime"),
        value("vrrp_no_swap", Flag()),
        rlimit("checker_rlimit_rttime", "checker_rlimit_rttime"),
        rlimit("checker_rlimit_rtime", "checker_rlimit_rttime"),
        value("checker_no_swap", Flag()),
        *later(
            value("use_symlink_paths", Bool()),
        ),
    ),
)


def _namespace_of_ipvs(context: Context, statement: Statement, values: Values) -> None:
    """Without a name: the namespace the daemon was started in."""
    if context.once(statement, values, "net_namespace_ipvs"):
        name = str(statement.words[1]) if len(statement.words) > 1 else ""
        values.put("net_namespace_ipvs", name, statement)


ROOT_ROWS = (
    value("child_wait_time", Seconds(0, 2**32 - 1, digits=0)),
    value("instance", Word(missing=_GENERAL), once=True),
    value("net_namespace", Word(missing=_GENERAL), once=True),
    Keyword("net_namespace_ipvs", _namespace_of_ipvs),
    value("namespace_with_ipsets", Flag(), acted_on=False),
    value("linkbeat_use_polling", Flag(), acted_on=False),
    value("use_pid_dir", Flag()),
)
"""Top-level words that set a field of `GlobalDefs`."""


def build_global_defs(values: Values) -> GlobalDefs:
    """The finished globals: what depends on another setting is resolved."""
    garp = {name.removeprefix("garp/"): v for name, v in values.set.items() if "garp/" in name}
    # Unset, the second pair follows the first one, whatever the defaults say.
    garp.setdefault("lower_prio_delay", garp.get("master_delay", 5.0))
    garp.setdefault("lower_prio_repeat", garp.get("master_repeat", 5))
    fields = {name: v for name, v in values.set.items() if "/" not in name}
    for name in ("notify_fifo", "vrrp_notify_fifo", "lvs_notify_fifo"):
        fifo, script = fields.get(name), values.set.get(f"{name}/script")
        if isinstance(fifo, NotifyFifo) and isinstance(script, Script):
            fields[name] = replace(fifo, script=script)
    if "instance" in fields or "net_namespace" in fields:
        fields["use_pid_dir"] = True
    fields["garp"] = make(GarpSettings, garp)
    if any(name.partition("/")[0] in GROUPS for name in values.set):
        from .global_config import build_groups

        fields |= build_groups(values.set)
    return make(GlobalDefs, fields)
