"""From keepalived's words to the settings the edges run on. The only such translation.

keepalived: instance, state MASTER, advert_int, nopreempt. Here, as in RFC 9568: Virtual Router,
`start_as_active`, `advertisement_interval`, `preempt_mode`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ...core.authentication import HmacSettings
from ...core.model import (
    AnnounceSchedule,
    ChecksumForm,
    Family,
    Peer,
    Version,
    VirtualRouterConfig,
    vrrp_group,
)
from ...errors import PyvrrpError
from ...settings import UNSPECIFIED, ExtraAnnouncements, VirtualRouterSettings
from ..process_settings import ProcessSettings
from . import routing as translate_routing
from .links import address_prefix, has_own_mac, ipvlan, virtual_mac
from .process import vrrp_process

if TYPE_CHECKING:
    from ...conf.config import (
        Authentication,
        Config,
        GarpSettings,
        SyncGroup,
        VirtualAddress,
        VrrpInstance,
    )
    from .tracking import Tracking

__all__ = ["NotBuilt", "translate"]

_ANY_FORM = frozenset(ChecksumForm)  # quirk: old-checksum-heard
_NEVER_OLD = _ANY_FORM - {ChecksumForm.OLD_UNICAST}


class NotBuilt(PyvrrpError):
    """A setting that would be unsafe to leave out and that this version cannot carry out."""

    def __init__(self, instance: VrrpInstance, what: str) -> None:
        super().__init__(f"{instance.span}: ({instance.name}) {what}")
        self.instance = instance.name


def translate(
    config: Config, tracking: Tracking
) -> tuple[ProcessSettings, Iterator[VirtualRouterSettings]]:
    """Settings of the process, and of each Virtual Router in the order written.

    Raises: NotBuilt, when running without something would do harm.
    """
    process = vrrp_process(config.global_defs)
    group_of = {member: group for group in config.sync_groups for member in group.members}
    return process, (
        _virtual_router(config, i, group_of.get(i.name), tracking) for i in config.instances
    )


def _virtual_router(
    config: Config, instance: VrrpInstance, group: SyncGroup | None, tracking: Tracking
) -> VirtualRouterSettings:
    everything = (*instance.virtual_ipaddress, *instance.virtual_ipaddress_excluded)
    return VirtualRouterSettings(
        name=instance.name,
        # Sockets bound to a VRF hear and speak in all of it.
        interface=instance.interface or instance.vrf or "",
        protocol=_protocol(instance, synchronized=group is not None),
        addresses=tuple(
            translate_routing.address(
                _placed(config, instance, a), own_mac=has_own_mac(instance, a)
            )
            for a in everything
        ),
        tracked_interfaces=(
            *tracking.interfaces(instance, group),
            *translate_routing.watched(config, instance),
        ),
        tracked=tracking.objects(instance, group),
        track_primary=not instance.dont_track_primary,
        virtual_mac=virtual_mac(instance, config.global_defs),
        ipvlan=ipvlan(instance, config.global_defs),
        address_prefix=address_prefix(config.global_defs),
        extra_announcements=_extra(instance.garp),
        sync_group=group.name if group is not None else None,
        unicast_ttl=instance.unicast_ttl,
        needs_peers=instance.unicast_fault_no_peer,
        track_source=instance.track_src_ip,
        receive_buffer=_receive_buffer(config, instance),
        receive_frames=_receive_frames(config, instance),
        routes=translate_routing.routes(instance.virtual_routes),
        rules=translate_routing.rules(instance.virtual_rules),
        promote_secondaries=instance.promote_secondaries,
    )


def _placed(config: Config, instance: VrrpInstance, address: VirtualAddress) -> VirtualAddress:
    """Without an interface of the instance an address is on the default one."""
    if instance.interface is not None or address.dev is not None:
        return address
    return replace(address, dev=config.global_defs.default_interface)


def _protocol(instance: VrrpInstance, *, synchronized: bool) -> VirtualRouterConfig:
    family = Family(instance.family)
    source = instance.unicast_src_ip if instance.unicast_peers else instance.mcast_src_ip
    group = instance.mcast_dst_ip
    return VirtualRouterConfig(
        vrid=instance.virtual_router_id,
        family=family,
        addresses=tuple(a.interface.ip for a in instance.virtual_ipaddress),
        addressless=not instance.virtual_ipaddress,
        source=source or UNSPECIFIED[family],
        priority=instance.priority,
        version=Version(instance.version),
        advertisement_interval=instance.advert_int,
        preempt_mode=not instance.nopreempt,
        preempt_delay=instance.preempt_delay,
        accept_mode=instance.accept,
        missed_advertisements=instance.down_timer_adverts,
        yield_to_priority=instance.timer_expired_backup,
        start_as_active=instance.state == "MASTER",
        answer_lower_priority=not instance.lower_prio_no_advert,
        advertise_before_yielding=instance.higher_prio_send_advert,
        owner_ignores_advertisements=instance.owner_ignore_adverts,
        skip_repeated_address_check=instance.skip_check_adv_addr,
        checksum=_checksum(instance),
        accepted_checksums=_NEVER_OLD if instance.old_unicast_checksum is False else _ANY_FORM,
        password=_password(instance.authentication, "PASS"),
        ah_key=_password(instance.authentication, "AH"),
        hmac=_hmac(instance),
        peers=tuple(
            Peer(p.address, p.min_ttl or 0, 255 if p.max_ttl is None else p.max_ttl)
            for p in instance.unicast_peers
        ),
        check_unicast_source=_checks_source(instance),
        group=None if group == vrrp_group(family) else group,
        announce=_announce(instance.garp),
        synchronized=synchronized,
        link_local_first=False,  # keepalived only remarks on a list that begins otherwise
    )


def _checksum(instance: VrrpInstance) -> ChecksumForm:
    if instance.v3_checksum_as_v2:
        return ChecksumForm.MESSAGE_ONLY
    is_old = instance.old_unicast_checksum and instance.unicast_peers
    return ChecksumForm.OLD_UNICAST if is_old else ChecksumForm.PSEUDO_HEADER


def _receive_buffer(config: Config, instance: VrrpInstance) -> int:
    """The instance's own size before that of all, and a number of Advertisements of its size."""
    words = config.global_defs.receive_buffers
    if instance.kernel_rx_buf_size is not None or words is None:
        return instance.kernel_rx_buf_size or 0
    if words.vrrp_policy == "ADVERT":
        return config.global_defs.vrrp_rx_bufs_multiplier * _advertisement_size(instance)
    return words.vrrp_size or 0


def _receive_frames(config: Config, instance: VrrpInstance) -> int:
    words = config.global_defs.receive_buffers
    if instance.kernel_rx_buf_size is not None or words is None or words.vrrp_policy != "MTU":
        return 0
    return config.global_defs.vrrp_rx_bufs_multiplier


def _advertisement_size(instance: VrrpInstance) -> int:
    """Octets, with the IP header; the longest that there may be behind and before the message."""
    header, address = (20, 4) if instance.family == 4 else (40, 16)
    return header + 24 + 8 + address * len(instance.virtual_ipaddress) + 28


def _checks_source(instance: VrrpInstance) -> bool:
    """keepalived looks at the sender only when asked to, or when a peer has TTL bounds.

    And when it is to know who signed last.
    """
    bounded = any(p.min_ttl is not None or p.max_ttl is not None for p in instance.unicast_peers)
    return instance.check_unicast_src or bounded or instance.auth_hmac is not None


def _password(authentication: Authentication | None, use: str) -> bytes | None:
    if authentication is None or authentication.auth_type != use:
        return None
    return authentication.auth_pass[:8].ljust(8, b"\0")


def _hmac(instance: VrrpInstance) -> HmacSettings | None:
    if instance.auth_hmac is None:
        return None
    from .hmac_keys import UnusableKeys, hmac_settings

    try:
        return hmac_settings(instance.auth_hmac, instance.name)
    except UnusableKeys as error:
        raise NotBuilt(instance, str(error)) from error


def _extra(garp: GarpSettings) -> ExtraAnnouncements | None:
    return ExtraAnnouncements(garp.extra_if, garp.extra_if_all) if garp.extra_if else None


def _announce(garp: GarpSettings) -> AnnounceSchedule:
    return AnnounceSchedule(
        repeat=garp.master_repeat,
        delay=garp.master_delay,
        refresh=garp.master_refresh,
        refresh_repeat=garp.master_refresh_repeat,
        lower_priority_repeat=garp.lower_prio_repeat,
        lower_priority_delay=garp.lower_prio_delay,
    )
