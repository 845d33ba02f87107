"""Neutron's `keepalived_ipv6_support` sanity check, for the Python that has the wheel.

Its class KeepalivedIPv6Test does everything; only the two ports it is given are veth links where
the agent's are Open vSwitch's, which this kernel need not have.
"""

from __future__ import annotations

import subprocess
import sys

from neutron import privileged
from neutron.agent.linux import ip_lib
from neutron.cmd.sanity import checks
from neutron.common import config
from neutron.conf.agent import common
from oslo_config import cfg
from oslo_privsep.priv_context import PrivContext

_HA, _GATEWAY = "ha-12345678", "qr-12345678"
_ADDRESS, _ROUTER = "fdf8:f53b:82e4::10/64", "fe80:f816::1"


def main() -> int:
    """0 when the address and the IPv6 default route are there."""
    config.register_common_config_options()
    common.register_root_helper(cfg.CONF)
    common.register_external_process_opts(cfg.CONF)
    common.register_process_monitor_opts(cfg.CONF)
    common.register_interface_opts(cfg.CONF)
    cfg.CONF([], project="neutron")
    for context in vars(privileged).values():
        if isinstance(context, PrivContext):
            context.set_client_mode(False)  # we are root already
    with checks.KeepalivedIPv6Test(_HA, _GATEWAY, _ADDRESS, _ROUTER) as test:
        for name in (_HA, _GATEWAY):
            subprocess.run(
                ["ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}-p"],
                check=True,
            )
            subprocess.run(["ip", "link", "set", f"{name}-p", "up"], check=True)
            device = ip_lib.IPDevice(name)
            device.link.set_netns(test.nsname)
            device.link.set_up()
        ip_lib.IPDevice(_HA, namespace=test.nsname).addr.add("169.254.192.8/18")
        gateway = ip_lib.IPDevice(_GATEWAY, namespace=test.nsname)
        test.configure()
        test.start_keepalived_process()
        test.verify_ipv6_address_assignment(gateway)
        found = gateway.route.get_gateway(ip_version=6)
    return 0 if found and found["via"] == _ROUTER else 1


sys.exit(main())
