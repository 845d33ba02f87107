"""Classic BPF programs that let only the wanted kinds of frames out of a packet socket.

Source: include/uapi/linux/filter.h; Documentation/networking/filter.rst; IANA protocol numbers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TypeAlias

__all__ = ["KINDS", "compile_filter"]

Test: TypeAlias = tuple[int, int, int]
"""Offset in the frame, size in bytes (1 or 2), wanted value."""

_IPV4, _IPV6, _ARP = (12, 2, 0x0800), (12, 2, 0x86DD), (12, 2, 0x0806)

KINDS: dict[str, tuple[tuple[Test, ...], ...]] = {
    "vrrp": (
        (_IPV4, (23, 1, 112)),
        (_IPV6, (20, 1, 112)),
        (_IPV4, (23, 1, 51), (34, 1, 112)),  # VRRPv2 behind an authentication header
    ),
    "arp": ((_ARP,),),
    "nd": (
        (_IPV6, (20, 1, 58), (54, 1, 135)),  # Neighbor Solicitation
        (_IPV6, (20, 1, 58), (54, 1, 136)),  # Neighbor Advertisement
    ),
    "icmp": (
        (_IPV4, (23, 1, 1)),
        (_IPV6, (20, 1, 58), (54, 1, 128)),  # Echo Request
        (_IPV6, (20, 1, 58), (54, 1, 129)),  # Echo Reply
    ),
}
"""Kind of frame -> the alternatives, each a list of tests that must all hold."""

_LOAD = {1: 0x30, 2: 0x28}  # BPF_LD | BPF_ABS, with BPF_B or BPF_H
_JUMP_IF_EQUAL = 0x15
_RETURN = 0x06
_WHOLE_FRAME = 0x40000


def compile_filter(kinds: Iterable[str]) -> bytes:
    """The array of `struct sock_filter` that accepts frames of any of `kinds`.

    A frame too short for a test is dropped by the kernel. Raises: ValueError for an unknown kind.
    """
    program = b""
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"kind of frame {kind!r} is not one of: {', '.join(KINDS)}")
        for tests in KINDS[kind]:
            program += _alternative(tests)
    return program + _instruction(_RETURN, 0)


def _alternative(tests: tuple[Test, ...]) -> bytes:
    """Accept when every test holds; otherwise go on behind this alternative."""
    code = b""
    for number, (offset, size, value) in enumerate(tests):
        to_the_end = 2 * (len(tests) - number - 1) + 1
        code += _instruction(_LOAD[size], offset)
        code += _instruction(_JUMP_IF_EQUAL, value, on_false=to_the_end)
    return code + _instruction(_RETURN, _WHOLE_FRAME)


def _instruction(code: int, operand: int, on_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, 0, on_false, operand)
