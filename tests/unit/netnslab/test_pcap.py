"""Capture files."""

from __future__ import annotations

import struct
from pathlib import Path

from netnslab.pcap import write_pcap


def test_a_file_with_nanoseconds(tmp_path: Path) -> None:
    file = tmp_path / "one.pcap"
    write_pcap(file, [(1_700_000_000_123_456_789, b"frame")])
    data = file.read_bytes()
    assert data[:4] == bytes.fromhex("4d3cb2a1")
    assert struct.unpack("<HHiIII", data[4:24]) == (2, 4, 0, 0, 262144, 1)
    assert struct.unpack("<IIII", data[24:40]) == (1_700_000_000, 123_456_789, 5, 5)
    assert data[40:] == b"frame"
