"""Anomalies: rare under the forecast made before, as often as promised, and never by hindsight."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.evaluation import anomalies
from cryptoforecast.forecasting import tails
from cryptoforecast.forecasting.bands import RollingBand
from cryptoforecast.forecasting.baselines import Har
from cryptoforecast.forecasting.network import NetworkPredictor
from cryptoforecast.forecasting.stack import Stack
from cryptoforecast.learning import bundles
from cryptoforecast.prices import simulate
from cryptoforecast.prices.simulation.market import EPOCH
from cryptoforecast.settings import ROOT
from cryptoforecast.types import INTERVALS, candles_a_month
from tests import synthetic

HOUR = pd.Timedelta(hours=1)
ROWS = 1500


@pytest.fixture(scope="module")
def model():
    """The model that forecasts hours unless the user chooses another."""
    return bundles.load(ROOT / "models" / "global-1h-lstm")


@pytest.fixture(scope="module")
def market():
    """Two years of hours whose law is known."""
    return simulate("BTC", end=EPOCH + 17_000 * HOUR, seed=31)


def arrays(surprises):
    return {
        each.name: getattr(surprises, each.name)
        for each in dataclasses.fields(surprises)
        if isinstance(getattr(surprises, each.name), np.ndarray)
    }


def scaled(history, row, factor):
    """Move the close of a row, and all later prices with it."""
    candles = history.candles.copy()
    prices = ["open", "high", "low", "close"]
    candles.iloc[row:, [candles.columns.get_loc(name) for name in prices]] *= factor
    candles.iloc[row, candles.columns.get_loc("open")] /= factor
    candles["high"] = candles[prices].max(axis=1)
    candles["low"] = candles[prices].min(axis=1)
    return dataclasses.replace(history, candles=candles)


@pytest.mark.parametrize("kind", ["har", "network"])
def test_altering_the_future_changes_no_surprise(kind, market, model):
    history = dataclasses.replace(market, candles=market.candles.iloc[:ROWS])
    network = model if kind == "network" else None
    before = anomalies.surprises(history, network)
    first = 1300
    after = anomalies.surprises(synthetic.altered(history, first), network)
    count = first - before.rows.start
    assert count > 200
    for name, values in arrays(before).items():
        other = getattr(after, name)
        assert np.array_equal(values[:count], other[:count], equal_nan=True), name
        assert not np.array_equal(values[count:], other[count:], equal_nan=True), name


def test_a_planted_jump_is_found_and_nothing_else_becomes_rarer_before_it(market):
    history = dataclasses.replace(market, candles=market.candles.iloc[:ROWS])
    row = 1400
    result = anomalies.find(anomalies.surprises(scaled(history, row, 1.1)), 1)
    plain = anomalies.find(anomalies.surprises(history), 1)
    at = row - result.surprises.rows.start
    assert result.alarms[at]
    assert not plain.alarms[at]
    assert result.surprises.rarity[at] > 5000
    assert result.surprises.rarity[:at].tolist() == plain.surprises.rarity[:at].tolist()
    listed = result.frame().set_index("closes_at").loc[history.candles.index[row] + HOUR]
    assert listed["move"] > 0.08
    assert listed["close"] > listed["expected_high"] > listed["expected_low"]
    assert listed["spike_rule"]


def test_the_same_move_is_rare_in_a_calm_hour_and_not_in_a_wild_one(market):
    surprises = anomalies.surprises(market)
    width = np.log(surprises.high / surprises.low)
    size = np.abs(surprises.moves)
    moved = (size > 0.012) & (size < 0.015)
    calm, wild = (
        moved & (width < np.quantile(width, 0.5)),
        moved & (width > np.quantile(width, 0.9)),
    )
    assert min(calm.sum(), wild.sum()) >= 10
    assert np.median(surprises.rarity[calm]) > 10 * np.median(surprises.rarity[wild])


def test_alarms_come_as_often_as_promised_on_simulated_prices(model):
    """The control is the spike rule, which makes the same promise."""
    surprises = anomalies.surprises(simulate("BTC", end=EPOCH + 24_000 * HOUR, seed=41), model)
    for one_in in (100, 1000):
        rate = anomalies.find(surprises, candles_a_month("1h") / one_in).rate
        assert rate.expected == pytest.approx(len(surprises) / one_in)
        assert 0.7 < rate.ratio < 1.3
        assert rate.spike_ratio > 2.5
    assert rate.expected > 20
    assert rate.spike_ratio > 5


def test_alarms_come_as_often_as_promised_on_real_prices(data_folder):
    """Hours after all that the network has learnt from."""
    from benchmarks import histories

    model = bundles.load(ROOT / "models" / "btc-1h-dense")
    alarms = promised = 0.0
    for coin in ("BTC", "ETH", "XRP"):
        surprises = anomalies.surprises(histories.read_one(data_folder, "1h", coin), model)
        later = surprises.last(int((surprises.closes_at > pd.Timestamp(model.card.cutoff)).sum()))
        rate = anomalies.find(later, 0.72).rate
        alarms, promised = alarms + rate.alarms, promised + rate.expected
    assert promised > 40
    assert 0.7 < alarms / promised < 1.3


def test_nothing_is_surprising_across_a_gap_or_a_change_of_unit():
    history = synthetic.history(ROWS)
    row = 1400
    parted = synthetic.parted(scaled(history, row, 1.5), {row: 50})
    surprises = anomalies.surprises(parted)
    at = row - surprises.rows.start
    assert np.isnan(surprises.rarity[at])
    assert not anomalies.find(surprises, 1).alarms[at]
    assert anomalies.find(surprises, 1).rate.candles == len(surprises) - 1
    whole = anomalies.surprises(scaled(history, row, 1.5))
    assert anomalies.find(whole, 1).alarms[at]


def test_the_spike_rule_compares_a_move_with_the_hundred_before_it():
    history = synthetic.history(ROWS)
    surprises = anomalies.surprises(history)
    moves = np.diff(np.log(history.candles["close"].to_numpy()))
    for row in (surprises.rows.start, 1200):
        before = moves[row - 101 : row - 1]
        expected = abs(moves[row - 1]) / before.std(ddof=1)
        assert surprises.deviations[row - surprises.rows.start] == pytest.approx(expected)


def test_prices_that_stand_still_raise_no_alarm():
    history = synthetic.history(ROWS)
    candles = history.candles.copy()
    candles.iloc[1300:] = candles.iloc[1299].to_numpy()
    result = anomalies.find(anomalies.surprises(dataclasses.replace(history, candles=candles)), 1)
    still = result.surprises.last(150)
    assert not result.alarms[-150:].any()
    assert not result.spikes[-150:].any()
    assert np.isfinite(still.rarity).all()


def test_round_numbers_of_alarms_are_offered_that_can_be_measured_and_seen() -> None:
    assert anomalies.choices("1m") == (50, 100, 200, 500)
    assert anomalies.choices("1h") == (0.5, 1, 2, 5, 10, 20)
    assert anomalies.choices("1d") == (0.05, 0.1, 0.2, 0.5, 1)
    assert anomalies.choices("1w") == (0.01, 0.02, 0.05, 0.1, 0.2)


def test_a_day_of_hours_and_a_week_of_days_are_taken_together(market) -> None:
    assert anomalies.surprises(market).together == 24
    days = simulate("BTC", "1d", end=EPOCH + 900 * 24 * HOUR, seed=31)
    assert anomalies.surprises(days).together == 7


def test_one_alarm_a_month_is_usual(market) -> None:
    found = anomalies.surprises(market)
    usual, one = anomalies.find(found), anomalies.find(found, 1.0)
    assert one.alarms.any()
    np.testing.assert_array_equal(usual.alarms, one.alarms)
    assert usual.threshold == one.threshold


def test_har_learns_from_many_candles_before_its_first_forecasts(market, monkeypatch) -> None:
    """Fewer would make the first bands worse, and so the first surprises."""
    befores = []
    fit = anomalies.Har.fit
    monkeypatch.setattr(anomalies.Har, "fit", lambda *args: befores.append(args[1]) or fit(*args))
    anomalies.surprises(market)
    assert befores == [anomalies.EARLIER_FITS * anomalies.REFRESH_ROWS]


@pytest.mark.parametrize("kind", ["har", "network"])
def test_surprises_are_those_of_a_forecast_and_a_correction_by_hand(kind):
    model = synthetic.model(synthetic.spec(horizon=3)) if kind == "network" else None
    needs, horizon = (1, 1) if model is None else (model.card.needs, 3)
    # The first forecast; its outcome is beyond a gap, and so is another one later.
    first = needs - 1 + (80 if model is None else 200) + horizon
    history = synthetic.parted(synthetic.history(800), {first + 1: 9, first + 150: 9})
    har = Har.fit(history, 800 if model is None else max(first, 800), horizon)
    predictor = har
    if model is not None:
        band = RollingBand(needs - 1, 8001)
        predictor = Stack(NetworkPredictor(model, band), (har,))
    forecast = predictor.forecast(history, range(first, 799))
    quantiles = forecast.quantiles[:, 0].astype(float)
    moves = np.diff(np.log(history.candles["close"].to_numpy()))[first:]
    moves[[0, 149]] = np.nan
    logs = tails.corrected(tails.log_probabilities(moves, quantiles))
    surprises = anomalies.surprises(history, model)
    assert surprises.rows == range(first + 1 + 100, 800)
    np.testing.assert_allclose(surprises.moves, moves[100:], rtol=1e-9)
    close = history.candles["close"].to_numpy()[first + 100 : -1]
    np.testing.assert_allclose(surprises.low, close * np.exp(quantiles[100:, 0]), rtol=1e-6)
    np.testing.assert_allclose(surprises.high, close * np.exp(quantiles[100:, 8]), rtol=1e-6)
    np.testing.assert_allclose(surprises.rarity, np.exp(-logs[100:]), rtol=1e-4)
    together = tails.together(logs, moves > quantiles[:, 4], 24)
    np.testing.assert_allclose(surprises.rarity_together, np.exp(-together[100:]), rtol=1e-4)


def test_thresholds_are_events_of_one_in_20_to_one_in_10_000_candles():
    low, high = anomalies.bounds("1h")
    assert (low, high) == (720 / 10_000, 720 / 20)
    for alarms in (low, high):
        anomalies.check(alarms, "1h")
    for alarms in (math.nextafter(low, 0), math.nextafter(high, 99)):
        with pytest.raises(InvalidInput, match=r"Choose 0\.5 to 20"):
            anomalies.check(alarms, "1h")


def test_the_number_of_alarms_to_begin_with_is_as_near_to_one_as_can_be_chosen():
    usual = {interval: anomalies.usual(interval) for interval in ("1m", "1h", "1d", "1w")}
    assert usual == {"1m": 50, "1h": 1, "1d": 1, "1w": 0.2}


def test_the_first_move_after_prices_that_stood_still_is_no_spike() -> None:
    history = synthetic.history(500)
    candles = history.candles.copy()
    candles.iloc[300:420] = candles["close"].iloc[299]
    found = anomalies.surprises(dataclasses.replace(history, candles=candles))
    assert np.isnan(found.deviations[420 - found.rows.start])
    assert np.isfinite(found.deviations[421 - found.rows.start])


def test_the_first_move_of_a_market_is_no_spike():
    history = synthetic.history(500)
    candles = history.candles.copy()
    candles.iloc[:250] = candles.iloc[249].to_numpy()
    surprises = anomalies.surprises(dataclasses.replace(history, candles=candles))
    at = 250 - surprises.rows.start
    assert surprises.moves[at] != 0
    assert np.isnan(surprises.deviations[: at + 1]).all()
    assert surprises.deviations[at + 1] > 0


@pytest.mark.parametrize("has_seen", [False, True])
def test_a_model_that_was_fitted_on_the_first_surprise_has_a_note(has_seen):
    history = synthetic.history(500)
    first = anomalies.surprises(history, synthetic.model()).rows.start
    cutoff = history.candles.index[first - 1 + has_seen]
    notes = anomalies.surprises(history, synthetic.model(cutoff=cutoff.isoformat())).notes
    assert ["fitted on prices up to" in note for note in notes] == [True] * has_seen


def test_the_newest_candles_of_a_long_history_count():
    history = synthetic.history(25_500)
    surprises = anomalies.surprises(history)
    assert surprises.rows.stop == len(history)
    assert surprises.rows.start == 500 + 81 + 1 + 100  # of the newest 25,000 candles
    assert anomalies.surprises(synthetic.history(500)).rows.start == 81 + 1 + 100
    assert surprises.close[-1] == history.candles["close"].iloc[-1]
    assert surprises.closes_at[-1] == history.closes_at
    assert np.log(surprises.close[-1] / surprises.close[-2]) == pytest.approx(surprises.moves[-1])


def test_a_short_history_is_refused_with_what_is_needed(model):
    for network in (None, model):
        needed = anomalies.candles_needed(network)
        first = 81 if network is None else network.card.needs - 1 + 200 + network.spec.horizon
        assert needed == first + 100 + 30 + 1
        assert len(anomalies.surprises(synthetic.history(needed), network)) >= 30
        with pytest.raises(
            NotEnoughData, match=f"at least {needed:,} candles.*Received: {needed - 1:,}"
        ):
            anomalies.surprises(synthetic.history(needed - 1), network)


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_candle_length_has_thresholds_to_choose_from(interval):
    choices = anomalies.choices(interval)
    assert len(choices) >= 4
    assert anomalies.usual(interval) in choices
    for alarms in choices:
        anomalies.check(alarms, interval)


@pytest.mark.parametrize("alarms", [0.0, 0.01, 100.0, -1.0, float("nan"), float("inf")])
def test_a_threshold_that_cannot_be_measured_is_refused(alarms):
    with pytest.raises(InvalidInput, match=r"between 0\.072 and 36\..*Choose 0\.5 to 20\.$"):
        anomalies.check(alarms, "1h")


def test_measured_rates_are_of_the_thresholds_that_are_offered():
    for alarms in anomalies.choices("1h"):
        rates = anomalies.alarm_rates("1h", alarms)
        assert rates.keys() == {"real", "simulated"}
        for rate in rates.values():
            promised = rate.candles * alarms / candles_a_month("1h")
            assert rate.expected == pytest.approx(promised, abs=0.01)
    assert anomalies.alarm_rates("1h", 0.72) == anomalies.alarm_rates("4h", 1.0) == {}


@pytest.mark.parametrize(("before", "is_missing"), [(0, False), (1, True)])
def test_an_input_that_varies_in_no_candle_that_is_read_is_missing(before, is_missing):
    network = synthetic.model(synthetic.spec(features=("return", "volume")))
    history = synthetic.history(anomalies.candles_needed(network) + 50)
    # The forecast of the first surprise is made one candle before it.
    first = anomalies.surprises(history, network).rows.start - network.card.needs
    volume = np.full(len(history), 5.0)
    volume[: first - before + 1] = 9.0
    candles = history.candles.assign(volume=volume)
    notes = anomalies.surprises(dataclasses.replace(history, candles=candles), network).notes
    assert any("which never varies in these prices" in note for note in notes) is is_missing
