"""What the `netnslab` program does, a function for each of its commands."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from . import record, residents
from .build import build, start_programs
from .errors import LabError, Unsupported
from .interfaces import read_addresses
from .lab import Lab
from .link import Direction
from .observe import Observation
from .topology import read_topology

__all__ = [
    "crash",
    "delay",
    "down",
    "enter",
    "find_member",
    "link",
    "list_labs",
    "loss",
    "start",
    "up",
    "watch",
]

_COPY = "topology.toml"


def up(file: Path, name: str | None, with_programs: bool) -> None:
    """Make the lab and leave it running; a lab that fails half-way is taken down again."""
    topology = read_topology(file)
    lab = Lab(name or topology.name, owned=False)
    try:
        (lab.directory / _COPY).write_text(file.read_text())
        build(lab, topology, start=with_programs)
    except BaseException:
        lab.close()
        raise
    print(f"lab {lab.name} is up; files and logs: {lab.directory}")
    _print_members(record.find(lab.name))
    first = next(iter(lab.hosts), "HOST")
    print(f"try: netnslab watch {lab.name}; netnslab enter {first}; netnslab down {lab.name}")


def list_labs() -> None:
    """Every lab on this machine, its members, addresses and programs."""
    for lab in record.read_all():
        age = time.time() - lab.created
        print(f"{lab.name}  ({_owner(lab)}, {age:.0f} s old, {lab.directory})")
        with suppress(LabError):  # it ends while it is looked at
            _print_members(lab)


def down(names: Sequence[str], everything: bool, force: bool) -> None:
    """Take labs down: those named, or all that no running process owns (`force`: all)."""
    labs = record.read_all() if everything else [record.find(name) for name in names]
    for lab in labs:
        if lab.owner is not None and lab.owner.is_alive and not force:
            if not everything:
                raise LabError(
                    f"lab {lab.name} belongs to process {lab.owner.pid}, which runs: end that, "
                    "or use --force"
                )
            continue
        record.tear_down(lab)
        print(f"lab {lab.name} is down")


def enter(member: str, command: Sequence[str]) -> None:
    """Become a shell, or the command, in a host or bridge. Does not return."""
    lab, name = find_member(member, record.read_all())
    directory = lab.directory / name
    if directory.is_dir():
        os.chdir(directory)
    shell = os.environ.get("SHELL", "/bin/sh")
    os.environ["PS1"] = f"[{lab.name}] {name} # "
    inside = ["ip", "netns", "exec", lab.namespace_of(name), *(command or [shell])]
    os.execvp("ip", inside)


def link(member: str, interface: str, action: str) -> None:
    """`down` and `up` set the interface; `unplug` and `plug` take the carrier and give it back."""
    lab, name = find_member(member, record.read_all())
    found = Lab.attach(lab.name).link(name, interface)
    actions = {
        "up": found.up,
        "down": found.down,
        "plug": found.restore_carrier,
        "unplug": found.lose_carrier,
    }
    actions[action]()


def loss(
    member: str, interface: str, percent: float, direction: Direction, match: str | None
) -> None:
    """Lose frames on a cable; 0 percent ends it."""
    lab, name = find_member(member, record.read_all())
    found = Lab.attach(lab.name).link(name, interface)
    found.lose(percent / 100, direction=direction, match=match)


def delay(member: str, interface: str, milliseconds: float) -> None:
    """Delay frames to a host; 0 ends it."""
    lab, name = find_member(member, record.read_all())
    Lab.attach(lab.name).link(name, interface).delay(milliseconds / 1000)


def crash(member: str) -> None:
    """Kill every program in a host."""
    lab, name = find_member(member, record.read_all())
    Lab.attach(lab.name)[name].crash()


def start(member: str) -> None:
    """Start a host's programs again, as the topology says."""
    lab, name = find_member(member, record.read_all())
    copy = lab.directory / _COPY
    if not copy.exists():
        raise LabError(f"lab {lab.name} was not made from a topology file")
    for spec in read_topology(copy).hosts:
        if spec.name == name:
            start_programs(Lab.attach(lab.name)[name], spec)


def watch(name: str, pings: Mapping[str, str], seconds: float | None, svg: Path | None) -> None:
    """Show a lab's time line until Ctrl-C, or for some seconds; then draw it."""
    _need_extra("rich")
    if svg is not None:
        _need_extra("matplotlib")
    from .live import LiveView

    lab = Lab.attach(name)
    observation = Observation(lab, pings)
    try:
        with LiveView(observation, list(lab.hosts)):
            time.sleep(seconds if seconds is not None else 1e9)
    except KeyboardInterrupt:
        print()
    finally:
        observation.stop()
        for host in lab.hosts.values():
            host.close()
    if svg is not None:
        _draw(observation, lab, svg)


def find_member(text: str, labs: Sequence[record.Record]) -> tuple[record.Record, str]:
    """The lab and member that `LAB.MEMBER` means, or `MEMBER` where one lab alone has it.

    Raises: LabError, with the members there are.
    """
    all_members = [(lab, member.name) for lab in labs for member in lab.members]
    found = [each for each in all_members if text in (each[1], each[0].namespace_of(each[1]))]
    if len(found) == 1:
        return found[0]
    known = ", ".join(lab.namespace_of(name) for lab, name in (found or all_members)) or "none"
    raise LabError(
        f"{text} is in several labs: {known}"
        if found
        else f"there is no host or bridge {text}; there are: {known}"
    )


def _draw(observation: Observation, lab: Lab, svg: Path) -> None:
    from .svg import write_svg

    write_svg(
        svg,
        observation.events,
        list(lab.hosts),
        start=observation.start,
        end=observation.end or time.monotonic(),
        title=lab.name,
        probes=observation.probes,
    )
    print(f"the time line is in {svg}")


def _print_members(lab: record.Record) -> None:
    for member in lab.members:
        namespace = lab.namespace_of(member.name)
        if member.kind == "bridge":
            print(f"  {member.name:<12} switch")
            continue
        found = [each.interface for each in read_addresses(namespace)]
        shown = [str(each) for each in found if not (each.is_loopback or each.is_link_local)]
        programs = len(residents.process_ids([namespace]))
        print(f"  {member.name:<12} {', '.join(shown) or 'no address'}; {programs} processes")


def _owner(lab: record.Record) -> str:
    if lab.owner is None:
        return "stays until it is taken down"
    return f"of process {lab.owner.pid}" + ("" if lab.owner.is_alive else ", which is dead")


def _need_extra(module: str) -> None:
    if find_spec(module) is None:
        raise Unsupported(f"{module} is not installed: pip install 'pyvrrp[lab]'")
