"""The IPVS health-check agent: probes real servers and keeps the kernel's IPVS table true.

Empty for now. What will stand here, and what already holds:

* this package imports nothing from `pyvrrp`, so it can be used alone (a test holds that);
* `core` will be pure (checker, service, desired table, reconciler), `probes` and `ipvs` its edges;
* `pyvrrp.conf` turns keepalived.conf text into this package's types and `pyvrrp.daemon` runs both.
"""

__all__: list[str] = []
