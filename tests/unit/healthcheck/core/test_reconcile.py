"""From the table that is to the table that is wanted, without a moment that does not forward."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.core.operations import (
    AddDestination,
    AddService,
    RemoveDestination,
    RemoveService,
    SetDestination,
    SetService,
)
from healthcheck.core.reconcile import plan
from healthcheck.core.table import (
    DestinationSettings,
    Forwarding,
    Method,
    Protocol,
    Service,
    ServiceAddress,
    ServiceFlag,
    ServiceSettings,
    TunnelChecksum,
    TunnelType,
)
from tests.unit.healthcheck.entries import DR, MARK, NAT, RR, destination, tcp

S, T = (tcp(f"10.2.0.{n}", 80) for n in (1, 2))
S6 = ServiceAddress(Protocol.UDP, IPv6Address("fd02::1"), 53)
A, B, C, D = (destination(f"10.1.0.{n}", 80) for n in (1, 2, 3, 4))
WRR = ServiceSettings("wrr")
W = {n: DestinationSettings(n) for n in range(6)}


def table(**services):
    """S={A: 1} is a service with scheduler rr and a destination of weight 1."""
    keys = {"S": S, "T": T, "MARK": MARK}
    return {
        keys[key]: Service(RR, {d: W[weight] for d, weight in destinations.items()})
        for key, destinations in services.items()
    }


def all_of(of_table):
    return {key: set(service.destinations) for key, service in of_table.items()}


@pytest.mark.parametrize(
    ("desired", "observed", "owned", "operations"),
    [
        pytest.param({}, {}, {}, (), id="nothing"),
        pytest.param(
            table(S={A: 1, B: 2}),
            {},
            {},
            (AddService(S, RR), AddDestination(S, A, W[1]), AddDestination(S, B, W[2])),
            id="start",
        ),
        pytest.param({}, table(S={A: 1}), {S: {A}}, (RemoveService(S),), id="stop"),
        pytest.param({}, table(S={A: 1}), {}, (), id="another's service stays"),
        pytest.param(
            table(S={B: 1}),
            table(S={A: 1}),
            {S: {A}},
            (AddDestination(S, B, W[1]), RemoveDestination(S, A)),
            id="replaced: added before removed",
        ),
        pytest.param(
            table(S={B: 1}),
            table(S={A: 1}),
            {},
            (AddDestination(S, B, W[1]),),
            id="another's destination stays",
        ),
        pytest.param(
            table(S={A: 0, B: 3}),
            table(S={A: 3, B: 0}),
            {S: {A, B}},
            (SetDestination(S, B, W[3]), SetDestination(S, A, W[0])),
            id="up before down to 0",
        ),
        pytest.param(
            table(S={A: 0, B: 1}),
            table(S={A: 3}),
            {S: {A}},
            (AddDestination(S, B, W[1]), SetDestination(S, A, W[0])),
            id="added before down to 0",
        ),
        pytest.param(
            {S: Service(WRR, {A: W[1]})},
            table(S={A: 2}),
            {},
            (SetService(S, WRR), SetDestination(S, A, W[1])),
            id="adopted and set right",
        ),
        pytest.param(
            table(T={A: 1}),
            table(S={A: 1}),
            {S: {A}},
            (AddService(T, RR), AddDestination(T, A, W[1]), RemoveService(S)),
            id="a service that moves",
        ),
        pytest.param(
            table(S={A: 1}, T={A: 1, B: 1}),
            table(S={A: 1, C: 1}, T={A: 1}),
            {S: {A, C}, T: {A}},
            (AddDestination(T, B, W[1]), RemoveDestination(S, C)),
            id="all additions before any removal",
        ),
        pytest.param(
            {MARK: Service(RR, {A: replace(W[1], upper_threshold=9, lower_threshold=5)})},
            table(MARK={A: 1}),
            {},
            (SetDestination(MARK, A, DestinationSettings(1, Method(), 9, 5)),),
            id="thresholds alone",
        ),
        pytest.param(
            table(S={}),
            table(S={A: 1}),
            {S: {A}},
            (RemoveDestination(S, A),),
            id="the last one",
        ),
        pytest.param({}, {}, {S: {A}}, (), id="ours, but gone already"),
    ],
)
def test_plan(desired, observed, owned, operations):
    assert plan(desired, observed, owned) == operations


TUN = Forwarding.TUNNELLING
SUM = TunnelChecksum.CSUM


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        pytest.param(NAT, DR, False, id="method"),
        pytest.param(DR, Method(DR.forwarding, TunnelType.GUE, 6080, SUM), True, id="no tunnel"),
        pytest.param(Method(TUN), Method(TUN, tunnel_port=9), True, id="ipip has no port"),
        pytest.param(Method(TUN), Method(TUN, TunnelType.GRE), False, id="tunnel type"),
        pytest.param(
            Method(TUN, TunnelType.GRE, 0), Method(TUN, TunnelType.GRE, 9), True, id="nor has gre"
        ),
        pytest.param(
            Method(TUN, TunnelType.GRE, 0),
            Method(TUN, TunnelType.GRE, 0, SUM),
            False,
            id="gre has a checksum",
        ),
        pytest.param(
            Method(TUN, TunnelType.GUE, 1), Method(TUN, TunnelType.GUE, 2), False, id="gue port"
        ),
    ],
)
def test_methods_are_compared_by_meaning(one, other, is_same):
    wanted, found = DestinationSettings(1, one), DestinationSettings(1, other)
    expected = () if is_same else (SetDestination(S, A, wanted),)
    assert plan({S: Service(RR, {A: wanted})}, {S: Service(RR, {A: found})}, {}) == expected


PERSISTENT = ServiceFlag.PERSISTENT


@pytest.mark.parametrize(
    ("key", "one", "other", "is_same"),
    [
        pytest.param(S, RR, ServiceSettings("rr", persistence_timeout=360), True, id="timeout"),
        pytest.param(S, RR, ServiceSettings("rr", granularity=24), True, id="granularity"),
        pytest.param(S, RR, WRR, False, id="scheduler"),
        pytest.param(S, RR, ServiceSettings("rr", ServiceFlag.ONE_PACKET), False, id="one packet"),
        pytest.param(S, RR, ServiceSettings("rr", persistence_engine="sip"), False, id="engine"),
        pytest.param(
            S,
            ServiceSettings("rr", PERSISTENT, 360),
            ServiceSettings("rr", PERSISTENT, 300),
            False,
            id="persistent: timeout",
        ),
        pytest.param(
            S,
            ServiceSettings("rr", PERSISTENT, 360),
            ServiceSettings("rr", PERSISTENT, 360, 32),
            True,
            id="single hosts, IPv4",
        ),
        pytest.param(
            S6,
            ServiceSettings("rr", PERSISTENT, 360),
            ServiceSettings("rr", PERSISTENT, 360, 128),
            True,
            id="single hosts, IPv6",
        ),
        pytest.param(
            S6,
            ServiceSettings("rr", PERSISTENT, 360),
            ServiceSettings("rr", PERSISTENT, 360, 32),
            False,
            id="a prefix, IPv6",
        ),
    ],
)
def test_services_are_compared_by_meaning(key, one, other, is_same):
    expected = () if is_same else (SetService(key, one),)
    assert plan({key: Service(one)}, {key: Service(other)}, {}) == expected


# For any two tables and any past.

SETTINGS = st.builds(
    DestinationSettings,
    st.sampled_from([0, 0, 1, 2]),
    st.sampled_from([NAT, DR, Method(TUN, TunnelType.GUE, 6080)]),
    st.sampled_from([0, 10]),
)
SERVICES = st.builds(
    Service,
    st.sampled_from([RR, WRR, ServiceSettings("rr", PERSISTENT, 360)]),
    st.dictionaries(st.sampled_from([A, B, C, D]), SETTINGS, max_size=4),
)
KEYS = st.sampled_from([S, T, S6, MARK])
TABLES = st.dictionaries(KEYS, SERVICES, max_size=4)
OWNED = st.dictionaries(KEYS, st.frozensets(st.sampled_from([A, B, C, D])), max_size=4)


class Kernel:
    """The kernel's rules: what is there cannot be added, what is missing not changed."""

    def __init__(self, observed):
        self.settings = {key: service.settings for key, service in observed.items()}
        self.destinations = {key: dict(s.destinations) for key, s in observed.items()}

    def apply(self, operation):
        match operation:
            case AddService(key, settings):
                assert key not in self.settings
                self.settings[key] = settings
                self.destinations[key] = {}
            case SetService(key, settings):
                assert key in self.settings
                self.settings[key] = settings
            case RemoveService(key):
                del self.settings[key], self.destinations[key]
            case AddDestination(key, destination, settings):
                assert destination not in self.destinations[key]
                self.destinations[key][destination] = settings
            case SetDestination(key, destination, settings):
                assert destination in self.destinations[key]
                self.destinations[key][destination] = settings
            case RemoveDestination(key, destination):
                del self.destinations[key][destination]

    def table(self):
        return {key: Service(s, self.destinations[key]) for key, s in self.settings.items()}


def applied(operations, observed):
    kernel = Kernel(observed)
    for operation in operations:
        kernel.apply(operation)
    return kernel.table()


def live(of_table, key):
    return {d for d, s in of_table[key].destinations.items() if s.weight}


@given(TABLES, TABLES, OWNED)
def test_the_plan_leads_there(desired, observed, owned):
    after = applied(plan(desired, observed, owned), observed)
    for key, service in desired.items():
        assert after[key].settings == service.settings
        others = {
            d: s
            for d, s in (observed[key].destinations if key in observed else {}).items()
            if d not in service.destinations and d not in owned.get(key, ())
        }
        assert after[key].destinations == {**service.destinations, **others}
    for key in set(observed) - set(desired):
        assert (key in after) is (key not in owned)
        if key in after:
            assert after[key] == observed[key]
    assert set(after) <= set(desired) | set(observed)
    assert plan(desired, after, owned) == ()


@given(TABLES, TABLES)
def test_with_all_of_it_ours_the_result_is_what_was_desired(desired, observed):
    assert applied(plan(desired, observed, all_of(observed)), observed) == desired


@given(TABLES, TABLES, OWNED)
def test_every_prefix_forwards(desired, observed, owned):
    kernel = Kernel(observed)
    made = set(observed)
    for operation in plan(desired, observed, owned):
        kernel.apply(operation)
        now = kernel.table()
        made |= set(now)
        for key in set(desired) & made:
            assert key in now
        for key in set(desired) & set(observed):
            if live(desired, key) and live(observed, key):
                assert live(now, key)
            stays = live(desired, key) & live(observed, key)
            assert stays <= live(now, key)


@given(TABLES, TABLES, OWNED)
def test_order_of_a_plan(desired, observed, owned):
    ranks = [
        1 if isinstance(operation, (RemoveDestination, RemoveService)) else 0
        for operation in plan(desired, observed, owned)
    ]
    assert ranks == sorted(ranks)


@given(TABLES, TABLES, OWNED)
def test_no_foreign_entry_is_touched(desired, observed, owned):
    for operation in plan(desired, observed, owned):
        key = operation.key
        assert key in desired or key in owned
        destination = getattr(operation, "destination", None)
        if destination is not None:
            assert destination in desired[key].destinations or destination in owned[key]


@given(TABLES, OWNED)
def test_nothing_to_do_is_no_operation(desired, owned):
    copy = {key: Service(s.settings, dict(s.destinations)) for key, s in desired.items()}
    ours = {key: owned.get(key, frozenset()) for key in desired}
    assert plan(desired, copy, ours) == ()
