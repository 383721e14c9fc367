"""A zero-shot network beside our global models, on coins that these were not trained on.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.zero_shot --data FOLDER [--interval 1h 1d] [--coins BTC]
                                   [--forecasters cone har lstm]

``fracast`` was trained on public time series of every kind, a daily one of Bitcoin among them; its
weights come inside the package. Our global model is trained as in ``leave_one_out``: on other
coins, until the month in which the test span begins. All are scored on every 25th hour or 5th day
of the test span, the last fifth of each history. The peer gives the quantiles 0.1, 0.2 ... 0.9, of
which we have 0.1, 0.5 and 0.9, so an error is the mean pinball loss of these three, and the band is
the 80 % one.

It reads up to 2,048 candles, in two forms. *Prices* are logarithms of closes; its quantiles are
taken as they come. *Returns* are of single candles: the last price is the median, and the distances
of the quantiles from it add up as those of independent steps do (root of the sum of squares).
*Adjusted* are these with the width, by step, that would have been best on every 25th hour or 5th
day of the validation span.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import histories, measure
from benchmarks.leave_one_out import STEPS, trained_without
from cryptoforecast.evaluation import backtest, losses
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import inference
from cryptoforecast.learning.targets import cumulative_returns
from cryptoforecast.types import QUANTILES, Array, PriceHistory

#: Rows from one origin to the next. They share no factor with the hours, or days, of a week.
EVERY = {"1h": 25, "1d": 5}
#: Quantiles that both give, and their places among ours.
LEVELS = (0.1, 0.5, 0.9)
OURS = [QUANTILES.index(level) for level in LEVELS]
#: Our forecasters in the table by default, out of those of a backtest.
BESIDE = ("cone", "har", "lstm")
#: Series in one pass of the network.
BATCH = 8
#: Factors of a band's width, of which the best is taken.
FACTORS = np.geomspace(0.1, 10, 201)


@dataclasses.dataclass(frozen=True)
class Peer:
    """A network that forecasts any series.

    Attributes:
        network: Turns ``(n, context)`` values, NaN where there are none, into ``(n, horizon, q)``
            quantiles of the next values.
        context: Values that it reads.
        columns: Places of ``LEVELS`` among its quantiles.
    """

    network: Callable[[Array, int], Array]
    context: int
    columns: Sequence[int]

    def series(self, values: Array, rows: Sequence[int], horizon: int) -> Array:
        """Forecast the values after each of ``rows``, ``(len(rows), horizon, 3)``."""
        padded = np.concatenate([np.full(self.context, np.nan), values])
        windows = np.stack([padded[row + 1 : row + 1 + self.context] for row in rows])
        batches = [
            self.network(windows[first : first + BATCH], horizon)
            for first in range(0, len(rows), BATCH)
        ]
        quantiles: Array = np.concatenate(batches)[..., self.columns].astype(float)
        return quantiles

    def from_prices(self, close: Array, rows: Sequence[int], horizon: int) -> Array:
        """Forecast cumulative log-returns from logarithms of closes, ``(n, horizon, 3)``."""
        logs = np.log(close)
        return self.series(logs, rows, horizon) - logs[np.asarray(rows), None, None]

    def from_returns(self, close: Array, rows: Sequence[int], horizon: int) -> Array:
        """Forecast cumulative log-returns from those of single candles, ``(n, horizon, 3)``."""
        returns = np.diff(np.log(close), prepend=np.nan)
        steps = self.series(returns, rows, horizon)
        away = steps - steps[..., [LEVELS.index(0.5)]]
        total: Array = np.sign(away) * np.sqrt((away**2).cumsum(axis=1))
        return total


def fracast() -> Peer:
    """Load the network with the weights that its package holds."""
    from fracast import FracastModel

    model = FracastModel.from_pretrained(weights="fp32")
    return Peer(
        lambda windows, horizon: model.forecast_batch(windows, horizon=horizon),
        model.context_length,
        [model.quantiles.index(level) for level in LEVELS],
    )


def best_widths(quantiles: Array, actual: Array) -> Array:
    """Find the factor of the width with the least pinball loss, ``(horizon, 1)``.

    Args:
        quantiles: ``(n, horizon, 3)`` at ``LEVELS``, cumulative log-return.
        actual: ``(n, horizon)`` what happened.
    """
    tried = [
        [losses.pinball(actual[:, step], factor * band, LEVELS).mean() for factor in FACTORS]
        for step, band in enumerate(np.moveaxis(quantiles, 1, 0))
    ]
    return FACTORS[np.argmin(tried, axis=1)][:, None]


def measured(
    peer: Peer, history: PriceHistory, markets: Sequence[PriceHistory], ours: Sequence[str]
) -> list[dict[str, Any]]:
    """Forecast a coin with all, and score each step.

    Returns:
        One entry for each forecaster and step: its loss, that of the last price with its constant
        band, the coverage, and the milliseconds that an origin took where they were measured.
    """
    every, steps = EVERY[history.interval], STEPS[history.interval]
    model = trained_without(history, markets)
    names = [name for name in ours if name in BASELINES]
    result = backtest.saved(history, model, baselines=names)
    rows, horizon = result.split.test_origins()[::every], result.spec.horizon
    bands = {
        name: result.forecasts[name].quantiles[::every][..., OURS] for name in ("naive", *ours)
    }
    close = history.candles["close"].to_numpy(float)
    actual = cumulative_returns(close, horizon)
    bands["fracast, prices"] = peer.from_prices(close, rows, horizon)
    began = time.perf_counter()
    bands["fracast, returns"] = peer.from_returns(close, rows, horizon)
    peer_seconds = time.perf_counter() - began
    began = time.perf_counter()
    inference.forecast(model, history, rows)
    ours_seconds = time.perf_counter() - began
    milliseconds = {
        name: 1000 * seconds / len(rows)
        for name, seconds in (("fracast, returns", peer_seconds), ("lstm", ours_seconds))
    }
    before = [row for span in result.split.validation_origins() for row in span][::every]
    widths = best_widths(peer.from_returns(close, before, horizon), actual[before])
    bands["fracast, adjusted"] = bands["fracast, returns"] * widths
    return [
        {"coin": history.coin, "interval": history.interval, "step": step, "forecaster": name}
        | {"origins": len(rows), "milliseconds": milliseconds.get(name)}
        | figures(actual[rows][:, step - 1], band[:, step - 1], bands["naive"][:, step - 1])
        for step in steps
        for name, band in bands.items()
    ]


def figures(actual: Array, band: Array, naive: Array) -> dict[str, float]:
    """Score ``(n, 3)`` quantiles beside those of the last price."""
    return {
        "pinball": float(losses.pinball(actual, band, LEVELS).mean()),
        "pinball_naive": float(losses.pinball(actual, naive, LEVELS).mean()),
        "coverage_80": float(((band[:, 0] <= actual) & (actual <= band[:, -1])).mean()),
    }


def table(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Average over the coins: band error / last price's and coverage, a row for each step."""
    frame = pd.DataFrame(cells)
    frame["error"] = frame["pinball"] / frame["pinball_naive"]
    means = frame.groupby(["interval", "step", "forecaster"], sort=False)[["error", "coverage_80"]]
    rows: dict[tuple[str, int], dict[str, str]] = {}
    for (interval, step, name), mean in means.mean().iterrows():
        row = rows.setdefault((interval, step), {"ahead": f"{step} {interval[-1]}"})
        if name != "naive":
            row[name] = f"{mean['error']:.3f} ({100 * mean['coverage_80']:.1f} %)"
    return list(rows.values())


def main() -> None:
    """Measure coin after coin, print the means, write every figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of price files")
    parser.add_argument("--interval", nargs="+", default=list(STEPS), choices=STEPS)
    parser.add_argument("--coins", nargs="+", help="leave out these alone")
    parser.add_argument("--forecasters", nargs="+", default=list(BESIDE), help="ours, by name")
    args = parser.parse_args()
    peer, cells = fracast(), []
    for interval in args.interval:
        markets = histories.read_all(args.data, interval)
        for history in markets:
            if args.coins is None or history.coin in args.coins:
                print(f"{history.coin} {interval} ...", file=sys.stderr, flush=True)
                cells += measured(peer, history, markets, args.forecasters)
    options = [
        f" --{name} {' '.join(getattr(args, name))}"
        for name in ("interval", "coins", "forecasters")
        if getattr(args, name) != parser.get_default(name)
    ]
    command = f"python -m benchmarks.zero_shot --data FOLDER{''.join(options)}"
    measure.publish("zero_shot", command, table(cells), cells)


if __name__ == "__main__":
    main()
