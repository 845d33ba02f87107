"""State as JSON, in keepalived's names, order and types: some flags are numbers, others are not.

Version 1 is a list of instances, version 2 an object with that list and the tracked processes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from ..conf.config import Config, VrrpInstance
from ..conf.tracking_config import TrackProcess
from ..core.actions import StateName
from ..counters import Counters
from ..snapshot import TrackedSnapshot, VirtualRouterSnapshot
from .addresses import virtual_addresses
from .data_routes import route_text, rule_text
from .host import UNKNOWN, HostFacts
from .own_link import has_own_link, own_name
from .states import state_word, wanted_word
from .stats import counted
from .whole import Whole
from .wording import MASK, command

__all__ = ["text"]

Value: TypeAlias = bool | int | float | str | list[str]
Pairs: TypeAlias = Iterator[tuple[str, Value]]

_NUMBERS = {"INIT": 0, "BACKUP": 1, "MASTER": 2, "FAULT": 3}
_AUTH_TYPES = {"PASS": 1, "AH": 2}


def text(
    config: Config,
    snapshots: Mapping[str, VirtualRouterSnapshot],
    host: HostFacts = UNKNOWN,
    tracked: Sequence[TrackedSnapshot] = (),
) -> str | None:
    """The whole document in one line; None when there is no instance, as then nothing is written.

    `snapshots` by name of the instance; one without a snapshot has not started.
    """
    if not config.instances:
        return None
    whole = Whole(config, host, snapshots, tracked)
    instances = [
        {
            "data": dict(_data(whole, instance)),
            "stats": counted(_counters(whole.snapshot(instance))),
        }
        for instance in config.instances
    ]
    document: object = instances
    if config.global_defs.json_version == 2:
        processes = [dict(_process(whole, process)) for process in config.track_processes]
        document = {"vrrp": instances} | ({"track_process": processes} if processes else {})
    # quirk: json-backslash
    plain = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return plain.replace("/", "\\/")


def _counters(snapshot: VirtualRouterSnapshot | None) -> Counters:
    return Counters() if snapshot is None else snapshot.counters


def _data(whole: Whole, instance: VrrpInstance) -> Pairs:
    snapshot = whole.snapshot(instance)
    link = own_name(whole, instance) if has_own_link(instance) else ""
    active = None if snapshot is None else snapshot.active_router
    yield "iname", instance.name
    yield "dont_track_primary", int(instance.dont_track_primary)
    yield "skip_check_adv_addr", int(instance.skip_check_adv_addr)
    yield "strict_mode", int(instance.strict)
    yield "vmac_ifname", link
    if instance.interface is not None:
        yield "ifp_ifname", link or instance.interface
    yield "master_priority", 0 if active is None else active.priority
    changed_at = snapshot.changed_at if snapshot is not None else None
    yield "last_transition", round(changed_at or 0.0, 6)
    yield from _announcements(instance)
    yield "vrid", instance.virtual_router_id
    yield "base_priority", instance.priority
    yield "effective_priority", instance.priority if snapshot is None else snapshot.priority
    yield "vipset", snapshot is not None and snapshot.state is StateName.ACTIVE
    yield "promote_secondaries", instance.promote_secondaries
    yield "adver_int", _number(instance.advert_int)
    yield "master_adver_int", _number(instance.advert_int if active is None else active.interval)
    yield "accept", int(instance.accept)
    yield "nopreempt", instance.nopreempt
    yield "preempt_delay", int(instance.preempt_delay)
    yield "state", _NUMBERS[state_word(snapshot)]
    yield "wantstate", _NUMBERS[wanted_word(whole, instance)]
    yield "version", instance.version
    yield from _notifications(instance)
    for name, addresses in (
        ("vips", instance.virtual_ipaddress),
        ("evips", instance.virtual_ipaddress_excluded),
    ):
        yield from _listed(name, virtual_addresses(whole, instance, addresses))
    yield from _listed("vroutes", map(route_text, instance.virtual_routes))
    yield from _listed("vrules", map(rule_text, instance.virtual_rules))
    yield from _tracked(whole, instance)
    yield from _authentication(instance)


def _announcements(instance: VrrpInstance) -> Pairs:
    garp = instance.garp
    yield "garp_delay", _number(garp.master_delay)
    yield "garp_refresh", int(garp.master_refresh)
    yield "garp_rep", garp.master_repeat
    yield "garp_refresh_rep", garp.master_refresh_repeat
    yield "garp_lower_prio_delay", int(garp.lower_prio_delay)
    yield "garp_lower_prio_rep", garp.lower_prio_repeat
    yield "lower_prio_no_advert", int(instance.lower_prio_no_advert)
    yield "higher_prio_send_advert", int(instance.higher_prio_send_advert)


def _notifications(instance: VrrpInstance) -> Pairs:
    yield "smtp_alert", instance.smtp_alert
    deleted = instance.notify_deleted_script
    yield "notify_deleted", instance.notify_deleted or deleted is not None
    for name, script in (
        ("script_backup", instance.notify_backup),
        ("script_master", instance.notify_master),
        ("script_fault", instance.notify_fault),
        ("script_stop", instance.notify_stop),
        ("script_deleted", deleted),
        ("script", instance.notify),
        ("script_master_rx_lower_pri", instance.notify_master_rx_lower_pri),
    ):
        if script is not None:
            yield name, command(script.argv)


def _tracked(whole: Whole, instance: VrrpInstance) -> Pairs:
    scripts = {script.name: command(script.script.argv) for script in whole.config.scripts}
    yield from _listed("track_ifp", (entry.name for entry in instance.track_interface))
    yield from _listed("track_script", (scripts[entry.name] for entry in instance.track_script))
    yield from _listed("track_process", (entry.name for entry in instance.track_process))


def _authentication(instance: VrrpInstance) -> Pairs:
    found = instance.authentication
    yield "auth_type", 0 if found is None else _AUTH_TYPES[found.auth_type]
    if found is not None:
        yield "auth_data", MASK


def _listed(name: str, found: Iterable[str]) -> Pairs:
    """An empty list is left out."""
    values = list(found)
    if values:
        yield name, values


def _process(whole: Whole, process: TrackProcess) -> Pairs:
    now = whole.tracked_processes.get(process.name)
    yield "process", process.name
    if process.arguments:
        yield "parameters", " ".join(process.arguments)
    yield "param_match", process.param_match or "none"
    yield "min_processes", process.quorum
    if process.quorum_max is not None:
        yield "max_processes", process.quorum_max
    yield "current_processes", now.count if now else 0
    yield "have_quorum", now is not None and now.has_quorum
    yield "weight", -process.weight if process.reverse else process.weight
    yield "terminate_delay", _number(process.terminate_delay)
    yield "fork_delay", _number(process.fork_delay)
    yield "fork_delay_timer_running", now is not None and now.waits == "fork"
    yield "terminate_delay_timer_running", now is not None and now.waits == "terminate"
    yield "full_command", process.full_command


def _number(value: float) -> int | float:
    """Without a fraction it is a whole number."""
    return int(value) if value.is_integer() else float(f"{value:g}")
