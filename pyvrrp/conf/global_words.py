"""Rarer words of `global_defs`, by the group of settings that they are of: rows `GROUP/FIELD`."""

from __future__ import annotations

from .blocks import Statement
from .context import Context
from .diagnostics import ProblemClass
from .process_words import cpu_affinity, process_name, realtime_priority, rlimit
from .schema import Keyword, value
from .shapes import Bool, Flag, Int, Seconds, Word, integer
from .values import Values

__all__ = ["GLOBAL_WORDS", "GROUPS", "path"]

GROUPS = frozenset(
    (
        *("nftables", "dbus", "snmp", "bfd_process", "receive_buffers", "files"),
        "auto_priority",
    )
)
"""Fields of `GlobalDefs` that hold a group."""

_GENERAL = ProblemClass.GENERAL
_MAX_TABLE = 254
_MAX_SET = 30
_SETS = 6
_MAX_PRIORITY = 99
_INT32 = Int(-(2**31), 2**31 - 1)


def path(name: str, field: str = "") -> Keyword:
    """A row that takes just one word."""

    def read(context: Context, statement: Statement, values: Values) -> None:
        if len(statement.words) == 2 and statement.words[1]:
            values.put(field or name, str(statement.words[1]), statement)
            return
        context.problem("bad-path", statement, 1, f"{name} needs one path")

    return Keyword(name, read)


def _table(name: str, default: str, prefix: str) -> Keyword:
    """The name of a table; what was said of its chains before is forgotten, as in keepalived."""

    def read(context: Context, statement: Statement, values: Values) -> None:
        if not context.once(statement, values, f"nftables/{prefix}table"):
            return
        table = str(statement.words[1]) if len(statement.words) > 1 else default
        if not 0 < len(table) <= _MAX_TABLE:
            message = f"{name} has {len(table)} characters, not 1..{_MAX_TABLE}; ignored"
            context.problem("bad-name", statement, 1, message)
            return
        values.put(f"nftables/{prefix}table", table, statement)
        for field in ("priority", "start_fwmark"):
            values.set.pop(f"nftables/{prefix}{field}", None)

    return Keyword(name, read)


def _flags(name: str, *fields: str) -> Keyword:
    def read(context: Context, statement: Statement, values: Values) -> None:
        for field in fields:
            values.put(field, True, statement)

    return Keyword(name, read)


def _snmp_socket(context: Context, statement: Statement, values: Values) -> None:
    if len(statement.words) != 2:
        index = min(2, len(statement.words) - 1)
        context.problem("bad-name", statement, index, "snmp_socket is one word; ignored")
    elif context.once(statement, values, "snmp/socket"):
        values.put("snmp/socket", str(statement.words[1]), statement)


def _rx_bufs_policy(context: Context, statement: Statement, values: Values) -> None:
    """`MTU`, `ADVERT` or a size; a size beats both, and MTU beats ADVERT."""
    if context.word(statement, 1, _GENERAL) is None:
        return
    policies: set[str] = set()
    for index, word in enumerate(statement.words[1:], 1):
        if word.upper() in ("MTU", "ADVERT"):
            policies.add(word.upper())
            continue
        size = integer(context, statement, index, 0, 2**32 - 1)
        if size is not None:
            values.put("receive_buffers/vrrp_size", size, statement)
    if policies and "receive_buffers/vrrp_size" in values.set:
        message = "vrrp_rx_bufs_policy has a size, so MTU and ADVERT are ignored"
        context.problem("given-twice", statement, 1, message)
        policies = set()
    elif len(policies) > 1:
        message = "vrrp_rx_bufs_policy is MTU or ADVERT; MTU is used"
        context.problem("given-twice", statement, 1, message)
        policies = {"MTU"}
    for policy in policies:
        values.put("receive_buffers/vrrp_policy", policy, statement)


def _reload_file(context: Context, statement: Statement, values: Values) -> None:
    name = str(statement.words[1]) if len(statement.words) > 1 else ""
    values.put("files/reload_file", name, statement)


def _max_auto_priority(context: Context, statement: Statement, values: Values) -> None:
    highest: object = _MAX_PRIORITY
    if len(statement.words) > 1:
        highest = integer(context, statement, 1, -1, _MAX_PRIORITY)
    if highest is not None:
        values.put("auto_priority/max", highest, statement)


def _min_auto_priority_delay(context: Context, statement: Statement, values: Values) -> None:
    """Written in microseconds, kept in seconds."""
    delay = Int(1, 10_000_000, missing=_GENERAL).read(context, statement)
    if isinstance(delay, int):
        values.put("auto_priority/min_delay", delay / 1_000_000, statement)


def _ipsets(context: Context, statement: Statement, values: Values) -> None:
    names = tuple(map(str, statement.words[1:]))
    wrong = [name for name in names if not 0 < len(name) <= _MAX_SET or names.count(name) > 1]
    if wrong or len(names) > _SETS:
        what = f"up to {_SETS} different names of up to {_MAX_SET} characters"
        context.problem("bad-name", statement, 1, f"vrrp_ipsets takes {what}; ignored")
        return
    values.put("vrrp_ipsets", names, statement)


def _buffers(socket: str) -> tuple[Keyword, Keyword]:
    field = f"receive_buffers/{socket}"
    size = Int(0, missing=_GENERAL)
    return (
        value(f"{socket}_rcv_bufs", size, field),
        value(f"{socket}_rcv_bufs_force", Bool(), f"{field}_force"),
    )


_SOCKETS = (
    *("vrrp_netlink_cmd", "vrrp_netlink_monitor", "lvs_netlink_cmd", "lvs_netlink_monitor"),
    "process_monitor",
)
_AGE = Seconds(0.001, 30)

_ROWS = (
    _table("nftables", "keepalived", ""),
    value("nftables_priority", _INT32, "nftables/priority"),
    value("nftables_ifindex", Flag(), "nftables/ifindex"),
    value("nftables_counters", Flag(), "nftables/counters"),
    _table("nftables_ipvs", "keepalived_ipvs", "ipvs_"),
    value("nftables_ipvs_priority", _INT32, "nftables/ipvs_priority"),
    value("nftables_ipvs_start_fwmark", Int(1), "nftables/ipvs_start_fwmark"),
    Keyword("vrrp_ipsets", _ipsets),
    value("enable_dbus", Flag(), "dbus/enabled"),
    value("dbus_service_name", Word(missing=_GENERAL), "dbus/service_name"),
    value("dbus_no_interface_name", Word(missing=_GENERAL), "dbus/no_interface_name"),
    # quirk: no-snmp
    Keyword("snmp_socket", _snmp_socket),
    value("enable_traps", Flag(), "snmp/traps"),
    value("enable_snmp_vrrp", Flag(), "snmp/vrrp"),
    value("enable_snmp_keepalived", Flag(), "snmp/vrrp"),
    _flags("enable_snmp_rfc", "snmp/rfcv2", "snmp/rfcv3"),
    value("enable_snmp_rfcv2", Flag(), "snmp/rfcv2"),
    value("enable_snmp_rfcv3", Flag(), "snmp/rfcv3"),
    value("enable_snmp_checker", Flag(), "snmp/checker"),
    value("snmp_vs_stats_update_interval", _AGE, "snmp/vs_stats_update_interval"),
    value("snmp_rs_stats_update_interval", _AGE, "snmp/rs_stats_update_interval"),
    process_name("bfd_process_name", "bfd_process/name"),
    value("bfd_priority", Int(-20, 19, missing=_GENERAL), "bfd_process/priority"),
    realtime_priority("bfd_rt_priority", "bfd_process/rt_priority"),
    rlimit("bfd_rlimit_rttime", "bfd_process/rlimit_rttime"),
    rlimit("bfd_rlimit_rtime", "bfd_process/rlimit_rttime"),
    value("bfd_no_swap", Flag(), "bfd_process/no_swap"),
    cpu_affinity("bfd_cpu_affinity", "bfd_process/cpu_affinity"),
    *(row for socket in _SOCKETS for row in _buffers(socket)),
    Keyword("vrrp_rx_bufs_policy", _rx_bufs_policy),
    value("config_save_dir", Word(), "files/config_save_dir"),
    value("tmp_config_directory", Word(missing=_GENERAL), "files/tmp_config_directory", once=True),
    path("iproute_usr_dir", "files/iproute_usr_dir"),
    path("iproute_etc_dir", "files/iproute_etc_dir"),
    path("stats_dump_file", "files/stats_dump_file"),
    path("json_dump_file", "files/json_dump_file"),
    Keyword("reload_file", _reload_file),
    path("reload_time_file", "files/reload_time_file"),
    value("reload_repeat", Flag(), "files/reload_repeat"),
    Keyword("max_auto_priority", _max_auto_priority),
    Keyword("min_auto_priority_delay", _min_auto_priority_delay),
    value("disable_local_igmp", Flag()),
)

_ACTED_ON = (
    *("bfd_process_name", "bfd_priority", "bfd_rt_priority", "bfd_cpu_affinity"),
    *("bfd_rlimit_rttime", "bfd_rlimit_rtime", "bfd_no_swap"),
    "vrrp_rx_bufs_policy",
    *("vrrp_netlink_cmd_rcv_bufs", "vrrp_netlink_cmd_rcv_bufs_force"),
    *("vrrp_netlink_monitor_rcv_bufs", "vrrp_netlink_monitor_rcv_bufs_force"),
    *("max_auto_priority", "min_auto_priority_delay"),
    *("process_monitor_rcv_bufs", "process_monitor_rcv_bufs_force"),
    *("enable_dbus", "dbus_service_name", "dbus_no_interface_name"),
    *("iproute_usr_dir", "iproute_etc_dir"),
    *("stats_dump_file", "json_dump_file"),
    *("reload_file", "reload_time_file", "reload_repeat"),
    "disable_local_igmp",
    *("nftables_ipvs", "nftables_ipvs_priority", "nftables_ipvs_start_fwmark"),
    *("nftables", "nftables_priority", "nftables_ifindex", "nftables_counters"),
)

GLOBAL_WORDS = tuple(row._replace(acted_on=row.name in _ACTED_ON) for row in _ROWS)
"""The rows, in the order of their groups."""
