"""Forecasts of the library: the next steps after the last closed candle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cryptoforecast import charts, json_views
from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.library.values import (
    Value,
    candles,
    digest,
    heading,
    moment,
    paragraphs,
    table,
)
from cryptoforecast.service import choices, forecast_tables, shared
from cryptoforecast.types import (
    MEDIAN,
    QUANTILES,
    Array,
    Backtest,
    NextSteps,
    Probability,
    Touch,
    TrainedModel,
    Verdict,
    moment_text,
    price_text,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)


@dataclass(frozen=True, eq=False, repr=False)
class Forecast(Value):
    """The next steps after the last closed candle, made by ``Model.forecast`` or ``forecast``.

    Attributes:
        steps: The forecast as the app itself uses it.
        network: The model that it was made with; ``None`` for a baseline.
        levels: Probabilities of ending above or below the given prices.
        touches: Probabilities of touching the given prices.
        version: Digest of the saved model it was made with; ``None`` if that is not saved.
    """

    steps: NextSteps
    network: TrainedModel | None
    levels: tuple[Probability, ...] = ()
    touches: tuple[Touch, ...] = ()
    version: str | None = None

    def __len__(self) -> int:
        return self.steps.forecast.horizon

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences to read before the numbers."""
        return self.steps.warnings

    @property
    def predictor(self) -> str:
        """Name of what forecasts: ``"stack"``, a network or a baseline."""
        return self.steps.forecast.predictor

    @cached_property
    def verdict(self) -> Verdict | None:
        """Verdict of a test of the predictor on the last share of the same prices.

        ``None`` where the prices are too few. The test takes a second or so, and runs when the
        verdict, ``frame`` or ``to_dict`` is first asked for.
        """
        test = self._test
        return None if test is None else test.verdicts[self.predictor]

    @cached_property
    def _test(self) -> Backtest | None:
        service, history = shared().backtests, self.steps.history
        if self.network is not None:
            return service.last_test(history, self.network, self.predictor)
        try:
            return service.of_baseline(history, self.predictor, len(self))
        except NotEnoughData:
            return None

    @property
    def members(self) -> pd.DataFrame:
        """What a stack combines: one row a step, and the weight of each member as a column."""
        return self.steps.weights

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of the prices and of all that is forecast, 16 hexadecimal digits."""
        forecast = self.steps.forecast
        return digest(
            self.steps.history.fingerprint,
            forecast.predictor,
            forecast.predicted,
            forecast.quantiles,
            *((one.level, one.direction) for one in self.levels),
            *(one.price for one in self.touches),
        )

    def frame(self, style: str = "cf") -> pd.DataFrame:
        """Return the forecast as a table, one row a step.

        Args:
            style: ``"cf"``, or ``"nixtla"`` for the layout of Nixtla's libraries.

        Returns:
            ``step`` from 1 to the horizon; ``time``, the open of the candle whose close is
            forecast, and ``closes_at``, when that close is known (UTC); ``median``, ``mean`` and
            the nine quantiles ``q0.025`` to ``q0.975`` in the currency of the prices. In the
            other style: ``unique_id`` (the coin), ``ds``, ``cutoff`` (the open of the last candle
            known), the point forecast ``NAME`` of the predictor, ``NAME-lo-50``, ``NAME-hi-50``
            and so on for 80, 90 and 95.

        Raises:
            InvalidInput: For another style.
        """
        forecast_tables.check_style(style)
        if style == "nixtla":
            return forecast_tables.of_next_steps(self.steps)
        rows = []
        for step in self._json()["steps"]:
            quantiles = {f"q{level}": price for level, price in step["quantiles"].items()}
            rows.append(
                {
                    "step": step["step"],
                    "time": pd.Timestamp(step["time"]),
                    "closes_at": pd.Timestamp(step["closes_at"]),
                    "median": step["median"],
                    "mean": step["mean"],
                    **quantiles,
                }
            )
        return pd.DataFrame(rows)

    @property
    def probabilities(self) -> pd.DataFrame:
        """Probabilities of ending above or below the given prices.

        One row a price and step: ``direction`` (``"above"`` or ``"below"``), ``level``, ``step``,
        ``time`` and ``closes_at`` (open and close of the candle, UTC) and ``probability``, a
        fraction from 0.01 to 0.99: more is not known.
        """
        frame = self.frame()
        parts = [
            pd.DataFrame(
                {
                    "direction": one.direction,
                    "level": one.level,
                    "step": frame["step"],
                    "time": frame["time"],
                    "closes_at": frame["closes_at"],
                    "probability": _bounded(one.by_step),
                }
            )
            for one in self.levels
        ]
        names = ["direction", "level", "step", "time", "closes_at", "probability"]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)

    @property
    def touch(self) -> pd.DataFrame:
        """Probabilities that the price touches the given prices.

        One row a price and step: ``price``, ``step``, ``time`` and ``closes_at`` (open and close of
        the candle, UTC) and ``probability``, a fraction from 0.01 to 0.99: that a high (for a price
        above the last close) or a low (below it) reaches the price by this step.
        """
        times = self.frame()[["step", "time", "closes_at"]]
        parts = [
            times.assign(price=one.price, probability=_bounded(one.by_step)) for one in self.touches
        ]
        names = ["price", "step", "time", "closes_at", "probability"]
        return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)

    def paths(self) -> pd.DataFrame:
        """Return a thousand joint paths of the next candles, always the same ones.

        Returns:
            One row a path and step: ``path`` and ``step``, both from 1; ``time`` and ``closes_at``
            (open and close of the candle, UTC); ``close``, ``high`` and ``low`` of the candle, in
            the currency of the prices.

        Example:
            >>> import cryptoforecast as cf
            >>> prices = cf.fetch("BTC", start="2024-01-01", end="2024-03-01", simulated="only")
            >>> paths = cf.load("btc-1h-dense").forecast(prices).paths()
            >>> paths.groupby("path")["low"].min().size  # how low each path goes
            1000
        """
        return shared().forecasts.path_table(self.steps)

    def to_dict(self) -> dict[str, object]:
        """Return what ``forecast --json`` prints, ready for ``json.dumps``."""
        return {**self._json()}

    def plot(self) -> go.Figure:
        """Draw the last closes, and the bands and medians of the next steps.

        Returns:
            A Plotly figure; times in UTC, at which candles close.
        """
        return charts.fan(self.steps)

    def _json(self) -> json_views.ForecastJson:
        extremes = shared().forecasts.extremes(self.steps) if self.touches else None
        network = self.network
        loss = "quantile" if network is None else shared().forecasts.loss(self.steps, network)
        scores = None if self._test is None else self._test.scores[self.predictor][-1]
        return json_views.forecast_json(
            self.steps,
            loss,
            self.levels,
            self.touches,
            extremes,
            self.verdict,
            scores,
            version=self.version,
        )

    def __repr__(self) -> str:
        history, forecast = self.steps.history, self.steps.forecast
        last = forecast.quantile_prices[0, -1, [MEDIAN, _LOW, _HIGH]]
        median, low, high = (price_text(x, history.quote, estimate=True) for x in last)
        end = moment(history.closes_at, history.interval)
        steps = f"{forecast.horizon} step{'' if forecast.horizon == 1 else 's'}"
        return (
            f"Forecast({self.steps.model}, {candles(history)}, {steps} after {end} UTC)\n"
            f"by {moment_text(self.steps.closing_times[-1])}: "
            f"median {median}, 80 % band {low} to {high}"
        )

    def _repr_html_(self) -> str:
        verdict = "" if self.verdict is None else heading(self.verdict.sentence)
        shown = self.frame()[["step", "closes_at", "q0.1", "median", "q0.9"]]
        title = repr(self).partition("\n")[0]
        return verdict + paragraphs((*self.warnings, title)) + table(shown, index=False)


def _bounded(probabilities: Array) -> Array:
    """Return probabilities as answers have them, no closer to 0 or 1 than is known."""
    bounded: Array = np.clip(probabilities, json_views.MIN_PROBABILITY, json_views.MAX_PROBABILITY)
    return bounded


def probabilities(
    steps: NextSteps,
    above: float | Iterable[float],
    below: float | Iterable[float],
    touch: float | Iterable[float],
) -> tuple[tuple[Probability, ...], tuple[Touch, ...]]:
    """Compute the probabilities of ending beyond prices, and of touching prices.

    Raises:
        InvalidInput: If a level can't be a price, or there are too many.
    """
    sides = _levels("above", above), _levels("below", below), _levels("touch", touch)
    choices.check_levels([level for some in sides for level in some])
    service = shared().forecasts
    return service.probabilities(steps, *sides[:2]), service.touch(steps, sides[2])


def _levels(name: str, prices: float | Iterable[float]) -> tuple[float, ...]:
    """Return one price level, or several, as a tuple.

    Raises:
        InvalidInput: If one is not a number.
    """
    levels = (
        tuple(prices) if isinstance(prices, Iterable) and not isinstance(prices, str) else (prices,)
    )
    if not all(isinstance(level, Real) and not isinstance(level, bool) for level in levels):
        raise InvalidInput(
            f"`{name}` must be a price, or several. Received: {prices!r:.60}. Give one such "
            "as 65000, or a list."
        )
    return tuple(map(float, levels))
