"""Forecasts: what a predictor says of the steps after each origin, and what followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.types.learning import QUANTILES
from cryptoforecast.types.prices import INTERVALS, Array


@dataclass(frozen=True, eq=False)
class StepForecast:
    """One step of a forecast, at the ``m`` origins whose outcome is known.

    Attributes:
        origins: ``(m,)``, open of the last closed candle at each origin, UTC.
        close: ``(m,)``, close of that candle, quote currency.
        predicted: ``(m,)``, point forecast of the close at this step, quote currency.
        quantiles: ``(m, 9)``, forecast quantiles of the cumulative log-return.
        actual: ``(m,)``, the close that followed, quote currency.
    """

    origins: pd.DatetimeIndex
    close: Array
    predicted: Array
    quantiles: Array
    actual: Array

    def __len__(self) -> int:
        return len(self.close)

    @property
    def actual_returns(self) -> Array:
        """Cumulative log-returns that followed, ``(m,)``."""
        returns: Array = np.log(self.actual / self.close)
        return returns


@dataclass(frozen=True, eq=False)
class Forecast:
    """The forecasts of one predictor from ``n`` origins, for all steps of its horizon.

    An origin is a row of a history whose close is known when the forecast is made. Step *k* stands
    for the close *k* rows later, and its target is the cumulative log-return
    ln(close[t + k] / close[t]).

    Attributes:
        predictor: Name of the predictor: ``"naive"``, ``"cone"``, ``"lstm"``, ...
        interval: Candle length, a key of ``INTERVALS``.
        origins: ``(n,)``, open of the last closed candle at each origin, UTC.
        close: ``(n,)``, close of that candle, quote currency.
        predicted: ``(n, horizon)``, point forecast of the close at each step, quote currency.
        quantiles: ``(n, horizon, 9)``, forecast quantiles of the cumulative log-return at the
            levels ``QUANTILES``, rising along the last axis; float32 for networks.
        actual: ``(n, horizon)``, the close that followed; NaN where it is not known yet.
        candles: Opens of all candles of the history, UTC. They give the time of each target where
            candles are absent. ``None`` stands for a history without absent candles.
    """

    predictor: str
    interval: str
    origins: pd.DatetimeIndex
    close: Array
    predicted: Array
    quantiles: Array
    actual: Array
    candles: pd.DatetimeIndex | None = None

    def __len__(self) -> int:
        """Return the number of origins."""
        return len(self.close)

    def __getitem__(self, rows: slice) -> Forecast:
        """Return the forecast from some of the origins, which keeps nothing of the others.

        Views would keep the whole arrays in memory: a test, or one next step, is a small part of
        the rows from which its width and levels were learnt.
        """
        return Forecast(
            predictor=self.predictor,
            interval=self.interval,
            origins=self.origins[rows],
            close=self.close[rows].copy(),
            predicted=self.predicted[rows].copy(),
            quantiles=self.quantiles[rows].copy(),
            actual=self.actual[rows].copy(),
            candles=self.candles,
        )

    @classmethod
    def concat(cls, parts: Sequence[Forecast]) -> Forecast:
        """Join forecasts of one predictor and one horizon, given in time order."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            predictor=parts[0].predictor,
            interval=parts[0].interval,
            origins=parts[0].origins.append([part.origins for part in parts[1:]]),
            close=np.concatenate([part.close for part in parts]),
            predicted=np.concatenate([part.predicted for part in parts]),
            quantiles=np.concatenate([part.quantiles for part in parts]),
            actual=np.concatenate([part.actual for part in parts]),
            candles=parts[0].candles,
        )

    @property
    def horizon(self) -> int:
        """Steps predicted at each origin."""
        return int(self.predicted.shape[1])

    @property
    def quantile_prices(self) -> Array:
        """The quantiles as prices, ``(n, horizon, 9)``, quote currency.

        One beyond all numbers, as of a network that has learnt nothing, is infinite.
        """
        with np.errstate(over="ignore"):
            prices: Array = self.close[:, None, None] * np.exp(self.quantiles, dtype=float)
        return prices

    @property
    def actual_returns(self) -> Array:
        """Cumulative log-returns that followed, ``(n, horizon)``; NaN where not known yet."""
        returns: Array = np.log(self.actual / self.close[:, None])
        return returns

    def at(self, step: int) -> StepForecast:
        """Return one step, 1 to the horizon, at the origins whose outcome is known."""
        has_outcome = np.isfinite(self.actual[:, step - 1])
        rows = slice(None) if has_outcome.all() else has_outcome  # a slice makes no copies
        return StepForecast(
            origins=self.origins[rows],
            close=self.close[rows],
            predicted=self.predicted[rows, step - 1],
            quantiles=self.quantiles[rows, step - 1],
            actual=self.actual[rows, step - 1],
        )

    def times(self, step: int) -> pd.DatetimeIndex:
        """Return the open of the candle ``step`` rows after each origin, ``(n,)`` UTC.

        After the last candle of the history, candles follow each other without a gap.
        """
        length = INTERVALS[self.interval]
        if self.candles is None:
            return self.origins + step * length
        last = len(self.candles) - 1
        rows = self.candles.searchsorted(self.origins) + step
        if rows.max(initial=0) <= last:
            return self.candles[rows]
        return self.candles[np.minimum(rows, last)] + np.maximum(rows - last, 0) * length

    def closes_at(self, step: int) -> pd.DatetimeIndex:
        """Return when the close ``step`` rows after each origin is known, ``(n,)`` UTC.

        This is the time that a user should read: the close of the candle, not its opening label.
        At step 0 it is when the forecast could be made.
        """
        return self.times(step) + INTERVALS[self.interval]

    def frame(self, step: int | None = None) -> pd.DataFrame:
        """Return the forecast as a long table, one row for each origin and step.

        Args:
            step: The only step wanted, 1 to the horizon; ``None`` for all steps.

        Returns:
            Columns ``origin`` (open of the last candle known), ``origin_closes_at`` (its close),
            ``time`` (open of the target's candle), ``closes_at`` (its close, when the target is
            known), ``step``, and in the currency of the prices ``close``, ``predicted``,
            ``actual``, ``residual`` (actual minus predicted) and ``q0.025`` ... ``q0.975``.
        """
        steps = np.arange(1, self.horizon + 1) if step is None else np.array([step])
        prices = self.close[:, None, None] * np.exp(self.quantiles[:, steps - 1], dtype=float)
        predicted, actual = (x[:, steps - 1].T.ravel() for x in (self.predicted, self.actual))
        origins = self.origins[np.tile(np.arange(len(self)), len(steps))]
        step_labels = np.repeat(steps, len(self))
        first, *later = (self.times(step) for step in steps)
        times, length = first.append(later), INTERVALS[self.interval]
        columns = {
            "origin": origins,
            "origin_closes_at": origins + length,
            "time": times,
            "closes_at": times + length,
            "step": step_labels,
            "close": np.tile(self.close, len(steps)),
            "predicted": predicted,
            "actual": actual,
            "residual": actual - predicted,
        }
        bands = {f"q{q}": prices[:, :, i].T.ravel() for i, q in enumerate(QUANTILES)}
        return pd.DataFrame(columns | bands)
