"""Make the lab that a topology describes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .host import Host
from .lab import Lab
from .topology import HostSpec, LinkSpec, Topology

__all__ = ["build", "start_programs"]


def build(lab: Lab, topology: Topology, *, start: bool = True) -> None:
    """Make everything in an empty lab, then start its programs unless `start` is false.

    Raises: LabError; the lab is left as far as it came, for its owner to close.
    """
    for bridge in topology.bridges:
        lab.bridge(bridge.name, mtu=bridge.mtu)
    for bridge in topology.bridges:
        for uplink in bridge.uplinks:
            lab.bridges[bridge.name].connect(lab.bridges[uplink], mtu=bridge.mtu)
    for spec in topology.hosts:
        lab.host(spec.name)
    for spec in topology.hosts:
        _settle(lab, spec)
    if start:
        for spec in topology.hosts:
            start_programs(lab[spec.name], spec)


def start_programs(host: Host, spec: HostSpec) -> None:
    """Start the host's shell lines, each as a process of the host with a log of its own.

    Programs beside this Python interpreter (in its virtual environment) are found first.
    """
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    for line in spec.start:
        host.start(["/bin/sh", "-c", f"exec {line}"], name="start", environment={"PATH": path})


def _settle(lab: Lab, spec: HostSpec) -> None:
    """Sysctls that name an interface come after it, the others before, as `conf.default` must."""
    host = lab[spec.name]
    own = {link.interface for link in spec.links}
    late = [pair for pair in spec.sysctls if own & set(pair[0].replace("/", ".").split("."))]
    for name, value in spec.sysctls:
        if (name, value) not in late:
            host.sysctl(name, value)
    for link in spec.links:
        _lay(lab, host, link)
    for name, value in late:
        host.sysctl(name, value)
    for route in spec.routes:
        host.add_route(route)
    for file, text in spec.files:
        path = host.directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _lay(lab: Lab, host: Host, link: LinkSpec) -> None:
    """The second end to be described of a cable between hosts is there already."""
    if link.interface in host.links:
        for address in link.addresses:
            host.add_address(link.interface, address)
        return
    host.connect(
        lab.bridges[link.to] if link.far_interface is None else lab[link.to],
        link.interface,
        addresses=link.addresses,
        mtu=link.mtu,
        mac=link.mac,
        far_interface=link.far_interface,
    )
