"""HAR, a heterogeneous autoregression: future volatility from past volatility."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
import pandas as pd

from cryptoforecast.forecasting.baselines import moving_ridge
from cryptoforecast.forecasting.baselines.common import (
    MIN_RETURNS,
    REFRESH_ROWS,
    first_residual,
    fitting_rows,
    forecast,
    last_row,
    trailing_quantiles,
)
from cryptoforecast.learning import threads
from cryptoforecast.learning.targets import cumulative_returns
from cryptoforecast.prices.candles import ranges
from cryptoforecast.types import Array, Forecast, PriceHistory

#: Volatility is averaged over these spans, and over the candle itself. Spans that are not longer
#: than a candle are left out.
SPANS = tuple(pd.Timedelta(text) for text in ("1h", "3h", "8h", "1D", "7D", "28D"))
#: Added to each variance, as a share of the mean variance so far, so that a flat candle has a
#: logarithm; and the least that is added, in squared log-return (0.01 basis points, squared).
EPSILON_VARIANCE, MIN_EPSILON = 0.003, 1e-12
#: A move over a span counts for at most so many times the volatility of the span.
MAX_MOVE = 3.0
#: Each fit is on the candles of the last year, and on at least so many.
FIT_SPAN, MIN_FIT_ROWS = pd.Timedelta("365D"), 1000
#: Time from one fit to the next. With few candles before the test span it is shorter, so that at
#: least so many fits come before the test span.
REFIT_SPAN, EARLIER_FITS = pd.Timedelta("28D"), 8
#: Penalty of the regression: it has the effect of so many rows that ask for weights of 0.
PENALTY = 300.0


@dataclass(frozen=True, eq=False)
class Har:
    """The last price, with a band whose width follows the expected volatility.

    For each step k, the logarithm of the volatility of the next k candles (the root of their mean
    variance) is regressed on three kinds of inputs:

    - its averages over a candle and over spans from an hour to four weeks;
    - how far the price moved over each of these spans, as a multiple of the volatility that was
      averaged over it, with and without its sign;
    - the hour, separately for working days and weekends, and the day of the week.

    The variance of a candle is Parkinson's (1980) of its true range:
    ``ln(max(high, last close) / min(low, last close))^2 / (4 ln 2)``. The band is the expected
    volatility times the quantiles of ``cumulative log-return / expected volatility`` over past
    origins whose outcome was known at the origin (see ``trailing_quantiles``). Source: Corsi
    (2009), "A simple approximate long-memory model of realized volatility".

    The regression is fitted again every ``refit_rows`` rows, on the last year. These rows are
    counted in both directions from the last row before the test span. The forecast of row *t* uses
    the last fit up to *t*, which rests on outcomes that were known at its own row. There is no fit,
    and the band is NaN, at rows before ``MIN_RETURNS`` outcomes are known.

    Attributes:
        start: Open of the first candle that is fitted on, UTC.
        end: Open of the last candle before the test span, UTC: the row of one of the fits.
        refit_rows: Rows from one fit to the next.
        horizon: Steps.
    """

    start: pd.Timestamp
    end: pd.Timestamp
    refit_rows: int
    horizon: int

    @property
    def name(self) -> str:
        return "har"

    @classmethod
    def fit(cls, history: PriceHistory, before: int, horizon: int) -> Har:
        """Choose the rows of the fits; ``sigma`` computes those that a forecast needs.

        Args:
            history: Closed candles.
            before: First row of the test span.
            horizon: Steps, at least 1.

        Raises:
            InvalidInput: If ``before`` or ``horizon`` is outside the history.
            NotEnoughData: If too few returns end before the test span.
        """
        candles = fitting_rows(history, before, horizon)
        refit_rows = min(round(REFIT_SPAN / history.candle_length), before // EARLIER_FITS)
        return cls(candles.index[0], candles.index[-1], max(1, refit_rows), horizon)

    def sigma(self, history: PriceHistory, rows: range) -> Array:
        """Estimate the volatility of the next candles at each of ``rows``.

        Args:
            history: ``n`` candles.
            rows: Consecutive and rising, each between 0 and ``n - 1``.

        Returns:
            ``(len(rows), horizon)`` in log-return a candle; column k - 1 is of the next k candles.
            Row *t* looks at candles up to *t*; rows before the first fit have this fit's weights.
            NaN where the candles up to the last row allow no fit.
        """
        result = np.full((len(rows), self.horizon), np.nan)
        refits, edges = self._fits(history, rows.stop)
        if len(refits) == 0 or len(rows) == 0:
            return result
        threads.keep_to_one()
        data = _Data(history.candles.iloc[: rows.stop], history.candle_length, self.horizon)
        length = max(MIN_FIT_ROWS, round(FIT_SPAN / history.candle_length))
        blocks = max(1, round(length / self.refit_rows))
        # The fit of the first row, and the first block of this fit.
        first = max(0, int(refits.searchsorted(rows.start, side="right")) - 1)
        begin = max(0, first - blocks + 1)
        products = (
            moving_ridge.products(data.inputs(*block), data.targets(*block))
            for block in pairwise(edges[begin:].tolist())
        )
        spans = [*pairwise([rows.start, *refits[first + 1 :].tolist(), rows.stop])]
        sums = moving_ridge.moving_sums(products, blocks)
        for (one, other), total in zip(spans, islice(sums, first - begin, None), strict=True):
            weights, intercepts = moving_ridge.fit(total, PENALTY)
            expected = data.inputs(one, other) @ weights + intercepts
            result[one - rows.start : other - rows.start] = np.exp(expected)
        return result

    def in_sample_sigma(self, history: PriceHistory, before: int) -> Array:
        """Estimate the volatility at rows before the test span by one fit on all of them.

        This is for regressions that correct the volatility. The errors of early fits, with few
        outcomes, would mislead them.

        Args:
            history: Closed candles.
            before: First row of the test span, as in ``fit``.

        Returns:
            ``(before, horizon)`` as in ``sigma``; each row depends on all candles before the span.
        """
        return dataclasses.replace(self, refit_rows=before).sigma(history, range(before))

    def forecast(self, history: PriceHistory, rows: range) -> Forecast:
        """Forecast from each of ``rows``; row *t* looks at candles up to *t*."""
        begin = first_residual(rows, self.horizon)
        sigma = self.sigma(history, range(begin, rows.stop))
        close = history.candles["close"].to_numpy(float)[begin : rows.stop]
        residuals = cumulative_returns(close, self.horizon) / sigma
        band = trailing_quantiles(
            residuals,
            range(rows.start - begin, rows.stop - begin),
            last_row(history, self.end) - begin,
            min(REFRESH_ROWS, self.refit_rows),
        )
        band *= sigma[rows.start - begin :, :, None]  # in place: of a long history it is large
        refits, _ = self._fits(history, rows.stop)
        band[: max(0, min(refits, default=rows.stop) - rows.start)] = np.nan
        return forecast(self.name, history, rows, band)

    def _fits(self, history: PriceHistory, stop: int) -> tuple[Array, Array]:
        """Find the fits that are made before row ``stop``.

        Returns:
            Their rows ``(fits,)``, rising, and ``(fits + 1,)`` edges. Edge 0 is the first origin
            that is fitted on; at row *i*, the outcomes of origins before edge *i + 1* are known.
        """
        start = int(history.candles.index.searchsorted(self.start))
        rows = np.arange(last_row(history, self.end) % self.refit_rows, stop, self.refit_rows)
        rows = rows[rows - self.horizon + 1 >= start + MIN_RETURNS]
        return rows, np.append(start, rows - self.horizon + 1)


class _Data:
    """The inputs and targets of the regression.

    Args:
        candles: ``n`` candles.
        candle_length: Length of one candle.
        horizon: Steps.
    """

    def __init__(self, candles: pd.DataFrame, candle_length: pd.Timedelta, horizon: int) -> None:
        variance = variances(candles)
        self._total, self._epsilon = np.cumsum(variance), epsilons(variance)
        self._horizon = horizon
        averages = log_averages(candles, candle_length)
        moves = scaled_moves(candles, candle_length, averages)
        self._prices = np.hstack([averages, moves, np.abs(moves)])
        index = pd.DatetimeIndex(candles.index)
        self._day = index.day_of_week.to_numpy()
        self._hour = index.hour.to_numpy() + 24 * (self._day >= 5)

    def inputs(self, begin: int, end: int) -> Array:
        """Stack the inputs of rows ``begin`` to ``end``; row *t* looks at candles up to *t*."""
        rows = slice(begin, end)
        clock = np.eye(48)[self._hour[rows]], np.eye(7)[self._day[rows]]
        return np.hstack([self._prices[rows], *clock])

    def targets(self, begin: int, end: int) -> Array:
        """Compute the targets of rows ``begin`` to ``end``, see ``next_log_volatility``."""
        rows = slice(begin, end + self._horizon)
        return _next_logs(self._total[rows], self._epsilon[begin:end], self._horizon)


def variances(candles: pd.DataFrame) -> Array:
    """Compute Parkinson's variance of each candle's true range, ``(n,)`` in squared log-return."""
    variances: Array = ranges.true_log_ranges(candles) ** 2 / ranges.PARKINSON
    return variances


def epsilons(variances: Array) -> Array:
    """Compute what is added to a variance before its logarithm is taken.

    Args:
        variances: ``(n,)`` of consecutive candles.

    Returns:
        ``(n,)`` squared log-return; row *t* looks at candles up to *t*.
    """
    means = np.cumsum(variances) / np.arange(1, len(variances) + 1)
    epsilons: Array = np.maximum(EPSILON_VARIANCE * means, MIN_EPSILON)
    return epsilons


def log_averages(candles: pd.DataFrame, candle_length: pd.Timedelta) -> Array:
    """Average the logarithm of the candles' volatility, over one candle and over ``SPANS``.

    Returns:
        ``(n, averages)``; the first rows average the candles that there are.
    """
    variance = variances(candles)
    log = pd.Series(np.log(variance + epsilons(variance)) / 2)
    lengths = _lengths(candle_length)
    return np.column_stack([log.rolling(n, min_periods=1).mean().to_numpy() for n in lengths])


def scaled_moves(candles: pd.DataFrame, candle_length: pd.Timedelta, log_averages: Array) -> Array:
    """Divide the log-return over one candle and over ``SPANS`` by the volatility of the span.

    The volatility of a span is that of one candle, averaged over the span, times the root of its
    number of candles.

    Args:
        candles: ``n`` candles.
        candle_length: Length of one candle.
        log_averages: ``(n, averages)`` of the same candles; see the function ``log_averages``.

    Returns:
        ``(n, averages)`` between ``-MAX_MOVE`` and ``MAX_MOVE``; the first rows start from the
        first close.
    """
    close = np.log(candles["close"].to_numpy(float))
    moves = np.empty_like(log_averages)
    for column, length in enumerate(_lengths(candle_length)):
        before = np.concatenate([np.full(min(length, len(close)), close[0]), close[:-length]])
        moves[:, column] = (close - before) / np.sqrt(length)
    scaled: Array = np.clip(moves / np.exp(log_averages), -MAX_MOVE, MAX_MOVE)
    return scaled


def next_log_volatility(candles: pd.DataFrame, horizon: int) -> Array:
    """Compute the logarithm of the root of the mean variance of the next k candles.

    Row *t* looks ahead to row *t + horizon*: these are targets, never inputs.

    Returns:
        ``(n - horizon, horizon)``.
    """
    variance = variances(candles)
    return _next_logs(np.cumsum(variance), epsilons(variance)[:-horizon], horizon)


def _next_logs(total: Array, epsilon: Array, horizon: int) -> Array:
    """Compute the targets of ``n`` rows from ``(n + horizon,)`` sums of variances."""
    sums = np.lib.stride_tricks.sliding_window_view(total, horizon + 1)
    means = (sums[:, 1:] - sums[:, :1]) / np.arange(1, horizon + 1)
    logs: Array = np.log(means + epsilon[:, None]) / 2
    return logs


def _lengths(candle_length: pd.Timedelta) -> list[int]:
    """Return one candle and ``SPANS``, in candles."""
    return [1, *(round(span / candle_length) for span in SPANS if span > candle_length)]
