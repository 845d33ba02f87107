"""Lives that a program leads, and what is seen of each: name of a row, and a few words."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from netnslab import Process
from netnslab.residents import is_alive

from .place import ADDRESS, CHECKS, INSTANCE, PATIENCE, SIGNALS, Place
from .readers import exporters, fifo, liveness, sidecar

__all__ = ["LIVES", "Life"]

Seen = Mapping[str, str]
Life = Callable[[Place], Seen]

_SYSTEMD = (
    *("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c"),
    'printf systemd > /proc/self/comm; "$@" & wait $!',
    "sh",
)
"""keepalived talks to systemd only when that is its parent, and process 1."""
_NO_ADMIN = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")


def _answered(place: Place, *words: str, before: tuple[str, ...] = ()) -> str:
    """Exit code, and where it spoke."""
    done = place.answer(*words, before=before)
    streams = [name for name in ("stdout", "stderr") if getattr(done, name)]
    return " ".join([str(done.returncode), *streams])


def answers(place: Place) -> Seen:
    """Command lines that are answered at once."""
    lines = {
        "version": "-v", "help": "-h", "version-cluster": "-nlD --version",
        "version-after-unknown": "-Z -v", "unknown-short": "-Z", "unknown-long": "--bogus=3",
        "ambiguous": "--no", "argument-missing": "-f", "cluster-argument-missing": "-lnp",
        "signum-unknown": "--signum=TDUMP", "facility": "-S 9 -v", "umask-bad": "-u xx -v",
        "log-file": "-g -v", "ignore-sigint": "--ignore-sigint -v",
    }  # fmt: skip
    seen = {name: _answered(place, *line.split()) for name, line in lines.items()}
    for name in ("STOP", "RELOAD", "DATA", "STATS", "STATS_CLEAR", "JSON"):
        done = place.answer(f"--signum={name}")
        seen[f"signum-{name.lower()}"] = f"{done.returncode} {done.stdout.strip()}"
    return seen


def tests(place: Place) -> Seen:
    """`-t`: its exit codes and its file."""
    texts = {
        "t-good": INSTANCE,
        "t-interface": INSTANCE.replace("eth0", "eth9"),
        "t-keyword": INSTANCE.replace("virtual_router_id", "bogus"),
        "t-parameter": INSTANCE.replace("id 51", "id"),
        "t-number": INSTANCE.replace("id 51", "id 300"),
        "t-brace": INSTANCE.rstrip().removesuffix("}"),
        "t-script": "vrrp_script a {\nscript /bin/true\n}\n"
        + INSTANCE.replace("priority", "track_script {\na\n}\npriority"),
        "t-include": "include none-*.conf\n" + INSTANCE,
        "t-include-strict": "includer none.conf\n" + INSTANCE,
    }
    seen = {}
    for name, text in texts.items():
        place.write(text)
        seen[name] = _answered(place, "-t")
    place.write(texts["t-include"])
    seen["t-all-config"] = _answered(place, "-t", "-e")
    seen["t-missing"] = _answered(place, "-t", "-f", "/etc/keepalived/none")
    seen["t-directory"] = _answered(place, "-t", "-f", "/etc/keepalived")
    place.write(INSTANCE).chmod(0o755)
    seen["t-executable"] = _answered(place, "-t")
    place.write("@left bogus\n" + INSTANCE).chmod(0o644)
    seen["t-config-id"] = f"{_answered(place, '-t')}, {_answered(place, '-t', '-i', 'left')}"
    log = place.tmp / "t.log"
    log.write_text("before\n")
    place.answer("-t", f"-t{log}", "-i", "left")
    seen["t-log"] = f"{log.read_text().splitlines()[0]}, then {_some(log.read_text(), 'bogus')}"
    seen["t-touches"] = ",".join(place.files(place.run)) or "nothing"
    return seen


def _some(text: str, word: str) -> str:
    return "the problem" if word in text else "nothing"


def cannot_start(place: Place) -> Seen:
    """Starts that fail."""
    seen = {"x-missing": _answered(place, "-nG").split()[0]}
    place.write(INSTANCE).chmod(0o755)
    seen["x-executable"] = _answered(place, "-nG").split()[0]
    seen["x-missing-background"] = _answered(place, "-G", "-f", "/etc/keepalived/none").split()[0]
    seen["x-directory"] = _answered(place, "-nG", "-f", "/etc/keepalived").split()[0]
    place.write(INSTANCE.replace("eth0", "eth9")).chmod(0o644)
    seen["x-interface"] = _answered(place, "-nG").split()[0]
    place.write(INSTANCE)
    seen["x-pid-file"] = _answered(place, "-nG", "-p", "/nowhere/a.pid").split()[0]
    process = place.host.start(place.command(("-nlG",), _NO_ADMIN))
    place.until(lambda: process.status is not None or "Startup complete" in process.output())
    seen["x-permission"] = "goes on" if process.status is None else str(process.status)
    if process.status is None:
        process.stop(PATIENCE)
    return seen


def foreground(place: Place) -> Seen:
    """The usual life: names, files, dumps, stop."""
    process = place.start("-D")
    child = place.pid("vrrp.pid")
    proc, of_child = Path(f"/proc/{process.pid}"), Path(f"/proc/{child}")
    words = proc.joinpath("cmdline").read_bytes().rstrip(b"\0").decode().split("\0")
    seen = {
        "comm": proc.joinpath("comm").read_text().strip(),
        "comm-child": of_child.joinpath("comm").read_text().strip(),
        "cmdline": " ".join([Path(words[0]).name, *words[1:]]),
        "cmdline-child": _same(of_child.joinpath("cmdline"), proc.joinpath("cmdline")),
        "pgrep": f"{len(place.host.run(['pgrep', '-x', 'keepalived', '-P', str(process.pid)]).stdout.split())} child",
        "pid-files": ",".join(_without_state(place)),
        "state-file": ",".join(_state(place)) or "none",
        "pid-content": _content(place.run / "keepalived.pid", process.pid),
        "pid-mode": f"{stat.S_IMODE((place.run / 'keepalived.pid').stat().st_mode):04o}",
        "pid-lock": "held" if place.is_locked("keepalived.pid") else "none",
        "sigpipe": "ignored" if _ignores(process.pid, signal.SIGPIPE) else "deadly",
    }
    seen |= _found_by_tools(place, {process.pid, child})
    seen |= _dumps(place, process)
    seen["child-usr1"] = _dumped_by(place, child)
    place.kill(process.pid, signal.SIGPIPE)
    seen["term"] = f"{process.stop(PATIENCE)}, {_address(place)}"
    seen["pid-files-left"] = ",".join(_without_state(place)) or "none"
    seen["stopped-line"] = _some_line(process, "Stopped")
    return seen


def _found_by_tools(place: Place, pids: set[int]) -> Seen:
    """What looks for a program by its name or by its file."""
    by_pid = ["start-stop-daemon", "--status", "--pidfile", str(place.run / "keepalived.pid")]

    def count(*command: str) -> str:
        found = place.host.run(command, check=False, timeout=PATIENCE).stdout.split()
        return f"{len(pids & set(map(int, found)))} processes"

    def status(*words: str) -> str:
        done = place.host.run([*by_pid, *words], check=False, timeout=PATIENCE)
        return str(done.returncode)

    return {
        "pidof": count("pidof", "keepalived"),
        "ps-c": count("ps", "-C", "keepalived", "-o", "pid="),
        "by-name": status("--name", "keepalived"),
        "by-exe": status("--exec", str(place.program)),
    }


def _same(one: Path, other: Path) -> str:
    return "as the parent's" if one.read_bytes() == other.read_bytes() else "another"


def _content(path: Path, pid: int) -> str:
    return "id, newline" if path.read_text() == f"{pid}\n" else repr(path.read_text())


def _ignores(pid: int, number: int) -> bool:
    line = re.search(r"^SigIgn:\t(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return line is not None and bool(int(line[1], 16) >> (number - 1) & 1)


def _address(place: Place) -> str:
    return f"address {'stays' if place.host.has_address(ADDRESS) else 'gone'}"


def _state(place: Place) -> list[str]:
    return [name for name in place.files(place.run) if name.endswith(".state")]


def _without_state(place: Place) -> list[str]:
    return [name for name in place.files(place.run) if not name.endswith(".state")]


def _some_line(process: Process, word: str) -> str:
    return "said" if word in process.output() else "not said"


def _dumps(place: Place, process: Process) -> Seen:
    """What each signal writes, with its mode."""
    seen = {}
    for name, number in SIGNALS.items():
        _clear(place.tmp)
        place.kill(process.pid, number)
        wanted = 2 if name == "USR1" else 1
        place.until(lambda wanted=wanted: len(_whole(place.tmp)) >= wanted, name)
        files = _whole(place.tmp)
        modes = {f"{stat.S_IMODE((place.tmp / file).stat().st_mode):04o}" for file in files}
        seen[name.lower()] = f"{','.join(files)} {','.join(modes)}"
    return seen


def _clear(directory: Path) -> None:
    for path in directory.iterdir():
        path.unlink()


def _whole(directory: Path) -> list[str]:
    """Files of dumps; those with another name are not finished. BFD is no part of this."""
    names = [path.name for path in directory.iterdir() if path.stat().st_size]
    ends = (".data", ".stats", ".json")
    return sorted(name for name in names if name.endswith(ends) and "bfd" not in name)


def _dumped_by(place: Place, child: int) -> str:
    _clear(place.tmp)
    place.kill(child, signal.SIGUSR1)
    place.until(lambda: _whole(place.tmp), "dump of a child")
    return ",".join(_whole(place.tmp))


def background(place: Place) -> Seen:
    """As a daemon, with files of other names."""
    place.write(INSTANCE)
    names = ("-p", "/run/p", "-r", "/run/r", "-c", "/run/c", "-b", "/run/b")
    seen = {"fork": _answered(place, "-G", "-u", "022", *names)}
    parent, child = place.pid("p"), place.pid("r")
    proc = Path(f"/proc/{parent}")
    place.host.wait_address(ADDRESS, timeout=PATIENCE)
    streams = {str((proc / "fd" / n).readlink()) for n in "012"}
    seen["fork-streams"] = ",".join(streams)
    seen["fork-directory"] = str((proc / "cwd").readlink())
    seen["fork-session"] = "leader" if os.getsid(parent) == parent else "member"
    seen["fork-session-child"] = "the parent's" if os.getsid(child) == parent else "another"
    seen["pid-options"] = ",".join(_without_state(place))
    _clear(place.tmp)
    place.kill(parent, signal.SIGUSR2)
    place.until(lambda: _whole(place.tmp), "statistics")
    seen["umask"] = f"{stat.S_IMODE((place.tmp / 'keepalived.stats').stat().st_mode):04o}"
    seen["already"] = _answered(place, "-nG", *names).split()[0]
    place.kill(parent, signal.SIGINT)
    place.until(lambda: not is_alive(parent), "the end")
    seen["int"] = _address(place)
    return seen


def accidents(place: Place) -> Seen:
    """Processes that die."""
    process = place.start()
    child = place.pid("vrrp.pid")
    place.kill(child)
    place.until(lambda: place.pid("vrrp.pid") != child and is_alive(place.pid("vrrp.pid")))
    place.until(lambda: process.output().count("Entering MASTER") == 2, "Active again")
    seen = {"kill-child": f"started again, {_address(place)}"}
    child = place.pid("vrrp.pid")
    place.kill(child, signal.SIGTERM)
    place.until(lambda: process.status is not None or place.pid("vrrp.pid") != child)
    seen["term-child"] = "the daemon ends" if process.status is not None else "started again"
    if process.status is None:
        place.until(lambda: process.output().count("Entering MASTER") == 3, "Active again")
        child = place.pid("vrrp.pid")
        place.kill(process.pid)
        place.until(lambda: not is_alive(child), "the end of the child")
        seen["kill-parent"] = f"the child ends, {_address(place)}"
    return seen


def no_respawn(place: Place) -> Seen:
    """`-R`."""
    process = place.start("-R")
    place.kill(place.pid("vrrp.pid"))
    return {"dont-respawn": f"the daemon exits with {process.wait(PATIENCE)}"}


def keeping(place: Place) -> Seen:
    """`-V`, core files, and a log of addresses."""
    process = place.start("-V", "-m", "-a")
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    core = re.search(r"Max core file size +(\w+)", limits)
    place.host.add_address("eth0", "192.0.2.77/24")
    place.until(lambda: "192.0.2.77 added to eth0" in process.output(), "a line about an address")
    code = process.stop(PATIENCE)
    return {
        "dont-release": f"{code}, {_address(place)}",
        "core-dump": core[1] if core else "none",
        "address-monitoring": _some_line(process, "IP 192.0.2.77 added to eth0"),
    }


def instance_names(place: Place) -> Seen:
    """`instance`, `process_names` and priorities."""
    words = "global_defs {\nprocess_names\nvrrp_priority -5\n}\n"
    process = place.start(text=f"instance blue\n{words}{INSTANCE}")
    child = place.pid("keepalived/vrrp_blue.pid")
    seen = {
        "instance": ",".join(_without_state(place)),
        "process-names": Path(f"/proc/{child}/comm").read_text().strip(),
        "priority": str(os.getpriority(os.PRIO_PROCESS, child)),
    }
    process.stop(PATIENCE)
    seen["instance-left"] = "nothing" if not (place.run / "keepalived").exists() else "directory"
    return seen


def halves(place: Place) -> Seen:
    """Which processes there are."""
    seen = {}
    for name, words in {"vrrp-only": ("-P",), "no-bfd": ("-P", "-B")}.items():
        process = place.start(*words, text=INSTANCE + CHECKS)
        seen[name] = ",".join(_without_state(place))
        process.stop(PATIENCE)
    return seen


def namespace(place: Place) -> Seen:
    """`-s`: into a network namespace, here the one it is in."""
    name = place.host.namespace
    process = place.start("-s", name)
    files = [file.replace(name, "NAME") for file in _without_state(place)]
    code = process.stop(PATIENCE)
    return {
        "namespace": ",".join(files),
        "namespace-stop": f"{code}, {_address(place)}",
        "namespace-missing": _answered(place, "-nG", "-s", "nowhere-7").split()[0],
    }


def service(place: Place) -> Seen:
    """What systemd is told, and what a reload is."""
    address = place.tmp / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(PATIENCE)
        process = place.start(before=_SYSTEMD, environment={"NOTIFY_SOCKET": str(address)})
        daemon = _parent_of(process)
        seen = {"notify-ready": _word(manager)}
        place.kill(daemon, signal.SIGHUP)
        seen["notify-reload"] = f"{_word(manager)} {_word(manager)}"
        seen["reload-state"] = f"{process.output().count('Entering MASTER')} time MASTER"
        place.kill(daemon, signal.SIGTERM)
        seen["notify-stop"] = _word(manager)
        process.wait(PATIENCE)
    return seen


def _parent_of(process: Process) -> int:
    """The daemon below the process that passes for systemd."""
    return min(process.descendants("keepalived"))


def _word(manager: socket.socket) -> str:
    """The next that is not empty: a child of keepalived says something empty in its name."""
    while not (said := manager.recv(4096)):
        pass
    return said.decode().partition("\n")[0]


def bad_reload(place: Place) -> Seen:
    """A reload with a file that cannot be used."""
    process = place.start()
    place.write(INSTANCE.replace("eth0", "eth9"))
    place.kill(process.pid, signal.SIGHUP)
    refusal = "Configuration not changed"
    place.until(lambda: process.status is not None or refusal in process.output())
    if process.status is None:
        return {"reload-unusable": f"refused, {_address(place)}"}
    return {"reload-unusable": f"the daemon exits with {process.status}, {_address(place)}"}


LIVES: tuple[Life, ...] = (
    answers,
    tests,
    cannot_start,
    foreground,
    background,
    accidents,
    no_respawn,
    keeping,
    instance_names,
    halves,
    namespace,
    service,
    bad_reload,
    exporters,
    fifo,
    liveness,
    sidecar,
)
"""The longest first, so that none is waited for alone."""
