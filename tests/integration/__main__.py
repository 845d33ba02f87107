"""`make integration`: each piece of OpenStack on keepalived and on our program, in one run.

Prints a table and `N passed, N failed`; the exit code is 0 when ours does whatever keepalived does.
What needs IPVS or dummy links runs in User-Mode Linux, so that this takes some minutes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_HERE = Path(__file__).parent
_BIN = Path(sys.executable).parent
_PYTHON = _BIN.parent / "openstack/bin/python"
_PROGRAMS = {"keepalived": Path("/usr/sbin/keepalived"), "here": _BIN / "keepalived"}
_PATIENCE = 600.0
_FUNCTIONAL = "neutron.tests.functional.agent.linux.test_keepalived"

_Outcome = tuple[str, bool]
"""What came out, in words, and whether it is good."""


def main() -> int:
    """Run all; 0 when nothing is worse than with keepalived."""
    passed = failed = 0
    print(f"| {'integration':34} | {'keepalived 2.2.7':30} | {'here':30} |\n|---|---|---|")
    for name, run in _INTEGRATIONS.items():
        outcomes = {}
        for which, program in _PROGRAMS.items():
            with _place(program) as directory:
                outcomes[which] = run(directory)
        theirs, ours = outcomes["keepalived"], outcomes["here"]
        is_good = ours[1] or (not theirs[1] and ours[0] == theirs[0])
        passed, failed = passed + is_good, failed + (not is_good)
        print(f"| {name:34} | {theirs[0]:30} | {ours[0]:30} |", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


@contextmanager
def _place(program: Path) -> Iterator[Path]:
    """A directory for the front of PATH: `keepalived`, and a `sudo` for who is root already."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        (directory / "keepalived").symlink_to(program)
        sudo = directory / "sudo"
        sudo.write_text('#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nexec "$@"\n')
        sudo.chmod(0o755)
        yield directory


def _run(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = f"{directory}:{_PYTHON.parent}:/usr/sbin:/usr/bin:/sbin:/bin"
    return subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
        env={**os.environ, "PATH": path, "OS_SUDO_TESTING": "1", "PYTHONWARNINGS": "ignore"},
    )


def _in_uml(directory: Path, modules: str, *words: str) -> subprocess.CompletedProcess[str]:
    # Neutron asks for the name of the host, and a new kernel has none.
    inside = ["sh", "-c", 'hostname uml; ip link set lo up; exec "$@"', "sh", *words]
    uml = [str(_BIN / "netnslab"), "uml", "--modules", modules]
    return _run(directory, *uml, "--timeout", f"{_PATIENCE:g}", "--", *inside)


def _functional(directory: Path) -> _Outcome:
    """The tests of KeepalivedManager, unmodified."""
    words = (str(_PYTHON), "-m", "testtools.run", _FUNCTIONAL)
    done = _in_uml(directory, "dummy,veth,bridge", *words)
    ran = re.search(r"^Ran (\d+) test", done.stdout, re.MULTILINE)
    bad = re.search(r"failures=(\d+)", done.stdout)
    if ran is None:
        return _last_line(done), False
    skipped = len(re.findall("'bug 1921154'", done.stdout)) or 2
    failures = int(bad[1]) if bad else 0
    words_ = f"{int(ran[1]) - skipped - failures} passed, {failures} failed, {skipped} skipped"
    return words_, failures == 0 and done.returncode == 0


def _sanity(directory: Path) -> _Outcome:
    """The sanity check of IPv6 support."""
    script = str(_HERE / "neutron_sanity.py")
    done = _run(directory, "unshare", "-n", str(_PYTHON), script)
    return ("supported" if done.returncode == 0 else _last_line(done)), done.returncode == 0


def _octavia_lvs(directory: Path) -> _Outcome:
    """What the amphora agent reads of pool, members and statistics."""
    script = str(_HERE / "octavia_lvs.py")
    keepalived = str((directory / "keepalived").readlink())
    done = _in_uml(directory, "ip_vs,ip_vs_wrr,veth", str(_PYTHON), script, keepalived)
    if done.returncode != 0 or done.stdout.count("\n") != 2:
        return _last_line(done), False
    _seen.append(done.stdout)
    up = done.stdout.count('"UP"')
    same = "the same" if len(set(_seen)) == 1 else "another text"
    return f"{up} times UP, {same}", up > 0 and same == "the same"


_seen: list[str] = []
"""What the readers of Octavia printed, for each program."""


def _octavia_vrrp(directory: Path) -> _Outcome:
    """The verdict of `-t` on each configuration that the template makes."""
    configurations = directory / "vrrp"
    configurations.mkdir()
    done = _run(directory, str(_PYTHON), str(_HERE / "octavia_vrrp.py"), str(configurations))
    if done.returncode != 0:
        return _last_line(done), False
    host = (
        "ip link add eth1 type veth peer name eth1p; ip link set eth1 up; exec keepalived -t -f $0"
    )
    codes = [
        _run(directory, "unshare", "-n", "sh", "-c", host, str(path)).returncode
        for path in sorted(configurations.iterdir())
    ]
    _codes.append(codes)
    return f"-t exits with {codes}", len(codes) == 4 and _codes[0] == codes


_codes: list[list[int]] = []
"""Of keepalived, then of ours."""


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stdout + done.stderr).strip().splitlines()
    return f"exit {done.returncode}: {lines[-1] if lines else ''}"


_INTEGRATIONS: dict[str, Callable[[Path], _Outcome]] = {
    "Octavia: VRRP template": _octavia_vrrp,
    "Neutron: IPv6 sanity check": _sanity,
    "Octavia: LVS template and readers": _octavia_lvs,
    "Neutron: KeepalivedManager tests": _functional,
}

if __name__ == "__main__":
    sys.exit(main())
