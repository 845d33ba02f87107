"""Stimuli: what is done to two routers, each with what has to be seen before the next."""

from __future__ import annotations

import os
import signal

from netnslab import wait_until
from tests.netns.scenarios.model import Side, Step, WantsOf
from tests.netns.scenarios.run import Run

__all__ = [
    "add_address",
    "connect",
    "crash",
    "disconnect",
    "freeze",
    "kill_child",
    "kill_parent",
    "link_down",
    "link_up",
    "mute",
    "plug",
    "reload",
    "remove_address",
    "remove_file",
    "start",
    "stop",
    "thaw",
    "unmute",
    "unplug",
    "wait",
    "write_file",
]


def start(host: str, **wants: WantsOf) -> Step:
    """Start the daemon."""

    def act(run: Run) -> None:
        run.start(host)

    return Step(f"start {host}", act, wants)


def stop(host: str, **wants: WantsOf) -> Step:
    """TERM, and wait for its end."""

    def act(run: Run) -> None:
        run.stop(host)

    return Step(f"stop {host}", act, wants)


def crash(host: str, **wants: WantsOf) -> Step:
    """KILL to all processes of the daemon at once; the host goes on, with what they left."""

    def act(run: Run) -> None:
        run.crash(host)

    return Step(f"crash {host}", act, wants)


def kill_parent(host: str, **wants: WantsOf) -> Step:
    """KILL to the parent, which its children notice."""

    def act(run: Run) -> None:
        run.kill_parent(host)

    return Step(f"kill the parent of {host}", act, wants)


def kill_child(host: str, **wants: WantsOf) -> Step:
    """KILL to the VRRP process, which the parent starts again."""

    def act(run: Run) -> None:
        os.kill(run.daemons[host].child(), signal.SIGKILL)

    return Step(f"kill the child of {host}", act, wants)


def freeze(host: str, **wants: WantsOf) -> Step:
    """STOP to the VRRP process: it neither hears nor speaks."""

    def act(run: Run) -> None:
        os.kill(run.daemons[host].child(), signal.SIGSTOP)

    return Step(f"freeze {host}", act, wants)


def thaw(host: str, **wants: WantsOf) -> Step:
    """CONT."""

    def act(run: Run) -> None:
        os.kill(run.daemons[host].child(), signal.SIGCONT)

    return Step(f"thaw {host}", act, wants)


def reload(host: str, side: Side, **wants: WantsOf) -> Step:
    """HUP, with another configuration."""

    def act(run: Run) -> None:
        run.reload(host, side)

    return Step(f"reload {host}", act, wants)


def unplug(host: str, interface: str = "eth0", **wants: WantsOf) -> Step:
    """The carrier goes, and the kernel has acted on that, which may take it a second."""

    def act(run: Run) -> None:
        link = run.lab[host].link(interface)
        link.lose_carrier()
        wait_until(lambda: not link.state.is_operational, what=f"{link} to be down")

    return Step(f"unplug {host} {interface}", act, wants)


def plug(host: str, interface: str = "eth0", **wants: WantsOf) -> Step:
    """The carrier comes back."""

    def act(run: Run) -> None:
        run.lab[host].link(interface).restore_carrier()

    return Step(f"plug {host} {interface}", act, wants)


def link_down(host: str, interface: str = "eth0", **wants: WantsOf) -> Step:
    """`ip link set down`."""

    def act(run: Run) -> None:
        run.lab[host].link(interface).down()

    return Step(f"link down {host} {interface}", act, wants)


def link_up(host: str, interface: str = "eth0", **wants: WantsOf) -> Step:
    """`ip link set up`, with the own addresses that the kernel took away."""

    def act(run: Run) -> None:
        run.lab[host].link(interface).up()
        for address in run.addresses(host, interface):
            if ":" in address:
                run.lab[host].add_address(interface, address)

    return Step(f"link up {host} {interface}", act, wants)


def disconnect(host: str, interface: str = "eth0", **wants: WantsOf) -> Step:
    """`ip link del`."""

    def act(run: Run) -> None:
        run.lab[host].ip("link", "del", interface)

    return Step(f"delete {host} {interface}", act, wants)


def connect(host: str, interface: str = "eth0", **wants: WantsOf) -> Step:
    """The interface that was deleted is made again."""

    def act(run: Run) -> None:
        run.connect(host, interface)

    return Step(f"make {host} {interface}", act, wants)


def mute(host: str, **wants: WantsOf) -> Step:
    """The switch drops what the host sends for VRRP."""

    def act(run: Run) -> None:
        run.lab[host].link("eth0").lose(1, direction="from", match="meta l4proto 112")

    return Step(f"mute {host}", act, wants)


def unmute(host: str, **wants: WantsOf) -> Step:
    """The switch forwards it again."""

    def act(run: Run) -> None:
        run.lab[host].link("eth0").lose(0)

    return Step(f"unmute {host}", act, wants)


def add_address(host: str, address: str, interface: str = "eth0", **wants: WantsOf) -> Step:
    """Somebody adds an address."""

    def act(run: Run) -> None:
        run.lab[host].add_address(interface, address)

    return Step(f"add {address} {host}", act, wants)


def remove_address(host: str, address: str, interface: str = "eth0", **wants: WantsOf) -> Step:
    """Somebody takes an address away."""

    def act(run: Run) -> None:
        run.lab[host].remove_address(interface, address)

    return Step(f"remove {address} {host}", act, wants)


def write_file(host: str, name: str, text: str, **wants: WantsOf) -> Step:
    """Write a file in the host's directory."""

    def act(run: Run) -> None:
        (run.lab[host].directory / name).write_text(text)

    return Step(f"write {text} {host}", act, wants)


def remove_file(host: str, name: str, **wants: WantsOf) -> Step:
    """Take it away again."""

    def act(run: Run) -> None:
        (run.lab[host].directory / name).unlink()

    return Step(f"remove {name} {host}", act, wants)


def wait(adverts: int = 0, **wants: WantsOf) -> Step:
    """Nothing is done until so many Advertisements were sent, by anybody or by those who are wanted."""
    return Step("wait", lambda run: None, wants, adverts)
