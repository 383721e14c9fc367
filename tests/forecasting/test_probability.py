"""The probability of a price: it goes through the nine quantiles and is defined for any price."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator
from scipy.special import expit, ndtr, ndtri
from scipy.stats import t as student

from cryptoforecast.errors import InvalidInput
from cryptoforecast.forecasting import probability
from cryptoforecast.types import QUANTILES, Forecast, NextSteps
from tests import synthetic

LEVELS = np.array(QUANTILES)
NORMAL = 0.01 * ndtri(LEVELS)

rising = st.tuples(
    st.floats(-0.5, 0.5), st.lists(st.floats(1e-6, 0.3), min_size=8, max_size=8)
).map(lambda pair: pair[0] + np.cumsum([0.0, *pair[1]]))


def forecast_of(quantiles, close=100.0, actual=math.nan) -> Forecast:
    """One forecast from each given ``(horizon, 9)``."""
    quantiles = np.asarray(quantiles, dtype=float)
    n, horizon = quantiles.shape[:2]
    return Forecast(
        predictor="lstm",
        interval="1h",
        origins=pd.date_range("2024-01-01", periods=n, freq="1h", tz="UTC", unit="ns"),
        close=np.full(n, close),
        predicted=close * np.exp(quantiles[..., 4]),
        quantiles=quantiles,
        actual=np.full((n, horizon), actual),
    )


# ---------------------------------------------------------------------------- the distribution


@given(rising)
def test_the_nine_quantiles_keep_their_probabilities(quantiles):
    np.testing.assert_allclose(probability.below(quantiles, quantiles), LEVELS, rtol=1e-7)
    np.testing.assert_allclose(probability.above(quantiles, quantiles), 1 - LEVELS, rtol=1e-7)
    np.testing.assert_allclose(probability.quantile(LEVELS, quantiles), quantiles, atol=1e-9)


@settings(deadline=None)
@given(rising, st.lists(st.floats(-3, 3), min_size=2, max_size=50, unique=True).map(sorted))
def test_a_higher_price_is_never_likelier_to_be_exceeded(quantiles, returns):
    log_odds = probability.log_odds(np.array(returns), quantiles)
    apart = np.diff(returns) > 1e-9
    assert (np.diff(log_odds)[apart] > 0).all()
    assert (np.diff(log_odds) >= 0).all()
    below = probability.below(np.array(returns), quantiles)
    assert ((below > 0) & (below <= 1)).all()


#: Three probabilities between each two quantiles, three in each tail, and the quantiles' own.
EVERY_PIECE = np.sort(
    np.concatenate(
        [
            (LEVELS[:-1] + np.diff(LEVELS) * [[0.1], [0.5], [0.9]]).ravel(),
            [1e-9, 1e-3, 0.02, 0.98, 1 - 1e-3, 1 - 1e-9],
            LEVELS,
        ]
    )
)


@given(rising)
def test_the_quantile_function_is_the_inverse_in_every_piece(quantiles):
    returns = probability.quantile(EVERY_PIECE, quantiles)
    assert (np.diff(returns) > 0).all()
    np.testing.assert_allclose(probability.below(returns, quantiles), EVERY_PIECE, rtol=1e-6)


@pytest.mark.parametrize("tail", [0.02, 0.01, 1e-3, 1e-6])
@pytest.mark.parametrize(
    "quantiles", [NORMAL, np.log(LEVELS), -np.log(1 - LEVELS)], ids=["normal", "left", "right"]
)
def test_both_tails_are_inverted(quantiles, tail):
    """Beyond the outermost quantiles, on either side of a lopsided distribution."""
    low, high = probability.quantile(np.array([tail, 1 - tail]), quantiles)
    assert low < quantiles[0] < quantiles[-1] < high
    assert probability.below(low, quantiles) == pytest.approx(tail, rel=1e-6)
    assert probability.above(high, quantiles) == pytest.approx(tail, rel=1e-6)
    # A generalised Pareto tail: the density at the outermost quantile sets its scale.
    scale = (1 / 0.2) * ((0.025 / tail) ** 0.2 - 1)
    for beyond, (inner, outer) in (
        (quantiles[0] - low, (quantiles[1], quantiles[0])),
        (high - quantiles[-1], (quantiles[-2], quantiles[-1])),
    ):
        slope = (math.log(0.95 / 0.05) - math.log(0.975 / 0.025)) / abs(outer - inner)
        assert beyond == pytest.approx(scale / (0.975 * abs(slope)), rel=1e-6)


@given(rising, st.floats(-3, 3))
def test_a_mirrored_market_has_mirrored_probabilities(quantiles, value):
    probabilities = probability.above(np.array(value), quantiles)
    assert probabilities == pytest.approx(
        probability.below(np.array(-value), -quantiles[::-1]), rel=1e-6
    )


@given(rising, st.floats(-3, 3), st.floats(0.01, 100))
def test_the_unit_of_the_returns_does_not_matter(quantiles, value, unit):
    odds = probability.log_odds(np.array(unit * value), unit * quantiles)
    assert odds == pytest.approx(float(probability.log_odds(np.array(value), quantiles)), rel=1e-4)


@pytest.mark.parametrize(
    ("inverse", "exact"),
    [
        (ndtri, ndtr),
        (lambda p: np.log(p / (1 - p)), expit),
        (lambda p: student.ppf(p, 4), lambda x: student.cdf(x, 4)),
        (lambda p: np.log(p), np.exp),  # of one side alone, and far from symmetric
    ],
    ids=["normal", "logistic", "student", "exponential"],
)
def test_the_probabilities_of_known_distributions(inverse, exact):
    inside = inverse(np.linspace(0.025, 0.975, 200))
    np.testing.assert_allclose(
        probability.below(inside, inverse(LEVELS)), exact(inside), atol=0.012
    )


def test_the_log_odds_inside_are_those_of_a_spline_written_out():
    """Slopes at the inner quantiles are those of scipy's monotone interpolation."""
    rng = np.random.default_rng(11)
    knots = np.log(LEVELS / (1 - LEVELS))
    for _ in range(5):
        quantiles = np.cumsum(rng.uniform(0.001, 0.05, 9)) - 0.1
        slopes = np.diff(knots) / np.diff(quantiles)
        steep = PchipInterpolator(quantiles, knots).derivative()(quantiles)
        steep[[0, -1]] = slopes[[0, -1]]
        for i, share in [(i, share) for i in range(8) for share in (0.1, 0.5, 0.8)]:
            value = quantiles[i] + share * (quantiles[i + 1] - quantiles[i])
            above = slopes[i] * share**2 + steep[i] * share * (1 - share)
            below = slopes[i] + (steep[i] + steep[i + 1] - 2 * slopes[i]) * share * (1 - share)
            expected = knots[i] + (knots[i + 1] - knots[i]) * above / below
            odds = probability.log_odds(np.array(value), quantiles)
            assert odds == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_density_has_no_step():
    """Slopes just left and right of each quantile are the same: no kink, also where tails begin."""
    quantiles, tiny = 0.01 * student.ppf(LEVELS, 4), 1e-8
    values = probability.log_odds(
        quantiles[:, None] + np.array([-tiny, 0, tiny]), quantiles[None, None]
    )
    left, right = np.diff(values).T
    np.testing.assert_allclose(left, right, rtol=1e-3)


def test_tails_fall_slower_than_a_normals_and_stay_possible():
    far = probability.above(np.array([0.05, 0.1, 1.0, 10.0]), NORMAL)
    assert (np.diff(far) < 0).all()
    assert far[0] > 10 * ndtr(-5)
    assert far[-1] > 0
    assert probability.above(np.array([-1.0]), NORMAL)[0] < 1
    # A generalised Pareto tail: its excess over any height is one again.
    excess = probability.quantile(1 - np.array([0.02, 0.01, 0.002, 0.001]), NORMAL)
    ratio = (excess[3] - excess[2]) / (excess[1] - excess[0])
    assert ratio == pytest.approx(10**0.2, rel=1e-6)


def test_a_share_outside_zero_and_one_has_no_quantile():
    quantiles = probability.quantile(np.array([0.0, 1.0, -0.1, 1.1, math.nan]), NORMAL)
    assert quantiles[:2].tolist() == [-math.inf, math.inf]
    assert np.isnan(quantiles[2:]).all()


def test_endless_returns_are_certain():
    probabilities = probability.below(np.array([-math.inf, math.inf]), NORMAL)
    assert probabilities.tolist() == [0, 1]


def test_a_band_without_width_is_a_step():
    flat = np.zeros(9)
    probabilities = probability.below(np.array([-1e-3, 0.0, 1e-3]), flat)
    assert probabilities == pytest.approx([0, 0.5, 1], abs=1e-6)
    # Equal quantiles are moved apart by a billionth of a log-return each.
    apart = 1e-9 * (np.arange(9) - 4)
    np.testing.assert_allclose(probability.quantile(LEVELS, flat), apart, atol=1e-14)
    tied = np.array([-2.0, -2, -1, 0, 0, 0, 1, 1, 3]) / 100
    for each in (tied, -tied[::-1]):
        np.testing.assert_allclose(probability.quantile(LEVELS, each), each, atol=5e-9)
    assert (np.diff(probability.below(np.linspace(-0.05, 0.05, 200), tied)) > 0).all()


@pytest.mark.parametrize("hole", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [0, 4, 8])
def test_an_undefined_band_has_undefined_probabilities(hole, place):
    quantiles = NORMAL.copy()
    quantiles[place] = hole
    assert math.isnan(probability.below(np.array(0.0), quantiles))
    assert math.isnan(probability.quantile(np.array(0.5), quantiles))
    assert math.isnan(probability.below(np.array(math.nan), NORMAL))


def test_many_at_once_are_each_alone():
    rng = np.random.default_rng(0)
    quantiles = np.sort(rng.normal(0, 0.01, (5, 3, 9)), axis=-1)
    returns = rng.normal(0, 0.02, (5, 3))
    probabilities = probability.below(returns, quantiles)
    for i, j in np.ndindex(5, 3):
        assert probabilities[i, j] == probability.below(returns[i, j], quantiles[i, j])
    ladder = probability.below(returns[0, 0], quantiles)
    assert ladder.shape == (5, 3)


# ---------------------------------------------------------------------------- of forecasts


def test_the_probability_of_a_price_is_that_of_its_return():
    forecast = forecast_of([[NORMAL, 2 * NORMAL], [NORMAL - 0.01, NORMAL + 0.01]], close=50_000.0)
    level = 50_000 * math.exp(0.01)
    probabilities = probability.above_price(forecast, level)
    assert probabilities.shape == (2, 2)
    assert probabilities[0] == pytest.approx(1 - ndtr([1, 0.5]), abs=0.002)
    assert probabilities[1, 1] == pytest.approx(0.5)
    np.testing.assert_allclose(probabilities + probability.below_price(forecast, level), 1)


@pytest.mark.parametrize("level", [5e-324, 1e-300, 1e15])
@pytest.mark.parametrize("close", [1e-12, 1e12])
def test_extreme_levels_have_a_probability(level, close):
    forecast = forecast_of([[NORMAL]], close=close)
    above, below = (
        probability.above_price(forecast, level),
        probability.below_price(forecast, level),
    )
    assert above + below == pytest.approx(1)
    assert min(above, below) < 1e-5


@pytest.mark.parametrize(
    "level", [0.0, -1.0, math.nextafter(1e15, math.inf), 1.1e15, math.nan, math.inf, -math.inf]
)
def test_a_level_that_is_no_price_is_refused(level):
    with pytest.raises(InvalidInput, match=r"above 0 and at most 1e\+15\. Received: "):
        probability.above_price(forecast_of([[NORMAL]]), level)
    with pytest.raises(InvalidInput, match="Give one such as 65000"):
        probability.check([100.0, level])


def test_levels_are_bounded():
    probability.check([1.0] * probability.MAX_LEVELS)
    steps = NextSteps("mine", synthetic.history(), forecast_of([[NORMAL]]))
    with pytest.raises(InvalidInput, match=r"At most 40 price levels .* Received: 41\."):
        probability.of_next_steps(steps, [1.0] * 40, [1.0])


def test_probabilities_of_the_next_steps_come_in_the_order_of_their_levels():
    steps = NextSteps("mine", synthetic.history(), forecast_of([[NORMAL, 2 * NORMAL]]))
    probabilities = probability.of_next_steps(steps, [101, 99], [101])
    assert [(one.level, one.direction) for one in probabilities] == [
        (101, "above"), (99, "above"), (101, "below"),
    ]  # fmt: skip
    assert probabilities[0].by_step.shape == (2,)
    assert probabilities[0].by_step + probabilities[2].by_step == pytest.approx(1)
    assert (
        probabilities[0].by_step[0]
        < probabilities[0].by_step[1]
        < 0.5
        < probabilities[1].by_step[1]
    )


@pytest.mark.parametrize("close", [1e-12, 0.0000123, 3.21, 61_234.5, 1e12])
@pytest.mark.parametrize("width", [0.01, 0.3, 3.0])
def test_a_ladder_is_of_round_prices_over_the_band(close, width):
    forecast = forecast_of([[NORMAL / 100, width * NORMAL]], close=close)
    steps = NextSteps("mine", synthetic.history(), forecast)
    ladder = probability.ladder(steps)
    # The page asks how likely each is at the end, and how likely on the way, beside one's own.
    assert len(ladder) >= 5
    assert 2 * (len(ladder) + 1) <= probability.MAX_LEVELS
    assert ladder == sorted(set(ladder))
    low, high = forecast.quantile_prices[0, -1, [0, -1]]
    assert low <= ladder[0] < ladder[-1] <= high
    assert len(f"{ladder[1] - ladder[0]:.3g}".replace("e", "").strip("0.")) <= 4
    assert len(probability.of_next_steps(steps, ladder)) == len(ladder)


@pytest.mark.parametrize(
    ("low", "high", "rungs"),
    [
        (89.9, 110.1, [90, 92, 94, 96, 98, 100, 102, 104, 106, 108, 110]),
        (0.0101, 0.0115, [0.0102, 0.0104, 0.0106, 0.0108, 0.011, 0.0112, 0.0114]),
        (61_234.5, 64_999.0, [61_500, 62_000, 62_500, 63_000, 63_500, 64_000, 64_500]),
        (0.5, 60.5, [10, 20, 30, 40, 50, 60]),
    ],
)
def test_the_rungs_of_a_ladder_are_those_of_a_hand_count(low, high, rungs):
    quantiles = np.log(np.linspace(low, high, 9))
    forecast = forecast_of([[NORMAL, quantiles]], close=1.0)
    steps = NextSteps("mine", synthetic.history(), forecast)
    assert probability.ladder(steps) == rungs


def test_no_rung_of_a_ladder_is_a_price_of_zero():
    quantiles = np.log(np.linspace(0.1, 60.5, 9))
    quantiles[0] = -1000.0  # its price is too small for a number
    steps = NextSteps("mine", synthetic.history(), forecast_of([[quantiles]], close=1.0))
    assert probability.ladder(steps) == [10, 20, 30, 40, 50, 60]


@pytest.mark.parametrize("quantiles", [0 * NORMAL, math.nan * NORMAL])
def test_a_band_without_width_has_one_rung(quantiles):
    steps = NextSteps("mine", synthetic.history(), forecast_of([[quantiles]], close=5.0))
    assert probability.ladder(steps) == [5.0]


@pytest.mark.parametrize(
    ("size", "rounded"),
    [
        *((1, 1), (1.99, 1), (2, 2), (4.99, 2), (5, 5), (9.9, 5), (0.001, 0.001)),
        # A billionth below counts as the number itself.
        *((2 - 1.8e-9, 2), (2 - 2.2e-9, 1), (0.05 - 4.5e-11, 0.05), (0.05 - 5.5e-11, 0.02)),
    ],
)
def test_steps_are_round(size, rounded):
    assert probability.round_step(size) == pytest.approx(rounded)


def test_the_transform_of_right_forecasts_is_uniform():
    rng = np.random.default_rng(0)
    close, spread = 100.0, rng.uniform(0.002, 0.03, (20_000, 1, 1))
    forecast = forecast_of(spread * ndtri(LEVELS), close)
    object.__setattr__(
        forecast, "actual", close * np.exp(spread[..., 0] * rng.normal(size=(20_000, 1)))
    )
    where = probability.pit(forecast)[:, 0]
    counted = np.histogram(where, bins=20, range=(0, 1))[0] / len(where)
    np.testing.assert_allclose(counted, 0.05, atol=0.006)
    assert np.isnan(probability.pit(forecast_of([[NORMAL]]))).all()
