"""The kernel's IPVS table over generic netlink.

with Ipvs() as ipvs:
    failures = ipvs.apply(plan(wanted, ipvs.read(), owned))
"""

from .counters import Counters, DestinationStatistics, ServiceStatistics
from .errors import Failure, IpvsError, IpvsMissing
from .kernel import BATCH, Ipvs
from .module import load_module
from .sync import SyncDaemon, SyncState, Timeouts

__all__ = [
    "BATCH",
    "Counters",
    "DestinationStatistics",
    "Failure",
    "Ipvs",
    "IpvsError",
    "IpvsMissing",
    "ServiceStatistics",
    "SyncDaemon",
    "SyncState",
    "Timeouts",
    "load_module",
]
