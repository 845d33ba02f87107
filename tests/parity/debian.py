"""Debian's keepalived beside ours: many files through `keepalived -t`, in one network namespace."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["CRASH", "LINKS", "NODE", "namespace", "said", "verdicts", "written"]

NODE = "alpha"
LINKS = ("eth0", "eth1", "eth2")

CRASH = 139
"""keepalived ended with a segmentation fault."""

_TEST_ALL = f"""
test_one() {{
    cd "${{1%/*}}"; [ -z "$KEPT" ] || SAID=$1$KEPT
    SITE=north timeout -s KILL 10 keepalived -t -i {NODE} -f "${{1##*/}}" >"${{SAID:-/dev/null}}" 2>&1
    echo "$? $1"
}}
export -f test_one
exec xargs -0 -P "$(nproc)" -n 1 bash -c 'test_one "$0"'
"""


@contextmanager
def namespace(links: Iterable[str] = LINKS) -> Iterator[str]:
    """A network namespace with these links; eth0 has 192.0.2.250. Needs root."""
    name = f"pvdeb{os.getpid()}"
    _run("ip", "netns", "add", name)
    try:
        for link in links:
            _run("ip", "-n", name, "link", "add", link, "type", "veth", "peer", f"{link}-peer")
            _run("ip", "-n", name, "link", "set", link, "up")
        _run("ip", "-n", name, "addr", "add", "192.0.2.250/24", "dev", "eth0")
        yield name
    finally:
        _run("ip", "netns", "del", name)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)


def written(files: Mapping[str, str], directory: Path) -> dict[str, Path]:
    """Each text in a file of its own, all in new directories below `directory`."""
    places = {
        name: directory / str(number) / "keepalived.conf" for number, name in enumerate(files)
    }
    for name, place in places.items():
        place.parent.mkdir()
        place.write_text(files[name])
    return places


def said(places: Mapping[str, Path]) -> dict[str, str]:
    """What `keepalived -t` says about each file; kept beside it."""
    _test(places, LINKS, ".said")
    texts = {name: Path(f"{place}.said").read_bytes() for name, place in places.items()}
    return {name: text.decode("utf-8", "replace") for name, text in texts.items()}


def verdicts(places: Mapping[str, Path], links: Iterable[str] = LINKS) -> dict[str, int]:
    """Exit code of `keepalived -t` for each file, as many at a time as there are processors.

    It runs in a namespace with `links`, in the directory of the file, as node `NODE`, with
    SITE=north in its environment, and is killed after ten seconds (137).
    """
    codes = _test(places, links, "")
    return {name: codes[str(place)] for name, place in places.items()}


def _test(places: Mapping[str, Path], links: Iterable[str], kept: str) -> dict[str, int]:
    """Path to exit code; with `kept` the output goes to a file of that suffix."""
    with namespace(links) as space:
        done = subprocess.run(
            ("ip", "netns", "exec", space, "bash", "-c", _TEST_ALL),
            input="\0".join(map(str, places.values())),
            env={**os.environ, "KEPT": kept, "SAID": ""},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=240,
            check=True,
        )
    found = (line.split(" ", 1) for line in done.stdout.splitlines())
    return {path: int(code) for code, path in found}
