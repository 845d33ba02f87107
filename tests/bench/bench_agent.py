"""The agent alone beside keepalived: processor time, memory, lateness: `python -m tests.bench.bench_agent`.

The same servers, checked every 5 s by both in one boot of one kernel that has IPVS (this machine's own, or
User-Mode Linux, where only ratios mean something). No daemon is around the agent here: this is what the
library costs. Prints one JSON object for each maker.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from ipaddress import IPv4Address
from pathlib import Path

from netnslab import LabError, uml
from tests.bench import director
from tests.bench.routers import Maker

_ROOT = Path(__file__).parents[2]
_PERIOD = 5.0


def _agent(kind: str, count: int) -> None:
    """Check so many servers until SIGTERM; USR1 forgets the lateness until then, TERM tells it."""
    from healthcheck import (
        Agent,
        Destination,
        HttpCheck,
        Protocol,
        RealServer,
        ServiceAddress,
        ServiceSettings,
        Target,
        TcpCheck,
        Timing,
        Url,
        VirtualServer,
    )

    timing = Timing(_PERIOD, 1, 1.0, _PERIOD)

    def server(number: int) -> RealServer:
        address = IPv4Address(f"127.1.{number // 250}.{1 + number % 250}")
        target = Target(address, 8080, 3.0)
        check = (
            TcpCheck(target, timing)
            if kind == "TCP_CHECK"
            else HttpCheck(target, (Url("/", status_codes=((200, 200),)),), timing)
        )
        return RealServer(Destination(address, 8080), checks=(check,))

    def service(number: int) -> VirtualServer:
        address = IPv4Address(f"198.18.{number // 250}.{1 + number % 250}")
        key = ServiceAddress(Protocol.TCP, address, 80)
        return VirtualServer(f"{address}", (key,), (server(number),), ServiceSettings("rr"))

    async def main() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with Agent(map(service, range(count))) as agent:
            start = loop.time() - began
            loop.add_signal_handler(signal.SIGTERM, over.set)
            loop.add_signal_handler(signal.SIGUSR1, agent.forget_lateness)
            await over.wait()
            late = agent.snapshot().lateness
        figures = {"start": start, "median": late.median, "p99": late.p99, "worst": late.maximum}
        print(json.dumps({**figures, "attempts": late.samples}), flush=True)

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main())


def _measure_agent(kind: str, count: int, seconds: float) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.bench_agent", "agent", "--kind", kind]
    with subprocess.Popen(
        [*command, "--servers", str(count)], stdout=subprocess.PIPE, text=True
    ) as agent:
        try:
            director._until(lambda: director._destinations() >= count, "the agent's table", 0.5)
            time.sleep(12.0)  # warm-up and one period
            agent.send_signal(signal.SIGUSR1)
            before, start = director._cpu_seconds(agent.pid), time.monotonic()
            time.sleep(seconds)
            used = director._cpu_seconds(agent.pid) - before
            share = 100 * used / (time.monotonic() - start)
            if director._destinations() != count:
                raise LabError(f"{director._destinations()} of {count} servers are alive")
            pss = director._pss(agent.pid)
            agent.terminate()
            late, _ = agent.communicate(timeout=60)
        finally:
            agent.kill()
    return {"cpu": share, "checker": pss, **json.loads(late)}


def _inside(kind: str, count: int, seconds: float, makers: list[str]) -> None:
    Path("/proc/sys/net/core/somaxconn").write_text("4096")
    with tempfile.TemporaryDirectory() as name:
        server = director._serve_http(Path(name)) if kind == "HTTP_GET" else None
        if kind == "TCP_CHECK":
            director._serve_tcp(8080)
        for maker in makers:
            found = (
                _measure_agent(kind, count, seconds)
                if maker == "agent"
                else director.measure_checks(Maker(maker), kind, count, seconds)
            )
            print(json.dumps({"maker": maker, "kind": kind, "servers": count, **found}), flush=True)
        if server is not None:
            server.terminate()
            server.wait()


def main() -> None:
    """Measure; in a machine with IPVS if this has none."""
    parser = argparse.ArgumentParser("python -m tests.bench.bench_agent", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["bench", "inside", "agent"], default="bench")
    parser.add_argument("--kind", choices=["TCP_CHECK", "HTTP_GET"], default="TCP_CHECK")
    parser.add_argument("--servers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--makers", default="agent,keepalived")
    options = parser.parse_args()
    if options.what == "agent":
        _agent(options.kind, options.servers)
    elif options.what == "inside" or uml.has_ipvs():
        makers = options.makers.split(",")
        _inside(options.kind, options.servers, options.seconds, makers)
    else:
        words = [w for w in sys.argv[1:] if w != "bench"]
        command = [sys.executable, "-m", "tests.bench.bench_agent", "inside", *words]
        done = uml.run(
            command,
            modules=("ip_vs", "ip_vs_rr"),
            directory=_ROOT,
            memory="2500M",
            timeout=600.0,
            environment=dict(os.environ),
        )
        print(done.stdout, end="")
        print(done.stderr, end="", file=sys.stderr)
        raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
