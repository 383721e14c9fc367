"""Prices as JSON: where they come from, and what is in a file."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import pandas as pd
from typing_extensions import TypedDict

from cryptoforecast.json_views.values import Figure, Json, Names, Says, Time, finite, time_json
from cryptoforecast.types import PriceHistory, QualityReport


class DataJson(TypedDict):
    """The prices behind an answer."""

    coin: Annotated[str, Says("ticker, or any for a model of many coins", "BTC")]
    quote: Annotated[str, Says("currency of all prices", "USD")]
    interval: Annotated[str, Says("length of a candle", "1h")]
    source: Annotated[str, Says("where the prices come from", "coinbase")]
    simulated: Annotated[bool, Says("whether the prices are not those of a real market", False)]
    age_seconds: Annotated[
        int | None, Says("seconds since the source was last asked; null for prices of a file", 42)
    ]
    rows: Annotated[int, Says("candles", 17_520)]
    start: Annotated[Time, Says("open of the first candle")]
    end: Annotated[Time, Says("open of the last candle")]
    fingerprint: Annotated[str, Says("digest of the candles", "5f0c9a417d1e2b38")]


class FetchedDataJson(DataJson):
    """The prices behind an answer, and when they were fetched."""

    fetched_at: Annotated[Time, Says("when the source was last asked")]
    notes: Annotated[
        Names, Says("sentences about the prices", ["Coinbase did not answer. Kraken did."])
    ]


class CandleJson(TypedDict):
    """One candle, prices in the quote currency."""

    time: Annotated[Time, Says("its open")]
    open: Figure
    high: Figure
    low: Figure
    close: Figure
    volume: Figure


def data_json(history: PriceHistory) -> FetchedDataJson:
    """Describe the prices behind an answer.

    ``age_seconds`` counts from the time at which the source was last asked: cached prices that
    could not be brought up to date are older than a few minutes. It is ``None`` for a file.
    """
    age = pd.Timestamp.now("UTC") - history.fetched_at
    return {
        "coin": history.coin,
        "quote": history.quote,
        "interval": history.interval,
        "source": history.source,
        "simulated": history.simulated,
        "age_seconds": None if history.of_file else max(0, round(age.total_seconds())),
        "rows": len(history),
        "start": time_json(history.start),
        "end": time_json(history.end),
        "fingerprint": history.fingerprint,
        "fetched_at": time_json(history.fetched_at),
        "notes": list(history.notes),
    }


def inspect_json(history: PriceHistory) -> Json:
    """Describe a price file that could be read, and its quality."""
    return {
        "readable": True,
        "coin": history.coin,
        "quote": history.quote,
        "source": history.source,
        "interval": history.interval,
        "rows": len(history),
        "start": time_json(history.start),
        "end": time_json(history.end),
        "first": _candle_json(history, 0),
        "last": _candle_json(history, -1),
        **_quality_json(history.quality),
        "volume_unit": history.volume_unit,
        "fingerprint": history.fingerprint,
        "notes": list(history.notes),
        "reason": None,
    }


def unreadable_json(reason: str) -> Json:
    """Describe a price file that was refused: the same keys, and the reason."""
    keys = ("coin", "quote", "source", "interval", "rows", "start", "end", "first", "last")
    counts = ("missing", "duplicates", "flat_tail", "ohlc_violations", "outliers")
    return {
        "readable": False,
        **dict.fromkeys((*keys, *counts)),
        "decisions": {},
        "problems": [],
        "volume_unit": None,
        "fingerprint": None,
        "notes": [],
        "reason": reason,
    }


def _candle_json(history: PriceHistory, row: int) -> CandleJson:
    candle = history.candles.iloc[row]
    return {
        "time": time_json(history.candles.index[row]),
        "open": finite(candle["open"]),
        "high": finite(candle["high"]),
        "low": finite(candle["low"]),
        "close": finite(candle["close"]),
        "volume": finite(candle["volume"]),
    }


def _quality_json(quality: QualityReport) -> Json:
    return {
        "missing": quality.missing,
        "duplicates": quality.duplicates,
        "flat_tail": quality.flat_tail,
        "ohlc_violations": quality.ohlc_violations,
        "outliers": quality.outliers,
        "decisions": dict(quality.decisions),
        "problems": [dataclasses.asdict(problem) for problem in quality.problems],
    }
