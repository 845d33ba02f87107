"""Wire bytes are literals: RFC 5880 §4.1, and captures of FRR 8.4 and keepalived 2.2.7."""

import pytest

from pyvrrp.bfd.core.model import SessionState, diagnosis
from pyvrrp.bfd.core.packet import ControlPacket, DiscardReason, PacketError, decode, encode

# Version 1, diagnostic 1; Up, P; multiplier 3; length 24; the numbers as they stand.
UP = bytes.fromhex("21e00318 00000001 deadbeef 00002710 00004e20 00000000")
UP_PACKET = ControlPacket(SessionState.UP, 1, 0xDEADBEEF, 3, 0.01, 0.02, diagnostic=1, poll=True)


KEEPALIVED, FRR = 0xCFA9F8E7, 0x9EE92324


def octets(text):
    return bytes.fromhex(text.replace(" ", ""))


def test_a_packet_is_24_octets_in_the_order_of_the_figure():
    assert encode(UP_PACKET) == UP
    assert decode(UP) == UP_PACKET


@pytest.mark.parametrize(
    ("wire", "packet"),
    [
        pytest.param(
            "20400418 cfa9f8e7 00000000 000f4240 0000c350 00000000",
            ControlPacket(SessionState.DOWN, KEEPALIVED, 0, 4, 1.0, 0.05),
            id="keepalived: Down",
        ),
        pytest.param(
            "20e00418 cfa9f8e7 9ee92324 0000ea60 0000c350 00000000",
            ControlPacket(SessionState.UP, KEEPALIVED, FRR, 4, 0.06, 0.05, poll=True),
            id="keepalived: Up, P",
        ),
        pytest.param(
            "23400418 fc528fc7 9ee92324 000f4240 0000c350 00000000",
            ControlPacket(SessionState.DOWN, 0xFC528FC7, FRR, 4, 1.0, 0.05, diagnostic=3),
            id="keepalived: Down, because the neighbour said so",
        ),
        pytest.param(
            "20800318 9ee92324 cfa9f8e7 000f4240 000f4240 0000c350",
            ControlPacket(SessionState.INIT, FRR, KEEPALIVED, 3, 1.0, 1.0, 0.05),
            id="FRR: Init",
        ),
        pytest.param(
            "20d00318 9ee92324 cfa9f8e7 0001adb0 000186a0 0000c350",
            ControlPacket(SessionState.UP, FRR, KEEPALIVED, 3, 0.11, 0.1, 0.05, final=True),
            id="FRR: Up, F",
        ),
        pytest.param(
            "20000318 9ee92324 cfa9f8e7 0001adb0 000186a0 0000c350",
            ControlPacket(SessionState.ADMIN_DOWN, FRR, KEEPALIVED, 3, 0.11, 0.1, 0.05),
            id="FRR: AdminDown",
        ),
        pytest.param(
            "20c80318 00000007 00000009 00002710 00002710 0000c350",
            ControlPacket(
                SessionState.UP, 7, 9, 3, 0.01, 0.01, 0.05, is_control_plane_independent=True
            ),
            id="C bit and echo",
        ),
        pytest.param(
            "27000118 00000001 00000002 ffffffff 00000000 00000000",
            ControlPacket(SessionState.ADMIN_DOWN, 1, 2, 1, 4294.967295, 0.0, diagnostic=7),
            id="AdminDown, longest interval",
        ),
        pytest.param(
            "3f92ff18 ffffffff ffffffff 00000001 00000001 00000000",
            ControlPacket(
                SessionState.INIT,
                0xFFFFFFFF,
                0xFFFFFFFF,
                255,
                0.000001,
                0.000001,
                diagnostic=31,
                final=True,
                demand=True,
            ),
            id="F and D bit, a diagnostic of the future",
        ),
    ],
)
def test_both_ways(wire, packet):
    assert decode(octets(wire)) == packet
    assert encode(packet) == octets(wire)


def test_octets_behind_the_packet_are_padding():
    assert decode(UP + b"\0" * 22) == UP_PACKET


def test_scapy_agrees():
    from scapy.contrib.bfd import BFD

    layer = BFD(
        version=1, diag=1, sta=3, flags=32, detect_mult=3, my_discriminator=1,
        your_discriminator=0xDEADBEEF, min_tx_interval=10000, min_rx_interval=20000,
        echo_rx_interval=0,
    )  # fmt: skip
    assert bytes(layer) == UP


REFUSED = [
    pytest.param(UP[:23], DiscardReason.TOO_SHORT, id="23 octets"),
    pytest.param(b"", DiscardReason.TOO_SHORT, id="nothing"),
    pytest.param(octets("01c00318") + UP[4:], DiscardReason.VERSION, id="version 0"),
    pytest.param(octets("41c00318") + UP[4:], DiscardReason.VERSION, id="version 2"),
    pytest.param(octets("21c00317") + UP[4:], DiscardReason.LENGTH, id="length 23"),
    pytest.param(octets("21c00319") + UP[4:], DiscardReason.LENGTH, id="more than there is"),
    pytest.param(octets("21c40318") + UP[4:], DiscardReason.LENGTH, id="A bit, length 24"),
    pytest.param(octets("21c00018") + UP[4:], DiscardReason.MULTIPLIER, id="multiplier 0"),
    pytest.param(octets("21c10318") + UP[4:], DiscardReason.MULTIPOINT, id="M bit"),
    pytest.param(octets("21c00318 00000000") + UP[8:], DiscardReason.MY_DISCRIMINATOR, id="my 0"),
    pytest.param(
        octets("21c00318 00000001 00000000") + UP[12:],
        DiscardReason.YOUR_DISCRIMINATOR,
        id="Up, your 0",
    ),
    pytest.param(
        octets("21800318 00000001 00000000") + UP[12:],
        DiscardReason.YOUR_DISCRIMINATOR,
        id="Init, your 0",
    ),
    pytest.param(octets("21f00318") + UP[4:], DiscardReason.POLL_AND_FINAL, id="P and F bit"),
    pytest.param(
        octets("21c4031a") + UP[4:] + b"\x01\x02", DiscardReason.AUTHENTICATION, id="A bit"
    ),
]


@pytest.mark.parametrize(("wire", "reason"), REFUSED)
def test_the_first_check_that_fails_is_told(wire, reason):
    with pytest.raises(PacketError) as caught:
        decode(wire)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "No Diagnostic"),
        (1, "Control Detection Time Expired"),
        (3, "Neighbor Signaled Session Down"),
        (7, "Administratively Down"),
        (8, "Reverse Concatenated Path Down"),
        (9, "Unknown"),
        (31, "Unknown"),
    ],
)
def test_diagnoses_in_the_words_of_the_rfc(code, words):
    assert diagnosis(code) == words
