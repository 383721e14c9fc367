"""Anomalies of the library: past candles that the forecast before them called very unlikely."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from cryptoforecast import charts, json_views
from cryptoforecast.library.models import Model
from cryptoforecast.library.prices import Prices, history_of
from cryptoforecast.library.signals import Signals, beside
from cryptoforecast.library.values import Value, candles, digest, heading, paragraphs, table
from cryptoforecast.service import shared
from cryptoforecast.types import AlarmRate
from cryptoforecast.types import Anomalies as Result

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False, repr=False)
class Anomalies(Value):
    """Candles that raise an alarm, made by ``anomalies``.

    Attributes:
        result: The anomalies as the app itself uses them.
        model: Name of the saved model that forecast; ``None`` for one that is not saved, or HAR.
    """

    result: Result
    model: str | None = None

    def __len__(self) -> int:
        return self.result.rate.alarms

    @property
    def threshold(self) -> float:
        """A candle raises an alarm if it is as rare as 1 in so many."""
        return self.result.threshold

    @property
    def rate(self) -> AlarmRate:
        """Alarms that were promised on these prices and that came, and those of the spike rule."""
        return self.result.rate

    @property
    def measured(self) -> dict[str, AlarmRate]:
        """Rates on other prices, ``"real"`` and ``"simulated"``; empty if none were measured."""
        return self.result.measured

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences to read before the figures."""
        return self.result.surprises.notes

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of the prices, the threshold and how rare each candle was."""
        each = self.result.surprises
        return digest(
            each.history.fingerprint, each.predictor, self.result.alarms_a_month, each.rarity
        )

    def frame(self, *, all_candles: bool = False) -> pd.DataFrame:
        """Return the candles that raise an alarm, the oldest first.

        Args:
            all_candles: Whether to return every candle that was looked at.

        Returns:
            ``closes_at`` (UTC), ``close``, ``move`` (a fraction of the close before),
            ``expected_low`` and ``expected_high`` (a 95 % range), ``expected_move`` (half its
            width, as a fraction of the close before), ``rarity`` and ``rarity_together`` (of a
            day's moves; 1 in so many candles), ``deviations`` (the move in standard deviations of
            those before), ``alarm`` and ``spike_rule`` (whether it fires). Prices are in the
            currency of the prices.
        """
        return self.result.frame(all_candles=all_candles)

    def to_dict(self) -> dict[str, object]:
        """Return what ``anomalies --json`` prints, ready for ``json.dumps``."""
        return json_views.anomalies_json(self.result, self.model)

    def plot(self) -> go.Figure:
        """Draw the last month of prices in the ranges that were expected, with the anomalies.

        Returns:
            A Plotly figure; times in UTC, at which candles close.
        """
        return charts.anomalies(self.result.recent)

    def __repr__(self) -> str:
        surprises = self.result.surprises
        return (
            f"Anomalies({surprises.predictor}, {candles(surprises.history)}, "
            f"{len(surprises):,} candles)\n{self.result.sentence}"
        )

    def _repr_html_(self) -> str:
        title = repr(self).partition("\n")[0]
        notes = (*self.result.surprises.history.notes, *self.notes, title)
        return heading(self.result.sentence) + paragraphs(notes) + table(self.frame(), index=False)


def anomalies(
    prices: Prices,
    alarms: float | None = None,
    model: str | Model | None = None,
    *,
    signals: Signals = (),
) -> Anomalies:
    """Find past candles that the forecast made one candle before called very unlikely.

    Args:
        prices: Some hundred candles at least; the first ones are only learnt from.
        alarms: Alarms in 30 days that the threshold promises. By default 1, or as near to it as
            the candle length allows.
        model: What forecasts: a ``Model`` or the name of a saved one, each combined with HAR, or
            ``"har"`` for HAR alone. By default the global model of this candle length, or else
            HAR.
        signals: The model's own signals of files; those that are known by their name are fetched.

    Returns:
        The candles whose move was rarer than the threshold, and how often that should happen.

    Raises:
        InvalidInput: If ``prices`` are not ``Prices``, no threshold promises so many alarms, or the
            model does not read one of the signals.
        UnknownModel: If there is no such saved model.
        NotEnoughData: If there are too few candles.
        InvalidBundle: If the saved model can't be read.
        SourceUnavailable: If a signal that the model reads can't be had.

    Example:
        >>> import cryptoforecast as cf
        >>> prices = cf.fetch("BTC", start="2024-01-01", end="2024-07-01", simulated="only")
        >>> surprises = cf.anomalies(prices, alarms=2)
        >>> surprises.threshold
        360.0
        >>> bool((surprises.frame()["rarity"] >= 360).all())
        True
    """
    service, history = shared().anomalies, history_of(prices)
    saved = model if isinstance(model, Model) else service.model(history, model)
    if saved is None:
        beside(history, (), signals)  # HAR reads none
        return Anomalies(service.find(history, alarms))
    network = saved.network if isinstance(saved, Model) else saved.model
    history = beside(history, network.spec.features, signals)
    return Anomalies(service.find(history, alarms, network), saved.name)
