"""The ledger as a table, one row for each forecast and step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cryptoforecast.types import QUANTILES
from cryptoforecast.types.ledger import LEDGER_LEVELS, LedgerEntry

_FIGURES = ("pinball", "pinball_naive", "pinball_cone", "transform")


def frame(entries: Sequence[LedgerEntry]) -> pd.DataFrame:
    """Return forecasts with their outcomes; what came is NaN while a forecast is open."""
    frames = [_steps(entry) for entry in entries]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _steps(entry: LedgerEntry) -> pd.DataFrame:
    forecast, outcome = entry.forecast, entry.outcome
    name, horizon = forecast.series, forecast.series.horizon
    unknown = np.full(horizon, np.nan)
    known = outcome if outcome is not None and outcome.has_candles else None
    columns: dict[str, object] = {
        "entry": entry.position,
        "state": entry.state,
        "reason": "" if outcome is None else outcome.reason,
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
        "step": range(1, horizon + 1),
        "closes_at": [forecast.closes_at(step) for step in range(1, horizon + 1)],
        **{f"q{level}": forecast.quantiles[:, column] for column, level in enumerate(QUANTILES)},
        "actual": unknown if known is None else known.actual,
        **{
            f"inside_{level}": unknown if known is None else known.inside[level].astype(float)
            for level in LEDGER_LEVELS
        },
        **{figure: unknown if known is None else getattr(known, figure) for figure in _FIGURES},
    }
    return pd.DataFrame(columns)
