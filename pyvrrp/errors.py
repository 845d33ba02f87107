"""What can go wrong, as a caller sees it: one base class, one subclass per different reaction."""

from __future__ import annotations

__all__ = ["PyvrrpError"]


class PyvrrpError(Exception):
    """Base of every exception this package raises on purpose.

    Subclasses stand beside the code that raises them (`core.packet.PacketError`,
    `net.rtnetlink.NetlinkError`, ...) and keep their facts in attributes; the text is built
    from those. Misuse of the API is `ValueError` or `TypeError` instead.
    """
