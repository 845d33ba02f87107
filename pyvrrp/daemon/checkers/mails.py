"""What keepalived's checker process mails: of each check that changed its server or itself, of quorum.

FILE_CHECK has none there.
Source: keepalived 2.2.7.
"""

from __future__ import annotations

from collections.abc import Callable

from healthcheck.core.model import (
    Check,
    DnsCheck,
    FollowedCheck,
    HttpCheck,
    MiscCheck,
    PingCheck,
    TcpCheck,
    UdpCheck,
    VirtualServer,
)
from healthcheck.core.service import Notice, QuorumDown, QuorumUp, ServerDown, ServerUp
from healthcheck.core.table import Destination
from healthcheck.events import CheckFailed, CheckRecovered

from .log import server_name

__all__ = ["CheckerMails"]

_Checked = CheckFailed | CheckRecovered

_NAMES: dict[type[Check], str] = {
    TcpCheck: "TCP CHECK",
    UdpCheck: "UDP CHECK",
    PingCheck: "ICMP CHECK",
    DnsCheck: "DNS_CHECK:",
}
"""Of checks whose mails say no more; the others are CHECK."""


class CheckerMails:
    """Turns events into mails: `send` gets subject, without the router's name, and body.

    A check tells of itself before its server does, so the mail waits for what comes next.
    """

    def __init__(self, send: Callable[[str, str], None]) -> None:
        self._send = send
        self._down: set[tuple[str, Destination]] = set()
        self._told_of: set[str] = set()
        self._check: tuple[_Checked, VirtualServer] | None = None
        self.tells_each_check = True
        """Also of a check that leaves its server as it is."""
        self.is_stopping = False

    def hear(
        self, event: Notice | _Checked, service: VirtualServer, *, is_wanted: bool = True
    ) -> None:
        """Take an event in; `is_wanted`: there are mails about its server, or its service."""
        match event:
            case CheckRecovered() | CheckFailed(is_final=True):
                self.flush()
                self._check = (event, service) if is_wanted else None
            case ServerUp(name, destination) | ServerDown(name, destination):
                self._server(name, destination, service, isinstance(event, ServerUp), is_wanted)
            case QuorumUp() | QuorumDown():
                self.flush()
                if is_wanted:
                    self._quorum(event, service)
                self._told_of.add(event.virtual_server)
            case _:
                pass

    def flush(self) -> None:
        """Nothing follows what the last check said."""
        if self._check is not None and self.tells_each_check:
            event, service = self._check
            is_up = (event.virtual_server, event.destination) not in self._down
            self._about_server(event.destination, service, _check_text(event), is_up=is_up)
        self._check = None

    def _server(
        self,
        name: str,
        destination: Destination,
        service: VirtualServer,
        is_up: bool,
        is_wanted: bool,
    ) -> None:
        (self._down.discard if is_up else self._down.add)((name, destination))
        said, self._check = self._check, None
        if said is not None and said[0].destination == destination:
            self._about_server(destination, service, _check_text(said[0]), is_up=is_up)
        elif not is_up and is_wanted:
            text = "Shutting down" if self.is_stopping else "Removing"
            self._about_server(destination, service, text, is_up=False)

    def _about_server(
        self, destination: Destination, service: VirtualServer, text: str, *, is_up: bool
    ) -> None:
        name = server_name(service, destination)
        state = "UP" if is_up else "DOWN"
        self._send(f"Realserver {name} of virtual server {service.name} - {state}", f"=> {text} <=")

    def _quorum(self, event: QuorumUp | QuorumDown, service: VirtualServer) -> None:
        is_up = isinstance(event, QuorumUp)
        if self.is_stopping:
            text = "Shutting down"
        else:
            is_first = event.virtual_server not in self._told_of
            what = f"Starting with quorum {'up' if is_up else 'down'}"
            if not is_first:
                what = "Gained quorum" if is_up else "Lost quorum"
            quorum, hysteresis = service.quorum, service.hysteresis
            bound = quorum + hysteresis if is_up else quorum - hysteresis
            text = f"{what} {quorum}+{hysteresis}={bound} <= {event.weight}"
        state = "UP" if is_up else "DOWN"
        self._send(f"Virtualserver {service.name} - {state}", f"=> {text} <=")


def _check_text(event: _Checked) -> str:
    is_good = isinstance(event, CheckRecovered)
    match event.check:
        case MiscCheck():
            verdict = "succeeded" if is_good else "failed"
            if event.detail.startswith("not finished within"):
                verdict = "timed out"
            return f"MISC CHECK {verdict} on service"
        case FollowedCheck(name):
            return f"BFD CHECK {name} {'succeeded' if is_good else 'failed'} on service"
        case TcpCheck() | UdpCheck() | PingCheck() | DnsCheck():
            return f"{_NAMES[type(event.check)]} {'succeed' if is_good else 'failed'} on service"
        case HttpCheck() if not is_good:
            return "CHECK failed on service : HTTP request failed"
        case _:
            return (
                "CHECK succeed on service"
                if is_good
                else f"CHECK failed on service : {event.detail}"
            )
