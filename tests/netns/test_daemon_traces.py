"""What is left in the kernel when the daemon has ended, in order or not."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from netnslab import Host, Lab, outages, wait_until
from tests.netns.children import scripts_process
from tests.netns.interop.routers import Instance, Keepalived
from tests.netns.interop.stand import router, traces
from tests.netns.interop.witness import Witness

_PLAIN = Instance(21, ("192.0.2.121/24", "192.0.2.122/32"), interval=0.1)
_IPV6 = Instance(22, ("fe80::22/64", "2001:db8::122/64"), interval=0.1)
_VMAC = Instance(23, ("192.0.2.123/24",), interval=0.1, more=("use_vmac",))
_VMAC6 = Instance(24, ("fe80::24/64", "2001:db8::124/64"), interval=0.1, more=("use_vmac",))
_ALL = (_PLAIN, _IPV6, _VMAC, _VMAC6)
_OTHER = Instance(25, ("192.0.2.125/24",), interval=0.1)


def start_all(daemon: Keepalived, witness: Witness) -> None:
    """All of them Active, with the kernel changed in every way it is."""
    start = witness.now()
    daemon.start(_ALL)
    witness.wait_sole_active("r", _ALL, start)
    witness.wait_holds("r", _ALL)
    assert {"vrrp.23@eth0", "vrrp.24@eth0"} <= set(daemon.host.ip("-br", "link").split())


def test_stop_leaves_no_trace(lab: Lab) -> None:
    daemon = router(lab)
    before = traces(daemon.host)
    with Witness(lab) as witness:
        start_all(daemon, witness)
        assert traces(daemon.host) != before
        daemon.stop()
        last = [witness.adverts(each, "r")[-1][1].priority for each in _ALL]
    assert last == [0, 0, 0, 0]
    assert traces(daemon.host) == before
    assert "netlink.core" not in daemon.process.output(), "a library's own log lines"
    assert [path.name for path in daemon.host.directory.iterdir() if path.suffix != ".log"] == [
        "keepalived.conf"
    ]


@pytest.mark.slow
@pytest.mark.parametrize("again", [_ALL, [_OTHER]], ids=["the same file", "another file"])
def test_leftovers_of_a_crash_are_cleared(lab: Lab, again: tuple[Instance, ...]) -> None:
    daemon = router(lab)
    before = traces(daemon.host)
    with Witness(lab) as witness:
        start_all(daemon, witness)
        daemon.crash()
        assert all(witness.held("r", each) for each in _ALL)
        restart = witness.now()
        daemon.start(again)
        witness.wait_sole_active("r", again, restart)
        for each in _ALL:
            assert witness.held("r", each) is (each in again)
        daemon.stop()
    assert traces(daemon.host) == before


def test_killed_child_takes_back(lab: Lab) -> None:
    daemon = router(lab)
    with Witness(lab) as witness, lab["client"].ping("192.0.2.121") as pings:
        start_all(daemon, witness)
        assert pings.wait_reply()
        child, killed = daemon.child(), witness.now()
        os.kill(child, signal.SIGKILL)
        witness.wait_sole_active("r", _ALL, killed)
        wait_until(lambda: daemon.child() != child, what="another child")
        witness.wait_holds("r", _ALL)
        assert pings.wait_reply()
    assert daemon.process.is_running
    assert sum(each.seconds or 9.0 for each in outages(pings.probes()) if each.start >= killed) < 2


def test_killed_parent_leaves_no_trace(lab: Lab) -> None:
    """The child ends in order, by itself."""
    daemon = router(lab)
    before = traces(daemon.host)
    with Witness(lab) as witness:
        start_all(daemon, witness)
        daemon.process.signal(signal.SIGKILL)
        wait_until(lambda: not daemon.host.process_ids(), what="the end of the child")
        last = [witness.adverts(each, "r")[-1][1].priority for each in _ALL]
    assert last == [0, 0, 0, 0]
    assert traces(daemon.host) == before


_LONG = """
global_defs {{
    script_user root
    vrrp_notify_fifo {directory}/fifo
    vrrp_notify_fifo_script {directory}/reader
}}
vrrp_script hangs {{
    script "/bin/sleep 1000001"
    interval 1
    timeout 1000
    weight 1
}}
"""


def sleepers(host: Host) -> dict[int, str]:
    """Process ids and last words of the scripts that run."""
    found = {}
    for pid in host.process_ids():
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            if "sleep" in words[0]:
                found[pid] = words[1]
    return found


def test_scripts_of_a_killed_process_are_not_run_twice(lab: Lab) -> None:
    daemon = router(lab)
    reader = daemon.host.directory / "reader"
    reader.write_text("#!/bin/sh\nexec /bin/sleep 1000002\n")
    reader.chmod(0o755)
    tracks = Instance(26, ("192.0.2.126/24",), interval=0.1, more=("track_script {", "hangs", "}"))
    text = _LONG.format(directory=daemon.host.directory)

    def wait_scripts(but: set[int]) -> dict[int, str]:
        def are_alone() -> dict[int, str] | None:
            found = sleepers(daemon.host)
            is_right = sorted(found.values()) == ["1000001", "1000002"]
            return found if is_right and not but & found.keys() else None

        return wait_until(are_alone, what="each script, once, anew", timeout=20)  # type: ignore[return-value]

    daemon.start([tracks], text)
    daemon.host.wait_address("192.0.2.126", timeout=20)
    before = wait_scripts(set())
    os.kill(scripts_process(daemon.process.pid, daemon.child()), signal.SIGKILL)
    wait_scripts(set(before))
    assert daemon.process.output().count("Entering MASTER STATE") == 1
    daemon.stop()
    assert not sleepers(daemon.host)
    assert not [path for path in daemon.host.directory.iterdir() if "scripts" in path.name]
