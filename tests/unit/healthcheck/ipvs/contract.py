"""What `Ipvs` promises, whatever answers it: run against the fake kernel here, and in tests/ipvs.

Each function takes an `Ipvs` with an empty table, and leaves one that is of no more use.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from healthcheck.core.operations import (
    AddDestination,
    AddService,
    Operation,
    RemoveDestination,
    RemoveService,
    SetDestination,
    SetService,
)
from healthcheck.core.table import (
    DestinationSettings,
    Family,
    FirewallMark,
    Forwarding,
    Method,
    Service,
    ServiceFlag,
    ServiceSettings,
    TunnelChecksum,
    TunnelType,
)
from healthcheck.ipvs import Failure, Ipvs, IpvsError
from tests.unit.healthcheck.entries import MARK, RR, destination, tcp

__all__ = ["PROMISES"]

GUE = Method(Forwarding.TUNNELLING, TunnelType.GUE, 6080, TunnelChecksum.REMCSUM)
ONE = DestinationSettings()


WEB, WEB6 = tcp("10.0.0.1", 80), tcp("2001:db8::1", 80)
MARK6 = FirewallMark(7, Family.IPV6)
FIRST, SECOND = destination("10.1.0.1", 80), destination("10.1.0.2", 8080)
FIRST6 = destination("2001:db8::9", 80)


def an_empty_table_reads_empty(ipvs: Ipvs) -> None:
    assert ipvs.read() == {}
    assert ipvs.read_destinations(WEB) == {}


def what_was_applied_is_read(ipvs: Ipvs) -> None:
    heavy = DestinationSettings(5, Method(Forwarding.DIRECT_ROUTING), 100, 50)
    persistent = ServiceSettings("wlc", ServiceFlag.PERSISTENT, 300, 24)
    flags = ServiceFlag.PERSISTENT | ServiceFlag.SCHEDULER_1 | ServiceFlag.SCHEDULER_2
    wanted = {
        WEB: Service(persistent, {FIRST: heavy, SECOND: ONE, FIRST6: DestinationSettings(0, GUE)}),
        WEB6: Service(ServiceSettings("sh", flags, 50, 127), {FIRST6: ONE}),
        MARK: Service(RR, {}),
        MARK6: Service(ServiceSettings("rr", ServiceFlag.ONE_PACKET), {}),
    }
    operations: list[Operation] = []
    for key, service in wanted.items():
        operations.append(AddService(key, service.settings))
        operations += [AddDestination(key, each, to) for each, to in service.destinations.items()]
    assert ipvs.apply(operations) == ()
    assert ipvs.read() == wanted
    assert ipvs.read_services() == {key: each.settings for key, each in wanted.items()}
    assert ipvs.read_destinations(WEB) == wanted[WEB].destinations


def what_was_set_is_read(ipvs: Ipvs) -> None:
    before = ServiceSettings("sh", ServiceFlag.PERSISTENT | ServiceFlag.SCHEDULER_1, 300, 24)
    added = [AddService(WEB, before), AddDestination(WEB, FIRST, DestinationSettings(3, GUE, 9, 8))]
    assert ipvs.apply(added) == ()
    assert ipvs.apply([SetService(WEB, RR), SetDestination(WEB, FIRST, ONE)]) == ()
    assert ipvs.read() == {WEB: Service(RR, {FIRST: ONE})}


def what_was_removed_is_gone(ipvs: Ipvs) -> None:
    ipvs.apply([AddService(WEB, RR), AddService(WEB6, RR), AddService(MARK, RR)])
    ipvs.apply([AddDestination(WEB, each, ONE) for each in (FIRST, SECOND)])
    ipvs.apply([AddDestination(MARK, FIRST, ONE)])
    removed = [RemoveDestination(WEB, FIRST), RemoveService(WEB6), RemoveService(MARK)]
    assert ipvs.apply(removed) == ()
    assert ipvs.read() == {WEB: Service(RR, {SECOND: ONE})}


def removing_what_is_not_there_is_no_failure(ipvs: Ipvs) -> None:
    assert ipvs.apply([RemoveService(WEB), RemoveDestination(WEB, FIRST)]) == ()
    assert ipvs.apply([AddService(WEB, RR), RemoveDestination(WEB, FIRST)]) == ()


def refusals_come_back_and_stop_nothing(ipvs: Ipvs) -> None:
    refused = [
        (AddService(WEB, RR), errno.EEXIST),
        (AddService(MARK, ServiceSettings("nosuch")), errno.ENOENT),
        (SetService(WEB6, RR), errno.ESRCH),
        (AddService(WEB6, ServiceSettings("rr", granularity=0)), errno.EINVAL),
        (AddDestination(WEB6, FIRST6, ONE), errno.ESRCH),
        (AddDestination(WEB, FIRST, ONE), errno.EEXIST),
        (AddDestination(WEB, FIRST6, ONE), errno.EINVAL),
        (AddDestination(WEB, SECOND, DestinationSettings(1, Method(), 5, 6)), errno.ERANGE),
        (SetDestination(WEB, SECOND, ONE), errno.ENOENT),
    ]
    made = [AddService(WEB, RR), AddDestination(WEB, FIRST, ONE)]
    last = AddDestination(WEB, destination("10.1.0.3", 80), ONE)
    failures = ipvs.apply([*made, *(operation for operation, _ in refused), last])
    assert failures == tuple(Failure(*each) for each in refused)
    third = destination("10.1.0.3", 80)
    assert ipvs.read() == {WEB: Service(RR, {FIRST: ONE, third: ONE})}


def more_than_a_batch_is_applied_in_order(ipvs: Ipvs) -> None:
    servers = [destination(f"10.2.{number // 200}.{1 + number % 200}", 80) for number in range(650)]
    added = [AddDestination(WEB, each, ONE) for each in servers]
    removed = [RemoveDestination(WEB, each) for each in servers[:50]]
    assert ipvs.apply([AddService(WEB, RR), *added, *removed]) == ()
    assert ipvs.read() == {WEB: Service(RR, dict.fromkeys(servers[50:], ONE))}


def a_thousand_refusals_all_come_back(ipvs: Ipvs) -> None:
    servers = [
        destination(f"10.2.{number // 200}.{1 + number % 200}", 80) for number in range(1000)
    ]
    operations = [AddDestination(WEB, each, ONE) for each in servers]
    assert ipvs.apply(operations) == tuple(Failure(each, errno.ESRCH) for each in operations)


def flush_removes_everything(ipvs: Ipvs) -> None:
    ipvs.apply([AddService(WEB, RR), AddDestination(WEB, FIRST, ONE), AddService(MARK6, RR)])
    ipvs.flush()
    assert ipvs.read() == {}


def statistics_name_every_entry(ipvs: Ipvs) -> None:
    ipvs.apply([AddService(WEB, RR), AddDestination(WEB, FIRST, ONE), AddService(MARK6, RR)])
    ipvs.apply([AddDestination(MARK6, FIRST6, ONE)])
    found = ipvs.statistics()
    assert {key: list(each.destinations) for key, each in found.items()} == {
        WEB: [FIRST],
        MARK6: [FIRST6],
    }
    assert found[WEB].counters.connections == 0
    assert found[WEB].destinations[FIRST].active_connections == 0
    ipvs.zero()
    ipvs.zero(WEB)
    with pytest.raises(IpvsError, match=r"^IPVS: set the counters of FWM 7 IPv4 to 0: no such s"):
        ipvs.zero(MARK)


def timeouts_are_set_one_by_one(ipvs: Ipvs) -> None:
    ipvs.set_timeouts(tcp=900, tcp_fin=120, udp=300)
    ipvs.set_timeouts(tcp=100, udp=33)
    found = ipvs.timeouts()
    assert (found.tcp, found.tcp_fin, found.udp) == (100, 120, 33)


PROMISES: tuple[Callable[[Ipvs], None], ...] = (
    an_empty_table_reads_empty,
    what_was_applied_is_read,
    what_was_set_is_read,
    what_was_removed_is_gone,
    removing_what_is_not_there_is_no_failure,
    refusals_come_back_and_stop_nothing,
    more_than_a_batch_is_applied_in_order,
    a_thousand_refusals_all_come_back,
    flush_removes_everything,
    statistics_name_every_entry,
    timeouts_are_set_one_by_one,
)
