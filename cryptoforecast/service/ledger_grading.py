"""The outcomes of recorded forecasts, by candles of their own sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.service.prices import PriceService
from cryptoforecast.types import MarketQuery, PriceHistory
from cryptoforecast.types.ledger import LedgerEntry, LedgerForecast, LedgerOutcome


@dataclass(frozen=True)
class _Candles:
    """Which candles grade a forecast: one source's of one market, of one length."""

    source: str
    market: str
    interval: str
    simulated: bool


def outcomes(
    entries: Sequence[LedgerEntry], prices: PriceService, now: pd.Timestamp
) -> list[LedgerOutcome]:
    """Return the outcomes of forecasts that are due; a forecast that has to wait has none.

    Args:
        entries: Open forecasts; each source is asked once for all of a market.
        prices: Gives the candles.
        now: The time, UTC.
    """
    from cryptoforecast.ledger import grading

    results = []
    for candles, group in _by_candles(entries).items():
        history = _history(candles, [entry.forecast for entry in group], prices)
        results += [grading.grade(each.position, each.forecast, history, now) for each in group]
    return [outcome for outcome in results if outcome is not None]


def _by_candles(entries: Sequence[LedgerEntry]) -> dict[_Candles, list[LedgerEntry]]:
    groups: dict[_Candles, list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        name, source = entry.forecast.series, entry.forecast.source
        groups[_Candles(source, name.market, name.interval, name.simulated)].append(entry)
    return groups


def _history(
    candles: _Candles, forecasts: Sequence[LedgerForecast], prices: PriceService
) -> PriceHistory | None:
    """Return candles over the spans of forecasts; ``None`` if their source gives none."""
    start = min(forecast.origin for forecast in forecasts)
    end = max(forecast.due_at for forecast in forecasts)
    query = MarketQuery(candles.market, candles.interval, start, end)
    try:
        if candles.simulated:
            return prices.simulated(query)
        return prices.of_source(candles.source, query)
    except CryptoForecastError:
        return None
