"""When an instance sends, yields and takes over: preemption, intervals, what strict mode forbids."""

from __future__ import annotations

from .draft import Draft

__all__ = [
    "check_expired_timer",
    "check_preemption",
    "check_strict_timers",
    "inherit",
    "settle_advert_interval",
    "settle_owner_adverts",
]


def check_preemption(instance: Draft) -> None:
    values = instance.values
    reason = ""
    if instance.is_owner:
        reason = "priority 255"
    elif instance.state == "MASTER":
        reason = "state MASTER"
    if reason and instance.is_set("nopreempt"):
        message = f"nopreempt does not work with {reason}; ignored"
        instance.complain("preemption", "nopreempt", message)
        instance.clear("nopreempt")
    if not values.get("preempt_delay", 0.0):
        return
    if instance.state == "MASTER":
        reason = "state MASTER"
    elif instance.strict:
        reason = "strict mode"
    elif instance.is_set("nopreempt"):
        reason = "nopreempt"
    else:
        return
    message = f"preempt_delay does not work with {reason}; ignored"
    instance.complain("preemption", "preempt_delay", message)
    instance.clear("preempt_delay")


def check_strict_timers(instance: Draft) -> None:
    """What strict mode allows only at its RFC value."""
    values = instance.values
    adverts = values.get("down_timer_adverts", instance.defs.vrrp_down_timer_adverts)
    if instance.strict and adverts != 3:
        message = f"strict mode wants down_timer_adverts 3, not {adverts}"
        instance.complain("strict-mode", "down_timer_adverts", message)
        adverts = 3
    values.set["down_timer_adverts"] = adverts
    accept = values.get("accept", instance.is_owner or not instance.strict)
    if accept and instance.strict and instance.version == 2 and not instance.is_owner:
        message = "in strict mode version 2 does not accept packets to the addresses"
        instance.complain("strict-mode", "accept", message)
        accept = False
    values.set["accept"] = accept


def check_expired_timer(instance: Draft) -> None:
    """A router that yields because it was starved must not preempt right after."""
    field = "timer_expired_backup"
    if field in instance.values.set and not instance.is_set("nopreempt"):
        instance.complain("preemption", field, f"{field} needs nopreempt; ignored")
        instance.clear(field)


def inherit(instance: Draft) -> None:
    """What the globals say where the instance is silent, and strict mode forbids."""
    values, defs, strict = instance.values, instance.defs, instance.strict
    for field, otherwise, wanted in (
        ("lower_prio_no_advert", defs.vrrp_lower_prio_no_advert, True),
        ("higher_prio_send_advert", defs.vrrp_higher_prio_send_advert, False),
        ("garp/lower_prio_delay", defs.garp.lower_prio_delay, 0.0),
        ("garp/lower_prio_repeat", defs.garp.lower_prio_repeat, 0),
    ):
        said = field in values.set
        if not said:
            values.set[field] = wanted if strict else otherwise
        elif strict and values.set[field] != wanted:
            keyword = values.where(field).words[0]
            instance.complain("strict-mode", field, f"strict mode does not allow {keyword} here")
            values.set[field] = wanted
    values.set.setdefault("skip_check_adv_addr", defs.vrrp_skip_check_adv_addr)
    values.set.setdefault("check_unicast_src", defs.vrrp_check_unicast_src)
    values.set.setdefault("v3_checksum_as_v2", defs.v3_checksum_as_v2)
    is_mailed = defs.smtp_alert if defs.smtp_alert_vrrp is None else defs.smtp_alert_vrrp
    values.set.setdefault("smtp_alert", bool(is_mailed))
    notify = instance.group.notify_priority_changes if instance.group else None
    notify = defs.vrrp_notify_priority_changes if notify is None else notify
    values.set.setdefault("notify_priority_changes", notify)
    group = defs.vrrp_mcast_group4 if instance.family == 4 else defs.vrrp_mcast_group6
    values.set.setdefault("mcast_dst_ip", group)


def settle_owner_adverts(instance: Draft) -> None:
    field = "owner_ignore_adverts"
    said: bool | None = instance.values.get(field, None)
    if said is None:
        ignores = instance.strict or instance.defs.vrrp_owner_ignore_adverts
        instance.values.set[field] = instance.is_owner and ignores
    elif said and not instance.is_owner:
        message = f"owner_ignore_adverts belongs to priority 255, not {instance.priority}; ignored"
        instance.complain("not-owner", field, message)
        instance.values.set[field] = False
    elif not said and instance.is_owner and instance.strict:  # quirk: owner-ignore-off
        instance.complain("strict-mode", field, "strict mode does not allow this; it is turned on")
        instance.values.set[field] = True


def settle_advert_interval(instance: Draft) -> None:
    """Version 2 counts seconds, version 3 hundredths of them, up to 40.95 s."""
    seconds = instance.values.get("advert_int", 1.0)
    microseconds = round(seconds * 1_000_000)
    step, most = (1_000_000, 255) if instance.version == 2 else (10_000, 4095)
    units, rest = divmod(microseconds, step)
    reason = ""
    if rest:
        units += 2 * rest >= step
        reason = "is whole seconds" if instance.version == 2 else "goes in steps of 0.01 s"
    if units > most:
        reason = f"is at most {most * step / 1e6:g} s"
    units = min(max(units, 1), most)
    used = units * step / 1_000_000
    if reason:
        message = f"advert_int of version {instance.version} {reason}; {used:g} s is used"
        instance.complain("value-out-of-range", "advert_int", message)
    instance.values.set["advert_int"] = used
