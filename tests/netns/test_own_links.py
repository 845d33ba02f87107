"""Virtual MAC links on two interfaces: what is there while Active, and that nothing stays behind."""

from __future__ import annotations

from netnslab import Host, Lab, wait_until
from netnslab.capture import Capture
from tests.netns.interop.routers import OURS, Instance, Keepalived

_WORDS = """global_defs {
    disable_local_igmp
    vmac_addr_prefix extra
    vrrp_garp_master_repeat 1
    vrrp_garp_master_delay 1
    vrrp_garp_interval 0.01
    vrrp_garp_extra_if 1
}
"""
_MAC = bytes.fromhex("00005e000109")
_ONE = Instance(
    9, ("192.0.2.109/24", "198.51.100.109/24 dev eth1 use_vmac"), interval=0.1, more=("use_vmac",)
)


def _state(host: Host) -> tuple[str, ...]:
    """Sysctls, links and rules of the host, as far as they do not count or measure."""
    settings = host.run(["sysctl", "-ar", r"net\.ipv[46]\.(conf|igmp)"]).stdout
    links = "\n".join(line.split(" mtu ")[0] for line in host.ip("-o", "link").splitlines())
    return settings, links, host.run(["nft", "list", "ruleset"]).stdout


def test_everything_is_as_before_after_a_crash(lab: Lab) -> None:
    router = lab.host("router")
    lans = {name: lab.bridge(f"lan{name}") for name in ("eth0", "eth1")}
    for name, address in (("eth0", "192.0.2.1/24"), ("eth1", "198.51.100.1/24")):
        router.connect(lans[name], name, addresses=[address])
    router.sysctl("net.ipv4.conf.all.rp_filter", 1)
    before = _state(router)
    daemon = Keepalived(router, OURS)
    with lans["eth1"].capture(["arp"]) as told:
        daemon.start([_ONE], _WORDS)
        for address in ("192.0.2.109", "198.51.100.109"):
            router.wait_address(address, timeout=15)
        assert "vrrp.9@eth0" in router.ip("link")
        assert "extra.9@eth1" in router.ip("link")
        assert router.sysctl("net.ipv4.conf.all.rp_filter") == "0"
        assert router.sysctl("net.ipv4.igmp_link_local_mcast_reports") == "0"
        # At the takeover, a second later, and then every second, for the link on eth1 alone.
        wait_until(lambda: len(_from(_MAC, told)) >= 4, what="four announcements", timeout=20)
    daemon.crash()
    assert _state(router) != before
    daemon.start([Instance(7, ("192.0.2.107/24",))])
    daemon.stop()
    assert _state(router) == before


def _from(mac: bytes, capture: Capture) -> list[bytes]:
    return [frame.data for frame in capture.frames if frame.data[6:12] == mac]
