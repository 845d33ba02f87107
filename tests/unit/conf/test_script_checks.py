"""Scripts against a machine whose accounts and programs are known."""

from __future__ import annotations

import pytest

from pyvrrp.conf.load import load
from pyvrrp.conf.source import DictReader

SECURE = "global_defs {\nenable_script_security\nscript_user root\n}\n"
OPEN = "global_defs {\nscript_user root\n}\n"
INSTANCE = (
    "vrrp_instance a {{\ninterface eth0\nvirtual_router_id 1\n"
    "virtual_ipaddress {{\n192.0.2.1\n}}\n{}\n}}\n"
)
TRACK = INSTANCE.format("track_script {\ns\n}")


class Machine:
    """root, wheel and /safe, /weak are all there is."""

    def has_user(self, name: str) -> bool:
        return name == "root"

    def has_group(self, name: str) -> bool:
        return name == "wheel"

    def has_program(self, name: str) -> bool:
        return name in ("/safe", "/weak")

    def weakness(self, name: str, user: str | None) -> str:
        return "/weak belongs to user 7, not to root" if name == "/weak" else ""

    def key_problem(self, path: str) -> str:
        raise NotImplementedError

    def is_private(self, path: str) -> bool:
        raise NotImplementedError


def script(text: str) -> str:
    return f"vrrp_script s {{\n{text}\n}}\n"


ROWS = (
    (SECURE + script("script /safe") + TRACK, 0, ()),
    (
        SECURE + script("script /none") + TRACK,
        5,
        ("k.conf:6:8: error[no-program]: '/none' will not be run: there is no such program",),
    ),
    (
        SECURE + script("script /weak") + TRACK,
        5,
        (
            "k.conf:6:8: error[unsafe-script]: '/weak' will not be run: "
            "/weak belongs to user 7, not to root",
        ),
    ),
    (
        SECURE + script("script /safe\nuser root gang") + TRACK,
        5,
        (
            "k.conf:7:11: error[unknown-group]: there is no group 'gang' on this machine; "
            "nothing will be run as that",
        ),
    ),
    (SECURE + script("script /safe\nuser root :wheel") + TRACK, 0, ()),
    (
        SECURE + INSTANCE.format("notify /safe joe"),
        0,
        (
            "k.conf:11:14: warning[unknown-user]: there is no user 'joe' on this machine; "
            "nothing will be run as that",
        ),
    ),
    (
        SECURE + INSTANCE.format("notify /none"),
        0,
        ("k.conf:11:8: warning[no-program]: '/none' will not be run: there is no such program",),
    ),
    (
        "global_defs {\nenable_script_security\n}\n" + script("script /safe") + TRACK,
        5,
        (
            "k.conf:5:8: error[no-account]: '/safe' will not be run: nobody is named to run it, "
            "and there is no account keepalived_script",
        ),
    ),
    (
        OPEN + INSTANCE.format("notify /safe"),
        6,
        (
            "k.conf:10:8: warning[script-security]: "
            "scripts are run without enable_script_security",
        ),
    ),
    (OPEN + script("script </none") + TRACK, 0, ()),
)  # fmt: skip


@pytest.mark.parametrize(("text", "code", "said"), ROWS)
def test_scripts(text: str, code: int, said: tuple[str, ...]) -> None:
    loaded = load("k.conf", reader=DictReader({"k.conf": text}), environ={}, host=Machine())
    found = tuple(str(d) for d in loaded.diagnostics if d.id != "not-acted-on")
    assert (found, loaded.test_exit_code) == (said, code)
