"""A virtual server's state: what is told, and the table that follows.

Most rows are keepalived's own traces: `play` writes a step as a trace does, notices and table.
"""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.core.desired import configured, desired
from healthcheck.core.model import (
    FileCheck,
    ProbeResult,
    RealServer,
    SorryServer,
    Target,
    TcpCheck,
    Timing,
    VirtualServer,
)
from healthcheck.core.service import (
    QuorumDown,
    QuorumUp,
    ServerDown,
    ServerUp,
    check_changed,
    reconfigure,
    removed,
    start,
    stop,
    weight_changed,
)
from healthcheck.core.table import Destination, Forwarding, Method, Protocol, ServiceAddress

NAME = "[10.2.0.1]:tcp:80"
KEY = ServiceAddress(Protocol.TCP, IPv4Address("10.2.0.1"), 80)


def at(letter):
    """Address of the real server with a letter: a is 10.1.0.1, i (the sorry server) 10.1.0.9."""
    return Destination(IPv4Address("10.1.0.0") + (ord(letter) - ord("a") + 1), 80)


def check(letter, alpha=False, retry=1):
    return TcpCheck(Target(at(letter).address, 80), Timing(alpha=alpha, retry=retry))


def server(letter, weight=1, *, alpha=False, inhibit=False, checks=None):
    if checks is None:
        checks = (check(letter, alpha),)
    return RealServer(at(letter), weight, inhibit=inhibit, checks=checks)


def service(*servers, **settings):
    return VirtualServer(NAME, (KEY,), servers, **settings)


SORRY = SorryServer(at("i"))


def told(notices):
    """Notices in short: "a UP", "VS DOWN"."""
    words = []
    for notice in notices:
        assert notice.virtual_server == NAME
        match notice:
            case ServerUp(_, destination):
                words.append(f"{name(destination)} UP")
            case ServerDown(_, destination):
                words.append(f"{name(destination)} DOWN")
            case QuorumUp():
                words.append("VS UP")
            case QuorumDown():
                words.append("VS DOWN")
    return ", ".join(words)


def name(destination):
    return chr((int(destination.address) & 0xFF) - 1 + ord("a"))


def pool(config, state):
    """The table in short: "a1 b0", letter and weight."""
    entries = desired(config, state)[KEY].destinations.items()
    return " ".join(sorted(f"{name(d)}{s.weight}" for d, s in entries))


def step(config, state, word):
    """One fact: "+a" or "-a", the first check of a; "+a1", its second; "a:5" adds 5 to the weight."""
    if ":" in word:
        letter, _, offset = word.partition(":")
        result = ProbeResult(True, weight_offset=int(offset))
        return weight_changed(config, state, at(letter), 0, result)
    return check_changed(config, state, at(word[1]), int(word[2:] or 0), word[0] == "+")


def play(config, facts):
    """What is told and what the table is, at the start and after each group of facts."""
    state, notices = start(config)
    seen = [f"{told(notices)} | {pool(config, state)}"]
    for group in facts:
        notices = ()
        for word in group.split():
            state, more = step(config, state, word)
            notices += more
        seen.append(f"{told(notices)} | {pool(config, state)}")
    return seen


FIVE = tuple(server(letter) for letter in "abcde")


@pytest.mark.parametrize(
    ("config", "facts", "expected"),
    [
        pytest.param(
            service(server("a"), server("b")),
            ["-a", "+a"],
            ["VS UP | a1 b1", "a DOWN | b1", "a UP | a1 b1"],
            id="tcp_basic",
        ),
        pytest.param(
            service(server("a", alpha=True), server("b", alpha=True)),
            ["-a +b", "+a"],
            [" | ", "a DOWN, b UP, VS UP | b1", "a UP | a1 b1"],
            id="alpha",
        ),
        pytest.param(
            service(server("a", 3, inhibit=True), server("b", 3), server("c", 3, inhibit=True)),
            ["-a -b", "+a +b"],
            ["VS UP | a3 b3 c3", "a DOWN, b DOWN | a0 c3", "a UP, b UP | a3 b3 c3"],
            id="inhibit",
        ),
        pytest.param(
            service(*FIVE, quorum=3, hysteresis=1),
            ["-d -e", "-c", "-b", "+b +c", "+d"],
            [
                "VS UP | a1 b1 c1 d1 e1",
                "d DOWN, e DOWN | a1 b1 c1",
                "c DOWN | a1 b1",
                "b DOWN, VS DOWN | a1",
                "b UP, c UP | a1 b1 c1",
                "d UP, VS UP | a1 b1 c1 d1",
            ],
            id="quorum_hysteresis",
        ),
        pytest.param(
            service(server("a", 3), server("b", 3), sorry_server=SORRY),
            ["-a", "-b", "+a", "+b"],
            [
                "VS UP | a3 b3",
                "a DOWN | b3",
                "b DOWN, VS DOWN | i1",
                "a UP, VS UP | a3",
                "b UP | a3 b3",
            ],
            id="sorry_server",
        ),
        pytest.param(
            service(*(server(letter, 10) for letter in "abcd")),
            ["c:6", "-a b:5 c:-8 d:-15", "b:-20 c:0 d:60", "+a -b d:2147483647", "+b b:0 d:0"],
            [
                "VS UP | a10 b10 c10 d10",
                " | a10 b10 c16 d10",
                "a DOWN | b15 c2 d0",
                " | b0 c10 d70",
                "a UP, b DOWN | a10 c10 d2147483647",
                "b UP | a10 b10 c10 d10",
            ],
            id="file_check",
        ),
        pytest.param(
            service(server("a", checks=()), server("b", 0)), [], ["VS UP | a1 b0"], id="no check"
        ),
    ],
)
def test_as_keepalived(config, facts, expected):
    assert play(config, facts) == expected


TWO_CHECKS = (check("a"), check("a", retry=2))
TWO_ALPHA = (check("a", alpha=True), check("a", alpha=True, retry=2))


@pytest.mark.parametrize(
    ("config", "facts", "expected"),
    [
        pytest.param(
            service(server("a", checks=TWO_CHECKS), server("b")),
            ["-a", "-a1", "+a", "+a1"],
            ["VS UP | a1 b1", "a DOWN | b1", " | b1", " | b1", "a UP | a1 b1"],
            id="the last check to recover brings it up",
        ),
        pytest.param(
            service(server("a", checks=TWO_ALPHA), server("b")),
            ["-a", "-a1", "+a", "+a1"],
            ["VS UP | b1", "a DOWN | b1", " | b1", " | b1", "a UP | a1 b1"],
            id="alpha: told down once",
        ),
        pytest.param(
            service(server("a", checks=TWO_ALPHA), server("b")),
            ["+a", "-a1", "+a1"],
            ["VS UP | b1", " | b1", "a DOWN | b1", "a UP | a1 b1"],
            id="alpha: one of two succeeds",
        ),
        pytest.param(
            service(server("a", checks=(check("a", alpha=True), check("a"))), server("b")),
            ["+a"],
            ["VS UP | b1", "a UP | a1 b1"],
            id="alpha in one check is enough",
        ),
        pytest.param(
            service(server("a", alpha=True, inhibit=True)),
            ["+a", "-a"],
            [" | a0", "a UP, VS UP | a1", "a DOWN, VS DOWN | a0"],
            id="alpha and inhibit",
        ),
        pytest.param(
            service(server("a"), server("b"), quorum=2, hysteresis=1),
            ["-a", "+a"],
            [" | a1 b1", "a DOWN | b1", "a UP | a1 b1"],
            id="between the bounds nothing is said",
        ),
        pytest.param(
            service(server("a"), server("b"), quorum=2, hysteresis=1, sorry_server=SORRY),
            ["-a"],
            ["VS DOWN | i1", "a DOWN | i1"],
            id="unless there is a sorry server",
        ),
        pytest.param(
            service(server("a", alpha=True), sorry_server=SORRY),
            ["+a"],
            ["VS DOWN | i1", "a UP, VS UP | a1"],
            id="alpha and a sorry server",
        ),
        pytest.param(
            service(server("a", inhibit=True), server("b"), quorum=2, sorry_server=SORRY),
            ["-b", "-a", "+b", "+a"],
            [
                "VS UP | a1 b1",
                "b DOWN, VS DOWN | a0 i1",
                "a DOWN | a0 i1",
                "b UP | a0 i1",
                "a UP, VS UP | a1 b1",
            ],
            id="live ones leave for the sorry server",
        ),
        pytest.param(
            service(server("a"), sorry_server=replace(SORRY, inhibit=True)),
            ["-a", "+a"],
            ["VS UP | a1 i0", "a DOWN, VS DOWN | i1", "a UP, VS UP | a1 i0"],
            id="sorry_server_inhibit",
        ),
        pytest.param(
            service(server("a", 3), server("b", 3), quorum=4, sorry_server=SorryServer(at("a"))),
            ["-b", "-a", "+b", "+a"],
            [
                "VS UP | a3 b3",
                "b DOWN, VS DOWN | a1",
                "a DOWN | a1",
                "b UP | a1",
                "a UP, VS UP | a3 b3",
            ],
            id="the sorry server is one of the servers",
        ),
        pytest.param(
            service(
                server("a", 3),
                server("b", 3),
                sorry_server=SorryServer(at("a"), inhibit=True),
            ),
            ["-a"],
            ["VS UP | a3 b3", "a DOWN | a0 b3"],
            id="and inhibited: the server in use counts",
        ),
        pytest.param(
            service(server("a", 0), sorry_server=SORRY),
            ["a:1", "a:0"],
            ["VS DOWN | i1", "VS UP | a1", "VS DOWN | i1"],
            id="weight 0 is no quorum, and a weight is",
        ),
        pytest.param(
            service(server("a", 0), quorum=0, sorry_server=SORRY),
            ["a:1", "a:0"],
            ["VS DOWN | i1", "VS UP | a1", "VS DOWN | i1"],
            id="also when the quorum was cut to 0",
        ),
        pytest.param(
            service(server("a", 2), server("b", 2), quorum=3),
            ["a:-2", "a:-1", "a:3 -b"],
            ["VS UP | a2 b2", "VS DOWN | a0 b2", "VS UP | a1 b2", "b DOWN | a5"],
            id="weights move the quorum",
        ),
    ],
)
def test_facts(config, facts, expected):
    assert play(config, facts) == expected


def test_start_tells_servers_when_asked():
    config = service(server("a"), server("b", alpha=True))
    assert start(config, tell_servers=True)[1] == (ServerUp(NAME, at("a")), QuorumUp(NAME, 1))


def test_notices_say_whose_and_how_much():
    config = service(server("a", 3), server("b", 4), quorum=4)
    state, notices = start(config)
    assert notices == (QuorumUp(NAME, 7),)
    assert check_changed(config, state, at("b"), 0, False)[1] == (
        ServerDown(NAME, at("b")),
        QuorumDown(NAME, 3),
    )


def test_a_dynamic_weight_replaces_the_configured_one_and_can_be_taken_back():
    config = service(server("a", 10))
    state, _ = start(config)
    for result, expected in (
        (ProbeResult(True, weight=40), "a40"),
        (ProbeResult(True), "a40"),
        (ProbeResult(False, weight=1, is_verdict=False), "a40"),
        (ProbeResult(True, weight=0), "a0"),
        (ProbeResult(True, weight_offset=0), "a10"),
    ):
        state, _ = weight_changed(config, state, at("a"), 0, result)
        assert pool(config, state) == expected


def test_news_that_are_none_leave_the_very_same_state():
    config = service(server("a"))
    state, _ = start(config)
    assert check_changed(config, state, at("a"), 0, True) == (state, ())
    assert weight_changed(config, state, at("a"), 0, ProbeResult(True, weight_offset=0))[0] is state


def reload(old, facts, new):
    """What a reload tells, and the pool before and after."""
    state, _ = start(old)
    for word in facts.split():
        state, _ = step(old, state, word)
    after, notices = reconfigure(old, state, new)
    return f"{pool(old, state)} | {told(notices)} | {pool(new, after)}"


A, B, C = server("a"), server("b"), server("c")
DR = Method(Forwarding.DIRECT_ROUTING)


@pytest.mark.parametrize(
    ("old", "facts", "new", "expected"),
    [
        pytest.param(
            service(A, server("b", 2), server("c", 3)),
            "-c",
            service(server("a", 10), server("b", 2), server("c", 30)),
            "a1 b2 |  | a10 b2",
            id="reload_weights",
        ),
        pytest.param(service(A, B), "-a", service(A, B), "b1 |  | b1", id="nothing changed"),
        pytest.param(service(A, B), "", service(A), "a1 b1 | b DOWN | a1", id="server removed"),
        pytest.param(service(A, B), "-b", service(A), "a1 |  | a1", id="it was down"),
        pytest.param(
            service(A, B, C),
            "-a",
            service(replace(A, checks=()), C),
            "b1 c1 | b DOWN, a UP | a1 c1",
            id="one goes, one comes up",
        ),
        pytest.param(
            service(A, quorum=1, sorry_server=SORRY),
            "",
            service(A, quorum=2, sorry_server=SorryServer(at("j"))),
            "a1 | VS DOWN | j1",
            id="quorum raised, another sorry server",
        ),
        pytest.param(service(A), "", service(A, B), "a1 |  | a1 b1", id="server added"),
        pytest.param(
            service(A), "", service(A, server("b", alpha=True)), "a1 |  | a1", id="an alpha one"
        ),
        pytest.param(
            service(A), "", service(B), "a1 | a DOWN | b1", id="the last live one replaced"
        ),
        pytest.param(
            service(A, B),
            "-a",
            service(replace(A, checks=()), B),
            "b1 | a UP | a1 b1",
            id="failing check removed",
        ),
        pytest.param(
            service(A, B),
            "-a",
            service(replace(A, checks=(check("a", retry=5),)), B),
            "b1 | a UP | a1 b1",
            id="failing check changed",
        ),
        pytest.param(
            service(server("a", checks=TWO_CHECKS), B),
            "-a1",
            service(server("a", checks=(check("b"), *reversed(TWO_CHECKS))), B),
            "b1 |  | b1",
            id="failing check moved",
        ),
        pytest.param(
            service(A, B),
            "",
            service(server("a", checks=(check("a", alpha=True),)), B),
            "a1 b1 |  | a1 b1",
            id="alpha takes no server out that is up",
        ),
        pytest.param(
            service(A, B),
            "-a",
            service(server("a", checks=(check("a", alpha=True),)), B),
            "b1 |  | b1",
            id="nor one in that is down",
        ),
        pytest.param(
            service(A, B),
            "-a",
            service(replace(A, method=DR), replace(B, method=DR)),
            "b1 |  | b1",
            id="a changed method revives nothing",
        ),
        pytest.param(
            service(A, B),
            "-a",
            service(replace(A, inhibit=True), B),
            "b1 |  | a0 b1",
            id="inhibit switched on",
        ),
        pytest.param(
            service(replace(A, inhibit=True), B),
            "-a",
            service(A, B),
            "a0 b1 |  | b1",
            id="and off",
        ),
        pytest.param(
            service(A, B), "", service(A, B, quorum=3), "a1 b1 | VS DOWN | a1 b1", id="quorum up"
        ),
        pytest.param(
            service(A, B, quorum=2),
            "-a",
            service(A, B),
            "b1 | VS UP | b1",
            id="quorum lowered",
        ),
        pytest.param(
            service(A, B, C, quorum=2, hysteresis=1),
            "-a",
            service(A, B, C, quorum=2, hysteresis=1, omega=True),
            "b1 c1 |  | b1 c1",
            id="between the bounds: as it was",
        ),
        pytest.param(
            service(A, sorry_server=SORRY),
            "-a",
            service(A, sorry_server=SorryServer(at("j"))),
            "i1 | VS DOWN | j1",
            id="another sorry server",
        ),
        pytest.param(
            service(A, sorry_server=SORRY),
            "-a",
            service(A, sorry_server=replace(SORRY, method=DR)),
            "i1 |  | i1",
            id="its method changed",
        ),
        pytest.param(
            service(A, B, quorum=2, sorry_server=SORRY),
            "-a",
            service(A, B, quorum=2),
            "i1 |  | b1",
            id="sorry server removed",
        ),
        pytest.param(
            service(A, B, quorum=2),
            "-a",
            service(A, B, quorum=2, sorry_server=SORRY),
            "b1 | VS DOWN | i1",
            id="sorry server added",
        ),
        pytest.param(
            service(A, B),
            "a:5",
            service(server("a", 10), B),
            "a6 b1 |  | a15 b1",
            id="what a check adds is kept",
        ),
        pytest.param(
            service(A, B),
            "a:5",
            service(replace(A, checks=()), B),
            "a6 b1 |  | a1 b1",
            id="and goes with the check",
        ),
        pytest.param(
            service(server("a", alpha=True), B),
            "",
            service(replace(A, checks=()), B),
            "b1 | a UP | a1 b1",
            id="alpha dropped before the first result",
        ),
    ],
)
def test_reload(old, facts, new, expected):
    assert reload(old, facts, new) == expected


def test_a_server_down_at_a_reload_returns_with_its_new_weight():
    old = service(A, server("c", 3))
    new = service(server("a", 10), server("c", 30))
    state, _ = start(old)
    state, _ = check_changed(old, state, at("c"), 0, False)
    state, _ = reconfigure(old, state, new)
    state, notices = check_changed(new, state, at("c"), 0, True)
    assert told(notices) == "c UP"
    assert pool(new, state) == "a10 c30"


def test_an_alpha_server_is_told_down_after_a_reload_when_it_was_not_before():
    old, new = service(server("a", alpha=True)), service(server("a", 2, alpha=True))
    state, _ = start(old)
    state, notices = reconfigure(old, state, new)
    assert notices == ()
    state, notices = check_changed(new, state, at("a"), 0, False)
    assert told(notices) == "a DOWN"
    state, notices = reconfigure(new, state, old)
    assert check_changed(old, state, at("a"), 0, False) == (state, ())


def test_a_dynamic_weight_is_kept_over_a_reload_that_changes_the_configured_one():
    old, new = service(server("a", 10)), service(server("a", 20))
    state, _ = start(old)
    state, _ = weight_changed(old, state, at("a"), 0, ProbeResult(True, weight=3))
    state, notices = reconfigure(old, state, new)
    assert (pool(new, state), notices) == ("a3", ())
    state, _ = weight_changed(new, state, at("a"), 0, ProbeResult(True, weight_offset=0))
    assert pool(new, state) == "a20"


@pytest.mark.parametrize(
    ("settings", "facts", "at_stop", "at_flush", "when_removed"),
    [
        pytest.param(
            {}, "", "", "", "a DOWN, b DOWN, VS DOWN", id="without omega nothing at a stop"
        ),
        pytest.param(
            {"omega": True},
            "",
            "a DOWN, b DOWN, VS DOWN",
            "VS DOWN",
            "a DOWN, b DOWN, VS DOWN",
            id="omega",
        ),
        pytest.param(
            {"omega": True}, "-a -b", "VS DOWN", "VS DOWN", "VS DOWN", id="also when it was down"
        ),
        pytest.param(
            {"omega": True, "quorum": 2, "sorry_server": SORRY},
            "-a",
            "VS DOWN",
            "VS DOWN",
            "VS DOWN",
            id="none for those a sorry server displaces",
        ),
    ],
)
def test_the_end(settings, facts, at_stop, at_flush, when_removed):
    config = service(A, B, **settings)
    state, _ = start(config)
    for word in facts.split():
        state, _ = step(config, state, word)
    assert told(stop(config, state)) == at_stop
    assert told(stop(config, state, tell_servers=False)) == at_flush
    assert told(removed(config, state)) == when_removed


# Every sequence of facts and reloads.

WEIGHTS = st.sampled_from([0, 1, 2, 5, 2**31 - 1])
CHECKS = st.lists(
    st.sampled_from([check("a"), check("a", alpha=True), FileCheck("/f"), check("a", retry=3)]),
    max_size=3,
).map(tuple)


@st.composite
def configurations(draw):
    letters = draw(st.lists(st.sampled_from("abcdi"), min_size=1, max_size=5, unique=True))
    servers = [
        server(letter, draw(WEIGHTS), inhibit=draw(st.booleans()), checks=draw(CHECKS))
        for letter in letters
    ]
    quorum = draw(st.integers(1, 6))
    sorry = draw(st.sampled_from([None, SORRY, replace(SORRY, inhibit=True), SorryServer(at("a"))]))
    hysteresis = draw(st.integers(0, quorum - 1))
    return service(*servers, quorum=quorum, hysteresis=hysteresis, sorry_server=sorry)


def consistent(config, state):
    """What holds whatever happened."""
    up = [s for s in config.real_servers if not state.servers[s.address].failing]
    weight = sum(state.servers[s.address].weight for s in up)
    assert state.live_weight == weight
    if state.has_quorum:
        assert weight > 0
        assert weight >= config.quorum - config.hysteresis
    else:
        assert weight == 0 or weight < config.quorum + config.hysteresis
    table = desired(config, state)[KEY].destinations
    assert all(0 <= settings.weight <= 2**31 - 1 for settings in table.values())
    assert set(table) <= configured(config)[KEY]
    assert set(state.servers) == {s.address for s in config.real_servers}
    sorry = config.sorry_server
    is_sorry = sorry is not None and not state.has_quorum
    used = {d for d, settings in table.items() if settings.weight}
    if is_sorry:
        assert used == {sorry.address}
    else:
        assert used == {s.address for s in up if state.servers[s.address].weight}
    assert not [d for d, s in state.servers.items() if s.is_up and not is_sorry and d not in table]


@given(configurations(), st.data())
def test_whatever_happens_the_books_are_right(config, data):
    state, _ = start(config)
    consistent(config, state)
    for _ in range(data.draw(st.integers(0, 12))):
        kind = data.draw(st.sampled_from(["check", "weight", "reload"]))
        one = data.draw(st.sampled_from(config.real_servers))
        index = data.draw(st.integers(0, max(0, len(one.checks) - 1)))
        was_up = state.servers[one.address].is_up
        had_quorum = state.has_quorum
        if kind == "reload":
            new = data.draw(configurations())
            state, notices = reconfigure(config, state, new)
            config = new
        elif kind == "weight":
            value = data.draw(st.sampled_from([-5, 0, 1, 2**31 - 1]))
            is_absolute = data.draw(st.booleans())
            said = {"weight": max(0, value)} if is_absolute else {"weight_offset": value}
            state, notices = weight_changed(
                config, state, one.address, index, ProbeResult(True, **said)
            )
        elif one.checks:
            is_up = data.draw(st.booleans())
            state, notices = check_changed(config, state, one.address, index, is_up)
            now_up = state.servers[one.address].is_up
            assert (ServerUp(NAME, one.address) in notices) is (now_up and not was_up)
            assert ServerDown(NAME, one.address) in notices or not was_up or now_up
        else:
            continue
        consistent(config, state)
        about_quorum = [n for n in notices if isinstance(n, (QuorumUp, QuorumDown))]
        assert len(about_quorum) <= 1
        assert list(notices[len(notices) - len(about_quorum) :]) == about_quorum
        assert (QuorumUp(NAME, state.live_weight) in notices) is (
            state.has_quorum and not had_quorum
        )
        if had_quorum and not state.has_quorum:
            assert about_quorum == [QuorumDown(NAME, state.live_weight)]
