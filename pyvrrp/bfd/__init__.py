"""Bidirectional Forwarding Detection (RFC 5880, 5881, 5883): whether a neighbour can be reached.

    core        the protocol, pure: bytes, checks, and a session as a value that carries its timers
    settings    what a person decides about one session
    sockets     UDP 3784 and 4784, with what the IP header said
    speaker     every session on one event loop

Nothing here knows of VRRP or of real servers: who wants to act on a session that goes up or down is
told so by a callback. Echo packets, demand mode of our own and authentication are left out, as
keepalived leaves them out.
"""

__all__: list[str] = []
