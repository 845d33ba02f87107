"""Capture files that tcpdump and Wireshark read.

Source: draft-ietf-opsawg-pcap (the nanosecond form), link type 1 (Ethernet).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

__all__ = ["write_pcap"]

_MAGIC_NANOSECONDS = 0xA1B23C4D
_LONGEST = 262_144
_ETHERNET = 1


def write_pcap(path: Path, frames: Iterable[tuple[int, bytes]]) -> None:
    """Write frames, each its time (nanoseconds since the epoch) and its bytes from the
    destination hardware address on."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", _MAGIC_NANOSECONDS, 2, 4, 0, 0, _LONGEST, _ETHERNET))
        for when, data in frames:
            seconds, nanoseconds = divmod(when, 1_000_000_000)
            file.write(struct.pack("<IIII", seconds, nanoseconds, len(data), len(data)) + data)
