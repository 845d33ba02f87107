"""Everything that the children of a daemon are given, from the whole configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..process_settings import Followed

if TYPE_CHECKING:
    from ...conf.config import Config

__all__ = ["Sections", "records"]


class Sections(NamedTuple):
    """The sections of `handoff`, in their order."""

    vrrp: tuple[object, ...]
    checkers: tuple[object, ...] = ()
    scripts: tuple[object, ...] = ()
    bfd: tuple[object, ...] = ()


def records(config: Config, *, run_vrrp: bool = True, run_checkers: bool = True) -> Sections:
    """What each kind of child gets.

    Raises: PyvrrpError, when running with this configuration would do harm.
    """
    from ..notices.programs import Programs
    from .host import translate_host
    from .notices import translate_notices
    from .tracking import Tracking, scripts_settings
    from .vrrp import translate

    programs = Programs(config.global_defs)
    tracking = Tracking(config, programs)
    notices = translate_notices(config, programs, run_vrrp=run_vrrp, run_checkers=run_checkers)
    process, routers = translate(config, tracking)
    vrrp = (process, translate_host(config), *_followed(config), *notices.reported, *routers)
    checkers = _checker_records(config) if run_checkers else ()
    scripts = (*(tracking.records() if run_vrrp else ()), *notices.records)
    settings = (scripts_settings(config.global_defs),) if scripts else ()
    return Sections(vrrp, checkers, (*settings, *scripts), _bfd_records(config))


def _bfd_records(config: Config) -> tuple[object, ...]:
    """What the BFD child gets; nothing when there is no session."""
    if not config.bfd_instances:
        return ()
    from .bfd import translate_bfd

    process, sessions = translate_bfd(config)
    return (process, *sessions)


def _followed(config: Config) -> tuple[Followed, ...]:
    sync = config.global_defs.lvs_sync_daemon
    return () if sync is None or sync.instance is None else (Followed(sync.instance),)


def _checker_records(config: Config) -> tuple[object, ...]:
    """What the checker child gets; nothing when the file says nothing that is its business."""
    if config.lvs is None and config.global_defs.lvs_sync_daemon is None:
        return ()
    from .lvs import translate_lvs

    settings, services = translate_lvs(config)
    return (settings, *services)
