"""What both programs go through. Where they differ on purpose, the line and the reason stand here."""

from __future__ import annotations

import os
import signal

from tests.ipvs.parity.trial import Scenario, Server, Step, Stimulus, Trial

__all__ = ["DAEMONS", "SCENARIOS"]

_A, _B, _C, _D, _E = (f"10.1.0.{number}" for number in range(1, 6))


def _opened(*addresses: str) -> Stimulus:
    async def act(trial: Trial) -> None:
        for address in addresses:
            await trial.servers[address].open()

    return act


def _closed(*addresses: str) -> Stimulus:
    def act(trial: Trial) -> None:
        for address in addresses:
            trial.servers[address].close()

    return act


def _replying(**replies: object) -> Stimulus:
    """Other replies from now on: `a` is 10.1.0.1, and so on."""

    def act(trial: Trial) -> None:
        for letter, reply in replies.items():
            trial.servers[f"10.1.0.{ord(letter) - ord('a') + 1}"].reply = reply

    return act


def _written(**files: str | None) -> Stimulus:
    def act(trial: Trial) -> None:
        for name, text in files.items():
            trial.write(name, text)

    return act


def _reloaded(configuration: str) -> Stimulus:
    def act(trial: Trial) -> None:
        trial.configure(configuration)
        trial.daemon.configure()
        trial.daemon.process.signal(signal.SIGHUP)

    return act


def _killed(trial: Trial) -> None:
    os.kill(trial.daemon.checker(), signal.SIGKILL)


def _tcp(*addresses: str) -> tuple[Server, ...]:
    return tuple(Server(address) for address in addresses)


def _told(line: str) -> str:
    """As the recorder has it."""
    return repr(f"{line}\n")


_REVIVED = "A changed method puts dead servers back into the pool: a bug, in 2.4.3 too (quirk: method-revives)."
_LOST = (
    "Without its only server a service that gets another loses its quorum for a moment, "
    "and nothing ever tells that it is back (quirk: last-server-replaced)."
)
_END_TOLD = "2.2.7 tells nobody that a service was removed; 2.4.3 does (quirk: end-untold)."

_PROGRAMS = 1.2
"""s; a program's start takes so much of a slow machine that periods counted from it drift apart."""

DAEMONS: tuple[dict[str, tuple[tuple[str, ...], str]], ...] = (
    {
        "flushed": ((), "lvs_flush_on_stop"),
        "kept": (("-I",), ""),
        "killed": ((), ""),
    },
    {"common": ((), "")},
)
"""What runs at once, and after it: command line flags, and words of global_defs. Reloads and restarts
take so much of one processor that nothing else is in time beside them."""

SCENARIOS = {
    "quorum_hysteresis": Scenario(
        "quorum_hysteresis",
        _tcp(_A, _B, _C, _D, _E),
        steps=(
            Step("down to 3", 2.7, _closed(_D, _E), after=_D),
            Step("down to 2", 2.7, _closed(_C), after=_C),
            Step("down to 1", 2.7, _closed(_B), after=_B),
            Step("up to 3", 2.7, _opened(_B, _C), after=_B),
            Step("up to 4", 2.7, _opened(_D), after=_D),
        ),
    ),
    "tcp_basic": Scenario(
        "tcp_basic",
        _tcp(_A, _B),
        steps=(
            Step("a closed", 4.7, _closed(_A), after=_A),
            Step("a back", 2.7, _opened(_A), after=_A),
        ),
    ),
    "sorry_server": Scenario(
        "sorry_server",
        _tcp(_A, _B),
        steps=(
            Step("a closed", 2.7, _closed(_A), after=_A),
            Step("b closed", 2.7, _closed(_B), after=_B),
            Step("a back", 2.7, _opened(_A), after=_A),
            Step("b back", 2.7, _opened(_B), after=_B),
        ),
    ),
    "inhibit": Scenario(
        "inhibit",
        _tcp(_A, _B, _C),
        steps=(
            Step("a and b closed", 4.7, _closed(_A, _B), after=_A),
            Step("back", 2.7, _opened(_A, _B), after=_A),
        ),
    ),
    "alpha": Scenario(
        "alpha",
        (Server(_A, is_open=False), Server(_B)),
        steps=(Step("a appears", 2.7, _opened(_A), after=_A),),
    ),
    "reload_weights": Scenario(
        "reload_weights",
        _tcp(_A, _B, _C),
        daemon="kept",
        steps=(
            Step("c closed", 2.7, _closed(_C), after=_C),
            Step("reload", 4.7, _reloaded("reload_weights_changed"), after=_A, tolerance=5.0),
            Step("c back", 2.7, _opened(_C), after=_C),
        ),
    ),
    "reload_mixed": Scenario(
        "reload_mixed",
        (*_tcp(_A, _B, _C, _D), Server(_E, is_open=False)),
        daemon="flushed",
        steps=(
            Step("reload", 4.7, _reloaded("reload_mixed_changed"), after=_A, tolerance=5.0),
            Step("e opened", 2.7, _opened(_E), after=_E),
        ),
        known={
            "reload: keepalived: + [10.2.0.10]:tcp:80 > [10.1.0.5]:80 DIRECT_ROUTING w1": _REVIVED,
            "e opened: ours: + [10.2.0.10]:tcp:80 > [10.1.0.5]:80 DIRECT_ROUTING w1": _REVIVED,
            "reload: keepalived: script replaced down": _LOST,
            f"reload: keepalived: script FIFO {_told('VS [10.2.0.9]:tcp:80 DOWN')}": _LOST,
            "reload: ours: script removed down": _END_TOLD,
            f"reload: ours: script FIFO {_told('VS [10.2.0.3]:tcp:80 DOWN')}": _END_TOLD,
            f"reload: ours: script FIFO {_told('RS [10.1.0.1]:tcp:80 [10.2.0.3]:tcp:80 DOWN')}": (
                _END_TOLD
            ),
            "reload: ours: script 3a down": _END_TOLD,
        },
    ),
    "misc_basic": Scenario(
        "misc_basic",
        files=(("a", "0\n"), ("b", "0\n")),
        steps=(
            Step("both fail", 4.7, _written(a="1\n", b="7\n"), after="a", tolerance=_PROGRAMS),
            Step("good", 2.7, _written(a="0\n", b="0\n"), after="a", tolerance=_PROGRAMS),
        ),
    ),
    "http_status": Scenario(
        "http_status",
        (Server(_A, kind="http"), Server(_B, kind="http")),
        steps=(
            Step("a 204 b 302", 2.7, _replying(a=204, b=302), after=_A),
            Step("a 301", 3.7, _replying(a=301), after=_A),
            Step("b 500", 3.7, _replying(b=500), after=_B),
            Step("a good", 4.7, _replying(a=200), after=_A),
            Step("b good", 4.7, _replying(b=404), after=_B),
        ),
    ),
    "methods": Scenario("methods"),
    "group_ranges": Scenario(
        "group_ranges",
        (*_tcp(_A, _B), Server("fd01::1")),
        steps=(
            Step("a closed", 2.7, _closed(_A), after=_A),
            Step("a back", 2.7, _opened(_A), after=_A),
        ),
    ),
    "omega": Scenario("omega", (Server(_A), Server(_B, is_open=False))),
    "omega, flushed": Scenario("omega", (Server(_A), Server(_B, is_open=False)), daemon="flushed"),
    "table kept": Scenario("omega", (Server(_A), Server(_B, is_open=False)), daemon="kept"),
    "file_check": Scenario(
        "file_check",
        files=(("f0", "0\n"), ("f1", "0\n"), ("f2", "3\n")),
        steps=(
            Step("f0=1 f1=5 f2=-4", 1.2, _written(f0="1\n", f1="5\n", f2="-4\n")),
            Step("f1=-20 f2=junk", 1.2, _written(f1="-20\n", f2="junk\n")),
            Step("f1 lowest, f0=0", 1.2, _written(f1="-2147483648\n", f0="0\n")),
            Step("f1 removed", 1.2, _written(f1=None)),
            Step("f1=2 again", 1.2, _written(f1="2\n")),
        ),
    ),
    "udp_require_reply": Scenario(
        "udp_require_reply",
        (
            Server(_A, 99, "udp", reply=b"any"),
            Server(_B, 99, "udp", reply=bytes.fromhex("0a0b0c0d")),
            Server(_C, 99, "udp", reply=bytes.fromhex("0a0bff")),
            Server(_D, 99, "udp", reply=b"short"),
        ),
        steps=(
            Step("b wrong octet", 3.7, _replying(b=bytes.fromhex("0a0b0d")), after=_B),
            Step("c too long", 3.7, _replying(c=bytes.fromhex("0a0bffffff")), after=_C),
            Step("a silent", 6.7, _replying(a=None), after=_A),
            Step("a any", 2.7, _replying(a=b"x"), after=_A),
            Step("b wildcard", 2.7, _replying(b=bytes.fromhex("0aff0c")), after=_B),
        ),
    ),
    "dns_basic": Scenario(
        "dns_basic",
        (Server(_A, 53, "dns"), Server(_B, 53, "dns")),
        steps=(
            Step("a NXDOMAIN, b SERVFAIL", 6.4, _replying(a=3, b=2), after=_A),
            Step("good", 2.2, _replying(a=0, b=0), after=_B),
        ),
    ),
    "ssl_sni": Scenario(
        "ssl_sni",
        tuple(Server(address, 443, "https") for address in (_A, _B, _C, _D)),
        steps=(Step("b 404", 3.7, _replying(b=404), after=_A),),
    ),
    "smtp_basic": Scenario(
        "smtp_basic",
        (Server(_A, 25, "smtp"), Server(_B, 25, "smtp")),
        steps=(
            Step(
                "a banner 554, b HELO 501",
                3.7,
                _replying(a=("554 no", "250 x"), b=("220 here", "501 no")),
                after=_A,
            ),
            Step("a good", 2.7, _replying(a=None), after=_A),
            Step("b good", 2.7, _replying(b=None), after=_B),
        ),
    ),
    "checker killed": Scenario(
        "tcp_basic",
        (Server(_A), Server(_B, is_open=False)),
        daemon="killed",
        steps=(Step("SIGKILL", 6.0, _killed, after=_A, tolerance=5.0),),
    ),
}
