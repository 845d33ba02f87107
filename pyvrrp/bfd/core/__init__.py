"""The BFD protocol, pure: no sockets, no clock, no chance, no files.

    bytes --packet.decode--> ControlPacket --+
    time, new settings, orders --------------+--> events --session.transition--> session, actions

An edge keeps one `Session` for each neighbour, feeds it events with the time they happened and a
number drawn by lot for the jitter, carries out the actions in their order, and comes back with a
`Tick` at `session.deadline`::

    session = begin(cfg, discriminator, now)
    session, actions = transition(cfg, session, PacketReceived(decode(octets)), now, random())

Which session a packet is for, and whether it came from near enough, is the edge's to find out
(`admission`): it needs every session at once.
"""

__all__: list[str] = []
