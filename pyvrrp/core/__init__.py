"""The VRRP protocol, pure: no sockets, no clock, no files, no threads.

    bytes --receive.admit--> Advertisement --+
    link and address news, reloads, time ----+--> events --machine.transition--> state, actions
    sync_group.consequences -----------------+

An edge keeps one state per Virtual Router, feeds it events with the time they happened, carries out
the actions in their order, and comes back with a `Tick` at `machine.deadline(state)`. Events that
arrive while actions run are fed after them. `packet.encode` makes the bytes of a SendAdvertisement,
`announce.announcement` the frames of an Announce::

    state, actions = transition(cfg, state, AdvertisementReceived(admitted.advertisement), now)

What passed `admit` once need not be judged again when the same bytes come from the same sender, as
long as `cfg` is the same. A message that `admit` refuses is counted and forgotten: it has no way to
a timer.
"""

__all__: list[str] = []
