"""The ledger as a table, one row for each forecast and step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cryptoforecast.types import QUANTILES, Array
from cryptoforecast.types.ledger import LEDGER_LEVELS, LedgerEntry, LedgerForecast, LedgerOutcome

_FIGURES = ("pinball", "pinball_naive", "pinball_cone", "transform")


def frame(entries: Sequence[LedgerEntry]) -> pd.DataFrame:
    """Return forecasts with the figures of their outcomes, NaN where an outcome has none.

    The columns are made of all entries at once, since a button of a page makes thousands of rows.
    """
    if not entries:
        return pd.DataFrame()
    forecasts = [entry.forecast for entry in entries]
    horizons = [forecast.series.horizon for forecast in forecasts]
    steps = np.concatenate([np.arange(1, horizon + 1) for horizon in horizons])
    each = pd.DataFrame(_columns(entries)).loc[np.repeat(np.arange(len(entries)), horizons)]
    table = each.reset_index(drop=True)
    length = pd.to_timedelta(np.repeat([one.candle_length for one in forecasts], horizons))
    table["step"] = steps
    table["closes_at"] = table["origin"] + length * (steps + 1)
    quantiles = np.concatenate([forecast.quantiles for forecast in forecasts])
    for column, level in enumerate(QUANTILES):
        table[f"q{level}"] = quantiles[:, column]
    outcomes = [_with_candles(entry.outcome) for entry in entries]
    table["actual"] = _joined([None if one is None else one.actual for one in outcomes], horizons)
    for level in LEDGER_LEVELS:
        inside = [None if one is None else one.inside[level] for one in outcomes]
        table[f"inside_{level}"] = _joined(inside, horizons)
    for name in _FIGURES:
        figures = [None if one is None else getattr(one, name) for one in outcomes]
        table[name] = _joined(figures, horizons)
    return table


def _columns(entries: Sequence[LedgerEntry]) -> list[dict[str, object]]:
    """Return what the steps of a forecast have in common, by entry."""
    return [
        {
            "entry": entry.position,
            "state": entry.state,
            "reason": "" if entry.outcome is None else entry.outcome.reason,
            **_of_forecast(entry.forecast),
        }
        for entry in entries
    ]


def _of_forecast(forecast: LedgerForecast) -> dict[str, object]:
    name = forecast.series
    return {
        "made_at": forecast.made_at,
        "model": name.model,
        "version": forecast.version,
        "predictor": name.predictor,
        "coin": name.coin,
        "quote": name.quote,
        "interval": name.interval,
        "source": forecast.source,
        "simulated": name.simulated,
        "origin": forecast.origin,
        "last_close": forecast.last_close,
    }


def _with_candles(outcome: LedgerOutcome | None) -> LedgerOutcome | None:
    """Return an outcome with candles."""
    return outcome if outcome is not None and outcome.has_candles else None


def _joined(figures: Sequence[Array | None], horizons: Sequence[int]) -> Array:
    """Return a figure of every step of every forecast; NaN where it is not known."""
    parts = [
        np.full(horizon, np.nan) if values is None else values.astype(float)
        for values, horizon in zip(figures, horizons, strict=True)
    ]
    return np.concatenate(parts)
