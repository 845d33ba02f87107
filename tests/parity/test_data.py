"""What `-d` logs and what the signals for data, statistics and JSON write,
beside Debian's keepalived with the same file.

What the machine adds is given to both: the links are read from the network keepalived ran in.
"""

from __future__ import annotations

import difflib
import grp
import json
import os
import pwd
import re
import sys
from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_interface
from pathlib import Path
from typing import Any

import pytest

from pyvrrp.conf.config import Address, Config
from pyvrrp.conf.load import load
from pyvrrp.control import data_global, data_json, data_vrrp, stats
from pyvrrp.control.host import HostFacts, LinkFacts, LinkFlag
from pyvrrp.core.actions import StateName
from pyvrrp.core.events import InitializeReason
from pyvrrp.core.model import Family
from pyvrrp.counters import Counters
from pyvrrp.snapshot import ScriptSnapshot, TrackedSnapshot, VirtualRouterSnapshot
from tests.parity.dumped import LINKS, NODE, OURS, Dumped, dump, dumps
from tests.parity.quirks import ROWS

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.untimed]

GOLDEN = Path(__file__).parents[1] / "golden" / "good"
SHOWN = Path(__file__).with_name("shown")

NOT_RUN = {
    "links.conf": "2.2.7 knows no auth_hmac and does not start",
    "lvs_checks.conf": "has nothing about VRRP",
    "lvs_groups.conf": "has nothing about VRRP",
    "lvs_services.conf": "its process of VRRP dies in 2.2.7, where lvs_sync_daemon has no instance",
    "routes.conf": "2.2.7 refuses some of its lines; shown/routing.conf has what both read",
    "rules.conf": "2.2.7 refuses some of its lines; shown/routing.conf has what both read",
    "unicast.conf": "2.2.7 wants an interface for unicast too and does not start",
}
SAMPLES = (
    *("SSL_GET", "conditional_conf", "sample", "vrrp", "vrrp.localcheck", "vrrp.scripts"),
    *("vrrp.routes", "vrrp.rules", "vrrp.static_ipaddress", "vrrp.sync"),
)
"""Of Debian's package, those that are about VRRP and that 2.2.7 starts with."""
FILES = (
    *sorted(p for d in (GOLDEN, SHOWN) for p in d.glob("*.conf") if p.name not in NOT_RUN),
    *(Path(sys.prefix) / "keepalived-samples" / f"keepalived.conf.{name}" for name in SAMPLES),
)

# What follows maps to rows of QUIRKS.md.
LEFT_OUT = {
    r"   \w+ state transition script = '/usr/local/.*": "missing-script-hidden",
    r"data script_\w+ \"'/usr/local/.*": "missing-script-hidden",
    r"   Next gratuitous ARP for such secondary = .*": "inner-timers",
    r" libnftnl version .*": "libnftnl-version",
}
STATE = {
    r" Gratuitous ARP lower priority \w+ = .*": "unset-in-parent",
    r"   Read timeout = .*": "inner-timers",
    r"   Master down timer = .*": "inner-timers",
    r"   fd_in \d+, fd_out \d+": "sockets-hidden",
    r"   Master router = .*": "stale-master",
    r" current realtime .*": "granted-realtime",
    r"   (rp_filter|Original promote_secondaries) .": "sysctls-seen-once",
}
"""Not compared in files that signals ask for."""
MASKED = {
    r"\b(add|prepend) (?=blackhole|unreachable|prohibit)": "type-adds",
    r"(?<=congctl )(lock reno|renolock )": "congctl-lock",
    r"(?<=')/usr/bin/(?=killall')": "program-found",
    r"(?<=   Password = ).*": "password-in-dump",
    r" \[installed ifindex 0\]": "route-not-seen",
}

_FLAGS = {
    "LOWER_UP": LinkFlag.RUNNING,
    **{flag.name: flag for flag in LinkFlag if flag is not LinkFlag.RUNNING},
}
_LONGEST = 255
"""keepalived cuts longer lines of a log, not of a file."""

DIFFERENT: dict[str, dict[str, tuple[str, ...]]] = {
    "globals.conf": {
        "process-names-last": (
            "- VRRP process name = keepalived_vrrp",
            "+ VRRP process name = vrrp-child",
        ),
        "default-interface-unused": (
            "- Default interface = eth0",
            "+ Default interface = eth1",
        ),
        "newer-language": ("- umask = 0177", "+ umask = 077"),
    },
    "keepalived.conf.vrrp": {
        "newer-language": (
            "-   Virtual IP (4):",
            "-     192.168.200.18 dev eth0 scope global label eth0:1",
            "+   Virtual IP (3):",
        ),
    },
    "JSON of keepalived.conf.vrrp": {
        "newer-language": (
            '-data vips ["192.168.200.16 dev eth0 scope global",'
            ' "192.168.200.17 dev eth0 scope global",'
            ' "192.168.200.18 dev eth0 scope global",'
            ' "192.168.200.18 dev eth0 scope global label eth0:1"]',
            '+data vips ["192.168.200.16 dev eth0 scope global",'
            ' "192.168.200.17 dev eth0 scope global",'
            ' "192.168.200.18 dev eth0 scope global"]',
        ),
    },
    "groups.conf": {
        "ignored-weight": (
            "-     six, weight 9",
            "+     six, weight 0",
        ),
    },
    "rare_globals.conf": {
        "no-cpu-0": (
            "- VRRP CPU Affinity =  1 ",
            "+ VRRP CPU Affinity = 0 1 ",
        ),
    },
    "layout.conf": {
        "newer-language": (
            "- Router ID = a quoted \\",
            '+ Router ID = a quoted "name"',
        ),
    },
    "tracked.conf": {
        "process-noreverse": (
            "-     north, weight 3 reverse",
            "+     north, weight 3",
        ),
    },
}
"""By file and row: lines of keepalived alone (-), and of ours alone (+)."""


@pytest.fixture(scope="module")
def shown() -> dict[Path, Dumped]:
    """Of every file, what keepalived shows."""
    return dumps(FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_log(path: Path, shown: dict[Path, Dumped]) -> None:
    config = loaded(path)
    host = host_of(shown[path], config)
    ours = (*data_global.lines(config, host), *data_vrrp.lines(config, host))
    compare(path.name, shown[path].log, [line[:_LONGEST] for line in ours])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_parent(path: Path, shown: dict[Path, Dumped]) -> None:
    config = loaded(path)
    ours = data_global.lines(config, host_of(shown[path], config), "parent")
    found = differences(without_state(shown[path].parent), without_state(ours))
    assert set(found) <= set(known(path.name))


@pytest.mark.parametrize("name", ["ordinary"])
def test_our_daemon(name: str, shown: dict[Path, Dumped]) -> None:
    """All of it together: what the daemon asks the machine, and what it does on each signal."""
    path = GOLDEN / f"{name}.conf"
    theirs, ours = shown[path], dump(path, OURS)
    compare(path.name, theirs.log, ours.log)
    assert len(ours.data) > len(ours.log)
    assert [value.split()[:2] for value in values(ours.json)] == [
        value.split()[:2] for value in values(theirs.json)
    ]
    assert ours.stats.splitlines()[:2] == theirs.stats.splitlines()[:2]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file(path: Path, shown: dict[Path, Dumped]) -> None:
    config, dumped = loaded(path), shown[path]
    host = host_of(dumped, config)
    snapshots = snapshots_of(dumped, host)
    vrrp = data_vrrp.lines(config, host, snapshots, tracked_of(dumped))
    ours = (*data_global.lines(config, host), *vrrp)
    compare(path.name, without_state(dumped.data), without_state(ours))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_json(path: Path, shown: dict[Path, Dumped]) -> None:
    """Names, order, types and values; what is newer than 2.2.7 left aside."""
    config, dumped = loaded(path), shown[path]
    host = host_of(dumped, config)
    ours = data_json.text(config, snapshots_of(dumped, host), host) or ""
    compare(f"JSON of {path.name}", values(dumped.json), values(ours))


def values(text: str) -> Iterator[str]:
    """One a line, in order, as text, since true is no 1; a password stays a secret."""
    for instance in json.loads(text or "[]"):
        for part, found in instance.items():
            for key, value in found.items():
                if is_old(key):
                    yield f"{part} {key} {'***' if key == 'auth_data' else json.dumps(value)}"


def is_old(key: str) -> bool:
    return key != "track_process" and not key.startswith("auth_ext_")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_statistics(path: Path, shown: dict[Path, Dumped]) -> None:
    """The form; 2.2.7 has no errors of an extension of authentication."""
    form = re.sub(r"\d+$", "N", shown[path].stats, flags=re.MULTILINE)
    ours = "".join(f"{line}\n" for line in stats.lines(loaded(path), {}))
    old = re.sub(r"  Authentication Extension Errors:\n(    .*\n){6}", "", ours)
    assert re.sub(r"\d+$", "N", old, flags=re.MULTILINE) == form


def without_state(lines: Iterable[str]) -> Iterator[str]:
    is_shown = True
    for line in lines:
        if line.startswith("------<"):
            is_shown = line != "------< VRRP Sockpool >------"
        if is_shown and not any(re.fullmatch(pattern, line) for pattern in STATE):
            yield line


def compare(name: str, theirs: Iterable[str], ours: Iterable[str]) -> None:
    assert sorted(differences(theirs, ours)) == sorted(known(name))


def differences(theirs: Iterable[str], ours: Iterable[str]) -> list[str]:
    found = difflib.unified_diff(list(comparable(theirs)), list(comparable(ours)), n=0, lineterm="")
    return [line for line in found if not line.startswith(("---", "+++", "@@"))]


def known(name: str) -> list[str]:
    return [line for lines in DIFFERENT.get(name, {}).values() for line in lines]


def comparable(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        text = line
        for pattern in MASKED:
            text = re.sub(pattern, "", text)
        if not any(re.fullmatch(pattern, text) for pattern in LEFT_OUT):
            yield text


def loaded(path: Path) -> Config:
    return load(
        str(path), config_id=NODE, environ={"SITE": "north"}, interfaces=("lo", *LINKS)
    ).config


def host_of(dumped: Dumped, config: Config) -> HostFacts:
    """What was there when keepalived ran, without what it added."""
    virtual = {
        address.interface.ip
        for i in config.instances
        for address in (*i.virtual_ipaddress, *i.virtual_ipaddress_excluded)
    }
    virtual |= {static.address.interface.ip for static in config.static_addresses}
    return HostFacts(
        name=os.uname().nodename,
        links=tuple(link(found, virtual) for found in dumped.links),
        users={user.pw_name: (user.pw_uid, user.pw_gid) for user in pwd.getpwall()},
        groups={group.gr_name: group.gr_gid for group in grp.getgrall()},
    )


def link(found: dict[str, Any], virtual: set[Address]) -> LinkFacts:
    flags = LinkFlag(0)
    for word in found["flags"]:
        flags |= _FLAGS.get(word, LinkFlag(0))
    is_loopback = LinkFlag.LOOPBACK in flags
    kind = found.get("linkinfo", {}).get("info_kind")
    addresses = (ip_address(entry["local"]) for entry in found["addr_info"])
    return LinkFacts(
        index=found["ifindex"],
        name=found["ifname"],
        flags=flags,
        mtu=found["mtu"],
        hardware=772 if is_loopback else 1,
        mac=b"" if is_loopback else octets(found["address"]),
        broadcast=b"" if is_loopback else octets(found["broadcast"]),
        addresses=tuple(a for a in addresses if a not in virtual and str(a) != "::1"),
        kind=kind,
        parent=found["link"] if kind == "macvlan" else None,
        is_ours=kind == "macvlan",
    )


_STATES = {
    0: (StateName.INITIALIZE, None),
    1: (StateName.BACKUP, None),
    2: (StateName.ACTIVE, None),
    3: (StateName.INITIALIZE, InitializeReason.TRACKED_OBJECT_DOWN),
}


def snapshots_of(dumped: Dumped, host: HostFacts) -> dict[str, VirtualRouterSnapshot]:
    """From what keepalived says of itself in JSON."""
    instances = json.loads(dumped.json or "[]")
    return {i["data"]["iname"]: snapshot(i["data"], i["stats"], host) for i in instances}


_SCRIPT = re.compile(
    r" VRRP Script = (?P<name>.*)(?:\n   .*)*?\n   Rise = (?P<rise>.*)(?:\n   .*)*?"
    r"\n   Result = (?P<result>.*)(?:\n   .*)*?\n   Init state = (?P<init>.*)"
    r"(?:\n   .*)*?\n   State = (?P<state>.*)"
)


def tracked_of(dumped: Dumped) -> list[TrackedSnapshot]:
    """From what keepalived says of its scripts."""
    return [
        ScriptSnapshot(
            found["name"],
            int(found["result"]),
            is_known=found["init"] == "unknown",
            is_up=int(found["result"]) >= int(found["rise"]),
            is_running=found["state"] == "running",
        )
        for found in _SCRIPT.finditer("\n".join(dumped.data))
    ]


def snapshot(
    data: dict[str, Any], counted: dict[str, int], host: HostFacts
) -> VirtualRouterSnapshot:
    state, reason = _STATES[data["state"]]
    addresses = (*data.get("vips", ()), *data.get("evips", ()))
    return VirtualRouterSnapshot(
        name=data["iname"],
        interface=data["ifp_ifname"],
        family=Family.IPV4,
        vrid=data["vrid"],
        state=state,
        reason=reason,
        wants_active=data["wantstate"] == 2,
        base_priority=data["base_priority"],
        priority=data["effective_priority"],
        source=source_of(data, host),
        changed_at=data["last_transition"],
        active_router=None,
        virtual_mac=data["vmac_ifname"] or None,
        installed=tuple(ip_interface(a.split()[0]).ip for a in addresses if a.endswith(" set")),
        counters=Counters(
            advertisements_sent=counted["advert_sent"],
            active_transitions=counted["become_master"],
        ),
    )


def source_of(data: dict[str, Any], host: HostFacts) -> Address:
    links = {link.name: link for link in host.links}
    link = links[data["ifp_ifname"]]
    link = links[link.parent or link.name]
    is_ipv6 = ":" in data["vips"][0].split()[0]
    return (link.first6 if is_ipv6 else link.first4) or ip_address("0.0.0.0")


def octets(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def test_every_difference_has_a_row() -> None:
    rows = {row for reasons in DIFFERENT.values() for row in reasons}
    assert {*rows, *LEFT_OUT.values(), *STATE.values(), *MASKED.values()} <= set(ROWS)


def test_every_difference_is_still_tested() -> None:
    assert {name.removeprefix("JSON of ") for name in DIFFERENT} <= {path.name for path in FILES}
