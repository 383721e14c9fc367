"""How often do alarms come without a cause, and how soon are ranges that drift found?

    python -m benchmarks.alarms

On simulated markets:

- *candle*: hours as rare as 1 in 100, 200, 500 and 1,000, over those promised; forecast by HAR.
- *range*: forecasts of ``global-1h-lstm`` that do not overlap and end outside of the 50, 80 and
  95 % range, over those promised, 24 hours ahead.
- *calibration*: quarters in which a user who looks after every forecast is told that the ranges
  one hour ahead drift; the same of ranges that keep their promise exactly, and of ranges that hold
  too few prices, with the median number of forecasts until the alarm.

Besides the table it writes ``cryptoforecast/alarms/measured_rates.json``, which messages quote.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks import measure
from cryptoforecast.alarms import drift, rates
from cryptoforecast.evaluation import anomalies
from cryptoforecast.forecasting import network
from cryptoforecast.forecasting.baselines import Har
from cryptoforecast.forecasting.stack import Stack
from cryptoforecast.learning import samples, specs
from cryptoforecast.prices.simulation.market import simulate
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from cryptoforecast.types import (
    Array,
    Forecast,
    PriceHistory,
    Split,
    TrainedModel,
    candles_a_month,
)
from cryptoforecast.types.ledger import LEDGER_LEVELS

#: What forecasts ranges 24 hours ahead, with HAR in its stack.
MODEL = "global-1h-lstm"
FIRST_SEED, END = 9000, pd.Timestamp("2026-01-01", tz="UTC")
DAYS, FITTED, HORIZON, QUARTER = 720, 360 * 24, 24, 90 * 24
RARITIES = (100, 200, 500, 1000)
#: Ranges that hold too few prices, and how often the ledger hears of them in a quarter.
BROKEN = {"slightly": {50: 0.46, 80: 0.75, 95: 0.92}, "clearly": {50: 0.4, 80: 0.65, 95: 0.85}}
COUNTS = (90, 2160)

Row = dict[str, str]
#: Counts by kind of alarm, and by what was measured.
Measured = dict[str, dict[str, dict[str, float]]]


def main() -> None:
    """Measure, print the table, and write the rates that messages quote."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--markets", type=int, default=40, help="simulated ones")
    parser.add_argument("--quarters", type=int, default=1_000, help="of exact ranges")
    options = parser.parse_args()
    histories = [
        simulate("BTC", "1h", END - pd.Timedelta(days=DAYS), END, seed=FIRST_SEED + number)
        for number in range(options.markets)
    ]
    rows = _candles(histories)
    measured: Measured = {"range": {}, "calibration": {}}
    rows += _ranges(histories, measured)
    rows += _exact(options.quarters, measured)
    rates.MEASURED.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    measure.publish("alarms", "python -m benchmarks.alarms", rows, measured)


def _candles(histories: list[PriceHistory]) -> list[Row]:
    surprises = [anomalies.surprises(history) for history in histories]
    rows = []
    for rarity in RARITIES:
        promised = sum(map(len, surprises)) / rarity
        a_month = candles_a_month("1h") / rarity
        alarms = [int(anomalies.find(each, a_month).alarms.sum()) for each in surprises]
        rows.append(_row("candle", f"1 in {rarity:,}", sum(alarms), promised))
    return rows


def _ranges(histories: list[PriceHistory], measured: Measured) -> list[Row]:
    model = Service(Settings.from_environment()).saved_models.load(MODEL).model
    forecasts = [_forecast(history, model) for history in histories]
    last = [_inside(forecast, HORIZON, HORIZON) for forecast in forecasts]
    rows = []
    for level in LEDGER_LEVELS:
        outside = sum(int((~inside[level]).sum()) for inside in last)
        promised = sum(len(inside[level]) for inside in last) * (1 - level / 100)
        measured["range"][f"{level}"] = {"alarms": outside, "expected": round(promised, 2)}
        rows.append(_row("range, 24 hours ahead", f"{level} %", outside, promised))
    quarters = alarms = 0
    for forecast in forecasts:
        first = _inside(forecast, 1, 1)
        for begin in range(0, len(first[80]) - QUARTER + 1, QUARTER):
            part = {level: inside[begin : begin + QUARTER] for level, inside in first.items()}
            quarters, alarms = quarters + 1, alarms + (_first_alarm(part) is not None)
    measured["calibration"]["model"] = {"alarms": alarms, "quarters": quarters}
    return [
        *rows,
        _row("calibration, model, 2,160 forecasts", "quarter", alarms, quarters / drift.CLAIM),
    ]


def _forecast(history: PriceHistory, model: TrainedModel) -> Forecast:
    """Forecast every hour of the second year, as the app does."""
    gaps = samples.gaps(history)
    split = Split(len(history), specs.needs(model.spec) - 1, FITTED, HORIZON, gaps)
    har = Har.fit(history, FITTED, HORIZON)
    predictor = Stack(network.for_test(model, split), (har,))
    return predictor.forecast(history, range(FITTED, len(history) - HORIZON))


def _inside(forecast: Forecast, step: int, apart: int) -> dict[int, Array]:
    """Return whether the ranges of a step held, of forecasts so many candles apart."""
    moves = forecast.actual_returns[::apart, step - 1]
    quantiles = forecast.quantiles[::apart, step - 1]
    ends = {50: (3, 5), 80: (2, 6), 95: (0, 8)}
    return {
        level: (quantiles[:, low] <= moves) & (moves <= quantiles[:, high])
        for level, (low, high) in ends.items()
    }


def _exact(quarters: int, measured: Measured) -> list[Row]:
    promises = {level: level / 100 for level in LEDGER_LEVELS}
    rows, total = [], 0
    for count in COUNTS:
        alarms = len(_first_alarms(promises, count, quarters))
        total += alarms
        rows.append(
            _row(
                f"calibration, kept, {count:,} forecasts", "quarter", alarms, quarters / drift.CLAIM
            )
        )
    measured["calibration"]["kept"] = {"alarms": total, "quarters": quarters * len(COUNTS)}
    few = quarters // 10
    for name, shares in BROKEN.items():
        for count in COUNTS:
            numbers = _first_alarms(shares, count, few)
            median = f", median after {np.median(numbers):,.0f}" if numbers else ""
            title = f"calibration, {name} broken, {count:,} forecasts"
            share = f"{len(numbers) / few:.0%} found{median}"
            row = {"alarm": title, "threshold": "quarter", "alarms": f"{len(numbers):,}"}
            rows.append({**row, "promised": "", "ratio": share})
    return rows


def _first_alarms(shares: Mapping[int, float], count: int, quarters: int) -> list[int]:
    """Return after how many forecasts each alarm came, of simulated quarters."""
    generator = np.random.default_rng(1)
    firsts = []
    for _ in range(quarters):
        places = generator.random(count)
        first = _first_alarm({level: places < share for level, share in shares.items()})
        firsts += [] if first is None else [first]
    return firsts


def _first_alarm(inside: Mapping[int, Array]) -> int | None:
    """Return after how many forecasts a user who looks after each is told; ``None`` if never."""
    hits = {level: np.cumsum(each) for level, each in inside.items()}
    for number in range(len(inside[80])):
        counted = {level: int(each[number]) for level, each in hits.items()}
        if drift.mean_evidence(counted, number + 1) >= drift.CLAIM:
            return number + 1
    return None


def _row(alarm: str, threshold: str, alarms: int, promised: float) -> Row:
    return {
        "alarm": alarm, "threshold": threshold, "alarms": f"{alarms:,}",
        "promised": f"{promised:,.1f}", "ratio": f"{alarms / promised:.2f}",
    }  # fmt: skip


if __name__ == "__main__":
    main()
