"""The VRRP process, and what it may leave in the kernel."""
