"""The parent with children and a loader that do as they are told: real forks, signals and files.

The "configuration" is one line of words. `unusable`, `hang`, `slow`, `crash`, `idle` are for the
loader, `marked` for the parent, `exit=N`, `stubborn`, `refuse`, `mute`, `ask`, `tell`, `late`, `silent`, `want` for the VRRP child, which notes what
happens to it in a file; `social` notes what the other child says over the link between them. The words after a `|` are for the checker child, which exists where there
is a `|`; its notes begin with one. It also knows `missing`: it says that it cannot work here.
With `startup` and `shutdown` there are such scripts, which make a note; with `broken` they fail,
with `patient` they wait for the file "go", with `endless` they do not end within their half second.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_SCRIPT = """
import os, select, signal, socket, sys, time
from pathlib import Path
from pyvrrp.daemon import handoff, log, processes
from pyvrrp.daemon.parent import dumps, loader, supervisor
from pyvrrp.daemon.parent.child import ChildKind
from pyvrrp.daemon.notices.commands import Command
from pyvrrp.daemon.parent.life_scripts import LifeScript
from pyvrrp.daemon.options import parse
from pyvrrp.daemon.parent.settings import ParentSettings

NOTES = Path(sys.argv[1])

def read(options, settings, is_start):
    words = Path(options.configuration).read_text().strip()
    if "crash" in words:
        os.abort()
    while "hang" in words:
        time.sleep(1)
    if "slow" in words:
        print("reading", file=sys.stderr, flush=True)
    while "slow" in words and not NOTES.with_name("go").exists():
        time.sleep(0.01)
    if "unusable" in words:
        return loader.Verdict(False, 2, problems=3), None
    os.write(settings, words.encode())
    verdict = loader.Verdict(
        True,
        needs_vrrp=options.run_vrrp and "idle" not in words,
        needs_checkers=options.run_checkers and "|" in words,
        child_wait_time=0.5,
        journal_during=b"during " + words.encode(),
        journal_after=b"after " + words.encode(),
        parent=ParentSettings("renamed", str(NOTES.with_name("marker")))
        if "marked" in words
        else ParentSettings(),
        startup_script=life_script("startup", words),
        shutdown_script=life_script("shutdown", words),
    )
    return verdict, "config of " + words

def life_script(what, words):
    if what not in words:
        return None
    end = f"exit {words.count('broken')}"
    if "patient" in words:
        end = f"while [ ! -e {NOTES.with_name('go')} ]; do sleep 0.01; done"
    if "endless" in words:
        end = "sleep 100"
    text = f"echo {what} begins >> {NOTES}; {end}"
    return LifeScript(Command(("/bin/sh", "-c", text)), 0.5 if "endless" in words else 60)

def child(start, mark):
    def words_of(descriptor):
        words = os.pread(descriptor, 1000, 0).decode()
        return words.partition("|")[2] if mark else words.partition("|")[0].strip()

    def note(text):
        with NOTES.open("a") as file:
            file.write(mark + text + "\\n")

    words = words_of(start.configuration_fd)
    note("start " + words)
    if "tell" in words:
        note("journal: " + Path(start.journal_path).read_text())
        note(f"umask: {os.umask(0):o}")
        note(f"restart: {start.is_restart}")
    while "late" in words and not NOTES.with_name("go").exists():
        time.sleep(0.01)
    def stop(number, frame):
        note(f"signal {number}")
        if number == signal.SIGTERM and "stubborn" not in words:
            os._exit(0)
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, stop)
    processes.hear_orders()
    if "missing" in words:
        handoff.send(start.control, handoff.UNAVAILABLE)
    if "exit=" in words:
        return int(words.partition("exit=")[2].split()[0])
    handoff.send(start.control, handoff.READY)
    note("ready")
    if "want" in words:
        handoff.send(start.control, handoff.DUMP_WANTED, "DATA")
    links = []
    while (message := handoff.receive(start.control)) is not None:
        if message.word == handoff.SIBLING:
            links.append(socket.socket(fileno=message.descriptor))
            if "social" in words:
                handoff.send(links[-1], b"hello", words)
                said = handoff.receive(links[-1])
                note(f"{message.text} says {said.text if said else 'nothing'}")
            continue
        if message.word == handoff.DUMP:
            kind, number = message.text.split()
            note("asked " + kind)
            if "silent" not in words:
                memory = handoff.new_memory()
                handoff.append(memory, "state of " + words)
                handoff.send(start.control, handoff.SNAPSHOTS, number, memory)
            continue
        new = words_of(message.descriptor)
        note("reload " + new)
        if "refuse" in new:
            handoff.send(start.control, handoff.REFUSED, "I do not like it")
        elif "mute" not in new:
            handoff.send(start.control, handoff.RELOADED)
        if "ask" in new:
            handoff.send(start.control, handoff.RELOAD_WANTED)
    note("parent gone")
    return 0

def dump(request):
    only = request.only.name if request.only is not None else "all"
    running = ",".join(sorted(section.name for section in request.running))
    texts = [*handoff.records(request.configuration)]
    for section, memory in sorted(request.snapshots.items()):
        texts += handoff.records(memory)
    with NOTES.open("a") as file:
        file.write(f"dump {request.kind} {only} {running}: {texts}\\n")
    while "stuck" in texts[0] and not NOTES.with_name("go").exists():
        time.sleep(0.01)
    return 0

loader.DEADLINE = dumps.ANSWER_WITHIN = dumps.WRITE_WITHIN = float(sys.argv[2])
options = parse(["keepalived", *sys.argv[3:]])
log.start(options, "test")
kinds = (
    ChildKind(
        "Healthcheck", "test_checkers", (b"|",), lambda: lambda start: child(start, "|"),
        lambda options: options.run_checkers, lambda verdict: verdict.needs_checkers,
        lambda paths: paths.checkers, handoff.Section.CHECKERS, siblings=(handoff.Section.VRRP,),
    ),
    ChildKind(
        "VRRP", "test_vrrp", (b"",), lambda: lambda start: child(start, ""),
        lambda options: options.run_vrrp, lambda verdict: verdict.needs_vrrp,
        lambda paths: paths.vrrp, handoff.Section.VRRP, has_journal=True,
    ),
)
sys.exit(supervisor.Supervisor(options, kinds=kinds, read_configuration=read, dump=dump).run())
"""


def poll(condition: Callable[[], bool], what: str, timeout: float = 10.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.005)


class Daemon:
    def __init__(self, directory: Path) -> None:
        self.notes_file = directory / "notes"
        self.configuration = directory / "conf"
        self.pid_file = directory / "parent.pid"
        self.vrrp_pid_file = directory / "vrrp.pid"
        self.checkers_pid_file = directory / "checkers.pid"
        self.journal = directory / "vrrp.state"
        self.console = directory / "console"
        self.environment: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, words: str, *flags: str, deadline: float = 10.0) -> None:
        self.configuration.write_text(words)
        files = {"-f": self.configuration, "-p": self.pid_file, "-r": self.vrrp_pid_file}
        files["-c"] = self.checkers_pid_file
        command = [sys.executable, "-c", _SCRIPT, str(self.notes_file), str(deadline), "-nlG"]
        command += [str(word) for pair in files.items() for word in pair] + list(flags)
        environment = {**os.environ, **self.environment}
        with self.console.open("ab") as console:
            self.process = subprocess.Popen(command, stderr=console, env=environment)

    def send(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def reload(self, words: str) -> None:
        self.configuration.write_text(words)
        self.send(signal.SIGHUP)

    def exit_code(self, timeout: float = 10.0) -> int:
        assert self.process is not None
        return self.process.wait(timeout)

    def notes(self) -> list[str]:
        return self.notes_file.read_text().splitlines() if self.notes_file.exists() else []

    def wait_note(self, text: str, count: int = 1) -> None:
        poll(lambda: self.notes().count(text) >= count, f"{text!r} in {self.notes()}")

    def wait_console(self, text: str, count: int = 1) -> None:
        poll(lambda: self.console.read_text().count(text) >= count, self.console.read_text())

    def wait_journal(self, text: str) -> None:
        def is_there() -> bool:
            return self.journal.exists() and self.journal.read_text() == text

        poll(is_there, f"journal {text!r}")

    @property
    def child(self) -> int:
        return int(self.vrrp_pid_file.read_text())

    @property
    def checker(self) -> int:
        return int(self.checkers_pid_file.read_text())
