"""What one `vrrp_instance` must agree with: itself, the globals, its sync group.

Each step looks at one subject, reports what does not fit and corrects it the way keepalived does;
their order is keepalived's, because later steps see what earlier ones corrected. Problems point at
the statement that is to blame.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .config import Authentication, GarpSettings, GlobalDefs, Secret, VrrpInstance
from .context import Context
from .draft import Draft, Group
from .values import Values, make
from .vrrp_contents import check_trackers, fit_addresses, has_addresses
from .vrrp_identity import (
    check_authentication,
    check_unicast,
    has_identity,
    settle_role,
    settle_source,
    settle_version,
    settle_virtual_mac,
)
from .vrrp_timing import (
    check_expired_timer,
    check_preemption,
    check_strict_timers,
    inherit,
    settle_advert_interval,
    settle_owner_adverts,
)

__all__ = ["finish_instance"]


def finish_instance(
    context: Context, values: Values, defs: GlobalDefs, group: Group | None
) -> VrrpInstance | None:
    """The finished instance; None when keepalived would refuse to start with it."""
    instance = Draft(context, values, defs, group)
    if not has_identity(instance):
        return None
    settle_version(instance)
    settle_role(instance)
    check_authentication(instance)
    if not check_unicast(instance):
        return None
    settle_source(instance)
    settle_virtual_mac(instance)
    fit_addresses(instance)
    check_preemption(instance)
    check_strict_timers(instance)
    check_expired_timer(instance)
    inherit(instance)
    settle_owner_adverts(instance)
    settle_advert_interval(instance)
    _settle_rare(instance)
    if not has_addresses(instance):
        return None
    check_trackers(instance)
    return _built(instance)


def _settle_rare(instance: Draft) -> None:
    """What few instances have; what knows of it is loaded for them."""
    values = instance.values
    if "hmac" in values.at:
        from .auth_hmac import settle_auth_hmac

        values.set["auth_hmac"] = settle_auth_hmac(instance)
    if "ipvlan/wanted" in values.set:
        from .ipvlan import settle_ipvlan

        values.set["use_ipvlan"] = settle_ipvlan(instance)


def _built(instance: Draft) -> VrrpInstance:
    values = instance.values
    fields = {name: v for name, v in values.set.items() if "/" not in name}
    if "auth/type" in values.set:
        secret = Secret(values.get("auth/pass", b""))
        span = values.where("auth/type").span()
        fields["authentication"] = Authentication(values.get("auth/type", "PASS"), secret, span)
    fields |= {
        "name": str(values.owner.words[1]),
        "span": values.owner.span(1),
        "interface": values.get("interface", None),
        "family": instance.family,
        "version": instance.version,
        "state": instance.state,
        "priority": instance.priority,
        "strict": instance.strict,
        "garp": _garp(instance),
    }
    return make(VrrpInstance, fields)


def _garp(instance: Draft) -> GarpSettings:
    """The global settings themselves where nothing differs: most instances share one object."""
    defs = instance.defs.garp
    given: dict[str, Any] = {
        name.removeprefix("garp/"): v
        for name, v in instance.values.set.items()
        if name.startswith("garp/")
    }
    if all(getattr(defs, name) == v for name, v in given.items()):
        return defs
    return replace(defs, **given)
