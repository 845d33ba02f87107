"""TCP_CHECK and the sockets of all probes, against real sockets on loopback."""

import asyncio
import gc
import os
import resource
import socket
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest

from healthcheck import probes
from healthcheck.core.model import ProbeResult, Target, TcpCheck
from healthcheck.probes.connect import CannotConnect, connected, make_socket

LOCALHOST = ip_address("127.0.0.1")
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def check_of(port, address=LOCALHOST, timeout=5.0, **where):
    return TcpCheck(Target(address, port, connect_timeout=timeout, **where))


async def attempt(check):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    probes.start(check, loop, answer.set_result)
    assert not answer.done(), "done was called before start returned"
    return await asyncio.wait_for(answer, 5)


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


def port_of(server):
    return server.getsockname()[1]


@contextmanager
def silent_port():
    """A port that drops connection requests, as its queue of one is full."""
    with socket.socket() as server, socket.socket() as first:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        first.connect(server.getsockname())
        yield port_of(server)


def open_descriptors():
    gc.collect()  # what another test left to it may go at any moment
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_connection_is_success(listener):
    assert await attempt(check_of(port_of(listener))) == ProbeResult(True, "connected")


async def test_over_ipv6():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        check = check_of(port_of(server), ip_address("::1"))
        assert await attempt(check) == ProbeResult(True, "connected")


async def test_a_closed_port_refuses():
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        check = check_of(port_of(unheard))
        assert await attempt(check) == ProbeResult(False, "connection refused")


async def test_reset_right_after_is_success(listener):
    """As in keepalived: the connection did complete."""
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    probes.start(check_of(port_of(listener)), loop, answer.set_result)
    peer, _ = listener.accept()  # before the loop could look
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    peer.close()
    assert await asyncio.wait_for(answer, 5) == ProbeResult(True, "connected")


async def test_silence_ends_with_the_timeout():
    with silent_port() as port:
        begin = time.monotonic()
        result = await attempt(check_of(port, timeout=0.1))
        assert result == ProbeResult(False, "no answer within 0.1 s")
        assert 0.09 < time.monotonic() - begin < 1


async def test_timeouts_of_different_lengths_each_take_their_own():
    loop = asyncio.get_running_loop()
    ended = []
    everything = loop.create_future()

    def done(result):
        ended.append(result.detail)
        if len(ended) == 3:
            everything.set_result(None)

    with silent_port() as port:
        for seconds in (0.2, 0.05, 0.1):
            probes.start(check_of(port, timeout=seconds), loop, done)
        await asyncio.wait_for(everything, 5)
    assert ended == [f"no answer within {s} s" for s in (0.05, 0.1, 0.2)]


async def test_no_route_is_a_verdict_at_once():
    """TCP to the broadcast address never has a route: inet(7), ENETUNREACH."""
    result = await attempt(check_of(80, ip_address("255.255.255.255")))
    assert result == ProbeResult(False, "network is unreachable")


async def test_cancelled_it_closes_at_once_and_says_nothing():
    loop = asyncio.get_running_loop()
    with silent_port() as port:
        await attempt(check_of(port, timeout=0.01))  # makes what the loop keeps
        before = open_descriptors()
        running = probes.start(check_of(port, timeout=0.05), loop, pytest.fail)
        assert open_descriptors() == before + 1
        running.cancel()
        assert open_descriptors() == before
        running.cancel()
        await attempt(check_of(port, timeout=0.1))  # outlasts the cancelled one's timeout
        assert open_descriptors() == before


async def test_cancelled_before_an_early_failure_was_told():
    loop = asyncio.get_running_loop()
    check = check_of(80, ip_address("255.255.255.255"))
    probes.start(check, loop, pytest.fail).cancel()
    assert (await attempt(check)).is_success is False


async def test_many_at_once_leave_nothing_open(listener):
    await attempt(check_of(port_of(listener)))
    before = open_descriptors()
    results = await asyncio.gather(*(attempt(check_of(port_of(listener))) for _ in range(100)))
    assert results == [ProbeResult(True, "connected")] * 100
    assert open_descriptors() == before


async def test_the_next_attempt_starts_within_done(listener):
    loop = asyncio.get_running_loop()
    check = check_of(port_of(listener))
    results = []
    tenth = loop.create_future()

    def again(result):
        results.append(result)
        if len(results) == 10:
            tenth.set_result(None)
        else:
            probes.start(check, loop, again)

    probes.start(check, loop, again)
    await asyncio.wait_for(tenth, 5)
    assert results == [ProbeResult(True, "connected")] * 10


async def test_a_number_reused_within_one_batch_is_not_the_old_connection(listener):
    """Two are ready in one moment; the first's end closes both and opens two of their numbers."""
    loop = asyncio.get_running_loop()
    both = loop.create_future()
    running, late = [], []

    def done(result):
        late.append(result)
        if len(late) == 2:
            both.set_result(None)

    with silent_port() as silent:

        def swap(result):
            for other in running:
                other.cancel()
            for _ in range(2):
                probes.start(check_of(silent, timeout=0.1), loop, done)

        check = check_of(port_of(listener))
        running += [probes.start(check, loop, swap) for _ in range(2)]
        await asyncio.wait_for(both, 5)
    assert late == [ProbeResult(False, "no answer within 0.1 s")] * 2


async def test_bind_address_is_where_the_server_sees_it_come_from(listener):
    check = check_of(port_of(listener), bind_address=ip_address("127.0.0.7"))
    assert (await attempt(check)).is_success
    peer, (host, _) = listener.accept()
    peer.close()
    assert host == "127.0.0.7"


async def test_bind_port_can_be_had_again_at_once(listener):
    with socket.socket() as finder:
        finder.bind(("127.0.0.1", 0))
        free = port_of(finder)
    for _ in range(3):
        assert (await attempt(check_of(port_of(listener), bind_port=free))).is_success
        peer, (_, port) = listener.accept()
        with peer, pytest.raises(ConnectionResetError):  # so no TIME_WAIT holds the port
            peer.recv(1)
        assert port == free


async def test_bind_interface(listener):
    assert (await attempt(check_of(port_of(listener), bind_interface="lo"))).is_success


@pytest.mark.parametrize(
    ("where", "detail"),
    [
        pytest.param(
            {"bind_address": ip_address("192.0.2.1")},
            "bindto 192.0.2.1: cannot assign requested address",
            id="address not here",
        ),
        pytest.param(
            {"bind_address": ip_address("::1")},
            "bindto ::1: the server's address is IPv4",
            id="other family",
        ),
        pytest.param(
            {"bind_interface": "nosuch0"}, "bind_if nosuch0: no such device", id="no interface"
        ),
        pytest.param(
            {"address": ip_address("fe80::1%nosuch0")},
            "fe80::1%nosuch0: no interface with this name",
            id="no scope",
        ),
    ],
)
async def test_what_this_host_cannot_try_is_no_verdict(where, detail):
    assert await attempt(check_of(80, **where)) == ProbeResult(False, detail, is_verdict=False)


@contextmanager
def no_free_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_running_out_of_descriptors_is_no_verdict(listener):
    await attempt(check_of(port_of(listener)))
    with no_free_descriptors():
        result = await attempt(check_of(port_of(listener)))
    assert result == ProbeResult(False, "no socket: too many open files", is_verdict=False)


@pytest.mark.root
@pytest.mark.parametrize("mark", [7, 0xFFFFFFFE])
def test_fwmark(mark):
    with make_socket(Target(LOCALHOST, 80, fwmark=mark)) as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_MARK) & 0xFFFFFFFF == mark


async def test_connected_for_coroutines(listener):
    with await connected(Target(LOCALHOST, port_of(listener))) as sock:
        assert sock.getpeername() == listener.getsockname()


async def test_connected_says_why_not():
    with silent_port() as port, pytest.raises(CannotConnect, match=r"^no answer within 0\.05 s$"):
        await connected(Target(LOCALHOST, port, connect_timeout=0.05))
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        with pytest.raises(CannotConnect, match=r"^connection refused$") as refused:
            await connected(Target(LOCALHOST, port_of(unheard)))
    assert refused.value.is_verdict


def test_a_kind_is_imported_when_first_used():
    program = """
import asyncio, sys
from ipaddress import ip_address
from pathlib import Path
from healthcheck import probes
from healthcheck.core.model import Target, TcpCheck
async def main():
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    probes.start(TcpCheck(Target(ip_address("255.255.255.255"), 1)), loop, answer.set_result)
    await answer
asyncio.run(main())
kinds = {n.removeprefix("healthcheck.probes.") for n in sys.modules if "healthcheck.probes." in n}
assert "tcp" in kinds and not kinds & {"http", "smtp", "dns", "udp", "ping", "file"}, kinds
assert not {"dns", "aiohttp"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


async def test_an_error_in_one_done_does_not_cost_the_others_their_result(listener):
    loop = asyncio.get_running_loop()
    errors, results = [], []
    loop.set_exception_handler(lambda loop, context: errors.append(str(context["exception"])))
    both = loop.create_future()

    def broken(result):
        raise ValueError("broken")

    def done(result):
        results.append(result.detail)
        if len(results) == 2:
            both.set_result(None)

    with silent_port() as port:
        for check in (check_of(port_of(listener)), check_of(port, timeout=0.05)):
            for callback in (broken, done, broken):
                probes.start(check, loop, callback)
        await asyncio.wait_for(both, 5)
    assert results == ["connected", "no answer within 0.05 s"]
    assert set(errors) == {"broken"}
