"""The span that a saved model is tested on: how it is chosen, and what is refused."""

from __future__ import annotations

import math

import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.forecasting.baselines.common import MIN_RETURNS
from cryptoforecast.learning import samples, specs
from cryptoforecast.types import ModelSpec, PriceHistory

#: Share of the rows that a saved model may be tested on, at most.
MAX_TEST = 0.95


def check_shares(test: float | None, validation: float | None, since: pd.Timestamp | None) -> None:
    """Check the spans that a caller of ``backtest.saved`` gives, before there are prices.

    Args:
        test: Share of the rows to test on.
        validation: Share of the rows before the test.
        since: Start of the test, UTC.

    Raises:
        InvalidInput: If a share is outside the rules, or both ``test`` and ``since`` are given.
    """
    if test is not None and since is not None:
        raise InvalidInput("A test takes `test` or `since`. Received: both. Leave one out.")
    if test is not None:
        _check_share("test", test, specs.BOUNDS["test"][0], MAX_TEST)
    if validation is not None:
        _check_share("validation", validation, *specs.BOUNDS["validation"])


def _check_share(name: str, value: float, low: float, high: float) -> None:
    """Check a share of the rows.

    Raises:
        InvalidInput: If it is no number, or outside of the bounds.
    """
    if type(value) not in (int, float):
        raise InvalidInput(f"`{name}` must be of type float. Received: {value!r:.80}.")
    if not low <= value <= high:  # NaN is refused too
        raise InvalidInput(f"`{name}` must be between {low} and {high}. Received: {value}.")


def share_since(history: PriceHistory, spec: ModelSpec, since: pd.Timestamp) -> float:
    """Return the share of the rows that open at a time or later, at most ``MAX_TEST``.

    Args:
        history: ``n`` candles.
        spec: Settings of the saved model.
        since: The time, UTC.

    Raises:
        NotEnoughData: If too few rows open at that time or later, or too few before it.
    """
    rows, opens = len(history), history.candles.index
    first = int(opens.searchsorted(since))
    earliest, latest = _test_starts(history, spec)
    if earliest <= first <= latest:
        return min((rows - first) / rows, MAX_TEST)
    # The first candle of the test opens when the last one before it closes.
    moment = _minute(opens[first] if first < rows else since)
    if first > latest:
        rule = f"A test needs at least {rows - latest} candles."
        counts = f"{rows - first} of {rows:,} that close after {moment}"
        remedy = f"a time until {_minute(opens[max(0, latest)])}, or prices that end later"
    else:
        rule = _candles_before(earliest)
        counts = f"{first:,} of {rows:,} that close by {moment}"
        first_time = _minute(opens[min(earliest, rows - 1)])
        remedy = f"a time from {first_time} on, or prices that begin earlier"
    if earliest > latest:
        remedy = f"a history of at least {earliest + rows - latest:,} candles"
    raise NotEnoughData(f"{rule} Received: {counts}. Choose {remedy}.")


def check_start(history: PriceHistory, spec: ModelSpec, test: float) -> None:
    """Check that enough candles lie before the last ``test`` share of the rows.

    Raises:
        NotEnoughData: If there are too few.
    """
    rows, first = len(history), samples.first_of_test(len(history), test)
    earliest, latest = _test_starts(history, spec)
    if first >= earliest:
        return
    largest = math.floor(round(100 * (rows - earliest) / rows, 6)) / 100
    remedy = f"`test` up to {largest:.2f}, or prices that begin earlier"
    if earliest > latest or largest < specs.BOUNDS["test"][0]:
        remedy = f"a history of at least {earliest + rows - latest:,} candles"
    raise NotEnoughData(
        f"{_candles_before(earliest)} Received: {first:,} of {rows:,} with `test` {test:g}. "
        f"Choose {remedy}."
    )


def first_start(history: PriceHistory, spec: ModelSpec) -> pd.Timestamp:
    """Return the earliest time since which a saved model can be tested on a history, UTC."""
    opens = history.candles.index
    return opens[min(_test_starts(history, spec)[0], len(opens) - 1)]


def _test_starts(history: PriceHistory, spec: ModelSpec) -> tuple[int, int]:
    """Return the first and the last row at which the test of a saved model may start.

    The network reads ``needs`` candles up to its first origin, and baselines are fitted on those
    before it. The first row is past the last one where the history is too short.
    """
    rows = len(history)
    least = samples.first_of_test(rows, MAX_TEST)
    earliest = max(least, specs.needs(spec) - 1, MIN_RETURNS + spec.horizon)
    return earliest, rows - samples.MIN_ORIGINS["test"] - spec.horizon


def _candles_before(count: int) -> str:
    return (
        f"The model, the baselines and the bands need at least {count:,} candles before the test "
        "span."
    )


def _minute(time: pd.Timestamp) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
