"""DNS_CHECK: a query over UDP is answered with reply code 0; what the answer holds does not count.

As in keepalived an answer to another query (other id or question) is ignored until the time is
over, and a truncated answer is an answer.
"""

from __future__ import annotations

import asyncio
import socket
from functools import lru_cache

import dns.exception
import dns.message
import dns.name
import dns.rcode

from ..core.model import DnsCheck, ProbeResult
from .connect import CannotConnect, make_socket
from .datagram import connected_to, failure, within
from .interface import as_starter

__all__ = ["probe", "start"]

_HEAD = 512  # header and question fit; the records behind them are never looked at


async def probe(check: DnsCheck) -> ProbeResult:
    """One attempt, bounded by `connect_timeout`.

    A name or type that DNS has not is no verdict. Source: RFC 1035 section 4.1.
    """
    try:
        query = _query(check)
    except (dns.exception.DNSException, ValueError) as exc:
        detail = f"cannot ask for {check.type} of {check.name}: {exc}"
        return ProbeResult(False, detail, is_verdict=False)
    try:
        with connected_to(make_socket(check.target, socket.SOCK_DGRAM), check.target) as sock:
            answer = await within(check.target, _exchange(sock, query))
    except (CannotConnect, OSError) as exc:
        return failure(exc, check.target)
    if answer is None:
        return failure(None, check.target)
    code = answer.rcode()
    return ProbeResult(code == dns.rcode.NOERROR, f"answered {dns.rcode.to_text(code)}")


def _query(check: DnsCheck) -> dns.message.QueryMessage:
    """A query with a new random id, recursion desired, class IN.

    Raises: DNSException, ValueError (an enumeration's) for what is no name or type.
    """
    return dns.message.make_query(_name(check.name), check.type)


@lru_cache(maxsize=1024)
def _name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


async def _exchange(sock: socket.socket, query: dns.message.Message) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, query.to_wire())
    while True:
        answer = _parse(await loop.sock_recv(sock, _HEAD))
        if answer is not None and query.is_response(answer):
            return answer
        # Receiving does not suspend while datagrams wait: a flood may not keep the loop.
        await asyncio.sleep(0)


def _parse(datagram: bytes) -> dns.message.Message | None:
    try:
        return dns.message.from_wire(datagram, question_only=True)
    except (dns.exception.DNSException, ValueError):
        return None


start = as_starter(probe, timeout=None)
