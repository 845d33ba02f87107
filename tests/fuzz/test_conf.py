"""Any text becomes `Loaded`: no exception, no endless work, nothing that hurts a terminal.

PYVRRP_FUZZ_CASES sets the number of cases of the long run.
"""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyvrrp.conf.diagnostics import Span, as_json, concise, full
from pyvrrp.conf.global_defs import GLOBAL_DEFS
from pyvrrp.conf.load import load
from pyvrrp.conf.lvs import KEYWORDS
from pyvrrp.conf.source import DictReader

CASES = int(os.environ.get("PYVRRP_FUZZ_CASES", "20000"))
GOLDEN = Path(__file__).parents[1] / "golden"
GOOD = [p.read_text("utf-8", "surrogateescape") for p in sorted(GOLDEN.glob("*/*.conf"))]
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

WORDS = sorted({word for text in GOOD for word in text.split()})
KEYS = sorted({word for block in (GLOBAL_DEFS.rows, *KEYWORDS.values()) for word in block})
PIECES = (
    *("{", "}", "\n", "\n", "\n", " ", '"', "\\", "#", "!", "$A", "${A}", "$A=", "$A=\\\n", "~"),
    *("~SEQ(I,1,3) ", "~LST(L,a,b) ", "@alpha ", "@^beta ", "include k.conf", "include part", "*"),
    *(
        "$T=~SEQ(I,1,2) ",
        "$C=@alpha ",
        "$T",
        "$C ",
        "${_RANDOM 9 1}",
        "${_RANDOM ",
        "\ufeff",
        "“",
        "=",
    ),
    *("100ms", "2s;", "192.0.2.1-9", "192.0.2.1:80", "/255.0.0.0", "fe80::1%eth0", "(", "]", "//"),
    *("vrrp_instance a {\n", "virtual_ipaddress {\n", "interface eth0\n", "\0", "\x1b", "\udcff"),
)

# What a file can hold: octets, decoded as the readers do.
octets = st.binary(max_size=400).map(lambda b: b.decode("utf-8", "surrogateescape"))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
soups = st.lists(
    st.one_of(st.sampled_from(PIECES), st.sampled_from(WORDS), st.sampled_from(KEYS), octets),
    max_size=120,
).map(" ".join)


@st.composite
def changed(draw: st.DrawFn) -> str:
    """A file of tests/golden with a few pieces cut out, doubled or put in."""
    text = draw(st.sampled_from(GOOD))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        middle = draw(st.one_of(st.just(""), st.sampled_from(PIECES), st.just(text[start:end] * 2)))
        text = text[:start] + middle + text[end:]
    return text


configurations = st.one_of(texts, octets, soups, changed())


def check(text: str, part: str) -> None:
    reader = DictReader({"k.conf": text, "part": part})
    loaded = load("k.conf", reader=reader, config_id="alpha", environ={}, interfaces=("eth0", "lo"))
    assert loaded.exit_code in (0, 2, 6)
    assert loaded.test_exit_code in (0, 2, 4, 5, 6)
    assert len(loaded.diagnostics) <= 1001
    for found in loaded.diagnostics:
        assert "\n" not in concise(found)
        assert not RAW.search(full(found))
    as_json(loaded.diagnostics).encode("ascii")
    hash(loaded.config)
    for word in strings(loaded.config):
        assert type(word) is str
        assert "\0" not in os.fsdecode(os.fsencode(word))


def strings(value: object) -> Iterator[str]:
    """Every string a configuration holds, but for the text its places refer to."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from strings(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, Span):
        for field in dataclasses.fields(value):
            yield from strings(getattr(value, field.name))


@settings(max_examples=1200, deadline=None, suppress_health_check=list(HealthCheck))
@given(configurations, configurations)
def test_any_text(text: str, part: str) -> None:
    check(text, part)


@pytest.mark.slow
@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(configurations, configurations)
def test_any_text_for_long(text: str, part: str) -> None:
    check(text, part)


INSTANCE = "vrrp_instance a{} {{\n interface e\n virtual_router_id 1\n}}\n"
ADDRESSES = "".join(f"virtual_ipaddress {{ 10.{n >> 8}.{n & 255}.1\n}}\n" for n in range(20_000))

HOSTILE = {
    "repetition without end": "~SEQ(I, 1, 10000000) vrrp_instance $I",
    "blocks without end": "$B=\\\nvrrp_instance a$I { \\\n x \\\n}\n~SEQ(I, 1, 10000000) $B",
    "nested repetition": "~SEQ(I, 1, 1000) ~SEQ(J, 1, 1000) ~SEQ(K, 1, 1000) x",
    "doubling": "$A=$A$A\n" + "x $A\n" * 2000,
    "growing": "$A=x$A\n" + "$A\n" * 2000,
    "lines of itself": "$X=\\\n$X \\\n$X\n" + "$X\n" * 10,
    "deep blocks": "a {\n" * 100_000,
    "only closing": "}\n" * 100_000,
    "one long line": "x" * (1 << 20),
    "one long line of braces": "{" * (1 << 20),
    "one long line of quotes": '"\\"' * (1 << 19),
    "one long line of variables": "${" * (1 << 19),
    "lines as long as they may be": ("${a" * 1365 + "\n") * 300 + ('"\\' * 2000 + "\n") * 300,
    "NUL": "\0\n" * 100_000,
    "includes itself": "include k.conf\n" * 1000,
    "include of includes": "include part\n" * 100,
    "blanks in a variable": ("${_RANDOM" + " " * 4000 + "\n") * 2000,
    "a key that is nearly hexadecimal": (
        "vrrp_instance a {\nauth_hmac {\nkey 1 hex:" + "0" * 4000 + "z\n}\n}\n"
    ),
    "a payload that is nearly hexadecimal": (
        "virtual_server 192.0.2.1 80 {\nreal_server 192.0.2.2 80 {\nUDP_CHECK {\npayload "
        + "0" * 4000
        + "z\n}\n}\n}\n"
    ),
    "braces in an include": "include " + "{a,b}" * 30,
    "unknown words": "foo bar\n" * 100_000,
    "blocks of one name": INSTANCE.format("") * 20_000,
    "one identity": "".join(INSTANCE.format(n) for n in range(20_000)),
    "many address blocks": f"vrrp_instance a {{\n{ADDRESSES}}}\n",
    "a large group for many services": (
        "virtual_server_group g {\n10.0.0.0/16 80\n}\n"
        + "virtual_server group g {\nreal_server 192.0.2.2 80 {\n}\n}\n" * 2000
    ),
    "many services": "virtual_server 192.0.2.1 80 {\n real_server 192.0.2.2 80 {\n }\n}\n" * 20_000,
}
PART = "include part2\n" * 100

PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from pyvrrp.conf.diagnostics import as_json, full
from pyvrrp.conf.load import load
from pyvrrp.conf.source import DictReader
files = {"k.conf": sys.stdin.read(), "part": sys.argv[1], "part2": "include part3", "part3": "x"}
loaded = load("k.conf", reader=DictReader(files), config_id="", environ={})
for found in loaded.diagnostics:
    full(found)
as_json(loaded.diagnostics)
print(len(loaded.diagnostics))
"""


def endure(text: str) -> None:
    """Load in a process of its own, with 1 GiB of address space and a minute to finish."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, PART],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert 1 <= int(done.stdout) <= 1001


QUICK = (
    "a key that is nearly hexadecimal",
    "a payload that is nearly hexadecimal",
    "doubling",
    "growing",
    "one long line of braces",
    "braces in an include",
    "includes itself",
)


@pytest.mark.parametrize("name", QUICK)
def test_hostile_text(name: str) -> None:
    endure(HOSTILE[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(HOSTILE) - set(QUICK)))
def test_hostile_text_that_takes_longer(name: str) -> None:
    endure(HOSTILE[name])
