"""Prices that are too coarse to forecast, and closes that can't be of one coin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoforecast.prices.live import checks

COLUMNS = ["open", "high", "low", "close"]


def candles(prices: np.ndarray, first: str = "2026-01-01") -> pd.DataFrame:
    """Make hourly candles of ``(n, 4)`` prices."""
    index = pd.date_range(first, periods=len(prices), freq="h", tz="UTC", name="time", unit="ns")
    return pd.DataFrame(prices, columns=COLUMNS, index=index)


def walk(rows: int, price: float, seed: int = 1) -> np.ndarray:
    dice = np.random.default_rng(seed)
    closes = price * np.exp(np.cumsum(dice.normal(0, 0.01, rows)))
    return closes[:, None] * np.exp(dice.normal(0, 0.004, (rows, 4)))


@pytest.mark.parametrize(
    ("price", "decimals", "percent"),
    [
        (1.2e-5, 6, 8.0),  # SHIB at Yahoo
        (4.4e-6, 6, 23.0),  # PEPE at Yahoo
        (3.1e-6, 8, 0.32),
        (0.012, 4, 0.83),
    ],
)
@pytest.mark.parametrize("stored", [np.float64, np.float32])
def test_the_step_of_rounded_prices_is_found(
    price: float, decimals: int, percent: float, stored: type
) -> None:
    """Yahoo sends 1.2000000424E-5: its prices have the digits of a 32-bit number."""
    rounded = walk(500, price).round(decimals).astype(stored).astype(float)
    step = 100 * checks.price_step(candles(rounded))
    assert step == pytest.approx(100 * 10.0**-decimals / np.median(rounded), rel=1e-3)
    assert 0.5 < step / percent < 2
    assert step > 100 * checks.MAX_PRICE_STEP


@pytest.mark.parametrize(
    ("price", "decimals"), [(1.2e-5, 8), (1.2e-5, 10), (64000.0, 2), (0.51, 4), (2.5, 2)]
)
def test_fine_prices_are_no_cause_for_doubt(price: float, decimals: int) -> None:
    rounded = walk(500, price).round(decimals)
    step = checks.price_step(candles(rounded))
    assert (step > checks.MAX_PRICE_STEP) is (10.0**-decimals / price > checks.MAX_PRICE_STEP)


@given(st.integers(20, 200), st.floats(1e-7, 1e5), st.integers(0, 10**6))
def test_prices_that_are_not_rounded_are_never_coarse(rows: int, price: float, seed: int) -> None:
    assert checks.price_step(candles(walk(rows, price, seed))) <= checks.MAX_PRICE_STEP


def test_too_few_candles_or_one_price_say_nothing() -> None:
    coarse = walk(500, 1.2e-5).round(6)
    assert checks.price_step(candles(coarse[:19])) == 0
    assert checks.price_step(candles(coarse[:200])) > 0
    assert checks.price_step(candles(coarse[:0])) == 0


@pytest.mark.parametrize(
    ("price", "step"), [(7.0, 0), (1.0, 0), (0.02, 0), (1.1e-5, 1 / 11), (9e-6, 1 / 9),
                        (1.2345e-5, 1 / 12345), (float(np.float32(1.1e-5)), 1 / 11)],
)  # fmt: skip
def test_a_tiny_price_that_stands_still_has_the_step_of_its_last_digit(
    price: float, step: float
) -> None:
    """SHIB with six decimals may not move for days."""
    assert checks.price_step(candles(np.full((50, 4), price))) == pytest.approx(step, rel=1e-5)


def test_the_last_closes_in_common_are_compared() -> None:
    one = candles(np.arange(40.0).reshape(10, 4) + 1)
    other = candles(np.arange(40.0).reshape(10, 4) + 101, "2026-01-01 03:00")
    closes = checks.last_closes(one, other, "1h")
    assert closes == (one.index[-1], 40.0, other.at[one.index[-1], "close"])


@pytest.mark.parametrize(("rows", "compared"), [(10, True), (57, True), (58, False), (400, False)])
def test_answers_whose_ends_are_far_apart_are_not_compared(rows: int, compared: bool) -> None:
    """The other answer goes on for up to 48 candles after the tenth."""
    one, other = candles(walk(10, 5.0)), candles(walk(rows, 5.0))
    assert (checks.last_closes(one, other, "1h") is not None) is compared
    assert (checks.last_closes(other, one, "1h") is not None) is compared


@pytest.mark.parametrize(("last", "compared"), [(300, True), (301, False)])
def test_a_common_candle_long_before_the_end_says_nothing(last: int, compared: bool) -> None:
    """A thin market has few candles: its last 48 reach back further than 48 hours."""
    one = candles(walk(253, 5.0))
    hours = [100, 200, 252, *range(290, last + 1)]
    thin = candles(walk(last + 1, 5.0)).iloc[hours]
    assert (checks.last_closes(one, thin, "1h") is not None) is compared
    assert (checks.last_closes(thin, one, "1h") is not None) is compared


@pytest.mark.parametrize(
    ("one", "other", "different"), [(100, 100, False), (100, 120, False), (120, 100, False),
                                    (100, 121, True), (121, 100, True), (1, 1e9, True)],
)  # fmt: skip
def test_more_than_a_fifth_is_a_difference(one: float, other: float, different: bool) -> None:
    assert checks.differ(one, other) is different
