"""The stream and the channel, with real descriptors."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvrrp.daemon import handoff
from pyvrrp.daemon.handoff import HandoffError, Message, Section
from pyvrrp.daemon.process_settings import ProcessSettings
from pyvrrp.settings import VirtualRouterSettings

ROUTERS = [VirtualRouterSettings.of(f"r{n}", "eth0", n, ["192.0.2.1/24"]) for n in (1, 2, 3)]
PROCESS = ProcessSettings(nice=-5)
RECORDS = (PROCESS, *ROUTERS)


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = handoff.new_memory()
    yield descriptor
    os.close(descriptor)


def test_what_is_written_is_read(memory: int):
    handoff.write(memory, iter(RECORDS))
    assert list(handoff.read(memory, Section.VRRP)) == [PROCESS, *ROUTERS]
    assert list(handoff.read(memory, Section.CHECKERS)) == []


def test_each_reads_its_own(memory: int):
    handoff.write(memory, RECORDS, iter(["one", "two"]))
    assert list(handoff.read(memory, Section.CHECKERS)) == ["one", "two"]
    assert list(handoff.read(memory, Section.VRRP)) == [PROCESS, *ROUTERS]


def test_readers_do_not_disturb_each_other(memory: int):
    handoff.write(memory, RECORDS, ["one"])
    first, second = (handoff.read(memory, Section.VRRP) for _ in range(2))
    assert [next(first), next(second), next(first), next(second)] == [
        PROCESS,
        PROCESS,
        ROUTERS[0],
        ROUTERS[0],
    ]


def test_no_router_at_all(memory: int):
    handoff.write(memory, [PROCESS])
    assert list(handoff.read(memory, Section.VRRP)) == [PROCESS]


def test_sealed_against_change(memory: int):
    handoff.write(memory, RECORDS, ["one"])
    with pytest.raises(PermissionError):
        os.pwrite(memory, b"x", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(memory, 0)


@pytest.mark.parametrize("keep", [0, 5, 12, 20, 400, -1, -4, -20])
def test_truncated(memory: int, tmp_path: Path, keep: int):
    handoff.write(memory, RECORDS, ["one"])
    whole = os.pread(memory, 1 << 20, 0)
    part = tmp_path / "part"
    part.write_bytes(whole[:keep])
    with part.open("rb") as file, pytest.raises(HandoffError, match="end early"):
        list(handoff.read(file.fileno(), Section.VRRP))


def test_writer_that_died_leaves_nothing_usable(memory: int):
    def dies() -> Iterator[object]:
        yield ROUTERS[0]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        handoff.write(memory, dies())
    with pytest.raises(HandoffError):
        list(handoff.read(memory, Section.VRRP))


# After the magic: size of the whole; offset and number of records of each section.
_HEADER_SIZE = 16 + 12 * len(Section)
_TABLE = _HEADER_SIZE.to_bytes(8, sys.byteorder) + len(Section) * (
    _HEADER_SIZE.to_bytes(8, sys.byteorder) + (1).to_bytes(4, sys.byteorder)
)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        pytest.param(b"pyvrrp\0\1" + bytes(99), "start with", id="other version"),
        pytest.param(b"\x7fELF....." + bytes(99), "start with", id="something else"),
        pytest.param(b"pyvrrp\0\4" + _TABLE + b"\xff" * 4, "a record of", id="huge record"),
        pytest.param(b"pyvrrp\0\4" + _TABLE + b"\3\0\0\0xyz", "is damaged", id="not a pickle"),
    ],
)
def test_not_ours(tmp_path: Path, octets: bytes, text: str):
    path = tmp_path / "stream"
    path.write_bytes(octets)
    with path.open("rb") as file, pytest.raises(HandoffError, match=text):
        list(handoff.read(file.fileno(), Section.VRRP))


def test_channel_carries_words_texts_and_descriptors(memory: int):
    handoff.write(memory, [PROCESS])
    parent, child = handoff.channel()
    with parent, child:
        handoff.send(parent, handoff.RELOAD, descriptor=memory)
        handoff.send(child, handoff.READY)
        handoff.send(child, handoff.REFUSED, "eth9 is not there, \udcff neither")
        got = handoff.receive(child)
        assert got is not None
        assert (got.word, got.text) == (b"reload", "")
        assert got.descriptor is not None
        assert not os.get_inheritable(got.descriptor)
        assert list(handoff.read(got.descriptor, Section.VRRP)) == [PROCESS]
        os.close(got.descriptor)
        assert handoff.receive(parent) == Message(b"ready")
        assert handoff.receive(parent) == Message(b"refused", "eth9 is not there, \udcff neither")


def test_end_of_file_is_the_others_death():
    parent, child = handoff.channel()
    parent.close()
    with child:
        assert handoff.receive(child) is None


def test_last_words_of_one_that_did_not_read_ours():
    """Linux tells of the words it left unread before it hands over what that said."""
    parent, child = handoff.channel()
    with parent:
        with child:
            handoff.send(parent, handoff.GO)
            handoff.send(child, handoff.UNAVAILABLE, "no ip_vs")
        assert handoff.receive(parent) == Message(b"unavailable", "no ip_vs")
        assert handoff.receive(parent) is None
