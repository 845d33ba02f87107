"""PING_CHECK: the kernel answers on loopback; raw sockets in a network namespace of their own."""

import asyncio
import socket
import struct
import subprocess
import sys
from ipaddress import ip_address

import pytest

from healthcheck import probes
from healthcheck.core.model import PingCheck, ProbeResult, Target
from healthcheck.probes import ping

DEADLINE = 5


async def attempt(check):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    probes.start(check, loop, answer.set_result)
    return await asyncio.wait_for(answer, 2 * DEADLINE)


def check_of(address, **where):
    return PingCheck(Target(ip_address(address), 80, **where))


@pytest.mark.root
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_an_echo_reply_is_success(address):
    assert await attempt(check_of(address)) == ProbeResult(True, "echo reply")


@pytest.mark.root
async def test_many_at_once_each_get_their_own_reply():
    where = {"bind_port": 4711}  # no identifier for all of them
    results = await asyncio.gather(*(attempt(check_of("127.0.0.1", **where)) for _ in range(50)))
    assert results == [ProbeResult(True, "echo reply")] * 50


@pytest.mark.root
@pytest.mark.parametrize(("address", "here"), [("127.0.0.1", "127.0.0.7"), ("::1", "::1")])
async def test_from_a_bind_address(address, here):
    assert (await attempt(check_of(address, bind_address=ip_address(here)))).is_success


@pytest.mark.root
async def test_a_bind_address_not_here_is_no_verdict():
    result = await attempt(check_of("127.0.0.1", bind_address=ip_address("192.0.2.1")))
    assert result == ProbeResult(
        False, "bindto 192.0.2.1: cannot assign requested address", is_verdict=False
    )


IN_A_NAMESPACE = """
import asyncio, socket, sys
from ipaddress import ip_address
from healthcheck.core.model import PingCheck, Target
from healthcheck.probes import ping
made = []
plain = ping.make_socket
def watched(target, kind, protocol):
    sock = plain(target, kind, protocol)
    made.append(kind.name)
    return sock
ping.make_socket = watched
for address in sys.argv[1:]:
    print(asyncio.run(ping.probe(PingCheck(Target(ip_address(address), 0, connect_timeout=PATIENCE)))))
print(*made)
"""


def in_a_namespace(setup, *addresses, wrapper=(), patience=0.3):
    """What the probe says of each address, in a namespace set up by a shell line."""
    program = f"PATIENCE = {patience}\n{IN_A_NAMESPACE}"
    command = [*wrapper, sys.executable, "-c", program, *addresses]
    line = f'{setup}\nexec "$@"'
    done = subprocess.run(
        ["unshare", "-n", "sh", "-ec", line, "sh", *command],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def said(success, detail, is_verdict=True):
    return str(ProbeResult(success, detail, is_verdict=is_verdict))


NO_PING_SOCKETS = "ip link set lo up; echo 1 0 > /proc/sys/net/ipv4/ping_group_range"
PING_SOCKETS = "ip link set lo up; echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range"
NO_PRIVILEGE = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--reuid", "65534")


@pytest.mark.root
def test_ping_sockets_when_they_are_permitted():
    assert in_a_namespace(PING_SOCKETS, "127.0.0.1", "::1") == [
        said(True, "echo reply"),
        said(True, "echo reply"),
        "SOCK_DGRAM SOCK_DGRAM",
    ]


@pytest.mark.root
def test_raw_sockets_where_the_group_range_forbids_ping_sockets():
    assert in_a_namespace(NO_PING_SOCKETS, "127.0.0.1", "::1") == [
        said(True, "echo reply"),
        said(True, "echo reply"),
        "SOCK_RAW SOCK_RAW",
    ]


@pytest.mark.root
def test_without_permission_for_either_it_is_no_verdict():
    wrapper = (*NO_PRIVILEGE, "--regid", "65534", "--clear-groups")
    assert in_a_namespace(NO_PING_SOCKETS, "127.0.0.1", wrapper=wrapper) == [
        said(
            False,
            "no ping socket: net.ipv4.ping_group_range leaves our group out,"
            " and CAP_NET_RAW is missing",
            is_verdict=False,
        ),
        "",
    ]


# A neighbour is given up after one question and 50 ms.
NOBODY_THERE = """
ip link add away type veth peer name other
for v in 4 6; do
  echo 1 >/proc/sys/net/ipv$v/neigh/away/mcast_solicit
  echo 50 >/proc/sys/net/ipv$v/neigh/away/retrans_time_ms
done
ip addr add 192.0.2.1/24 dev away
ip -6 addr add 2001:db8::1/64 dev away nodad
ip link set away up
ip link set other up
"""


@pytest.mark.root
@pytest.mark.parametrize("sockets", [PING_SOCKETS, NO_PING_SOCKETS], ids=["ping", "raw"])
def test_nobody_at_the_address(sockets):
    lines = in_a_namespace(sockets + NOBODY_THERE, "192.0.2.2", "2001:db8::2", patience=5)
    assert lines[:2] == [said(False, "no route to host")] * 2


SILENT = "; echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all"


@pytest.mark.root
@pytest.mark.parametrize("sockets", [PING_SOCKETS, NO_PING_SOCKETS], ids=["ping", "raw"])
def test_silence_and_no_route(sockets):
    assert in_a_namespace(sockets + SILENT, "127.0.0.1", "192.0.2.1")[:2] == [
        said(False, "no answer within 0.3 s"),
        said(False, "network is unreachable"),
    ]


ECHO_4 = ping._ECHO[4]
TOKEN = b"0123456789abcdef"


async def exchange(*messages, is_raw=False):
    """Whether the reply is seen among messages that come over a socket pair."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        running = asyncio.ensure_future(ping._exchange(ours, ECHO_4, is_raw=is_raw))
        loop = asyncio.get_running_loop()
        request = await loop.sock_recv(theirs, 2048)
        for make in messages:
            await loop.sock_sendall(theirs, make(request))
        try:
            return await asyncio.wait_for(running, 0.1)
        except TimeoutError:
            return False


def as_reply(request, kind=0, code=0, shift=0, token=None):
    identifier, sequence = struct.unpack("!HH", request[4:8])
    head = struct.pack("!BBHHH", kind, code, 0, identifier, (sequence + shift) & 0xFFFF)
    return head + (request[8:] if token is None else token)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda r: as_reply(r, kind=8), id="a request"),
        pytest.param(lambda r: as_reply(r, code=1), id="a code"),
        pytest.param(lambda r: as_reply(r, shift=1), id="other sequence number"),
        pytest.param(lambda r: as_reply(r, token=TOKEN), id="other data"),
        pytest.param(lambda r: as_reply(r)[:7], id="cut short"),
        pytest.param(lambda r: as_reply(r) + b"x", id="longer"),
    ],
)
async def test_other_messages_are_not_the_reply(other):
    assert not await exchange(other)
    assert await exchange(other, as_reply)


@pytest.mark.parametrize("octets", [5, 6, 15])
async def test_a_raw_reply_stands_behind_the_ip_header(octets):
    header = bytes([0x40 | octets]).ljust(octets * 4, b"\xff")
    assert await exchange(lambda request: header + as_reply(request), is_raw=True)
    assert not await exchange(lambda request: as_reply(request)[:4], is_raw=True)


def test_the_checksum_of_a_request():
    """Of RFC 1071, added up by hand."""
    message = ping._request(ECHO_4, 0x1234, 0x0001, TOKEN)
    assert message[:8].hex() == "0800" + "b693" + "1234" + "0001"
