"""A `virtual_server` block that has been read becomes a service.

It is completed in the order keepalived checks it: protocol, port and persistence, scheduler,
servers, quorum. What does not fit is corrected as keepalived corrects it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from healthcheck.core.model import RealServer, SorryServer, TlsMaterial, VirtualServer
from healthcheck.core.table import (
    Destination,
    Family,
    Forwarding,
    Method,
    Protocol,
    ServiceFlag,
    ServiceKey,
)

from .blocks import Statement
from .config import GlobalDefs
from .context import Context
from .diagnostics import ProblemClass, Span
from .lvs_config import CheckDefaults, LvsServer, LvsService
from .lvs_endpoints import Endpoint, trio
from .lvs_keys import (
    GroupUse,
    Identity,
    ServiceMark,
    distinct_name,
    keys_of,
    name_of,
    shown_key,
)
from .lvs_methods import METHOD_FIELD, build_settings
from .lvs_servers import ServerBlock, Surroundings, build_server, build_sorry_server
from .lvs_timing import Defaults
from .values import Values

__all__ = ["finish_service"]

_DEFAULT_PERSISTENCE = 360


def finish_service(
    context: Context,
    values: Values,
    identity: Identity,
    defs: GlobalDefs,
    tls: TlsMaterial,
    taken: dict[ServiceKey, str],
) -> LvsService | None:
    """The finished service; None when nothing of it can run, which is reported.

    `taken` maps the keys of the services before to their names; this one's are added.
    """
    if not values.items("servers", ServerBlock):
        message = f"virtual_server {_words(values)} has no real_server; it is dropped"
        context.problem("no-real-server", values.owner, 0, message)
        return None
    return _Completion(context, values, identity, defs, tls).finish(taken)


def _words(values: Values) -> str:
    return " ".join(values.owner.words[1:3])


class _Completion:
    """One service while it is completed."""

    def __init__(
        self,
        context: Context,
        values: Values,
        identity: Identity,
        defs: GlobalDefs,
        tls: TlsMaterial,
    ) -> None:
        self._context = context
        self._values = values
        self._identity = identity
        self._group = identity.group if isinstance(identity, GroupUse) else None
        self._defs = defs
        self._tls = tls
        self._has_addresses = isinstance(identity, Endpoint) or bool(
            self._group and self._group.ranges
        )
        self._has_marks = isinstance(identity, ServiceMark) or bool(
            self._group and self._group.marks
        )
        self._protocol = self._decided_protocol()
        self._name = name_of(identity, self._protocol)

    def finish(self, taken: dict[ServiceKey, str]) -> LvsService | None:
        """The steps in their order."""
        self._ha_suspend()
        self._one_packet()
        self._persistence()
        values = self._values
        method = self._method()
        blocks = self._fitting_servers(method)
        if not blocks:
            return None
        family = Family(values.get("family", 4))
        self._name = distinct_name(self._name, self._identity, family, taken)
        keys = tuple(self._free_keys(taken, blocks, method))
        if not keys:
            return None
        around = self._surroundings(method)
        settings = build_settings(self._context, values, self._name)
        servers = self._servers(blocks, around)
        sorry = build_sorry_server(self._context, values, around)
        if sorry is not None:
            sorry = self._inhibited_alike(sorry, servers)
        quorum, hysteresis = self._quorum(sum(real.weight for real, _ in servers))
        mailed = values.get("smtp_alert", _mail_default(self._defs, default=False))
        return LvsService(
            VirtualServer(
                self._name,
                keys,
                tuple(real for real, _ in servers),
                settings,
                quorum,
                hysteresis,
                sorry,
                values.get("omega", False),
                values.get("ha_suspend", False),
            ),
            tuple(beside for _, beside in servers),
            values.get("quorum_up", None),
            values.get("quorum_down", None),
            mailed,
            self._group.name if self._group is not None else None,
            method,
            around.inhibit,
            around.defaults.said,
            values.get("snmp_name", None),
            _line_of(values.owner),
        )

    def _complain(self, id: str, field: str, message: str, *, is_counted: bool = True) -> None:
        """Report a problem; one that `keepalived -t` overlooks is not counted."""
        problem_class = ProblemClass.GENERAL if is_counted else ProblemClass.NONE
        where = self._values.where(field)
        self._context.problem(id, where, 0, message, problem_class=problem_class)

    def _decided_protocol(self) -> Protocol | None:
        protocol: Protocol | None = self._values.get("protocol", None)
        if self._has_addresses and protocol is None:
            message = f"virtual_server {_words(self._values)} has no protocol; UDP is used"
            self._complain("no-protocol", "protocol", message)
            return Protocol.UDP
        if not self._has_addresses and protocol is not None:
            message = "a firewall mark has no protocol; it is ignored"
            self._complain("mark-with-protocol", "protocol", message)
            return None
        return protocol

    def _ha_suspend(self) -> None:
        values = self._values
        if not values.get("ha_suspend", False):
            return
        if self._has_marks:
            message = "ha_suspend does nothing for a firewall mark; checks always run"
            self._complain("ha-suspend", "ha_suspend", message)
        elif self._group is not None:
            message = "ha_suspend does nothing for a group; checks always run"
            self._context.remark("ha-suspend", values.where("ha_suspend"), 0, message)
        else:
            return
        values.set["ha_suspend"] = False

    def _one_packet(self) -> None:
        flags = self._values.get("flags", ServiceFlag.NONE)
        if not self._has_addresses or self._protocol is Protocol.UDP:
            return
        if flags & ServiceFlag.ONE_PACKET:
            self._complain("ops-without-udp", "flags", "ops works with UDP only; it is ignored")
            self._values.set["flags"] = flags & ~ServiceFlag.ONE_PACKET

    def _persistence(self) -> None:
        """A service on every port must be persistent; the kernel refuses it else."""
        values = self._values
        if "persistence_timeout" in values.set or 0 not in self._ports():
            return
        message = (
            "port 0 means every port, which needs persistence; persistence_timeout 360 is used"
        )
        self._complain("port-0", "persistence_timeout", f"{self._name}: {message}")
        values.set["persistence_timeout"] = _DEFAULT_PERSISTENCE

    def _ports(self) -> frozenset[int]:
        """Every port of the addresses; 0: all of them."""
        if isinstance(self._identity, Endpoint):
            return frozenset((self._identity.port,))
        return frozenset(entry.port for entry in self._group.ranges) if self._group else frozenset()

    def _method(self) -> Method:
        values = self._values
        method: Method | None = values.get(METHOD_FIELD, None)
        if method is not None:
            return method
        blocks = values.items("servers", ServerBlock)
        if "sorry" in values.set or any(METHOD_FIELD not in b.values.set for b in blocks):
            message = f"virtual_server {self._name} has no lvs_method; NAT is used"
            self._complain("no-method", METHOD_FIELD, message)
        return Method()

    def _fitting_servers(self, method: Method) -> list[ServerBlock]:
        """The servers of the right family; only a tunnel may lead to the other one."""
        values = self._values
        fitting = []
        for block in values.items("servers", ServerBlock):
            forwarding = block.values.get(METHOD_FIELD, method).forwarding
            if forwarding is Forwarding.TUNNELLING or self._is_of_family(block.endpoint):
                fitting.append(block)
                continue
            where = block.values.owner
            message = f"{block.endpoint.address} is not IPv{values.set['family']} as its service is"
            hint = "only lvs_method TUN reaches a server of the other family"
            text = f"{message}; the server is dropped"
            self._context.problem("other-family", where, 1, text, hint=hint)
        if not fitting:
            message = f"virtual_server {self._name} has no usable real_server; it is dropped"
            self._complain("no-real-server", "", message)
        self._check_sorry_family(method)
        self._decide_family(fitting)
        return fitting

    def _is_of_family(self, endpoint: Endpoint) -> bool:
        """The first one decides where nothing else does."""
        family = self._values.set.setdefault("family", endpoint.address.version)
        return family == endpoint.address.version

    def _check_sorry_family(self, method: Method) -> None:
        values = self._values
        sorry: Endpoint | None = values.get("sorry", None)
        forwarding = values.get("sorry/method", method).forwarding
        if sorry is None or forwarding is Forwarding.TUNNELLING or self._is_of_family(sorry):
            return
        message = f"sorry_server {sorry.address} is not IPv{values.set['family']} as its service is"
        self._complain("other-family", "sorry", f"{message}; it is dropped")
        del values.set["sorry"]

    def _decide_family(self, blocks: Iterable[ServerBlock]) -> None:
        """A mark that has only tunnels takes the family they all have, else IPv4."""
        if "family" in self._values.set or self._group is not None:
            return
        versions = {block.endpoint.address.version for block in blocks}
        self._values.set["family"] = versions.pop() if len(versions) == 1 else 4

    def _free_keys(
        self, taken: dict[ServiceKey, str], blocks: list[ServerBlock], method: Method
    ) -> Iterator[ServiceKey]:
        """The keys nobody else has and the servers can serve; the others are reported once each."""
        is_tunnel = all(
            b.values.get(METHOD_FIELD, method).forwarding is Forwarding.TUNNELLING for b in blocks
        )
        family = None if is_tunnel and self._group else self._values.get("family", 4)
        usable = 0
        protocol = self._protocol or Protocol.UDP
        mark_family = Family(family or 4)
        for key, where in keys_of(self._identity, self._values.owner, protocol, mark_family):
            if family is not None and key.family != family:
                message = f"{shown_key(key)} is not IPv{family} as the real servers are"
            elif key in taken:
                message = f"{shown_key(key)} belongs to virtual_server {taken[key]} already"
            else:
                taken[key] = self._name
                usable += 1
                yield key
                continue
            text = f"{message}; it is left out of {self._name}"
            lenient = ProblemClass.NONE
            self._context.problem("unusable-key", where, 0, text, problem_class=lenient)
        if not usable:
            message = f"virtual_server {self._name} has no address left; it is dropped"
            self._complain("no-key", "", message, is_counted=False)

    def _surroundings(self, method: Method) -> Surroundings:
        ports = self._ports() | {0} if self._has_marks else self._ports()
        said = self._values.get
        return Surroundings(
            self._protocol,
            method,
            self._group is not None,
            next(iter(ports)) if len(ports) == 1 else 0,
            ports,
            said("weight", 1),
            said("inhibit_on_failure", False),
            _mail_default(self._defs, default=True),
            self._check_defaults(),
        )

    def _check_defaults(self) -> Defaults:
        said = self._values.get
        delay_loop = said("delay_loop", 60.0)
        return Defaults(
            CheckDefaults(
                delay_loop,
                said("retry", None),
                said("delay_before_retry", None),
                said("warmup", None),
                said("alpha", False),
                said("connect_timeout", 5.0),
                said("virtualhost", None),
            ),
            delay_loop,
            self._defs.checker_log_all_failures,
            self._defs.script_user,
            self._tls,
        )

    def _servers(
        self, blocks: Iterable[ServerBlock], around: Surroundings
    ) -> list[tuple[RealServer, LvsServer]]:
        """The finished servers; of two with one address the first stays."""
        found: dict[Destination, tuple[RealServer, LvsServer]] = {}
        for block in blocks:
            built = build_server(self._context, block, around)
            address = built[0].address
            if address in found:
                label = trio(address.address, self._protocol, address.port)
                message = f"real_server {label} stands in {self._name} already; this one is dropped"
                self._context.problem("duplicate-server", block.values.owner, 1, message)
                continue
            found[address] = built
        return list(found.values())

    def _inhibited_alike(
        self, sorry: SorryServer, servers: Iterable[tuple[RealServer, LvsServer]]
    ) -> SorryServer:
        """A sorry server that is one of the servers cannot differ in `inhibit`."""
        for real, _ in servers:
            if real.address == sorry.address and real.inhibit != sorry.inhibit:
                flag = "sorry_server_inhibit" if sorry.inhibit else "no sorry_server_inhibit"
                message = (
                    f"sorry_server is a real_server that has another inhibit; {flag} is ignored"
                )
                self._complain("sorry-inhibit", "sorry", message)
                return SorryServer(sorry.address, sorry.method, real.inhibit)
        return sorry

    def _quorum(self, total: int) -> tuple[int, int]:
        """Quorum and hysteresis that the weights can reach."""
        quorum, hysteresis = self._values.get("quorum", 1), self._values.get("hysteresis", 0)
        if quorum > total:
            # quirk: no-weight-no-quorum
            message = f"quorum {quorum} is above the weight of all servers, {total}"
            quorum = max(1, total)
            self._complain("value-out-of-range", "quorum", f"{message}; {quorum} is used")
        if hysteresis >= quorum:
            message = f"hysteresis {hysteresis} is not below quorum {quorum}; {quorum - 1} is used"
            self._complain("value-out-of-range", "hysteresis", message)
            hysteresis = quorum - 1
        if total and quorum + hysteresis > total:
            message = (
                f"quorum {quorum} + hysteresis {hysteresis} is above the weight of all servers"
            )
            where = self._values.where("hysteresis")
            text = f"{message}, {total}: once lost, quorum cannot be gained"
            self._context.remark("quorum-out-of-reach", where, 0, text)
        return quorum, hysteresis


def _line_of(statement: Statement) -> Span:
    """The line a block begins on; the exact place of a word would cost a tenth of all reading."""
    line = statement.line
    return Span(line.file, line.number, 1, len(line.text))


def _mail_default(defs: GlobalDefs, *, default: bool) -> bool:
    for switch in (defs.smtp_alert_checker, defs.smtp_alert):
        if switch is not None:
            return switch
    return default
