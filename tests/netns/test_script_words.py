"""What the words of vrrp_script do, by both daemons: seen in files that scripts write, and in logs."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from netnslab import Lab, wait_until
from tests.netns.interop.routers import OURS, THEIRS, Instance, Keepalived
from tests.netns.interop.witness import Witness

pytestmark = pytest.mark.slow

_STEPS = """#!/bin/sh
# FILE CODE...: exit with the next code at each call, in the end with the last one again.
echo "$(id -un) $(id -gn)" >> "$1"
calls=$(wc -l < "$1")
[ "$calls" -lt $# ] || calls=$(($# - 1))
shift "$calls"
exit "$1"
"""
_SCRIPTS = {
    "rise": ("steps HERE/rise 1 0 1 0 0", "interval 1\ntimeout 30\nrise 2"),
    "fall": ("steps HERE/fall 0 1 0 1 1", "interval 1\ntimeout 30\nfall 2"),
    "often": ("steps HERE/often 0", "interval 1\ntimeout 30"),
    "seldom": ("steps HERE/seldom 0", "interval 3600"),
    "person": ("steps HERE/person 0", "interval 3600\ntimeout 30\nuser nobody nogroup"),
    "late": ("wait", "interval 3600\ntimeout 1"),
    "unknown": ("wait", "interval 3600\nweight -20"),
    "init": ("wait", "interval 3600\nweight -20\ninit_fail"),
}
_GLOBAL = "global_defs {\nscript_user root\n}\n"


def _daemon(lab: Lab, name: str, program: Path) -> Keepalived:
    host = lab.host(name)
    host.connect(lab.bridge(f"lan-{name}"), addresses=["192.0.2.1/24"])
    for script, text in (("steps", _STEPS), ("wait", "#!/bin/sh\nexec sleep 3600\n")):
        (host.directory / script).write_text(text)
        (host.directory / script).chmod(0o755)
    for script in _SCRIPTS:
        (host.directory / script).touch()
        (host.directory / script).chmod(0o666)
    return Keepalived(host, program)


def _blocks(directory: Path) -> str:
    blocks = (
        f'vrrp_script {name} {{\nscript "HERE/{command}"\n{words}\n}}\n'
        for name, (command, words) in _SCRIPTS.items()
    )
    return _GLOBAL + "".join(blocks).replace("HERE", str(directory))


_ROWS = {
    script: Instance(
        vrid, (f"198.51.100.{vrid}/32",), interval=0.3, more=("track_script {", script, "}")
    )
    for vrid, script in enumerate(_SCRIPTS, 1)
}


def test_scripts_are_run_as_it_is_written(lab: Lab) -> None:
    daemons = [_daemon(lab, "ours", OURS), _daemon(lab, "theirs", THEIRS)]
    with Witness(lab) as witness:
        for daemon in daemons:
            daemon.begin(_ROWS.values(), _blocks(daemon.host.directory))
        for daemon in daemons:
            _look_at(daemon, witness)
            daemon.stop()


def _look_at(daemon: Keepalived, witness: Witness) -> None:
    def runs(script: str) -> list[str]:
        return (daemon.host.directory / script).read_text().splitlines()

    def said(script: str) -> list[str]:
        return re.findall(rf"VRRP_Script\({script}\) (\w+)", daemon.process.output())

    def has_come_to(script: str, count: int, *words: str) -> bool:
        return len(runs(script)) >= count and len(said(script)) >= len(words)

    for script, count, *words in (
        ("often", 3, "succeeded"),
        ("rise", 6, "failed", "succeeded"),
        ("fall", 6, "succeeded", "failed"),
        ("seldom", 1, "succeeded"),
        ("person", 1, "succeeded"),
        ("late", 0, "timed_out"),
    ):
        wait_until(partial(has_come_to, script, count, *words), what=script, timeout=30)
        assert said(script) == words
    assert runs("seldom") == ["root root"]
    assert runs("person") == ["nobody nogroup"]
    # Whoever tracks it forgets init_fail: until the first result nothing is known.
    for script in ("unknown", "init"):
        witness.wait_adverts(_ROWS[script], daemon.host.name, 3, since=0.0)
        adverts = witness.adverts(_ROWS[script], daemon.host.name)
        assert {advert.priority for _, advert in adverts} == {100}
