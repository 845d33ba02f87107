"""All that a daemon may have made of a host: in its kernel, in its directory, and what runs there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from netnslab import Host

__all__ = ["SCRIPT", "Inventory", "scripts", "take", "words"]

Inventory: TypeAlias = Counter[tuple[str, str]]
"""Kind of a thing, and the thing; how often it is there. The difference of two is what is left."""

SCRIPT = "1000001"
"""A process with this word in its command line is a script of the daemon."""

_SYSCTLS = ("net/ipv4/conf", "net/ipv6/conf")
_MADE_BY_US = frozenset({".log", ".conf"})


def take(host: Host) -> Inventory:
    """What is there now; with IPVS in the kernel its table too."""
    return Counter((kind, each) for kind, read in _KINDS.items() for each in read(host))


def words(found: Iterable[tuple[str, str]]) -> str:
    """How many of each kind, as `addresses 2, links 1`; empty: nothing."""
    counts = Counter(kind for kind, _ in found)
    return ", ".join(f"{kind} {counts[kind]}" for kind in _KINDS if counts[kind])


def _addresses(host: Host) -> Iterator[str]:
    return (str(address) for address in host.addresses())


def _links(host: Host) -> Iterator[str]:
    return (link["ifname"] for link in json.loads(host.ip("-json", "link", "show")))


def _routes(host: Host) -> Iterator[str]:
    # Those of the kernel come and go with addresses and links.
    lines = host.ip("route", "show", "table", "all").splitlines()
    return (line.strip() for line in lines if "proto kernel" not in line)


def _rules(host: Host) -> Iterator[str]:
    return iter(host.ip("rule", "show").splitlines())


def _tables(host: Host) -> Iterator[str]:
    return iter(host.run(["nft", "list", "tables"]).stdout.splitlines())


def _services(host: Host) -> Iterator[str]:
    with host.entered(), suppress(FileNotFoundError):
        yield from Path("/proc/thread-self/net/ip_vs").read_text().splitlines()[3:]


def _sysctls(host: Host) -> Iterator[str]:
    """Of links that the host had before; what is on others goes with them."""
    with host.entered():
        for root in _SYSCTLS:
            for path in Path("/proc/sys", root).glob("*/*"):
                if path.parent.name in ("all", "default", "lo", *host.links):
                    with suppress(OSError):
                        yield f"{path} {path.read_text().strip()}"


def _files(host: Host) -> Iterator[str]:
    return (path.name for path in host.directory.iterdir() if path.suffix not in _MADE_BY_US)


def scripts(host: Host) -> Iterator[str]:
    """Command lines of the scripts that run."""
    for pid in host.process_ids():
        with suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")
            if SCRIPT in line:
                yield line


_KINDS: dict[str, Callable[[Host], Iterator[str]]] = {
    "addresses": _addresses,
    "links": _links,
    "routes": _routes,
    "rules": _rules,
    "nft tables": _tables,
    "IPVS lines": _services,
    "sysctls": _sysctls,
    "files": _files,
    "scripts": scripts,
}
