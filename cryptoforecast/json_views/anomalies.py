"""Anomalies as JSON."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
from typing_extensions import TypedDict

from cryptoforecast.json_views.prices import FetchedDataJson, data_json
from cryptoforecast.json_views.values import Figure, Json, Names, Says, Time, finite, time_json
from cryptoforecast.types import AlarmRate, Anomalies


class ThresholdJson(TypedDict):
    """From which rarity on a candle raises an alarm."""

    alarms_a_month: Annotated[float, Says("alarms in 30 days that it promises", 1.0)]
    one_in: Annotated[float, Says("candles of which one is as rare", 720.0)]
    spike_deviations: Annotated[
        float, Says("standard deviations of a plain spike rule that promises the same", 3.2)
    ]


class RateJson(TypedDict):
    """How many alarms were promised on some candles, and how many there were."""

    candles: Annotated[int, Says("candles that could raise an alarm", 14_000)]
    start: Annotated[Time, Says("close of the first of them")]
    end: Annotated[Time, Says("close of the last of them")]
    expected: Annotated[float, Says("alarms that the threshold promises", 19.4)]
    alarms: Annotated[int, Says("alarms that there were", 21)]
    spikes: Annotated[int, Says("times that the spike rule fired", 160)]


class MeasuredRateJson(RateJson):
    """A rate that was measured on other prices."""

    prices: Annotated[str, Says("the prices in words", "five coins, 2022 to 2024")]


class ExpectedJson(TypedDict):
    """The range that was expected."""

    level: Annotated[int, Says("in per cent", 95)]
    low: Annotated[Figure, Says("its lower end", 60_100.0)]
    high: Annotated[Figure, Says("its upper end", 61_900.0)]


class TogetherJson(TypedDict):
    """How rare the moves of several candles were together."""

    candles: Annotated[int, Says("candles that are taken together", 24)]
    one_in: Annotated[Figure, Says("candles of which one is as rare", 88.0)]


class AnomalyJson(TypedDict):
    """A candle whose close the forecast before it called very unlikely."""

    time: Annotated[Time, Says("open of the candle")]
    closes_at: Annotated[Time, Says("when its close was known")]
    close: Annotated[float, Says("its close", 58_700.0)]
    move: Annotated[float, Says("from the close before, a fraction", -0.041)]
    expected: ExpectedJson
    one_in: Annotated[Figure, Says("candles of which one is as rare", 5_200.0)]
    together: TogetherJson
    deviations: Annotated[Figure, Says("size of the move in standard deviations", 6.1)]
    spike_rule: Annotated[bool, Says("whether the spike rule fires", True)]


class AnomaliesJson(TypedDict):
    """Anomalies, the newest first, and how well their threshold held."""

    model: Annotated[str | None, Says("saved model that forecasts; null for har", "global-1h-lstm")]
    predictor: Annotated[str, Says("stack or har", "stack")]
    data: FetchedDataJson
    threshold: ThresholdJson
    rate: Annotated[RateJson, Says("on these prices")]
    measured: Annotated[dict[str, MeasuredRateJson], Says("on other prices: real and simulated")]
    anomalies: list[AnomalyJson]
    notes: Annotated[Names, Says("sentences to read before the figures", [])]


def anomalies_json(anomalies: Anomalies, model: str | None) -> Json:
    """Describe anomalies, the newest first, with the threshold and how well it held.

    Args:
        anomalies: The candles that raise an alarm.
        model: Name of the saved model that forecast; ``None`` for a baseline.
    """
    surprises = anomalies.surprises
    rows = anomalies.frame().iloc[::-1]
    view: AnomaliesJson = {
        "model": model,
        "predictor": surprises.predictor,
        "data": data_json(surprises.history),
        "threshold": {
            "alarms_a_month": anomalies.alarms_a_month,
            "one_in": anomalies.threshold,
            "spike_deviations": anomalies.spike_limit,
        },
        "rate": _rate_json(anomalies.rate),
        "measured": {
            kind: {"prices": rate.prices, **_rate_json(rate)}
            for kind, rate in anomalies.measured.items()
        },
        "anomalies": [_anomaly_json(anomalies, row) for _, row in rows.iterrows()],
        "notes": list(surprises.notes),
    }
    return {**view}


def _anomaly_json(anomalies: Anomalies, row: pd.Series) -> AnomalyJson:
    surprises = anomalies.surprises
    return {
        "time": time_json(row["closes_at"] - surprises.history.candle_length),
        "closes_at": time_json(row["closes_at"]),
        "close": float(row["close"]),
        "move": float(row["move"]),
        "expected": {
            "level": 95,
            "low": finite(row["expected_low"]),
            "high": finite(row["expected_high"]),
        },
        "one_in": finite(row["rarity"]),
        "together": {
            "candles": surprises.together,
            "one_in": finite(row["rarity_together"]),
        },
        "deviations": finite(row["deviations"]),
        "spike_rule": bool(row["spike_rule"]),
    }


def _rate_json(rate: AlarmRate) -> RateJson:
    return {
        "candles": rate.candles,
        "start": rate.start,
        "end": rate.end,
        "expected": rate.expected,
        "alarms": rate.alarms,
        "spikes": rate.spikes,
    }
