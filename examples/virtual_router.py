"""One Virtual Router inside your own program: start it, watch it, change its priority, stop it.

    sudo python examples/virtual_router.py eth0 192.0.2.100/24

Run it on two machines of one link to see the address move.
"""

import asyncio
import sys

from pyvrrp import StateName, VirtualRouterSettings, VrrpRouter


async def main(interface: str, address: str) -> None:
    """Become Active, step down in favour of anybody else, and leave on Ctrl-C."""
    async with VrrpRouter() as router:
        web = await router.add(
            VirtualRouterSettings.of(
                "web", interface, 51, [address], priority=150, advertisement_interval=0.1
            )
        )
        async for change in web.changes():
            print(f"{change.previous.value} -> {change.current.value}", flush=True)
            if change.current is StateName.ACTIVE:
                web.set_priority(50)


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        print("resigned")
