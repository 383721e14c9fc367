"""The simulated market: the same for everyone, causal, and with the truth it claims."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.prices.candles import quality
from cryptoforecast.prices.candles.coins import COINS
from cryptoforecast.prices.candles.resample import resample
from cryptoforecast.prices.live import yahoo
from cryptoforecast.prices.simulation.market import (
    DEFAULT,
    EPOCH,
    REACH,
    constant_volatility,
    simulate,
)
from cryptoforecast.prices.simulation.parameters import STARTS
from cryptoforecast.types import INTERVALS, PriceHistory
from tests import growth

END = pd.Timestamp("2026-01-01", tz="UTC")


def returns(history: PriceHistory) -> np.ndarray:
    return np.diff(np.log(history.candles["close"].to_numpy()))


def autocorrelation(values: np.ndarray, lag: int) -> float:
    centred = values - values.mean()
    return float((centred[lag:] * centred[:-lag]).mean() / (centred**2).mean())


# ---------------------------------------------------------------------------- the same for all


def test_the_past_never_changes() -> None:
    whole = simulate("BTC", end=END)
    for months in (1, 7, 20):
        early = simulate("BTC", end=EPOCH + pd.DateOffset(months=months))
        pd.testing.assert_frame_equal(
            early.candles, whole.candles.iloc[: len(early)], check_freq=False
        )
    window = simulate("BTC", "1h", pd.Timestamp("2023-05-01", tz="UTC"), END)
    pd.testing.assert_frame_equal(
        window.candles, whole.candles.loc["2023-05-01":], check_freq=False
    )


def test_the_clock_only_adds_closed_candles() -> None:
    noon = pd.Timestamp("2023-03-01 12:00", tz="UTC")
    before = simulate("BTC", now=noon + pd.Timedelta("59min"))
    after = simulate("BTC", now=noon + pd.Timedelta("60min"))
    assert before.end == noon - pd.Timedelta("1h")
    assert after.end == noon
    pd.testing.assert_frame_equal(after.candles.iloc[:-1], before.candles, check_freq=False)
    assert simulate("BTC", "1d", now=noon).end == pd.Timestamp("2023-02-28", tz="UTC")
    assert simulate("BTC", end=END, now=noon).end == noon - pd.Timedelta("1h")


def test_coins_and_seeds_differ_and_the_standard_path_is_fixed() -> None:
    histories = [
        simulate("BTC", end=END),
        simulate("ETH", end=END),
        simulate("JUP", end=END),
        simulate("BTC", end=END, seed=1),
        simulate("BTC", end=END, seed=2),
    ]
    assert len({history.fingerprint for history in histories}) == len(histories)
    pairs = np.corrcoef([returns(history) for history in histories])
    assert np.abs(pairs - np.eye(len(histories))).max() < 0.05


def test_every_listed_coin_has_a_price_of_its_own() -> None:
    assert set(STARTS) == set(COINS)


@pytest.mark.parametrize(
    "coin", ["zzzz", "AAPL", "WIF", "ATOM2-USD", "BTC-EUR", "ETH/BTC", "^GSPC"]
)
def test_no_other_symbol_has_simulated_prices(coin: str) -> None:
    with pytest.raises(InvalidInput, match=r"the coins of the list, in USD\. .*Did you mean"):
        simulate(coin, end=END)


def test_longer_intervals_are_merged_hours() -> None:
    hours = simulate("ETH", end=END).candles
    for interval in ("4h", "1d", "1w"):
        merged = simulate("ETH", interval, end=END)
        assert merged.interval == interval
        expected = resample(hours, "1h", interval).loc[EPOCH:]
        pd.testing.assert_frame_equal(
            merged.candles.iloc[: len(expected)], expected, check_freq=False
        )
        assert len(merged) - len(expected) in (0, 1)


PRICES = ["open", "high", "low", "close"]
SHORT = list(REACH)


@pytest.mark.parametrize("interval", SHORT)
def test_shorter_intervals_merge_into_the_same_hours(interval: str) -> None:
    start = END - pd.Timedelta(days=40)
    short = simulate("ETH", interval, start, END).candles
    hours = simulate("ETH", "1h", start, END).candles
    merged = resample(short, interval, "1h")
    pd.testing.assert_frame_equal(merged[PRICES], hours[PRICES], check_freq=False, check_exact=True)
    assert np.allclose(merged["volume"], hours["volume"], rtol=1e-12, atol=0)


def test_minutes_are_the_same_from_wherever_one_looks() -> None:
    whole = simulate("BTC", "1m", END - pd.Timedelta(days=70), END).candles
    noon = END - pd.Timedelta(days=33, hours=12)
    early = simulate("BTC", "1m", noon - pd.Timedelta(hours=30), now=noon + pd.Timedelta("90s"))
    assert early.end == noon
    pd.testing.assert_frame_equal(early.candles, whole.loc[early.start : noon], check_freq=False)
    five = simulate("BTC", "5m", noon, END).candles
    pd.testing.assert_frame_equal(five, resample(whole.loc[noon:], "1m", "5m"), check_freq=False)
    other = simulate("BTC", "1m", noon, END, seed=1).candles
    assert not np.isclose(other["close"], whole.loc[noon:]["close"]).any()


def test_without_a_start_short_candles_go_back_as_far_as_a_live_source_does() -> None:
    for interval, reach in REACH.items():
        assert reach == yahoo.LOOK_BACK[interval].floor("D")
        history = simulate("BTC", interval, end=END)
        assert history.start == END - reach
        assert history.end == END - INTERVALS[interval]
    assert simulate("BTC", "15m", EPOCH, EPOCH + pd.Timedelta("1h")).start == EPOCH


def test_the_standard_hours_are_those_the_shipped_models_were_judged_on() -> None:
    candles = simulate("BTC", end=END).candles
    digests = {
        "2022-01-01 00:00": [47000.0, 47006.63865640508, 46687.70941772465, 46687.70941772465],
        "2024-02-29 14:00": [
            71295.08641834861,
            72003.62826563843,
            71293.042732709,
            71690.045057384,
        ],
        "2025-12-31 23:00": [46544.20982036179, 46825.3784886092, 46543.93478931094, 46670.5954727],
    }
    for opened, prices in digests.items():
        assert candles.loc[opened, PRICES].to_numpy() == pytest.approx(prices, rel=1e-9)


def test_the_standard_market_of_every_coin_and_its_minutes_are_fixed() -> None:
    """Each sum of logarithms changes if any parameter of the market or of a coin does."""
    week, day = EPOCH + pd.Timedelta("7D"), EPOCH + pd.Timedelta("1D")
    hours = pd.concat([simulate(coin, end=week).candles for coin in COINS])
    minutes = simulate("BTC", "1m", EPOCH, day).candles
    assert np.log(hours).sum().tolist() == pytest.approx(
        [12_023.307405, 12_091.431211, 11_953.633689, 12_021.453631, 98_143.200608], abs=1e-5
    )
    assert np.log(minutes).sum().tolist() == pytest.approx(
        [15_445.047821, 15_445.673960, 15_444.378471, 15_445.006773, 5_463.368551], abs=1e-5
    )


# ---------------------------------------------------------------------------- labelled, sound


@pytest.mark.parametrize("interval", INTERVALS)
def test_candles_are_sound_and_labelled(interval: str) -> None:
    history = simulate("SOL-USD", interval, end=END)
    assert (history.coin, history.source, history.simulated) == ("SOL", "simulated", True)
    assert history.volume_unit == "coins"
    candles = history.candles
    assert candles.index.dtype == "datetime64[ns, UTC]"
    assert candles.index.name == "time"
    assert np.isfinite(candles.to_numpy()).all()
    assert (candles.to_numpy() > 0).all()
    report = quality.report(candles, interval)
    assert (report.missing, report.duplicates, report.flat_tail, report.ohlc_violations) == (0,) * 4
    if INTERVALS[interval] <= INTERVALS["1h"]:
        assert np.allclose(candles["open"].iloc[1:], candles["close"].iloc[:-1], rtol=1e-12)


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"interval must be one of .*Received: '3h'"):
        simulate("BTC", "3h")
    with pytest.raises(InvalidInput, match=r"between -0\.9 and 0\.9. Received: 1\.0"):
        simulate("BTC", signal=1.0)
    with pytest.raises(NotEnoughData, match="runs from 2022-01-01"):
        simulate("BTC", end=pd.Timestamp("2021-01-01", tz="UTC"))


def test_the_landing_page_need_not_wait() -> None:
    """Years of hours are arrays: little is done hour by hour, and nothing for each hour before."""
    histories: list[PriceHistory] = []
    count = growth.calls(lambda: histories.append(simulate("BTC", seed=987)))
    assert count < 3 * len(histories[0])
    seeds = itertools.count(9_870)

    def walk(days: int) -> None:
        simulate("BTC", end=EPOCH + pd.Timedelta(days=days), seed=next(seeds))

    assert growth.of_time(walk, 120, 1_200) < 40


def test_short_candles_take_no_time_once_the_hours_are_there() -> None:
    simulate("BTC", end=END)
    for interval, days in (("1m", 7), ("5m", 59)):
        work = partial(simulate, "BTC", interval, END - pd.Timedelta(days=days), END)
        # Hours made again, or minutes made one by one, would be more.
        assert growth.calls(work) < 20_000


# ---------------------------------------------------------------------------- stylised facts


def test_stylised_facts_of_hourly_crypto_returns() -> None:
    paths = [simulate("BTC", end=END, seed=seed) for seed in range(4)]

    def mean(fact: object) -> float:
        return float(np.mean([fact(path) for path in paths]))  # type: ignore[operator]

    size = [np.abs(returns(path)) for path in paths]
    assert 0.003 < mean(lambda path: returns(path).std()) < 0.010
    assert mean(lambda path: pd.Series(returns(path)).kurt()) > 8
    assert abs(mean(lambda path: autocorrelation(returns(path), 1))) < 0.04
    for lag, low, high in ((1, 0.2, 0.45), (24, 0.1, 0.3), (168, 0.04, 0.25)):
        assert low < np.mean([autocorrelation(s, lag) for s in size]) < high
    index = paths[0].candles.index[1:]
    by_hour = np.mean([pd.Series(s).groupby(index.hour).mean() / s.mean() for s in size], axis=0)
    assert by_hour[14] > 1.15
    assert by_hour[4] < 0.9
    quiet = np.asarray(index.day_of_week >= 5)
    assert 0.65 < np.mean([s[quiet].mean() / s[~quiet].mean() for s in size]) < 0.9


def test_ranges_and_volume_follow_volatility_as_they_do_in_reality() -> None:
    candles = simulate("BTC", end=END).candles
    width = np.log(candles["high"] / candles["low"])[1:]
    move = np.abs(np.diff(np.log(candles["close"])))
    assert 2.0 < width.mean() / move.mean() < 2.3
    assert np.corrcoef(np.log(width), np.log(candles["volume"][1:]))[0, 1] > 0.6


def test_alt_coins_move_more_than_bitcoin() -> None:
    calm = constant_volatility(replace(DEFAULT, freedom=float("inf")))
    spread = {
        coin: returns(simulate(coin, end=END, parameters=calm)).std() for coin in ("BTC", "DOGE")
    }
    assert spread["DOGE"] / spread["BTC"] == pytest.approx(STARTS["DOGE"][1], rel=0.03)


# ---------------------------------------------------------------------------- the oracle


def slope(values: np.ndarray) -> tuple[float, float]:
    """Least-squares coefficient on the last value and its robust standard error (White)."""
    x, y = values[:-1], values[1:]
    coefficient = float((x * y).sum() / (x * x).sum())
    rest = y - coefficient * x
    return coefficient, float(np.sqrt((x * x * rest * rest).sum()) / (x * x).sum())


@pytest.mark.parametrize("interval", SHORT)
def test_inside_the_hour_there_is_no_signal_either(interval: str) -> None:
    # Neither the last candles nor where the hour began tell where the price goes.
    history = simulate("BTC", interval, END - pd.Timedelta(days=300), END)
    close, index = np.log(history.candles["close"].to_numpy()), history.candles.index
    values = np.diff(close)
    since = close - np.log(history.candles["open"].groupby(index.floor("h")).transform("first"))
    since = since.to_numpy()
    usual = np.sqrt(pd.Series(values**2).ewm(alpha=0.05).mean().to_numpy())
    y = values[100:] / usual[99:-1]
    for x in (values[99:-1], values[98:-2], since[100:-1]):
        x = np.clip(x / usual[99:-1], -8, 8)
        fitted_slope = (x * y).sum() / (x * x).sum()
        error = np.sqrt((x * x * (y - fitted_slope * x) ** 2).sum()) / (x * x).sum()
        assert abs(fitted_slope) < 0.02
        assert abs(fitted_slope) < 5 * error


@pytest.mark.parametrize("signal", [0.15, 0.4, -0.2])
def test_a_planted_signal_is_found(signal: float) -> None:
    estimate, error = slope(returns(simulate("BTC", end=END, signal=signal, seed=3)))
    assert abs(estimate - signal) < 4 * error
    assert abs(estimate) > 3 * error


def test_without_a_signal_there_is_none() -> None:
    scores = [slope(returns(simulate("BTC", end=END, seed=seed))) for seed in range(8)]
    standardised = np.array([value / error for value, error in scores])
    assert np.abs(standardised).max() < 3.5
    assert (standardised**2).mean() < 3


def test_without_volatility_to_forecast_there_is_no_clustering_and_no_pattern() -> None:
    history = simulate("BTC", end=END, parameters=constant_volatility(), seed=5)
    size = np.abs(returns(history))
    n = len(size)
    for lag in (1, 2, 24, 168):
        assert abs(autocorrelation(size, lag)) < 5 / np.sqrt(n)
    hours = history.candles.index[1:].hour
    by_hour = pd.Series(np.log(size + 1e-9)).groupby(hours).mean()
    noise = np.log(size + 1e-9).std() / np.sqrt(n / 24)
    assert np.abs(by_hour - by_hour.mean()).max() < 4.5 * noise
    # The tails stay fat: it is the clustering alone that is gone.
    assert pd.Series(returns(history)).kurt() > 3


def cone_against_constant(history: PriceHistory) -> float:
    """Pinball loss of a volatility-scaled band / that of a constant one, last fifth of the hours.

    The volatility is an exponential average of squared ranges; both bands take their quantiles
    from the hours before.
    """
    candles = history.candles
    variance = (np.log(candles["high"] / candles["low"]) ** 2).ewm(alpha=0.1).mean()
    sigma, r = np.sqrt(variance.to_numpy()[:-1]), returns(history)
    cut = int(0.8 * len(r))
    levels = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])

    def pinball(band: np.ndarray) -> float:
        miss = r[cut:, None] - band
        return float(np.maximum(levels * miss, (levels - 1) * miss).mean())

    scaled = sigma[cut:, None] * np.quantile(r[:cut] / sigma[:cut], levels)
    return pinball(scaled) / pinball(np.tile(np.quantile(r[:cut], levels), (len(r) - cut, 1)))


def test_bands_can_be_forecast_where_volatility_clusters_and_only_there() -> None:
    real = [cone_against_constant(simulate("BTC", end=END, seed=seed)) for seed in range(3)]
    assert max(real) < 0.98
    flat = constant_volatility()
    none = [
        cone_against_constant(simulate("BTC", end=END, parameters=flat, seed=seed))
        for seed in range(3)
    ]
    assert min(none) > 1.0


def test_the_normal_market_is_normal() -> None:
    flat = constant_volatility(replace(DEFAULT, freedom=float("inf")))
    values = returns(simulate("BTC", end=END, parameters=flat, seed=1))
    assert abs(pd.Series(values).kurt()) < 0.15
    assert values.std() == pytest.approx(DEFAULT.volatility, rel=0.02)


@pytest.mark.parametrize("signal", [0.0, 0.3])
def test_the_price_neither_rises_nor_falls_on_average(signal: float) -> None:
    calm = constant_volatility(replace(DEFAULT, volatility=0.004, freedom=float("inf")))
    growth = []
    for seed in range(6):
        close = simulate("BTC", end=END, parameters=calm, signal=signal, seed=seed).candles["close"]
        months = close.to_numpy()[:: 24 * 30]
        growth.extend(months[1:] / months[:-1] - 1)
    growth = np.array(growth)
    assert abs(growth.mean()) < 3.5 * growth.std() / np.sqrt(len(growth))
