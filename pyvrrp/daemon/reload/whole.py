"""What a reload does to everything: both halves, from the records that the children get.

One changed weight among 2,000 services of 5 servers takes 61 ms, reading one of the two files 300 ms
(tests/bench/bench_plan.py, two cores of an AMD EPYC).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from ...settings import HostSettings, VirtualRouterSettings
from ..bfd.settings import ToldSession
from ..lvs.settings import CheckedService, CheckerSettings
from ..notices.settings import Audience, NoticeSettings
from ..process_settings import ProcessSettings
from ..trackers.settings import ScriptsSettings, TrackerFile, TrackerProcess, TrackerScript
from . import routers, services
from .differences import differences, text
from .items import Change, Fate, Item
from .named import named

if TYPE_CHECKING:
    from ...conf.config import GlobalDefs
    from ..translate.sections import Sections

__all__ = ["at_the_next_start", "whole"]

_SETTLED = ("instance", "net_namespace", "net_namespace_ipvs", "use_pid_dir", "umask")

_T = TypeVar("_T")


def whole(old: Sections, new: Sections) -> Iterator[Item]:
    """What becomes of each process and of each object, in the order in which it is done."""
    yield from _vrrp(old.vrrp, new.vrrp)
    yield from _scripts(old.scripts, new.scripts)
    yield from _bfd(old.bfd, new.bfd)
    yield from _checkers(old.checkers, new.checkers)


def at_the_next_start(old: GlobalDefs, new: GlobalDefs) -> Iterator[Item]:
    """What a daemon settles when it starts, so that a reload leaves it as it is."""
    changes = tuple(
        Change(name, text(getattr(old, name)), text(getattr(new, name)))
        for name in _SETTLED
        if getattr(old, name) != getattr(new, name)
    )
    if changes:
        yield Item("process", "daemon", Fate.NEXT_START, changes=changes)


def _vrrp(old: Iterable[object], new: Iterable[object]) -> Iterator[Item]:
    before, after = _only(VirtualRouterSettings, old), _only(VirtualRouterSettings, new)
    was = _whole_process(old) if before else []
    yield from _process("vrrp", was, _whole_process(new) if after else [])
    plan = routers.RouterPlan({each.identity: each for each in before})
    for each in after:
        plan.want(each)
    yield from map(routers.item, plan.steps())
    for each in plan.unchanged:
        step = routers.RouterStep(Fate.UNCHANGED, each.identity, each.name, each, each)
        yield routers.item(step)
    yield from routers.sync_groups(before, after)


def _scripts(old: Iterable[object], new: Iterable[object]) -> Iterator[Item]:
    yield from _process("scripts", _scripts_process(old), _scripts_process(new))
    for kind in (TrackerScript, TrackerFile, TrackerProcess):
        yield from named(_only(kind, old), _only(kind, new))
    yield from named(_told(old), _told(new))


def _scripts_process(records: Iterable[object]) -> list[object]:
    settings = _only(ScriptsSettings, records)
    return [*settings, _notices(records)] if settings else []


def _notices(records: Iterable[object]) -> NoticeSettings:
    return next(iter(_only(NoticeSettings, records)), NoticeSettings())


def _told(records: Iterable[object]) -> Iterator[Audience]:
    """Those of whom somebody is told."""
    return filter(_notices(records).tells_of, _only(Audience, records))


def _bfd(old: Iterable[object], new: Iterable[object]) -> Iterator[Item]:
    yield from _process("bfd", _only(ProcessSettings, old), _only(ProcessSettings, new))
    yield from named(_only(ToldSession, old), _only(ToldSession, new))


def _checkers(old: Iterable[object], new: Iterable[object]) -> Iterator[Item]:
    yield from _process("checkers", _only(CheckerSettings, old), _only(CheckerSettings, new))
    before = {each.server.name: each for each in _only(CheckedService, old)}
    yield from map(services.item, services.changes(before, _only(CheckedService, new)))


def _whole_process(records: Iterable[object]) -> list[object]:
    return [*_only(ProcessSettings, records), *_only(HostSettings, records)]


def _process(name: str, old: list[_T], new: list[_T]) -> Iterator[Item]:
    """The settings of a process, kind by kind; without any there is nothing for it to do."""
    if old and new:
        pairs = zip(old, new, strict=True)
        changes = tuple(change for was, is_ in pairs for change in differences(was, is_))
        yield Item("process", name, Fate.IN_PLACE if changes else Fate.UNCHANGED, changes=changes)
    elif old or new:
        yield Item("process", name, Fate.ADDED if new else Fate.REMOVED)


def _only(kind: type[_T], records: Iterable[object]) -> list[_T]:
    return [each for each in records if isinstance(each, kind)]
