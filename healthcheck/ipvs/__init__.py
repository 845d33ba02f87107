"""The kernel's IPVS table over generic netlink.

with Ipvs() as ipvs:
    failures = ipvs.apply(plan(wanted, ipvs.read(), owned))
"""

from .errors import Failure, IpvsError, IpvsMissing
from .kernel import BATCH, Ipvs

__all__ = ["BATCH", "Failure", "Ipvs", "IpvsError", "IpvsMissing"]
