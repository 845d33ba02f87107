"""What is refused how often; what the kernel makes of it is seen in tests/netns."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from pyvrrp.net import nftables as nft
from pyvrrp.net.accept_filter import AcceptFilter, Refused
from pyvrrp.net.rtnetlink import NetlinkError

WEB = Refused(ip_address("192.0.2.100"), 3, "eth0")
MAIL = Refused(ip_address("2001:db8::100"), 3, "eth0")


class Socket:
    """A kernel that counts the elements it is told of, or refuses."""

    def __init__(self) -> None:
        self.commits: list[int] = []
        self.is_broken = False

    def commit(self, what: str, batch: list[nft.Message]) -> None:
        if self.is_broken:
            raise NetlinkError(what, OSError(1, "no"))
        if what == "refuse packets for virtual addresses":
            self.commits.append(len(batch))

    def close(self) -> None:
        pass


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Socket:
    kernel = Socket()
    monkeypatch.setattr(nft, "NftSocket", lambda: kernel)
    return kernel


def test_refused_twice_has_to_be_accepted_twice(kernel: Socket) -> None:
    tried = AcceptFilter()
    tried.change(refuse=[WEB, MAIL])
    assert kernel.commits == [2]
    tried.change(refuse=[WEB])
    tried.change(accept=[WEB])
    assert kernel.commits == [2]
    tried.change(accept=[WEB])
    assert kernel.commits == [2, 1]


def test_accepted_too_often_is_accepted(kernel: Socket) -> None:
    tried = AcceptFilter()
    tried.change(accept=[WEB])
    assert kernel.commits == []
    tried.change(refuse=[WEB])
    assert kernel.commits == [1]


def test_both_at_one_moment(kernel: Socket) -> None:
    tried = AcceptFilter()
    tried.change(refuse=[WEB], accept=[WEB])
    assert kernel.commits == []
    tried.change(refuse=[WEB])
    tried.change(refuse=[MAIL], accept=[WEB])
    assert kernel.commits == [1, 2]


def test_what_the_kernel_did_not_take_is_not_believed(kernel: Socket) -> None:
    tried = AcceptFilter()
    tried.change(refuse=[MAIL])
    kernel.is_broken = True
    with pytest.raises(NetlinkError):
        tried.change(refuse=[WEB])
    kernel.is_broken = False
    tried.change(refuse=[WEB])
    assert kernel.commits == [1, 1]
