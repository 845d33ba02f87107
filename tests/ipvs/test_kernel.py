"""The kernel these tests run on, and the site they are made of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from netnslab import uml
from tests.ipvs.site import SERVERS4, SERVERS6, VIP4, VIP6, Director, Rules, Transport


def test_the_kernel_has_ipvs() -> None:
    assert uml.has_ipvs()
    assert Path("/proc/net/ip_vs").read_text().startswith("IP Virtual Server version 1.2.1")


async def test_asyncio_works() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await reader.read() == b""
        writer.close()


def test_an_empty_director_refuses(director: Director) -> None:
    with pytest.raises(ConnectionRefusedError):
        director.ask()
    assert director.rules() == {}


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("vip", "servers"), [(VIP4, SERVERS4), (VIP6, SERVERS6)], ids=["ipv4", "ipv6"]
)
def test_masquerading_reaches_the_servers_in_turn(
    director: Director,
    kernel_table: Callable[[], Rules],
    transport: Transport,
    vip: str,
    servers: list[str],
) -> None:
    where = [f"[{each}]" if ":" in each else each for each in (vip, *servers)]
    service, first, second, _ = [f"{each}:{director.port}" for each in where[:4]]
    kind = f"-{transport[0]}"
    director.ipvsadm(
        f"-A {kind} {service} -s rr",
        f"-a {kind} {service} -r {first} -m",
        f"-a {kind} {service} -r {second} -m -w 2",
    )
    assert kernel_table() == {f"{kind} {service} -s rr": [f"{first} -m -w 1", f"{second} -m -w 2"]}
    assert director.shares(6, transport, vip) == {"server1": 3, "server2": 3}


async def test_a_test_can_be_inside_the_director(inside_director: Director) -> None:
    inside_director.ipvsadm("-A -t 198.51.100.100:80 -s rr")
    assert "C6336464:0050 rr" in await asyncio.to_thread(
        Path("/proc/thread-self/net/ip_vs").read_text
    )
