"""Globals about the system below: firewall, scheduling, agents, buffers."""

from __future__ import annotations

from collections.abc import Iterator

from ..conf.config import Config, GlobalDefs
from ..conf.global_config import AutoPriority, BfdProcess, Dbus, Nftables, ReceiveBuffers, Snmp
from .wording import enabled, truth

__all__ = ["agents", "buffers", "firewall", "scheduling"]

_DEFAULT_TABLE = "keepalived"
_US = 1_000_000


def firewall(config: Config, *, of_vrrp: bool) -> Iterator[str]:
    """VRRP has a table unasked where packets to addresses, or IGMP of own links, must not pass."""
    settings = config.global_defs.nftables or Nftables()
    table = settings.table
    if (
        of_vrrp
        and table is None
        and any(not i.accept or i.use_vmac is not None for i in config.instances)
    ):
        table = _DEFAULT_TABLE
    if table is not None:
        yield f" nftables table name = {table}"
        priority = -1 if settings.priority is None else settings.priority
        yield f" nftables base chain priority = {priority}"
        force = "" if settings.ifindex else "don't "
        yield f" nftables {force}force use ifindex for link local IPv6"
    if settings.ipvs_table is not None:
        yield f" ipvs nftables table name = {settings.ipvs_table}"
        yield f" ipvs nftables base chain priority = {settings.ipvs_priority}"
        yield f" ipvs nftables start fwmark = {settings.ipvs_start_fwmark}"
    yield f" nftables with{'' if settings.counters else 'out'} counters"


def scheduling(defs: GlobalDefs) -> Iterator[str]:
    """The place of each process among all others."""
    automatic = defs.auto_priority or AutoPriority()
    yield f" Max auto priority = {'Disabled' if automatic.max < 0 else automatic.max}"
    yield f" Min auto priority delay = {round(automatic.min_delay * _US)} usecs"
    yield from _place(
        "VRRP",
        defs.vrrp_priority,
        defs.vrrp_no_swap,
        defs.vrrp_rt_priority,
        defs.vrrp_cpu_affinity,
        defs.vrrp_rlimit_rttime,
    )
    yield from _place(
        "Checker",
        defs.checker_priority,
        defs.checker_no_swap,
        defs.checker_rt_priority,
        defs.checker_cpu_affinity,
        defs.checker_rlimit_rttime,
    )
    bfd = defs.bfd_process or BfdProcess()
    yield from _place(
        "BFD",
        bfd.priority,
        bfd.no_swap,
        bfd.rt_priority,
        bfd.cpu_affinity,
        bfd.rlimit_rttime,
    )


def _place(
    process: str,
    nice: int | None,
    no_swap: bool,
    realtime: int | None,
    affinity: tuple[int, ...],
    limit: int,
) -> Iterator[str]:
    yield f" {process} process priority = {nice or 0}"
    yield f" {process} don't swap = {truth(no_swap)}"
    yield f" {process} realtime priority = {realtime or 0}"
    if affinity:
        yield f" {process} CPU Affinity = " + "".join(f"{cpu} " for cpu in affinity)
    yield f" {process} realtime limit = {limit}"


def agents(defs: GlobalDefs) -> Iterator[str]:
    """Who else is told, as it was asked for."""
    snmp, dbus = defs.snmp or Snmp(), defs.dbus or Dbus()
    yield f" SNMP vrrp {enabled(snmp.vrrp)}"
    yield f" SNMP checker {enabled(snmp.checker)}"
    yield f" SNMP RFCv2 {enabled(snmp.rfcv2)}"
    yield f" SNMP RFCv3 {enabled(snmp.rfcv3)}"
    yield f" SNMP traps {enabled(snmp.traps)}"
    yield f" SNMP socket = {snmp.socket or 'default (unix:/var/agentx/master)'}"
    yield f" DBus {enabled(dbus.enabled)}"
    yield f" DBus service name = {dbus.service_name if defs.dbus is not None else ''}"


def buffers(defs: GlobalDefs) -> Iterator[str]:
    """Of sockets; between them two settings of checks, as keepalived has them there."""
    sizes = defs.receive_buffers or ReceiveBuffers()
    for user, size, force in (
        ("vrrp_netlink_cmd", sizes.vrrp_netlink_cmd, sizes.vrrp_netlink_cmd_force),
        ("vrrp_netlink_monitor", sizes.vrrp_netlink_monitor, sizes.vrrp_netlink_monitor_force),
        ("process_monitor", sizes.process_monitor, sizes.process_monitor_force),
        ("lvs_netlink_cmd", sizes.lvs_netlink_cmd, sizes.lvs_netlink_cmd_force),
        ("lvs_netlink_monitor", sizes.lvs_netlink_monitor, sizes.lvs_netlink_monitor_force),
    ):
        yield f" {user}_rcv_bufs = {size}"
        yield f" {user}_rcv_bufs_force = {force:d}"
    yield f" rs_init_notifies = {defs.rs_init_notifies:d}"
    yield f" no_checker_emails = {defs.no_checker_emails:d}"
    if sizes.vrrp_policy is not None:
        yield f" rx_bufs_policy = {sizes.vrrp_policy}"
    elif sizes.vrrp_size is not None:
        yield f" rx_bufs_size = {sizes.vrrp_size}"
    yield f" rx_bufs_multiples = {defs.vrrp_rx_bufs_multiplier}"
