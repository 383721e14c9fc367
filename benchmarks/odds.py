"""Whether the odds come true: forecast chances against what happened, and how far tails reach.

    python -m benchmarks.odds --data FILE [--model NAME] [--steps 1 6 24]

Every forecaster of a backtest (the saved model, its band calibrated as there, and all baselines)
says at each test origin how likely the close ends above a price that lies a fixed distance away:
-2 to 2 times the cone's sigma at the origin, times the root of the step. *Brier* is the mean
squared difference between chance and outcome, relative to that of the last price with its
constant band and to that of the share counted at this distance before the test span (below 1 is
better). *Off* is the expected calibration error over ten bins of chance, all distances together.
A row of the second table is one bin: the mean chance, and how often it came true, with the 95 %
interval that allows for overlap. The third table counts outcomes beyond far quantiles, promised
to be so many, by the shape of the tail; it is of the validation rows, on which the shape was
chosen, and of the test rows.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np

from benchmarks import measure
from cryptoforecast.evaluation import reliability
from cryptoforecast.forecasting import probability
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.forecasting.baselines.simple import volatility
from cryptoforecast.learning.targets import cumulative_returns
from cryptoforecast.prices.files import price_file
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from cryptoforecast.types import QUANTILES, Array, Backtest, Forecast, PriceHistory

DISTANCES = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)
STEPS = (1, 6, 24)
#: Chances of ending farther out, on one side, that the tails are counted at.
FAR = (0.01, 0.005, 0.001)
#: Shapes of the tail that are compared; ``None`` is a normal distribution's.
SHAPES = (None, 0.0, 0.1, 0.2, 0.3, 0.4)
#: Forecasters whose tails are counted on the validation rows.
TAILED = ("cone", "har")
_OUTER = QUANTILES[0]

Row = dict[str, str]


def main() -> None:
    """Measure, print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="hourly candles of many years")
    parser.add_argument("--model", default="btc-1h-dense", help="a saved model")
    parser.add_argument("--steps", type=int, nargs="+", default=STEPS)
    given = parser.parse_args()
    history = price_file.read(given.data, given.data.name, interval="1h")
    service = Service(Settings.from_environment())
    result = service.backtests.with_all_baselines(
        service.backtests.of_saved(history, service.saved_models.load(given.model).model)
    )
    print(
        f"{len(result.forecast):,} test origins; {'SEEN BY THE MODEL' if result.seen else 'unseen'}"
    )
    steps = [step for step in given.steps if step <= result.forecast.horizon]
    scores, bins = _odds(result, steps)
    tails = [*_validation_tails(result, steps), *_test_tails(result, steps)]
    for rows in (bins, tails):
        print(measure.table(rows), end="\n\n")
    raw = {"bins": bins, "tails": tails, "fingerprint": history.fingerprint}
    measure.publish("odds", f"python -m benchmarks.odds --data FILE --model {given.model}",
                    scores, raw)  # fmt: skip


def _odds(result: Backtest, steps: Sequence[int]) -> tuple[list[Row], list[Row]]:
    """Score every forecaster's chances at every step, and put the judged one's into bins."""
    scores, bins = [], []
    for step in steps:
        away = _away(result, step)
        actual = result.forecast.actual_returns[:, step - 1]
        happened = actual[:, None] > away
        chances = {
            name: probability.above(away, said.quantiles[:, None, step - 1])
            for name, said in result.forecasts.items()
        }
        counted = reliability.brier(_shares_before(result, step) + 0 * away, happened)
        naive = reliability.brier(chances["naive"], happened)
        for name, chance in chances.items():
            brier = reliability.brier(chance, happened)
            scores.append(
                {
                    "hours ahead": str(step),
                    "": name,
                    "Brier": f"{brier:.4f}",
                    "/ last price": f"{brier / naive:.3f}",
                    "/ share before": f"{brier / counted:.3f}",
                    "off, points": f"{100 * reliability.calibration_error(chance, happened):.2f}",
                }
            )
        bins += _bins(result.spec.network, step, chances[result.spec.network], happened)
    return scores, bins


def _away(result: Backtest, step: int) -> Array:
    """Log-returns to the prices asked about, ``(n, distances)``; known at the origin."""
    return _sigma(result)[:, None] * np.sqrt(step) * np.array(DISTANCES)


def _sigma(result: Backtest) -> Array:
    rows = result.split.test_origins()
    return volatility(result.history.candles)[rows.start : rows.stop]


def _shares_before(result: Backtest, step: int) -> Array:
    """Count how often each distance was exceeded before the test span, ``(distances,)``."""
    before = result.split.test_start
    candles = result.history.candles.iloc[:before]
    sigma = volatility(candles)
    returns = cumulative_returns(candles["close"].to_numpy(float), step)[:, -1]
    known = np.isfinite(returns) & (sigma > 0)
    ratio = returns[known] / (sigma[known] * np.sqrt(step))
    return np.mean(ratio[:, None] > np.array(DISTANCES), axis=0)


def _bins(name: str, step: int, chance: Array, happened: Array) -> list[Row]:
    return [
        {
            "hours ahead": str(step),
            "": name,
            "said, %": f"{100 * each.chance:.1f}",
            "came true, %": f"{100 * each.happened.value:.1f} "
            f"({100 * each.happened.low:.1f} to {100 * each.happened.high:.1f})",
            "asked": f"{each.count:,}",
        }
        for each in reliability.came_true(chance, happened, step)
    ]


def _validation_tails(result: Backtest, steps: Sequence[int]) -> list[Row]:
    cut, history = result.split, result.history
    forecasts = {}
    for name in TAILED:
        fitted = BASELINES[name].fit(_until(history, cut.test_start), cut.train_end, max(steps))
        rows = range(cut.train_end, cut.test_start - max(steps))
        forecasts[name] = fitted.forecast(_until(history, cut.test_start), rows)
    return _tails("validation", forecasts, steps)


def _until(history: PriceHistory, row: int) -> PriceHistory:
    return dataclasses.replace(history, candles=history.candles.iloc[:row])


def _test_tails(result: Backtest, steps: Sequence[int]) -> list[Row]:
    names = (*TAILED, result.spec.network)
    return _tails("test", {name: result.forecasts[name] for name in names}, steps)


def _tails(span: str, forecasts: Mapping[str, Forecast], steps: Sequence[int]) -> list[Row]:
    """Count outcomes beyond far quantiles, both sides, over how many were promised."""
    rows = []
    for step in steps:
        for shape in SHAPES:
            row = {
                "span": span,
                "hours ahead": str(step),
                "tail": "normal" if shape is None else f"{shape:g}",
            }
            for name, said in forecasts.items():
                low, high = _beyond(said, step, shape)
                for far, below, above in zip(FAR, low, high, strict=True):
                    row[f"{name} {100 * far:g} %"] = f"{below / far:.2f} / {above / far:.2f}"
            rows.append(row)
    return rows


def _beyond(said: Forecast, step: int, shape: float | None) -> tuple[list[float], list[float]]:
    """Share of outcomes below and above each far quantile, with a tail of this shape.

    How far a quantile lies beyond the outermost of the nine scales with the shape alone.
    """
    actual, quantiles = said.actual_returns[:, step - 1], said.quantiles[:, step - 1]
    below, above = [], []
    for far in FAR:
        scale = _reach(far, shape) / _reach(far, probability.TAIL)
        low = quantiles[:, 0] + scale * (
            probability.quantile(np.array(far), quantiles) - quantiles[:, 0]
        )
        top = probability.quantile(np.array(1 - far), quantiles)
        high = quantiles[:, -1] + scale * (top - quantiles[:, -1])
        below.append(float(np.mean(actual < low)))
        above.append(float(np.mean(actual > high)))
    return below, above


def _reach(far: float, shape: float | None) -> float:
    """How far out a chance lies beyond the outermost quantile, in units of 1 / hazard there."""
    if shape is None:
        normal = NormalDist()
        at, out = normal.inv_cdf(1 - _OUTER), normal.inv_cdf(1 - far)
        return (out - at) * normal.pdf(at) / _OUTER
    times = float(np.log(_OUTER / far))
    return times if shape == 0 else float(np.expm1(shape * times) / shape)


if __name__ == "__main__":
    main()
