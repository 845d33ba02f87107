"""The command line: keepalived's flags, read the way getopt_long(3) reads them.

Written by hand because no standard module fits: `getopt` has no optional arguments before
Python 3.14, `argparse` costs 1.4 MB in a process that lives for ever and takes abbreviations and
errors differently. Source: keepalived(8), and keepalived 2.2.7 where that is silent.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from .version import version_text

__all__ = ["DEFAULT_CONFIGURATION", "SIGNALS", "Answer", "Options", "parse", "usage"]

DEFAULT_CONFIGURATION = "/etc/keepalived/keepalived.conf"

_FACILITIES = {"user": 1, "daemon": 3} | {f"local{n}": 16 + n for n in range(8)}

SIGNALS: dict[str, int] = {
    "STOP": signal.SIGTERM,
    "RELOAD": signal.SIGHUP,
    "DATA": signal.SIGUSR1,
    "STATS": signal.SIGUSR2,
    "STATS_CLEAR": signal.SIGRTMAX - 1,
    "JSON": signal.SIGRTMIN + 2,
}
"""What each function's signal is here; the last two depend on the C library."""


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, understood. None: not given; the configuration or a default decides."""

    program: str = "keepalived"
    """Name it was started as."""
    arguments: tuple[str, ...] = ()
    configuration: str = DEFAULT_CONFIGURATION
    config_id: str | None = None
    namespace: str | None = None
    """Network namespace; once the daemon runs "" is the one it was started in."""
    run_vrrp: bool = True
    run_checkers: bool = True
    run_bfd: bool = True
    run_all: bool = False
    """Start every child, also one without configuration."""
    foreground: bool = False
    respawn: bool = True
    release_addresses: bool = True
    """Remove addresses at stop."""
    release_ipvs: bool = True
    ignore_sigint: bool = False
    umask: int | None = None
    core_dump: bool = False
    core_pattern: str | None = None
    """For /proc/sys/kernel/core_pattern; empty: the default."""
    strict_includes: bool = False
    """As with `include_check` in front of the configuration."""
    dump_configuration: bool = False
    """Log every configuration that was read."""
    log_console: bool = False
    log_detail: int = 0
    log_facility: int = _FACILITIES["daemon"]
    """Number of the syslog facility, not shifted."""
    log_file: str | None = None
    """Name of the parent's, empty for the default; the children's are made from it."""
    log_addresses: bool = False
    syslog: bool = True
    pid_file: str | None = None
    vrrp_pid_file: str | None = None
    checkers_pid_file: str | None = None
    bfd_pid_file: str | None = None
    ident_suffix: str = ""
    """Behind the name in syslog; known with the configuration."""
    test: bool = False
    test_log: str | None = None
    words: tuple[str, ...] = ()
    """Stray positional words: they change nothing."""
    not_acted_on: tuple[str, ...] = ()
    """Flags that were given and have no effect yet, as written in the manual."""
    complaints: tuple[str, ...] = ()
    """Values that were not understood and left at their default, as keepalived does."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A command line that is answered at once: print `text`, exit with `code`."""

    text: str
    code: int
    to_stdout: bool = False


Values = dict[str, Any]
Effect = Callable[[Values, str], "Answer | None"]


def _set(**fields: object) -> Effect:
    def effect(values: Values, argument: str) -> None:
        values.update(fields)

    return effect


def _store(field: str) -> Effect:
    def effect(values: Values, argument: str) -> None:
        values[field] = argument

    return effect


def _later(name: str) -> Effect:
    def effect(values: Values, argument: str) -> None:
        values["not_acted_on"] = (*values.get("not_acted_on", ()), name)

    return effect


def _complain(values: Values, text: str) -> None:
    values["complaints"] = (*values.get("complaints", ()), text)


def _detail(values: Values, argument: str) -> None:
    values["log_detail"] = values.get("log_detail", 0) + 1


def _facility(values: Values, argument: str) -> None:
    name = f"local{argument}" if argument in tuple("01234567") else argument
    if name in _FACILITIES:
        values["log_facility"] = _FACILITIES[name]
    else:
        _complain(values, f"Invalid log facility '{argument}'")


def _umask(values: Values, argument: str) -> None:
    try:
        # strtol(3) with base 0: 022, 18 and 0x12 are the same mask.
        octal = argument.startswith("0") and argument.isdigit()
        mask = int(argument, 8 if octal else 0)
    except ValueError:
        mask = -1
    if 0 <= mask <= 0o777:
        values["umask"] = mask
    else:
        _complain(values, f"Invalid --umask option {argument}")


def _core_pattern(values: Values, argument: str) -> None:
    values["core_dump"] = True
    values["core_pattern"] = argument


def _test(values: Values, argument: str) -> None:
    values["test"] = True
    values["test_log"] = argument or None


def _signum(values: Values, argument: str) -> Answer:
    number = SIGNALS.get(argument)
    if number is None:
        known = " ".join(SIGNALS)
        return Answer(f"Unknown sigfunc {argument}; known are {known}\n", 1)
    return Answer(f"{int(number)}\n", 0, to_stdout=True)


def _genhash(values: Values, argument: str) -> Answer:  # quirk: no-genhash
    return Answer("genhash mode is not part of this program yet; use keepalived's genhash\n", 1)


def _version(values: Values, argument: str) -> Answer:
    return Answer(version_text(), 0)


def _help(values: Values, argument: str) -> Answer:
    return Answer(usage(values["program"]), 0)


class _Flag(NamedTuple):
    short: str
    long: str
    metavar: str
    """Empty: no argument; in brackets: optional, glued on."""
    effect: Effect
    help: str


_FLAGS = (
    _Flag("f", "use-file", "FILE", _store("configuration"), "Use the specified configuration file"),
    _Flag("P", "vrrp", "", _set(run_checkers=False), "Only run the VRRP subsystem"),
    _Flag("C", "check", "", _set(run_vrrp=False), "Only run the health checker"),
    _Flag("B", "no_bfd", "", _set(run_bfd=False), "Don't run the BFD subsystem"),
    _Flag("", "all", "", _set(run_all=True), "Start children even when they have no configuration"),
    _Flag("l", "log-console", "", _set(log_console=True), "Log to the console (stderr) too"),
    _Flag("D", "log-detail", "", _detail, "Detailed log; twice: more"),
    _Flag("S", "log-facility", "FACILITY", _facility, "Syslog facility: 0-7, local0-7, user, daemon"),
    _Flag("g", "log-file", "[FILE]", _store("log_file"), "Log to files too; default: keepalived.log in $TMPDIR or /tmp"),
    _Flag("", "flush-log-file", "", _set(), "Write each line at once, as is always done here"),
    _Flag("G", "no-syslog", "", _set(syslog=False), "Don't log to syslog"),
    _Flag("u", "umask", "MASK", _umask, "umask for files that are made"),
    _Flag("X", "release-vips", "", _set(), "Release addresses whenever they are left, as is always done here"),
    _Flag("V", "dont-release-vrrp", "", _set(release_addresses=False), "Leave addresses and routes at stop"),
    _Flag("I", "dont-release-ipvs", "", _set(release_ipvs=False), "Leave the IPVS table at stop"),
    _Flag("R", "dont-respawn", "", _set(respawn=False), "A dying child ends the daemon"),
    _Flag("n", "dont-fork", "", _set(foreground=True), "Stay in the foreground"),
    _Flag("d", "dump-conf", "", _set(dump_configuration=True), "Log the parsed configuration"),
    _Flag("p", "pid", "FILE", _store("pid_file"), "PID file of the parent process"),
    _Flag("r", "vrrp_pid", "FILE", _store("vrrp_pid_file"), "PID file of the VRRP process"),
    _Flag("c", "checkers_pid", "FILE", _store("checkers_pid_file"), "PID file of the health checker"),
    _Flag("b", "bfd_pid", "FILE", _store("bfd_pid_file"), "PID file of the BFD process"),
    _Flag("a", "address-monitoring", "", _set(log_addresses=True), "Log each address that comes or goes"),
    _Flag("x", "snmp", "", _later("--snmp"), "SNMP (not acted on yet)"),
    _Flag("A", "snmp-agent-socket", "ADDR", _later("--snmp-agent-socket"), "SNMP agent (not acted on yet)"),
    _Flag("s", "namespace", "NAME", _store("namespace"), "Run in this network namespace"),
    _Flag("m", "core-dump", "", _set(core_dump=True), "Allow core files"),
    _Flag("M", "core-dump-pattern", "[PATTERN]", _core_pattern, "And set core_pattern while it runs; default: core"),
    _Flag("e", "all-config", "", _set(strict_includes=True), "Every include must be found and readable"),
    _Flag("i", "config-id", "ID", _store("config_id"), "ID for lines that start with @ID; default: the node name"),
    _Flag("", "signum", "FUNCTION", _signum, "Print the signal for STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON"),
    _Flag("t", "config-test", "[LOG]", _test, "Check the configuration, list its problems, exit"),
    _Flag("", "config-fd", "N", _later("--config-fd"), "Internal to keepalived, without effect"),
    _Flag("", "ignore-sigint", "", _set(ignore_sigint=True), "Ignore SIGINT"),
    _Flag("", "perf", "[WHEN]", _later("--perf"), "Special builds of keepalived, without effect"),
    _Flag("", "debug", "[WORDS]", _later("--debug"), "Special builds of keepalived, without effect"),
    _Flag("", "no-mem-check", "", _later("--no-mem-check"), "Special builds of keepalived, without effect"),
    _Flag("T", "genhash", "", _genhash, "keepalived's genhash (not part of this program yet)"),
    _Flag("v", "version", "", _version, "Print the version"),
    _Flag("h", "help", "", _help, "Print this"),
)  # fmt: skip

_SHORT = {flag.short: flag for flag in _FLAGS if flag.short}
_LONG = {flag.long: flag for flag in _FLAGS}


def usage(program: str) -> str:
    """The help text."""
    rows = [f"Usage: {program} [OPTION...]"]
    for flag in _FLAGS:
        short = f"-{flag.short}," if flag.short else "   "
        equals = flag.metavar.replace("[", "[=") if "[" in flag.metavar else f"={flag.metavar}"
        names = f"  {short} --{flag.long}{equals if flag.metavar else ''}"
        rows.append(
            f"{names:<32} {flag.help}" if len(names) < 32 else f"{names}\n{'':33}{flag.help}"
        )
    rows.append(f"\nThe default configuration is {DEFAULT_CONFIGURATION}.")
    rows.append(
        "Signals: HUP reloads, USR1 and USR2 dump, TERM and INT stop. Tools: pyvrrpctl --help"
    )
    return "\n".join(rows) + "\n"


class _Unusable(Exception):
    """One option that cannot be understood; its text is the answer."""


def parse(argv: list[str]) -> Options | Answer:
    """Understand a whole command line, `argv[0]` included.

    As in keepalived a later `--version` or `--help` still answers after an unknown option, and
    every bad option is named before the exit with code 1.
    """
    values: Values = {"program": argv[0].rpartition("/")[2], "arguments": tuple(argv[1:])}
    words: list[str] = []
    wrong: list[str] = []
    for item in _items(list(argv[1:]), words):
        if isinstance(item, _Unusable):
            wrong.append(f"{item}\n")
            continue
        flag, argument = item
        answer = flag.effect(values, argument)
        if answer is not None:
            return Answer("".join(wrong) + answer.text, answer.code, answer.to_stdout)
    if wrong:
        hint = f"Try '{values['program']} --help'.\n"
        return Answer("".join(wrong) + hint, 1)
    return Options(**values, words=tuple(words))


def _items(rest: list[str], words: list[str]) -> Iterator[tuple[_Flag, str] | _Unusable]:
    """Flags in order, with their arguments; positional words go to `words`. Consumes `rest`."""
    while rest:
        word = rest.pop(0)
        if word == "--":
            words += rest
            return
        try:
            if word.startswith("--"):
                yield _long(word, rest)
            elif word.startswith("-") and word != "-":
                yield from _cluster(word, rest)
            else:
                words.append(word)
        except _Unusable as problem:
            yield problem


def _long(word: str, rest: list[str]) -> tuple[_Flag, str]:
    name, equals, argument = word[2:].partition("=")
    # Any beginning that only one option has will do, as with getopt_long(3).
    candidates = [flag for flag in _FLAGS if flag.long.startswith(name)]
    flag = _LONG.get(name) or (candidates[0] if len(candidates) == 1 else None)
    if flag is None and candidates:
        meant = ", ".join(f"--{candidate.long}" for candidate in candidates)
        raise _Unusable(f"Unknown option {word}: it could be {meant}")
    if flag is None:
        raise _Unusable(f"Unknown option {word}")
    if not flag.metavar and equals:
        raise _Unusable(f"Unknown option {word}: --{flag.long} takes no value")
    if equals or not flag.metavar or flag.metavar.startswith("["):
        return flag, argument
    return flag, _next(f"--{flag.long}", rest)


def _cluster(word: str, rest: list[str]) -> Iterator[tuple[_Flag, str] | _Unusable]:
    for position, letter in enumerate(word[1:], start=2):
        flag = _SHORT.get(letter)
        if flag is None:
            yield _Unusable(f"Unknown option -{letter}")
            continue
        if not flag.metavar:
            yield flag, ""
            continue
        glued = word[position:]
        optional = flag.metavar.startswith("[")
        yield flag, glued if glued or optional else _next(f"-{letter}", rest)
        return


def _next(option: str, rest: list[str]) -> str:
    if not rest:
        raise _Unusable(f"Missing parameter for option {option}")
    return rest.pop(0)
