"""Plain blocks, read as a whole and shared, mean and say what they do line by line."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyvrrp.conf import expand
from pyvrrp.conf.blocks import PlainBlock, Statement, parse
from pyvrrp.conf.diagnostics import Collector, Span
from pyvrrp.conf.expand import Expander
from pyvrrp.conf.load import load
from pyvrrp.conf.plain_blocks import Rows
from pyvrrp.conf.source import DictReader, DiskReader, Reader
from tests.bench.director import Shape

GOLDEN = Path(__file__).parents[2] / "golden"
FILES = sorted(GOLDEN.glob("*/*.conf"))

CHECKS = (
    "TCP_CHECK {\n      connect_timeout 3\n    }",
    "TCP_CHECK {\n    }",
    "TCP_CHECK {\n      connect_port 99999\n    }",
    "TCP_CHECK {\n      bindto ::1\n      retry 2\n    }",
    "HTTP_GET {\n      url {\n        path /\n        status_code 200\n      }\n    }",
    "HTTP_GET {\n      url {\n        status_code 200\n      }\n    }",
    "HTTP_GET {\n      url {\n        path /\n        regex_options caseless\n      }\n    }",
    "MISC_CHECK {\n      misc_path /bin/true\n    }",
    "FILE_CHECK {\n      track_file load\n    }",
    "UDP_CHECK {\n      min_reply_length 9\n      max_reply_length 1\n    }",
    "PING_CHECK {\n      wrong_word 3\n    }",
    "TCP_CHECK {",
    "TCP_CHECK {\n  }",
)
LINES = (
    *("weight 1", "weight -1", "lthreshold 5", "uthreshold 3", "notify_up /bin/true", "retry 2"),
    *("inhibit_on_failure", "lvs_method DR", "# of no use", "weight $W", "include part", ""),
    *('virtualhost "a b"', "{", "}", "quorum 7", "alpha maybe", "! {", "weight 2 # weight 3 {"),
    *("\n", "weight 4!"),
)
HEADS = ("10.0.0.1 80", "10.0.0.2", "10.0.0.3 0080", "2001:db8::1 80", "10.0.0.1 80", "nonsense")
SERVICES = ("192.0.2.1 80", "192.0.2.2 81", "fwmark 3", "group web", "192.0.2.1 80")
TOP = (
    *("global_defs {\n  lvs_flush\n}", "track_file load {\n  file /tmp/load\n}", "$W=3", ""),
    *(
        "virtual_server_group web {\n  192.0.2.7 80\n  fwmark 9\n}",
        "}",
        "# remark",
        "random_seed 1",
    ),
)


def said(path: str, reader: Reader, *, plainly: bool) -> object:
    """All that a file says and that is said of it, places included, as text to compare."""
    with pytest.MonkeyPatch.context() as patch:
        if plainly:
            patch.setattr(Rows, "take_plain", lambda *_: None)
        loaded = load(path, reader=reader, config_id="alpha", environ={"SITE": "north"},
                      interfaces=("lo", "eth0", "eth1", "eth2"))  # fmt: skip
    return facts(loaded)


def facts(value: object) -> object:
    if isinstance(value, Span):
        return ("span", value.trace(), value.length)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [(f.name, facts(getattr(value, f.name))) for f in dataclasses.fields(value)]
        return type(value).__name__, fields
    if isinstance(value, tuple):
        return [facts(item) for item in value]
    return value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_files(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    reader = DiskReader()
    assert said(path.name, reader, plainly=False) == said(path.name, reader, plainly=True)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("method", ["NAT", "DR"])
def test_many_alike(check: str, method: str) -> None:
    text = str(Shape(6, 4, check, 5)).replace("NAT", method).replace("127.1.0.3 8080", "127.1.0.3")
    reader = DictReader({"k.conf": text})
    assert said("k.conf", reader, plainly=False) == said("k.conf", reader, plainly=True)


def test_more_problems_than_are_listed() -> None:
    text = str(Shape(300, 5, CHECKS[2], 5))
    reader = DictReader({"k.conf": text})
    assert said("k.conf", reader, plainly=False) == said("k.conf", reader, plainly=True)


@pytest.mark.parametrize("lines", range(1, 30))
def test_a_text_that_is_too_long_ends_in_the_same_place(
    lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expand, "_Budget", partial(expand._Budget, lines=lines))
    services = str(Shape(1, 2, CHECKS[0], 5)).replace("weight 1\n", "weight 1 # 2\n\n# 3\n")
    text = f"# remark\n{services}\nvrrp_script a {{\n  script b\n}}\n"
    reader = DictReader({"k.conf": text})
    assert said("k.conf", reader, plainly=False) == said("k.conf", reader, plainly=True)


def indented(lines: list[str], by: str) -> Iterator[str]:
    yield from (f"{by}{line}\n" for line in lines)


@st.composite
def servers(draw: st.DrawFn) -> str:
    lines = draw(st.lists(st.sampled_from((*LINES, *CHECKS, *CHECKS)), max_size=3))
    body = "".join(indented(lines, "    "))
    return f"  real_server {draw(st.sampled_from(HEADS))} {{\n{body}  }}\n"


@st.composite
def services(draw: st.DrawFn) -> str:
    lines = draw(st.lists(st.sampled_from(LINES), max_size=2))
    body = "".join((*indented(lines, "  "), *draw(st.lists(servers(), max_size=4))))
    head = draw(st.sampled_from(SERVICES))
    return f"virtual_server {head} {{\n  protocol TCP\n  lvs_sched rr\n{body}}}\n"


configurations = st.lists(
    st.one_of(services(), services(), st.sampled_from(TOP).map("{}\n".format)), max_size=6
).map("".join)


@settings(max_examples=150, deadline=None)
@given(configurations, st.sampled_from(["weight 2\n", "}\n", "TCP_CHECK {\n}\n"]))
def test_any_configuration(text: str, part: str) -> None:
    reader = DictReader({"k.conf": text, "part": part})
    assert said("k.conf", reader, plainly=False) == said("k.conf", reader, plainly=True)


@pytest.mark.parametrize(
    ("check", "defined"),
    [
        ("FILE_CHECK {\n      track_file load\n    }", "track_file load {\n  file /tmp/load\n}\n"),
        ("BFD_CHECK {\n      name b\n    }", "bfd_instance b {\n  neighbor_ip 192.0.2.9\n}\n"),
    ],
)
def test_what_is_defined_later_stays_unknown(check: str, defined: str) -> None:
    """Also when a complaint about another check has the server read once more."""
    body = f"    {CHECKS[3]}\n    {check}\n"
    server = f"  real_server 10.0.0.1 80 {{\n{body}  }}\n"
    service = f"virtual_server 192.0.2.1 80 {{\n  protocol TCP\n  lvs_sched rr\n{server}}}\n"
    reader = DictReader({"k.conf": service + defined})
    assert said("k.conf", reader, plainly=False) == said("k.conf", reader, plainly=True)
    assert "the check is dropped" in str(said("k.conf", reader, plainly=False))


def test_a_plain_block_is_taken_whole() -> None:
    statements = tree("a b {\n  c\n  d {\n    e\n  }\n}\nf\n")
    assert [s.words for s in statements] == [["a", "b"], ["f"]]
    assert isinstance(statements[0].block, PlainBlock)
    assert statements[0].block.text == "  c\n  d {\n    e\n  }\n"


@pytest.mark.parametrize(
    "inside",
    [
        "  c \\# remark\n",
        "  # \u00e9\n",
        "  c $X\n",
        '  c "d"\n',
        "\n\n",
        " \n",
        "  include d\n",
        "  c }\n",
        "  c { d\n  }\n",
        "    c {\n  }\n",
        "  c\r\n",
        "  c {\n    d {\n      e {\n        f {\n        }\n      }\n    }\n  }\n",
    ],
)
def test_what_is_not_plain(inside: str) -> None:
    assert not isinstance(tree(f"a {{\n{inside}}}\n")[0].block, PlainBlock)


def test_places_in_a_plain_block() -> None:
    (outer,) = tree("a {\n  b c\n  d {\n    e f\n  }\n  g\n}\n")
    inner = list(outer.block or ())
    assert [(s.words, str(s.span())) for s in inner] == [
        (["b", "c"], "f:2:3"),
        (["d"], "f:3:3"),
        (["g"], "f:6:3"),
    ]
    assert [str(s.span(1)) for s in inner[1].block or ()] == ["f:4:7"]


def test_places_behind_comments_and_empty_lines() -> None:
    text = "a { # {\n\n# b {\n  b c! d\n# }\n\n  d {\n\n    e f\n  } # g\n\n  h\n} ! i\n\nj\n"
    outer, last = tree(text)
    assert (last.words, str(last.span())) == (["j"], "f:15:1")
    inner = list(outer.block or ())
    assert [(s.words, str(s.span(1))) for s in inner] == [
        (["b", "c"], "f:4:5"),
        (["d"], "f:7:3"),
        (["h"], "f:12:3"),
    ]
    assert [str(s.span(1)) for s in inner[1].block or ()] == ["f:9:7"]
    assert isinstance(outer.block, PlainBlock)
    owner = outer.block.owner()
    assert (owner.words, str(owner.span()), owner.block) == (["a"], "f:1:1", outer.block)


def test_a_plain_block_inside_too_many_others() -> None:
    text = "a {\nx\n" * 62 + "b {\n  c { # d\n\n    d {\n    }\n  }\n}\n" + "}\n" * 62
    reader = DictReader({"k.conf": text})
    assert said("k.conf", reader, plainly=False) == said("k.conf", reader, plainly=True)


def tree(text: str) -> list[Statement]:
    collector = Collector()
    expander = Expander(DictReader({"f": text}), collector, config_id="", environ={})
    return parse(expander.lines("f"), collector)
