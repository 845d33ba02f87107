"""From `bfd_instance` to the settings of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...bfd.core.model import SessionConfig
from ...bfd.settings import BfdSettings
from ...conf.global_config import BfdProcess
from ..bfd.settings import ToldSession
from ..process_settings import ProcessSettings
from .process import bfd_process

if TYPE_CHECKING:
    from ...conf.bfd_config import BfdInstance
    from ...conf.config import Config

__all__ = ["translate_bfd"]

_ANY_DISTANCE = -1


def translate_bfd(config: Config) -> tuple[ProcessSettings, tuple[ToldSession, ...]]:
    """Settings of the process, and of each session in the order written."""
    words = config.global_defs.bfd_process or BfdProcess()
    process = bfd_process(config.global_defs, words)
    return process, tuple(map(_session, config.bfd_instances))


def _session(instance: BfdInstance) -> ToldSession:
    protocol = SessionConfig(
        instance.min_tx, instance.min_rx, instance.idle_tx, instance.multiplier, instance.passive
    )
    settings = BfdSettings(
        instance.name,
        instance.neighbor_ip,
        instance.source_ip,
        instance.ttl,
        None if instance.max_hops == _ANY_DISTANCE else instance.max_hops,
        instance.multihop,
        protocol,
    )
    return ToldSession(settings, instance.vrrp, instance.checker)
