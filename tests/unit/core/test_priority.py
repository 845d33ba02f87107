"""Effective priority: 1..254 for everybody but the owner."""

import pytest

from pyvrrp.core.priority import effect, effect_of_number, effective_priority


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


@pytest.mark.parametrize(
    ("weight", "reverse", "up", "down"),
    [
        pytest.param(0, False, 0, None, id="no weight: down is a fault"),
        pytest.param(0, True, None, 0, id="reversed: up is a fault"),
        pytest.param(20, False, 20, 0, id="positive counts while up"),
        pytest.param(-20, False, 0, -20, id="negative counts while down"),
        pytest.param(20, True, -20, 0, id="reversed positive"),
        pytest.param(-20, True, 0, 20, id="reversed negative"),
    ],
)
def test_effect(weight, reverse, up, down):
    """As keepalived 2.2.7 changes its priority when a tracked interface goes up and down."""
    assert effect(weight, reverse=reverse, is_up=True) == up
    assert effect(weight, reverse=reverse, is_up=False) == down


@pytest.mark.parametrize(
    ("weight", "number", "reverse", "expected"),
    [
        pytest.param(1, 7, False, 7, id="the number itself"),
        pytest.param(-3, 7, False, -21, id="so many times"),
        pytest.param(3, 7, True, -21, id="reversed"),
        pytest.param(1, 300, False, 253, id="at most"),
        pytest.param(1, -253, False, -253, id="at least"),
        pytest.param(1, -254, False, None, id="a fault"),
        pytest.param(100, 3, True, None, id="a fault, reversed"),
        pytest.param(0, 0, False, 0, id="no weight: nothing"),
        pytest.param(0, -1, False, None, id="no weight: any number is a fault"),
        pytest.param(0, 1, True, 0, id="no weight, reversed: any number"),
        pytest.param(0, 0, True, None, id="no weight, reversed: nothing is a fault"),
    ],
)
def test_effect_of_number(weight, number, reverse, expected):
    assert effect_of_number(weight, number, reverse=reverse) == expected
