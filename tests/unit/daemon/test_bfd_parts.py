"""What the BFD process is given, and what it says in the log."""

import logging
from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.bfd.core.actions import DetectionTimeChanged, Expired, StateChanged
from pyvrrp.bfd.core.model import SessionConfig, SessionState
from pyvrrp.bfd.settings import BfdSettings
from pyvrrp.conf.load import load
from pyvrrp.daemon.bfd.log import log_action
from pyvrrp.daemon.bfd.settings import ToldSession
from pyvrrp.daemon.process_settings import ProcessSettings
from pyvrrp.daemon.translate.bfd import translate_bfd
from pyvrrp.daemon.translate.sections import records
from pyvrrp.settings import TrackedKind, TrackedObject

ADMIN_DOWN, DOWN, INIT, UP = SessionState
TEXT = """
global_defs {
    bfd_process_name watcher
    bfd_priority -5
    bfd_rt_priority 20
    bfd_cpu_affinity 0
}
bfd_instance plain {
    neighbor_ip 192.0.2.2
    weight 30
}
bfd_instance full {
    neighbor_ip 2001:db8::2
    source_ip 2001:db8::1
    min_rx 50
    min_tx 20.5
    idle_tx 3000
    multiplier 4
    passive
    max_hops -1
    multihop on
    weight -7 reverse
    vrrp
}
vrrp_sync_group g {
    group {
        one
    }
    track_bfd {
        full weight 0
    }
}
vrrp_instance one {
    interface eth0
    virtual_router_id 1
    virtual_ipaddress {
        192.0.2.100/32
    }
    track_bfd {
        plain weight 0 reverse
    }
}
vrrp_instance two {
    interface eth0
    virtual_router_id 2
    virtual_ipaddress {
        192.0.2.101/32
    }
    track_bfd {
        plain
        full weight -9 noreverse
    }
}
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("bfd") / "keepalived.conf"
    path.write_text(TEXT)
    return load(str(path), interfaces=("eth0",)).config


def test_words_become_settings(config):
    process, sessions = translate_bfd(config)
    assert process == ProcessSettings("watcher", -5, 20, (0,))
    assert sessions == (
        ToldSession(BfdSettings("plain", IPv4Address("192.0.2.2"))),
        ToldSession(
            BfdSettings(
                "full",
                IPv6Address("2001:db8::2"),
                IPv6Address("2001:db8::1"),
                64,
                None,
                True,
                SessionConfig(0.0205, 0.05, 3.0, 4, True),
            ),
            tells_checkers=False,
        ),
    )


def test_instances_and_groups_say_what_they_track(config):
    vrrp = records(config)[0]
    tracked = {each.name: each.tracked for each in vrrp if hasattr(each, "tracked")}
    assert tracked == {
        "one": (
            TrackedObject(TrackedKind.BFD, "plain", 0, True),
            TrackedObject(TrackedKind.BFD, "full", 0, True),
        ),
        "two": (
            TrackedObject(TrackedKind.BFD, "plain", 30, False),
            TrackedObject(TrackedKind.BFD, "full", -9, False),
        ),
    }


@pytest.mark.parametrize(
    ("action", "level", "line"),
    [
        (Expired(0.0312, 0.0012), "WARNING", "(b1) Expired after 31 ms (1200 usec overdue)"),
        (
            StateChanged(UP, DOWN, 3, 1),
            "WARNING",
            "(b1) Entering Down state (Local diagnostic - Neighbor Signaled Session Down,"
            " Remote diagnostic - Control Detection Time Expired)",
        ),
        (
            StateChanged(INIT, DOWN, 1, 0),
            "DEBUG",
            "(b1) Entering Down state (Local diagnostic - Control Detection Time Expired,"
            " Remote diagnostic - No Diagnostic)",
        ),
        (StateChanged(INIT, UP, 0, 0), "INFO", "(b1) Entering Up state"),
        (StateChanged(DOWN, INIT, 0, 0), "DEBUG", "(b1) Entering Init state"),
        (
            DetectionTimeChanged(3.0, 0.03),
            "INFO",
            "(b1) Detection time is 30000 us (was 3000000 us)",
        ),
    ],
    ids=str,
)
def test_lines_of_the_log(caplog, action, level, line):
    caplog.set_level(logging.DEBUG)
    log_action("b1", action)
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [(level, line)]
