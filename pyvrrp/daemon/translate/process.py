"""From keepalived's words to how each child process itself runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..process_settings import ProcessSettings

if TYPE_CHECKING:
    from ...conf.config import GlobalDefs
    from ...conf.global_config import BfdProcess

__all__ = ["bfd_process", "checker_process", "scripts_process", "vrrp_process"]


def vrrp_process(g: GlobalDefs) -> ProcessSettings:
    """The process of the Virtual Routers."""
    return ProcessSettings(
        g.vrrp_process_name or ("keepalived_vrrp" if g.process_names else None),
        g.vrrp_priority,
        g.vrrp_rt_priority,
        g.vrrp_cpu_affinity,
        g.vrrp_rlimit_rttime,
        g.vrrp_no_swap,
        **_when_late(g),
    )


def checker_process(g: GlobalDefs) -> ProcessSettings:
    """The process of the checks."""
    return ProcessSettings(
        g.checker_process_name or ("keepalived_lvs" if g.process_names else None),
        g.checker_priority,
        g.checker_rt_priority,
        g.checker_cpu_affinity,
        g.checker_rlimit_rttime,
        g.checker_no_swap,
        **_when_late(g),
    )


def bfd_process(g: GlobalDefs, words: BfdProcess) -> ProcessSettings:
    """The process of the BFD sessions."""
    return ProcessSettings(
        words.name or ("keepalived_bfd" if g.process_names else None),
        words.priority,
        words.rt_priority,
        words.cpu_affinity,
        words.rlimit_rttime,
        words.no_swap,
        **_when_late(g),
    )


def scripts_process(g: GlobalDefs) -> ProcessSettings:
    """The process of scripts, for which keepalived, which has none, has no words."""
    return ProcessSettings("keepalived_scripts" if g.process_names else None)


def _when_late(g: GlobalDefs) -> dict[str, Any]:
    words = g.auto_priority
    if words is None:
        return {}
    return {"max_auto_priority": words.max, "min_auto_priority_delay": words.min_delay}
