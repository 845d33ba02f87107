"""Effective priority: 1..254 for everybody but the owner."""

import pytest

from pyvrrp.core.priority import effective_priority


@pytest.mark.parametrize(
    ("base", "weights", "effective"),
    [
        pytest.param(100, (), 100, id="nothing tracked"),
        pytest.param(100, (20, -5), 115, id="weights add up"),
        pytest.param(100, (-99,), 1, id="down to 1"),
        pytest.param(100, (-200,), 1, id="never 0"),
        pytest.param(100, (154,), 254, id="up to 254"),
        pytest.param(100, (253, 253), 254, id="never 255"),
        pytest.param(100, (-200, 150), 50, id="the sum is limited, not each step"),
        pytest.param(255, (-200,), 255, id="owner stays owner"),
    ],
)
def test_effective_priority(base, weights, effective):
    assert effective_priority(base, weights) == effective
