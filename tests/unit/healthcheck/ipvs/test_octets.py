"""The octets of requests, as ipvsadm 1.31 sends them and Linux 6.1 answers.

Captured with strace(1): what follows the nlmsghdr of each message. For a destination, and to remove
something, ipvsadm also sends settings of the service, which the kernel ignores and we leave out.
"""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest

from healthcheck.core.operations import (
    AddDestination,
    AddService,
    Operation,
    RemoveDestination,
    RemoveService,
    SetDestination,
    SetService,
)
from healthcheck.core.table import (
    DestinationSettings,
    Family,
    FirewallMark,
    Forwarding,
    Method,
    Protocol,
    ServiceAddress,
    ServiceFlag,
    ServiceSettings,
    TunnelChecksum,
    TunnelType,
)
from healthcheck.ipvs import Counters, DestinationStatistics, Ipvs, SyncDaemon, SyncState, Timeouts
from tests.unit.healthcheck.entries import destination, tcp
from tests.unit.healthcheck.ipvs.fake_kernel import FAMILY_ID, FakeKernel, message

V4 = ip_address("10.0.0.1")
WEB = tcp("10.0.0.1", 80)
PERSISTENT = ServiceFlag.PERSISTENT

# IPVS_CMD_ATTR_SERVICE that names 10.0.0.1, TCP port 80: AF, PROTOCOL, ADDR, PORT.
NAME = (
    "30000180 0600010002000000 0600020006000000"
    " 140003000a000001000000000000000000000000 0600040000500000"
)
MARK6 = "14000180 060001000a000000 0800050007000000"


def octets(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def sent_by(operation: Operation) -> bytes:
    """What follows the nlmsghdr."""
    kernel = FakeKernel()
    Ipvs(kernel).apply([operation])
    return kernel.sent[-1][16:]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        pytest.param(
            AddService(WEB, ServiceSettings("wlc")),
            "010100005400018006000100020000000600020006000000140003000a00000100000000"
            "0000000000000000060004000050000008000600776c63000c00070000000000ffffffff"
            "080008000000000008000900ffffffff",
            id="-A -t 10.0.0.1:80 -s wlc",
        ),
        pytest.param(
            AddService(tcp("2001:db8::1", 443), ServiceSettings("rr", PERSISTENT, 300, 64)),
            "0101000054000180060001000a00000006000200060000001400030020010db800000000"
            "00000000000000010600040001bb000007000600727200000c00070001000000ffffffff"
            "080008002c0100000800090040000000",
            id="-A -t [2001:db8::1]:443 -s rr -p 300 -M 64",
        ),
        pytest.param(
            AddService(
                ServiceAddress(Protocol.UDP, V4, 53), ServiceSettings("rr", ServiceFlag.ONE_PACKET)
            ),
            "010100005400018006000100020000000600020011000000140003000a00000100000000"
            "0000000000000000060004000035000007000600727200000c00070004000000ffffffff"
            "080008000000000008000900ffffffff",
            id="-A -u 10.0.0.1:53 -s rr -o",
        ),
        pytest.param(
            AddService(
                ServiceAddress(Protocol.SCTP, V4, 3868),
                ServiceSettings("sh", ServiceFlag.SCHEDULER_1 | ServiceFlag.SCHEDULER_2),
            ),
            "010100005400018006000100020000000600020084000000140003000a00000100000000"
            "0000000000000000060004000f1c000007000600736800000c00070018000000ffffffff"
            "080008000000000008000900ffffffff",
            id="-A --sctp-service 10.0.0.1:3868 -s sh -b sh-fallback,sh-port",
        ),
        pytest.param(
            AddService(FirewallMark(7, Family.IPV4), ServiceSettings("mh", PERSISTENT, 50, 24)),
            "010100003800018006000100020000000800050007000000070006006d6800000c000700"
            "01000000ffffffff080008003200000008000900ffffff00",
            id="-A -f 7 -s mh -p 50 -M 255.255.255.0",
        ),
        pytest.param(
            AddService(
                FirewallMark(7, Family.IPV6), ServiceSettings("mh", ServiceFlag.SCHEDULER_2)
            ),
            "0101000038000180060001000a0000000800050007000000070006006d6800000c000700"
            "10000000ffffffff08000800000000000800090080000000",
            id="-A -f 7 -6 -s mh -b mh-port",
        ),
        pytest.param(
            AddService(
                ServiceAddress(Protocol.UDP, V4, 5060),
                ServiceSettings("rr", PERSISTENT | ServiceFlag.ONE_PACKET, 60, None, "sip"),
            ),
            "010100005c00018006000100020000000600020011000000140003000a00000100000000"
            "00000000000000000600040013c40000070006007272000008000b00736970000c000700"
            "05000000ffffffff080008003c00000008000900ffffffff",
            id="-A -u 10.0.0.1:5060 -s rr -p 60 -o --pe sip",
        ),
        pytest.param(
            SetService(WEB, ServiceSettings("rr", PERSISTENT, 120)),
            "020100005400018006000100020000000600020006000000140003000a00000100000000"
            "0000000000000000060004000050000007000600727200000c00070001000000ffffffff"
            "080008007800000008000900ffffffff",
            id="-E -t 10.0.0.1:80 -s rr -p 120",
        ),
        pytest.param(
            AddDestination(
                WEB, destination("10.1.0.1", 8080), DestinationSettings(5, Method(), 100, 50)
            ),
            "05010000"
            + NAME
            + (
                "6000028006000b0002000000140001000a01000100000000000000000000000006000200"
                "1f9000000800030000000000080004000500000005000d000000000006000e0000000000"
                "06000f000000000008000500640000000800060032000000"
            ),
            id="-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 5 -x 100 -y 50",
        ),
        pytest.param(
            AddDestination(
                WEB,
                destination("10.1.0.2", 80),
                DestinationSettings(1, Method(Forwarding.DIRECT_ROUTING)),
            ),
            "05010000"
            + NAME
            + (
                "6000028006000b0002000000140001000a01000200000000000000000000000006000200"
                "005000000800030003000000080004000100000005000d000000000006000e0000000000"
                "06000f000000000008000500000000000800060000000000"
            ),
            id="-a -t 10.0.0.1:80 -r 10.1.0.2 -g",
        ),
        pytest.param(
            AddDestination(
                WEB,
                destination("2001:db8::9", 80),
                DestinationSettings(
                    1, Method(Forwarding.TUNNELLING, TunnelType.GUE, 6080, TunnelChecksum.REMCSUM)
                ),
            ),
            "05010000"
            + NAME
            + (
                "6000028006000b000a0000001400010020010db800000000000000000000000906000200"
                "005000000800030002000000080004000100000005000d000100000006000e0017c00000"
                "06000f000200000008000500000000000800060000000000"
            ),
            id="-a -t 10.0.0.1:80 -r [2001:db8::9]:80 -i --tun-type gue --tun-port 6080 --tun-remcsum",
        ),
        pytest.param(
            AddDestination(
                WEB,
                destination("10.1.0.3", 80),
                DestinationSettings(0, Method(Forwarding.TUNNELLING)),
            ),
            "05010000"
            + NAME
            + (
                "6000028006000b0002000000140001000a01000300000000000000000000000006000200"
                "005000000800030002000000080004000000000005000d000000000006000e0000000000"
                "06000f000000000008000500000000000800060000000000"
            ),
            id="-a -t 10.0.0.1:80 -r 10.1.0.3 -i -w 0",
        ),
        pytest.param(
            AddDestination(
                WEB,
                destination("10.1.0.4", 80),
                DestinationSettings(
                    1, Method(Forwarding.TUNNELLING, TunnelType.GRE, 0, TunnelChecksum.CSUM)
                ),
            ),
            "05010000"
            + NAME
            + (
                "6000028006000b0002000000140001000a01000400000000000000000000000006000200"
                "005000000800030002000000080004000100000005000d000200000006000e0000000000"
                "06000f000100000008000500000000000800060000000000"
            ),
            id="-a -t 10.0.0.1:80 -r 10.1.0.4 -i --tun-type gre --tun-csum",
        ),
        pytest.param(
            AddDestination(
                FirewallMark(7, Family.IPV6), destination("2001:db8::9", 80), DestinationSettings()
            ),
            "05010000"
            + MARK6
            + (
                "6000028006000b000a0000001400010020010db800000000000000000000000906000200"
                "005000000800030000000000080004000100000005000d000000000006000e0000000000"
                "06000f000000000008000500000000000800060000000000"
            ),
            id="-a -f 7 -6 -r [2001:db8::9]:80 -m",
        ),
        pytest.param(
            SetDestination(
                WEB,
                destination("10.1.0.2", 80),
                DestinationSettings(3, Method(Forwarding.DIRECT_ROUTING)),
            ),
            "06010000"
            + NAME
            + (
                "6000028006000b0002000000140001000a01000200000000000000000000000006000200"
                "005000000800030003000000080004000300000005000d000000000006000e0000000000"
                "06000f000000000008000500000000000800060000000000"
            ),
            id="-e -t 10.0.0.1:80 -r 10.1.0.2 -g -w 3",
        ),
        pytest.param(
            RemoveDestination(WEB, destination("10.1.0.4", 80)),
            "07010000"
            + NAME
            + "28000280 06000b0002000000 140001000a010004000000000000000000000000 0600020000500000",
            id="-d -t 10.0.0.1:80 -r 10.1.0.4",
        ),
        pytest.param(
            RemoveService(WEB),
            "03010000" + NAME,
            id="-D -t 10.0.0.1:80",
        ),
        pytest.param(
            RemoveService(FirewallMark(7, Family.IPV6)),
            "03010000" + MARK6,
            id="-D -f 7 -6",
        ),
    ],
)
def test_what_an_operation_sends(operation: Operation, expected: str) -> None:
    assert sent_by(operation).hex() == octets(expected).hex()


def test_a_batch_asks_for_an_answer_at_its_end() -> None:
    kernel = FakeKernel()
    ipvs = Ipvs(kernel)
    ipvs.apply([RemoveService(WEB), RemoveService(WEB), RemoveService(WEB)])
    # length 68, the family's number, NLM_F_REQUEST (and NLM_F_ACK), sequence number, port 0.
    heads = [struct.unpack_from("=IHHII", kernel.sent[-1], 68 * position) for position in range(3)]
    assert heads == [(68, 0x22, 1, 2, 0), (68, 0x22, 1, 3, 0), (68, 0x22, 5, 4, 0)]
    assert len(kernel.sent) == 2


BACKUP = SyncDaemon(SyncState.BACKUP, "d0", 7, 1400, 9999, 4, ip_address("224.0.0.99"))
MASTER = SyncDaemon(SyncState.MASTER, "d0", 5, 1472, 8848, 1, ip_address("224.0.0.81"))


class Dumb(FakeKernel):
    """Answers every change with success and every question with what it was given."""

    reply: tuple[bytes, ...] = ()

    def _change(self, command: int, sent: dict[int, bytes]) -> int:
        return 0

    def _dump(self, sequence: int, command: int, sent: dict[int, bytes]) -> None:
        for each in self.reply:
            self.answers.append(message(FAMILY_ID, 2, sequence, each))
        self.answers.append(message(3, 2, sequence, bytes(4)))


def ask(*reply: str) -> Ipvs:
    kernel = Dumb()
    kernel.reply = tuple(map(octets, reply))
    return Ipvs(kernel)


def test_what_other_requests_send() -> None:
    kernel = Dumb()
    ipvs = Ipvs(kernel)
    ipvs.flush()
    ipvs.zero()
    ipvs.zero(WEB)
    ipvs.set_timeouts(tcp=100, udp=33)
    ipvs.start_sync_daemon(SyncDaemon(SyncState.MASTER, "d0", 5))
    ipvs.start_sync_daemon(BACKUP)
    ipvs.start_sync_daemon(SyncDaemon(SyncState.MASTER, "d0", 1, group=ip_address("ff02::5")))
    ipvs.stop_sync_daemon(SyncState.BACKUP)
    expected = [
        "11010000",
        "10010000",
        "10010000" + NAME,
        "0c010000 0800040064000000 0800060021000000",
        "09010000 1c000380 0800010001000000 0700020064300000 0800030005000000",
        "09010000 3c000380 0800010002000000 0700020064300000 0800030007000000"
        " 0600040078050000 08000500e0000063 060007000f270000 0500080004000000",
        "09010000 30000380 0800010001000000 0700020064300000 0800030001000000"
        " 14000600ff020000000000000000000000000005",
        "0a010000 0c000380 0800010002000000"  # and a request that changes nothing, in one datagram
        " 14000000 2200 0500 0a000000 00000000 0c010000",
    ]
    assert [each[16:].hex() for each in kernel.sent[1:]] == [
        octets(each).hex() for each in expected
    ]


def test_what_questions_send() -> None:
    kernel = Dumb()
    ipvs = Ipvs(kernel)
    ipvs.read_services()
    ipvs.read_destinations(WEB)
    ipvs.sync_daemons()
    expected = ["04010000", "08010000" + NAME, "0b010000"]
    assert [each[16:].hex() for each in kernel.sent[1:]] == [
        octets(each).hex() for each in expected
    ]
    assert {struct.unpack_from("=HH", each, 4) for each in kernel.sent[1:]} == {(0x22, 0x301)}


# What Linux 6.1 answers: settings, then counters in both widths, all 0.
ANSWER_WEB = (
    "010100005401010006000100020000000600020006000000140003000a00000100000000000000000000000006"
    "0004000050000007000600727200000c00070003000000ffffffff080008007800000008000900ffffffff6000"
    "0a000800010000000000080002000000000008000300000000000c000400000000000000000004000b000c0005"
    "000000000000000000080006000000000008000700000000000800080000000000080009000000000008000a00"
    "00000000a0000c000c000100000000000000000004000b000c000200000000000000000004000b000c00030000"
    "0000000000000004000b000c000400000000000000000004000b000c000500000000000000000004000b000c00"
    "0600000000000000000004000b000c000700000000000000000004000b000c000800000000000000000004000b"
    "000c000900000000000000000004000b000c000a000000000000000000"
)
ANSWER_SIP = (
    "010100005c01010006000100020000000600020011000000140003000a00000100000000000000000000000006"
    "00040013c40000070006007272000008000b00736970000c00070007000000ffffffff080008003c0000000800"
    "0900ffffffff60000a000800010000000000080002000000000008000300000000000c00040000000000000000"
    "0004000b000c000500000000000000000008000600000000000800070000000000080008000000000008000900"
    "0000000008000a0000000000a0000c000c000100000000000000000004000b000c000200000000000000000004"
    "000b000c000300000000000000000004000b000c000400000000000000000004000b000c000500000000000000"
    "000004000b000c000600000000000000000004000b000c000700000000000000000004000b000c000800000000"
    "000000000004000b000c000900000000000000000004000b000c000a000000000000000000"
)
ANSWER_MARK = (
    "010100003c010100060001000a0000000800050007000000070006006d6800000c00070012000000ffffffff08"
    "00080000000000080009008000000064000a000800010000000000080002000000000008000300000000000400"
    "0b000c000400000000000000000004000b000c0005000000000000000000080006000000000008000700000000"
    "000800080000000000080009000000000008000a0000000000a0000c000c000100000000000000000004000b00"
    "0c000200000000000000000004000b000c000300000000000000000004000b000c000400000000000000000004"
    "000b000c000500000000000000000004000b000c000600000000000000000004000b000c000700000000000000"
    "000004000b000c000800000000000000000004000b000c000900000000000000000004000b000c000a00000000"
    "0000000000"
)
ANSWER_SERVER = (
    "050100007c010200140001000a010001000000000000000000000000060002001f900000080003000000000008"
    "0004000500000005000d000000000006000e000000000006000f00000000000800050064000000080006003200"
    "000008000700000000000800080000000000080009000000000006000b000200000064000a0008000100000000"
    "000800020000000000080003000000000004000b000c000400000000000000000004000b000c00050000000000"
    "00000000080006000000000008000700000000000800080000000000080009000000000008000a0000000000a0"
    "000c000c000100000000000000000004000b000c000200000000000000000004000b000c000300000000000000"
    "000004000b000c000400000000000000000004000b000c000500000000000000000004000b000c000600000000"
    "000000000004000b000c000700000000000000000004000b000c000800000000000000000004000b000c000900"
    "000000000000000004000b000c000a000000000000000000"
)
ANSWER_SERVER6 = (
    "050100007c0102001400010020010db80000000000000000000000090600020000500000080003000000000008"
    "0004000100000005000d000000000006000e000000000006000f00000000000800050000000000080006000000"
    "000008000700000000000800080000000000080009000000000006000b000a00000064000a0008000100000000"
    "000800020000000000080003000000000004000b000c000400000000000000000004000b000c00050000000000"
    "00000000080006000000000008000700000000000800080000000000080009000000000008000a0000000000a0"
    "000c000c000100000000000000000004000b000c000200000000000000000004000b000c000300000000000000"
    "000004000b000c000400000000000000000004000b000c000500000000000000000004000b000c000600000000"
    "000000000004000b000c000700000000000000000004000b000c000800000000000000000004000b000c000900"
    "000000000000000004000b000c000a000000000000000000"
)


def test_services_are_read() -> None:
    assert ask(ANSWER_WEB, ANSWER_SIP, ANSWER_MARK).read_services() == {
        WEB: ServiceSettings("rr", PERSISTENT, 120),
        ServiceAddress(Protocol.UDP, V4, 5060): ServiceSettings(
            "rr", PERSISTENT | ServiceFlag.ONE_PACKET, 60, None, "sip"
        ),
        FirewallMark(7, Family.IPV6): ServiceSettings("mh", ServiceFlag.SCHEDULER_2),
    }


def test_services_of_other_protocols_are_left_out() -> None:
    ospf = ANSWER_WEB.replace("0600020006000000", "0600020059000000", 1)
    appletalk = ANSWER_WEB.replace("0600010002000000", "0600010005000000", 1)
    assert list(ask(ospf, ANSWER_SIP, appletalk).read_services()) == [
        ServiceAddress(Protocol.UDP, V4, 5060)
    ]
    assert list(ask(ospf, ANSWER_SIP).service_counters()) == [
        ServiceAddress(Protocol.UDP, V4, 5060)
    ]


def test_destinations_are_read() -> None:
    assert ask(ANSWER_SERVER, ANSWER_SERVER6, ANSWER_SERVER).read_destinations(WEB) == {
        destination("10.1.0.1", 8080): DestinationSettings(5, Method(), 100, 50),
        destination("2001:db8::9", 80): DestinationSettings(1),
    }


def without(answer: str, *attributes: str) -> str:
    """An answer of a kernel that does not know some attributes."""
    for each in attributes:
        assert each in answer
        answer = answer.replace(each, "", 1)
    length = len(octets(answer)) - 4
    return answer[:8] + struct.pack("=H", length).hex() + answer[12:]


TUNNEL = "05000d000000000006000e000000000006000f0000000000"
FAMILY, FAMILY6 = "06000b0002000000", "06000b000a000000"


def test_destinations_of_older_kernels_are_read() -> None:
    """Without tunnel types before Linux 5.3, without a family of their own before 3.18."""
    older, oldest = without(ANSWER_SERVER, TUNNEL), without(ANSWER_SERVER, TUNNEL, FAMILY)
    expected = {destination("10.1.0.1", 8080): DestinationSettings(5, Method(), 100, 50)}
    assert ask(older).read_destinations(WEB) == expected
    assert ask(oldest).read_destinations(WEB) == expected
    oldest6 = without(ANSWER_SERVER6, TUNNEL, FAMILY6)
    mark = FirewallMark(7, Family.IPV6)
    assert ask(oldest6).read_destinations(mark) == {
        destination("2001:db8::9", 80): DestinationSettings()
    }


def test_another_layout_in_the_same_dump_is_read() -> None:
    swapped = ANSWER_SERVER.replace(
        "08000500640000000800060032000000", "08000600310000000800050063000000"
    )
    other = swapped.replace("140001000a010001", "140001000a010002")
    assert other != ANSWER_SERVER
    short = without(ANSWER_SERVER6, TUNNEL)
    found = ask(ANSWER_SERVER, other, short, ANSWER_SERVER).read_destinations(WEB)
    assert found == {
        destination("10.1.0.1", 8080): DestinationSettings(5, Method(), 100, 50),
        destination("10.1.0.2", 8080): DestinationSettings(5, Method(), 99, 49),
        destination("2001:db8::9", 80): DestinationSettings(),
    }


@pytest.mark.parametrize(
    ("forwarding", "tunnel", "method"),
    [
        pytest.param(1, 0, Method(Forwarding.LOCAL_NODE), id="local node"),
        pytest.param(4, 0, Method(Forwarding.BYPASS), id="bypass"),
        pytest.param(7, 0, Method(Forwarding.BYPASS), id="a method without a name"),
        pytest.param(2, 9, Method(Forwarding.BYPASS), id="a tunnel without a name"),
        pytest.param(0, 2, Method(), id="a tunnel type without tunnelling"),
        pytest.param(2, 2, Method(Forwarding.TUNNELLING, TunnelType.GRE), id="gre"),
    ],
)
def test_methods_that_others_may_set(forwarding: int, tunnel: int, method: Method) -> None:
    answer = ANSWER_SERVER.replace("0800030000000000", f"08000300{forwarding:02x}000000", 1)
    answer = answer.replace("05000d0000000000", f"05000d00{tunnel:02x}000000", 1)
    found = ask(answer).read_destinations(WEB)
    assert found[destination("10.1.0.1", 8080)].method == method


def test_counters_are_read_in_the_wider_form() -> None:
    answer = ANSWER_SERVER.replace("0800070000000000", "0800070001000000", 1)  # active connections
    answer = answer.replace("0800080000000000", "0800080002000000", 1)
    answer = answer.replace("0800090000000000", "0800090003000000", 1)
    for kind in range(1, 11):  # 2^32 * kind + kind in the 64-bit counters
        zero = f"0c00{kind:02x}000000000000000000"
        wide = f"0c00{kind:02x}00{kind:02x}000000{kind:02x}000000"
        start = answer.rindex(zero)
        answer = answer[:start] + wide + answer[start + len(zero) :]
    numbers = [
        *(4294967297, 8589934594, 12884901891, 17179869188, 21474836485),
        *(25769803782, 30064771079, 34359738376, 38654705673, 42949672970),
    ]
    found = ask(answer).destination_statistics(WEB)
    server = destination("10.1.0.1", 8080)
    assert found == {server: DestinationStatistics(Counters(*numbers), 1, 2, 3)}


def test_counters_of_older_kernels_are_read() -> None:
    """Without the wider form before Linux 4.1."""
    start = ANSWER_WEB.index("a0000c00")
    answer = ANSWER_WEB[:start].replace("0800010000000000", "0800010007000000", 1)
    assert ask(without(answer)).service_counters() == {WEB: Counters(connections=7)}


def test_sync_daemons_are_read() -> None:
    answers = [
        "090100003c00030008000100010000000700020064300000080003000500000006000400c00500000600070090220000050008000100000008000500e0000051",
        "090100003c0003000800010002000000070002006430000008000300070000000600040078050000060007000f270000050008000400000008000500e0000063",
    ]
    assert ask(*answers).sync_daemons() == (MASTER, BACKUP)
    older = "09010000 1c000300 0800010001000000 0700020064300000 0800030005000000"
    assert ask(older).sync_daemons() == (SyncDaemon(SyncState.MASTER, "d0", 5),)


def test_timeouts_are_read() -> None:
    kernel = FakeKernel()
    kernel.timeouts = {4: octets("64000000"), 5: octets("78000000"), 6: octets("21000000")}
    assert Ipvs(kernel).timeouts() == Timeouts(100, 120, 33)
    kernel.timeouts = {6: octets("21000000")}  # a kernel whose IPVS is without TCP
    assert Ipvs(kernel).timeouts() == Timeouts(0, 0, 33)
