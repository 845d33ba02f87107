"""Lints of instances, sync groups and what they track."""

from __future__ import annotations

from collections.abc import Iterator

from .config import Address, Config, Interface, VirtualAddress, VrrpInstance
from .diagnostics import Severity, Span
from .lints import Addresses, Finding, Lint

__all__ = ["VRRP_LINTS", "virtual_addresses"]

_OWNER = 255
_MOST, _LEAST = 254, 1


def virtual_addresses(config: Config) -> Iterator[tuple[VrrpInstance, VirtualAddress]]:
    """Every address of every instance, those it does not advertise too."""
    for instance in config.instances:
        for address in (*instance.virtual_ipaddress, *instance.virtual_ipaddress_excluded):
            yield instance, address


def _outside_subnets(config: Config, addresses: Addresses | None) -> Iterator[Finding]:
    virtual = {address.interface.ip for _, address in virtual_addresses(config)}
    for instance, address in virtual_addresses(config):
        name = address.dev or instance.interface or ""
        ip = address.interface.ip
        networks = _networks((addresses or {}).get(name, ()), ip, virtual)
        brings_its_own = address.interface.network.prefixlen < ip.max_prefixlen
        if not networks or brings_its_own or ip.is_link_local or name == "lo":
            continue
        if not any(ip in each.network for each in networks):
            known = ", ".join(str(each.network) for each in networks)
            yield Finding(
                address.span or instance.span,
                f"{ip} is in no subnet of {name}, and comes without one",
                (f"{name} has {known}",),
            )


def _networks(own: tuple[Interface, ...], ip: Address, virtual: set[Address]) -> list[Interface]:
    return [
        each
        for each in own
        if each.version == ip.version
        and each.ip not in virtual
        and not each.ip.is_link_local
        and each.network.prefixlen < ip.max_prefixlen
    ]


def _address_twice(config: Config, _: Addresses | None) -> Iterator[Finding]:
    seen: dict[tuple[Address, str | None], VrrpInstance] = {}
    for instance, address in virtual_addresses(config):
        ip, name = address.interface.ip, address.dev or instance.interface
        first = seen.setdefault((ip, name), instance)
        if first is not instance:
            message = f"{instance.name} and {first.name} both have {ip} on {name or 'no interface'}"
            yield Finding(address.span or instance.span, message)


def _mixed_intervals(config: Config, _: Addresses | None) -> Iterator[Finding]:
    by_name = {instance.name: instance for instance in config.instances}
    for group in config.sync_groups:
        members = [by_name[name] for name in group.members if name in by_name]
        intervals = {member.advert_int for member in members}
        if len(intervals) > 1:
            told = ", ".join(f"{member.name} {member.advert_int:g} s" for member in members)
            message = f"members of {group.name} advertise at different intervals"
            yield Finding(group.span, message, (told,))


def _strict_accepts_nothing(config: Config, _: Addresses | None) -> Iterator[Finding]:
    for instance in config.instances:
        if instance.strict and not instance.accept and instance.priority != _OWNER:
            message = f"strict mode lets nothing reach the addresses of {instance.name}"
            way = "accept" if instance.version == 3 else "vrrp_version 3 and accept"
            yield Finding(instance.span, message, (f"{way} would allow it",))


def _vrid_reused(config: Config, _: Addresses | None) -> Iterator[Finding]:
    seen: dict[tuple[str, int, int], VrrpInstance] = {}
    for instance in config.instances:
        if instance.interface is None or instance.unicast_peers:
            continue
        key = instance.interface, instance.family, instance.virtual_router_id
        first = seen.setdefault(key, instance)
        if first is not instance:
            message = (
                f"{instance.name} and {first.name} both use VRID {instance.virtual_router_id}"
                f" on {instance.interface}, each with a multicast group of its own"
            )
            yield Finding(instance.span, message)


def _weight_saturated(config: Config, _: Addresses | None) -> Iterator[Finding]:
    for instance in config.instances:
        for name, weight, span in _weights(config, instance):
            is_lost = instance.priority == (_MOST if weight > 0 else _LEAST)
            if weight and is_lost:
                bound = "above 254" if weight > 0 else "below 1"
                message = f"weight {weight:+} of {name} does nothing: no priority goes {bound}"
                yield Finding(span or instance.span, message)


def _weights(config: Config, instance: VrrpInstance) -> Iterator[tuple[str, int, Span | None]]:
    scripts = {script.name: script.weight for script in config.scripts}
    for interface in instance.track_interface:
        yield interface.name, interface.weight, interface.span
    for script in instance.track_script:
        weight = scripts.get(script.name, 0) if script.weight is None else script.weight
        yield script.name, weight, script.span
    for process in instance.track_process:
        yield process.name, process.weight, process.span


def _peer_is_source(config: Config, _: Addresses | None) -> Iterator[Finding]:
    for instance in config.instances:
        for peer in instance.unicast_peers:
            if peer.address == instance.unicast_src_ip:
                message = f"{instance.name} is its own peer: {peer.address} is its unicast_src_ip"
                yield Finding(peer.span or instance.span, message)


def _script_unused(config: Config, _: Addresses | None) -> Iterator[Finding]:
    used = {tracked.name for each in config.instances for tracked in each.track_script}
    used |= {tracked.name for each in config.sync_groups for tracked in each.track_script}
    for script in config.scripts:
        if script.name not in used:
            yield Finding(script.span, f"nothing tracks {script.name}, so it is never run")


def _script_slow(config: Config, _: Addresses | None) -> Iterator[Finding]:
    for script in config.scripts:
        if script.timeout is not None and script.timeout > script.interval:
            message = (
                f"{script.name} may take {script.timeout:g} s and is due every"
                f" {script.interval:g} s"
            )
            yield Finding(script.span, message)


VRRP_LINTS: tuple[Lint, ...] = (
    Lint(
        "outside-subnets",
        Severity.WARNING,
        "Nobody on the link asks for an address that lies in none of its subnets, so a takeover"
        " moves it for those only who reach it by a route to this very machine.",
        "write the address with the prefix length of its subnet, or check its dev",
        _outside_subnets,
    ),
    Lint(
        "address-twice",
        Severity.WARNING,
        "When one of the instances stops being master it takes the address away from the other,"
        " and while they are master on different machines, both answer for it.",
        "give each address to one instance",
        _address_twice,
    ),
    Lint(
        "mixed-intervals",
        Severity.WARNING,
        "A sync group changes state as a whole: it is as slow to notice a dead master as the member"
        " that is asked last, and the members do not time out together.",
        "give all members of a group the same advert_int",
        _mixed_intervals,
    ),
    Lint(
        "strict-accepts-nothing",
        Severity.WARNING,
        "Under vrrp_strict a router that does not own an address drops what is sent to it: no ping,"
        " no service on this machine and no virtual_server answers there. That is what RFC 9568 says,"
        " and seldom what is wanted.",
        "leave vrrp_strict out, or accept what is sent to the addresses",
        _strict_accepts_nothing,
    ),
    Lint(
        "vrid-reused",
        Severity.WARNING,
        "The virtual MAC address is made of the VRID alone, so two Virtual Routers with one VRID on"
        " one link confuse switches, and routers that do not know the other multicast group.",
        "give each instance of a link its own virtual_router_id",
        _vrid_reused,
    ),
    Lint(
        "weight-saturated",
        Severity.WARNING,
        "Priorities stay within 1 and 254, so a weight that points beyond can never change who wins.",
        "move the priority away from the end of the range, or turn the sign of the weight",
        _weight_saturated,
    ),
    Lint(
        "peer-is-source",
        Severity.WARNING,
        "Advertisements to oneself reach nobody else; a list of peers that was copied from another"
        " machine then lacks that machine.",
        "list the addresses of the other routers only",
        _peer_is_source,
    ),
    Lint(
        "script-unused",
        Severity.INFO,
        "A vrrp_script runs only for the instances and groups that name it in track_script.",
        "name it in a track_script block, or take it out",
        _script_unused,
    ),
    Lint(
        "slow-script",
        Severity.WARNING,
        "A script that hangs is given up only after its timeout, and does not run again before. With a"
        " timeout above the interval a failure is noticed as much later.",
        "make timeout at most as long as interval",
        _script_slow,
    ),
)
