"""Random schedules of trouble on a fake LAN; see `schedules` and `watch` for what must hold.

A failure names its seed: `pytest tests/sim --sim-seed SEED` runs that schedule alone. Together the
two tests run PYVRRP_SIM_SCHEDULES of them (10,000), the fast one the first 500.
"""

import os

import pytest

from tests.sim.schedules import Schedule

ALL = int(os.environ.get("PYVRRP_SIM_SCHEDULES", "10000"))
FAST = min(500, ALL)


def run(seeds):
    takeovers = 0
    for seed in seeds:
        schedule = Schedule(seed)
        try:
            schedule.run()
        except Exception as error:
            raise AssertionError(f"schedule {seed}: {error} (--sim-seed {seed})") from error
        takeovers += sum(node.watch.takeovers for node in schedule.world.nodes)
    return takeovers


def test_schedules(only_seed):
    if only_seed is not None:
        run([only_seed])
        return
    assert run(range(FAST)) > 2 * FAST, "too little happened to prove anything"


@pytest.mark.slow
def test_all_schedules(only_seed):
    run(range(FAST, ALL) if only_seed is None else [])
