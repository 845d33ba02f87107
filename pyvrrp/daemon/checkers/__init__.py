"""The checker process: health checks and IPVS."""
