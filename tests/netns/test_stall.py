"""A router that was Active, did not run for a while, and runs again; the other is Debian's."""

from __future__ import annotations

import os
import signal

from netnslab import Lab
from tests.netns.interop.routers import OURS, THEIRS, Instance, Keepalived
from tests.netns.interop.witness import Witness

_INTERVAL = 0.2
_RECLAIMS = Instance(51, ("192.0.2.51/24",), interval=_INTERVAL)
_LEAVES_IT = Instance(52, ("192.0.2.52/24",), interval=_INTERVAL, preempt=False)
_BOTH = (_RECLAIMS, _LEAVES_IT)


def test_it_listens_before_it_claims(lab: Lab) -> None:
    """Five of the other's Advertisements wait in its socket when it wakes, for each.

    Where it may preempt it answers them all with one Advertisement, and at most one of the
    other's overlaps; where it may not it gives the address away without a word.
    """
    lan = lab.bridge("lan")
    for number in (1, 2):
        lab.host(f"r{number}").connect(lan, addresses=[f"192.0.2.{number}/24"])
    first, second = Keepalived(lab["r1"], OURS), Keepalived(lab["r2"], THEIRS)
    with Witness(lab) as witness:
        first.start(each.having(200) for each in _BOTH)
        witness.wait_sole_active("r1", _BOTH, 0.0)
        second.start(each.having(100) for each in _BOTH)
        child = first.child()
        stopped = witness.now()
        os.kill(child, signal.SIGSTOP)
        try:
            witness.wait_sole_active("r2", _BOTH, stopped)
            for each in _BOTH:
                witness.wait_adverts(each, "r2", 5, stopped)
            awake = witness.now()
        finally:
            os.kill(child, signal.SIGCONT)
        witness.wait_sole_active("r1", [_RECLAIMS], awake)
        ours = [when for when, _ in witness.adverts(_RECLAIMS, "r1", awake)]
        theirs = witness.adverts(_RECLAIMS, "r2", ours[0])
        assert (len(theirs) < 2, ours[1] - ours[0] > _INTERVAL / 2) == (True, True)

        witness.wait_holds("r1", [_LEAVES_IT], present=False)
        assert witness.adverts(_LEAVES_IT, "r1", awake, witness.now()) == []
        witness.wait_sole_active("r2", [_LEAVES_IT], witness.now())
