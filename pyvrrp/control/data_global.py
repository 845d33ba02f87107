"""The globals, as each process shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from ..conf.config import Config, GlobalDefs, LvsSyncDaemon
from ..conf.global_config import Files
from .data_system import agents, buffers, firewall, scheduling
from .host import UNKNOWN, HostFacts
from .wording import command, enabled, owner, script, truth, yes

__all__ = ["Process", "lines"]

Process: TypeAlias = Literal["parent", "vrrp", "checker", "bfd"]
"""Who shows them."""

_DEFAULT_UMASK = 0o177


def lines(config: Config, host: HostFacts = UNKNOWN, process: Process = "vrrp") -> Iterator[str]:
    """As `process` shows them: each knows a little that the others do not."""
    defs = config.global_defs
    yield "------< Global definitions >------"
    yield from _identity(defs, host)
    yield from _mail(defs, host)
    yield from _process(defs, host, process)
    yield from _lvs(config, process)
    yield from _fifos(config, host, process)
    yield from _vrrp(defs)
    yield from firewall(config, of_vrrp=process == "vrrp")
    yield from _checks(defs)
    yield from scheduling(defs)
    yield from agents(defs)
    yield from _scripts(defs, host)
    yield from buffers(defs)
    yield from _rest(defs)


def _identity(defs: GlobalDefs, host: HostFacts) -> Iterator[str]:
    files = defs.files or Files()
    if files.config_save_dir is not None:
        yield f" Config save dir = {files.config_save_dir}"
    yield f" Network namespace = {defs.net_namespace or '(default)'}"
    ipvs = defs.net_namespace_ipvs
    where = "(main namespace)" if ipvs is None else ipvs or "(default)"
    yield f" Network namespace ipvs = {where}"
    if defs.instance is not None:
        yield f" Instance name = {defs.instance}"
    if defs.process_name is not None:
        yield f" Parent process name = {defs.process_name}"
    named = defs.process_names
    vrrp = defs.vrrp_process_name or ("keepalived_vrrp" if named else None)
    checker = defs.checker_process_name or ("keepalived_lvs" if named else None)
    bfd_name = defs.bfd_process.name if defs.bfd_process is not None else None
    bfd = bfd_name or ("keepalived_bfd" if named else None)
    for what, name in (("VRRP", vrrp), ("LVS", checker), ("BFD", bfd)):
        if name is not None:
            yield f" {what} process name = {name}"
    yield f" Router ID = {defs.router_id or host.name}"


def _mail(defs: GlobalDefs, host: HostFacts) -> Iterator[str]:
    sender = defs.notification_email_from
    if defs.smtp_server is not None:
        yield f" Smtp server = {defs.smtp_server}"
        yield f" Smtp server port = {defs.smtp_port}"
        sender = sender or f"{host.user}@{host.name}"
    if defs.smtp_helo_name or defs.smtp_server is not None:
        yield f" Smtp HELO name = {defs.smtp_helo_name or host.name}"
    if defs.smtp_server is not None:
        yield f" Smtp server connection timeout = {int(defs.smtp_connect_timeout)}"
    if sender is not None:
        yield f" Email notification from = {sender}"
        yield " Email notification to:"
        yield from (f"   {address}" for address in defs.notification_email)
    for what, alert in (
        ("smtp_alert", defs.smtp_alert),
        ("smtp_alert_vrrp", defs.smtp_alert_vrrp),
        ("smtp_alert_checker", defs.smtp_alert_checker),
    ):
        yield f" Default {what} = {'unset' if alert is None else 'on' if alert else 'off'}"
    yield f" Checkers log all failures = {truth(defs.checker_log_all_failures)}"


def _process(defs: GlobalDefs, host: HostFacts, process: Process) -> Iterator[str]:
    if defs.reload_check_config:
        yield " Test config before reload, log to /dev/null"
    else:
        yield " No test config before reload"
    yield from _files(defs)
    if defs.data_use_instance:
        yield " Use instance name in data dumps"
    if process == "parent":  # which runs them
        yield from _scripts_around(defs, host)
    yield f" Dynamic interfaces = {truth(defs.dynamic_interfaces)}"
    if defs.dynamic_interfaces:
        yield f" Allow interface changes = {truth(defs.allow_if_changes)}"
    if defs.no_email_faults:
        yield " Send emails for fault transitions = off"


def _scripts_around(defs: GlobalDefs, host: HostFacts) -> Iterator[str]:
    startup = script(defs, host, " Startup script", defs.startup_script)
    yield from (f"{line}, timeout {int(defs.startup_script_timeout)}" for line in startup)
    shutdown = script(defs, host, " Shutdown script", defs.shutdown_script)
    yield from (f"{line} timeout {int(defs.shutdown_script_timeout)}" for line in shutdown)


def _files(defs: GlobalDefs) -> Iterator[str]:
    files = defs.files or Files()
    if files.reload_time_file is not None:
        again = " (repeat)" if files.reload_repeat else ""
        yield f" Reload time file = {files.reload_time_file}{again}"
        yield " No reload scheduled"
    if files.reload_file is not None:
        yield f" Reload_file = {files.reload_file or _reload_file(defs)}"
    if files.tmp_config_directory is not None:
        yield f" config save directory = {files.tmp_config_directory}"


def _reload_file(defs: GlobalDefs) -> str:
    if defs.instance is not None:
        return f"/run/keepalived/keepalived_{defs.instance}.reload"
    return f"/run/{'keepalived/' if defs.use_pid_dir else ''}keepalived.reload"


def _lvs(config: Config, process: Process) -> Iterator[str]:
    defs = config.global_defs
    timeouts = defs.lvs_timeouts
    for what, timeout in (
        ("TCP", timeouts.tcp),
        ("TCP FIN", timeouts.tcpfin),
        ("TCP", timeouts.udp),  # so keepalived 2.2.7 calls it
    ):
        if timeout:
            yield f" LVS {what} timeout = {timeout}"
    if process == "vrrp":
        yield f" Default interface = {defs.default_interface}"
    yield f" Disable local IGMP = {yes(defs.disable_local_igmp)}"
    if defs.lvs_sync_daemon is not None:
        yield from _sync_daemon(config, defs.lvs_sync_daemon, process)
    yield f" LVS flush = {truth(defs.lvs_flush)}"
    flushed = {None: "disabled", "all": "full", "services": "VS"}[defs.lvs_flush_on_stop]
    yield f" LVS flush on stop = {flushed}"


def _sync_daemon(config: Config, daemon: LvsSyncDaemon, process: Process) -> Iterator[str]:
    vrids = {} if process != "vrrp" else {i.name: i.virtual_router_id for i in config.instances}
    if daemon.instance is not None:
        known = daemon.instance in vrids
        yield f" LVS syncd vrrp {'instance' if known else 'name'} = {daemon.instance}"
    yield f" LVS syncd interface = {daemon.interface}"
    number = daemon.id if daemon.id is not None else vrids.get(daemon.instance or "", 0)
    yield f" LVS syncd syncid = {number}"
    if daemon.maxlen:
        yield f" LVS syncd maxlen = {daemon.maxlen}"
    if daemon.group is not None:
        yield f" LVS mcast group {daemon.group}"
    if daemon.port:
        yield f" LVS syncd mcast port = {daemon.port}"
    if daemon.ttl:
        yield f" LVS syncd mcast ttl = {daemon.ttl}"


def _fifos(config: Config, host: HostFacts, process: Process) -> Iterator[str]:
    """A process that runs the program of a FIFO gives it the FIFO's name as its last word."""
    defs = config.global_defs
    has_checks = config.lvs is not None and bool(config.lvs.services)
    for what, fifo, users in (
        ("Global", defs.notify_fifo, ("checker", "vrrp")),
        ("VRRP", defs.vrrp_notify_fifo, ("vrrp",)),
        ("LVS", defs.lvs_notify_fifo, ("checker",)),
    ):
        if fifo is None:
            continue
        yield f" {what} notify fifo = {fifo.path}, {owner(defs, host, fifo.user, fifo.group)}"
        left_to_checks = what == "Global" and process == "vrrp" and has_checks
        if fifo.script is not None and not left_to_checks:
            words = (*fifo.script.argv, fifo.path) if process in users else fifo.script.argv
            runs = owner(defs, host, fifo.script.user, fifo.script.group)
            yield f" {what} notify fifo script = {command(words)}, {runs}"
    states = defs.fifo_write_vrrp_states_on_reload
    yield f" FIFO write vrrp states on reload = {truth(states)}"
    yield f" VRRP notify priority changes = {truth(defs.vrrp_notify_priority_changes)}"


def _vrrp(defs: GlobalDefs) -> Iterator[str]:
    garp = defs.garp
    yield f" VRRP IPv4 mcast group = {defs.vrrp_mcast_group4}"
    yield f" VRRP IPv6 mcast group = {defs.vrrp_mcast_group6}"
    yield f" Gratuitous ARP delay = {int(garp.master_delay)}"
    yield f" Gratuitous ARP repeat = {garp.master_repeat}"
    yield f" Gratuitous ARP refresh timer = {int(garp.master_refresh)}"
    yield f" Gratuitous ARP refresh repeat = {garp.master_refresh_repeat}"
    yield f" Gratuitous ARP lower priority delay = {int(garp.lower_prio_delay)}"
    yield f" Gratuitous ARP lower priority repeat = {garp.lower_prio_repeat}"
    yield f" Num adverts before down = {defs.vrrp_down_timer_adverts}"
    kind = "i/f" if garp.extra_if_all else "VMAC"
    yield f" Gratuitous ARP for each secondary {kind} = {int(garp.extra_if)}s"
    answers = not defs.vrrp_lower_prio_no_advert
    yield f" Send advert after receive lower priority advert = {truth(answers)}"
    resigns = defs.vrrp_higher_prio_send_advert
    yield f" Send advert after receive higher priority advert = {truth(resigns)}"
    yield f" Gratuitous ARP interval = {defs.vrrp_garp_interval:f}"
    yield f" Gratuitous NA interval = {defs.vrrp_gna_interval:f}"
    yield f" VRRP default protocol version = {defs.vrrp_version}"


def _checks(defs: GlobalDefs) -> Iterator[str]:
    yield f" VRRP check unicast_src = {truth(defs.vrrp_check_unicast_src)}"
    yield f" VRRP skip check advert addresses = {truth(defs.vrrp_skip_check_adv_addr)}"
    yield f" VRRP strict mode = {truth(defs.vrrp_strict)}"


def _scripts(defs: GlobalDefs, host: HostFacts) -> Iterator[str]:
    yield f" Script security {enabled(defs.enable_script_security)}"
    yield f" Default script {owner(defs, host, None, None)}"


def _rest(defs: GlobalDefs) -> Iterator[str]:
    yield f" umask = 0{_DEFAULT_UMASK if defs.umask is None else defs.umask:o}"
    if defs.vrrp_startup_delay:
        yield f" vrrp_startup_delay = {defs.vrrp_startup_delay:g}"
    if defs.log_unknown_vrids:
        yield " log_unknown_vrids"
    if defs.vmac_prefix != "vrrp":
        yield f" VMAC prefix = {defs.vmac_prefix}"
    if defs.vmac_addr_prefix is not None:
        yield f" VMAC address prefix = {defs.vmac_addr_prefix}"
