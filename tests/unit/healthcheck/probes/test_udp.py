"""UDP_CHECK against real sockets on loopback."""

import asyncio
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from ipaddress import ip_address

import pytest

from healthcheck import probes
from healthcheck.core.model import ProbeResult, Target, UdpCheck
from healthcheck.probes.datagram import failure, within

LOCALHOST = ip_address("127.0.0.1")
DEADLINE = 5


@contextmanager
def peer(host="127.0.0.1", family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        sock.bind((host, 0))
        yield sock


def target_of(sock, timeout=DEADLINE, **where):
    host, port = sock.getsockname()[:2]
    return Target(ip_address(host), port, connect_timeout=timeout, **where)


async def attempt(check):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    probes.start(check, loop, answer.set_result)
    return await asyncio.wait_for(answer, 2 * DEADLINE)


async def answered(sock, datagram, /, **settings):
    """The result, and what the server got, of a check that is answered with `datagram`."""
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(attempt(UdpCheck(target_of(sock), **settings)))
    request, source = await loop.sock_recvfrom(sock, 2048)
    await loop.sock_sendto(sock, datagram, source)
    return await running, request


@pytest.mark.parametrize(
    ("reply", "settings", "expected"),
    [
        pytest.param(b"x", {}, ProbeResult(True, "replied"), id="nothing wanted"),
        pytest.param(
            b"x",
            {"reply": b"\x0a", "mask": b"\xff"},
            ProbeResult(True, "replied"),
            id="a pattern not required",
        ),
        pytest.param(
            b"\x0a",
            {
                "require_reply": True,
                "reply": b"\x0a",
                "mask": b"\xff",
                "max_reply_length": 10**15,
            },
            ProbeResult(True, "reply matches"),
            id="more than fits into memory",
        ),
        pytest.param(b"", {"require_reply": True}, ProbeResult(True, "replied"), id="empty"),
        pytest.param(
            b"short",
            {"require_reply": True, "min_reply_length": 9},
            ProbeResult(True, "replied"),
            id="length without a pattern does not count",
        ),
        pytest.param(
            b"\x0a\x77\x0c\x99",
            {"require_reply": True, "reply": b"\x0a\x00\x0c", "mask": b"\xff\x00\xff"},
            ProbeResult(True, "reply matches"),
            id="masked octet differs",
        ),
        pytest.param(
            b"\x0a\x77\x0d",
            {"require_reply": True, "reply": b"\x0a\x00\x0c", "mask": b"\xff\x00\xff"},
            ProbeResult(False, "reply does not match"),
            id="wrong octet",
        ),
        pytest.param(
            b"\x5a",
            {"require_reply": True, "reply": b"\x0a", "mask": b"\x0f"},
            ProbeResult(True, "reply matches"),
            id="masked half an octet",
        ),
        pytest.param(
            b"\x0a",
            {"require_reply": True, "reply": b"\x0a\x0b", "mask": b"\xff\xff"},
            ProbeResult(True, "reply matches"),
            id="shorter than the pattern",
        ),
        pytest.param(
            b"\x0a\x0b",
            {
                "require_reply": True,
                "reply": b"\x0a\x0b",
                "mask": b"\xff\xff",
                "min_reply_length": 3,
            },
            ProbeResult(False, "reply of 2 octets is too short"),
            id="too short",
        ),
        pytest.param(
            b"\x0a\x0b\x0c\x0d\x0e",
            {
                "require_reply": True,
                "reply": b"\x0a\x0b",
                "mask": b"\xff\xff",
                "max_reply_length": 4,
            },
            ProbeResult(False, "reply is longer than 4 octets"),
            id="too long",
        ),
        pytest.param(
            b"\x0a\x0b" + b"z" * 60000,
            {"require_reply": True, "reply": b"\x0a\x0b", "mask": b"\xff\xff"},
            ProbeResult(False, "reply is longer than 255 octets"),
            id="much too long",
        ),
        pytest.param(
            b"\x0a\x0b" + b"z" * 60000,
            {
                "require_reply": True,
                "reply": b"\x0a\x0b",
                "mask": b"\xff\xff",
                "max_reply_length": 65535,
            },
            ProbeResult(True, "reply matches"),
            id="as long as may be",
        ),
    ],
)
async def test_replies(reply, settings, expected):
    with peer() as sock:
        result, _ = await answered(sock, reply, **settings)
    assert result == expected


async def test_the_configured_payload_is_sent_else_32_octets():
    with peer() as sock:
        assert (await answered(sock, b"x", payload=b"\x01"))[1] == b"\x01"
        assert (await answered(sock, b"x"))[1] == b"health check: is anybody there?\n"
        assert len((await answered(sock, b"x"))[1]) == 32


async def test_over_ipv6():
    with peer("::1", socket.AF_INET6) as sock:
        assert (await answered(sock, b"x"))[0] == ProbeResult(True, "replied")


async def test_silence_is_success_after_the_timeout():
    with peer() as sock:
        begin = time.monotonic()
        assert await attempt(UdpCheck(target_of(sock, 0.1))) == ProbeResult(True, "no error")
        assert time.monotonic() - begin >= 0.1


async def test_silence_is_failure_when_a_reply_is_required():
    with peer() as sock:
        check = UdpCheck(target_of(sock, 0.1), require_reply=True)
        assert await attempt(check) == ProbeResult(False, "no answer within 0.1 s")


async def test_port_unreachable_is_failure_at_once():
    with peer() as sock:
        check = UdpCheck(target_of(sock))
    assert await attempt(check) == ProbeResult(False, "connection refused")


async def test_what_somebody_else_sends_is_no_reply():
    loop = asyncio.get_running_loop()
    with peer() as sock, peer() as stranger:
        check = UdpCheck(target_of(sock, 0.3), require_reply=True)
        running = asyncio.ensure_future(attempt(check))
        _, source = await loop.sock_recvfrom(sock, 2048)
        await loop.sock_sendto(stranger, b"me!", source)
        assert await running == ProbeResult(False, "no answer within 0.3 s")


async def test_no_way_there_is_a_verdict():
    check = UdpCheck(Target(ip_address("255.255.255.255"), 9))
    result = await attempt(check)
    assert (result.is_success, result.is_verdict) == (False, True)


IN_A_NAMESPACE = """
import asyncio
from ipaddress import ip_address
from healthcheck.core.model import Target, UdpCheck
from healthcheck.probes import udp
for address in ("192.0.2.2", "2001:db8::2"):
    check = UdpCheck(Target(ip_address(address), 9, connect_timeout=5))
    print(asyncio.run(udp.probe(check)).detail)
"""

# A neighbour is given up after one question and 50 ms.
NOBODY_THERE = """
ip link set lo up
ip link add away type veth peer name other
for v in 4 6; do
  echo 1 >/proc/sys/net/ipv$v/neigh/away/mcast_solicit
  echo 50 >/proc/sys/net/ipv$v/neigh/away/retrans_time_ms
done
ip addr add 192.0.2.1/24 dev away
ip -6 addr add 2001:db8::1/64 dev away nodad
ip link set away up
ip link set other up
exec "$@"
"""


@pytest.mark.root
def test_host_unreachable_is_failure_although_it_is_silence():
    command = ["unshare", "-n", "sh", "-ec", NOBODY_THERE, "sh"]
    done = subprocess.run(
        [*command, sys.executable, "-c", IN_A_NAMESPACE],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("no route to host\n" * 2, "")


async def test_no_free_descriptor_is_no_verdict(monkeypatch):
    def refuse(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "socket", refuse)
    assert await attempt(UdpCheck(Target(LOCALHOST, 9))) == ProbeResult(
        False, "no socket: too many open files", is_verdict=False
    )


@pytest.mark.parametrize(("number", "is_verdict"), [(105, False), (12, False), (101, True)])
def test_what_of_a_failure_is_ours(number, is_verdict):
    """ENOBUFS, ENOMEM; ENETUNREACH."""
    assert failure(OSError(number, "x"), Target(LOCALHOST, 9)).is_verdict is is_verdict


async def test_a_timeout_of_the_kernel_is_not_ours():
    async def exchange():
        raise TimeoutError(110, "Connection timed out")

    with pytest.raises(TimeoutError, match="Connection timed out"):
        await within(Target(LOCALHOST, 9), exchange())


async def test_a_bind_address_not_here_is_no_verdict():
    check = UdpCheck(Target(LOCALHOST, 9, bind_address=ip_address("192.0.2.1")))
    assert await attempt(check) == ProbeResult(
        False, "bindto 192.0.2.1: cannot assign requested address", is_verdict=False
    )


async def test_bind_address_and_port_are_where_the_server_sees_it_come_from():
    loop = asyncio.get_running_loop()
    with peer("127.0.0.7") as finder:
        free = finder.getsockname()[1]
    with peer() as sock:
        where = {"bind_address": ip_address("127.0.0.7"), "bind_port": free}
        running = asyncio.ensure_future(attempt(UdpCheck(target_of(sock, **where))))
        _, source = await loop.sock_recvfrom(sock, 2048)
        assert source == ("127.0.0.7", free)
        await loop.sock_sendto(sock, b"x", source)
        assert (await running).is_success


async def test_cancelled_it_closes_its_socket_and_says_nothing():
    loop = asyncio.get_running_loop()
    with peer() as sock:
        said = []
        running = probes.start(UdpCheck(target_of(sock)), loop, said.append)
        _, source = await loop.sock_recvfrom(sock, 2048)
        running.cancel()
        while True:  # until the kernel answers for the closed port
            try:
                await loop.sock_sendto(sock, b"x", source)
            except ConnectionRefusedError:
                break
            sock.connect(source)
            await asyncio.sleep(0)
    assert said == []
