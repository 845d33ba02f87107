"""The octets of netlink messages, to and from (rtnetlink(7), include/uapi/linux/if_addr.h)."""

from __future__ import annotations

import errno
import struct
from ipaddress import ip_interface
from typing import Any

import pytest

from pyvrrp.net.address_messages import AddAddress, RemoveAddress
from pyvrrp.net.rtnetlink import (
    InterfaceAddress,
    Link,
    NetlinkError,
    RouteSocket,
    parse_address,
    parse_link,
    split_messages,
)

_ADD = AddAddress(7, ip_interface("192.0.2.100/24"))
_ADD_IPV6 = AddAddress(7, ip_interface("2001:db8::100/64"))


class FakeKernel:
    """Stands for a netlink socket: keeps what is sent, answers with prepared datagrams."""

    def __init__(self, *_: object) -> None:
        self.sent: list[bytes] = []
        self.answers: list[bytes] = []
        self.codes: dict[int, int] = {}

    def bind(self, _: object) -> None: ...
    def settimeout(self, _: object) -> None: ...
    def setsockopt(self, *_: object) -> None: ...
    def close(self) -> None: ...

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        if not self.answers:
            for _, flags, sequence, _ in split_messages(data):
                code = self.codes.get(sequence, 0)
                if code or flags & 4:  # as Linux does: NLM_F_ACK asks for an answer to success
                    self.answers.append(_error(sequence, code))

    def recv(self, _: int) -> bytes:
        if not self.answers:
            raise TimeoutError("timed out")
        return self.answers.pop(0)


def _message(kind: int, flags: int, sequence: int, payload: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, sequence, 0) + payload


def _error(sequence: int, code: int) -> bytes:
    return _message(2, 0, sequence, struct.pack("=i", -code) + bytes(16))


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> FakeKernel:
    made = FakeKernel()
    monkeypatch.setattr("pyvrrp.net.rtnetlink.socket.socket", lambda *_: made)
    return made


_LOCAL, _ADDRESS = "08000200c0000264", "08000100c0000264"
_OURS = "05000b0012000000"
_ADDRESS_IPV6 = "20010db8000000000000000000000100"
_HEX = [
    pytest.param(
        _ADD,
        "30000000" "1400" "0506" "01000000" "00000000" "02180000" "07000000"
        + _LOCAL + _ADDRESS + _OURS,
        id="plain",
    ),
    pytest.param(
        AddAddress(
            7,
            ip_interface("192.0.2.100/24"),
            scope=253,
            label="eth0:1",
            broadcast=bytes((192, 0, 2, 255)),
            noprefixroute=True,
            preferred_lft=0,
        ),
        "60000000" "1400" "0506" "01000000" "00000000" "021800fd" "07000000"
        + _LOCAL + _ADDRESS + _OURS
        + "0b000300657468303a310000" "08000400c00002ff" "0800080000020000"
        "1400060000000000ffffffff0000000000000000",
        id="everything",
    ),
    pytest.param(
        AddAddress(7, ip_interface("192.0.2.100/32"), peer=ip_interface("198.51.100.1/30")),
        "30000000" "1400" "0506" "01000000" "00000000" "021e0000" "07000000"
        + _LOCAL + "08000100c6336401" + _OURS,
        id="peer",
    ),
    pytest.param(
        _ADD_IPV6,
        "50000000" "1400" "0506" "01000000" "00000000" "0a400000" "07000000"
        "14000200" + _ADDRESS_IPV6 + "14000100" + _ADDRESS_IPV6 + _OURS + "0800080002000000",
        id="IPv6 without duplicate address detection",
    ),
    pytest.param(
        AddAddress(7, ip_interface("2001:db8::100/64"), nodad=False),
        "48000000" "1400" "0506" "01000000" "00000000" "0a400000" "07000000"
        "14000200" + _ADDRESS_IPV6 + "14000100" + _ADDRESS_IPV6 + _OURS,
        id="IPv6 with it",
    ),
    pytest.param(
        RemoveAddress(7, ip_interface("192.0.2.100/24")),
        "28000000" "1500" "0500" "01000000" "00000000" "02180000" "07000000" + _LOCAL + _ADDRESS,
        id="remove",
    ),
    pytest.param(
        RemoveAddress(7, ip_interface("192.0.2.100/32"), ip_interface("198.51.100.1/30")),
        "28000000" "1500" "0500" "01000000" "00000000" "021e0000" "07000000"
        + _LOCAL + "08000100c6336401",
        id="remove peer",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "expected"), _HEX)
def test_every_octet(kernel: FakeKernel, operation: Any, expected: str) -> None:
    assert RouteSocket().apply([operation]) == ()
    assert [data.hex() for data in kernel.sent] == [expected]


def test_link_up_and_down(kernel: FakeKernel) -> None:
    route = RouteSocket()
    route.set_up(7, up=True)
    route.set_up(7, up=False)
    assert [data.hex() for data in kernel.sent] == [
        "20000000" "1000" "0500" "01000000" "00000000" "00000000" "07000000" "01000000" "01000000",
        "20000000" "1000" "0500" "02000000" "00000000" "00000000" "07000000" "00000000" "01000000",
    ]  # fmt: skip


def test_batches_of_128(kernel: FakeKernel) -> None:
    assert RouteSocket().apply([_ADD] * 300) == ()
    assert [len(list(split_messages(data))) for data in kernel.sent] == [128, 128, 44]
    sequences = [s for data in kernel.sent for _, _, s, _ in split_messages(data)]
    assert sequences == list(range(1, 301))


def test_refusals_are_reported_but_harmless_ones_are_not(kernel: FakeKernel) -> None:
    remove = RemoveAddress(7, ip_interface("192.0.2.100/24"))
    codes = (errno.EEXIST, errno.ENODEV, errno.EADDRNOTAVAIL, errno.ENODEV, errno.EPERM)
    kernel.codes = dict(enumerate(codes, 1))
    failures = RouteSocket().apply([_ADD, _ADD, remove, remove, remove])
    assert [(f.operation, f.errno) for f in failures] == [
        (_ADD, errno.ENODEV),
        (remove, errno.EPERM),
    ]
    assert str(failures[0]) == "add 192.0.2.100/24 on interface 7: No such device"
    assert str(failures[1]) == "remove 192.0.2.100/24 on interface 7: Operation not permitted"


def test_stale_answers_are_skipped(kernel: FakeKernel) -> None:
    kernel.answers = [_error(99, errno.EPERM), _error(1, 0)]
    assert RouteSocket().apply([_ADD]) == ()


def test_refused_link_change(kernel: FakeKernel) -> None:
    kernel.codes = {1: errno.ENODEV}
    with pytest.raises(NetlinkError, match="set link 7 up: No such device") as caught:
        RouteSocket().set_up(7, up=True)
    assert caught.value.errno == errno.ENODEV


def test_silence(kernel: FakeKernel) -> None:
    kernel.answers = [_error(99, 0)]
    with pytest.raises(NetlinkError, match="change addresses and routes: timed out"):
        RouteSocket().apply([_ADD])


_LO = bytes.fromhex(
    "00000403" "01000000" "49000100" "00000000"
    "0700030" "06c6f0000" "0a000100000000000000" "0000" "0800040000000100"
)  # fmt: skip
_DONE = 3


def test_dump_is_repeated_when_the_table_changed(kernel: FakeKernel) -> None:
    interrupted = _message(16, 0x12, 1, _LO) + _message(_DONE, 0x12, 1, bytes(4))
    whole = _message(16, 2, 2, _LO) + _message(_DONE, 2, 2, bytes(4))
    kernel.answers = [interrupted, whole]
    assert [link.name for link in RouteSocket().links()] == ["lo"]
    assert [data.hex() for data in kernel.sent] == [
        "20000000" "1200" "0103" "0100000000000000" + "00" * 16,
        "20000000" "1200" "0103" "0200000000000000" + "00" * 16,
    ]  # fmt: skip


def test_dump_that_never_settles(kernel: FakeKernel) -> None:
    kernel.answers = [_message(_DONE, 0x12, n, bytes(4)) for n in range(1, 11)]
    with pytest.raises(NetlinkError, match="list links: the table kept changing"):
        RouteSocket().links()


def test_refused_dump(kernel: FakeKernel) -> None:
    kernel.answers = [_error(1, errno.EPERM)]
    with pytest.raises(NetlinkError, match="list addresses: Operation not permitted"):
        RouteSocket().addresses()


def test_parse_link() -> None:
    """lo: flags 0x10049 are UP, LOOPBACK, RUNNING and LOWER_UP."""
    assert parse_link(_LO) == Link(
        1, "lo", up=True, running=True, loopback=True, mac=bytes(6), mtu=65536
    )


def test_what_is_only_shown_of_a_link() -> None:
    """772 is ARPHRD_LOOPBACK."""
    link = parse_link(_LO)
    assert (link.flags, link.hardware, link.broadcast) == (0x10049, 772, b"")


def test_parse_macvlan() -> None:
    payload = bytes.fromhex(
        "00000100" "05000000" "02100000" "00000000"
        "0c00030076727270" "2e353100" "0a00010000005e000133" "0000"
        "0800040" "0dc050000" "0800050" "002000000"
        "1400128" "00c0001006d6163766c616e00" "04000200"
    )  # fmt: skip
    assert parse_link(payload) == Link(
        index=5,
        name="vrrp.51",
        up=False,
        running=False,
        loopback=False,
        mac=bytes.fromhex("00005e000133"),
        mtu=1500,
        kind="macvlan",
        parent_index=2,
    )


_LO_ADDRESSES = [
    pytest.param(
        "02188000" "02000000" "08000100c0000201" "08000200c0000201" "0800080080000000",
        InterfaceAddress(2, ip_interface("192.0.2.1/24")),
        id="IPv4",
    ),
    pytest.param(
        "02188100" "02000000" "08000100c0000202" "08000200c0000202" "0800080081000000" "05000b0012000000",
        InterfaceAddress(2, ip_interface("192.0.2.2/24"), secondary=True, ours=True),
        id="secondary and ours",
    ),
    pytest.param(
        "021e8000" "02000000" "08000100c6336401" "08000200c0000201",
        InterfaceAddress(2, ip_interface("192.0.2.1/30")),
        id="point to point: the local one counts",
    ),
    pytest.param(
        "0a40c0fd" "02000000" "14000100fe800000000000000000000000000001" "08000800c0000000",
        InterfaceAddress(2, ip_interface("fe80::1/64"), usable=False),
        id="tentative",
    ),
    pytest.param(
        "0a4081fd" "02000000" "14000100fe800000000000000000000000000001" "0800080081000000",
        InterfaceAddress(2, ip_interface("fe80::1/64")),
        id="IPv6 knows no secondary ones, bit 0 is for temporary",
    ),
    pytest.param(
        "0a4088fd" "02000000" "14000100fe800000000000000000000000000001" "0800080088000000",
        InterfaceAddress(2, ip_interface("fe80::1/64"), usable=False),
        id="a duplicate",
    ),
    pytest.param(
        "021820fd" "02000000" "08000100c0000201" "08000200c0000201",
        InterfaceAddress(2, ip_interface("192.0.2.1/24"), usable=False),
        id="deprecated, flags in the header only",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "expected"), _LO_ADDRESSES)
def test_parse_address(payload: str, expected: InterfaceAddress) -> None:
    assert parse_address(bytes.fromhex(payload)) == expected


def test_split_messages_stops_at_nonsense() -> None:
    good = _message(16, 0, 1, b"abc") + b"\0"
    assert list(split_messages(good + _message(20, 2, 3, b"")[:15])) == [(16, 0, 1, b"abc")]
    assert list(split_messages(struct.pack("=IHHII", 15, 16, 0, 1, 0) * 2)) == []
    assert list(split_messages(b"")) == []
