"""What can be set as a rule, and what a rule is in words."""

from __future__ import annotations

import dataclasses
import math

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation.anomalies import MAX_THRESHOLD, MIN_THRESHOLD
from cryptoforecast.prices.candles.coins import resolve
from cryptoforecast.prices.candles.resample import step_of
from cryptoforecast.types import INTERVALS, predictor_name, price_text
from cryptoforecast.types.alarms import (
    CALIBRATION,
    CANDLE,
    KINDS,
    MODEL,
    PRICE,
    RANGE,
    SOURCE,
    AlarmRule,
)
from cryptoforecast.types.ledger import LEDGER_LEVELS
from cryptoforecast.types.quotes import market_name

#: What each kind needs, and what it may have besides.
NEEDS = {
    CANDLE: ("coin",), PRICE: ("coin", "value"), RANGE: ("coin", "model"),
    CALIBRATION: ("coin", "model"), MODEL: ("model",), SOURCE: ("coin",),
}  # fmt: skip
TAKES = {
    CANDLE: ("interval", "value"), PRICE: ("interval",), RANGE: ("interval", "value", "step"),
    CALIBRATION: ("interval", "step"), MODEL: (), SOURCE: ("interval", "value", "source"),
}  # fmt: skip
#: What the value of a kind is called, and what it is unless the user says it.
VALUES = {
    CANDLE: ("rarity", 1_000.0), PRICE: ("price", math.nan), RANGE: ("level", 95.0),
    SOURCE: ("hours", 0.0),
}  # fmt: skip
#: A source is silent after so many candles that did not come, unless the hours are said.
SILENT_CANDLES = 3
#: Hours of silence that can be set, at most: a year.
MAX_HOURS = 8_784.0


def checked(rule: AlarmRule) -> AlarmRule:
    """Return a rule as it is stored: its market by its usual name, and omitted parts filled in.

    Whether a model or a source exists is not looked at here.

    Raises:
        InvalidInput: If a part is missing, does not belong to the kind, or is outside its rules.
    """
    if rule.kind not in KINDS:
        raise InvalidInput(f"An alarm is one of {', '.join(KINDS)}. Received: {rule.kind!r:.40}.")
    _check_parts(rule)
    coin = _market(rule.coin) if rule.coin else ""
    interval = rule.interval or ("1h" if coin else "")
    if interval:
        step_of(interval)
    value = rule.value or (VALUES[rule.kind][1] if rule.kind in VALUES else 0.0)
    if rule.kind == SOURCE and not value:
        value = SILENT_CANDLES * INTERVALS[interval].total_seconds() / 3600
    step = 1 if rule.kind == CALIBRATION and not rule.step else rule.step
    rule = dataclasses.replace(rule, coin=coin, interval=interval, value=value, step=step)
    _check_value(rule)
    if rule.step < 0:
        raise InvalidInput(f"`step` must be 1 or more. Received: {rule.step}.")
    return rule


def _check_parts(rule: AlarmRule) -> None:
    """Refuse a part that is missing, and one that does not belong to the kind."""
    name = VALUES.get(rule.kind, ("value", 0))[0]
    words = {"value": name}
    for part in NEEDS[rule.kind]:
        if not getattr(rule, part):
            raise InvalidInput(
                f"An alarm of the kind {rule.kind} needs `{words.get(part, part)}`. Received: "
                "none. Add it."
            )
    for each in dataclasses.fields(rule):
        part = each.name
        if part == "kind" or part in (*NEEDS[rule.kind], *TAKES[rule.kind]):
            continue
        if getattr(rule, part):
            raise InvalidInput(
                f"An alarm of the kind {rule.kind} has no `{words.get(part, part)}`. Received: "
                f"{getattr(rule, part)!s:.40}. Leave it out."
            )


def _check_value(rule: AlarmRule) -> None:
    value, received = rule.value, f"Received: {rule.value:g}."
    if rule.kind == CANDLE and not MIN_THRESHOLD <= value <= MAX_THRESHOLD:
        raise InvalidInput(
            f"`rarity` must be {MIN_THRESHOLD} to {MAX_THRESHOLD:,}, for 1 in so many. {received}"
        )
    if rule.kind == PRICE and not (math.isfinite(value) and value > 0):
        raise InvalidInput(f"`price` must be a number above 0. {received}")
    if rule.kind == RANGE and value not in LEDGER_LEVELS:
        levels = ", ".join(map(str, LEDGER_LEVELS))
        raise InvalidInput(f"`level` must be one of {levels}. {received}")
    if rule.kind == SOURCE and not 0 < value <= MAX_HOURS:
        raise InvalidInput(f"`hours` must be above 0 and at most {MAX_HOURS:,.0f}. {received}")


def _market(text: str) -> str:
    """Return the name that histories and the ledger have for a coin or pair."""
    coin = resolve(text)
    return market_name(coin.ticker, coin.quote)


def rule_text(rule: AlarmRule) -> str:
    """Write what a rule waits for: "BTC, 1h: a move as rare as 1 in 1,000"."""
    market = f"{rule.coin}, {rule.interval}"
    step = f"step {rule.step}" if rule.step else "last step"
    if rule.kind == CANDLE:
        return f"{market}: a move as rare as 1 in {rule.value:,.0f}"
    if rule.kind == PRICE:
        return f"{market}: the price touches {price_text(rule.value, quote(rule))}"
    if rule.kind == RANGE:
        name = predictor_name(rule.model)
        return f"{market}: a close outside the {rule.value:.0f} % range of {name}, {step}"
    if rule.kind == CALIBRATION:
        name = predictor_name(rule.model)
        return f"{market}: the ranges of {name} no longer keep their promise, {step}"
    if rule.kind == MODEL:
        return f"{predictor_name(rule.model)}: the model is past its date"
    who = rule.source or "any source"
    return f"{market}: no new candle of {who} for {rule.value:g} hours"


def quote(rule: AlarmRule) -> str:
    """Return the currency of the prices of a rule."""
    return resolve(rule.coin).quote
