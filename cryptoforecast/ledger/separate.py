"""Graded forecasts that do not overlap: each of their outcomes is a separate test of the ranges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa

from cryptoforecast.ledger import rows, tables
from cryptoforecast.types.ledger import LEDGER_LEVELS, SeriesName
from cryptoforecast.types.prices import INTERVALS

#: Forecasts that are looked at, at most, the newest ones.
MAX_FORECASTS = 10_000


@dataclass(frozen=True)
class SeparateOutcome:
    """Whether the ranges of a forecast held what came at a step.

    Attributes:
        position: Place of the forecast in the ledger.
        graded_at: When its outcome was recorded, UTC.
        inside: Whether each range held, by its level in %.
    """

    position: int
    graded_at: pd.Timestamp
    inside: Mapping[int, bool]


def outcomes(
    connection: sa.Connection, name: SeriesName, step: int, since: pd.Timestamp
) -> list[SeparateOutcome]:
    """Return the outcomes of forecasts that do not overlap, in the order of their origins.

    The first forecast counts, and then each that was made when the outcome of the one before it,
    at this step, was known.

    Args:
        connection: To the ledger.
        name: The series.
        step: 1 to its horizon.
        since: Only forecasts whose last known candle opens at this time or later.
    """
    length = INTERVALS[name.interval]
    allowed_at, results = since, []
    for row in reversed(connection.execute(_statement(name, since)).all()):
        steps = json.loads(row.steps)
        origin = rows.time_of(row.origin)
        if not steps or origin < allowed_at:
            continue
        allowed_at = origin + step * length
        inside = {level: bool(steps[f"inside_{level}"][step - 1]) for level in LEDGER_LEVELS}
        results.append(SeparateOutcome(row.position, rows.time_of(row.graded_at), inside))
    return results


def _statement(name: SeriesName, since: pd.Timestamp) -> sa.Select[tuple[int, str, str, str]]:
    forecasts, graded = tables.forecasts.c, tables.outcomes.c
    columns = (forecasts.position, forecasts.origin, graded.graded_at, graded.steps)
    series = [forecasts[key] == value for key, value in rows.of_series(name).items()]
    return (
        sa.select(*columns)
        .join(tables.outcomes, graded.forecast == forecasts.position)
        .where(*series, forecasts.origin >= rows.time_text(since))
        .order_by(forecasts.origin.desc())
        .limit(MAX_FORECASTS)
    )


def hits(outcomes: Sequence[SeparateOutcome]) -> dict[int, int]:
    """Count how often each range held, by its level in %."""
    return {level: sum(each.inside[level] for each in outcomes) for level in LEDGER_LEVELS}
