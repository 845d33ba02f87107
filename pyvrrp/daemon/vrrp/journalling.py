"""What the journal has to name: what these settings may leave in the kernel, and the values before."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from ...net import own_link, reverse_path
from ...net.sysctl import NO_IGMP_REPORTS, Sysctl, SysctlError, promotion, read_sysctl
from ...settings import HostSettings, VirtualRouterSettings
from . import journal

__all__ = ["journals"]

_log = logging.getLogger(__name__)


def journals(
    path: str, host: HostSettings, routers: tuple[VirtualRouterSettings, ...]
) -> tuple[journal.Leftovers, journal.Leftovers]:
    """The journal while these settings are being put in place, and once they are."""
    try:
        before = journal.read(path) or journal.Leftovers()
    except journal.JournalError as problem:
        _log.warning("leftovers of an earlier run are not known: %s", problem)
        before = journal.Leftovers()
    planned = journal.planned(routers, _values(_sysctls(host, routers, before)), host.statics)
    during = journal.merge(before, planned)
    # The values found now may be our own, of an earlier run: those noted then are older.
    originals = dict(during.sysctls)
    sysctls = tuple((name, originals[name]) for name, _ in planned.sysctls)
    return during, replace(planned, sysctls=sysctls)


def _values(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys(names):
        with suppress(SysctlError):  # an interface that is yet to come has no value to restore
            yield name, read_sysctl(name)


def _sysctls(
    host: HostSettings, routers: Collection[VirtualRouterSettings], before: journal.Leftovers
) -> Iterator[str]:
    """Names of all that may be changed."""
    if not host.igmp_reports:
        yield NO_IGMP_REPORTS.name
    bases = [
        setting
        for router in routers
        for place, own in own_link.wanted(router).items()
        for setting in own_link.base_sysctls(place, own)
    ]
    yield from map(_name, bases)
    yield from (promotion(r.interface).name for r in routers if r.promote_secondaries)
    if bases:
        # Where an earlier run relaxed them there is nothing to relax now.
        yield from (name for name, _ in before.sysctls if name.endswith(reverse_path.SUFFIX))
        yield from map(_name, reverse_path.relaxed())


def _name(setting: Sysctl) -> str:
    return setting.name
