"""An IPVS service inside your own program: two real servers, checked your own way, events as they come.

    sudo python examples/health_checks.py 198.51.100.100:80 10.0.0.11:80 10.0.0.12:80

The service appears in the kernel (`ipvsadm -Ln`), a server that fails leaves it, and a hand that
changes it finds it put right. On Ctrl-C the service is gone. Needs root and a kernel with IPVS.
"""

import asyncio
import sys
from ipaddress import ip_address

from healthcheck import (
    Agent,
    CustomCheck,
    Destination,
    ProbeResult,
    Protocol,
    RealServer,
    ServiceAddress,
    ServiceSettings,
    Target,
    Timing,
    VirtualServer,
)


async def is_talking(check: CustomCheck) -> ProbeResult:
    """A probe of our own: the server must say something within the time."""
    where = str(check.target.address), check.target.port
    try:
        async with asyncio.timeout(check.target.connect_timeout):
            reader, writer = await asyncio.open_connection(*where)
            word = await reader.read(100)
            writer.close()
    except OSError as error:
        return ProbeResult(False, str(error))
    return ProbeResult(bool(word), f"it says {word.decode(errors='replace').strip()!r}")


def endpoint(text: str) -> Destination:
    """192.0.2.1:80 or [2001:db8::1]:80."""
    host, _, port = text.rpartition(":")
    return Destination(ip_address(host.strip("[]")), int(port))


def real_server(text: str) -> RealServer:
    """A real server with our probe, every second."""
    address = endpoint(text)
    check = CustomCheck(
        "is talking",
        Target(address.address, address.port, connect_timeout=1.0),
        Timing(delay_loop=1.0, retry=0, warmup=0.0),
    )
    return RealServer(address, checks=(check,))


async def main(service: str, *servers: str) -> None:
    """Keep the service until Ctrl-C, and tell what happens."""
    where = endpoint(service)
    web = VirtualServer(
        service,
        (ServiceAddress(Protocol.TCP, where.address, where.port),),
        tuple(map(real_server, servers)),
        ServiceSettings("rr"),
    )
    async with Agent([web], probes={"is talking": is_talking}) as agent:
        async for event in agent.events():
            print(event, flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        print("service removed")
