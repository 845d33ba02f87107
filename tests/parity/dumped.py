"""What a keepalived shows of itself: `-d`, and the files that signals ask for.

Each run has its own network and mounts, the same links with the same addresses, and is killed when
everything is written, as an orderly stop takes a second.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netnslab import is_open

__all__ = ["LINKS", "NODE", "OURS", "Dumped", "dump", "dumps"]

NODE = "alpha"
LINKS = ("eth0", "eth1", "eth2", "eth3")
DEBIANS = ("keepalived",)
OURS = (sys.executable, "-m", "pyvrrp")
_PATIENCE = 20.0  # seconds until everything is written
_JSON = signal.SIGRTMIN + 2
_AT_ONCE = 4
_TITLE = "------<"
_IDLE = "keepalived has no configuration to run"

_NETWORK = "link set lo up\n" + "".join(
    f"link add {link} address 02:00:00:00:01:0{n} type veth"
    f" peer name peer{n} address 02:00:00:00:02:0{n}\n"
    f"link set {link} addrgenmode none up\n"
    f"link set peer{n} addrgenmode none up\n"
    f"addr add 192.0.{n + 2}.250/24 dev {link}\n"
    f"addr add fe80::{n + 1}:250/64 dev {link} nodad\n"
    for n, link in enumerate(LINKS)
)
# What is mounted here ends with the process: FIFOs and PID files stay inside.
_INSIDE = """
mount --bind "$OUT" /mnt && mount -t tmpfs none /run &&
printf %s "$NETWORK" | ip -batch - || exit
until [ "$(ip -oneline link | grep -c ' state UP ')" = "$PORTS" ]; do sleep 0.01; done
exec env TMPDIR=/mnt "$@"
"""
_WAITS_FOR_SCRIPTS = re.compile(r"Number of track scripts init = [1-9]")
_LINE = re.compile(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}: (.*)")


@dataclass(frozen=True, slots=True)
class Dumped:
    """`log` are the lines of `-d`; what was not written is empty."""

    log: list[str]
    data: list[str]
    parent: list[str]
    """The parent's own."""
    stats: str
    json: str
    links: list[dict[str, Any]]
    """What `ip -json -details address` said of them all."""


def dumps(paths: Sequence[Path]) -> dict[Path, Dumped]:
    """Several files, some of them at the same time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(paths, pool.map(dump, paths), strict=True))


def dump(path: Path, program: Sequence[str] = DEBIANS) -> Dumped:
    """Run keepalived with that file, VRRP alone.

    Raises: TimeoutError, with the log, when it does not write what it was asked for.
    """
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        out = Path(name)
        with _running(path, out, program) as process:
            asking = _Asking(process, out)
            data, stats, json_text = asking.everything()
            parent = asking.parent()
            links = _links(process)
        return Dumped(_dump(out), data.splitlines(), parent.splitlines(), stats, json_text, links)


@contextlib.contextmanager
def _running(path: Path, out: Path, program: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    inside = ("unshare", "--net", "--mount", "sh", "-c", _INSIDE, "sh")
    pids = ("-p", "/mnt/parent.pid", "-r", "/mnt/vrrp.pid", "-c", "/mnt/check.pid")
    options = ("-n", "-l", "-G", "-D", "-d", "-P", "-B", "-i", NODE)
    with (
        (out / "log").open("wb") as log,
        subprocess.Popen(
            (*inside, *program, *options, *pids, "-f", path.name),
            cwd=path.parent,
            env={
                **os.environ,
                "OUT": str(out),
                "NETWORK": _NETWORK,
                "PORTS": str(2 * len(LINKS)),
                "SITE": "north",
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process
        finally:
            children = [_pid(pid_file) for pid_file in out.glob("*.pid")]
            for pid in (process.pid, *children):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def _is_dumped(out: Path) -> bool:
    """Whether the log has all of it: links come last. Without instances there may be no child."""
    is_shown = f"{_TITLE} Interfaces >------" in _lines(out)
    return (is_shown and (out / "vrrp.pid").exists()) or _IDLE in _read(out / "log")


class _Asking:
    """One keepalived that is asked for files, one at a time."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path) -> None:
        self.process, self.out = process, out

    def everything(self) -> tuple[str, str, str]:
        """Data, statistics and JSON, the first and the last of the same moment, with every script run."""
        self.wait(lambda: _is_dumped(self.out))
        if not (self.out / "vrrp.pid").exists():
            return "", "", ""
        deadline = time.monotonic() + _PATIENCE
        data, json_text = "", self.json()
        while time.monotonic() < deadline:
            before, data, json_text = json_text, self.file(signal.SIGUSR1, "data"), self.json()
            if _states(before) == _states(json_text) and not _WAITS_FOR_SCRIPTS.search(data):
                break
        return data, self.file(signal.SIGUSR2, "stats"), json_text

    def parent(self) -> str:
        """The parent passes the signal on, and writes a file too."""
        if not (self.out / "vrrp.pid").exists():
            return ""
        path = self.out / "keepalived_parent.data"
        self.process.send_signal(signal.SIGUSR1)
        self.wait(lambda: _is_written(path, self.process.pid))
        return _read(path)

    def json(self) -> str:
        """Without instances there is none."""
        has_instances = f"{_TITLE} VRRP Topology >------" in _lines(self.out)
        return self.file(_JSON, "json") if has_instances else ""

    def file(self, number: int, suffix: str) -> str:
        """Have it written anew."""
        path, child = self.out / f"keepalived.{suffix}", _pid(self.out / "vrrp.pid")
        path.unlink(missing_ok=True)
        os.kill(child, number)
        self.wait(lambda: _is_written(path, child))
        return _read(path)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until it is so, or keepalived ended."""
        deadline = time.monotonic() + _PATIENCE
        while not condition() and self.process.poll() is None:
            if time.monotonic() > deadline:
                raise TimeoutError((self.out / "log").read_text())
            time.sleep(0.01)


def _states(text: str) -> list[object]:
    return [instance["data"] for instance in json.loads(text or "[]")]


def _links(process: subprocess.Popen[bytes]) -> list[dict[str, Any]]:
    if process.poll() is not None:
        return []
    network = f"--net=/proc/{process.pid}/ns/net"
    show = ("nsenter", network, "ip", "-json", "-details", "address")
    found: list[dict[str, Any]] = json.loads(subprocess.check_output(show, timeout=_PATIENCE))
    return found


def _is_written(path: Path, writer: int) -> bool:
    """Whether it is there, and not open any more."""
    return path.exists() and not is_open(path, writer)


def _dump(out: Path) -> list[str]:
    """Without what other processes say meanwhile: only the dump has indented lines."""
    lines = itertools.dropwhile(lambda line: not line.startswith(_TITLE), _lines(out))
    return [line for line in lines if line.startswith((" ", _TITLE))]


def _lines(out: Path) -> list[str]:
    return [
        found[1] for line in _read(out / "log").splitlines() if (found := _LINE.fullmatch(line))
    ]


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _pid(pid_file: Path) -> int:
    return int(pid_file.read_text())
