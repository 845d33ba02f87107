"""The kernel's IPVS table over generic netlink.

with Ipvs() as ipvs:
    failures = ipvs.apply(plan(wanted, ipvs.read(), owned))
"""

from ..core.sync import SyncDaemon, SyncState, Timeouts
from .counters import Counters, DestinationStatistics, ServiceStatistics
from .errors import Failure, IpvsError, IpvsMissing
from .kernel import Ipvs
from .module import load_module

__all__ = [
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
