"""Rows that are read and not acted on yet."""

from __future__ import annotations

from pyvrrp.conf.blocks import parse
from pyvrrp.conf.context import Context
from pyvrrp.conf.diagnostics import Collector
from pyvrrp.conf.expand import Expander
from pyvrrp.conf.known import Block
from pyvrrp.conf.schema import Keyword, read_block, table, value
from pyvrrp.conf.shapes import Flag, Int
from pyvrrp.conf.source import DictReader
from pyvrrp.conf.values import Values

TABLE = table(
    "here",
    (
        value("size", Int(0, 9)),
        value("later", Int(0, 9), acted_on=False),
        value("flag", Flag(), acted_on=False),
        Keyword("inner", lambda *_: None, Block.TABLE, acted_on=False),
    ),
)


def test_a_row_that_is_not_acted_on_gives_its_value_and_one_remark() -> None:
    text = "size 1\nlater 2\nlater 3\nflag\ninner {\n}\n"
    collector = Collector()
    expander = Expander(DictReader({"k": text}), collector, config_id="", environ={})
    statements = parse(expander.lines("k"), collector)
    context, values = Context(collector), Values(statements[0])
    read_block(context, statements, TABLE, values)
    context.report_kept()
    assert values.set == {"size": 1, "later": 3, "flag": True}
    assert [(d.span.line, str(d.severity), d.message) for d in collector.finish()] == [
        (2, "info", "later is accepted, but not yet acted on (2 times)"),
        (4, "info", "flag is accepted, but not yet acted on"),
        (5, "warning", "inner is accepted, but not yet acted on"),
    ]
