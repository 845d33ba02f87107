"""`use_ipvlan`, on a kernel that has such links."""

from __future__ import annotations

from netnslab import Lab
from tests.netns.interop.routers import OURS, Instance, Keepalived


def test_addresses_are_on_the_ipvlan_and_it_is_gone_after_a_stop(lab: Lab) -> None:
    lan = lab.bridge("lan")
    for number, name in enumerate(("router", "client"), 1):
        lab.host(name).connect(lan, addresses=[f"192.0.2.{number}/24"])
    router = lab["router"]
    line = "use_ipvlan iv1 192.0.2.50/24 private group 7"
    daemon = Keepalived(router, OURS)
    with lan.capture(["vrrp"]) as frames:
        daemon.start([Instance(7, ("192.0.2.100/24",), more=(line,))])
        router.wait_address("192.0.2.100", timeout=20)
        shown = " ".join(router.ip("-d", "address", "show", "dev", "iv1").split())
        for words in ("ipvlan mode l2 private", "group 7", "192.0.2.50/24", "192.0.2.100/24"):
            assert words in shown
        assert f"link/ether {router.link('eth0').mac}" in shown
        for address in ("192.0.2.50", "192.0.2.100"):
            with lab["client"].ping(address) as stream:
                assert stream.wait_reply(timeout=15)
        daemon.stop()
    sources = {frame.data[26:30] for frame in frames.frames}
    assert sources == {bytes((192, 0, 2, 50))}
    assert "iv1" not in router.ip("link")
