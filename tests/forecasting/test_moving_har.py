"""HAR is fitted again as it goes: on the last year, and never on what came later."""

import dataclasses
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.forecasting import next_steps
from cryptoforecast.forecasting.baselines import Har, moving_ridge
from cryptoforecast.forecasting.baselines.common import ridge, trailing_quantiles
from cryptoforecast.forecasting.baselines.har import (
    log_averages,
    next_log_volatility,
    scaled_moves,
)
from cryptoforecast.types import PriceHistory
from tests import synthetic
from tests.forecasting.test_har import market


def days(rows: int, **changes: object) -> PriceHistory:
    return synthetic.lasting(synthetic.history(rows, **changes), "1d")


# ---------------------------------------------------------------------------- sums of products


def test_fits_from_sums_of_products_are_ridge_regressions_of_the_last_blocks():
    rng = np.random.default_rng(0)
    inputs = np.column_stack([rng.normal(-5, s, 400) for s in (0.1, 1, 50)] + [np.full(400, 7.0)])
    targets = inputs[:, :3] @ rng.normal(0, 1, (3, 2)) + rng.normal(0, 1, (400, 2)) - 5
    edges = [0, 30, 80, 130, 280, 400]
    blocks = [slice(*pair) for pair in pairwise(edges)]
    sums = moving_ridge.moving_sums(
        (moving_ridge.products(inputs[rows], targets[rows]) for rows in blocks), 3
    )
    for i, total in enumerate(sums, start=1):
        rows = slice(edges[max(0, i - 3)], edges[i])
        for penalty in (0.5, 300.0):
            weights, intercepts = moving_ridge.fit(total, penalty)
            plain = ridge(inputs[rows], targets[rows], penalty)
            np.testing.assert_allclose(weights, plain[0], rtol=1e-9, atol=1e-14)
            np.testing.assert_allclose(intercepts, plain[1], rtol=1e-9)
            assert (weights[3] == 0).all()


def test_an_input_that_hardly_rounds_apart_gets_no_weight():
    rng = np.random.default_rng(0)
    flat = -13.8 + 1e-12 * rng.normal(0, 1, 500)
    inputs, targets = np.column_stack([flat, rng.normal(0, 1, 500)]), rng.normal(0, 1, (500, 1))
    weights, _ = moving_ridge.fit(moving_ridge.products(inputs, targets), 1.0)
    assert weights[0] == 0 != weights[1]


# ---------------------------------------------------------------------------- a slow reference


def inputs_by_hand(history: PriceHistory) -> np.ndarray:
    candles, length = history.candles, history.candle_length
    averages = log_averages(candles, length)
    moves = scaled_moves(candles, length, averages)
    hours = [24 * (time.day_of_week >= 5) + time.hour for time in candles.index]
    clock = [
        [float(hour == each) for each in range(48)]
        + [float(time.day_of_week == each) for each in range(7)]
        for hour, time in zip(hours, candles.index, strict=True)
    ]
    return np.hstack([averages, moves, np.abs(moves), clock])


def expected_volatility(
    history: PriceHistory, before: int, horizon: int, spacing: int, blocks: int
):
    """Fit from scratch at each refit row; NaN before the first fit."""
    candles, inputs = history.candles, inputs_by_hand(history)
    refits = [
        row
        for row in range(len(history))
        if (row - (before - 1)) % spacing == 0 and row - horizon + 1 >= 40
    ]
    sigma = np.full((len(history), horizon), np.nan)
    for i, row in enumerate(refits):
        begin = refits[i - blocks] - horizon + 1 if i >= blocks else 0
        last = row - horizon + 1
        targets = next_log_volatility(candles[: row + 1], horizon)
        assert len(targets) == last
        weights, intercepts = ridge(inputs[begin:last], targets[begin:], 300)
        sigma[row:] = np.exp(inputs[row:] @ weights + intercepts)
    return sigma, refits[0]


@pytest.mark.parametrize(
    ("market", "before", "horizon", "spacing", "blocks"),
    [
        # 1,000 days are 36 blocks of four weeks: the first fits are on all, the last on these.
        (days(1500), 1200, 3, 28, 36),
        # An eighth of the hours before the test span, because four weeks are longer.
        (synthetic.history(1500), 1200, 3, 150, 58),
        (synthetic.parted(synthetic.history(900), {200: 30, 640: 500}), 600, 24, 75, 117),
    ],
    ids=["days", "hours", "gaps"],
)
def test_the_volatility_it_expects_is_that_of_fits_from_scratch(
    market, before, horizon, spacing, blocks
):
    expected, first = expected_volatility(market, before, horizon, spacing, blocks)
    fitted = Har.fit(market, before, horizon)
    assert fitted.refit_rows == spacing
    sigma = fitted.sigma(market, range(len(market)))
    np.testing.assert_allclose(sigma[first:], expected[first:], rtol=1e-9)
    assert np.isfinite(sigma).all()
    # The band is sigma times the quantiles of what was known, in the test span and before it.
    for rows in (
        range(before, len(market)),
        range(first, before - 20),
        range(before - 9, before + 9),
    ):
        past = sigma[: rows.stop]
        close = market.candles["close"].to_numpy()[: rows.stop]
        returns = np.full((rows.stop, horizon), np.nan)
        for step in range(1, horizon + 1):
            returns[:-step, step - 1] = np.log(close[step:] / close[:-step])
        band = trailing_quantiles(returns / past, rows, before - 1, min(168, spacing))
        forecast = fitted.forecast(market, rows)
        np.testing.assert_allclose(
            forecast.quantiles, past[rows.start :, :, None] * band, rtol=1e-9, atol=1e-15
        )
        assert np.isfinite(forecast.quantiles).all()


def test_the_volatility_in_sample_is_that_of_one_fit_on_all_candles_before():
    history, before, horizon = days(1500), 1300, 3
    candles = history.candles[:before]
    fitted = Har.fit(history, before, horizon)
    sigma = fitted.in_sample_sigma(history, before)
    inputs = inputs_by_hand(history)[:before]
    last = before - horizon
    weights, intercepts = ridge(inputs[:last], next_log_volatility(candles, horizon), 300)
    np.testing.assert_allclose(sigma, np.exp(inputs @ weights + intercepts), rtol=1e-9)
    assert not np.allclose(sigma, fitted.sigma(history, range(before)), rtol=1e-3)


# ---------------------------------------------------------------------------- causality


@pytest.mark.parametrize("market", [synthetic.history(900), days(900)], ids=["hours", "days"])
def test_no_forecast_sees_what_comes_after_it_before_the_test_span_either(market):
    before, rows = 600, range(900)
    predictor = Har.fit(market, before, 3)
    whole = predictor.forecast(market, rows).quantiles
    spacing = predictor.refit_rows
    first = int(np.isfinite(whole).all(axis=(1, 2)).argmax())
    assert 42 <= first < 42 + spacing
    assert np.isnan(whole[:first]).all()
    assert np.isfinite(whole[first:]).all()
    refit = before - 1 - spacing
    for row in (first, 150, refit - 1, refit, refit + 1, 598, 599, 600, 599 + spacing, 870):
        other = predictor.forecast(synthetic.altered(market, row + 1), rows).quantiles
        np.testing.assert_array_equal(other[: row + 1], whole[: row + 1], str(row))
        assert (other[row + 1] != whole[row + 1]).any()


def test_a_candle_counts_from_the_next_fit_on():
    """An outcome that became known at a row of a fit is in this fit."""
    history, before = days(900), 600
    predictor = Har.fit(history, before, 2)
    sigma = predictor.sigma(history, range(900))
    refit = before - 1 + 28
    other = predictor.sigma(synthetic.altered(history, refit), range(900))
    np.testing.assert_array_equal(other[:refit], sigma[:refit])
    assert (other[refit] != sigma[refit]).all()


def test_the_next_steps_are_the_last_origin_of_a_backtest():
    """A refit row of a backtest, and the last row of a history that ends there."""
    history, before, horizon = days(1400), 1000, 5
    tested = Har.fit(history, before, horizon)
    for fits in (1, 5):
        last = before - 1 + 28 * fits
        ended = dataclasses.replace(history, candles=history.candles.iloc[: last + 1])
        coming = next_steps.of_baseline(ended, "har", horizon).forecast
        past = tested.forecast(history, range(before, last + 1))
        np.testing.assert_allclose(coming.quantiles[0], past.quantiles[-1], rtol=1e-9, atol=1e-15)


# ---------------------------------------------------------------------------- odd histories


def test_sixty_candles_have_a_band():
    for history in (synthetic.history(60), days(60)):
        forecast = next_steps.of_baseline(history, "har", 1).forecast
        assert np.isfinite(forecast.quantiles).all()
        assert (np.diff(forecast.quantiles, axis=-1) >= 0).all()


def test_a_market_that_wakes_up_soon_has_a_band_of_its_new_width():
    history = synthetic.history(1500)
    candles = history.candles.copy()
    candles.iloc[:700] = [100.0, 100.0, 100.0, 100.0, 0.0]
    woken = dataclasses.replace(history, candles=candles)
    rows = range(700, 1498)
    quantiles = Har.fit(woken, 690, 2).forecast(woken, rows).quantiles
    usual = Har.fit(history, 690, 2).forecast(history, rows).quantiles
    assert np.isfinite(quantiles).all()
    width, usual_width = (each[-300:, 0, 7] - each[-300:, 0, 1] for each in (quantiles, usual))
    np.testing.assert_allclose(width.mean(), usual_width.mean(), rtol=0.15)


def test_candles_before_its_own_are_not_fitted_on():
    """In a sliding window, earlier candles change only what is added to a variance."""
    history, rows = days(900), range(700, 800)
    window = dataclasses.replace(history, candles=history.candles.iloc[300:])
    candles = history.candles.copy()
    candles.iloc[100:200:7, candles.columns.get_loc("high")] *= 1.1
    restless = dataclasses.replace(history, candles=candles)
    changes = [
        np.abs(np.log(predictor.sigma(restless, rows) / predictor.sigma(history, rows))).max()
        for predictor in (Har.fit(window, 400, 2), Har.fit(history, 700, 2))
    ]
    assert changes[0] < 0.2 * changes[1]


def test_it_moves_with_the_market():
    """The busy hours move; so does the fit. A fit that stays where it was does not see it."""
    history, sigma = market(6000)
    shifted = dataclasses.replace(
        history, candles=history.candles.set_axis(
            history.candles.index[:3000].append(history.candles.index[3000:] + pd.Timedelta("12h"))
        )
    )  # fmt: skip
    fitted = Har.fit(shifted, 3000, 1)
    rows = range(5000, 5999)
    once = dataclasses.replace(fitted, refit_rows=10**6)
    errors = [
        np.std(np.log(each.sigma(shifted, rows)[:, 0] / sigma[rows.start + 1 : rows.stop + 1]))
        for each in (fitted, once)
    ]
    assert errors[0] < 0.8 * errors[1]
    assert math.isfinite(errors[1])
