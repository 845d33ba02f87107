"""keepalived's names for checks."""

from __future__ import annotations

from healthcheck.core.model import Check, CustomCheck, HttpCheck

from .words import LVS_CHECKS

__all__ = ["keyword"]


def keyword(check: Check) -> str:
    """What keepalived calls a check; a custom one has its own name."""
    if isinstance(check, HttpCheck) and check.tls is not None:
        return "SSL_GET"
    return check.name if isinstance(check, CustomCheck) else LVS_CHECKS[type(check).__name__]
