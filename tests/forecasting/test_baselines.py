"""Baselines equal their definitions, written as loops, and see no later candle."""

import math

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.forecasting import baselines
from cryptoforecast.forecasting.baselines import BASELINES, Cone, Drift, Naive, volatility
from cryptoforecast.learning.targets import actual_prices, cumulative_returns
from cryptoforecast.types import QUANTILES, PriceHistory, Split


def history(n=300, seed=0) -> PriceHistory:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    opened = np.append(close[0], close[:-1])
    candles = pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) * (1 + rng.uniform(0, 0.01, n)),
            "low": np.minimum(opened, close) * (1 - rng.uniform(0, 0.01, n)),
            "close": close,
            "volume": np.full(n, np.nan),
        },
        index=pd.date_range("2024-01-01", periods=n, freq="h", tz="UTC", name="time"),
    )
    return PriceHistory("BTC", "1h", candles, "test", pd.Timestamp("2024-02-01", tz="UTC"))


def with_candles(history: PriceHistory, candles: pd.DataFrame) -> PriceHistory:
    return PriceHistory(history.coin, history.interval, candles, history.source, history.fetched_at)


def altered_after(history: PriceHistory, row: int) -> PriceHistory:
    candles = history.candles.copy()
    candles.iloc[row + 1 :, :4] *= 3
    candles.iloc[row + 1 :, 1] *= 2
    return with_candles(history, candles)


def test_targets_equal_a_hand_loop():
    close = np.array([1.0, 2.0, 4.0, 3.0])
    returns, prices = cumulative_returns(close, 5), actual_prices(close, range(1, 4), 5)
    for t in range(4):
        for k in range(1, 6):
            in_range = t + k < 4
            assert returns[t, k - 1] == pytest.approx(
                math.log(close[t + k] / close[t]) if in_range else math.nan, nan_ok=True
            )
            if t >= 1:
                assert prices[t - 1, k - 1] == pytest.approx(
                    close[t + k] if in_range else math.nan, nan_ok=True
                )


def test_targets_of_no_rows():
    assert actual_prices(np.ones(3), range(0), 2).shape == (0, 2)
    assert cumulative_returns(np.ones(1), 2).shape == (1, 2)


def test_naive_is_the_last_price_with_constant_quantiles():
    prices, before, horizon = history(), 200, 4
    forecast = Naive.fit(prices, before, horizon).forecast(prices, range(200, 300))
    close = prices.candles["close"].to_numpy()
    assert (forecast.predictor, forecast.horizon, len(forecast)) == ("naive", 4, 100)
    assert forecast.origins.equals(prices.candles.index[200:])
    for k in range(1, horizon + 1):
        past = [math.log(close[t + k] / close[t]) for t in range(before - k)]
        expected = np.quantile(past, QUANTILES)
        for i in (0, 50, 99):
            assert forecast.predicted[i, k - 1] == close[200 + i]
            assert forecast.quantiles[i, k - 1] == pytest.approx(expected)
            actual = close[200 + i + k] if 200 + i + k < 300 else math.nan
            assert forecast.actual[i, k - 1] == pytest.approx(actual, nan_ok=True)


def test_cone_equals_the_definition_as_a_loop():
    prices, before, horizon = history(), 200, 3
    high, low, close = (prices.candles[c].to_numpy() for c in ("high", "low", "close"))
    s: list[float] = []
    for h, x in zip(high, low, strict=True):
        p = math.log(h / x) ** 2 / (4 * math.log(2))
        s.append(0.9 * s[-1] + 0.1 * p if s else p)
    np.testing.assert_allclose(volatility(prices.candles), np.sqrt(s))
    forecast = Cone.fit(prices, before, horizon).forecast(prices, range(150, 300, 7))
    for k in range(1, horizon + 1):
        ratios = [math.log(close[t + k] / close[t]) / math.sqrt(s[t]) for t in range(before - k)]
        expected = np.quantile(ratios, QUANTILES)
        for i, t in enumerate(range(150, 300, 7)):
            assert forecast.quantiles[i, k - 1] == pytest.approx(expected * math.sqrt(s[t]))
            assert forecast.predicted[i, k - 1] == close[t]
            assert forecast.origins[i] == prices.candles.index[t]


def test_drift_carries_the_mean_return_on_and_has_the_naive_band():
    prices, before, horizon = history(), 200, 4
    drift, naive = Drift.fit(prices, before, horizon), Naive.fit(prices, before, horizon)
    close = prices.candles["close"].to_numpy()
    mean = sum(math.log(close[t + 1] / close[t]) for t in range(before - 1)) / (before - 1)
    rows = range(200, 300)
    forecast = drift.forecast(prices, rows)
    for k in range(1, horizon + 1):
        np.testing.assert_allclose(forecast.predicted[:, k - 1], close[200:] * math.exp(k * mean))
    np.testing.assert_array_equal(forecast.quantiles, naive.forecast(prices, rows).quantiles)


def test_a_planted_drift_is_found():
    """Half a standard deviation a candle, over ten: far more than chance moves the price."""
    market = history(1000)
    grown = np.exp(0.005 * np.arange(1000))
    prices = market.candles[["open", "high", "low", "close"]].mul(grown, axis=0)
    market = with_candles(market, market.candles.assign(**prices))
    rows = range(800, 990)
    errors = [
        np.abs(forecast.actual - forecast.predicted)[:, -1].mean()
        for forecast in (
            kind.fit(market, 800, 10).forecast(market, rows) for kind in (Drift, Naive)
        )
    ]
    assert errors[0] < 0.8 * errors[1]


@pytest.mark.parametrize("name", list(BASELINES))
def test_no_candle_from_the_test_span_on_changes_a_fit(name):
    prices, before = history(), 200
    fitted = BASELINES[name].fit(prices, before, 6)
    other = BASELINES[name].fit(altered_after(prices, before - 1), before, 6)
    rows = range(100, 300)
    same = fitted.forecast(prices, rows), other.forecast(prices, rows)
    np.testing.assert_array_equal(same[0].quantiles, same[1].quantiles)
    # The last row before the test span does count. ``har`` is fitted on what it forecasts.
    if name == "har":
        return
    shifted = BASELINES[name].fit(altered_after(prices, before - 2), before, 6)
    assert not np.array_equal(shifted.forecast(prices, rows).quantiles, same[0].quantiles)


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_forecast_looks_at_no_later_row(name):
    prices = history()
    predictor = BASELINES[name].fit(prices, 200, 6)
    rows = range(200, 251)
    past = predictor.forecast(prices, rows)
    blind = predictor.forecast(altered_after(prices, 250), rows)
    np.testing.assert_array_equal(past.quantiles, blind.quantiles)
    np.testing.assert_array_equal(past.predicted, blind.predicted)
    last = predictor.forecast(prices, range(299, 300))
    assert np.isnan(last.actual).all()
    assert last.quantiles.shape == (1, 6, 9)


@pytest.mark.parametrize("name", list(BASELINES))
def test_names_agree_with_the_registry(name):
    predictor = BASELINES[name].fit(history(), 200, 1)
    assert predictor.name == name
    empty = predictor.forecast(history(), range(0))
    assert empty.quantiles.shape == (0, 1, 9)


def test_the_cone_widens_with_the_candles():
    prices = history()
    cone = Cone.fit(prices, 200, 1)
    candles = prices.candles.copy()
    candles.iloc[-20:, candles.columns.get_loc("high")] *= 1.1
    calm = cone.forecast(prices, range(299, 300)).quantiles
    restless = cone.forecast(with_candles(prices, candles), range(299, 300)).quantiles
    assert restless[0, 0, -1] > 2 * calm[0, 0, -1]


def test_flat_candles_at_the_start_are_left_out_and_have_no_width():
    prices = history()
    candles = prices.candles.copy()
    candles.iloc[:20] = np.array([100.0, 100.0, 100.0, 100.0, 0.0])
    flat_start = with_candles(prices, candles)
    cone = Cone.fit(flat_start, 200, 2)
    assert np.isfinite(cone.ratios).all()
    assert (cone.forecast(flat_start, range(10, 11)).quantiles == 0).all()
    assert (volatility(candles)[:20] == 0).all()


def test_an_all_flat_history_has_no_defined_cone():
    prices = history()
    candles = prices.candles.copy()
    candles.iloc[:] = np.array([100.0, 100.0, 100.0, 100.0, 0.0])
    flat = with_candles(prices, candles)
    forecast = Cone.fit(flat, 200, 2).forecast(flat, range(200, 210))
    assert np.isnan(forecast.quantiles).all()
    assert (forecast.predicted == 100).all()


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_refusal_gives_the_rule_and_what_was_received(name):
    fit = BASELINES[name].fit
    with pytest.raises(InvalidInput, match=r"at least 1 step. Received: 0"):
        fit(history(), 200, 0)
    with pytest.raises(InvalidInput, match=r"0 to 300. Received: 301"):
        fit(history(), 301, 1)
    with pytest.raises(InvalidInput, match=r"0 to 300. Received: -1"):
        fit(history(), -1, 1)
    with pytest.raises(NotEnoughData, match=r"Received: 0 candles and a horizon of 1"):
        fit(history(), 0, 1)
    with pytest.raises(
        NotEnoughData, match=r"40 candles .* Received: 63 candles and a horizon of 24"
    ):
        fit(history(), 63, 24)
    assert fit(history(), 64, 24) is not None
    assert fit(history(), 300, 1) is not None


def test_chosen_baselines_are_fitted_on_the_rows_of_a_split():
    prices = history()
    cut = Split(rows=300, train_end=150, test_start=220, horizon=3, first=40, embargo=5)
    assert cut.fit_end == 215
    fitted = baselines.fit({"har", "naive", "drift"}, prices, cut)
    assert [each.name for each in fitted] == ["naive", "drift", "har"]
    window = with_candles(prices, prices.candles.iloc[40:])
    rows = range(220, 290)
    for each in fitted:
        alone = BASELINES[each.name].fit(window, 175, 3).forecast(prices, rows)
        np.testing.assert_array_equal(each.forecast(prices, rows).quantiles, alone.quantiles)
        np.testing.assert_array_equal(each.forecast(prices, rows).predicted, alone.predicted)


def test_the_heavy_baselines_are_no_quick_ones():
    assert baselines.QUICK == ("naive", "cone", "drift", "har")
    assert set(baselines.QUICK).isdisjoint(baselines.HEAVY)
    assert {*baselines.QUICK, *baselines.HEAVY} == set(BASELINES)
