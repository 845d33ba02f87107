"""What the BFD process shows after the globals: each session, as it is or as it will start."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from ..bfd.core.model import diagnosis
from ..bfd.snapshot import SessionSnapshot
from ..conf.bfd_config import BfdInstance
from ..conf.config import Config
from .wording import truth

__all__ = ["lines"]

_NO_SNAPSHOTS: Mapping[str, SessionSnapshot] = {}
_US = 1_000_000


def lines(
    config: Config, snapshots: Mapping[str, SessionSnapshot] = _NO_SNAPSHOTS
) -> Iterator[str]:
    """`snapshots` by name; a session without one is shown as it was configured."""
    if snapshots:
        yield "------< BFD Data >------"
    if config.bfd_instances:
        yield "------< BFD Topology >------"
    for instance in config.bfd_instances:
        yield from _configured(instance)
        snapshot = snapshots.get(instance.name)
        if snapshot is not None:
            yield from _state(snapshot)


def _configured(instance: BfdInstance) -> Iterator[str]:
    yield f" BFD Instance = {instance.name}"
    yield f"   Neighbor IP = {instance.neighbor_ip}"
    if instance.source_ip is not None:
        yield f"   Source IP = {instance.source_ip}"
    yield f"   Required min RX interval = {_us(instance.min_rx)}"
    yield f"   Desired min TX interval = {_us(instance.min_tx)}"
    yield f"   Desired idle TX interval = {_us(instance.idle_tx)}"
    yield f"   Detection multiplier = {instance.multiplier}"
    yield f"   {'TTL' if instance.neighbor_ip.version == 4 else 'hoplimit'} = {instance.ttl}"
    yield f"   max_hops = {instance.max_hops % 256}"
    yield f"   passive = {truth(instance.passive)}"
    yield f"   send event to VRRP process = {_yes(instance.vrrp)}"
    yield f"   send event to checker process = {_yes(instance.checker)}"


def _state(snapshot: SessionSnapshot) -> Iterator[str]:
    session, remote = snapshot.session, snapshot.session.remote
    yield f"   send error = {truth(snapshot.has_send_error)}"
    yield f"   local state = {session.state.word}"
    yield f"   remote state = {remote.state.word}"
    yield f"   local discriminator = {session.discriminator:#x}"
    yield f"   remote discriminator = {remote.discriminator:#x}"
    yield f"   local diag = {diagnosis(session.diagnostic)}"
    yield f"   remote diag = {diagnosis(remote.diagnostic)}"
    yield f"   remote min tx intv = {_us(remote.min_tx)}"
    yield f"   remote min rx intv = {_us(remote.min_rx if remote.multiplier else 0.0)}"
    yield "   local demand = 0"
    yield f"   remote demand = {remote.demand:d}"
    yield f"   remote detect multiplier = {remote.multiplier}"
    yield f"   {'' if session.is_polling else '!'}poll, !final"
    yield from _times(snapshot)
    yield from _last_seen(snapshot.heard_at)


def _times(snapshot: SessionSnapshot) -> Iterator[str]:
    session = snapshot.session
    receive = theirs = 0.0
    if session.remote.multiplier:  # something was heard
        receive = session.receive_interval
        theirs = snapshot.settings.protocol.multiplier * session.transmit_interval
    yield f"   local tx intv = {_us(session.transmit_interval)}"
    yield f"   remote tx intv = {_us(receive)}"
    yield f"   local detection time = {_us(session.detection_time)}"
    yield f"   remote detection time = {_us(theirs)}"


def _last_seen(heard_at: float | None) -> Iterator[str]:
    if heard_at is None:
        yield "   last_seen = [never]"
        return
    seconds, micros = divmod(round(heard_at * _US), _US)
    when = time.ctime(seconds)
    yield f"   last seen = {seconds}.{micros:06} ({when}.{micros:06})"


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


def _us(seconds: float) -> str:
    return f"{round(seconds * _US)} us"
