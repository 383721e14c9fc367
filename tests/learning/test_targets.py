"""The targets equal a hand loop, also where the horizon is longer than the history."""

import math

import numpy as np
import pytest

from cryptoforecast.learning import targets

CLOSES = np.array([100.0, 103.0, 99.0, 120.0])


@pytest.mark.parametrize("horizon", [1, 2, 3, 4, 6])
def test_cumulative_returns_equal_a_hand_loop(horizon):
    expected = [
        [
            math.log(CLOSES[t + k] / CLOSES[t]) if t + k < 4 else math.nan
            for k in range(1, horizon + 1)
        ]
        for t in range(4)
    ]
    returns = targets.cumulative_returns(CLOSES, horizon)
    np.testing.assert_allclose(returns, expected, rtol=1e-12)


@pytest.mark.parametrize("horizon", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("rows", [range(4), range(3, 4), range(0, 4, 2)])
def test_actual_prices_are_the_closes_that_followed(rows, horizon):
    expected = [
        [CLOSES[t + k] if t + k < 4 else math.nan for k in range(1, horizon + 1)] for t in rows
    ]
    np.testing.assert_array_equal(targets.actual_prices(CLOSES, rows, horizon), expected)
