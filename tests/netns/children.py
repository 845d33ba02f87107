"""The processes of our daemon that no file names."""

from __future__ import annotations

from netnslab import wait_until
from netnslab.residents import children

__all__ = ["scripts_process"]


def scripts_process(parent: int, vrrp: int) -> int:
    """The child that is not the VRRP process, once the one that read the configuration has ended."""

    def others() -> list[int]:
        return [pid for pid in children(parent) if pid != vrrp]

    wait_until(lambda: len(others()) == 1, what="one child beside the VRRP process", timeout=20)
    return others()[0]
