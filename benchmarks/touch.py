"""Whether the stated chance of touching a price comes true, and whether it tells hours apart.

    python -m benchmarks.touch --data FILE [--model NAME] [--every 17] [--validation]

From test origins, ``--every`` candles apart, each predictor states how likely the price is to
touch each of eight prices within 6 and 24 steps: 0.25 to 2 times the cone's sigma at the origin,
times the root of the step, above and below the last close. *Brier* is the mean squared difference
between probability and outcome, also relative to that of the share that was counted at this
distance before the test span (below 1 is better). *Off* is the expected calibration error over ten
bins, all prices together. *Discrimination* is the area under the ROC curve at a fixed distance, the
mean over the distances: how often an hour in which the price is touched had the higher probability
than one in which it is not; 0.5 is chance. *Twice the odds* is the same for twice the probability
of ending beyond the price, which is right for a random walk that is watched all the time (the
reflection principle). The second table counts how often the highest price, the lowest price and
the largest fall stayed below three of their forecast quantiles.

``--validation`` leaves the last fifth of the candles out, so that what is tested are the
validation rows of the other benchmarks, with fits on the rows before them.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import measure, probability_scores
from cryptoforecast.evaluation import backtest
from cryptoforecast.forecasting import paths, probability
from cryptoforecast.forecasting.baselines.simple import volatility
from cryptoforecast.forecasting.predictor import Predictor
from cryptoforecast.forecasting.stack import Stack
from cryptoforecast.learning import samples, specs
from cryptoforecast.prices.files import price_file
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from cryptoforecast.types import QUANTILES, Array, Forecast, PriceHistory

DISTANCES = (-2.0, -1.0, -0.5, -0.25, 0.25, 0.5, 1.0, 2.0)
STEPS = (6, 24)
NAMES = ("naive", "cone", "har")
#: Quantiles of the extremes whose shares are counted.
LEVELS = (0.1, 0.5, 0.9)

Row = dict[str, str]


@dataclass(frozen=True)
class Course:
    """What followed each of ``n`` rows; all ``(n, horizon)``, NaN where it is not known.

    Attributes:
        high: The highest price by each step, log-return from the close.
        low: The lowest price by each step, log-return from the close.
        fall: The largest fall by each step, a fraction; see ``Extremes``.
        sigma: ``(n,)`` volatility of the cone at each row, log-return.
    """

    high: Array
    low: Array
    fall: Array
    sigma: Array

    def away(self, step: int) -> Array:
        """Return log-returns to the prices, ``(n, distances)``, known at each row."""
        return self.sigma[:, None] * np.sqrt(step) * np.array(DISTANCES)

    def touched(self, step: int) -> Array:
        """Return whether each price was touched, ``(n, distances)``."""
        away = self.away(step)
        high, low = (each[:, step - 1, None] for each in (self.high, self.low))
        return np.where(away > 0, high >= away, low <= away)


@dataclass(frozen=True)
class Stated:
    """What a predictor stated at ``m`` origins.

    Attributes:
        touched: ``(m, steps, distances)`` probabilities of touching.
        twice: ``(m, steps, distances)`` twice the probability of ending beyond the price.
        extremes: ``(m, 3, steps, 9)`` quantiles of the high and the low, log-return, and the fall.
        seconds: ``(m,)`` that the paths of one origin took.
    """

    touched: Array
    twice: Array
    extremes: Array
    seconds: Array


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="hourly candles of many years")
    parser.add_argument("--model", default="btc-1h-dense", help="a saved model")
    parser.add_argument("--every", type=int, default=17, help="candles from origin to origin")
    parser.add_argument("--validation", action="store_true", help="leave the last fifth out")
    args = parser.parse_args()
    history = samples.in_one_unit(price_file.read(args.data, args.data.name, interval="1h"))
    if args.validation:
        fitted_candles = history.candles.iloc[: round(0.8 * len(history))]
        history = dataclasses.replace(history, candles=fitted_candles)
    model = Service(Settings.from_environment()).saved_models.load(args.model).model
    split = samples.split(history, model.spec, trained=False)
    rows = split.test_origins()
    origins = range(rows.start, rows.stop, args.every)
    print(f"{len(origins):,} origins from {history.candles.index[rows.start]:%Y-%m-%d} on")
    course = _course(history)
    scores, shares, seconds = [], [], []
    for predictor in _each(backtest.predictors(history, model.spec, split, model, NAMES)):
        first = max(specs.needs(model.spec) - 1, rows.start - paths.PAST_ROWS - max(STEPS))
        forecast = predictor.forecast(history, range(first, rows.stop))
        stated = _stated(forecast, first, history, course, origins)
        scores += _scores(predictor.name, stated, course, origins)
        shares += _shares(predictor.name, stated, course, origins)
        seconds += list(stated.seconds)
    print(measure.table(shares), end="\n\n")
    print(f"paths of one origin: {1000 * float(np.median(seconds)):.0f} ms", end="\n\n")
    raw = {"extremes": shares, "fingerprint": history.fingerprint, "origins": len(origins)}
    measure.publish("touch", f"python -m benchmarks.touch --data FILE --model {args.model}",
                    scores, raw)  # fmt: skip


def _course(history: PriceHistory) -> Course:
    """Look up what followed each row, candle by candle."""
    closes, highs, lows = (
        np.log(history.candles[name].to_numpy(float)) for name in ("close", "high", "low")
    )
    shape = len(closes), max(STEPS)
    high, low, fall = np.full((3, *shape), np.nan)
    top, bottom, lost = closes.copy(), closes.copy(), np.zeros(len(closes))
    for step in range(1, shape[1] + 1):
        now = slice(len(closes) - step)
        next_high, next_low, next_close = (each[step:] for each in (highs, lows, closes))
        lost = np.maximum(lost[now], top[now] - next_low)
        top, bottom = np.maximum(top[now], next_high), np.minimum(bottom[now], next_low)
        lost = np.maximum(lost, next_high - next_close)
        high[now, step - 1], low[now, step - 1] = top - closes[now], bottom - closes[now]
        fall[now, step - 1] = -np.expm1(-lost)
    return Course(high, low, fall, volatility(history.candles))


def _stated(
    forecast: Forecast, first: int, history: PriceHistory, course: Course, origins: range
) -> Stated:
    """Draw the paths of every origin; ``first`` is the row of the first forecast."""
    touched, twice, extremes, seconds = [], [], [], []
    aways = {step: course.away(step) for step in STEPS}
    for row in origins:
        now = forecast[row - first : row - first + 1]
        begin = time.perf_counter()
        drawn = paths.sample(now, forecast, history.candles)
        seconds.append(time.perf_counter() - begin)
        close = float(now.close[0])
        for step in STEPS:
            away, quantiles = aways[step][row], now.quantiles[0, step - 1].astype(float)
            chances = paths.touch(now, drawn, list(close * np.exp(away)))
            touched.append([chance.by_step[step - 1] for chance in chances])
            below, above = (way(away, quantiles) for way in (probability.below, probability.above))
            twice.append(np.minimum(2 * np.where(away > 0, above, below), 1))
        expected, at = paths.extremes(now, drawn), np.array(STEPS) - 1
        prices = np.log(np.array([expected.high, expected.low]) / close)
        extremes.append([*prices[:, at], expected.largest_fall[at]])
    shape = len(origins), len(STEPS), len(DISTANCES)
    return Stated(
        np.reshape(touched, shape), np.reshape(twice, shape), np.array(extremes), np.array(seconds)
    )


def _scores(name: str, stated: Stated, course: Course, origins: range) -> list[Row]:
    """Score the probabilities, a row for each step."""
    rows = []
    for place, step in enumerate(STEPS):
        happened = course.touched(step)[list(origins)]
        before = course.touched(step)[: origins.start - step].mean(axis=0)
        counted = probability_scores.brier(before + 0 * stated.touched[:, place], happened)
        brier, off, apart = _figures(stated.touched[:, place], happened)
        twice, twice_off, _ = _figures(stated.twice[:, place], happened)
        rows.append(
            {
                "hours ahead": str(step),
                "": name,
                "Brier": f"{brier:.4f}",
                "/ share before": f"{brier / counted:.3f}",
                "off, points": f"{100 * off:.2f}",
                "discrimination": f"{apart:.3f}",
                "twice the odds": f"{twice:.4f} ({100 * twice_off:.2f})",
            }
        )
    return rows


def _figures(probabilities: Array, happened: Array) -> tuple[float, float, float]:
    return (
        probability_scores.brier(probabilities, happened),
        probability_scores.calibration_error(probabilities, happened),
        probability_scores.discrimination(probabilities, happened),
    )


def _each(predictors: Sequence[Predictor]) -> Iterator[Predictor]:
    """Yield every predictor; a stack after its members."""
    for one in predictors:
        if isinstance(one, Stack):
            yield from (*one.others, one.network)
        yield one


def _shares(name: str, stated: Stated, course: Course, origins: range) -> list[Row]:
    """Count how often the extremes stayed at or below their quantiles."""
    rows = []
    for place, step in enumerate(STEPS):
        row = {"hours ahead": str(step), "": name}
        for number, (what, actual) in enumerate(
            (("high", course.high), ("low", course.low), ("largest fall", course.fall))
        ):
            levels = stated.extremes[:, number, place, [QUANTILES.index(each) for each in LEVELS]]
            below = (actual[list(origins), step - 1, None] <= levels).mean(axis=0)
            row[f"{what}: below {', '.join(f'{each:.0%}' for each in LEVELS)}"] = ", ".join(
                f"{100 * each:.1f}" for each in below
            )
        rows.append(row)
    return rows


if __name__ == "__main__":
    main()
