"""The checker process: runs the health-check agent on the kernel's IPVS, takes new settings over.

It reads no file but its ledger of programs, waits for nobody, and loads nothing of VRRP. When the
parent dies it stops in order; when it is killed itself the table stays, and the next one adopts it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING

from healthcheck.agent import Agent
from healthcheck.core.service import Notice, QuorumDown, QuorumUp, ServerDown, ServerUp
from healthcheck.core.table import Destination
from healthcheck.errors import HealthcheckError
from healthcheck.events import CheckFailed, CheckRecovered, Event
from healthcheck.ipvs import Ipvs, IpvsMissing, load_module
from healthcheck.probes.process import close_ledger, keep_ledger
from healthcheck.upkeep import Repair

from ...errors import PyvrrpError
from .. import handoff
from ..dumping.kinds import of_section
from ..lvs.mark_settings import MarkSettings
from ..lvs.settings import CheckedService, CheckerSettings, ServerCommands
from ..namespaces import inside
from ..notices.commands import Command
from ..notices.fifos import NotifyFifos
from ..notices.scripts import NotifyScripts
from ..parent_link import ParentLink
from ..process_settings import apply
from ..processes import FATAL, INTERNAL_ERROR
from ..punctuality import Punctuality
from ..reload.items import Tally, brief
from ..reload.services import changes, item
from ..siblings import Sibling
from ..trackers.initial_files import write_initial
from .kernel_settings import KernelSettings
from .log import activations, fifo_line, lines
from .mails import CheckerMails
from .reader import SettingsReader

if TYPE_CHECKING:
    from .mark_table import MarkTable

__all__ = ["run"]

logger = logging.getLogger(__name__)

_NAME = "Healthcheck"
_SWITCH_INTERVAL = 0.0005  # s; how long the log's thread may keep the loop waiting
_SCRIPT_PATIENCE = 2.0  # s that scripts have to end at stop; `child_wait_time` is 5 by default
_MAIL_PATIENCE = 0.5  # s that mails have to be taken at stop, by whoever sends them
_LINES_AT_ONCE = 100
_LINES_PAUSE = 0.01  # s
_NO_COMMANDS = ServerCommands()


class _Refused(PyvrrpError):
    """New settings that the agent does not take."""


def run(start: handoff.ChildStart) -> int:
    """Run until told to stop, or until the parent is gone; returns the exit code."""
    sys.setswitchinterval(_SWITCH_INTERVAL)
    try:
        with inside(start.ipvs_namespace):
            kernel = _open_ipvs()  # a socket stays where it was made
        with kernel as ipvs:
            asyncio.run(_Process(start, ipvs).main())
    except IpvsMissing as error:
        handoff.send(start.control, handoff.UNAVAILABLE, str(error))
        logger.error("%s", error)
        return FATAL
    except PyvrrpError as error:
        logger.error("%s", error)
        return FATAL
    except HealthcheckError as error:
        # It may be for a moment only: the parent tries again, later and later.
        logger.error("%s", error)
        return INTERNAL_ERROR
    return 0


def _open_ipvs() -> Ipvs:
    """The kernel's table, its module loaded if that is what it takes, as keepalived does.

    Raises: IpvsMissing; HealthcheckError.
    """
    try:
        return Ipvs()
    except IpvsMissing as missing:
        try:
            load_module()
        except IpvsMissing as problem:
            logger.debug("%s", problem)
            raise missing from problem
        return Ipvs()


class _Known:
    """What events may be about: the services in use and those before them, whose end is told late."""

    def __init__(
        self, services: Iterable[CheckedService] = (), former: _Known | None = None
    ) -> None:
        self.current = {service.server.name: service for service in services}
        self.services = (former.current if former else {}) | self.current
        self._commands: dict[tuple[str, Destination], ServerCommands] = {}
        for service in (*(former.current.values() if former else ()), *self.current.values()):
            for server, own in zip(service.server.real_servers, service.servers, strict=True):
                if own != _NO_COMMANDS:
                    self._commands[service.server.name, server.address] = own

    def reaction(
        self, event: Notice | CheckFailed | CheckRecovered
    ) -> tuple[Hashable, Command | None]:
        """What the event is about, and what is run for it."""
        service = self.services[event.virtual_server]
        match event:
            case QuorumUp(name):
                return name, service.quorum_up
            case QuorumDown(name):
                return name, service.quorum_down
            case ServerUp(name, destination):
                return (name, destination), self._of(name, destination).up
            case ServerDown(name, destination):
                return (name, destination), self._of(name, destination).down
        return None, None

    def is_mailed(self, event: Notice | CheckFailed | CheckRecovered) -> bool:
        """Whether its service, or its server, is one that mails are sent about."""
        if isinstance(event, QuorumUp | QuorumDown):
            return self.services[event.virtual_server].smtp_alert
        return self._of(event.virtual_server, event.destination).smtp_alert

    def _of(self, name: str, destination: Destination) -> ServerCommands:
        return self._commands.get((name, destination), _NO_COMMANDS)


class _Process:
    def __init__(self, start: handoff.ChildStart, ipvs: Ipvs) -> None:
        self._start = start
        self._ipvs = ipvs
        self._kernel = KernelSettings(ipvs)
        self._marks: MarkTable | None = None
        self._punctuality = Punctuality(_NAME)
        self._settings = CheckerSettings()
        self._reader = SettingsReader()
        self._known = _Known()
        self._mails = CheckerMails(self._send)
        self._sessions: dict[str, bool] = {}
        self._is_checking = False

    async def main(self) -> None:
        """Start everything, follow the parent's words, stop in order."""
        keep_ledger(self._start.ledger_path)
        self._others = Sibling()
        parent = ParentLink(
            self._start,
            self._on_word,
            of_section(handoff.Section.CHECKERS),
            {
                handoff.Section.SCRIPTS: self._others,
                handoff.Section.BFD: Sibling(self._on_session),
            },
        )
        self._scripts = NotifyScripts()
        self._fifos = NotifyFifos()
        gc.disable()  # nothing made until READY is garbage
        settings, services = await self._reader.read(self._start.configuration_fd)
        os.close(self._start.configuration_fd)
        if not self._start.is_restart:
            write_initial(settings.initial_files)
        if settings.flush_at_start and not self._start.is_restart:
            # After a crash it would end connections that live.
            self._ipvs.flush()
        self._use(settings)
        self._fifos.use(settings.fifos)
        self._known = _Known(services)
        self._agent = Agent(
            [service.server for service in services],
            ipvs=self._ipvs,
            on_event=self._on_event,
            tell_servers=settings.tell_servers_at_start,
        )
        await self._agent.start()
        self._is_checking = True
        for name, is_up in self._sessions.items():
            self._agent.set_followed(name, is_up)
        gc.freeze()
        gc.enable()
        parent.say(handoff.READY)
        telling = asyncio.create_task(_tell_activations(services), name="tell what is checked")
        await parent.follow(self._reload, lambda kind: self._agent.service_snapshots())
        telling.cancel()
        await self._stop()

    async def _reload(self, descriptor: int) -> None:
        """Go over to new settings; what did not change keeps its state.

        Raises: HandoffError or _Refused; then nothing is changed, but for FIFOs that are open anew.
        """
        settings, services = await self._reader.read(descriptor)
        self._fifos.use(settings.fifos)
        former, self._known = self._known, _Known(services, self._known)
        try:
            await self._agent.reconfigure([service.server for service in services])
        except ValueError as error:
            self._known = former
            self._fifos.use(self._settings.fifos)
            raise _Refused(str(error)) from error
        self._use(settings)
        logger.info("reload: %s", await _tally(former.current, services))

    async def _stop(self) -> None:
        keep_table = not self._start.options.release_ipvs
        flush = self._settings.flush_at_stop and not keep_table
        logger.info("stopping")
        self._mails.is_stopping = True
        tell_servers = self._settings.tell_servers_at_stop
        await self._agent.close(keep_table=keep_table, tell_servers=tell_servers)
        if flush:
            self._ipvs.flush()
        self._kernel.put_back()
        if not keep_table:
            self._mark(MarkSettings())
        self._fifos.close()
        self._mails.flush()
        await self._others.wait_taken(_MAIL_PATIENCE)
        await self._scripts.close(_SCRIPT_PATIENCE)
        close_ledger()

    def _use(self, settings: CheckerSettings) -> None:
        self._settings = settings
        self._mails.tells_each_check = settings.mails_each_check
        apply(settings.process, _NAME)
        self._punctuality.use(settings.process)
        self._kernel.use(settings)
        self._mark(settings.marks)

    def _mark(self, settings: MarkSettings) -> None:
        if self._marks is None:
            if not settings.marks:
                return
            from .mark_table import MarkTable

            self._marks = MarkTable()
        try:
            with inside(self._start.ipvs_namespace):
                self._marks.use(settings)
        except PyvrrpError as error:
            logger.error("%s", error)

    def _on_word(self, message: handoff.Message) -> None:
        if message.word == handoff.ACTIVE:
            self._kernel.follow({message.text} - {""})

    def _on_session(self, name: str, value: str | None) -> None:
        """A BFD session went up or down; one that is no more leaves its checks as they are."""
        if value is not None:
            self._sessions[name] = value == "1"
            if self._is_checking:
                self._agent.set_followed(name, value == "1")

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Repair):
            logger.warning(
                "%s was changed by somebody else: put right, %d operation(s)",
                event.key,
                len(event.operations),
            )
            return
        server = self._known.services[event.virtual_server].server
        for line in lines(event, server):
            logger.info("%s", line)
        self._fifos.tell(fifo_line(event, server))
        self._mails.hear(event, server, is_wanted=self._known.is_mailed(event))
        if isinstance(event, CheckFailed | CheckRecovered):
            asyncio.get_running_loop().call_soon(self._mails.flush)
        about, command = self._known.reaction(event)
        if command is not None:
            self._scripts.start(about, command)

    def _send(self, subject: str, body: str) -> None:
        """Mails are sent by the process that may wait for others."""
        if self._settings.sends_mails:
            self._others.report(f"{subject}\n{body}")


async def _tally(former: Mapping[str, CheckedService], services: Iterable[CheckedService]) -> Tally:
    """What became of the services."""
    tally = Tally()
    for count, change in enumerate(changes(former, services), 1):
        words = brief(item(change)) if tally.wants(change.fate) else ""
        tally.add(change.fate, words)
        if count % _LINES_AT_ONCE == 0:
            await asyncio.sleep(0)
    return tally


async def _tell_activations(services: Iterable[CheckedService]) -> None:
    """A line for each check, not faster than the log takes them."""
    if not logger.isEnabledFor(logging.INFO):
        return
    count = 0
    for service in services:
        for line in activations(service.server):
            logger.info("%s", line)
            count += 1
            if count % _LINES_AT_ONCE == 0:
                await asyncio.sleep(_LINES_PAUSE)
