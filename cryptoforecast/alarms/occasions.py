"""What has happened that a rule was set for; each function returns alarms, the oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import pandas as pd

from cryptoforecast.alarms import drift, rates
from cryptoforecast.ledger import separate
from cryptoforecast.ledger.separate import SeparateOutcome
from cryptoforecast.types import (
    INTERVAL_NOUNS,
    QUANTILES,
    Anomalies,
    ModelCard,
    PriceHistory,
    affixes,
    duration,
    moment_text,
    predictor_name,
    price_text,
    rarity_text,
    span_text,
)
from cryptoforecast.types.alarms import Alarm, SetRule
from cryptoforecast.types.expiry import expires, is_expired
from cryptoforecast.types.ledger import LedgerEntry, SeriesName

#: Moves of one rule that are told at once, the newest ones.
MAX_MOVES = 5
#: For so long after its date, a tick may renew a model before the alarm is raised.
GRACE = pd.Timedelta(days=1)
#: The ends of each range, by its level in %.
_ENDS = {50: (0.25, 0.75), 80: (0.1, 0.9), 95: (0.025, 0.975)}


def rare_moves(one: SetRule, anomalies: Anomalies, since: pd.Timestamp) -> list[Alarm]:
    """Return the candles that closed after a time and are as rare as the rule asks.

    Args:
        one: The rule.
        anomalies: Those of its market, at its threshold.
        since: UTC.
    """
    history = anomalies.surprises.history
    frame = anomalies.frame()
    alarms = []
    for row in frame[frame["closes_at"] > since].tail(MAX_MOVES).to_dict("records"):
        move, noun = float(row["move"]), INTERVAL_NOUNS[history.interval]
        verb = "rose" if move > 0 else "fell"
        rarity = rarity_text(row["rarity"])
        alarms.append(
            _alarm(
                one,
                occasion=_time(row["closes_at"]),
                title=f"{history.market} {verb} by {_percent(abs(move))}, {rarity}",
                sentence=f"{history.market} {verb} by {_percent(abs(move))} in the {noun} to "
                f"{moment_text(row['closes_at'])}, to {price_text(row['close'], history.quote)}. "
                f"The forecast made before it gave so large a move a chance of {rarity}.",
                path=_path("anomalies", coin=history.market, interval=history.interval),
            )
        )
    return alarms


def touched_price(one: SetRule, history: PriceHistory) -> list[Alarm]:
    """Return the first candle after the rule was set that touched its price.

    The candle in which the rule was set is left out, since it may have touched the price before. A
    price between the last close before that candle and the first candle after it was passed, and
    counts.
    """
    candles, price = history.candles, one.rule.value
    opened = candles.index + history.candle_length
    before = candles[opened <= one.created_at]
    after = candles[candles.index >= one.created_at]
    if after.empty:
        return []
    low, high = after["low"].to_numpy(float).copy(), after["high"].to_numpy(float).copy()
    if not before.empty:
        last = float(before["close"].iloc[-1])
        low[0], high[0] = min(low[0], last), max(high[0], last)
    touching = after.index[(low <= price) & (price <= high)]
    if touching.empty:
        return []
    closes_at = touching[0] + history.candle_length
    close = float(after.loc[touching[0], "close"])
    name = price_text(price, history.quote)
    return [
        _alarm(
            one,
            occasion="touched",
            title=f"{history.market} touched {name}",
            sentence=f"{history.market} touched {name} in the {INTERVAL_NOUNS[history.interval]} "
            f"to {moment_text(closes_at)}, which closed at {price_text(close, history.quote)}.",
            path=_path("market", coin=history.market, interval=history.interval),
        )
    ]


def left_range(one: SetRule, entry: LedgerEntry, step: int) -> Alarm:
    """Return the alarm for a forecast whose range did not hold the price that came.

    Args:
        one: The rule.
        entry: A graded forecast.
        step: The step that is looked at.
    """
    forecast, outcome = entry.forecast, entry.outcome
    name, level = forecast.series, round(one.rule.value)
    low, high = (
        price_text(
            float(forecast.quantiles[step - 1, QUANTILES.index(end)]), name.quote, estimate=True
        )
        for end in _ENDS[level]
    )
    high = high.removeprefix(affixes(name.quote)[0])
    close = float("nan") if outcome is None else float(outcome.actual[step - 1])
    ahead = duration(step, name.interval)
    return _alarm(
        one,
        occasion=f"forecast {entry.position}",
        title=f"{name.market} left its {level} % range",
        sentence=f"{name.market} closed at {price_text(close, name.quote)} on "
        f"{moment_text(forecast.closes_at(step))}, outside the {level} % range that "
        f"{predictor_name(name.model)} stored {ahead} before: {low} to {high}.",
        path=_ledger(name, step),
        step=step,
    )


def drifted(
    one: SetRule,
    name: SeriesName,
    step: int,
    outcomes: Sequence[SeparateOutcome],
    now: pd.Timestamp,
) -> list[Alarm]:
    """Return an alarm if the ranges of a quarter do not hold what they promise.

    Args:
        one: The rule.
        name: The series.
        step: The step that is looked at.
        outcomes: Those of the quarter, of forecasts that do not overlap.
        now: The time, UTC.
    """
    if not outcomes:
        return []
    hits, count = separate.hits(outcomes), len(outcomes)
    if drift.mean_evidence(hits, count) < drift.CLAIM:
        return []
    level = max(hits, key=lambda each: drift.evidence(hits[each], count, each))
    begun = drift.quarter(now)
    few = hits[level] / count < level / 100
    return [
        _alarm(
            one,
            occasion=f"quarter {begun:%Y-%m}",
            title=f"The ranges of {predictor_name(name.model)} for {name.market} "
            f"{'hold too few prices' if few else 'are wider than promised'}",
            sentence=f"The {level} % range of {predictor_name(name.model)} for {name.market}, "
            f"{duration(step, name.interval)} ahead, held {hits[level]:,} of {count:,} prices "
            f"since {begun:%Y-%m-%d}: {100 * hits[level] / count:.0f} % in place of {level} %.",
            path=_ledger(name, step),
            step=step,
        )
    ]


def past_date(one: SetRule, card: ModelCard, now: pd.Timestamp) -> list[Alarm]:
    """Return an alarm if a model has been past its date for longer than ``GRACE``.

    Args:
        one: The rule.
        card: Card of the model.
        now: The time, UTC.
    """
    if not is_expired(card, now - GRACE):
        return []
    name, date = predictor_name(one.rule.model), f"{expires(card):%Y-%m-%d}"
    return [
        _alarm(
            one,
            occasion=f"expired {date}",
            title=f"The model {name} is past its date",
            sentence=f"The model {name} expired on {date}: the last prices that it has learnt from "
            f"are of {card.learnt_until:%Y-%m-%d}. It still forecasts, but is worth renewing.",
            path=_path("models", card=one.rule.model),
        )
    ]


def silent(one: SetRule, last: pd.Timestamp | None, now: pd.Timestamp) -> list[Alarm]:
    """Return an alarm if no new candle has come for as long as the rule says.

    Args:
        one: The rule.
        last: When the newest candle closed, UTC; ``None`` if none ever came.
        now: The time, UTC.
    """
    rule = one.rule
    age = now - (one.created_at if last is None else last)
    if age < pd.Timedelta(hours=rule.value):
        return []
    who = rule.source or "any live source"
    newest = "None is known." if last is None else f"The last one closed on {moment_text(last)}."
    return [
        _alarm(
            one,
            occasion="no candle" if last is None else f"after {_time(last)}",
            title=f"No new price of {rule.coin}",
            sentence=f"No new {rule.interval} candle of {rule.coin} has come from {who} for "
            f"{span_text(age, close=True)}. {newest}",
            path=_path("market", coin=rule.coin, interval=rule.interval),
        )
    ]


def _alarm(
    one: SetRule, *, occasion: str, title: str, sentence: str, path: str, step: int = 1
) -> Alarm:
    return Alarm(one.number, occasion, title, sentence, rates.sentence(one.rule, step), path)


def _ledger(name: SeriesName, step: int) -> str:
    series = f"{name.model}.{name.predictor}.{name.interval}.{name.horizon}"
    return _path("ledger", market=name.market, series=series, ahead=str(step))


def _path(page: str, **query: str) -> str:
    return f"/{page}?{urlencode(query)}"


def _time(time: pd.Timestamp) -> str:
    return f"{time:%Y-%m-%dT%H:%MZ}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
