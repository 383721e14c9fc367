"""The popular recipe at a new high: prices between 0 and 1, or log-returns, for the same network.

The popular recipe brings all prices between the lowest (0) and the highest (1) that it learns from,
and learns to say the next of these numbers with the least squared error. The other way is to learn
the log-return of the next day. ``PRECOMPUTED`` is the result with a large network; ``train_small``
makes one in seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cryptoforecast.errors import Cancelled, NotEnoughData
from cryptoforecast.types import UNWATCHED, Array, Monitor, PriceHistory, Progress, RecipeTest

if TYPE_CHECKING:
    from sklearn.neural_network import MLPRegressor

#: Made by ``benchmarks/popular_recipe.py``.
PRECOMPUTED = Path(__file__).with_name("popular_recipe.json")
#: Days before a forecast that the small network reads, its neurons and its epochs.
LOOKBACK, NEURONS, EPOCHS = 30, 16, 60
#: Days to learn from, at least, and days to test on, at most and at least.
MIN_LEARNT, MAX_TESTED, MIN_TESTED = 300, 250, 60
#: How far the price must lie above all that was learnt, as a mean over the test, a fraction.
MIN_RISE = 0.03
# Days between two places at which a history may be cut.
_APART = 5


@dataclass(frozen=True, eq=False)
class _Task:
    """What a network reads and says, and how its answers become prices.

    Attributes:
        inputs: ``(n, LOOKBACK)``.
        targets: ``(n,)``.
        prices: Turns ``(n,)`` answers into prices.
    """

    inputs: Array
    targets: Array
    prices: Callable[[Array], Array]


def precomputed(path: Path = PRECOMPUTED) -> RecipeTest:
    """Read the result that comes with the project.

    Args:
        path: A file that ``to_json`` wrote.
    """
    values = json.loads(path.read_text("utf-8"))
    values["closes_at"] = pd.date_range(
        values.pop("first"), periods=len(values["actual"]), freq="D"
    )
    for name in ("actual", "popular", "returns"):
        values[name] = np.array(values[name])
    return RecipeTest(**values)


def to_json(test: RecipeTest, digits: int = 5) -> str:
    """Write a result of consecutive days as JSON, prices with so many significant digits."""
    prices = {
        name: [float(f"{price:.{digits}g}") for price in getattr(test, name)]
        for name in ("actual", "popular", "returns")
    }
    values = {
        "coin": test.coin,
        "quote": test.quote,
        "simulated": test.simulated,
        "network": test.network,
        "highest": test.highest,
        "learnt": test.learnt,
        "misses": dict(test.misses),
        "above": test.above,
        "first": test.closes_at[0].isoformat(),
        **prices,
    }
    return json.dumps(values) + "\n"


def rise(closes: Array) -> tuple[int, int] | None:
    """Find where a history is best cut to see new highs.

    Args:
        closes: ``(n,)``.

    Returns:
        First row of the test and the row after its last one, such that the price of the test lies
        as far as possible above all earlier ones; ``None`` if it is never higher by ``MIN_RISE``.
    """
    best, span = MIN_RISE, None
    for cut in range(MIN_LEARNT, len(closes) - MIN_TESTED + 1, _APART):
        end = min(len(closes), cut + MAX_TESTED)
        above = float(np.maximum(closes[cut:end] / closes[:cut].max() - 1, 0).mean())
        if above > best:
            best, span = above, (cut, end)
    return span


def train_small(history: PriceHistory, monitor: Monitor = UNWATCHED) -> RecipeTest:
    """Train a small network in both ways, and test both where the price made new highs.

    Args:
        history: ``n`` daily candles. The cut is where ``rise`` finds it.
        monitor: Follows the progress, and may stop the work.

    Raises:
        NotEnoughData: If the prices make no new high that is worth a picture.
        Cancelled: If the monitor stopped the work.
    """
    closes = history.candles["close"].to_numpy(float)
    span = rise(closes)
    if span is None:
        raise NotEnoughData(
            f"This lesson needs prices that rise well above all of the {MIN_LEARNT} days before. "
            f"Received: {len(closes)} days of {history.coin} without such a rise. Choose another "
            "coin, or the simulated prices."
        )
    cut, end = span
    closes = closes[:end]
    following = closes[LOOKBACK:]
    rows = cut - LOOKBACK  # rows of the tasks that are learnt from
    tasks = _of_prices(closes, cut), _of_returns(closes, cut)
    popular, returns = _fit_all(tasks, rows, monitor)
    return result(
        history,
        network=f"{NEURONS} neurons",
        rows=slice(LOOKBACK, end),
        popular=popular,
        returns=returns,
        highest=float(closes[:cut].max()),
        learnt=rows,
        naive=closes[LOOKBACK - 1 : -1],
        actual=following,
    )


def result(
    history: PriceHistory,
    *,
    network: str,
    rows: slice,
    actual: Array,
    popular: Array,
    returns: Array,
    naive: Array,
    highest: float,
    learnt: int,
) -> RecipeTest:
    """Compare forecasts of the next day, ``(n,)`` each, on the days after the first ``learnt``.

    Args:
        history: The prices.
        network: What was trained, in a few words.
        rows: Rows of the history that were forecast.
        actual: What the prices were.
        popular: Forecasts of the popular recipe.
        returns: Forecasts of the network that learnt log-returns.
        naive: The price of the day before.
        highest: Highest price that was learnt from.
        learnt: Rows before the test.
    """
    test = slice(learnt, None)
    forecasts = {"popular": popular, "returns": returns, "naive": naive}
    return RecipeTest(
        coin=history.coin,
        quote=history.quote,
        simulated=history.simulated,
        network=network,
        closes_at=history.candles.index[rows] + history.candle_length,
        actual=actual,
        popular=popular,
        returns=returns,
        highest=highest,
        learnt=learnt,
        misses={
            name: float(np.abs(actual - prices)[test].mean()) for name, prices in forecasts.items()
        },
        above=int((actual[test] > highest).sum()),
    )


def _of_prices(closes: Array, cut: int) -> _Task:
    """Make the task of the popular recipe: numbers between 0 and 1 up to row ``cut``."""
    low, high = closes[:cut].min(), closes[:cut].max()
    scaled = (closes - low) / (high - low)
    windows = np.lib.stride_tricks.sliding_window_view(scaled, LOOKBACK)[:-1]
    return _Task(windows, scaled[LOOKBACK:], lambda answers: low + answers * (high - low))


def _of_returns(closes: Array, cut: int) -> _Task:
    """Make the task of log-returns, in units of their spread up to row ``cut``."""
    returns = np.diff(np.log(closes), prepend=np.log(closes[0]))
    spread = returns[1:cut].std()
    scaled = returns / spread
    windows = np.lib.stride_tricks.sliding_window_view(scaled, LOOKBACK)[:-1]
    before = closes[LOOKBACK - 1 : -1]
    return _Task(windows, scaled[LOOKBACK:], lambda answers: before * np.exp(answers * spread))


def _fit_all(tasks: tuple[_Task, ...], rows: int, monitor: Monitor) -> list[Array]:
    """Fit the same network to each task, on its first ``rows`` rows; return prices ``(n,)``."""
    from threadpoolctl import threadpool_limits

    start, prices = time.monotonic(), []
    total = EPOCHS * len(tasks)
    with threadpool_limits(1):  # more threads only slow such a small network down
        for number, task in enumerate(tasks):
            network = _network()
            for epoch in range(EPOCHS):
                if monitor.cancelled():
                    raise Cancelled("Training was cancelled.")
                network.partial_fit(task.inputs[:rows], task.targets[:rows])
                done = number * EPOCHS + epoch + 1
                monitor.report(Progress(done, total, done / total, time.monotonic() - start))
            prices.append(task.prices(network.predict(task.inputs)))
    return prices


def _network() -> MLPRegressor:
    """Make the small network; scikit-learn is loaded when it is first needed."""
    from sklearn.neural_network import MLPRegressor

    return MLPRegressor(
        hidden_layer_sizes=(NEURONS,),
        activation="tanh",
        alpha=0.1,
        learning_rate_init=2e-3,
        batch_size=32,
        random_state=0,
    )
