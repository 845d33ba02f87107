"""garp_group, interface_up_down_delays, linkbeat_interfaces."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyvrrp.conf.load import Loaded

Read = Callable[..., Loaded]
Said = tuple[Loaded, list[tuple[str, int]]]

LINKS = ("eth0", "eth1")


def said(read: Read, text: str) -> Said:
    result = read(text, interfaces=LINKS)
    problems = [(d.id, d.problem_class.test_exit_code) for d in result.diagnostics]
    return result, [p for p in problems if p[0] != "not-acted-on"]


@pytest.mark.parametrize(
    ("text", "groups", "problems"),
    [
        ("garp_interval 0.01\ninterface eth0", [(("eth0",), 0.01, None)], []),
        (
            "garp_interval 0\ngna_interval 0.5\ninterfaces {\neth0 eth1\n}",
            [(("eth0", "eth1"), 0.0, 0.5)],
            [],
        ),
        ("gna_interval 1", [((), None, 1.0)], [("unusual-value", 0)]),
        ("gna_interval 4294.967295", [((), None, 4294.967295)], [("unusual-value", 0)]),
        ("gna_interval 4295", [], [("empty-group", 5), ("value-out-of-range", 5)]),
        ("interface eth0", [], [("empty-group", 5)]),
        ("garp_interval 0\ninterface eth9", [((), 0.0, None)], [("unknown-interface", 5)]),
        (
            "garp_interval 0\ninterface eth0\ninterface eth0",
            [(("eth0",), 0.0, None)],
            [("duplicate-member", 5)],
        ),
        ("garp_interval 0\ninterfaces {\n}", [((), 0.0, None)], [("empty-block", 5)]),
        (
            "garp_interval 0\ninterface eth0\n}\ngarp_group {\ngarp_interval 1e-1",
            [(("eth0",), 0.0, None)],
            [("empty-group", 5), ("bad-number", 5)],
        ),
        (
            "interface eth0\n}\ngarp_group {\ngarp_interval 0\ninterface eth0",
            [(("eth0",), 0.0, None)],
            [("empty-group", 5)],
        ),
    ],
)
def test_garp_groups(
    read: Read, text: str, groups: list[object], problems: list[tuple[str, int]]
) -> None:
    result, found = said(read, f"garp_group {{\n{text}\n}}\n")
    config = result.config
    made = [(g.interfaces, g.garp_interval, g.gna_interval) for g in config.garp_groups]
    assert (made, found) == (groups, problems)
    assert result.is_usable is (("unknown-interface", 5) not in problems)


@pytest.mark.parametrize(
    ("text", "delays", "problems"),
    [
        ("eth0 1.5 3", [("eth0", 1.5, 3.0)], []),
        ("eth0 255\neth1 0 255", [("eth0", 255.0, 0.0), ("eth1", 0.0, 255.0)], []),
        ("eth0 1\neth0 2", [("eth0", 2.0, 0.0)], []),
        ("eth0 1\n}\ninterface_up_down_delays {\neth0 2", [("eth0", 2.0, 0.0)], []),
        ("eth0 256", [], [("value-out-of-range", 5)]),
        ("eth0 1 -1", [], [("value-out-of-range", 5)]),
        ("eth0 0.0000001", [], [("value-out-of-range", 5)]),
        ("eth0", [], [("missing-value", 0)]),
        ("eth0 1 2 3", [("eth0", 1.0, 2.0)], [("extra-words", 0)]),
        ("eth9 1", [], [("unknown-interface", 4)]),
    ],
)
def test_delays(
    read: Read, text: str, delays: list[object], problems: list[tuple[str, int]]
) -> None:
    result, found = said(read, f"interface_up_down_delays {{\n{text}\n}}\n")
    made = [(d.name, d.down, d.up) for d in result.config.interface_delays]
    assert (made, found, result.is_usable) == (delays, problems, True)


@pytest.mark.parametrize(
    ("text", "interfaces", "problems"),
    [
        ("eth0\neth1 ETHTOOL", [("eth0", None), ("eth1", "ETHTOOL")], []),
        ("eth0 MII\neth0 IOCTL", [("eth0", "IOCTL")], []),
        ("eth0 mii", [("eth0", None)], [("extra-words", 5)]),
        ("eth0 MII now", [("eth0", "MII")], [("extra-words", 5)]),
        ("eth9", [], [("unknown-interface", 4)]),
    ],
)
def test_linkbeats(
    read: Read, text: str, interfaces: list[object], problems: list[tuple[str, int]]
) -> None:
    result, found = said(read, f"linkbeat_interfaces {{\n{text}\n}}\n")
    made = [(i.name, i.method) for i in result.config.linkbeat_interfaces]
    assert (made, found) == (interfaces, problems)


@pytest.mark.parametrize(
    ("text", "field", "value", "problems"),
    [
        ("linkbeat_use_polling", "linkbeat_use_polling", True, []),
        ("namespace_with_ipsets", "namespace_with_ipsets", True, []),
        ("", "net_namespace_ipvs", None, []),
        ("net_namespace_ipvs", "net_namespace_ipvs", "", []),
        ("net_namespace_ipvs a", "net_namespace_ipvs", "a", []),
        (
            "net_namespace_ipvs a\nnet_namespace_ipvs b",
            "net_namespace_ipvs",
            "a",
            [("given-twice", 5)],
        ),
    ],
)
def test_words_of_the_top_level(
    read: Read, text: str, field: str, value: object, problems: list[tuple[str, int]]
) -> None:
    result, found = said(read, text)
    assert (getattr(result.config.global_defs, field), found) == (value, problems)
