"""Reading the configuration in a process of its own, which ends when it is done.

Parsing thus costs the parent no memory and no time, cannot hang it or bring it down, and every
child gets the same settings. The loader reports every problem, writes the settings into a memfd
(`handoff`) and a `Verdict` into a pipe. When all are at work already it writes the `Config` into
another memfd, for those who will show it; the end of the pipe says that it is there.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ..errors import PyvrrpError
from . import handoff, log, namespaces, processes
from .options import Options
from .parent import pid_file
from .parent.life_scripts import LifeScript
from .parent.settings import ParentSettings, parent_settings
from .process_settings import Followed
from .vrrp import journal

if TYPE_CHECKING:
    from ..conf.config import Config, GlobalDefs, Script
    from ..conf.diagnostics import Diagnostic

__all__ = ["DEADLINE", "Body", "Load", "Reading", "Sections", "Verdict", "load", "records"]

DEADLINE = 60.0
"""Seconds until a loader counts as hung: ten times the largest configuration measured."""

_UNUSABLE = 2
_FILE_PROBLEM = 6
"""Exit code for a configuration file that is missing or may not be used."""
_MAX_VERDICT = 256 * 1024 * 1024
_LENGTH = struct.Struct("=I")
"""Before the verdict in the pipe."""
_IDENT = "Keepalived"

_LEISURE = 19
"""Niceness of what nobody waits for, while the children begin."""

_log = logging.getLogger(__name__)

_NO_WORDS = pid_file.Words()
_NOTHING_SAID = ParentSettings()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the parent needs to know about a configuration."""

    is_usable: bool
    exit_code: int = 0
    """For a daemon that cannot start with it."""
    reason: str = ""
    """Why it is not usable, when that is not a matter of problems in the text."""
    problems: int = 0
    needs_vrrp: bool = False
    needs_checkers: bool = False
    needs_bfd: bool = False
    needs_scripts: bool = False
    child_wait_time: float = 5.0
    """Seconds a child has to stop."""
    umask: int | None = None
    names: pid_file.Words = _NO_WORDS
    parent: ParentSettings = _NOTHING_SAID
    journal_during: bytes = b""
    """Journal while the settings are being put in place: old and new ones together."""
    journal_after: bytes = b""
    """Journal once they are."""
    startup_script: LifeScript | None = None
    shutdown_script: LifeScript | None = None


Reading: TypeAlias = "tuple[Verdict, Config | None]"
Body = Callable[[Options, int, bool], Reading]
"""Reads the configuration, its settings into a memfd; the flag: this is the daemon's start."""


class Sections(NamedTuple):
    """The sections of `handoff`, in their order."""

    vrrp: tuple[object, ...]
    checkers: tuple[object, ...] = ()
    scripts: tuple[object, ...] = ()
    bfd: tuple[object, ...] = ()


class Load:
    """One loader process, seen from the parent.

    It is `feed`ed until there is a verdict, and after that until it is over. `settings` and
    `configuration` stay open after that: their new owner closes them.
    """

    def __init__(self, options: Options, body: Body, *, is_start: bool) -> None:
        """Start it. Raises: OSError."""
        self.settings = handoff.new_memory()
        self.configuration = handoff.new_memory()
        self.is_over = False
        """All that was to be written is."""
        self.pipe, report = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.deadline = time.monotonic() + DEADLINE
        self._octets = bytearray()
        self._failure = ""
        try:
            self.pid = processes.fork(
                lambda: _run(body, options, self, report, is_start),
                keep=(self.settings, self.configuration, report),
            )
        except OSError:
            self._close_memory()
            os.close(self.pipe)
            raise
        finally:
            os.close(report)

    def feed(self) -> bool:
        """Take what the pipe holds; True when there is, or never will be, a verdict."""
        while not self.is_over:
            try:
                octets = os.read(self.pipe, 1 << 16)
            except BlockingIOError:
                break
            self._octets += octets
            if len(self._octets) > _MAX_VERDICT:
                self.give_up("says too much")
            elif not octets:
                self._end()
        return self.is_over or self._has_verdict

    @property
    def _has_verdict(self) -> bool:
        start = self._octets[: _LENGTH.size]
        return len(start) == _LENGTH.size and (
            len(self._octets) >= _LENGTH.size + _LENGTH.unpack(start)[0]
        )

    def give_up(self, why: str) -> None:
        """Kill the loader; without a verdict until now the configuration is not usable."""
        self._failure = why
        self._kill()
        self._end()

    def abandon(self) -> None:
        """End it without caring for the result."""
        if not self.is_over:
            self.give_up("is not needed any more")
        self._close_memory()

    def verdict(self) -> Verdict:
        """What it thinks of the configuration; to be asked for when `feed` says so."""
        try:
            if self._has_verdict:
                return _checked(pickle.loads(self._octets[_LENGTH.size :]))
        except (pickle.UnpicklingError, EOFError, AttributeError, ValueError) as exc:
            self._failure = f"gave no verdict ({exc})"
        reason = f"the process that reads the configuration {self._failure}"
        return Verdict(False, processes.INTERNAL_ERROR, reason)

    def _end(self) -> None:
        """Wait for the end of the process, which is near."""
        self.is_over = True
        os.close(self.pipe)
        if self._has_verdict:
            # It has nothing left to do, and a process that is stopped would be waited for.
            self._kill()
        _, status = os.waitpid(self.pid, 0)
        self._failure = self._failure or processes.describe_status(status)

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def _close_memory(self) -> None:
        os.close(self.settings)
        os.close(self.configuration)


def _checked(verdict: object) -> Verdict:
    if not isinstance(verdict, Verdict):
        raise ValueError(f"{type(verdict).__name__} is no Verdict")
    return verdict


def _run(body: Body, options: Options, load: Load, report: int, is_start: bool) -> int:
    log.start(options, _IDENT)
    gc.disable()  # the process ends before anything is worth collecting
    verdict, config = body(options, load.settings, is_start)
    octets = pickle.dumps(verdict, pickle.HIGHEST_PROTOCOL)
    os.set_blocking(report, True)
    with os.fdopen(report, "wb") as file:
        file.write(_LENGTH.pack(len(octets)) + octets)
        file.flush()
        os.nice(_LEISURE)
        if config is not None:
            handoff.append(load.configuration, config)
            if options.dump_configuration:
                _log_configuration(config, options, verdict)
    return 0


def _log_configuration(config: Config, options: Options, verdict: Verdict) -> None:
    """Under the names of the processes that keepalived has do it (quirk: dump-conf-process)."""
    from .dumping.dumper import configuration_lines
    from .parent.kinds import BFD, CHECKERS, VRRP

    wanted = (
        (CHECKERS, verdict.needs_checkers),
        (VRRP, verdict.needs_vrrp),
        (BFD, verdict.needs_bfd),
    )
    for kind in (kind for kind, is_needed in wanted if is_needed):
        log.start(options, kind.ident)
        for line in configuration_lines(config, kind.section):
            _log.info("%s", line)


def load(options: Options, settings: int, is_start: bool) -> Reading:
    """Read, check, report and translate the configuration file; the real `Body`."""
    from ..conf.load import load as load_configuration
    from ..conf.source import Unreadable

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
    from ..settings import StaticSettings, VirtualRouterSettings
    from .translate.host import translate_host
    from .vrrp.journalling import journals

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
    from .notices.programs import Programs

    command = Programs(defs).command(script)
    return None if command is None else LifeScript(command, timeout)


def records(config: Config, *, run_vrrp: bool = True, run_checkers: bool = True) -> Sections:
    """What each kind of child gets.

    Raises: PyvrrpError, when running with this configuration would do harm.
    """
    from .notices.programs import Programs
    from .translate.host import translate_host
    from .translate.notices import translate_notices
    from .translate.tracking import Tracking, scripts_settings
    from .translate.vrrp import translate

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
    from .translate.bfd import translate_bfd

    process, sessions = translate_bfd(config)
    return (process, *sessions)


def _followed(config: Config) -> tuple[Followed, ...]:
    sync = config.global_defs.lvs_sync_daemon
    return () if sync is None or sync.instance is None else (Followed(sync.instance),)


def _checker_records(config: Config) -> tuple[object, ...]:
    """What the checker child gets; nothing when the file says nothing that is its business."""
    if config.lvs is None and config.global_defs.lvs_sync_daemon is None:
        return ()
    from .translate.lvs import translate_lvs

    settings, services = translate_lvs(config)
    return (settings, *services)


def _report(
    diagnostics: tuple[Diagnostic, ...], options: Options, is_start: bool, is_usable: bool
) -> None:
    from ..conf.diagnostics import Severity, concise, full

    levels = {Severity.ERROR: logging.ERROR, Severity.WARNING: logging.WARNING}
    on_stderr = options.log_console or options.foreground or (is_start and not is_usable)
    for diagnostic in diagnostics:
        on_stderr = on_stderr and log.tell(full(diagnostic))
        _log.log(
            levels.get(diagnostic.severity, logging.INFO), concise(diagnostic), extra=log.ON_STDERR
        )
