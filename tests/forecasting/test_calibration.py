"""A rescaled band covers what it promises; medians and points stay the same."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from cryptoforecast.evaluation import scores
from cryptoforecast.forecasting import calibration
from cryptoforecast.types import MEDIAN, QUANTILES, Forecast

NORMAL = ndtri(QUANTILES)


def rolling(forecast, burn_in):
    """Rescale every band by the outcomes before it."""
    return calibration.calibrated(forecast, burn_in, calibration.factors(forecast, burn_in))


def latest(forecast):
    """Return the factors that the last origin calls for, ``(horizon, 9)``."""
    (factors,) = calibration.factors(forecast, len(forecast) - 1)
    return factors


def forecast(width: float, rows: int = 4000, seed: int = 0, steps: int = 2) -> Forecast:
    """Normal log-returns of 1 % under a normal band that is ``width`` times as wide."""
    rng = np.random.default_rng(seed)
    close = np.full(rows, 100.0)
    middle = rng.normal(0, 0.002, (rows, steps))
    returns = middle + rng.normal(0, 0.01, (rows, steps))
    return Forecast(
        predictor="lstm",
        interval="1h",
        origins=pd.date_range("2024-01-01", periods=rows, freq="1h", tz="UTC", unit="ns"),
        close=close,
        predicted=close[:, None] * np.exp(middle),
        quantiles=middle[..., None] + width * 0.01 * NORMAL,
        actual=close[:, None] * np.exp(returns),
    )


@pytest.mark.parametrize("width", [0.5, 1.0, 2.0])
def test_a_band_of_the_wrong_width_covers_what_it_promises(width):
    mended = rolling(forecast(width, rows=8_000), 4_000)
    for level in (50, 80, 95):
        measured = scores.coverage(mended.actual_returns[:, 1], mended.quantiles[:, 1], level)
        assert measured == pytest.approx(level / 100, abs=0.03)


def test_the_median_and_the_point_stay_untouched():
    one = forecast(0.7)
    mended = rolling(one, 0)
    np.testing.assert_array_equal(mended.quantiles[..., MEDIAN], one.quantiles[..., MEDIAN])
    np.testing.assert_array_equal(mended.predicted, one.predicted)


def test_too_few_outcomes_change_nothing():
    few = forecast(3.0, rows=calibration.MIN_OUTCOMES)
    np.testing.assert_array_equal(rolling(few, 0).quantiles, few.quantiles)


def test_factors_of_one_leave_a_band_exactly_as_it_is():
    one = forecast(1.0, rows=5)
    quantiles = np.sort(np.random.default_rng(9).normal(0, 0.01, (5, 2, 9)), axis=-1)
    middle = quantiles[..., MEDIAN, None]
    assert (middle + (quantiles - middle) != quantiles).any()  # by a rounding error
    one = dataclasses.replace(one, quantiles=quantiles)
    kept = calibration.calibrated(one, 2, np.ones((1, 2, 9)))
    np.testing.assert_array_equal(kept.quantiles, quantiles[2:])
    np.testing.assert_array_equal(
        calibration.rescaled(one, np.ones((5, 2, 9))).quantiles, quantiles
    )


def test_a_step_with_too_few_outcomes_leaves_the_nearer_ones_rescaled():
    horizon, burn_in = 24, calibration.MIN_OUTCOMES + 10
    one = forecast(3.0, rows=burn_in + 5, steps=horizon)
    (by,) = calibration.factors(one, burn_in)
    others = np.arange(len(QUANTILES)) != MEDIAN
    # A target ``k`` candles ahead is known ``k`` candles later.
    enough = np.arange(1, horizon + 1) <= 11
    assert (by[~enough] == 1).all()
    assert (by[enough][:, others] < 0.7).all()
    after, mended = one[burn_in:], calibration.calibrated(one, burn_in, by[None])
    np.testing.assert_array_equal(mended.quantiles[:, ~enough], after.quantiles[:, ~enough])
    narrower = np.ptp(mended.quantiles, axis=-1) / np.ptp(after.quantiles, axis=-1)
    assert (narrower[:, enough] < 0.7).all()


def test_steps_without_factors_leave_the_nearer_ones_rescaled():
    one, by = forecast(1.0, rows=5), np.ones((5, 2, 9))
    by[:, 0] = 2
    after, mended = np.diff(one.quantiles, axis=-1), calibration.rescaled(one, by)
    np.testing.assert_allclose(np.diff(mended.quantiles, axis=-1)[:, 0], 2 * after[:, 0])
    np.testing.assert_allclose(np.diff(mended.quantiles, axis=-1)[:, 1], after[:, 1])


def test_a_lopsided_market_moves_each_side_by_its_own():
    one = forecast(1.0, rows=8_000)
    middle = one.quantiles[..., MEDIAN]
    returns = one.actual_returns - middle
    stretched = np.where(returns > 0, 2 * returns, returns) + middle
    one = dataclasses.replace(one, actual=one.close[:, None] * np.exp(stretched))
    mended = rolling(one, 0)
    ends = [0, -1]
    original, result = (each.quantiles[-1] - middle[-1][:, None] for each in (one, mended))
    factor = result[:, ends] / original[:, ends]
    assert factor[:, -1] == pytest.approx(2, rel=0.1)
    assert factor[:, 0] == pytest.approx(1, rel=0.1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.05, 20), min_size=9, max_size=9))
def test_quantiles_never_cross(by):
    mended = calibration.rescaled(forecast(1.0, rows=5), np.array([by, by]))
    assert (np.diff(mended.quantiles, axis=-1) >= 0).all()


# ---------------------------------------------------------------------------- rolling


@pytest.mark.parametrize("steps", [1, 8])
def test_a_market_that_grows_wilder_is_followed(steps):
    """The residuals double half way; a band that looks back finds it out by itself."""
    one = forecast(1.0, rows=18_000, steps=steps)
    middle = one.quantiles[..., MEDIAN]
    wilder = np.where(np.arange(18_000) < 6_000, 1.0, 2.0)[:, None]
    returns = middle + wilder * (one.actual_returns - middle)
    one = dataclasses.replace(one, actual=one.close[:, None] * np.exp(returns))
    mended = rolling(one, 4_000)
    assert len(mended) == 14_000
    np.testing.assert_array_equal(mended.predicted, one.predicted[4_000:])
    for rows in (slice(0, 2_000), slice(2_000 + calibration.CALIBRATION_ROWS, None)):
        for level in (80, 95):
            part = mended[rows]
            measured = scores.coverage(part.actual_returns[:, -1], part.quantiles[:, -1], level)
            assert measured == pytest.approx(level / 100, abs=0.025)


def test_outcomes_after_an_origin_do_not_change_its_band():
    """Outcomes that end after an origin do not change its band: altered, they leave it as is."""
    one, at = forecast(1.0, rows=3_000, steps=6), 2_500
    for step in range(1, 7):
        actual = one.actual.copy()
        # The last outcome known at the origin ``at`` is that of the origin ``at - step``.
        actual[at - step + 1 :, step - 1] *= 3
        altered = dataclasses.replace(one, actual=actual)
        now, then = (rolling(each, 0).quantiles for each in (altered, one))
        np.testing.assert_array_equal(now[: at + 1, step - 1], then[: at + 1, step - 1])
        assert (now[at + 1 :, step - 1] != then[at + 1 :, step - 1]).any()


def test_the_rolling_factor_is_that_of_a_hand_count(monkeypatch):
    monkeypatch.setattr(calibration, "CALIBRATION_ROWS", 500)
    one = forecast(1.3, rows=900, steps=2)
    mended = rolling(one, 0)
    row, step, i = 800, 1, 7
    middle = one.quantiles[:, step, MEDIAN]
    distance = one.quantiles[:, step, i] - middle
    measured = row // calibration.REFRESH_ROWS * calibration.REFRESH_ROWS
    rows = slice(measured - 2 - 499, measured - 2 + 1)
    ratio = (one.actual_returns[rows, step] - middle[rows]) / distance[rows]
    log = np.log(np.quantile(ratio, QUANTILES[i]))
    sure = log**2 / (log**2 + calibration.SHRINKAGE * 2 / 500)
    expected = middle[row] + distance[row] * np.exp(sure * log)
    assert mended.quantiles[row, step, i] == pytest.approx(expected, rel=1e-9)
    assert (mended.quantiles[:200] == one.quantiles[:200]).all()


# ---------------------------------------------------------------------------- what comes next


def test_the_latest_factors_are_those_of_rolling_right_after():
    one = forecast(1.3, rows=1_500, steps=2)
    actual = one.actual.copy()
    actual[-1:, 0] = actual[-2:, 1] = np.nan
    one = dataclasses.replace(one, actual=actual)
    after = rolling(one, 1_499)
    middle = one.quantiles[-1:, :, MEDIAN : MEDIAN + 1]
    away = one.quantiles[-1:] - middle
    factors = np.where(away == 0, 1, (after.quantiles - middle) / np.where(away == 0, 1, away))
    np.testing.assert_allclose(latest(one), factors[0], rtol=1e-9)


def test_the_latest_factors_do_not_depend_on_where_the_forecasts_begin(monkeypatch):
    monkeypatch.setattr(calibration, "CALIBRATION_ROWS", 600)
    one = forecast(0.8, rows=1_000, steps=12)
    for cut in (1, 2, 5, 300):
        np.testing.assert_array_equal(latest(one[cut:]), latest(one))


@pytest.mark.parametrize("width", [0.5, 2.0])
def test_the_latest_factors_mend_a_wrong_width(width):
    factors = latest(forecast(width))
    outer = np.delete(factors, MEDIAN, axis=1)
    np.testing.assert_allclose(outer, 1 / width, rtol=0.15)
    assert (factors[:, MEDIAN] == 1).all()


def test_a_step_with_too_few_outcomes_keeps_its_width():
    # The last origin knows the outcomes of one step from one origin more than those of two.
    assert calibration.MIN_OUTCOMES == 200
    factors = latest(forecast(2.0, rows=201))
    assert (np.delete(factors[0], MEDIAN) != 1).all()
    assert (factors[1] == 1).all()


def test_a_band_without_width_stays_one():
    flat = dataclasses.replace(forecast(1.0), quantiles=np.zeros((4000, 2, 9)))
    outer = np.delete(latest(flat), MEDIAN, axis=1)
    np.testing.assert_allclose(outer, 0.05, rtol=0.01)


def factor_by_hand(one, row, step, level):
    """Compute the factor that the outcomes known at ``row`` call for, outcome by outcome."""
    end = row - step + 1
    outcomes = min(end, 8000, 4000 + 200 * (step - 1))
    ratios = []
    for past in range(end - 1, end - 1 - outcomes, -max(1, step // 8)):
        quantiles = one.quantiles[past, step - 1]
        away = math.log(one.actual[past, step - 1] / one.close[past]) - quantiles[MEDIAN]
        ratios.append(away / (quantiles[level] - quantiles[MEDIAN]))
    log = math.log(max(np.quantile(ratios, max(QUANTILES[level], 1 - QUANTILES[level])), 0.05))
    return math.exp(log**3 / (log**2 + 4 * step / outcomes))


@pytest.mark.parametrize(
    ("rows", "steps"), [(9_000, (1, 2, 16, 21, 24)), (700, (1, 7, 15, 16, 24))]
)
def test_factors_are_those_of_a_hand_count_at_every_step(rows, steps):
    one = forecast(1.3, rows=rows, steps=24)
    # Each step has a width of its own.
    middle, wider = one.quantiles[..., MEDIAN, None], 1 + np.arange(24)[:, None] / 50
    one = dataclasses.replace(one, quantiles=middle + wider * (one.quantiles - middle))
    burn_in = rows - calibration.REFRESH_ROWS - 1
    factors = calibration.factors(one, burn_in)
    assert factors.shape == (2, 24, 9)
    for block, row in enumerate((burn_in, burn_in + calibration.REFRESH_ROWS)):
        for step in steps:
            for level in (0, 3, 5, 8):
                expected = factor_by_hand(one, row, step, level)
                assert factors[block, step - 1, level] == pytest.approx(expected, rel=1e-9)
    assert (factors[..., MEDIAN] == 1).all()
