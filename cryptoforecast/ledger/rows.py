"""Forecasts and outcomes as rows of the tables, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import RowMapping

from cryptoforecast.ledger import tables
from cryptoforecast.types import Array
from cryptoforecast.types.ledger import LEDGER_LEVELS, LedgerForecast, LedgerOutcome, SeriesName

Row = Mapping[str, Any] | RowMapping

#: Losses and transforms of an outcome, each a list by step.
_FIGURES = ("pinball", "pinball_naive", "pinball_cone", "transform")


def time_text(time: pd.Timestamp) -> str:
    """Write a time in whole seconds; such texts sort as the times do."""
    return f"{time.tz_convert('UTC').isoformat()[:19]}Z"


def time_of(text: str) -> pd.Timestamp:
    """Read a time that ``time_text`` wrote."""
    return pd.Timestamp(text).as_unit("ns")


def of_series(series: SeriesName) -> dict[str, object]:
    """Return the columns that name a series."""
    return {
        "model": series.model,
        "predictor": series.predictor,
        "coin": series.coin,
        "quote": series.quote,
        "interval": series.interval,
        "simulated": int(series.simulated),
        "horizon": series.horizon,
    }


def series_of(row: Row) -> SeriesName:
    """Read the columns that name a series."""
    names = {name: row[name] for name in (*tables.SERIES, "horizon")}
    return SeriesName(**{**names, "simulated": bool(row["simulated"])})


def of_forecast(forecast: LedgerForecast) -> dict[str, object]:
    """Return the row of a forecast, without its position; prices have eight digits."""
    return {
        **of_series(forecast.series),
        "made_at": time_text(forecast.made_at),
        "version": forecast.version,
        "fingerprint": forecast.fingerprint,
        "source": forecast.source,
        "origin": time_text(forecast.origin),
        "last_close": forecast.last_close,
        "due_at": time_text(forecast.due_at),
        "quantiles": _matrix_text(forecast.quantiles),
        "naive": _matrix_text(forecast.naive),
        "cone": _matrix_text(forecast.cone),
    }


def forecast_of(row: Row) -> LedgerForecast:
    """Read the row of a forecast."""
    return LedgerForecast(
        series=series_of(row),
        made_at=time_of(row["made_at"]),
        version=row["version"],
        fingerprint=row["fingerprint"],
        source=row["source"],
        origin=time_of(row["origin"]),
        last_close=row["last_close"],
        quantiles=np.array(json.loads(row["quantiles"]), float),
        naive=np.array(json.loads(row["naive"]), float),
        cone=np.array(json.loads(row["cone"]), float),
    )


def of_outcome(outcome: LedgerOutcome) -> dict[str, object]:
    """Return the row of an outcome, without its position."""
    steps: dict[str, object] = {}
    if outcome.has_candles:
        steps["actual"] = outcome.actual.tolist()
        for level in LEDGER_LEVELS:
            steps[f"inside_{level}"] = outcome.inside[level].astype(int).tolist()
        for name in _FIGURES:
            steps[name] = [float(f"{value:.8g}") for value in getattr(outcome, name)]
    return {
        "forecast": outcome.forecast,
        "graded_at": time_text(outcome.graded_at),
        "state": outcome.state,
        "reason": outcome.reason,
        "fingerprint": outcome.fingerprint,
        "steps": json.dumps(steps, separators=(",", ":")),
    }


def outcome_of(row: Row) -> LedgerOutcome:
    """Read the row of an outcome."""
    steps = json.loads(row["steps"])
    return LedgerOutcome(
        forecast=row["forecast"],
        graded_at=time_of(row["graded_at"]),
        state=row["state"],
        reason=row["reason"],
        fingerprint=row["fingerprint"],
        actual=np.array(steps.get("actual", []), float),
        inside={level: np.array(steps.get(f"inside_{level}", []), bool) for level in LEDGER_LEVELS},
        **{name: np.array(steps.get(name, []), float) for name in _FIGURES},
    )


def _matrix_text(values: Array) -> str:
    """Write prices with eight digits as JSON, ``(horizon, 9)``."""
    line = f"[{','.join(['%.8g'] * values.shape[1])}]"
    form = f"[{','.join([line] * len(values))}]"
    return form % tuple(values.ravel().tolist())  # one call: a ledger takes thousands at a time
