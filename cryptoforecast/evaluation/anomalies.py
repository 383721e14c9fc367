"""Anomalies: closes that the forecast made one candle before called very unlikely.

A move of 2 % is nothing in a wild hour and much in a calm one. So a close is as surprising as its
probability under the forecast was small, and a threshold promises a number of alarms: if the
forecast is right, one candle in 720 is as rare as 1 in 720. Beside it stands a plain rule, which
compares each move with the standard deviation of the moves before it.
"""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from pathlib import Path
from typing import TypedDict

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.evaluation import backtest
from cryptoforecast.forecasting import network, tails, warnings
from cryptoforecast.forecasting.baselines import Har
from cryptoforecast.forecasting.baselines.common import MIN_RETURNS, REFRESH_ROWS
from cryptoforecast.forecasting.baselines.har import EARLIER_FITS
from cryptoforecast.forecasting.calibration import MIN_OUTCOMES
from cryptoforecast.forecasting.predictor import Predictor
from cryptoforecast.forecasting.stack import Stack
from cryptoforecast.learning import samples, specs
from cryptoforecast.types import (
    MAX_RARITY,
    MEDIAN,
    QUANTILES,
    AlarmRate,
    Anomalies,
    Array,
    Forecast,
    PriceHistory,
    Split,
    Surprises,
    TrainedModel,
    candles_a_month,
)

#: What forecasts where there is no network.
BASELINE = "har"
#: Newest candles that are looked at: enough for the tails, and no more memory than a test takes.
MAX_CANDLES = 25_000
#: Forecasts whose outcomes are only learnt from, before the first candle that can raise an alarm.
MIN_PAST = 100
#: Moves that the spike rule measures its standard deviation on.
SPIKE_CANDLES = 100
#: A threshold is an event of 1 in so many candles, at least and at most. The tail of the
#: distribution begins at the first; beyond the second nothing is known of it.
MIN_THRESHOLD, MAX_THRESHOLD = round(1 / tails.EDGE), 10_000
#: Alarms a month to choose from.
ALARMS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
#: Thresholds that are offered happen once in so many candles or more often. With a rarer one the
#: user would see no alarm.
MAX_OFFERED = 1_440
_DAY = pd.Timedelta(days=1)
#: Candles that are taken together where one is as long as a day or longer.
_LONG_CANDLES = 7
_LOW, _HIGH = QUANTILES.index(0.025), QUANTILES.index(0.975)
_RATES = Path(__file__).with_name("anomaly_rates.json")


class _Rate(TypedDict):
    """An ``AlarmRate`` in the file of rates.

    The file orders rates by candle length, then by alarms a month, then by kind of prices.
    """

    prices: str
    candles: int
    start: str
    end: str
    expected: float
    alarms: int
    spikes: int


def find(surprises: Surprises, alarms_a_month: float = 1.0) -> Anomalies:
    """Choose the candles that raise an alarm.

    Args:
        surprises: How surprising each candle was; see ``surprises``.
        alarms_a_month: Alarms that are expected in 30 days.

    Raises:
        InvalidInput: If this is outside the bounds of the candle length; see ``bounds``.
    """
    interval = surprises.history.interval
    check(alarms_a_month, interval)
    return Anomalies(surprises, float(alarms_a_month), alarm_rates(interval, alarms_a_month))


def bounds(interval: str) -> tuple[float, float]:
    """Return the fewest and the most alarms a month that a threshold can promise."""
    month = candles_a_month(interval)
    return month / MAX_THRESHOLD, month / MIN_THRESHOLD


def check(alarms_a_month: float, interval: str) -> None:
    """Refuse a number of alarms that no threshold can promise.

    Raises:
        InvalidInput: If it is outside ``bounds``, or no number.
    """
    low, high = bounds(interval)
    if not low <= alarms_a_month <= high:  # NaN is refused too
        fewest, *_, most = choices(interval)
        raise InvalidInput(
            f"`alarms` a month of {interval} candles must be between {low:.3g} and {high:.3g}. "
            f"Received: {alarms_a_month:g}. Choose {fewest:g} to {most:g}."
        )


def choices(interval: str) -> tuple[float, ...]:
    """Return round numbers of alarms a month that a user can choose from, rising."""
    month = candles_a_month(interval)
    return tuple(each for each in ALARMS if MIN_THRESHOLD <= month / each <= MAX_OFFERED)


def usual(interval: str) -> float:
    """Return the alarms a month to begin with: one, or as near to it as can be chosen."""
    return min(choices(interval), key=lambda each: abs(np.log(each)))


def surprises(history: PriceHistory, model: TrainedModel | None = None) -> Surprises:
    """Compute how surprising each close was under the forecast made one candle before.

    Nothing is fitted on later candles, so altering candles after a row changes nothing up to it.
    The first forecasts are only learnt from. Of a long history the newest ``MAX_CANDLES`` count.

    Args:
        history: ``n`` candles.
        model: A trained network, which is combined with HAR; ``None`` for HAR alone.

    Raises:
        NotEnoughData: If the history is too short.
    """
    history = samples.in_one_unit(history)
    past = max(0, len(history) - MAX_CANDLES)
    newest = dataclasses.replace(history, candles=history.candles.iloc[past:])
    first, least = _first_row(model), candles_needed(model)
    needs, horizon = _reading(model)
    split = Split(len(newest), needs - 1, first, horizon, samples.gaps(newest))
    if len(newest) < least:
        raise NotEnoughData(
            f"Anomalies need at least {least:,} candles, most of them to learn from. Received: "
            f"{len(newest):,}. Choose a longer history, or a file with more candles."
        )
    predictor = _predictor(newest, split, model)
    forecast = predictor.forecast(newest, range(first, len(newest) - 1))
    result = _of_forecast(newest, forecast, first + 1)
    rows = range(past + result.rows.start, past + result.rows.stop)
    notes = _notes(history, model, rows.start)
    return dataclasses.replace(result, history=history, rows=rows, notes=notes)


def candles_needed(model: TrainedModel | None) -> int:
    """Return the fewest candles with which ``surprises`` works."""
    return _first_row(model) + MIN_PAST + samples.MIN_ORIGINS["test"] + 1


def _first_row(model: TrainedModel | None) -> int:
    """Return the row of the first forecast: enough candles for its inputs and its band."""
    needs, horizon = _reading(model)
    past = 2 * MIN_RETURNS if model is None else MIN_OUTCOMES
    return needs - 1 + past + horizon


def _reading(model: TrainedModel | None) -> tuple[int, int]:
    """Return how many candles a forecast reads, and its steps."""
    return (1, 1) if model is None else (specs.needs(model.spec), model.spec.horizon)


def _predictor(history: PriceHistory, split: Split, model: TrainedModel | None) -> Predictor:
    """Make what forecasts; HAR is fitted again and again, on candles before each forecast."""
    before = max(split.test_start, min(len(history), EARLIER_FITS * REFRESH_ROWS))
    har = Har.fit(history, before, split.horizon)
    return har if model is None else Stack(network.for_test(model, split), (har,))


def _of_forecast(history: PriceHistory, forecast: Forecast, first: int) -> Surprises:
    """Compare forecasts with their next closes.

    Args:
        history: ``n`` candles.
        forecast: Forecasts from consecutive rows.
        first: Row of the first outcome.

    Returns:
        The surprises after ``MIN_PAST`` outcomes.
    """
    quantiles = forecast.quantiles[:, 0].astype(float)
    moves = forecast.actual_returns[:, 0]
    apart = [row - first for row in samples.gaps(history) if row >= first]
    moves[apart] = np.nan
    logs = tails.corrected(tails.log_probabilities(moves, quantiles))
    length = history.candle_length
    together = round(_DAY / length) if length < _DAY else _LONG_CANDLES
    both = tails.together(logs, moves > quantiles[:, MEDIAN], together)
    rows = slice(MIN_PAST, None)
    prices = forecast.close[rows, None] * np.exp(quantiles[rows][:, [_LOW, _HIGH]])
    return Surprises(
        history=history,
        predictor=forecast.predictor,
        rows=range(first + MIN_PAST, first + len(forecast)),
        moves=moves[rows],
        low=prices[:, 0],
        high=prices[:, 1],
        rarity=_rarity(logs[rows]),
        rarity_together=_rarity(both[rows]),
        together=together,
        deviations=_deviations(history)[first + MIN_PAST : first + len(forecast)],
    )


def _rarity(logs: Array) -> Array:
    """Turn logarithms of probabilities into "1 in so many"."""
    rarity: Array = np.exp(np.minimum(-logs, np.log(MAX_RARITY)))
    return rarity


def _deviations(history: PriceHistory) -> Array:
    """Divide the size of each move by the standard deviation of the ``SPIKE_CANDLES`` before it.

    Returns:
        ``(n,)``; row *t* looks at candles up to *t*. NaN where the moves before it are all equal or
        fewer than ``SPIKE_CANDLES``.
    """
    moves = np.log(history.candles["close"]).diff()
    window = moves.rolling(SPIKE_CANDLES)
    # The deviation of equal moves is 0, but pandas returns a rest of the moves before them.
    before = window.std().where(window.max() > window.min()).shift()
    deviations: Array = (moves.abs() / before).to_numpy(float)
    return deviations


def _notes(history: PriceHistory, model: TrainedModel | None, first: int) -> tuple[str, ...]:
    """Write what limits the figures; ``first`` is the row of the first surprise."""
    if model is None:
        return warnings.of_prices(history)
    read = len(history) - first + specs.needs(model.spec)
    leak_notes: tuple[str, ...] = ()
    if backtest.may_have_seen(history, model, history.candles.index[first]):
        leak_notes = (
            f"The model was fitted on prices up to {model.card.learnt_until:%Y-%m-%d}: what it "
            "learnt from surprises it less than new prices would.",
        )
    return (
        *warnings.of_prices(history),
        *warnings.of_inputs(history, model, read),
        *warnings.of_origin(history, model.card),
        *leak_notes,
    )


def alarm_rates(interval: str, alarms_a_month: float) -> dict[str, AlarmRate]:
    """Return how often a threshold was kept on other prices, as ``benchmarks.anomalies`` found.

    Returns:
        By kind of prices, ``"real"`` and ``"simulated"``; empty where it was not measured.
    """
    rates = _measured_rates().get(interval, {}).get(f"{alarms_a_month:g}", {})
    return {kind: AlarmRate(**figures) for kind, figures in rates.items()}


@cache
def _measured_rates() -> dict[str, dict[str, dict[str, _Rate]]]:
    rates: dict[str, dict[str, dict[str, _Rate]]] = json.loads(_RATES.read_text("utf-8"))
    return rates
