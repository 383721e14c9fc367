"""How often an alarm is to be expected without a cause, in a sentence for its message."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import pandas as pd

from cryptoforecast.alarms import drift
from cryptoforecast.evaluation import anomalies
from cryptoforecast.types import INTERVAL_NOUNS, INTERVALS, candles_a_month, count_text, span_text
from cryptoforecast.types.alarms import CALIBRATION, CANDLE, MODEL, RANGE, SOURCE, AlarmRule

#: Rates on the simulated market, as ``benchmarks.alarms`` measures them.
MEASURED = Path(__file__).with_name("measured_rates.json")
_YEAR = pd.Timedelta(days=365.25)


def sentence(rule: AlarmRule, step: int = 1) -> str:
    """Say how often a rule raises an alarm without a cause.

    Args:
        rule: The rule.
        step: Step of the forecast that a range or its calibration is about.
    """
    if rule.kind == CANDLE:
        return _candle(rule)
    if rule.kind == RANGE:
        return _range(rule, step)
    if rule.kind == CALIBRATION:
        return _calibration()
    if rule.kind == MODEL:
        return "A date is a fact: this alarm does not come without a cause."
    if rule.kind == SOURCE:
        return (
            "That nothing came is a fact. A market in which nobody trades for so long raises the "
            "same alarm."
        )
    return (
        "A price is a fact: without a cause this alarm comes only if the source gives a wrong one."
    )


def _candle(rule: AlarmRule) -> str:
    length, noun = INTERVALS[rule.interval], INTERVAL_NOUNS[rule.interval]
    a_year = float(_YEAR / length) / rule.value
    text = (
        f"If the forecast is right, one {noun} in {rule.value:,.0f} is as rare without any cause: "
        f"{count_text(a_year)} a year."
    )
    month = candles_a_month(rule.interval)
    alarms = min(
        anomalies.choices(rule.interval), key=lambda each: abs(math.log(each * rule.value / month))
    )
    rates = anomalies.alarm_rates(rule.interval, alarms)
    if rates:
        simulated, real = (f"{rates[kind].ratio:.2f} times" for kind in ("simulated", "real"))
        text += (
            f" Measured with 1 in {month / alarms:,.0f}: {simulated} as many alarms on simulated "
            f"prices, and {real} as many on real prices."
        )
    return text


def _range(rule: AlarmRule, step: int) -> str:
    misses = 100 / (100 - rule.value)
    every = span_text(misses * step * INTERVALS[rule.interval], close=True)
    text = (
        f"If the range is right, one forecast in {misses:,.0f} ends outside without any cause, "
        f"which is one in {every}."
    )
    measured = _measured().get("range", {}).get(f"{rule.value:.0f}")
    if measured:
        ratio = measured["alarms"] / measured["expected"]
        text += f" Measured: {ratio:.2f} times as many on simulated prices."
    return text


def _calibration() -> str:
    text = (
        f"If the ranges keep their promise, at most one quarter of a year in {drift.CLAIM} raises "
        "this alarm without a cause, however often one looks."
    )
    measured = _measured().get("calibration", {}).get("kept")
    if measured:
        text += (
            f" Measured: {measured['alarms']:,.0f} of {measured['quarters']:,.0f} quarters in "
            "which the promise was kept."
        )
    return text


@cache
def _measured() -> dict[str, dict[str, dict[str, float]]]:
    if not MEASURED.is_file():
        return {}
    rates: dict[str, dict[str, dict[str, float]]] = json.loads(MEASURED.read_text("utf-8"))
    return rates
