"""How long a change of a link must last: `interface_up_down_delays`, as far as instances let it."""

from __future__ import annotations

from .config import Config

__all__ = ["debounce"]

_US = 1_000_000


def debounce(config: Config) -> dict[str, tuple[int, int]]:
    """Microseconds until up and until down is believed, by interface.

    An instance limits those of its interface: others must not take over while it still waits.
    """
    delays = {d.name: (round(d.up * _US), round(d.down * _US)) for d in config.interface_delays}
    for instance in config.instances:
        if instance.interface in delays:
            interval = round(instance.advert_int * _US)
            limit = (instance.down_timer_adverts - 1) * interval
            up, down = delays[instance.interface]
            delays[instance.interface] = (
                _limited(up, limit, interval),
                _limited(down, limit, interval),
            )
    return delays


def _limited(value: int, limit: int, interval: int) -> int:
    return value if value < limit else max(0, limit - interval // 256)
