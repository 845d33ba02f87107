"""DNS_CHECK against a server of a few lines; queries and answers are octets of RFC 1035."""

import asyncio
import socket
import struct
from ipaddress import ip_address

import pytest

from healthcheck import probes
from healthcheck.core.model import DnsCheck, ProbeResult, Target
from healthcheck.probes import dns as dns_probe

DEADLINE = 5
ROOT_SOA = bytes.fromhex("00 0006 0001")
WWW_TEST_A = bytes.fromhex("03777777 0474657374 00 0001 0001")


@pytest.fixture
def server():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock


def check_of(server, timeout=DEADLINE, **settings):
    target = Target(ip_address("127.0.0.1"), server.getsockname()[1], connect_timeout=timeout)
    return DnsCheck(target, **settings)


async def attempt(check):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    probes.start(check, loop, answer.set_result)
    return await asyncio.wait_for(answer, 2 * DEADLINE)


def answer_to(query, flags=0x8180, question=None, tail=b"", counts=(1, 0, 0, 0)):
    head = query[:2] + struct.pack("!H4H", flags, *counts)
    return head + (query[12:] if question is None else question) + tail


async def ask(server, check, *make_answers):
    """The result, and the query, of a check that gets those answers, each made of the query."""
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(attempt(check))
    query, source = await loop.sock_recvfrom(server, 2048)
    for make in make_answers:
        await loop.sock_sendto(server, make(query), source)
    return await running, query


async def test_the_query_is_of_the_root_unless_told(server):
    result, query = await ask(server, check_of(server), answer_to)
    assert result == ProbeResult(True, "answered NOERROR")
    assert query[2:] == bytes.fromhex("0100 0001 0000 0000 0000") + ROOT_SOA


async def test_name_and_type(server):
    check = check_of(server, type="A", name="www.test")
    result, query = await ask(server, check, answer_to)
    assert result.is_success
    assert query[2:] == bytes.fromhex("0100 0001 0000 0000 0000") + WWW_TEST_A


@pytest.mark.parametrize(
    ("name", "number"),
    [("NS", 2), ("MX", 15), ("TXT", 16), ("AAAA", 28), ("RRSIG", 46), ("DNSKEY", 48), ("SVCB", 64)],
)
async def test_record_types(server, name, number):
    _, query = await ask(server, check_of(server, type=name), answer_to)
    assert query[-4:] == struct.pack("!HH", number, 1)


async def test_each_query_has_an_id_of_its_own(server):
    ids = {(await ask(server, check_of(server), answer_to))[1][:2] for _ in range(8)}
    assert len(ids) > 1


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        pytest.param(0x8180, ProbeResult(True, "answered NOERROR"), id="0"),
        pytest.param(0x8380, ProbeResult(True, "answered NOERROR"), id="0, truncated"),
        pytest.param(0x8181, ProbeResult(False, "answered FORMERR"), id="1"),
        pytest.param(0x8182, ProbeResult(False, "answered SERVFAIL"), id="2"),
        pytest.param(0x8183, ProbeResult(False, "answered NXDOMAIN"), id="3"),
        pytest.param(0x8185, ProbeResult(False, "answered REFUSED"), id="5"),
    ],
)
async def test_reply_codes(server, flags, expected):
    result, _ = await ask(server, check_of(server), lambda query: answer_to(query, flags))
    assert result == expected


async def test_an_error_without_the_question_is_an_answer(server):
    refused = lambda query: answer_to(query, 0x8185, b"", counts=(0, 0, 0, 0))  # noqa: E731
    result, _ = await ask(server, check_of(server), refused)
    assert result == ProbeResult(False, "answered REFUSED")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda q: bytes([q[0] ^ 1]) + answer_to(q)[1:], id="other id"),
        pytest.param(lambda q: answer_to(q, question=WWW_TEST_A), id="other question"),
        pytest.param(lambda q: answer_to(q, 0x0100), id="a query"),
        pytest.param(lambda q: q[:11], id="cut in the header"),
        pytest.param(lambda q: answer_to(q)[:-1], id="cut in the question"),
        pytest.param(lambda q: b"", id="empty"),
        pytest.param(lambda q: b"\xff" * 4000, id="garbage"),
        pytest.param(lambda q: answer_to(q, question=b"\xc0\x0c\0\x06\0\1"), id="loop of pointers"),
    ],
)
async def test_what_is_no_answer_is_ignored(server, other):
    result, _ = await ask(server, check_of(server), *[other] * 3, answer_to)
    assert result == ProbeResult(True, "answered NOERROR")
    result, _ = await ask(server, check_of(server, 0.1), other)
    assert result == ProbeResult(False, "no answer within 0.1 s")


async def test_junk_records_behind_the_question_do_not_count(server):
    junk = lambda query: answer_to(query, tail=b"\xff" * 5000, counts=(1, 9, 0, 0))  # noqa: E731
    result, _ = await ask(server, check_of(server), junk)
    assert result == ProbeResult(True, "answered NOERROR")


async def test_a_flood_of_wrong_answers_does_not_outlast_the_timeout(server):
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(attempt(check_of(server, 0.2)))
    query, source = await loop.sock_recvfrom(server, 2048)
    while not running.done():
        for _ in range(20):
            server.sendto(query, source)
        await asyncio.sleep(0)
    assert await running == ProbeResult(False, "no answer within 0.2 s")


async def test_wrong_answers_that_wait_already_are_read_one_a_turn_of_the_loop(server, monkeypatch):
    loop = asyncio.get_running_loop()
    turns, read_in = 0, []

    def turn():
        nonlocal turns
        turns += 1
        ticking = loop.call_soon(turn)
        if len(read_in) == 8:
            ticking.cancel()

    def parse(_):
        read_in.append(turns)

    monkeypatch.setattr(dns_probe, "_parse", parse)
    running = asyncio.ensure_future(attempt(check_of(server, 0.2)))
    _, source = await loop.sock_recvfrom(server, 2048)
    for _ in range(8):
        server.sendto(b"junk", source)
    turn()
    assert not (await running).is_success
    assert len(set(read_in)) == 8


async def test_a_closed_port_refuses(server):
    check = check_of(server)
    server.close()
    assert await attempt(check) == ProbeResult(False, "connection refused")


@pytest.mark.parametrize(
    ("settings", "detail"),
    [
        pytest.param({"type": "NOSUCH"}, "cannot ask for NOSUCH of .: ", id="type"),
        pytest.param({"name": "a..b"}, "cannot ask for SOA of a..b: ", id="empty label"),
        pytest.param({"name": "x" * 64}, "cannot ask for SOA of xxx", id="long label"),
        pytest.param({"type": "TYPE70000"}, "cannot ask for TYPE70000 of .: ", id="number"),
    ],
)
async def test_what_dns_cannot_ask_is_no_verdict(server, settings, detail):
    result = await attempt(check_of(server, **settings))
    assert (result.is_success, result.is_verdict) == (False, False)
    assert result.detail.startswith(detail)
