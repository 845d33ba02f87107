"""The filter programs, as tcpdump -d would print them."""

from __future__ import annotations

import struct

import pytest

from netnslab.bpf import compile_filter

_LOAD_HALF, _LOAD_BYTE, _JUMP_EQUAL, _RETURN = 0x28, 0x30, 0x15, 0x06


def _instructions(program: bytes) -> list[tuple[int, int, int, int]]:
    return list(struct.iter_unpack("=HBBI", program))


def test_arp_is_told_by_its_ethertype() -> None:
    assert _instructions(compile_filter(["arp"])) == [
        (_LOAD_HALF, 0, 0, 12),
        (_JUMP_EQUAL, 0, 1, 0x0806),
        (_RETURN, 0, 0, 262144),
        (_RETURN, 0, 0, 0),
    ]


def test_a_failed_test_goes_on_with_the_next_alternative() -> None:
    assert _instructions(compile_filter(["nd"]))[:8] == [
        (_LOAD_HALF, 0, 0, 12),
        (_JUMP_EQUAL, 0, 5, 0x86DD),
        (_LOAD_BYTE, 0, 0, 20),
        (_JUMP_EQUAL, 0, 3, 58),
        (_LOAD_BYTE, 0, 0, 54),
        (_JUMP_EQUAL, 0, 1, 135),
        (_RETURN, 0, 0, 262144),
        (_LOAD_HALF, 0, 0, 12),
    ]


def test_no_kind_lets_nothing_through() -> None:
    assert _instructions(compile_filter([])) == [(_RETURN, 0, 0, 0)]


def test_an_unknown_kind_is_told_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'ospf' is not one of: vrrp, arp, nd, icmp"):
        compile_filter(["ospf"])
