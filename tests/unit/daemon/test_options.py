"""Expected meanings: keepalived(8) and what keepalived 2.2.7 did with the same words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.daemon.options import Answer, Options, parse, usage


def parsed(*words: str) -> Options:
    options = parse(["/usr/sbin/keepalived", *words])
    assert isinstance(options, Options)
    return options


def answered(*words: str) -> Answer:
    answer = parse(["keepalived", *words])
    assert isinstance(answer, Answer)
    return answer


def test_nothing_given():
    options = parsed()
    assert options == Options(program="keepalived")
    assert options.configuration == "/etc/keepalived/keepalived.conf"
    assert not options.foreground
    assert options.syslog
    assert options.log_facility == 3
    assert options.respawn
    assert options.release_addresses


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        pytest.param(["-f", "a.conf"], "configuration", "a.conf", id="separate"),
        pytest.param(["-fa.conf"], "configuration", "a.conf", id="glued"),
        pytest.param(["--use-file=a.conf"], "configuration", "a.conf", id="long equals"),
        pytest.param(["--use-file", "a.conf"], "configuration", "a.conf", id="long separate"),
        pytest.param(["--use-fi", "a.conf"], "configuration", "a.conf", id="abbreviated"),
        pytest.param(["-f", "-x"], "configuration", "-x", id="argument like a flag"),
        pytest.param(["-nf", "a.conf"], "configuration", "a.conf", id="end of a cluster"),
        pytest.param(["-n"], "foreground", True, id="-n"),
        pytest.param(["--dont-fork"], "foreground", True, id="--dont-fork"),
        pytest.param(["-lnD"], "foreground", True, id="cluster"),
        pytest.param(["-l"], "log_console", True, id="-l"),
        pytest.param(["-D"], "log_detail", 1, id="-D"),
        pytest.param(["-DD"], "log_detail", 2, id="-DD"),
        pytest.param(["-D", "--log-detail"], "log_detail", 2, id="-D --log-detail"),
        pytest.param(["-G"], "syslog", False, id="-G"),
        pytest.param(["-P"], "run_checkers", False, id="-P"),
        pytest.param(["-C"], "run_vrrp", False, id="-C"),
        pytest.param(["--all"], "run_all", True, id="--all is whole, not a beginning"),
        pytest.param(["-p", "x"], "pid_file", "x", id="-p"),
        pytest.param(["--pid=x"], "pid_file", "x", id="--pid"),
        pytest.param(["-r", "x"], "vrrp_pid_file", "x", id="-r"),
        pytest.param(["--vrrp_pid=x"], "vrrp_pid_file", "x", id="--vrrp_pid"),
        pytest.param(["-c", "x"], "checkers_pid_file", "x", id="-c"),
        pytest.param(["-b", "x"], "bfd_pid_file", "x", id="-b"),
        pytest.param(["-d"], "dump_configuration", True, id="-d"),
        pytest.param(["-i", "left"], "config_id", "left", id="-i"),
        pytest.param(["-s", "blue"], "namespace", "blue", id="-s"),
        pytest.param(["-R"], "respawn", False, id="-R"),
        pytest.param(["-V"], "release_addresses", False, id="-V"),
        pytest.param(["-I"], "release_ipvs", False, id="-I"),
        pytest.param(["-S", "2"], "log_facility", 18, id="-S digit"),
        pytest.param(["-S", "local7"], "log_facility", 23, id="-S name"),
        pytest.param(["-S", "user"], "log_facility", 1, id="-S user"),
        pytest.param(["-u", "022"], "umask", 0o22, id="octal"),
        pytest.param(["-u", "18"], "umask", 0o22, id="decimal"),
        pytest.param(["-u", "0x12"], "umask", 0o22, id="hexadecimal"),
        pytest.param(["-t"], "test", True, id="-t"),
        pytest.param(["-tLOG"], "test_log", "LOG", id="-tLOG"),
        pytest.param(["--config-test=LOG"], "test_log", "LOG", id="--config-test=LOG"),
        pytest.param(["-lt"], "test_log", None, id="-t at the end of a cluster"),
        pytest.param(["--ignore-sigint"], "ignore_sigint", True, id="--ignore-sigint"),
        pytest.param(["a", "-n", "b"], "words", ("a", "b"), id="stray words"),
        pytest.param(["--", "-n"], "words", ("-n",), id="after --"),
        pytest.param(["-d", "-x"], "not_acted_on", ("--snmp",), id="later"),
        pytest.param(["-M"], "core_pattern", "", id="pattern of core files"),
        pytest.param(["-M/x"], "core_dump", True, id="pattern brings core files"),
        pytest.param(["-g"], "log_file", "", id="log file"),
        pytest.param(["--log-file=/x"], "log_file", "/x", id="log file, named"),
        pytest.param(["-a"], "log_addresses", True, id="addresses"),
        pytest.param(["-e"], "strict_includes", True, id="includes"),
    ],
)
def test_meaning(words: list[str], field: str, value: object):
    assert getattr(parsed(*words), field) == value


def test_test_takes_no_separate_word():
    options = parsed("-t", "LOG")
    assert (options.test, options.test_log, options.words) == (True, None, ("LOG",))


def test_bad_values_are_named_and_left_at_their_default():
    options = parsed("-S", "9", "-u", "0999")
    assert options.complaints == ("Invalid log facility '9'", "Invalid --umask option 0999")
    assert (options.log_facility, options.umask) == (3, None)


@pytest.mark.parametrize(
    ("words", "first_line"),
    [
        pytest.param(["-Z"], "Unknown option -Z", id="short"),
        pytest.param(["-nZ"], "Unknown option -Z", id="in a cluster"),
        pytest.param(["--bogus=3"], "Unknown option --bogus=3", id="long"),
        pytest.param(["--no"], "Unknown option --no: it could be", id="ambiguous"),
        pytest.param(["--vrrp=3"], "Unknown option --vrrp=3", id="value for a flag"),
        pytest.param(["-f"], "Missing parameter for option -f", id="short without argument"),
        pytest.param(["--pid"], "Missing parameter for option --pid", id="long without argument"),
    ],
)
def test_unusable(words: list[str], first_line: str):
    answer = answered(*words)
    assert answer.text.startswith(first_line)
    assert (answer.code, answer.to_stdout) == (1, False)


def test_every_bad_option_is_named():
    assert answered("-Z", "--bogus", "-p").text.splitlines()[:3] == [
        "Unknown option -Z",
        "Unknown option --bogus",
        "Missing parameter for option -p",
    ]


@pytest.mark.parametrize(
    ("name", "number"),
    [("STOP", 15), ("RELOAD", 1), ("DATA", 10), ("STATS", 12), ("STATS_CLEAR", 63), ("JSON", 36)],
)
def test_signum(name: str, number: int):
    assert answered("--signum", name) == Answer(f"{number}\n", 0, to_stdout=True)


def test_unknown_signum():
    answer = answered("--signum=TDUMP")
    assert answer.code == 1
    assert answer.text.startswith("Unknown sigfunc TDUMP")


def test_version_answers_even_after_an_unknown_option():
    answer = answered("-Z", "-v", "-p")
    assert answer.code == 0
    assert answer.text.splitlines()[:2] == [
        "Unknown option -Z",
        "Keepalived v2.4.3 (pyvrrp 0.1.0)",
    ]


def test_help_names_every_flag():
    answer = answered("-h")
    assert (answer.code, answer.to_stdout) == (0, False)
    assert answer.text == usage("keepalived")
    shown = answer.text
    for short in "fPCBlDSgGuXVIRndprcbaxAsmMeitTvh":
        assert f"\n  -{short}, --" in shown
    assert max(map(len, shown.splitlines())) <= 110


_WORD = st.one_of(
    st.text(max_size=12),
    st.text("-=fnlDGPprcbtvhiSuTs", max_size=6),
    st.sampled_from(["--signum", "--use-file=", "--log-file", "-t", "--", "-", "--umask=09"]),
)


@given(st.lists(_WORD, max_size=6))
def test_any_command_line_is_answered(words: list[str]):
    assert isinstance(parse(["keepalived", *words]), Options | Answer)
