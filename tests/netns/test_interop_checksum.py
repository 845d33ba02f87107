"""VRRPv3 over IPv4 with and without the pseudo-header in the checksum (`v3_checksum_as_v2`).

keepalived has the word since 2.2.8, so the peer here is our own daemon; what 2.2.7 makes of such
Advertisements is in test_interop_clash.
"""

from __future__ import annotations

import struct

import pytest

from netnslab import Lab
from tests.netns.interop.routers import Instance, daemon
from tests.netns.interop.witness import Witness

_ROUTER = Instance(55, ("192.0.2.155/24",), interval=0.1)
_OLD = Instance(55, ("192.0.2.155/24",), interval=0.1, more=("v3_checksum_as_v2",))


@pytest.mark.parametrize(
    ("strong", "weak", "is_old"), [(_OLD, _ROUTER, True), (_ROUTER, _OLD, False)]
)
def test_either_form_is_heard(lab: Lab, strong: Instance, weak: Instance, is_old: bool) -> None:
    lan = lab.bridge("lan")
    for number, name in enumerate(("strong", "weak"), 1):
        lab.host(name).connect(lan, addresses=[f"192.0.2.{number}/24"])
    first, second = (daemon("ours", lab[name]) for name in ("strong", "weak"))
    with Witness(lab) as witness, lan.capture(["vrrp"]) as frames:
        second.begin([weak.having(100)])
        witness.wait_sole_active("weak", [weak], 0.0)
        start = witness.now()
        first.begin([strong.having(200)])
        witness.wait_sole_active("strong", [strong], start)
        witness.wait_holds("weak", [weak], present=False)
        first.stop()
        witness.wait_holds("weak", [weak])
    forms = {frame.interface: _is_sum_of_message_only(frame.data[34:]) for frame in frames.frames}
    assert forms == {"strong-eth0": is_old, "weak-eth0": not is_old}


def _is_sum_of_message_only(message: bytes) -> bool:
    """RFC 1071: all 16-bit words, the checksum among them, add up to 0xffff."""
    total: int = sum(struct.unpack(f"!{len(message) // 2}H", message))
    return total % 0xFFFF == 0
