"""What the loader does: read, check, report and translate the configuration file."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import PyvrrpError
from .. import handoff, log, namespaces, processes
from ..options import Options
from ..vrrp import journal
from . import pid_file
from .life_scripts import LifeScript
from .loader import Reading, Verdict
from .settings import parent_settings

if TYPE_CHECKING:
    from ...conf.config import Config, GlobalDefs, Script
    from ...conf.diagnostics import Diagnostic

__all__ = ["read"]

_UNUSABLE = 2
_FILE_PROBLEM = 6
"""Exit code for a configuration file that is missing or may not be used."""

_log = logging.getLogger(__name__)


def read(options: Options, settings: int, is_start: bool) -> Reading:
    """Read, check, report and translate the configuration file; the real `Body`."""
    from ...conf.load import load as load_configuration
    from ...conf.source import Unreadable

    try:
        loaded = load_configuration(
            options.configuration,
            config_id=options.config_id,
            strict_includes=options.strict_includes,
            interfaces=lambda named: namespaces.link_names(_namespace(options, named)),
        )
    except Unreadable as problem:
        return Verdict(is_usable=False, exit_code=_FILE_PROBLEM, reason=str(problem)), None
    except namespaces.NamespaceError as problem:
        return Verdict(is_usable=False, exit_code=processes.FATAL, reason=str(problem)), None
    _report(loaded.diagnostics, options, is_start, loaded.is_usable)
    if not loaded.is_usable:
        return Verdict(False, loaded.exit_code, problems=len(loaded.diagnostics)), None
    config = _settled(loaded.config, options)
    try:
        verdict = _hand_over(config, options, settings, len(loaded.diagnostics))
    except PyvrrpError as problem:
        return Verdict(is_usable=False, exit_code=_UNUSABLE, reason=str(problem)), None
    return verdict, config


def _namespace(options: Options, named: str | None) -> str | None:
    """Where the daemon is or will be: the command line, and a life that began, go before the file."""
    return named if options.namespace is None else options.namespace or None


def _settled(config: Config, options: Options) -> Config:
    """With the namespace in use, which may not be the one in the file."""
    named = config.global_defs.net_namespace
    used = _namespace(options, named)
    if named == used:
        return config
    _log.warning("the network namespace stays %s, whatever net_namespace says", used or "as it is")
    return replace(config, global_defs=replace(config.global_defs, net_namespace=used))


def _hand_over(config: Config, options: Options, settings: int, problems: int) -> Verdict:
    from ...settings import StaticSettings, VirtualRouterSettings
    from ..translate.host import translate_host
    from ..translate.sections import records
    from ..vrrp.journalling import journals

    sections = records(config, run_vrrp=options.run_vrrp, run_checkers=options.run_checkers)
    handoff.write(settings, *sections)
    vrrp, checkers, scripts, _ = sections
    routers = tuple(each for each in vrrp if isinstance(each, VirtualRouterSettings))
    words = config.global_defs
    names = pid_file.Words(
        words.instance, words.net_namespace, words.use_pid_dir, words.net_namespace_ipvs
    )
    path = journal.journal_path(pid_file.paths(options, names).vrrp)
    host = translate_host(config)
    during, after = journals(path, host, routers)
    has_statics = host.statics != StaticSettings()
    needs_vrrp = options.run_vrrp and (bool(routers) or has_statics or options.run_all)
    needs_checkers = options.run_checkers and (bool(checkers) or options.run_all)
    return Verdict(
        is_usable=True,
        problems=problems,
        needs_vrrp=needs_vrrp,
        needs_scripts=(needs_vrrp or needs_checkers) and bool(scripts),
        needs_checkers=needs_checkers,
        needs_bfd=options.run_bfd and (bool(config.bfd_instances) or options.run_all),
        child_wait_time=words.child_wait_time,
        umask=words.umask,
        names=names,
        parent=parent_settings(words, names),
        journal_during=journal.encode(during),
        journal_after=journal.encode(after),
        startup_script=_life_script(words, words.startup_script, words.startup_script_timeout),
        shutdown_script=_life_script(words, words.shutdown_script, words.shutdown_script_timeout),
    )


def _life_script(defs: GlobalDefs, script: Script | None, timeout: float) -> LifeScript | None:
    if script is None:
        return None
    from ..notices.programs import Programs

    command = Programs(defs).command(script)
    return None if command is None else LifeScript(command, timeout)


def _report(
    diagnostics: tuple[Diagnostic, ...], options: Options, is_start: bool, is_usable: bool
) -> None:
    from ...conf.diagnostics import Severity, concise, full

    levels = {Severity.ERROR: logging.ERROR, Severity.WARNING: logging.WARNING}
    on_stderr = options.log_console or options.foreground or (is_start and not is_usable)
    for diagnostic in diagnostics:
        on_stderr = on_stderr and log.tell(full(diagnostic))
        _log.log(
            levels.get(diagnostic.severity, logging.INFO), concise(diagnostic), extra=log.ON_STDERR
        )
