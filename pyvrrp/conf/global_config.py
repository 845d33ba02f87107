"""Groups of rarer words in `global_defs`. Loaded for a configuration that has one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from .values import make

__all__ = [
    "AutoPriority",
    "BfdProcess",
    "Dbus",
    "Files",
    "Nftables",
    "ReceiveBuffers",
    "Snmp",
    "build_groups",
]


@dataclass(frozen=True, slots=True)
class Nftables:
    """Tables and chains; of an `ipvs_table` of None nothing is made. `priority` None: as is best."""

    table: str | None = None
    priority: int | None = None
    ifindex: bool = False
    counters: bool = False
    ipvs_table: str | None = None
    ipvs_priority: int = -1
    ipvs_start_fwmark: int = 1000


@dataclass(frozen=True, slots=True)
class Dbus:
    """`no_interface_name` stands in the path of an instance without interface."""

    enabled: bool = False
    service_name: str = "org.keepalived.Vrrp1"
    no_interface_name: str | None = None


@dataclass(frozen=True, slots=True)
class Snmp:
    """What is served over AgentX at `socket` (None: the library's), and the age of numbers in s."""

    socket: str | None = None
    traps: bool = False
    vrrp: bool = False
    rfcv2: bool = False
    rfcv3: bool = False
    checker: bool = False
    vs_stats_update_interval: float = 5.0
    rs_stats_update_interval: float = 5.0


@dataclass(frozen=True, slots=True)
class BfdProcess:
    """The process of BFD: title, nice value, realtime priority, microseconds of realtime, CPUs."""

    name: str | None = None
    priority: int | None = None
    rt_priority: int | None = None
    rlimit_rttime: int = 10000
    no_swap: bool = False
    cpu_affinity: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiveBuffers:
    """Octets of sockets' receive buffers, 0: the system's size; `force`: past the system's limit.

    `vrrp_policy`: an instance's buffer holds this many Advertisements or frames, else `vrrp_size`.
    """

    vrrp_netlink_cmd: int = 0
    vrrp_netlink_cmd_force: bool = False
    vrrp_netlink_monitor: int = 0
    vrrp_netlink_monitor_force: bool = False
    lvs_netlink_cmd: int = 0
    lvs_netlink_cmd_force: bool = False
    lvs_netlink_monitor: int = 0
    lvs_netlink_monitor_force: bool = False
    process_monitor: int = 0
    process_monitor_force: bool = False
    vrrp_policy: Literal["MTU", "ADVERT"] | None = None
    vrrp_size: int | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """Where files are, and what a reload has to do with them.

    `reload_file` is there during a reload, empty: under its usual name. `reload_time_file` holds
    the time of the next one, with `reload_repeat` of each day.
    """

    config_save_dir: str | None = None
    tmp_config_directory: str | None = None
    iproute_usr_dir: str | None = None
    iproute_etc_dir: str | None = None
    stats_dump_file: str | None = None
    json_dump_file: str | None = None
    reload_file: str | None = None
    reload_time_file: str | None = None
    reload_repeat: bool = False


@dataclass(frozen=True, slots=True)
class AutoPriority:
    """The highest realtime priority a late process gives itself, 0: none, and how late in seconds."""

    max: int = 0
    min_delay: float = 1.0


_GROUPS: Mapping[str, Callable[..., object]] = {
    "nftables": Nftables,
    "dbus": Dbus,
    "snmp": Snmp,
    "bfd_process": BfdProcess,
    "receive_buffers": ReceiveBuffers,
    "files": Files,
    "auto_priority": AutoPriority,
}


def build_groups(fields: Mapping[str, object]) -> dict[str, object]:
    """The groups that `GROUP/FIELD` names say something of."""
    said: dict[str, dict[str, object]] = {}
    for name, field in fields.items():
        group, slash, own = name.partition("/")
        if slash and group in _GROUPS:
            said.setdefault(group, {})[own] = field
    return {group: make(_GROUPS[group], own) for group, own in said.items()}
