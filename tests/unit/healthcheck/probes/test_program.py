"""MISC_CHECK with real programs; other users' where the test says root."""

import asyncio
import json
import os
import pwd
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

from healthcheck import probes
from healthcheck.core.model import MiscCheck, ProbeResult
from healthcheck.probes import process, program
from netnslab.residents import is_alive

DEADLINE = 10


@pytest.fixture
def directory():
    """One that other users reach, too."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def script(directory):
    """Makes an executable shell script of a few lines, and its check."""
    count = 0

    def make(text, *words, timeout=DEADLINE, shebang="#!/bin/sh\n", **settings):
        nonlocal count
        count += 1
        path = directory / f"script{count}"
        path.write_text(f"{shebang}{text}\n")
        path.chmod(0o755)
        return MiscCheck((str(path), *words), timeout, **settings)

    make.directory = directory
    return make


@pytest.fixture(autouse=True)
async def nothing_is_left():
    descriptors = names_in("/proc/self/fd")
    yield
    await program.wait_ended()
    assert not process._leaving
    assert children() == []
    # What another test left to the garbage collector may go meanwhile.
    assert names_in("/proc/self/fd") <= descriptors


def names_in(directory):
    return {path.name for path in Path(directory).iterdir()}


def children():
    text = "".join(p.read_text() for p in Path("/proc/self/task").glob("*/children"))
    return [int(word) for word in text.split()]


async def attempt(check):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    probes.start(check, loop, answer.set_result)
    return await asyncio.wait_for(answer, 2 * DEADLINE)


async def until(condition):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("text", "is_dynamic", "expected"),
    [
        pytest.param("exit 0", False, ProbeResult(True, "exit status 0"), id="0"),
        pytest.param("exit 1", False, ProbeResult(False, "exit status 1"), id="1"),
        pytest.param("exit 2", False, ProbeResult(False, "exit status 2"), id="2"),
        pytest.param(
            "exit 0",
            True,
            ProbeResult(True, "exit status 0", weight_offset=0),
            id="dynamic 0: the configured weight",
        ),
        pytest.param("exit 1", True, ProbeResult(False, "exit status 1"), id="dynamic 1"),
        pytest.param("exit 2", True, ProbeResult(True, "exit status 2", weight=0), id="dynamic 2"),
        pytest.param(
            "exit 255", True, ProbeResult(True, "exit status 255", weight=253), id="dynamic 255"
        ),
        pytest.param(
            "kill -SEGV $$", False, ProbeResult(False, "ended by signal 11"), id="a signal"
        ),
        pytest.param(
            "kill -KILL $$", True, ProbeResult(False, "ended by signal 9"), id="a signal, dynamic"
        ),
    ],
)
async def test_exit_status(script, text, is_dynamic, expected):
    assert await attempt(script(text, is_dynamic=is_dynamic)) == expected


async def test_its_words_are_its_arguments(script):
    check = script('[ "$#" = 2 ] && [ "$1" = "a b" ] && [ "$2" = "" ]', "a b", "")
    assert (await attempt(check)).is_success


async def test_without_an_interpreter_line_a_shell_runs_it(script):
    check = script('[ "$1" = word ] && exit 7', "word", shebang="")
    assert await attempt(check) == ProbeResult(False, "exit status 7")


async def test_what_cannot_be_run_is_failure(script):
    missing = MiscCheck((str(script.directory / "none"),), DEADLINE)
    assert await attempt(missing) == ProbeResult(False, "cannot run it: no such file or directory")
    directory = MiscCheck((str(script.directory),), DEADLINE)
    assert await attempt(directory) == ProbeResult(False, "cannot run it: permission denied")


async def test_a_word_no_program_can_have_is_no_verdict():
    result = await attempt(MiscCheck(("/bin/true", "a\0b"), DEADLINE))
    assert (result.is_success, result.is_verdict) == (False, False)


SURROUNDINGS = """
import json, os, sys
streams = {}
for number in os.listdir("/proc/self/fd"):
    try:
        streams[number] = os.readlink(f"/proc/self/fd/{number}")
    except FileNotFoundError:
        pass
ids = [os.getpid() == number for number in (os.getpgrp(), os.getsid(0))]
with open(sys.argv[1], "w") as out:
    json.dump([streams, dict(os.environ), ids], out)
"""


async def test_its_surroundings(script, monkeypatch):
    """Own session and group, null device, no descriptor of ours, no dangerous variable."""
    for name in ("IFS", "LD_PRELOAD", "LD_LIBRARY_PATH"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("KEPT", "yes")
    out = script.directory / "out"
    check = script(SURROUNDINGS, str(out), shebang=f"#!{sys.executable}\n")
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    try:
        assert await attempt(check) == ProbeResult(True, "exit status 0")
    finally:
        os.close(read_end)
        os.close(write_end)
    streams, environment, ids = json.loads(out.read_text())
    assert streams == dict.fromkeys("012", "/dev/null")
    assert environment["KEPT"] == "yes"
    assert not environment.keys() & {"IFS", "LD_PRELOAD", "LD_LIBRARY_PATH"}
    assert ids == [True, True]


async def test_no_thread_is_involved(script):
    before = names_in("/proc/self/task")
    assert (await attempt(script("exit 0"))).is_success
    assert names_in("/proc/self/task") <= before


async def test_too_long_is_failure_and_term_ends_it(script):
    marker = script.directory / "termed"
    check = script(
        f"trap 'echo > {marker}; exit 0' TERM; sleep 60 & wait", timeout=0.2, is_dynamic=True
    )
    begin = time.monotonic()
    assert await attempt(check) == ProbeResult(False, "not finished within 0.2 s")
    assert time.monotonic() - begin < 1.5
    assert marker.exists()


@pytest.fixture
def short_grace(monkeypatch):
    monkeypatch.setattr(program, "GRACE", 0.2)
    monkeypatch.setattr(process, "GRACE", 0.2)


# Itself and a grandchild ignore TERM; each tells its number first.
STUBBORN = """trap '' TERM
sh -c 'echo $$ >{0}/grandchild.new; mv {0}/grandchild.new {0}/grandchild; while :; do sleep 60; done' &
echo $$ >{0}/child.new; mv {0}/child.new {0}/child
while :; do sleep 60; done"""


def pid_in(path):
    return int(path.read_text())


async def test_a_group_that_ignores_term_is_killed_whole(script, short_grace):
    check = script(STUBBORN.format(script.directory), timeout=0.3)
    assert await attempt(check) == ProbeResult(False, "not finished within 0.3 s")
    assert not is_alive(pid_in(script.directory / "child"))
    await until(lambda: not is_alive(pid_in(script.directory / "grandchild")))


async def test_a_grandchild_that_ignores_term_goes_with_a_child_that_does_not(script):
    text = """sh -c 'trap "" TERM; echo $$ >{0}/new; mv {0}/new {0}/pid; while :; do sleep 60; done' &
wait"""
    check = script(text.format(script.directory), timeout=0.3)
    assert await attempt(check) == ProbeResult(False, "not finished within 0.3 s")
    await until(lambda: not is_alive(pid_in(script.directory / "pid")))


async def test_what_a_good_run_leaves_in_the_background_is_let_be(script):
    check = script(f"sleep 60 & echo $! >{script.directory}/pid; exit 0")
    assert await attempt(check) == ProbeResult(True, "exit status 0")
    pid = pid_in(script.directory / "pid")
    assert is_alive(pid)
    os.kill(pid, signal.SIGKILL)


async def test_a_bomb_of_forks_is_ended(script, short_grace):
    text = """bomb() { [ $1 = 0 ] || { bomb $(($1 - 1)) & bomb $(($1 - 1)) & }; while :; do sleep 60; done; }
trap '' TERM
bomb 5"""
    assert not (await attempt(script(text, timeout=0.5))).is_success
    marks = str(script.directory).encode()
    await until(lambda: not any(marks in line for line in command_lines()))


def command_lines():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue


async def test_endless_output_costs_nothing(script):
    assert await attempt(script("exec head -c 30000000 /dev/zero")) == ProbeResult(
        True, "exit status 0"
    )


async def test_cancelled_the_group_ends_and_nothing_is_said(script, short_grace):
    check = script(STUBBORN.format(script.directory))
    said = []
    running = probes.start(check, asyncio.get_running_loop(), said.append)
    grandchild = script.directory / "grandchild"
    await until((script.directory / "child").exists)
    await until(grandchild.exists)
    running.cancel()
    await asyncio.sleep(0)  # the task hears of it
    await program.wait_ended()
    assert not is_alive(pid_in(script.directory / "child"))
    await until(lambda: not is_alive(pid_in(grandchild)))
    assert said == []


async def test_once_it_is_reaped_nobody_is_signalled_any_more(script, monkeypatch):
    """The number may be somebody else's by then."""
    monkeypatch.setattr(program, "GRACE", 0.05)
    monkeypatch.setattr(process, "GRACE", 0.05)
    ready = script.directory / "ready"
    check = script(f"echo >{ready}; exec sleep 60")
    running = probes.start(check, asyncio.get_running_loop(), lambda _: None)
    await until(ready.exists)
    running.cancel()
    await asyncio.sleep(0)  # the task hears of it
    await program.wait_ended()
    await asyncio.sleep(0)  # it is reaped
    signalled = []
    monkeypatch.setattr(os, "killpg", lambda *of: signalled.append(of))
    assert (await attempt(script("exec sleep 0.15"))).is_success
    assert signalled == []


async def test_cancelled_after_it_ended_leaves_no_zombie(script):
    check = script(
        f"echo $$ >{script.directory}/new; mv {script.directory}/new {script.directory}/pid"
    )
    said = []
    running = probes.start(check, asyncio.get_running_loop(), said.append)
    await asyncio.sleep(0)  # the task starts it
    while not (script.directory / "pid").exists() or is_alive(pid_in(script.directory / "pid")):
        time.sleep(0.005)  # noqa: ASYNC251 - the loop may not see the end
    running.cancel()
    await until(lambda: children() == [])
    assert said == []


async def test_a_status_taken_by_somebody_else_is_no_verdict(script):
    fifo = script.directory / "fifo"
    os.mkfifo(fifo)
    running = asyncio.ensure_future(attempt(script(f"read line <{fifo}")))
    await until(lambda: children() != [])
    [pid] = children()
    with fifo.open("w") as gate:
        gate.write("go\n")
    os.waitpid(pid, 0)  # noqa: ASYNC222 - before the loop sees it
    assert await running == ProbeResult(False, "exit status lost", is_verdict=False)


@pytest.mark.parametrize(
    ("user", "group", "detail"),
    [
        ("no-such-user", None, "there is no user no-such-user"),
        ("root", "no-such-group", "there is no group no-such-group"),
        ("4000000", None, "user 4000000 has no primary group; name one"),
        ("4000000", ":0", "user 4000000 has no account, so no groups"),
        ("99999999999", None, "there is no user 99999999999"),
    ],
)
async def test_a_user_that_is_not_here_is_no_verdict(user, group, detail):
    check = MiscCheck(("/bin/true",), DEADLINE, user=user, group=group)
    assert await attempt(check) == ProbeResult(False, detail, is_verdict=False)


async def test_ourselves_by_name_need_no_privilege():
    me = pwd.getpwuid(os.geteuid()).pw_name
    identity = process._identity(me, str(os.getegid()))
    assert identity == (None, None, None)


@pytest.mark.root
@pytest.mark.parametrize(
    ("user", "group", "expected"),
    [
        pytest.param("nobody", None, "65534 65534 65534", id="user"),
        pytest.param("65534", None, "65534 65534 65534", id="number"),
        pytest.param("nobody", "daemon", "65534 1 1", id="group"),
        pytest.param("4000000", "4000001", "4000000 4000001 4000001", id="without account"),
        pytest.param(None, "daemon", "0 1 1", id="group alone"),
        pytest.param("nobody", ":", "65534 65534 65534", id="with supplementary groups"),
        pytest.param("nobody", ":daemon", "65534 1 1", id="group, with supplementary groups"),
    ],
)
async def test_another_user(script, user, group, expected):
    out = script.directory / "out"
    out.touch()
    out.chmod(0o666)
    check = script(f'echo "$(id -u) $(id -g) $(id -G)" >{out}', user=user, group=group)
    ours = os.getgroups()
    os.setgroups([7])
    try:
        assert await attempt(check) == ProbeResult(True, "exit status 0")
    finally:
        os.setgroups(ours)
    assert out.read_text() == f"{expected}\n"


@pytest.mark.root
async def test_supplementary_groups_are_the_accounts(script, monkeypatch):
    monkeypatch.setattr(process.os, "getgrouplist", lambda name, gid: [gid, 2, 3])
    process._identity.cache_clear()
    out = script.directory / "out"
    out.touch()
    out.chmod(0o666)
    check = script(f"id -G >{out}", user="nobody", group=":1")
    assert (await attempt(check)).is_success
    process._identity.cache_clear()
    assert out.read_text() == "1 2 3\n"


@pytest.mark.root
async def test_not_permitted_to_become_the_user_is_no_verdict(script):
    check = script("exit 0", user="daemon")
    os.setegid(1)
    os.seteuid(65534)
    try:
        result = await attempt(check)
    finally:
        os.seteuid(0)
        os.setegid(0)
    assert result == ProbeResult(False, "cannot run it: operation not permitted", is_verdict=False)


async def test_no_free_descriptor_is_no_verdict(script, monkeypatch):
    def refuse(*_):
        raise OSError(24, "Too many open files")

    check = script("exit 0")
    with monkeypatch.context() as patched:
        patched.setattr(os, "pidfd_open", refuse)
        assert await attempt(check) == ProbeResult(
            False, "cannot watch it: too many open files", is_verdict=False
        )
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    for free in (0, 1, 2):
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free + free, hard))
        try:
            result = await attempt(check)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert result == ProbeResult(False, "cannot run it: too many open files", is_verdict=False)


async def test_one_that_hangs_in_the_kernel_does_not_hold_its_check(script, monkeypatch):
    """As if KILL had no effect."""
    monkeypatch.setattr(program, "GRACE", 0.05)
    monkeypatch.setattr(process, "GRACE", 0.05)
    monkeypatch.setattr(program, "DYING", 0.05)
    real, sent = os.killpg, []
    monkeypatch.setattr(os, "killpg", lambda pid, number: sent.append((pid, number)))
    check = script("exec sleep 60", timeout=0.05)
    assert await attempt(check) == ProbeResult(False, "not finished within 0.05 s")
    assert [number for _, number in sent[:2]] == [signal.SIGTERM, signal.SIGKILL]
    assert len(process._leaving) == 1
    real(sent[0][0], signal.SIGKILL)


async def test_many_at_once(script):
    check = script("exit 3", is_dynamic=True)
    results = await asyncio.gather(*(attempt(check) for _ in range(40)))
    assert results == [ProbeResult(True, "exit status 3", weight=1)] * 40
