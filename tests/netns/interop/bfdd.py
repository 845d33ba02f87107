"""FRR's BFD daemon on a host."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from netnslab import Host, Process

__all__ = ["Bfdd"]

_FRR = Path("/usr/lib/frr")


class Bfdd:
    """zebra and bfdd; a session is described by FRR's own lines."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._directory = host.directory / "frr"

    def start(self, peer: str, lines: Iterable[str]) -> None:
        """Start with one session. `peer` is what stands behind that word in bfdd.conf."""
        self._directory.mkdir()
        text = "\n".join(["log stdout", "bfd", f" peer {peer}", *(f"  {line}" for line in lines)])
        (self._directory / "bfdd.conf").write_text(f"{text}\n")
        (self._directory / "zebra.conf").write_text("log stdout\n")
        for path in (self._directory, *self._directory.iterdir()):
            shutil.chown(path, "frr", "frr")
        zebra = self._run("zebra")
        zebra.wait_ready((self._directory / "zebra.sock").exists, timeout=20)
        bfdd = self._run("bfdd", "--bfdctl", str(self._directory / "bfdd.sock"))
        bfdd.wait_ready((self._directory / "bfdd.vty").exists, timeout=20)

    def configure(self, *commands: str) -> None:
        """Give it orders below `bfd`. Raises: CommandFailed."""
        self._vtysh("configure terminal", "bfd", *commands)

    def peer(self) -> dict[str, Any]:
        """What it says of its session."""
        (found,) = json.loads(self._vtysh("show bfd peers json"))
        assert isinstance(found, dict)
        return found

    def _vtysh(self, *commands: str) -> str:
        words = [word for command in commands for word in ("-c", command)]
        return self.host.run(["vtysh", "--vty_socket", str(self._directory), *words]).stdout

    def _run(self, program: str, *more: str) -> Process:
        place = self._directory
        command = [str(_FRR / program), "-z", str(place / "zebra.sock")]
        command += ["--vty_socket", str(place), "-P", "0", *more]
        for flag, suffix in (("-f", "conf"), ("-i", "pid")):
            command += [flag, str(place / f"{program}.{suffix}")]
        return self.host.start(command)
