"""`vrrp_instance { ... }`, `vrrp_script { ... }` and `vrrp_sync_group { ... }`: their keywords.

Only what one statement can say by itself is judged here; `vrrp_checks` looks at the whole.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from sys import intern

from .addresses import is_of_family, read_address
from .blocks import Statement
from .config import Script, VrrpScript
from .context import Context, shown
from .diagnostics import ProblemClass
from .garp import extra_if
from .known import Block
from .lexer import octets
from .rare_blocks import RARE_INSTANCE_ROWS
from .schema import Keyword, later, old, read_block, table, value
from .scripts import ScriptWords
from .shapes import SKIP, Bool, Choice, Flag, Int, Seconds, Word
from .trackers import (
    TRACK_BFD,
    TRACK_FILE,
    TRACK_INTERFACE,
    TRACK_PROCESS,
    TRACK_SCRIPT,
    UNICAST_PEER,
)
from .values import Values, make
from .virtual_addresses import read_excluded_addresses, read_virtual_addresses
from .vmac import USE_VMAC

__all__ = [
    "AUTHENTICATION",
    "NOTIFY_SCRIPTS",
    "VRRP_INSTANCE",
    "VRRP_SCRIPT",
    "VRRP_SYNC_GROUP",
    "read_script",
]

_MAX_NAME = 15
_MAX_PASSWORD = 8
_MAX_SECONDS = 4294
_UNICAST = "unicast/configured"


def _interface(context: Context, statement: Statement, values: Values) -> None:
    """Existence is judged at the end of the block: without one unicast may still work."""
    name = context.word(statement)
    if name is None:
        return
    if len(name) > _MAX_NAME:
        message = f"interface name {shown(name)} is longer than {_MAX_NAME} characters; ignored"
        context.problem("too-long", statement, 1, message)
        return
    values.put("interface", intern(str(name)), statement)


def _version(context: Context, statement: Statement, values: Values) -> None:
    version = Int(2, 3).read(context, statement)
    if version is SKIP:
        return
    before = values.get("version", version)
    if before != version:
        other = f"version {before}, which was set or follows from native_ipv6"
    elif version == 2 and values.get("family", 4) == 6:
        other = "IPv6 addresses, which need version 3"
    else:
        values.put("version", version, statement)
        return
    message = f"version {version} conflicts with {other}; ignored"
    context.problem("version-conflict", statement, 1, message)


def _native_ipv6(context: Context, statement: Statement, values: Values) -> None:
    if values.get("family", 6) == 4:
        message = "native_ipv6 stands behind an IPv4 address; ignored"
        context.problem("other-family", statement, 0, message)
        return
    values.put("family", 6, statement)
    values.put("version", 3, statement)


def _state(context: Context, statement: Statement, values: Values) -> None:
    state = Choice({"MASTER": "MASTER", "BACKUP": "BACKUP"}).read(context, statement)
    if state is SKIP:
        state = "BACKUP" if len(statement.words) > 1 else SKIP
    elif state == "BACKUP" and values.get("state", "") == "MASTER":
        first = values.at["state"].span()
        message = "state BACKUP after state MASTER is ignored"
        context.problem("given-twice", statement, 1, message, remark=f"MASTER stands at {first}")
        return
    if state is not SKIP:
        values.put("state", state, statement)


def _priority(context: Context, statement: Statement, values: Values) -> None:
    priority = Int(1, 255).read(context, statement)
    values.put("priority", 100 if priority is SKIP else priority, statement)


def _source(name: str, *, is_unicast: bool) -> Keyword:
    def read(context: Context, statement: Statement, values: Values) -> None:
        if is_unicast:
            values.put(_UNICAST, True, statement)
        address = read_address(context, statement)
        if address is None:
            return
        if is_of_family(context, statement, 1, values, address):
            values.put("source/address", address, statement)
        else:
            values.set.pop("source/address", None)

    return Keyword(name, read)


def _mcast_dst_ip(context: Context, statement: Statement, values: Values) -> None:
    address = read_address(context, statement)
    if address is None or not is_of_family(context, statement, 1, values, address):
        return
    is_suitable = address.is_multicast
    kind = "multicast"
    if not isinstance(address, IPv4Address):
        is_suitable = is_suitable and address.packed[1] & 0x0F == 2
        kind = "link-local multicast (ff02::/16)"
    if not is_suitable:
        message = f"mcast_dst_ip {address} is not {kind}; ignored"
        context.problem("not-multicast", statement, 1, message)
        return
    values.put("mcast_dst_ip", address, statement)


def _unicast_flag(name: str) -> Keyword:
    def read(context: Context, statement: Statement, values: Values) -> None:
        values.put(_UNICAST, True, statement)
        values.put(name, True, statement)

    return Keyword(name, read)


def _old_unicast_checksum(context: Context, statement: Statement, values: Values) -> None:
    values.put(_UNICAST, True, statement)
    if len(statement.words) < 2:
        values.put("old_unicast_checksum", True, statement)
    elif statement.words[1] == "never":
        values.put("old_unicast_checksum", False, statement)
    else:
        message = f"old_unicast_checksum {shown(statement.words[1])} is not never; ignored"
        context.problem("unknown-value", statement, 1, message)


def _vrf(context: Context, statement: Statement, values: Values) -> None:
    name = Word(length=_MAX_NAME).read(context, statement)
    if name is SKIP:
        return
    if values.get("interface", None) is not None:
        context.problem("vrf-and-interface", statement, 0, "vrf excludes interface; vrf is ignored")
    elif not context.has_interface(str(name)):
        message = f"vrf {shown(str(name))} does not exist; ignored"
        hint = context.interfaces(str(name))
        context.problem("unknown-interface", statement, 1, message, is_fatal=True, hint=hint)
    elif context.once(statement, values, "vrf"):
        values.put("vrf", name, statement)


def _auth_pass(context: Context, statement: Statement, values: Values) -> None:
    word = context.word(statement)
    if word is None:
        return
    password = octets(word)
    if len(password) > _MAX_PASSWORD:
        message = f"auth_pass is longer than {_MAX_PASSWORD} characters; the rest is cut off"
        context.problem("too-long", statement, 1, message)
    values.put("auth/pass", password[:_MAX_PASSWORD], statement)


AUTHENTICATION = table(
    "authentication",
    (
        value("auth_type", Choice({"PASS": "PASS", "AH": "AH"}), "auth/type"),
        Keyword("auth_pass", _auth_pass),
    ),
)


def _authentication(context: Context, statement: Statement, values: Values) -> None:
    read_block(context, statement.block or (), AUTHENTICATION, values)


def _auth_hmac(context: Context, statement: Statement, values: Values) -> None:
    from .auth_hmac import read_auth_hmac

    read_auth_hmac(context, statement, values)


def _use_ipvlan(context: Context, statement: Statement, values: Values) -> None:
    from .ipvlan import read_use_ipvlan

    read_use_ipvlan(context, statement, values)


def _timer_expired_backup(context: Context, statement: Statement, values: Values) -> None:
    """`timer_expired_backup [PRIORITY]`: the highest one that another router has."""
    priority: object = 254
    if len(statement.words) > 1:
        priority = Int(1, 254).read(context, statement)
    if priority is not SKIP:
        values.put("timer_expired_backup", priority, statement)


def _kernel_rx_buf_size(context: Context, statement: Statement, values: Values) -> None:
    size = Int(0, missing=ProblemClass.GENERAL).read(context, statement)
    if size is not SKIP:
        values.put("kernel_rx_buf_size", size, statement)


def _notify_deleted(context: Context, statement: Statement, values: Values) -> None:
    """A switch in the papers, a script in the program: both are understood."""
    if not context.once(statement, values, "notify_deleted"):
        return
    word = statement.words[1] if len(statement.words) > 1 else "on"
    if word in ("on", "true", "yes", "off", "false", "no"):
        values.put("notify_deleted", Bool().read(context, statement), statement)
        return
    script = _SCRIPT.read(context, statement)
    if script is not SKIP:
        values.put("notify_deleted", True, statement)
        values.put("notify_deleted_script", script, statement)


_REPEAT = Int(1, zero=1)
_DELAY = Seconds(0, _MAX_SECONDS, digits=0)
_SCRIPT = ScriptWords()
_NOTIFY = ("notify", "notify_master", "notify_backup", "notify_fault", "notify_stop")
_NOTIFY_MORE = (*_NOTIFY, "notify_master_rx_lower_pri")
NOTIFY_SCRIPTS = (*_NOTIFY_MORE, "notify_deleted_script")
"""Fields that name a program; a sync group has the first few."""

VRRP_INSTANCE = table(
    "vrrp_instance",
    (
        Keyword("interface", _interface),
        value("virtual_router_id", Int(1, 255)),
        Keyword("state", _state),
        Keyword("priority", _priority),
        Keyword("version", _version),
        Keyword("native_ipv6", _native_ipv6),
        value("advert_int", Seconds(0.01, 255)),
        value("nopreempt", Flag()),
        value("preempt", Flag(False), "nopreempt"),
        value("preempt_delay", Seconds(0, 1000)),
        value("dont_track_primary", Flag()),
        value("accept", Flag()),
        value("no_accept", Flag(False), "accept"),
        value("strict_mode", Bool(), "strict"),
        Keyword("authentication", _authentication, Block.TABLE),
        Keyword("auth_hmac", _auth_hmac, Block.TABLE),
        _source("mcast_src_ip", is_unicast=False),
        _source("unicast_src_ip", is_unicast=True),
        Keyword("mcast_dst_ip", _mcast_dst_ip),
        UNICAST_PEER,
        value("unicast_ttl", Int(0, 255)),
        _unicast_flag("check_unicast_src"),
        Keyword("virtual_ipaddress", read_virtual_addresses, Block.ENTRIES),
        Keyword("virtual_ipaddress_excluded", read_excluded_addresses, Block.ENTRIES),
        value("no_virtual_ipaddress", Flag(), "addresses/none"),
        *RARE_INSTANCE_ROWS,
        TRACK_INTERFACE,
        TRACK_FILE,
        TRACK_PROCESS,
        TRACK_BFD,
        value("garp_master_delay", _DELAY, "garp/master_delay"),
        value("garp_master_repeat", _REPEAT, "garp/master_repeat"),
        value("garp_master_refresh", Seconds(0, 2**32 - 1, 0), "garp/master_refresh"),
        value("garp_master_refresh_repeat", _REPEAT, "garp/master_refresh_repeat"),
        value("garp_lower_prio_delay", _DELAY, "garp/lower_prio_delay"),
        value("garp_lower_prio_repeat", Int(0, 2**31 - 1), "garp/lower_prio_repeat"),
        extra_if("garp_extra_if", 0),
        value("down_timer_adverts", Int(1, 100)),
        Keyword("timer_expired_backup", _timer_expired_backup),
        value("higher_prio_send_advert", Bool()),
        value("lower_prio_no_advert", Bool()),
        value("owner_ignore_adverts", Bool()),
        value("skip_check_adv_addr", Bool()),  # quirk: skip-check-off
        value("v3_checksum_as_v2", Bool()),
        USE_VMAC,
        value("use_vmac_addr", Flag()),
        Keyword("use_ipvlan", _use_ipvlan),
        value("vmac_xmit_base", Flag()),
        value("debug", Int(0, 4), acted_on=False),
        value("track_src_ip", Flag()),
        _unicast_flag("unicast_fault_no_peer"),
        Keyword("old_unicast_checksum", _old_unicast_checksum),
        Keyword("kernel_rx_buf_size", _kernel_rx_buf_size),
        old("linkbeat_use_polling", "name the interface in a linkbeat_interfaces block"),
        old("lvs_sync_daemon_interface", "use lvs_sync_daemon in global_defs", has_value=True),
        old("thread_timer_expired", "write timer_expired_backup"),
        old("vmac_garp_intvl", "write garp_extra_if", ProblemClass.DEPRECATED),
        *(value(name, _SCRIPT, once=True) for name in _NOTIFY_MORE),
        Keyword("notify_deleted", _notify_deleted),
        value("notify_priority_changes", Bool()),
        value("smtp_alert", Bool()),
        value("promote_secondaries", Flag()),
        Keyword("vrf", _vrf),
        *later(),
        TRACK_SCRIPT,
    ),
)


def _group(context: Context, statement: Statement, values: Values) -> None:
    if not context.once(statement, values, "members"):
        return
    members = [
        (str(word), entry, index)
        for entry in statement.block or ()
        for index, word in enumerate(entry.words)
    ]
    if not members:
        context.problem("empty-block", statement, 0, "the group has no members")
        return
    values.put("members", members, statement)


def _global_tracking(context: Context, statement: Statement, values: Values) -> None:
    message = "global_tracking is an old keyword; sync_group_tracking_weight is set"
    hint = "put track_interface and track_script into the group"
    context.problem("deprecated", statement, 0, message, hint=hint)
    values.put("sync_group_tracking_weight", True, statement)


VRRP_SYNC_GROUP = table(
    "vrrp_sync_group",
    (
        Keyword("group", _group, Block.ENTRIES),
        *(value(name, _SCRIPT, once=True) for name in _NOTIFY),
        value("notify_priority_changes", Bool()),
        value("smtp_alert", Bool()),
        TRACK_SCRIPT,
        value("sync_group_tracking_weight", Flag()),
        Keyword("global_tracking", _global_tracking),
        TRACK_INTERFACE,
        TRACK_FILE,
        TRACK_PROCESS,
        TRACK_BFD,
    ),
)


def _script_weight(context: Context, statement: Statement, values: Values) -> None:
    weight = Int(-253, 253).read(context, statement)
    if weight is not SKIP:
        values.put("weight", weight, statement)
    if len(statement.words) < 3:
        return
    if statement.words[2] == "reverse":
        values.put("reverse", True, statement)
    else:
        message = f"{shown(statement.words[2])} behind a weight is not reverse; ignored"
        context.problem("unknown-option", statement, 2, message)


def _script_user(context: Context, statement: Statement, values: Values) -> None:
    user = context.word(statement)
    if user is not None:
        context.account(statement, 1)
        values.put("user/name", str(user), statement)
        values.set["user/group"] = str(statement.words[2]) if len(statement.words) > 2 else None


_INTERVAL = Seconds(0.001, _MAX_SECONDS, digits=3, zero=1.0)

VRRP_SCRIPT = table(
    "vrrp_script",
    (
        value("script", ScriptWords(has_user=False, missing=ProblemClass.NONE)),
        value("interval", _INTERVAL),
        value("timeout", _INTERVAL),
        Keyword("weight", _script_weight),
        value("rise", Int(1, 2**31 - 1)),
        value("fall", Int(1, 2**31 - 1)),
        Keyword("user", _script_user),
        value("init_fail", Flag()),
    ),
)


def read_script(context: Context, statement: Statement, name: str) -> VrrpScript | None:
    """A `vrrp_script` block; None when it names no program, which is reported."""
    values = Values(statement)
    read_block(context, statement.block or (), VRRP_SCRIPT, values)
    if "script" not in values.set:
        message = f"vrrp_script {shown(name)} has no script; it is dropped"
        context.problem("no-script", statement, 1, message)
        return None
    return _built_script(values, name)


def _built_script(values: Values, name: str) -> VrrpScript:
    fields = {field: v for field, v in values.set.items() if "/" not in field}
    script = fields["script"]
    if isinstance(script, Script):
        user, group = values.get("user/name", None), values.get("user/group", None)
        fields["script"] = replace(script, user=user, group=group)
    return make(VrrpScript, {**fields, "name": name, "span": values.owner.span(1)})
