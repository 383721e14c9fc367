"""What baselines have in common: the rows they may be fitted on, bands of residuals, regression."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.forecasting import rolling_quantiles
from cryptoforecast.forecasting.predictor import Predictor
from cryptoforecast.learning import threads
from cryptoforecast.learning.targets import actual_prices
from cryptoforecast.types import MEDIAN, QUANTILES, Array, Forecast, PriceHistory

#: A band rests on at least so many returns: one of them then lies beyond the outermost quantile
#: (2.5 %).
MIN_RETURNS = round(1 / min(QUANTILES))
#: Rows of past residuals that a trailing band is measured on, and rows until it is measured again.
#: Of 1,000 to 16,000 rows these gave the best bands on the validation span (64 to 80 %) of 71,228
#: hours of BTC/USDT, an hour and a day ahead; keeping a band for a week cost nothing there.
CALIBRATION_ROWS, REFRESH_ROWS = 8000, 168


class Baseline(Predictor, Protocol):
    """A predictor that is fitted in one pass over the rows before the test span."""

    @classmethod
    def fit(cls, history: PriceHistory, before: int, horizon: int) -> Self:
        """Fit on targets in rows ``[0, before)`` alone.

        Args:
            history: Closed candles.
            before: First row of the test span.
            horizon: Steps, at least 1.

        Raises:
            InvalidInput: If ``before`` or ``horizon`` is outside the history.
            NotEnoughData: If too few returns end before the test span.
        """
        ...


def fitting_rows(history: PriceHistory, before: int, horizon: int) -> pd.DataFrame:
    """Return the candles before the test span.

    Raises:
        InvalidInput: If ``before`` or ``horizon`` is outside the history.
        NotEnoughData: If too few returns end before the test span.
    """
    if horizon < 1:
        raise InvalidInput(f"`horizon` must be at least 1 step. Received: {horizon}.")
    if not 0 <= before <= len(history):
        raise InvalidInput(
            f"`before` must be a row of the history or its end, 0 to {len(history)}. "
            f"Received: {before}."
        )
    if before - horizon < MIN_RETURNS:
        raise NotEnoughData(
            f"A baseline needs at least {MIN_RETURNS} candles plus the horizon before the test "
            f"span. Received: {before} candles and a horizon of {horizon}. Choose a longer history "
            "or a shorter horizon."
        )
    return history.candles.iloc[:before]


def candles_until(history: PriceHistory, rows: range) -> pd.DataFrame:
    """Return the candles up to the last of ``rows``: all that their forecasts may read."""
    return history.candles.iloc[: max(rows, default=0) + 1]


def quantiles_by_step(values: Array) -> Array:
    """Reduce ``(n, horizon)`` values, NaN where unknown, to ``(horizon, 9)`` quantiles."""
    columns = [column[np.isfinite(column)] for column in values.T]
    undefined = np.full(len(QUANTILES), np.nan)
    return np.array([np.quantile(v, QUANTILES) if len(v) else undefined for v in columns])


def last_row(history: PriceHistory, end: pd.Timestamp) -> int:
    """Find the row of the last candle that opened by ``end``; -1 if there is none."""
    return int(history.candles.index.searchsorted(end, side="right")) - 1


def first_residual(rows: range, horizon: int) -> int:
    """Return the first row whose residual ``trailing_quantiles`` may read."""
    return max(0, rows.start - REFRESH_ROWS - CALIBRATION_ROWS - horizon)


def trailing_quantiles(
    residuals: Array, rows: range, anchor: int, refresh: int = REFRESH_ROWS
) -> Array:
    """Measure the quantiles of residuals around 0 that were known at each of ``rows``.

    For row *t* and step k these are the last ``CALIBRATION_ROWS`` residuals of origins up to
    *u - k*, whose outcome was known at row *u*: the last row up to *t* that lies a multiple of
    ``refresh`` from ``anchor``. The median is set to 0, so that the point forecast is the
    middle of its band.

    Args:
        residuals: ``(n, horizon)`` in origins' order, NaN where the outcome is unknown.
        rows: Origins to measure for.
        anchor: A row at which quantiles are measured, such as the last row of a fit.
        refresh: Rows until they are measured again, at most ``REFRESH_ROWS``.

    Returns:
        ``(len(rows), horizon, 9)``; NaN where nothing was known yet.
    """
    horizon = residuals.shape[1]
    moments = anchor + (np.asarray(rows, dtype=np.intp) - anchor) // refresh * refresh
    times, which = np.unique(moments, return_inverse=True)
    result = np.full((len(times), horizon, len(QUANTILES)), np.nan)
    for step in range(1, horizon + 1):
        ends = times - step + 1
        some = ends > 0
        begins, column = (
            np.maximum(0, ends - CALIBRATION_ROWS),
            np.ascontiguousarray(residuals[:, step - 1]),
        )
        result[some, step - 1] = rolling_quantiles.quantiles(
            column, begins[some], ends[some], QUANTILES
        )
    result[..., :MEDIAN] = np.minimum(result[..., :MEDIAN], 0)
    result[..., MEDIAN + 1 :] = np.maximum(result[..., MEDIAN + 1 :], 0)
    result[..., MEDIAN] *= 0
    return result[which]


def ridge(inputs: Array, targets: Array, penalty: float) -> tuple[Array, Array]:
    """Fit penalised least squares with a free intercept, one regression a target.

    Minimises ``sum (y - c - x w)^2 + penalty * sum (s w)^2`` with s the standard deviation of each
    input, so that their units don't matter; a constant input gets no weight. Source: Hoerl and
    Kennard (1970), "Ridge regression: biased estimation for nonorthogonal problems".

    Args:
        inputs: ``(n, inputs)``.
        targets: ``(n, horizon)``.
        penalty: Above 0. It has the effect of so many rows that call for weights of 0.

    Returns:
        The weights ``(inputs, horizon)`` and the intercepts ``(horizon,)``.
    """
    threads.keep_to_one()
    centre, spread = inputs.mean(axis=0), inputs.std(axis=0)
    moving = spread > 1e-9 * np.maximum(np.abs(centre), 1e-300)
    spread = np.where(moving, spread, np.inf)
    scaled = (inputs - centre) / spread
    middle = targets.mean(axis=0)
    square = scaled.T @ scaled + penalty * np.eye(inputs.shape[1])
    weights = np.linalg.solve(square, scaled.T @ (targets - middle)) / spread[:, None]
    return weights, middle - centre @ weights


def forecast(
    name: str, history: PriceHistory, rows: range, quantiles: Array, centre: Array | None = None
) -> Forecast:
    """Make a forecast from quantiles and points of the origins in ``rows``.

    Args:
        name: Name of the baseline.
        history: The history of the forecast.
        rows: The origins.
        quantiles: ``(len(rows), horizon, 9)`` of the cumulative log-return.
        centre: ``(len(rows), horizon)`` log-return of the point forecast; 0, the last price, by
            default.
    """
    close = history.candles["close"].to_numpy(float)
    horizon = quantiles.shape[1]
    last = close[rows.start : rows.stop : rows.step]
    predicted = np.repeat(last[:, None], horizon, axis=1)
    return Forecast(
        predictor=name,
        interval=history.interval,
        origins=history.candles.index[rows.start : rows.stop : rows.step],
        close=last,
        predicted=predicted if centre is None else predicted * np.exp(centre),
        quantiles=quantiles,
        actual=actual_prices(close, rows, horizon),
        candles=history.candles.index,
    )
