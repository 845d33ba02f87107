"""What was counted: the text of SIGUSR2, and the same numbers under their names in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..conf.config import Config
from ..core.packet import DiscardReason
from ..core.receive import Mismatch
from ..counters import Counters
from ..snapshot import VirtualRouterSnapshot

__all__ = ["counted", "lines"]

_NOTHING = Counters()
_SHOWN: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Packet Errors",
        (
            ("Length", "packet_len_err"),
            ("TTL", "ip_ttl_err"),
            ("Invalid Type", "invalid_type_rcvd"),
            ("Advertisement Interval", "advert_interval_err"),
            ("Address List", "addr_list_err"),
        ),
    ),
    (
        "Authentication Errors",
        (
            ("Invalid Type", "invalid_authtype"),
            ("Type Mismatch", "authtype_mismatch"),
            ("Failure", "auth_failure"),
        ),
    ),
    (
        "Authentication Extension Errors",
        (
            ("Missing", "auth_ext_missing"),
            ("Malformed", "auth_ext_malformed"),
            ("Unknown Key", "auth_ext_unknown_key"),
            ("Invalid HMAC", "auth_ext_invalid_hmac"),
            ("Stale", "auth_ext_stale"),
            ("Replay", "auth_ext_replay"),
        ),
    ),
    ("Priority Zero", (("Received", "pri_zero_rcvd"), ("Sent", "pri_zero_sent"))),
)


def lines(config: Config, snapshots: Mapping[str, VirtualRouterSnapshot]) -> Iterator[str]:
    """`snapshots` by name of the instance; one without a snapshot has counted nothing."""
    for instance in config.instances:
        snapshot = snapshots.get(instance.name)
        numbers = counted(_NOTHING if snapshot is None else snapshot.counters)
        yield f"VRRP Instance: {instance.name}"
        yield "  Advertisements:"
        yield f"    Received: {numbers['advert_rcvd']}"
        yield f"    Sent: {numbers['advert_sent']}"
        yield f"  Became master: {numbers['become_master']}"
        yield f"  Released master: {numbers['release_master']}"
        for title, shown in _SHOWN:
            yield f"  {title}:"
            yield from (f"    {label}: {numbers[name]}" for label, name in shown)


def counted(counters: Counters) -> dict[str, int]:
    """keepalived's counters, in its order. An error counts whether or not the message was obeyed."""
    discarded, mismatches = counters.discarded, counters.mismatches

    def discards(*reasons: DiscardReason) -> int:
        return sum(discarded.get(reason, 0) for reason in reasons)

    intervals = discards(DiscardReason.INTERVAL, DiscardReason.INTERVAL_ZERO)
    lists = discards(DiscardReason.ADDRESS_LIST)
    return {
        "advert_rcvd": counters.advertisements_received,
        "advert_sent": counters.advertisements_sent,
        "become_master": counters.active_transitions,
        "release_master": counters.active_releases,
        "packet_len_err": discards(DiscardReason.LENGTH),
        "advert_interval_err": intervals + mismatches.get(Mismatch.INTERVAL, 0),
        "ip_ttl_err": discards(DiscardReason.TTL),
        "invalid_type_rcvd": discards(DiscardReason.TYPE),
        "addr_list_err": lists + mismatches.get(Mismatch.ADDRESS_LIST, 0),
        "invalid_authtype": discards(DiscardReason.AUTHENTICATION_TYPE),
        "authtype_mismatch": discards(DiscardReason.AUTHENTICATION_MISMATCH),
        "auth_failure": discards(DiscardReason.AUTHENTICATION_FAILURE),
        "auth_ext_missing": discards(DiscardReason.SIGNATURE_MISSING),
        "auth_ext_malformed": discards(DiscardReason.SIGNATURE_MALFORMED),
        "auth_ext_unknown_key": discards(DiscardReason.SIGNATURE_UNKNOWN_KEY),
        "auth_ext_invalid_hmac": discards(DiscardReason.SIGNATURE_INVALID),
        "auth_ext_stale": discards(DiscardReason.SIGNATURE_STALE),
        "auth_ext_replay": discards(DiscardReason.SIGNATURE_REPLAYED),
        "pri_zero_rcvd": counters.priority_zero_received,
        "pri_zero_sent": counters.priority_zero_sent,
    }
