"""Unicast without an interface: peers are heard wherever they come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from netnslab import Lab
from tests.netns.interop.routers import OURS, THEIRS

_FILE = """
vrrp_instance one {{
    {interface}
    virtual_router_id 51
    priority {priority}
    version 3
    advert_int 0.2
    unicast_src_ip 192.0.2.{own}
    unicast_peer {{
        192.0.2.{other}
    }}
    virtual_ipaddress {{
        198.51.100.100/24 dev eth1
    }}
}}
"""


@pytest.mark.parametrize(
    ("strong", "weak"), [(OURS, THEIRS), (THEIRS, OURS)], ids=["ours first", "keepalived first"]
)
def test_both_makers_understand_each_other(lab: Lab, strong: Path, weak: Path) -> None:
    lans = {name: lab.bridge(f"lan{name}") for name in ("eth0", "eth1")}
    running = []
    for own, other, program, priority in ((1, 2, strong, 200), (2, 1, weak, 100)):
        host = lab.host(f"router{own}")
        for name, net in (("eth0", "192.0.2"), ("eth1", "198.51.100")):
            host.connect(lans[name], name, addresses=[f"{net}.{own}/24"])
        file = host.directory / "keepalived.conf"
        interface = "interface eth0" if program is THEIRS else ""  # 2.2.7 cannot do without
        text = _FILE.format(interface=interface, priority=priority, own=own, other=other)
        file.write_text(text)
        flags = {"-f": "keepalived.conf", "-p": "pid", "-r": "vrrp", "-c": "check"}
        named = [word for f, name in flags.items() for word in (f, str(host.directory / name))]
        running.append(host.start([str(program), "-nlDG", *named]))
    first, second = lab["router1"], lab["router2"]
    first.wait_address("198.51.100.100", timeout=20)
    second.wait_address("198.51.100.100", present=False, timeout=20)
    assert running[0].stop(timeout=15) == 0
    second.wait_address("198.51.100.100", timeout=20)
    assert not first.has_address("198.51.100.100")
    assert running[1].stop(timeout=15) == 0
    assert not second.has_address("198.51.100.100")
