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


def prices(*closes: float, wicks: tuple[float, ...] = ()) -> pd.DataFrame:
    """Candles at these closes, again and again; the first ones reach to the wicks."""
    candles = market(60)
    candles[PRICES] = np.repeat(np.resize(closes, 60), 4).reshape(60, 4)
    for row, wick in enumerate(wicks):
        candles.iloc[row, 1] = wick
    return candles


@pytest.mark.parametrize(("price", "is_tick"), [(500.0, True), (501.0, False)])
def test_a_tick_is_coarse_from_two_thousandths_of_the_middle_price_on(
    price: float, is_tick: bool
) -> None:
    candles = prices(price - 1, price, price + 1, price)
    assert ticks.coarse_tick(candles) == (ticks.Tick(1.0, 1 / price) if is_tick else None)


def test_the_share_is_that_of_the_median_of_all_different_closes() -> None:
    candles = prices(100.0, 110.0, 100.0, 110.0, 100.0, 150.0, wicks=(190.0,))
    assert ticks.coarse_tick(candles) == ticks.Tick(10.0, 10.0 / 110.0)


@pytest.mark.parametrize(("rows", "is_tick"), [(20_000, False), (20_001, True)])
def test_the_newest_twenty_thousand_candles_are_looked_at(rows: int, is_tick: bool) -> None:
    candles = thin(rows)
    candles.iloc[0, [1, 3]] = 4.5e-8
    assert (ticks.coarse_tick(candles) is not None) is is_tick


@pytest.mark.parametrize(("off", "is_tick"), [(0.009, True), (0.011, False)])
def test_prices_are_whole_numbers_of_ticks_up_to_a_hundredth(off: float, is_tick: bool) -> None:
    candles = prices(2.0, 3.0, wicks=(5.0 + off,))
    assert (ticks.coarse_tick(candles) is not None) is is_tick


@pytest.mark.parametrize(("off", "is_tick"), [(0.9e-6, True), (1.1e-6, False)])
def test_steps_of_a_millionth_are_a_rounding(off: float, is_tick: bool) -> None:
    candles = prices(2.0, 3.0, wicks=(3.0 + 2.5 * off,))
    assert (ticks.coarse_tick(candles) is not None) is is_tick


def test_prices_that_differ_by_a_rounding_have_no_tick() -> None:
    assert ticks.coarse_tick(prices(100.0, 100.0 + 1e-9)) is None
    assert ticks.coarse_tick(prices(100.0)) is None


@pytest.mark.parametrize(("jump", "is_tick"), [(5.0, True), (10.0, False), (0.0, False)])
def test_moves_by_two_ticks_are_no_evidence_of_one(jump: float, is_tick: bool) -> None:
    candles = prices(100.0, 100.0 + jump, wicks=(105.0, 110.0))
    assert (ticks.coarse_tick(candles) is not None) is is_tick


@pytest.mark.parametrize("tick", [0.25, 0.5])
def test_moves_may_be_smaller_than_one(tick: float) -> None:
    assert ticks.coarse_tick(prices(10.0, 10.0 + tick)) == ticks.Tick(tick, tick / (10 + tick / 2))


@pytest.mark.parametrize(
    ("step", "is_tick"),
    [
        (1e-6, True), (1e-6 * (1 + 0.9e-6), True), (1e-6 * (1 + 1.1e-6), False),
        (1e-6 * (1 - 1.1e-6), False), (5e-7, False), (2e-6, False), (1e-4, True), (1e-3, False),
    ],
)  # fmt: skip
def test_a_step_is_a_power_of_ten_up_to_a_rounding(step: float, is_tick: bool) -> None:
    candles = prices(200 * step, wicks=(201 * step,))
    assert (ticks.coarse_tick(candles) is not None) is is_tick


def test_a_jump_of_five_ticks_and_a_block_of_a_thousand_candles() -> None:
    assert (ticks.MAX_TICKS, ticks.BLOCK_CANDLES) == (5, 1_000)
    assert ticks.tick_text(ticks.Tick(0.0123456789, 0.01234)) == (
        "one tick, 0.0123457, is 1.2 % of the price"
    )


def test_a_price_a_hundredth_of_a_tick_off_and_a_step_of_a_millionth_are_still_roundings() -> None:
    """Both bounds are met exactly: the price 1 is 0.01 ticks, and 1 is a millionth of 1e6."""
    assert ticks.coarse_tick(prices(201.0, 301.0, wicks=(1.0,))) is not None
    tick = ticks.coarse_tick(prices(1e6, 1.005e6, 1e6, 0.995e6, wicks=(1.005e6 + 1,)))
    assert tick == ticks.Tick(5000.0, 0.005)
