"""Diagnostics equal loops written by hand, and find faults that are known."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.evaluation import backtest, diagnostics
from cryptoforecast.forecasting.baselines import BASELINES, volatility
from cryptoforecast.learning import inference, specs
from cryptoforecast.types import QUANTILES, Backtest, Forecast, predictor_phrase
from tests import synthetic

HORIZON = 4


@pytest.fixture(scope="module")
def result() -> Backtest:
    spec = specs.make(network="cone", horizon=HORIZON)
    return backtest.holdout(synthetic.history(2000), spec, baselines=("naive", "cone", "har"))


def pointing(forecast: Forecast, predicted: np.ndarray) -> Forecast:
    return dataclasses.replace(forecast, predicted=predicted)


def of_residuals(residual: np.ndarray, step: int = 1) -> Forecast:
    """Forecasts of a constant price that err by exactly these log-returns."""
    n = len(residual)
    index = pd.date_range("2024-01-01", periods=n, freq="h", tz="UTC", unit="ns")
    close = np.full(n, 100.0)
    actual = np.repeat(100 * np.exp(residual)[:, None], step, axis=1)
    quantiles = np.broadcast_to(np.linspace(-0.02, 0.02, 9), (n, step, len(QUANTILES)))
    return Forecast("x", "1h", index, close, np.full((n, step), 100.0), quantiles, actual)


# ------------------------------------------------------------------ delays


def test_delays_are_those_of_a_loop_over_the_history(result):
    forecast, close = result.forecast, result.history.candles["close"].to_numpy()
    step = 2
    frame = diagnostics.delays(pointing(forecast, forecast.predicted * 1.001), step)
    assert list(frame["shift"]) == list(range(9))
    rows = np.array(result.split.test_origins())[6:]
    for shift in frame["shift"]:
        expected = np.mean([abs(close[row] * 1.001 - close[row + step - shift]) for row in rows])
        assert frame["error"][shift] == pytest.approx(expected)
    last = np.mean([abs(close[row] - close[row + step]) for row in rows])
    assert frame["relative"].to_numpy() == pytest.approx(frame["error"].to_numpy() / last)


@pytest.mark.parametrize("step", [1, HORIZON])
def test_the_last_price_is_delayed_by_its_step_and_a_perfect_forecast_by_nothing(result, step):
    naive = result.forecasts["naive"]
    delayed = diagnostics.delays(naive, step)
    assert delayed["error"].idxmin() == step
    assert delayed["error"][step] == 0
    assert delayed["relative"][0] == pytest.approx(1)
    perfect = diagnostics.delays(pointing(naive, naive.actual), step)
    assert (perfect["error"].idxmin(), perfect["error"][0]) == (0, 0)


def test_a_market_that_stands_still_has_no_ratio():
    frame = diagnostics.delays(of_residuals(np.zeros(200)), 1)
    assert (frame["error"] == 0).all()
    assert frame["relative"].isna().all()


@pytest.mark.parametrize(("step", "furthest"), [(1, 6), (2, 8), (10, 24), (60, 108)])
def test_delays_go_to_twice_the_step_and_a_bit_beyond(step, furthest):
    rows = furthest - step + diagnostics.MIN_OUTCOMES
    residual = np.random.default_rng(0).normal(0, 0.01, rows)
    frame = diagnostics.delays(of_residuals(residual, step), step)
    assert list(frame["shift"]) == list(range(furthest + 1))
    with pytest.raises(NotEnoughData, match=f"Received: 29 at step {step}"):
        diagnostics.delays(of_residuals(residual[1:], step), step)


def test_delays_leave_out_what_is_not_known():
    forecast = of_residuals(np.random.default_rng(0).normal(0, 0.01, 100))
    actual, predicted = forecast.actual.copy(), forecast.predicted.copy()
    actual[-9:], predicted[20] = np.nan, np.nan
    partly = dataclasses.replace(forecast, actual=actual, predicted=predicted)
    frame = diagnostics.delays(partly, 1)
    rows = [row for row in range(5, 91) if row != 20]
    expected = np.mean([abs(100 - actual[row, 0]) for row in rows])
    assert frame["error"][0] == pytest.approx(expected)


# ------------------------------------------------------------------ residuals


@pytest.mark.parametrize(("outcomes", "rows"), [(30, 30), (619, 30), (640, 32), (1000, 50)])
def test_the_average_is_over_a_twentieth_of_the_errors(outcomes, rows):
    residual = np.random.default_rng(0).normal(0, 0.01, outcomes)
    average = diagnostics.residuals(of_residuals(residual), 1)["average"]
    assert average.iloc[: rows - 1].isna().all()
    assert average.iloc[rows - 1] == pytest.approx(residual[:rows].mean())
    assert average.iloc[-1] == pytest.approx(residual[-rows:].mean())


def test_residuals_carry_the_time_of_the_candle_that_was_predicted(result):
    forecast = result.forecast
    frame = diagnostics.residuals(forecast, 3)
    assert (frame["origin"] == forecast.origins).all()
    assert (frame["time"] - frame["origin"] == pd.Timedelta(hours=3)).all()
    expected = np.log(forecast.actual[:, 2] / forecast.predicted[:, 2])
    assert frame["residual"].to_numpy() == pytest.approx(expected)
    assert frame["average"].iloc[:29].isna().all()
    assert frame["average"].iloc[-1] == pytest.approx(expected[-30:].mean())


def test_a_target_after_a_gap_has_its_own_time(result):
    whole = result.history
    row = result.split.test_start + 50
    parted = synthetic.parted(whole, {row: 33})
    forecast = (
        BASELINES["naive"].fit(parted, 1000, HORIZON).forecast(parted, result.split.test_origins())
    )
    for value in (diagnostics.residuals(forecast, 3), forecast.frame(3), forecast[40:60].frame(3)):
        rows = parted.candles.index.get_indexer(pd.DatetimeIndex(value["origin"])) + 3
        assert (pd.DatetimeIndex(value["time"]) == parted.candles.index[rows]).all()
        assert value["time"].dtype == "datetime64[ns, UTC]"
        assert (value["closes_at"] - value["time"] == parted.candle_length).all()
    far = (forecast.frame(3)["time"] - forecast.frame(3)["origin"]) / pd.Timedelta(hours=1)
    assert sorted(set(far)) == [3, 36]
    # What comes after the last candle is not known to be late.
    last = (
        BASELINES["naive"]
        .fit(parted, 1000, 2)
        .forecast(parted, range(len(parted) - 1, len(parted)))
    )
    assert list(last.frame()["time"] - parted.end) == [pd.Timedelta(hours=n) for n in (1, 2)]


def test_unknown_outcomes_are_left_out(result):
    forecast = result.forecast
    actual = forecast.actual.copy()
    actual[-7:] = np.nan
    frame = diagnostics.residuals(dataclasses.replace(forecast, actual=actual), 1)
    assert len(frame) == len(forecast) - 7


@pytest.mark.parametrize(
    "look", [diagnostics.residuals, diagnostics.delays, diagnostics.histogram,
             diagnostics.autocorrelation, diagnostics.by_hour, diagnostics.by_weekday],
)  # fmt: skip
def test_too_few_outcomes_are_refused(look):
    """A lag test also reads the five candles before an origin."""
    more = 5 * (look is diagnostics.delays)
    errors = np.sin(np.arange(30 + more)) / 100
    assert len(look(of_residuals(errors), 1)) > 0
    with pytest.raises(NotEnoughData, match=r"30 known outcomes.* Received: 29"):
        look(of_residuals(errors[1:]), 1)


# ------------------------------------------------------------------ histogram


def test_a_histogram_counts_every_error_once():
    rng = np.random.default_rng(0)
    heavy = rng.standard_t(3, 5000) / 100
    frame = diagnostics.histogram(of_residuals(heavy), 1)
    assert frame["count"].sum() == 5000
    assert frame["normal"].sum() == pytest.approx(5000)
    scaled = (heavy - heavy.mean()) / heavy.std()
    bar = frame.iloc[20]
    assert bar["count"] == ((scaled >= bar["low"]) & (scaled < bar["high"])).sum()
    assert frame["count"].iloc[-1] == (scaled >= frame["low"].iloc[-1]).sum()
    ends = frame[(frame["high"] <= -3) | (frame["low"] >= 3)]
    assert ends["count"].sum() > 2 * ends["normal"].sum()


def test_the_bars_of_a_histogram_are_those_of_a_hand_count():
    errors = np.random.default_rng(0).standard_t(2, 400) / 100
    frame = diagnostics.histogram(of_residuals(errors), 1)
    scaled = (errors - errors.mean()) / errors.std()
    assert np.abs(scaled).max() > 4
    edges = [-4 + 8 * i / 41 for i in range(42)]
    assert list(frame["low"]) == pytest.approx(edges[:-1])
    assert list(frame["high"]) == pytest.approx(edges[1:])
    for i, (low, high) in enumerate(pairwise(edges)):
        low, high = -math.inf if i == 0 else low, math.inf if i == 40 else high
        assert frame["count"][i] == ((scaled >= low) & (scaled < high)).sum()
        expected = 400 * (NormalDist().cdf(high) - NormalDist().cdf(low))
        assert frame["normal"][i] == pytest.approx(expected)


def test_normal_errors_look_normal():
    frame = diagnostics.histogram(of_residuals(np.random.default_rng(1).normal(0, 0.01, 50_000)), 1)
    assert np.abs(frame["count"] - frame["normal"]).max() < 0.01 * 50_000


def test_errors_that_do_not_vary_have_no_histogram():
    assert len(diagnostics.histogram(of_residuals(np.full(100, 0.01)), 1)) == 0


# ------------------------------------------------------------------ autocorrelation


def test_autocorrelations_are_those_of_a_loop():
    rng = np.random.default_rng(2)
    residual = rng.normal(0, 0.01, 400)
    frame = diagnostics.autocorrelation(of_residuals(residual), 1)
    values = np.log(np.exp(residual))
    mean, n = values.mean(), len(values)
    for lag, value in zip(frame["lag"], frame["residual"], strict=True):
        top = sum((values[i] - mean) * (values[i - lag] - mean) for i in range(lag, n))
        assert value == pytest.approx(top / ((values - mean) ** 2).sum())
        squares = sum(((values[i] - mean) * (values[i - lag] - mean)) ** 2 for i in range(lag, n))
        bound = 1.96 * math.sqrt(squares) / ((values - mean) ** 2).sum()
        assert frame["bound"][lag - 1] == pytest.approx(bound)
        assert bound == pytest.approx(1.96 / math.sqrt(n), rel=0.25)


@pytest.mark.parametrize(
    ("outcomes", "step", "lags"),
    [(200, 1, 24), (200, 12, 24), (200, 20, 40), (200, 30, 48), (60, 1, 20), (30, 40, 10)],
)
def test_errors_are_compared_over_twice_the_step_at_most_two_days(outcomes, step, lags):
    residual = np.random.default_rng(0).normal(0, 0.01, outcomes)
    frame = diagnostics.autocorrelation(of_residuals(residual, step), step)
    assert list(frame["lag"]) == list(range(1, lags + 1))


@pytest.mark.parametrize(("outcomes", "step"), [(400, 3), (60, 9)])
def test_the_bound_of_overlapping_errors_is_that_of_a_hand_count(outcomes, step):
    residual = np.random.default_rng(2).normal(0.002, 0.01, outcomes)
    frame = diagnostics.autocorrelation(of_residuals(residual, step), step)
    for name, bound, values in (
        ("residual", "bound", residual),
        ("size", "size_bound", np.abs(residual)),
    ):
        away = [value - sum(values) / outcomes for value in values]
        total = sum(each * each for each in away)
        for lag in (1, 2, step, frame["lag"].iloc[-1]):
            products = [away[i] * away[i - lag] for i in range(lag, outcomes)]
            assert frame[name][lag - 1] == pytest.approx(sum(products) / total)
            count = min(2 * (step - 1), len(products) // 5)
            variance = sum(each * each for each in products)
            for k in range(1, count + 1):
                pairs = sum(products[i] * products[i - k] for i in range(k, len(products)))
                variance += 2 * (1 - k / (count + 1)) * pairs
            expected = 1.96 * math.sqrt(variance) / total
            assert frame[bound][lag - 1] == pytest.approx(expected)


def test_chance_stays_within_the_bound_also_where_targets_overlap():
    rng = np.random.default_rng(3)
    outside, count = 0, 0
    for _ in range(40):
        steps = rng.normal(0, 0.001, 2005)
        overlapping = np.convolve(steps, np.ones(6), "valid")
        frame = diagnostics.autocorrelation(of_residuals(overlapping, 6), 6)
        apart = frame[frame["lag"] >= 6]
        outside += int((apart["residual"].abs() > apart["bound"]).sum())
        count += len(apart)
        assert frame["residual"].iloc[0] == pytest.approx(5 / 6, abs=0.05)
    assert 0.02 < outside / count < 0.09


@pytest.mark.parametrize(("step", "count"), [(24, 46), (24, 118), (12, 60), (6, 32)])
def test_the_bound_of_chance_is_defined_in_short_tests_too(step, count):
    for seed in range(30):
        walk = np.cumsum(np.random.default_rng(seed).normal(0, 0.01, count))
        frame = diagnostics.autocorrelation(of_residuals(walk, step), step)
        assert (frame[["bound", "size_bound"]] > 0).all(axis=None)


def test_spells_of_large_errors_are_no_pattern():
    """Errors without memory whose size comes in spells: the bound of white noise is too narrow."""
    rng = np.random.default_rng(5)
    outside, naively, count = 0, 0, 0
    for _ in range(40):
        size = np.exp(np.convolve(rng.normal(0, 0.25, 2029), np.ones(30), "valid"))
        frame = diagnostics.autocorrelation(of_residuals(0.001 * size * rng.normal(0, 1, 2000)), 1)
        outside += int((frame["residual"].abs() > frame["bound"]).sum())
        naively += int((frame["residual"].abs() > 1.96 / math.sqrt(2000)).sum())
        count += len(frame)
    assert outside / count < 0.08
    assert naively / count > 0.2


def test_spells_of_large_errors_show_in_the_sizes_alone():
    rng = np.random.default_rng(4)
    spread = np.repeat(rng.choice([0.002, 0.02], 100), 50)
    frame = diagnostics.autocorrelation(of_residuals(spread * rng.normal(0, 1, 5000)), 1)
    assert frame["size"].iloc[0] > 0.2
    assert abs(frame["residual"].iloc[0]) < 0.1


def test_constant_errors_have_no_correlation():
    frame = diagnostics.autocorrelation(of_residuals(np.full(100, 0.01)), 1)
    assert frame["residual"].isna().all()
    assert frame["size"].isna().all()


# ------------------------------------------------------------------ clock and regime


def test_hours_are_averaged_by_hand():
    hours = np.arange(240) % 24
    frame = diagnostics.by_hour(of_residuals((hours + 0.5) / 1000), 1)
    assert list(frame["hour"]) == list(range(24))
    # The candle that is predicted opens an hour after the origin.
    assert frame["error"].to_numpy() == pytest.approx(((np.arange(24) - 1) % 24 + 0.5) / 1000)
    assert (frame["origins"] == 10).all()
    assert frame["half_width"].to_numpy() == pytest.approx(0.01)
    assert frame["covered"].to_numpy() == pytest.approx((frame["error"] < 0.01).astype(float))


def test_weekdays_come_in_order():
    frame = diagnostics.by_weekday(of_residuals(np.full(24 * 14, 0.01)), 1)
    assert list(frame["weekday"]) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert (frame["origins"] == 48).all()


def test_regimes_are_thirds_by_volatility(result):
    forecast, naive = result.forecast, result.forecasts["naive"]
    candles = result.history.candles
    sigma = volatility(candles)[candles.index.get_indexer(forecast.origins)]
    frame = diagnostics.by_regime(forecast, naive, 2, sigma)
    assert list(frame["regime"]) == ["calm", "usual", "restless"]
    assert frame["origins"].sum() == len(forecast)
    assert frame["origins"].max() - frame["origins"].min() <= 1
    calm = sigma <= frame["highest"].iloc[0]
    residual = np.abs(np.log(forecast.actual[:, 1] / forecast.predicted[:, 1]))
    assert frame["error"].iloc[0] == pytest.approx(residual[calm].mean())
    assert (np.diff(frame["half_width"]) > 0).all()
    assert frame["lowest"].iloc[1] >= frame["highest"].iloc[0]


def test_the_averages_of_regimes_are_those_of_a_hand_count(result):
    naive, step = result.forecasts["naive"], 2
    actual = result.forecast.actual.copy()
    actual[[3, 50, -1]] = np.nan
    forecast = dataclasses.replace(result.forecast, actual=actual)
    sigma = np.random.default_rng(0).random(len(forecast))
    frame = diagnostics.by_regime(forecast, naive, step, sigma)
    rows = [row for row in range(len(forecast)) if np.isfinite(actual[row, step - 1])]
    ordered = sorted(rows, key=lambda row: sigma[row])
    assert len(rows) == len(forecast) - 3
    for third, value in zip(np.array_split(ordered, 3), frame.itertuples(), strict=True):
        assert value.origins == len(third)
        assert (value.lowest, value.highest) == (sigma[third[0]], sigma[third[-1]])
        for suffix, each in (("", forecast), ("_naive", naive)):
            errors, pinball, widths, hits = [], [], [], []
            for row in third:
                moved = math.log(each.actual[row, step - 1] / each.close[row])
                errors.append(abs(math.log(each.actual[row, step - 1] / each.predicted[row, 1])))
                band = each.quantiles[row, step - 1]
                pinball += [
                    max(q * (moved - f), (q - 1) * (moved - f))
                    for q, f in zip(QUANTILES, band, strict=True)
                ]
                widths.append((band[6] - band[2]) / 2)
                hits.append(band[2] <= moved <= band[6])
            assert getattr(value, f"error{suffix}") == pytest.approx(np.mean(errors))
            assert getattr(value, f"pinball{suffix}") == pytest.approx(np.mean(pinball))
            if each is forecast:
                assert value.half_width == pytest.approx(np.mean(widths))
                assert value.covered == pytest.approx(np.mean(hits))


def test_a_volatility_that_never_varies_makes_no_regimes():
    forecast = of_residuals(np.linspace(-0.01, 0.01, 100))
    frame = diagnostics.by_regime(forecast, forecast, 1, np.full(100, 0.5))
    assert len(frame) == 0
    assert {"regime", "error", "half_width", "pinball", "pinball_naive"} <= set(frame.columns)


def test_a_band_that_is_undefined_stays_undefined():
    forecast = of_residuals(np.linspace(-0.01, 0.01, 100))
    none = dataclasses.replace(forecast, quantiles=np.full_like(forecast.quantiles, np.nan))
    frame = diagnostics.by_hour(none, 1)
    assert frame["covered"].isna().all()
    assert frame["half_width"].isna().all()
    assert frame["error"].notna().all()


# ------------------------------------------------------------------ free run


def test_a_free_run_reads_its_own_forecasts_as_prices():
    history = synthetic.history(700)
    model = synthetic.model(synthetic.spec(features=("return",), horizon=3))
    tested = backtest.holdout(history, model.spec, model)
    done: list[float] = []
    frame = diagnostics.free_run(tested, done.append)
    assert list(frame["step"]) == list(range(1, diagnostics.FREE_STEPS + 1))
    assert frame["direct"].iloc[0] == frame["free_run"].iloc[0]
    assert frame["direct"].iloc[:3].notna().all()
    assert frame["direct"].iloc[3:].isna().all()
    assert done == pytest.approx([(i + 1) / 100 for i in range(100)])
    assert set(frame["origins"]) == {100}

    close, needed = history.candles["close"].to_numpy(), specs.needs(model.spec)
    rows = np.arange(tested.split.test_start, 700 - diagnostics.FREE_STEPS)
    rows = rows[np.linspace(0, len(rows) - 1, 100).astype(int)]
    fed, naive = [], []
    for row in rows:
        path = list(close[: row + 1])
        for _ in range(5):
            path.append(float(inference.from_closes(model, np.array(path[-needed:]))[0]))
        fed.append(abs(math.log(close[row + 5] / path[-1])))
        naive.append(abs(math.log(close[row + 5] / close[row])))
    assert frame["free_run"].iloc[4] == pytest.approx(np.mean(fed))
    assert frame["naive"].iloc[4] == pytest.approx(np.mean(naive))


def test_a_predictor_that_cannot_run_free_says_why(result):
    assert "reads highs and lows" in diagnostics.why_no_free_run(result)
    with pytest.raises(InvalidInput, match="reads highs and lows"):
        diagnostics.free_run(result)
    for name in BASELINES:
        spec = specs.make(network=name, horizon=1)
        reason = diagnostics.why_no_free_run(dataclasses.replace(result, spec=spec))
        assert predictor_phrase(name).lower() in reason.lower()
        assert reason.lstrip("“")[0].isupper()
        assert ("they can't be fed their own" in reason) == (name == "boosting")
        assert ("reads highs" in reason) == (name not in ("naive", "drift", "boosting"))
    model = synthetic.model(synthetic.spec(features=("return", "range", "hour")))
    tested = dataclasses.replace(result, spec=model.spec, model=model)
    assert "reads range of the candle, hour of the day" in diagnostics.why_no_free_run(tested)
    with pytest.raises(InvalidInput, match="reads range of the candle, hour of the day"):
        diagnostics.free_run(tested)
    ranged = synthetic.model(synthetic.spec(features=("return",), unit="range"))
    tested = dataclasses.replace(result, spec=ranged.spec, model=ranged)
    assert "reads ranges as the unit" in diagnostics.why_no_free_run(tested)
    walked = dataclasses.replace(tested, model=None)
    assert "for each fold" in diagnostics.why_no_free_run(walked)


def test_a_free_run_needs_room_for_thirty_origins():
    history = synthetic.history(300)
    model = synthetic.model(synthetic.spec(features=("return",)))
    tested = backtest.holdout(history, dataclasses.replace(model.spec, test=0.18), model)
    assert tested.split.test_start == 246
    done = []
    frame = diagnostics.free_run(tested, done.append)
    assert set(frame["origins"]) == {30}
    assert done == pytest.approx([(i + 1) / 30 for i in range(30)])
    tested = backtest.holdout(history, dataclasses.replace(model.spec, test=0.176), model)
    with pytest.raises(NotEnoughData, match=r"over 24 candles needs 30 .* Received: 29\."):
        diagnostics.free_run(tested)


def test_a_free_run_begins_where_the_network_has_all_that_it_reads():
    model = synthetic.model(synthetic.spec(features=("return",)))
    tested = backtest.holdout(synthetic.history(300), model.spec, model)
    early = dataclasses.replace(tested.split, test_start=3)
    whole = synthetic.history(specs.needs(model.spec) - 1 + 30 + diagnostics.FREE_STEPS)
    frame = diagnostics.free_run(dataclasses.replace(tested, history=whole, split=early))
    assert set(frame["origins"]) == {30}
    shorter = dataclasses.replace(whole, candles=whole.candles.iloc[1:])
    with pytest.raises(NotEnoughData, match=r"Received: 29\."):
        diagnostics.free_run(dataclasses.replace(tested, history=shorter, split=early))


def test_a_free_run_goes_as_far_as_the_network_does():
    history = synthetic.history(400)
    model = synthetic.model(synthetic.spec(features=("return",), horizon=30))
    tested = backtest.holdout(history, model.spec, model, baselines=("naive",))
    cut = dataclasses.replace(tested.split, test_start=400 - 30 - 30)
    frame = diagnostics.free_run(dataclasses.replace(tested, split=cut))
    assert list(frame["step"]) == list(range(1, 31))
    assert frame["direct"].notna().all()
    close, needed = history.candles["close"].to_numpy(), specs.needs(model.spec)
    errors = [
        abs(math.log(close[row + 9] / inference.from_closes(model, close[: row + 1][-needed:])[8]))
        for row in range(340, 370)
    ]
    assert frame["direct"].iloc[8] == pytest.approx(np.mean(errors))
