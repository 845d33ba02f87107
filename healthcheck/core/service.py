"""State of one virtual server: which real servers live, with what weight, and whether that is enough.

Facts come in as calls, the state that follows goes out with notices, in the order they are to be
told: the server first, then the virtual server that it caused. Real servers are known by address,
checks by their place in the server's `checks`. What the kernel's table must look like is `desired`.
Behaviour: keepalived 2.4.3, seen running; where it is at fault this does what it meant to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from .model import ProbeResult, RealServer, VirtualServer
from .succession import ServerStep, server_steps
from .table import Destination

__all__ = [
    "Notice",
    "QuorumDown",
    "QuorumUp",
    "ServerDown",
    "ServerState",
    "ServerUp",
    "ServiceState",
    "WeightVote",
    "check_changed",
    "reconfigure",
    "removed",
    "start",
    "stop",
    "weight_changed",
]

_MAX_WEIGHT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ServerUp:
    """A real server came up."""

    virtual_server: str
    destination: Destination


@dataclass(frozen=True, slots=True)
class ServerDown:
    """A real server went down, is no longer configured, or (`alpha`) never was up."""

    virtual_server: str
    destination: Destination


@dataclass(frozen=True, slots=True)
class QuorumUp:
    """A virtual server has quorum: its live real servers weigh `weight` together."""

    virtual_server: str
    weight: int


@dataclass(frozen=True, slots=True)
class QuorumDown:
    """A virtual server has no quorum, or is no longer configured."""

    virtual_server: str
    weight: int


Notice: TypeAlias = ServerUp | ServerDown | QuorumUp | QuorumDown


class WeightVote(NamedTuple):
    """What a check says of a weight: `value` is added to it, or (`is_absolute`) replaces it."""

    value: int
    is_absolute: bool = False


_NO_VOTE = WeightVote(0)


@dataclass(frozen=True, slots=True)
class ServerState:
    """State of one real server.

    `failing` holds the indices of the checks that are down, `votes` what each check says of the
    weight, `weight` what follows. `is_told` says whether there was ever a notice of it.
    """

    weight: int
    failing: frozenset[int] = frozenset()
    votes: Mapping[int, WeightVote] | None = None
    is_told: bool = False

    @property
    def is_up(self) -> bool:
        """Down while any check is."""
        return not self.failing


@dataclass(frozen=True, slots=True)
class ServiceState:
    """State of one virtual server. `live_weight` is the sum of the weights of the servers up."""

    servers: Mapping[Destination, ServerState]
    live_weight: int
    has_quorum: bool = False


Step: TypeAlias = tuple[ServiceState, tuple[Notice, ...]]


def start(config: VirtualServer, *, tell_servers: bool = False) -> Step:
    """State at the start of the agent, and for a virtual server that a reload adds.

    Starting counts as gaining quorum. Without it nothing is told, unless there is a sorry server,
    for that goes in. `tell_servers`: a notice for each server up (keepalived's rs_init_notifies).
    """
    servers = {server.address: _begin(server) for server in config.real_servers}
    notices: tuple[Notice, ...] = ()
    if tell_servers:
        notices = tuple(ServerUp(config.name, a) for a, s in servers.items() if s.is_up)
    state, quorum = _count(config, ServiceState(servers, _sum(servers)))
    if not state.has_quorum and config.sorry_server is not None:
        quorum = (QuorumDown(config.name, state.live_weight),)
    return state, notices + quorum


def check_changed(
    config: VirtualServer, state: ServiceState, address: Destination, check: int, is_up: bool
) -> Step:
    """The check with index `check` of the server at `address` came up or went down.

    Raises: KeyError, when there is no such server.
    """
    old = state.servers[address]
    failing = old.failing - {check} if is_up else old.failing | {check}
    notices = _turn(config.name, address, old, bool(failing), is_up)
    new = replace(old, failing=failing, is_told=old.is_told or bool(notices))
    if new == old:
        return state, ()
    after, quorum = _count(config, _with(state, address, new))
    return after, notices + quorum


def weight_changed(
    config: VirtualServer,
    state: ServiceState,
    address: Destination,
    check: int,
    result: ProbeResult,
) -> Step:
    """The check says something else of the server's weight from now on, or has no say in it.

    Each check moves the configured weight by its own difference; the sum is kept in 0..2^31-1.
    Raises: KeyError, when there is no such server.
    """
    old = state.servers[address]
    vote = _vote(result)
    if vote is None or (old.votes or {}).get(check, _NO_VOTE) == vote:
        return state, ()
    votes = {**(old.votes or {}), check: vote}
    configured = next(s.weight for s in config.real_servers if s.address == address)
    new = replace(old, weight=_effective(configured, votes), votes=votes)
    return _count(config, _with(state, address, new))


def reconfigure(old: VirtualServer, state: ServiceState, new: VirtualServer) -> Step:
    """Carry the state over to changed settings of the same name; everything is counted once, after.

    A server that stays keeps what its unchanged checks say. One that is new starts as at a start.
    One that goes is told down when it was in use, one whose failing checks all went is told up.
    """
    servers: dict[Destination, ServerState] = {}
    for step in server_steps(old, new):
        if step.new is not None:
            servers[step.new.address] = _carry(step, step.new, state)
    notices = _differences(new.name, state.servers, servers)
    carried = ServiceState(servers, _sum(servers), state.has_quorum)
    after, quorum = _count(new, carried)
    if not after.has_quorum and _is_other_sorry(old, new):
        quorum = (QuorumDown(new.name, after.live_weight),)
    return after, notices + quorum


def stop(
    config: VirtualServer, state: ServiceState, *, tell_servers: bool = True
) -> tuple[Notice, ...]:
    """What is told at the end: nothing without `omega`.

    `tell_servers` False: only the virtual server (keepalived under lvs_flush_on_stop).
    """
    if not config.omega:
        return ()
    return removed(config, state) if tell_servers else removed(config, state)[-1:]


def removed(config: VirtualServer, state: ServiceState) -> tuple[Notice, ...]:
    """What is told when a reload no longer has this virtual server.

    Servers in the pool are told down (not those a sorry server displaces), then the service is.
    """
    is_displaced = config.sorry_server is not None and not state.has_quorum
    live = () if is_displaced else [a for a, s in state.servers.items() if s.is_up]
    servers = tuple(ServerDown(config.name, address) for address in live)
    return (*servers, QuorumDown(config.name, state.live_weight))


def _turn(
    name: str, address: Destination, old: ServerState, is_down: bool, is_success: bool
) -> tuple[Notice, ...]:
    """What a check's news mean for its server. One never up (`alpha`) is told down once too."""
    if old.is_up and is_down:
        return (ServerDown(name, address),)
    if not old.is_up and not is_down:
        return (ServerUp(name, address),)
    return () if old.is_told or is_success else (ServerDown(name, address),)


def _begin(server: RealServer) -> ServerState:
    alpha = frozenset(i for i, check in enumerate(server.checks) if check.timing.alpha)
    weight = _effective(server.weight, {})
    return ServerState(weight, alpha) if alpha else _up(weight)


@lru_cache(maxsize=256)
def _up(weight: int) -> ServerState:
    """Thousands begin alike, and share it."""
    return ServerState(weight)


def _carry(step: ServerStep, new: RealServer, before: ServiceState) -> ServerState:
    """State of a server of a reload. A new alpha check takes no server out that is up."""
    if step.old is None:
        return _begin(new)
    state = before.servers[new.address]
    if (new.weight, new.checks) == (step.old.weight, step.old.checks):
        return state
    failing: set[int] = set()
    votes: dict[int, WeightVote] = {}
    for index, place in enumerate(step.carried):
        if place is None:
            if new.checks[index].timing.alpha and not state.is_up:
                failing.add(index)
            continue
        if place in state.failing:
            failing.add(index)
        if state.votes and place in state.votes:
            votes[index] = state.votes[place]
    weight = _effective(new.weight, votes)
    return ServerState(weight, frozenset(failing), votes or None, state.is_told)


def _differences(
    name: str, old: Mapping[Destination, ServerState], new: Mapping[Destination, ServerState]
) -> tuple[Notice, ...]:
    """Servers that went, and servers that stay and came up; none that stays goes down by a reload."""
    gone: Iterable[Notice] = (
        ServerDown(name, address) for address, s in old.items() if s.is_up and address not in new
    )
    back: Iterable[Notice] = (
        ServerUp(name, address)
        for address, s in new.items()
        if s.is_up and address in old and not old[address].is_up
    )
    return (*gone, *back)


def _is_other_sorry(old: VirtualServer, new: VirtualServer) -> bool:
    if new.sorry_server is None:
        return False
    return old.sorry_server is None or old.sorry_server.address != new.sorry_server.address


def _vote(result: ProbeResult) -> WeightVote | None:
    if not result.is_verdict:
        return None
    if result.weight is not None:
        return WeightVote(result.weight, is_absolute=True)
    return None if result.weight_offset is None else WeightVote(result.weight_offset)


def _effective(configured: int, votes: Mapping[int, WeightVote]) -> int:
    moves = (v.value - configured if v.is_absolute else v.value for v in votes.values())
    return max(0, min(_MAX_WEIGHT, configured + sum(moves)))


def _sum(servers: Mapping[Destination, ServerState]) -> int:
    return sum(server.weight for server in servers.values() if server.is_up)


def _with(state: ServiceState, address: Destination, new: ServerState) -> ServiceState:
    old = state.servers[address]
    live_weight = (
        state.live_weight - (old.weight if old.is_up else 0) + (new.weight if new.is_up else 0)
    )
    return ServiceState({**state.servers, address: new}, live_weight, state.has_quorum)


def _count(config: VirtualServer, state: ServiceState) -> Step:
    """Quorum with hysteresis. No weight is never enough, whatever the bounds say."""
    weight = state.live_weight
    if state.has_quorum:
        if weight and weight >= config.quorum - config.hysteresis:
            return state, ()
        return replace(state, has_quorum=False), (QuorumDown(config.name, weight),)
    if not weight or weight < config.quorum + config.hysteresis:
        return state, ()
    return replace(state, has_quorum=True), (QuorumUp(config.name, weight),)
