"""The tick of a thin market: told from an outlier, and from prices that are rounded anyhow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.prices.candles import level_shifts, quality, ticks
from tests.prices.candles.markets import PRICES, market, thin


@pytest.mark.parametrize(
    ("low", "high", "tick"), [(2, 3, 1e-8), (1, 2, 1e-8), (1, 3, 1e-6), (3, 5, 0.01), (20, 24, 5.0)]
)
def test_one_tick_is_no_outlier_and_no_change_of_unit(low: int, high: int, tick: float) -> None:
    candles = thin(low=low, high=high, tick=tick)
    assert not quality.outliers(candles).any()
    assert not level_shifts.find(candles)
    result = ticks.coarse_tick(candles)
    assert result is not None
    assert result.size == pytest.approx(tick)


def test_two_or_three_satoshi_are_told_in_words() -> None:
    (problem,) = quality.report(thin(), "1h").problems
    assert problem.kind == "coarse_tick"
    assert problem.detail == "one tick, 0.00000001, is 40 % of the price"


def test_a_coin_that_hardly_ever_moves_by_its_one_tick_has_no_outlier() -> None:
    candles = thin()
    candles[PRICES] = 2e-8
    candles.iloc[100, [1, 3]] = 3e-8
    candles.iloc[150, [1]] = 5e-8
    assert not quality.outliers(candles).any()
    assert ticks.coarse_tick(candles) is not None


def test_a_coin_that_was_at_two_satoshi_long_ago_had_no_outliers() -> None:
    early, late = thin(3000), market(30_000, start=0.5).round(8)
    later = late.set_axis(early.index[-1] + pd.Timedelta(hours=1) * np.arange(1, 30_001))
    later.iloc[0, 0] = early["close"].iloc[-1]
    both = pd.concat([early, later])
    assert not quality.outliers(both)[:2999].any()
    assert ticks.coarse_tick(both) is None


def test_a_wrong_tick_far_away_is_an_outlier_in_a_thin_market_too() -> None:
    candles = thin()
    candles.iloc[100, [1, 3]] = 900e-8
    assert np.flatnonzero(quality.outliers(candles)).tolist() == [100]


@pytest.mark.parametrize("decimals", [2, 3])
def test_a_fine_tick_is_not_told(decimals: int) -> None:
    assert ticks.coarse_tick(market().round(decimals)) is None
    assert ticks.coarse_tick(market()) is None


def test_prices_between_the_steps_are_no_evidence_of_a_tick() -> None:
    candles = thin()
    candles.iloc[100, [1, 3]] = 4.5e-8
    assert ticks.coarse_tick(candles) is None


@pytest.mark.parametrize(("moves", "is_tick"), [(9, False), (10, True)])
def test_ten_moves_of_one_tick_are_evidence_of_it(moves: int, is_tick: bool) -> None:
    candles = thin(60)
    steps = np.minimum(np.arange(60), moves) % 2
    candles[PRICES] = np.repeat(100.0 + 5.0 * steps, 4).reshape(60, 4)
    assert (ticks.coarse_tick(candles) is not None) is is_tick


def test_few_prices_are_no_evidence_of_a_tick() -> None:
    flat = market(50)
    flat[PRICES] = 100.0
    flat.iloc[20, [1, 3]] = 200.0
    assert ticks.coarse_tick(flat) is None
    assert quality.outliers(flat).sum() == 1
    assert ticks.coarse_tick(market(4).round(0)) is None


def test_a_price_whose_last_digits_are_rounded_has_the_same_tick() -> None:
    candles = thin()
    candles[PRICES] *= 1 + 1e-12 * (np.arange(len(candles))[:, None] % 3)
    result = ticks.coarse_tick(candles)
    assert result is not None
    assert result.size == pytest.approx(1e-8)


def test_without_candles_there_is_no_tick() -> None:
    assert ticks.coarse_tick(thin().iloc[:0]) is None


@pytest.mark.parametrize(("step", "is_tick"), [(1e-4, True), (1e-3, False)])
def test_a_step_that_was_hardly_taken_is_a_tick_if_it_is_a_small_power_of_ten(
    step: float, is_tick: bool
) -> None:
    candles = market(60)
    candles[PRICES] = 200 * step
    candles.iloc[20, [1, 3]] = 201 * step
    assert (ticks.coarse_tick(candles) is not None) is is_tick
