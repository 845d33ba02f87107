"""Network labs of Linux network namespaces: hosts, switches, faults, captures, time lines.

A lab in a few lines, as root:

    from netnslab import Lab

    with Lab() as lab:
        lan = lab.bridge("lan")
        r1, client = lab.host("r1"), lab.host("client")
        r1.connect(lan, addresses=["192.0.2.1/24"])
        client.connect(lan, addresses=["192.0.2.9/24"])
        daemon = r1.start(["keepalived", "-nlf", "/etc/keepalived.conf"], wait="Entering MASTER")
        with client.ping("192.0.2.254") as pings, lan.capture(["vrrp"]) as capture:
            r1.link("eth0").lose_carrier()

Everything goes away with the lab, also after Ctrl-C; after `kill -9` the next lab clears it.
"""

from __future__ import annotations

from .bridge import Bridge
from .capture import Capture, Frame
from .errors import CommandFailed, DeadlinePassed, LabError, NotPermitted, Unsupported
from .host import Host
from .lab import Lab
from .link import Link
from .open_files import is_open, open_files
from .ping import Outage, PingStream, Probe, outages
from .process import Process
from .waiting import wait_until

__all__ = [
    "Bridge",
    "Capture",
    "CommandFailed",
    "DeadlinePassed",
    "Frame",
    "Host",
    "Lab",
    "LabError",
    "Link",
    "NotPermitted",
    "Outage",
    "PingStream",
    "Probe",
    "Process",
    "Unsupported",
    "is_open",
    "open_files",
    "outages",
    "wait_until",
]
