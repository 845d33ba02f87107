"""The table of the contract: what each program does, in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["TABLE", "Row", "document"]


class Row(NamedTuple):
    """One thing that other programs rely on. `here` None: the same as keepalived's."""

    what: str
    theirs: str
    here: str | None = None
    quirk: str = ""
    """The row of QUIRKS.md that says why it differs."""

    @property
    def ours(self) -> str:
        """What our program does."""
        return self.theirs if self.here is None else self.here


_SAME = "as the parent's"

TABLE: Mapping[str, Mapping[str, Row]] = {
    "Command lines that are answered at once: exit code, and where they speak": {
        "version": Row("`-v`", "0 stderr"),
        "help": Row("`-h`", "0 stderr"),
        "version-cluster": Row("`-nlD --version`", "0 stderr"),
        "version-after-unknown": Row("`-Z -v`", "0 stderr"),
        "unknown-short": Row("`-Z`", "1 stderr"),
        "unknown-long": Row("`--bogus=3`", "1 stderr"),
        "ambiguous": Row("`--no`, the beginning of several options", "1 stderr"),
        "argument-missing": Row("`-f` without argument", "1 stderr"),
        "cluster-argument-missing": Row("`-lnp` without argument", "1 stderr"),
        "facility": Row("`-S 9 -v`: no such facility", "0 stderr"),
        "umask-bad": Row("`-u xx -v`", "0 stderr"),
        "log-file": Row("`-g -v`", "0 stderr"),
        "ignore-sigint": Row("`--ignore-sigint -v`", "0 stderr"),
        "signum-stop": Row("`--signum=STOP`", "0 15"),
        "signum-reload": Row("`--signum=RELOAD`", "0 1"),
        "signum-data": Row("`--signum=DATA`", "0 10"),
        "signum-stats": Row("`--signum=STATS`", "0 12"),
        "signum-stats_clear": Row("`--signum=STATS_CLEAR`", "0 63"),
        "signum-json": Row("`--signum=JSON`", "0 36"),
        "signum-unknown": Row("`--signum=TDUMP`, not built", "1 stderr"),
    },
    "`-t`: exit code, and where it speaks": {
        "t-good": Row("a file without problems", "0"),
        "t-interface": Row("an interface that does not exist", "5 stderr"),
        "t-keyword": Row("an unknown keyword", "5 stderr"),
        "t-parameter": Row("a keyword without its word", "2 stderr"),
        "t-number": Row("a number out of range", "5 stderr"),
        "t-brace": Row("a missing brace", "5 stderr"),
        "t-script": Row("a script without `enable_script_security`", "6 stderr"),
        "t-include": Row("`include` that matches nothing", "0"),
        "t-include-strict": Row("`includer` that matches nothing", "0 stderr"),
        "t-all-config": Row("`-e`, `include` that matches nothing", "6 stderr"),
        "t-missing": Row("no file", "0 stderr"),
        "t-directory": Row("a directory", "0 stderr"),
        "t-executable": Row("an executable file", "0 stderr"),
        "t-config-id": Row("`@left` before a bad line, without and with `-i left`", "0, 5 stderr"),
        "t-log": Row("`-tLOG`: the file is appended to", "before, then the problem"),
        "t-touches": Row("what is made in /run", "nothing"),
    },
    "Starts that fail: exit code": {
        "x-missing": Row("no file", "6"),
        "x-missing-background": Row("no file, in the background", "6"),
        "x-executable": Row("an executable file", "6"),
        "x-directory": Row("a directory", "6"),
        "x-interface": Row("an interface that does not exist", "2"),
        "x-pid-file": Row("a PID file that cannot be made", "0", "1", "pid-file-unwritable"),
        "x-permission": Row("without CAP_NET_ADMIN", "goes on", "4", "missing-permission"),
        "namespace-missing": Row("`-s` of no namespace", "0", "1", "namespace-missing"),
        "already": Row("another one runs", "0"),
    },
    "Names": {
        "comm": Row("comm of the parent", "keepalived"),
        "comm-child": Row("comm of a child", "keepalived"),
        "cmdline": Row("cmdline of the parent", "keepalived -nlG -D"),
        "cmdline-child": Row("cmdline of a child", _SAME),
        "pgrep": Row("`pgrep -x keepalived -P` the parent", "1 child"),
        "pidof": Row("`pidof keepalived`", "2 processes"),
        "ps-c": Row("`ps -C keepalived`", "2 processes"),
        "by-name": Row("`start-stop-daemon --status --pidfile F --name keepalived`", "0"),
        "by-exe": Row(
            "`start-stop-daemon --status --pidfile F --exec FILE`", "0", "1", "exe-is-python"
        ),
        "process-names": Row("comm of the VRRP child with `process_names`", "keepalived_vrrp"),
    },
    "Files below /run": {
        "pid-files": Row("PID files", "keepalived.pid,vrrp.pid"),
        "pid-content": Row("in one", "id, newline"),
        "pid-mode": Row("its mode", "0644"),
        "pid-lock": Row("its lock", "none", "held", "pid-file-lock"),
        "pid-files-left": Row("PID files after a stop", "none"),
        "pid-options": Row("`-p /run/p -r /run/r -c /run/c -b /run/b`", "p,r"),
        "state-file": Row("notes about the kernel", "none", "vrrp.state", "state-beside-pid"),
        "instance": Row(
            "PID files with `instance blue`",
            "keepalived/keepalived_blue.pid,keepalived/vrrp_blue.pid",
        ),
        "instance-left": Row("after a stop", "nothing"),
        "namespace": Row(
            "PID files with `-s NAME`, as seen from outside",
            "keepalived/NAME/keepalived.pid,keepalived/NAME/vrrp.pid",
        ),
        "namespace-stop": Row("its stop", "0, address gone"),
    },
    "Processes": {
        "vrrp-only": Row("`-P`, with virtual servers in the file", "keepalived.pid,vrrp.pid"),
        "no-bfd": Row("`-P -B`", "keepalived.pid,vrrp.pid"),
        "fork": Row("in the background, once it runs", "0"),
        "fork-streams": Row("streams of the daemon", "/dev/null"),
        "fork-directory": Row("its directory", "/"),
        "fork-session": Row("in its session it is", "leader"),
        "fork-session-child": Row("session of a child", "the parent's"),
        "priority": Row("niceness with `vrrp_priority -5`", "-5"),
        "core-dump": Row("size of core files with `-m`", "unlimited"),
        "kill-child": Row("SIGKILL to the VRRP child", "started again, address stays"),
        "term-child": Row("SIGTERM to the VRRP child", "started again"),
        "kill-parent": Row("SIGKILL to the parent", "the child ends, address gone"),
        "dont-respawn": Row("`-R`, SIGKILL to the child", "the daemon exits with 0"),
    },
    "Signals, dumps and their modes": {
        "usr1": Row("USR1", "keepalived.data,keepalived_parent.data 0600"),
        "usr2": Row("USR2", "keepalived.stats 0600"),
        "stats_clear": Row("STATS_CLEAR", "keepalived.stats 0600"),
        "json": Row("JSON", "keepalived.json 0600"),
        "child-usr1": Row("USR1 to the VRRP child", "keepalived.data"),
        "umask": Row("USR2 with `-u 022`", "0644"),
        "sigpipe": Row("PIPE", "ignored"),
        "term": Row("TERM", "0, address gone"),
        "int": Row("INT", "address gone"),
        "dont-release": Row("TERM with `-V`", "0, address stays"),
        "stopped-line": Row("`Stopped` in the log", "said"),
        "address-monitoring": Row("`-a`: an address of somebody else in the log", "said"),
        "reload-state": Row("HUP: how often it became Active, from the start on", "1 time MASTER"),
        "reload-unusable": Row(
            "HUP with a file that cannot be used",
            "the daemon exits with 2, address stays",
            "refused, address stays",
            "reload-or-die",
        ),
    },
    "What systemd is told (Type=notify)": {
        "notify-ready": Row("start", "READY=1"),
        "notify-reload": Row("HUP", "RELOADING=1 READY=1"),
        "notify-stop": Row("TERM", "STOPPING=1"),
    },
    "What other programs find": {
        "exporter-version": Row("mehdy's exporter: version", "a number"),
        "exporter-has-json": Row("the same: `--enable-json` in what `--version` says", "yes"),
        "exporter-process": Row("gen2brain's exporter: name in `ps -axwwo args`", "keepalived"),
        "exporter-json": Row("both: keepalived.json", "one eth0 51 MASTER, all counters"),
        "exporter-statistics": Row("mehdy's: keepalived.stats", "Became master 1, 0 missing"),
        "exporter-data": Row(
            "mehdy's: keepalived.data", "MASTER MASTER eth0 51, 192.0.2.100/24 on eth0"
        ),
        "vyos-json": Row(
            "VyOS: keepalived.json",
            "200 200 192.0.2.100/24 dev eth0 scope global set, 0 missing",
        ),
        "exporter-stop": Row("exit code after all that", "0"),
        "fifo": Row(
            "VyOS: lines of `vrrp_notify_fifo`",
            "INSTANCE one BACKUP 200, INSTANCE one MASTER 200: whole lines",
        ),
        "fifo-mode": Row("its mode", "0600"),
        "fifo-stop": Row("its last line", 'INSTANCE "one" STOP 200'),
        "fifo-left": Row("after that", "gone"),
        "liveness": Row("OpenShift's liveness probe", "0"),
        "liveness-fault": Row("the same, while the interface is down", "1"),
        "sidecar": Row("a file in conf.d and HUP", "both addresses, one was Active 1 time"),
        "sidecar-back": Row("the file gone and HUP", "the other stays"),
    },
}

_HEAD = """# The contract, line by line

What scripts, service managers and other programs see of a daemon. Both columns are what came out of one test run
(`tests/netns/test_contract.py`), in which Debian's keepalived 2.2.7 and this program lead the same lives. A name in brackets is the
row of [QUIRKS.md](QUIRKS.md) that says why. This page is made from the test's table: `pytest tests/golden --rewrite-golden`.
"""


def document() -> str:
    """The page."""
    parts = [_HEAD]
    for title, rows in TABLE.items():
        parts.append(f"\n## {title}\n\n| | keepalived 2.2.7 | here |\n|---|---|---|\n")
        for row in rows.values():
            why = f" ({row.quirk})" if row.quirk else ""
            parts.append(f"| {row.what} | {row.theirs} | {row.ours}{why} |\n")
    return "".join(parts)
