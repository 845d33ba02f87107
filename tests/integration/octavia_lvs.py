"""Octavia's amphora agent reads the table of its keepalived, for the Python that has the wheel.

Template, fixture, and the three readers are the wheel's. Only the ids are made UUIDs, which the
readers look for and the fixtures do not have. Prints what the readers find, as JSON; needs IPVS.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from octavia.amphorae.backends.agent.api_server import util
from octavia.amphorae.backends.utils import keepalivedlvs_query as query
from octavia.common import constants
from octavia.common.jinja.lvs import jinja_cfg
from octavia.tests.unit.common.sample_configs import sample_configs_combined as samples
from oslo_config import cfg

_LISTENER = "00000000-0000-4000-8000-000000000001"
_PATIENCE = 60


def _configuration() -> str:
    text: str = jinja_cfg.LvsJinjaTemplater().render_loadbalancer_obj(
        samples.sample_listener_tuple(
            proto=constants.PROTOCOL_UDP,
            persistence_type=constants.SESSION_PERSISTENCE_SOURCE_IP,
            persistence_timeout=33,
            persistence_granularity="255.255.0.0",
            monitor_proto=constants.HEALTH_MONITOR_UDP_CONNECT,
            connection_limit=98,
        )
    )
    text = text.replace("sample_listener_id_1", _LISTENER)
    return re.sub(r"sample_\w+_id_(\d)", r"00000000-0000-4000-8000-00000000010\1", text)


def _found() -> dict[str, object]:
    table = query.get_listener_realserver_mapping("amphora-haproxy", ["10.0.0.2:80"], True)
    return {
        "pool": query.get_lvs_listener_pool_status(_LISTENER),
        "members": table,
        "ipvsadm": query.get_ipvsadm_info("amphora-haproxy"),
        "statistics": query.get_ipvsadm_info("amphora-haproxy", is_stats_cmd=True),
    }


def main(keepalived: str) -> None:
    """One life of the agent's keepalived."""
    base = tempfile.mkdtemp()
    cfg.CONF.set_override("base_path", base, "haproxy_amphora")
    check = Path(util.keepalived_backend_check_script_path())
    check.parent.mkdir(parents=True)
    check.write_text("#!/bin/sh\nexit 0\n")
    check.chmod(0o755)
    path = Path(util.keepalived_lvs_cfg_path(_LISTENER))
    path.write_text(_configuration())
    for line in ("netns add amphora-haproxy", "-n amphora-haproxy link set lo up"):
        subprocess.run(["ip", *line.split()], check=True)
    parent, vrrp, checkers = util.keepalived_lvs_pids_path(_LISTENER)
    words = [
        keepalived,
        "-D",
        "-d",
        "-G",
        "-f",
        str(path),
        "-p",
        parent,
        "-r",
        vrrp,
        "-c",
        checkers,
    ]
    subprocess.run(words, check=True, timeout=_PATIENCE)
    give_up_at = time.monotonic() + _PATIENCE
    while not Path(checkers).exists() or len(_found()["members"]) < 2:
        if time.monotonic() > give_up_at:
            break
        time.sleep(0.2)
    print(json.dumps(_found(), sort_keys=True))
    subprocess.run(["kill", Path(parent).read_text().strip()], check=True)
    while Path(parent).exists() and time.monotonic() < give_up_at:
        time.sleep(0.2)
    left = query.read_kernel_file("amphora-haproxy", query.KERNEL_LVS_PATH)
    print(json.dumps({"lines left": len(left.strip().splitlines())}))


main(sys.argv[1])
