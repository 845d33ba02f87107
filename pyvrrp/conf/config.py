"""The typed result of reading a configuration: frozen, small, in keepalived's words.

Times are float seconds, addresses are `ipaddress` objects. What was written by a person carries a
`span`, which does not take part in comparison: moving a line is not a change. Globals an instance
may override are already resolved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Flag
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import TYPE_CHECKING, Literal, TypeAlias

from .diagnostics import Span

if TYPE_CHECKING:
    from ..routing import Route, Rule
    from .auth_hmac import AuthHmac
    from .bfd_config import BfdInstance
    from .global_config import (
        AutoPriority,
        BfdProcess,
        Dbus,
        Files,
        Nftables,
        ReceiveBuffers,
        Snmp,
    )
    from .link_config import GarpGroup, InterfaceDelay, Ipvlan, LinkbeatInterface
    from .lvs_config import LvsConfig
    from .routing_config import StaticAddress, TrackGroup
    from .tracking_config import Tracked, TrackFile, TrackProcess

__all__ = [
    "Address",
    "AddressFlag",
    "Authentication",
    "Config",
    "Family",
    "GarpSettings",
    "GlobalDefs",
    "Interface",
    "LvsSyncDaemon",
    "LvsTimeouts",
    "NotifyFifo",
    "Script",
    "ScriptUser",
    "Secret",
    "SyncGroup",
    "TrackInterface",
    "TrackScript",
    "UnicastPeer",
    "VirtualAddress",
    "Vmac",
    "VrrpInstance",
    "VrrpScript",
]

Address: TypeAlias = IPv4Address | IPv6Address
Interface: TypeAlias = IPv4Interface | IPv6Interface
Family: TypeAlias = Literal[4, 6]


_GROUP4 = IPv4Address("224.0.0.18")
_GROUP6 = IPv6Address("ff02::12")


class Secret(bytes):
    """Octets that never show in a repr or a dump."""

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class ScriptUser:
    """Identity of a script; `group` None means the user's own group."""

    user: str
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A program to run: `argv` as it was written, and who runs it when that was written too."""

    argv: tuple[str, ...]
    user: str | None = None
    group: str | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NotifyFifo:
    """A FIFO that gets state lines, and the program that reads it."""

    path: str
    user: str | None = None
    group: str | None = None
    script: Script | None = None


@dataclass(frozen=True, slots=True)
class GarpSettings:
    """When gratuitous ARPs / unsolicited NAs are sent, and how many per address.

    `extra_if` is the period on other interfaces that carry addresses, 0: none there; `_all`: on
    those of the kind that other instances use, too.
    """

    master_delay: float = 5.0
    master_repeat: int = 5
    master_refresh: float = 0.0
    master_refresh_repeat: int = 1
    lower_prio_delay: float = 5.0
    lower_prio_repeat: int = 5
    extra_if: float = 0.0
    extra_if_all: bool = False


@dataclass(frozen=True, slots=True)
class Authentication:
    """VRRPv2 authentication; `auth_pass` has 1 to 8 octets, not padded."""

    auth_type: Literal["PASS", "AH"]
    auth_pass: Secret
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class UnicastPeer:
    """A peer, and the TTLs accepted from it (None: any)."""

    address: Address
    min_ttl: int | None = None
    max_ttl: int | None = None
    span: Span | None = field(default=None, compare=False)


class AddressFlag(Flag):
    """Rare flags of an address."""

    NONE = 0
    HOME = 1
    MNGTMPADDR = 2
    AUTOJOIN = 4
    USE_VMAC = 8


@dataclass(frozen=True, slots=True)
class VirtualAddress:
    """One address of `virtual_ipaddress` or `virtual_ipaddress_excluded`.

    `scope` is the kernel's number (rtnetlink RT_SCOPE_*). `dev` None: the instance's interface.
    `nodad` False: duplicate address detection runs (`-nodad`, keepalived's double negation).
    `preferred_lft` is seconds, None: forever.
    """

    interface: Interface
    dev: str | None = None
    scope: int = 0
    label: str | None = None
    broadcast: IPv4Address | None = None
    peer: Interface | None = None
    nodad: bool = True
    noprefixroute: bool = False
    no_track: bool = False
    preferred_lft: int | None = None
    flags: AddressFlag = AddressFlag.NONE
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TrackInterface:
    """A further interface whose failure matters: weight 0 means FAULT."""

    name: str
    weight: int = 0
    reverse: bool = False
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TrackScript:
    """A `vrrp_script` to follow; None means the script's own setting."""

    name: str
    weight: int | None = None
    reverse: bool | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Vmac:
    """A virtual MAC interface; None means the generated name, the RFC's MAC address."""

    name: str | None = None
    mac: bytes | None = None
    netlink_notify_msg: bool = False
    group: int | None = None


@dataclass(frozen=True, slots=True)
class VrrpInstance:
    """One virtual router, `vrrp_instance NAME { ... }`, with globals and cross checks applied."""

    name: str
    span: Span = field(compare=False)
    virtual_router_id: int
    interface: str | None
    family: Family = 4
    version: Literal[2, 3] = 2
    state: Literal["MASTER", "BACKUP"] = "BACKUP"
    priority: int = 100
    advert_int: float = 1.0
    nopreempt: bool = False
    preempt_delay: float = 0.0
    dont_track_primary: bool = False
    accept: bool = True
    strict: bool = False
    authentication: Authentication | None = None
    auth_hmac: AuthHmac | None = None
    mcast_src_ip: Address | None = None
    mcast_dst_ip: Address = _GROUP4
    unicast_src_ip: Address | None = None
    unicast_peers: tuple[UnicastPeer, ...] = ()
    unicast_ttl: int = 255
    check_unicast_src: bool = False
    unicast_fault_no_peer: bool = False
    track_src_ip: bool = False
    old_unicast_checksum: bool | None = None
    """True: forced, False: never, None: detected."""
    virtual_ipaddress: tuple[VirtualAddress, ...] = ()
    virtual_ipaddress_excluded: tuple[VirtualAddress, ...] = ()
    virtual_routes: tuple[Route, ...] = ()
    virtual_rules: tuple[Rule, ...] = ()
    promote_secondaries: bool = False
    track_interface: tuple[TrackInterface, ...] = ()
    track_script: tuple[TrackScript, ...] = ()
    track_file: tuple[Tracked, ...] = ()
    track_process: tuple[Tracked, ...] = ()
    track_bfd: tuple[Tracked, ...] = ()
    garp: GarpSettings = GarpSettings()
    down_timer_adverts: int = 3
    higher_prio_send_advert: bool = False
    lower_prio_no_advert: bool = False
    owner_ignore_adverts: bool = False
    skip_check_adv_addr: bool = False
    v3_checksum_as_v2: bool = False
    use_vmac: Vmac | None = None
    use_ipvlan: Ipvlan | None = None
    use_vmac_addr: bool = False
    vmac_xmit_base: bool = False
    vrf: str | None = None
    kernel_rx_buf_size: int | None = None
    notify: Script | None = None
    notify_master: Script | None = None
    notify_backup: Script | None = None
    notify_fault: Script | None = None
    notify_stop: Script | None = None
    notify_master_rx_lower_pri: Script | None = None
    notify_deleted: bool = False
    notify_deleted_script: Script | None = None
    notify_priority_changes: bool = False
    smtp_alert: bool = False
    timer_expired_backup: int | None = None
    """Highest priority another router has, for one that was starved; None: it carries on."""
    debug: int = 0


@dataclass(frozen=True, slots=True)
class SyncGroup:
    """Instances that change state together, `vrrp_sync_group NAME { ... }`."""

    name: str
    span: Span = field(compare=False)
    members: tuple[str, ...]
    notify: Script | None = None
    notify_master: Script | None = None
    notify_backup: Script | None = None
    notify_fault: Script | None = None
    notify_stop: Script | None = None
    notify_priority_changes: bool = False
    smtp_alert: bool = False
    sync_group_tracking_weight: bool = False
    track_interface: tuple[TrackInterface, ...] = ()
    track_script: tuple[TrackScript, ...] = ()
    track_file: tuple[Tracked, ...] = ()
    track_process: tuple[Tracked, ...] = ()
    track_bfd: tuple[Tracked, ...] = ()


@dataclass(frozen=True, slots=True)
class VrrpScript:
    """A periodic check, `vrrp_script NAME { ... }`; `timeout` None: the interval."""

    name: str
    span: Span = field(compare=False)
    script: Script
    interval: float = 1.0
    timeout: float | None = None
    weight: int = 0
    reverse: bool = False
    rise: int = 1
    fall: int = 1
    init_fail: bool = False

    @property
    def user(self) -> str | None:
        """Who runs it, when that was written."""
        return self.script.user

    @property
    def group(self) -> str | None:
        """The group it runs with, when that was written."""
        return self.script.group


@dataclass(frozen=True, slots=True)
class LvsTimeouts:
    """Idle times of the kernel's connection entries, whole seconds; None: left as they are."""

    tcp: int | None = None
    tcpfin: int | None = None
    udp: int | None = None


@dataclass(frozen=True, slots=True)
class LvsSyncDaemon:
    """The kernel's connection sync daemon; None means the kernel's default.

    `instance` is the `vrrp_instance` whose state it follows; without one it runs both ways.
    `id` None: that instance's VRID, 0 without instance.
    """

    interface: str
    instance: str | None = None
    id: int | None = None
    maxlen: int | None = None
    port: int | None = None
    ttl: int | None = None
    group: Address | None = None


@dataclass(frozen=True, slots=True)
class GlobalDefs:
    """Process-wide settings: `global_defs`, and the top-level words that belong to no block."""

    # Protocol defaults; each instance already has its own answer.
    vrrp_version: Literal[2, 3] = 2
    vrrp_strict: bool = False
    vrrp_mcast_group4: IPv4Address = _GROUP4
    vrrp_mcast_group6: IPv6Address = _GROUP6
    vrrp_restore_removed: bool = False
    vrrp_skip_check_adv_addr: bool = False
    vrrp_check_unicast_src: bool = False
    vrrp_down_timer_adverts: int = 3
    vrrp_higher_prio_send_advert: bool = False
    vrrp_lower_prio_no_advert: bool = False
    vrrp_owner_ignore_adverts: bool = False
    v3_checksum_as_v2: bool = False
    garp: GarpSettings = GarpSettings()

    # What only the daemon needs.
    router_id: str | None = None
    vrrp_startup_delay: float = 0.0
    vrrp_delay_after_boot: float = 0.0
    vrrp_garp_interval: float = 0.0
    vrrp_gna_interval: float = 0.0
    dynamic_interfaces: bool = False
    allow_if_changes: bool = False
    default_interface: str = "eth0"
    log_unknown_vrids: bool = False
    vmac_prefix: str = "vrrp"
    vmac_addr_prefix: str | None = None
    vrrp_rx_bufs_multiplier: int = 3
    vrrp_priority: int | None = None
    vrrp_rt_priority: int | None = None
    vrrp_rlimit_rttime: int = 10000
    vrrp_no_swap: bool = False
    vrrp_cpu_affinity: tuple[int, ...] = ()
    process_names: bool = False
    process_name: str | None = None
    vrrp_process_name: str | None = None
    umask: int | None = None
    instance: str | None = None
    net_namespace: str | None = None
    net_namespace_ipvs: str | None = None
    """None: that of all the rest, empty: the one the daemon was started in."""
    namespace_with_ipsets: bool = False
    linkbeat_use_polling: bool = False
    use_pid_dir: bool = False
    child_wait_time: float = 5.0
    reload_check_config: bool = False
    state_dump_file: str | None = None
    data_use_instance: bool = False
    json_version: int = 1
    random_seed: int | None = None

    # Scripts and notifications.
    enable_script_security: bool = False
    script_user: ScriptUser | None = None
    startup_script: Script | None = None
    startup_script_timeout: float = 10.0
    shutdown_script: Script | None = None
    shutdown_script_timeout: float = 10.0
    use_symlink_paths: bool = False
    set_supplementary_groups: bool = False
    notify_fifo: NotifyFifo | None = None
    vrrp_notify_fifo: NotifyFifo | None = None
    fifo_write_vrrp_states_on_reload: bool = False
    vrrp_notify_priority_changes: bool = False
    smtp_alert: bool | None = None
    smtp_alert_vrrp: bool | None = None
    smtp_server: str | None = None
    smtp_port: int = 25
    smtp_helo_name: str | None = None
    smtp_connect_timeout: float = 30.0
    notification_email: tuple[str, ...] = ()
    notification_email_from: str | None = None
    no_email_faults: bool = False

    # IPVS and the process of the checks.
    lvs_flush: bool = False
    lvs_flush_on_stop: Literal["all", "services"] | None = None
    lvs_timeouts: LvsTimeouts = LvsTimeouts()
    lvs_sync_daemon: LvsSyncDaemon | None = None
    lvs_notify_fifo: NotifyFifo | None = None
    rs_init_notifies: bool = False
    smtp_alert_checker: bool | None = None
    no_checker_emails: bool = False
    checker_log_all_failures: bool = False
    checker_priority: int | None = None
    checker_rt_priority: int | None = None
    checker_rlimit_rttime: int = 10000
    checker_no_swap: bool = False
    checker_cpu_affinity: tuple[int, ...] = ()
    checker_process_name: str | None = None

    # What few configurations say; None: nothing of the kind.
    nftables: Nftables | None = None
    dbus: Dbus | None = None
    snmp: Snmp | None = None
    bfd_process: BfdProcess | None = None
    receive_buffers: ReceiveBuffers | None = None
    files: Files | None = None
    auto_priority: AutoPriority | None = None
    disable_local_igmp: bool = False
    vrrp_ipsets: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """Everything one configuration says, in the order it was written."""

    global_defs: GlobalDefs = GlobalDefs()
    instances: tuple[VrrpInstance, ...] = ()
    sync_groups: tuple[SyncGroup, ...] = ()
    scripts: tuple[VrrpScript, ...] = ()
    track_files: tuple[TrackFile, ...] = ()
    track_processes: tuple[TrackProcess, ...] = ()
    bfd_instances: tuple[BfdInstance, ...] = ()
    garp_groups: tuple[GarpGroup, ...] = ()
    interface_delays: tuple[InterfaceDelay, ...] = ()
    linkbeat_interfaces: tuple[LinkbeatInterface, ...] = ()
    lvs: LvsConfig | None = None
    """None when nothing of the file is about IPVS services."""
    static_addresses: tuple[StaticAddress, ...] = ()
    static_routes: tuple[Route, ...] = ()
    static_rules: tuple[Rule, ...] = ()
    track_groups: tuple[TrackGroup, ...] = ()
