"""What systemd wants to hear from a service of `Type=notify` (sd_notify(3)).

Debian's unit for keepalived is of that type: without READY=1 systemd ends the daemon again.
"""

from __future__ import annotations

import os
import socket
import time

__all__ = ["READY", "STOPPING", "WATCHDOG", "notify", "reloading", "watchdog_interval"]

READY = "READY=1"
STOPPING = "STOPPING=1"
WATCHDOG = "WATCHDOG=1"


def notify(state: str) -> bool:
    """Send one state; False when no service manager listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
            sender.sendto(state.encode(), address)
    except OSError:
        return False
    return True


def watchdog_interval() -> float | None:
    """Seconds between two signs of life, half of what is demanded; None: nobody waits for any.

    Source: sd_watchdog_enabled(3).
    """
    try:
        if int(os.environ.get("WATCHDOG_PID", os.getpid())) != os.getpid():
            return None
        interval = int(os.environ["WATCHDOG_USEC"]) / 2_000_000
    except (KeyError, ValueError):
        return None
    return interval if interval > 0 else None


def reloading() -> str:
    """The state while a reload runs; READY ends it."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"
