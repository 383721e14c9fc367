"""Whether forecast probabilities come true, and how far the tails reach.

    python -m benchmarks.odds --data FILE [--model NAME] [--steps 1 6 24]

Every predictor of a backtest (the saved model with its calibrated band, and all baselines) gives
at each test origin the probability that the close ends above a price at a fixed distance: -2 to 2
times the cone's sigma at the origin, times the root of the step. *Brier* is the mean squared
difference between probability and outcome, relative to that of the last price with its constant
band, and to that of the share that was counted at this distance before the test span (below 1 is
better). *Off* is the expected calibration error over ten bins, all distances together. A row of
the second table is one bin: the mean probability, and how often the event happened, with the 95 %
interval that allows for overlap. The third table counts outcomes beyond far quantiles, as a
multiple of the promised number, by the shape of the tail. It is for the validation rows, on which
the shape was chosen, and for the test rows.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np

from benchmarks import measure, probability_scores
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
#: Probabilities of ending farther out, on one side, at which the tails are counted.
FAR = (0.01, 0.005, 0.001)
#: Shapes of the tail that are compared; ``None`` is the tail of a normal distribution.
SHAPES = (None, 0.0, 0.1, 0.2, 0.3, 0.4)
#: Predictors whose tails are counted on the validation rows.
TAIL_PREDICTORS = ("cone", "har")
_OUTER = QUANTILES[0]

Row = dict[str, str]


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="hourly candles of many years")
    parser.add_argument("--model", default="btc-1h-dense", help="a saved model")
    parser.add_argument("--steps", type=int, nargs="+", default=STEPS)
    args = parser.parse_args()
    history = price_file.read(args.data, args.data.name, interval="1h")
    service = Service(Settings.from_environment())
    result = service.backtests.with_all_baselines(
        service.backtests.of_saved(history, service.saved_models.load(args.model).model)
    )
    print(
        f"{len(result.forecast):,} test origins; {'SEEN BY THE MODEL' if result.seen else 'unseen'}"
    )
    steps = [step for step in args.steps if step <= result.forecast.horizon]
    scores, bins = _odds(result, steps)
    tails = [*_validation_tails(result, steps), *_test_tails(result, steps)]
    for rows in (bins, tails):
        print(measure.table(rows), end="\n\n")
    raw = {"bins": bins, "tails": tails, "fingerprint": history.fingerprint}
    measure.publish("odds", f"python -m benchmarks.odds --data FILE --model {args.model}",
                    scores, raw)  # fmt: skip


def _odds(result: Backtest, steps: Sequence[int]) -> tuple[list[Row], list[Row]]:
    """Score every predictor's probabilities by step, and bin those of the network."""
    scores, bins = [], []
    for step in steps:
        away = _away(result, step)
        actual = result.forecast.actual_returns[:, step - 1]
        happened = actual[:, None] > away
        probabilities = {
            name: probability.above(away, forecast.quantiles[:, None, step - 1])
            for name, forecast in result.forecasts.items()
        }
        counted = probability_scores.brier(_shares_before(result, step) + 0 * away, happened)
        naive = probability_scores.brier(probabilities["naive"], happened)
        for name, values in probabilities.items():
            brier = probability_scores.brier(values, happened)
            error = probability_scores.calibration_error(values, happened)
            scores.append(
                {
                    "hours ahead": str(step),
                    "": name,
                    "Brier": f"{brier:.4f}",
                    "/ last price": f"{brier / naive:.3f}",
                    "/ share before": f"{brier / counted:.3f}",
                    "off, points": f"{100 * error:.2f}",
                }
            )
        bins += _bins(result.spec.network, step, probabilities[result.spec.network], happened)
    return scores, bins


def _away(result: Backtest, step: int) -> Array:
    """Return log-returns to the prices, ``(n, distances)``, known at the origin."""
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
    has_value = np.isfinite(returns) & (sigma > 0)
    ratio = returns[has_value] / (sigma[has_value] * np.sqrt(step))
    return np.mean(ratio[:, None] > np.array(DISTANCES), axis=0)


def _bins(name: str, step: int, probabilities: Array, happened: Array) -> list[Row]:
    return [
        {
            "hours ahead": str(step),
            "": name,
            "forecast, %": f"{100 * each.probability:.1f}",
            "happened, %": f"{100 * each.happened.value:.1f} "
            f"({100 * each.happened.low:.1f} to {100 * each.happened.high:.1f})",
            "forecasts": f"{each.count:,}",
        }
        for each in probability_scores.calibration_bins(probabilities, happened, step)
    ]


def _validation_tails(result: Backtest, steps: Sequence[int]) -> list[Row]:
    cut, history = result.split, result.history
    forecasts = {}
    for name in TAIL_PREDICTORS:
        fitted = BASELINES[name].fit(_until(history, cut.test_start), cut.train_end, max(steps))
        rows = range(cut.train_end, cut.test_start - max(steps))
        forecasts[name] = fitted.forecast(_until(history, cut.test_start), rows)
    return _tails("validation", forecasts, steps)


def _until(history: PriceHistory, row: int) -> PriceHistory:
    return dataclasses.replace(history, candles=history.candles.iloc[:row])


def _test_tails(result: Backtest, steps: Sequence[int]) -> list[Row]:
    names = (*TAIL_PREDICTORS, result.spec.network)
    return _tails("test", {name: result.forecasts[name] for name in names}, steps)


def _tails(span: str, forecasts: Mapping[str, Forecast], steps: Sequence[int]) -> list[Row]:
    """Count outcomes beyond far quantiles on both sides, over the promised number."""
    rows = []
    for step in steps:
        for shape in SHAPES:
            row = {
                "span": span,
                "hours ahead": str(step),
                "tail": "normal" if shape is None else f"{shape:g}",
            }
            for name, forecast in forecasts.items():
                low, high = _beyond(forecast, step, shape)
                for far, below, above in zip(FAR, low, high, strict=True):
                    row[f"{name} {100 * far:g} %"] = f"{below / far:.2f} / {above / far:.2f}"
            rows.append(row)
    return rows


def _beyond(forecast: Forecast, step: int, shape: float | None) -> tuple[list[float], list[float]]:
    """Return shares of outcomes below and above each far quantile, for a shape of the tail.

    The distance of a quantile beyond the outermost of the nine depends on the shape alone.
    """
    actual, quantiles = forecast.actual_returns[:, step - 1], forecast.quantiles[:, step - 1]
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
    """Return the distance beyond the outermost quantile, in units of 1 / hazard there."""
    if shape is None:
        normal = NormalDist()
        at, out = normal.inv_cdf(1 - _OUTER), normal.inv_cdf(1 - far)
        return (out - at) * normal.pdf(at) / _OUTER
    times = float(np.log(_OUTER / far))
    return times if shape == 0 else float(np.expm1(shape * times) / shape)


if __name__ == "__main__":
    main()
