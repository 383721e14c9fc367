"""Shares of outcomes inside a band: right where the truth is known, with honest intervals."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.special import ndtri

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import reliability, scores
from cryptoforecast.evaluation.significance import block_length
from cryptoforecast.forecasting import probability
from cryptoforecast.forecasting.baselines.simple import volatility
from cryptoforecast.types import QUANTILES, Backtest, Forecast, ModelSpec, Split, Verdict
from tests import synthetic

ROWS = 3000
VERDICT = Verdict("naive", "mae", 0.0, 0.0, 0.0, math.nan, False, "Says nothing.")


def walk_backtest(width=1.0, horizon=2, rows=ROWS, seed=0) -> Backtest:
    """A test on a random walk of 1 % an hour whose band is ``width`` times as wide as right."""
    history = synthetic.history(rows, seed)
    close = np.append(history.candles["close"].to_numpy(), np.full(horizon, np.nan))
    begin = rows // 5
    origins = np.arange(begin, rows - horizon)
    steps = np.arange(1, horizon + 1)
    band = width * 0.01 * np.sqrt(steps)[:, None] * ndtri(QUANTILES)
    forecast = Forecast(
        predictor="lstm",
        interval="1h",
        origins=history.candles.index[origins],
        close=close[origins],
        predicted=np.repeat(close[origins][:, None], horizon, axis=1),
        quantiles=np.broadcast_to(band, (len(origins), *band.shape)),
        actual=close[origins[:, None] + steps],
    )
    spec = ModelSpec(horizon=horizon)
    split = Split(rows, begin // 2, begin, horizon)
    return Backtest(history, spec, split, {"lstm": forecast}, {}, {"lstm": VERDICT})


def test_a_band_of_the_right_width_is_reliable():
    analysis = reliability.measure(walk_backtest(), 1)
    assert analysis.origins == ROWS - ROWS // 5 - 2
    for share, level in zip(analysis.observed, QUANTILES, strict=True):
        assert share.value == pytest.approx(level, abs=0.03)
        assert share.low < share.value < share.high
    missed = sum(
        not s.low <= q <= s.high for s, q in zip(analysis.observed, QUANTILES, strict=True)
    )
    assert missed <= 1
    assert sum(share.value for share in analysis.pit) == pytest.approx(1)
    flat = 1 / reliability.BINS
    assert sum(not share.low <= flat <= share.high for share in analysis.pit) <= 3


@pytest.mark.parametrize(("width", "sign"), [(0.6, -1), (1.6, 1)])
def test_a_band_of_the_wrong_width_is_not_reliable(width, sign):
    analysis = reliability.measure(walk_backtest(width), 2)
    assert sign * (analysis.coverage[80].value - 0.8) > 0.05
    assert not analysis.coverage[80].low <= 0.8 <= analysis.coverage[80].high
    assert sign * (analysis.observed[0].value - QUANTILES[0]) < 0
    assert sign * (analysis.pit[0].value - 1 / reliability.BINS) < 0


def test_shares_are_those_of_a_hand_count():
    result = walk_backtest(1.2)
    analysis = reliability.measure(result, 2)
    returns, quantiles = result.forecast.actual_returns[:, 1], result.forecast.quantiles[:, 1]
    for i, share in enumerate(analysis.observed):
        assert share.value == pytest.approx(np.mean(returns <= quantiles[:, i]))
    for level in reliability.LEVELS:
        expected = scores.coverage(returns, quantiles, level)
        assert analysis.coverage[level].value == pytest.approx(expected)
    assert reliability.by_step(result).steps[1] == analysis.coverage


def test_an_outcome_on_a_quantile_is_not_above_it():
    result = walk_backtest()
    on = np.repeat(result.forecast.actual_returns[..., None], len(QUANTILES), axis=-1)
    forecast = dataclasses.replace(result.forecast, quantiles=on)
    analysis = reliability.measure(dataclasses.replace(result, forecasts={"lstm": forecast}), 1)
    assert [share.value for share in analysis.observed] == [1] * len(QUANTILES)
    assert [share.value for share in analysis.coverage.values()] == [1] * len(reliability.LEVELS)


def test_outcomes_far_outside_count_in_the_outermost_parts():
    result = walk_backtest()
    far = np.where(np.arange(len(result.forecast)) % 4 == 0, 1e-9, 1e9)[:, None]
    forecast = dataclasses.replace(result.forecast, actual=result.forecast.close[:, None] * far)
    forecast = dataclasses.replace(forecast, actual=np.repeat(forecast.actual, 2, axis=1))
    analysis = reliability.measure(dataclasses.replace(result, forecasts={"lstm": forecast}), 1)
    values = [share.value for share in analysis.pit]
    assert len(values) == 20
    assert values[0] == pytest.approx(0.25, abs=0.001)
    assert values[-1] == pytest.approx(0.75, abs=0.001)
    assert values[1:-1] == [0] * 18


def test_parts_are_those_of_a_hand_count():
    result = walk_backtest()
    analysis = reliability.measure(result, 2)
    where = probability.pit(result.forecast)[:, 1]
    for i, share in enumerate(analysis.pit):
        assert share.value == pytest.approx(np.mean((where >= i / 20) & (where < (i + 1) / 20)))


def test_regimes_are_those_of_a_hand_count():
    result = walk_backtest()
    analysis = reliability.measure(result, 2)
    forecast, candles = result.forecast, result.history.candles
    sigma = volatility(candles)[candles.index.get_indexer(forecast.origins)]
    thirds = np.array_split(sorted(range(len(sigma)), key=lambda row: sigma[row]), 3)
    for regime, third in zip(analysis.regimes, thirds, strict=True):
        rows = np.array(sorted(third))
        assert regime.origins == len(rows)
        assert (regime.low, regime.high) == (sigma[rows].min(), sigma[rows].max())
        returns, quantiles = forecast.actual_returns[rows, 1], forecast.quantiles[rows, 1]
        assert regime.pinball == pytest.approx(scores.pinball(returns, quantiles))
        for level, ends in {50: (3, 5), 80: (2, 6), 90: (1, 7), 95: (0, 8)}.items():
            low, high = quantiles[:, ends].T
            hits = (low <= returns) & (returns <= high)
            share, expected = regime.coverage[level], interval(hits, 2)
            assert share.value == expected.value
            ends = (share.low, share.high)
            assert ends == pytest.approx((expected.low, expected.high))


def test_regimes_are_thirds_by_a_volatility_that_looks_back():
    result = walk_backtest()
    analysis = reliability.measure(result, 1)
    assert [regime.name for regime in analysis.regimes] == ["calm", "usual", "restless"]
    assert sum(regime.origins for regime in analysis.regimes) == analysis.origins
    assert max(r.origins for r in analysis.regimes) - min(r.origins for r in analysis.regimes) <= 1
    calm, usual, restless = analysis.regimes
    assert calm.high <= usual.low <= usual.high <= restless.low
    sigma = volatility(result.history.candles)[result.split.test_start : -2]
    assert (calm.low, restless.high) == pytest.approx((sigma.min(), sigma.max()))
    rows = sigma <= calm.high
    forecast = result.forecast
    expected = scores.pinball(forecast.actual_returns[rows, 0], forecast.quantiles[rows, 0])
    assert calm.pinball == pytest.approx(expected)
    # What happens after the last origin parts no origin from another third.
    later = dataclasses.replace(result, history=synthetic.altered(result.history, ROWS - 2))
    assert [r.high for r in reliability.measure(later, 1).regimes] == [
        r.high for r in analysis.regimes
    ]


def test_unknown_outcomes_and_bands_are_left_out():
    result = walk_backtest()
    forecast = result.forecast
    actual, quantiles = forecast.actual.copy(), forecast.quantiles.copy()
    actual[:100] = np.nan
    quantiles[100:150, :, 3] = np.nan
    partly = dataclasses.replace(forecast, actual=actual, quantiles=quantiles)
    analysis = reliability.measure(dataclasses.replace(result, forecasts={"lstm": partly}), 1)
    whole = dataclasses.replace(result, forecasts={"lstm": forecast[150:]})
    assert analysis.origins == len(forecast) - 150
    assert analysis.observed == reliability.measure(whole, 1).observed


def test_without_outcomes_nothing_is_counted():
    result = walk_backtest()
    unknown = dataclasses.replace(result.forecast, actual=result.forecast.actual * np.nan)
    analysis = reliability.measure(dataclasses.replace(result, forecasts={"lstm": unknown}), 1)
    assert analysis.origins == 0
    assert all(math.isnan(share.value) for share in (*analysis.observed, *analysis.pit))
    assert math.isnan(analysis.regimes[0].pinball)


@pytest.mark.parametrize("step", [0, 3])
def test_a_step_outside_the_horizon_is_refused(step):
    with pytest.raises(InvalidInput, match=rf"1 to the horizon, 2. Received: {step}"):
        reliability.measure(walk_backtest(), step)


# ---------------------------------------------------------------------------- intervals


def interval(hits, step=1):
    (share,) = reliability.shares(np.asarray(hits)[:, None], step)
    return share


def test_independent_outcomes_give_wilsons_interval():
    hits = np.random.default_rng(0).random(20_000) < 0.2
    share, n, p = interval(hits), len(hits), hits.mean()
    away = 1.96 * math.sqrt(p * (1 - p) / n)
    assert (share.low, share.high) == pytest.approx((p - away, p + away), abs=0.2 * away)


@pytest.mark.parametrize("step", [1, 12])
def test_the_interval_holds_the_truth_as_often_as_it_says(step):
    """Overlapping sums, as of outcomes ``step`` ahead: each origin shares all but one term."""
    rng, hits = np.random.default_rng(1), 0
    for _ in range(300):
        noise = rng.normal(size=1500 + step - 1)
        sums = np.convolve(noise, np.ones(step), "valid")
        share = interval(sums <= math.sqrt(step) * ndtri(0.1), step)
        hits += share.low <= 0.1 <= share.high
    assert 0.90 <= hits / 300 <= 0.98


@pytest.mark.parametrize("step", [1, 3, 24])
def test_the_interval_equals_a_hand_count_of_blocks(step):
    noise = np.random.default_rng(4).random(200 + step + 2)
    hits = np.convolve(noise, np.ones(step + 3), "valid")
    hits = hits < np.quantile(hits, 0.3)
    n, p, length = len(hits), hits.mean(), block_length(len(hits), step)
    means = [np.mean([hits[(begin + i) % n] for i in range(length)]) for begin in range(n)]
    independent = min(n, max(1, p * (1 - p) / (np.var(means) * length / n)))
    assert independent < n
    z = 1.959964
    middle = (p + z**2 / (2 * independent)) / (1 + z**2 / independent)
    away = z * math.sqrt(p * (1 - p) / independent + z**2 / (4 * independent**2))
    away /= 1 + z**2 / independent
    share = interval(hits, step)
    assert (share.low, share.high) == pytest.approx((max(0, middle - away), middle + away))


def wilson(share, independent):
    """Compute the ends of Wilson's interval of so many independent origins."""
    z = 1.959964
    middle = (share + z**2 / (2 * independent)) / (1 + z**2 / independent)
    away = z * math.sqrt(share * (1 - share) / independent + z**2 / (4 * independent**2))
    away /= 1 + z**2 / independent
    return middle - away, middle + away


def test_outcomes_that_undo_each_other_count_as_all_of_them_at_most():
    hits = np.arange(100) % 3 == 0
    length = block_length(100, 1)
    means = [np.mean([hits[(begin + i) % 100] for i in range(length)]) for begin in range(100)]
    share = hits.mean()
    assert share * (1 - share) / (np.var(means) * length / 100) > 100
    found = interval(hits)
    assert (found.low, found.high) == pytest.approx(wilson(share, 100))


@pytest.mark.parametrize(("rows", "step"), [(100, 5), (90, 1), (90, 4)])
def test_a_share_of_none_or_all_counts_outcomes_that_do_not_overlap(rows, step):
    none, every = (interval(np.full(rows, value), step) for value in (False, True))
    low, high = wilson(0.0, rows / step)
    assert (none.low, none.high) == pytest.approx((max(0, low), high), abs=1e-12)
    assert (every.low, every.high) == pytest.approx((1 - high, 1), abs=1e-12)


def test_overlap_widens_the_interval():
    rng = np.random.default_rng(2)
    alone, sums = rng.normal(size=3000), np.convolve(rng.normal(size=3023), np.ones(24), "valid")
    widths = [value.high - value.low for value in (interval(alone < 0), interval(sums < 0, 24))]
    assert widths[1] > 3 * widths[0]


@pytest.mark.parametrize("value", [False, True])
def test_a_share_of_none_or_all_has_an_interval_too(value):
    share = interval(np.full(100, value), 5)
    assert share.value == value
    assert 0.05 < share.high - share.low < 0.3
    assert 0 <= share.low <= share.high <= 1


@pytest.mark.parametrize("rows", [1, 2, 6])
def test_few_origins_give_a_wide_interval(rows):
    share = interval(np.arange(rows) % 2 == 0)
    assert share.high - share.low > 0.5


def test_few_overlapping_origins_count_as_one_at_least():
    (share,) = reliability.shares(np.ones((10, 1)), 24)
    assert share.low == pytest.approx(1 / (1 + 1.96**2), abs=1e-3)  # Wilson's, of one in one
