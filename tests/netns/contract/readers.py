"""What well-known tools do with a daemon: their rules, in our words, applied to both programs."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from netnslab import Process

from .place import ADDRESS, INSTANCE, PATIENCE, SIGNALS, Place

__all__ = ["exporters", "fifo", "liveness", "sidecar"]

_STATES = ("INIT", "BACKUP", "MASTER", "FAULT")
_COUNTERS = (
    *("advert_rcvd", "advert_sent", "become_master", "release_master", "packet_len_err"),
    *("advert_interval_err", "ip_ttl_err", "invalid_type_rcvd", "addr_list_err"),
    *("invalid_authtype", "authtype_mismatch", "auth_failure", "pri_zero_rcvd", "pri_zero_sent"),
)
_LIVENESS = """
echo "a marker line" > "$1/keepalived.data"
kill -s SIGUSR1 "$2" || exit 3
for _ in $(seq 50); do
    grep -q "a marker line" "$1/keepalived.data" || { ! grep -q "State = FAULT" "$1/keepalived.data"; exit; }
    sleep 0.1
done
exit 4
"""


def exporters(place: Place) -> Mapping[str, str]:
    """gen2brain's and mehdy's Prometheus exporters: version, JSON, statistics, data."""
    said = place.answer("--version").stderr
    number = said.splitlines()[0].split(" ")[1].removeprefix("v")
    process = place.start()
    place.until(lambda: _count(place, process) > 0, "an Advertisement in the statistics")
    return {
        "exporter-version": "a number" if re.fullmatch(r"\d+\.\d+\.\d+", number) else number,
        "exporter-has-json": "yes" if "--enable-json" in said else "no",
        "exporter-process": _program_of(process),
        "exporter-json": _from_json(place, process),
        "exporter-statistics": _from_statistics(place, process),
        "exporter-data": _from_data(place, process),
        "vyos-json": _for_vyos(place),
        "exporter-stop": str(process.stop(PATIENCE)),
    }


def _program_of(process: Process) -> str:
    """The fourth column of `ps -o pid,pcpu,pmem,args`, without directory."""
    words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
    return Path(words[0].decode()).name


def _dump(place: Place, process: Process, name: str, number: int) -> str:
    path = place.tmp / name
    path.unlink(missing_ok=True)
    place.kill(process.pid, number)
    return place.until(lambda: _complete(path), name)


def _complete(path: Path) -> str:
    """Nothing while it grows: what keepalived writes ends with a line of its own."""
    text = path.read_text()
    if path.suffix == ".json":
        try:
            json.loads(text)
        except ValueError:
            return ""
        return text
    return text if text.endswith("\n") and path.read_text() == text else ""


def _count(place: Place, process: Process) -> int:
    return int(_statistics(_dump(place, process, "keepalived.stats", signal.SIGUSR2))["one/Sent"])


def _from_json(place: Place, process: Process) -> str:
    (found,) = json.loads(_dump(place, process, "keepalived.json", SIGNALS["JSON"]))
    data, stats = found["data"], found["stats"]
    assert isinstance(data["last_transition"], float)
    whole = all(type(stats[name]) is int for name in _COUNTERS)
    state = _STATES[data["state"]]
    place_ = f"{data['iname']} {data['ifp_ifname']} {data['vrid']} {state}"
    return f"{place_}, {'all counters' if whole else 'counters are missing'}"


def _statistics(text: str) -> Mapping[str, str]:
    """Instance, then `name: value` at two blanks, or four below a heading."""
    found: dict[str, str] = {}
    instance = heading = ""
    for line in text.splitlines():
        name, _, value = (part.strip() for part in line.partition(":"))
        if line.startswith("VRRP Instance"):
            instance = value
        elif line.startswith("  ") and not value:
            heading = name
        elif line.startswith("    "):
            found.setdefault(f"{instance}/{name}", value)
            found[f"{instance}/{heading}/{name}"] = value
        elif line.startswith("  "):
            found[f"{instance}/{name}"] = value
    return found


def _from_statistics(place: Place, process: Process) -> str:
    found = _statistics(_dump(place, process, "keepalived.stats", signal.SIGUSR2))
    names = (
        "Became master", "Released master", "Advertisements/Received", "Advertisements/Sent",
        "Packet Errors/Length", "Packet Errors/TTL", "Packet Errors/Invalid Type",
        "Packet Errors/Advertisement Interval", "Packet Errors/Address List",
        "Authentication Errors/Invalid Type", "Authentication Errors/Type Mismatch",
        "Authentication Errors/Failure", "Priority Zero/Received", "Priority Zero/Sent",
    )  # fmt: skip
    missing = [name for name in names if not found.get(f"one/{name}", "").isdecimal()]
    return f"Became master {found['one/Became master']}, {len(missing)} missing"


def _from_data(place: Place, process: Process) -> str:
    text = _dump(place, process, "keepalived.data", signal.SIGUSR1)
    found = dict(_settings(text))
    device = found.get("Interface") or found.get("Listening device")
    words = found["Virtual IP"].split(" ")
    values = (found["State"], found["Wantstate"], device, found["Virtual Router ID"])
    return f"{' '.join(map(str, values))}, {words[0]} on {words[2]}"


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """Of the one instance: `name = value` at three blanks, lists deeper below `name (n):`."""
    inside, name = False, ""
    for line in text.splitlines():
        if line.startswith(" VRRP Instance") and "=" in line:
            inside = True
        elif not line.startswith("   "):
            inside = False
        elif inside and line.startswith("     "):
            yield name, line.strip()
        elif inside:
            name, _, value = line.strip().partition("=" if "=" in line else ":")
            name = name.split(" (")[0].strip()
            yield name, value.strip()


def _for_vyos(place: Place) -> str:
    """What `show vrrp` of VyOS takes from each element."""
    (found,) = json.loads((place.tmp / "keepalived.json").read_text())
    data = found["data"]
    names = ("iname", "ifp_ifname", "vrid", "state", "wantstate", "base_priority")
    names = (*names, "effective_priority", "last_transition", "adver_int", "vips")
    missing = [name for name in names if name not in data]
    return f"{data['base_priority']} {data['effective_priority']} {data['vips'][0]}, {len(missing)} missing"


def fifo(place: Place) -> Mapping[str, str]:
    """VyOS's reader, which takes whole lines of one form, and opens the FIFO again at its end."""
    path = place.run / "notify_fifo"
    line = re.compile(r'(INSTANCE|GROUP) "([^"]+)" (\w+) (\d+)')
    words = "global_defs {\n    script_user root\n    vrrp_notify_fifo /run/notify_fifo\n}\n"
    process = place.start(text=words + INSTANCE)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    said = _read_until(place, descriptor, "MASTER")
    first = [" ".join(found) for found in line.findall(said)]
    whole = all(line.fullmatch(text) for text in said.splitlines())
    mode = f"{stat.S_IMODE(path.stat().st_mode):04o}"
    place.kill(process.pid, signal.SIGTERM)
    last = _read_until(place, descriptor, "STOP")
    os.close(descriptor)
    process.wait(PATIENCE)
    return {
        "fifo": f"{', '.join(first)}: {'whole lines' if whole else repr(said)}",
        "fifo-mode": mode,
        "fifo-stop": last.strip(),
        "fifo-left": "stays" if path.exists() else "gone",
    }


def _read_until(place: Place, descriptor: int, word: str) -> str:
    """What comes until a line with that word."""
    found: list[str] = []

    def is_there() -> bool:
        with suppress(BlockingIOError):
            found.append(os.read(descriptor, 4096).decode())
        return any(word in text for text in found)

    place.until(is_there, f"{word} in a FIFO")
    return "".join(found)


def liveness(place: Place) -> Mapping[str, str]:
    """OpenShift's probe: a marker line in the dump, USR1, and within 5 s a dump without FAULT."""
    process = place.start("--vrrp", "--log-detail")

    def probe() -> str:
        oldest = place.host.run(
            ["pgrep", "-o", "-x", "keepalived", "--ns", str(process.pid), "--nslist", "mnt"]
        )
        command = ["bash", "-c", _LIVENESS, "bash", str(place.tmp), oldest.stdout.strip()]
        return str(place.host.run(command, check=False, timeout=PATIENCE).returncode)

    seen = {"liveness": probe()}
    place.host.ip("link", "set", "eth0", "down")
    process.wait_for_log("Entering FAULT STATE", timeout=PATIENCE)
    seen["liveness-fault"] = probe()
    process.stop(PATIENCE)
    return seen


def sidecar(place: Place) -> Mapping[str, str]:
    """Something beside the daemon writes into conf.d and sends HUP."""
    (place.etc / "conf.d").mkdir()
    process = place.start(text=f"include conf.d/*.conf\n{INSTANCE}")
    more = INSTANCE.replace("one", "two").replace("51", "52").replace(ADDRESS, "192.0.2.200")
    place.write(more, "conf.d/two.conf")
    place.kill(place.pid("keepalived.pid"), signal.SIGHUP)
    place.host.wait_address("192.0.2.200", timeout=PATIENCE)
    seen = {
        "sidecar": f"both addresses, one was Active {process.output().count('(one) Entering MASTER')} time"
    }
    (place.etc / "conf.d/two.conf").unlink()
    place.kill(place.pid("keepalived.pid"), signal.SIGHUP)
    place.host.wait_address("192.0.2.200", present=False, timeout=PATIENCE)
    still = place.host.has_address(ADDRESS)
    seen["sidecar-back"] = "the other stays" if still else "both gone"
    process.stop(PATIENCE)
    return seen
