"""Alarms: what a user wants to be told of, what was raised, and what became of each message."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

#: A candle that is as rare as 1 in so many; a price that is touched; a close outside the range
#: that was stored for it; ranges that hold too many or too few prices; a model that is past its
#: date; a source without new candles.
CANDLE, PRICE, RANGE, CALIBRATION, MODEL, SOURCE = KINDS = (
    "candle", "price", "range", "calibration", "model", "source",
)  # fmt: skip

#: A message that a process is sending now; one that its destination took; one that it did not take,
#: to be sent again; one whose process ended before it knew; one that is not sent again.
SENDING, SENT, WAITING, UNSURE, GIVEN_UP = (
    "being sent", "sent", "waiting", "unsure", "given up",
)  # fmt: skip


@dataclass(frozen=True)
class AlarmRule:
    """What raises an alarm; what a kind does not need is empty or 0.

    Attributes:
        kind: One of ``KINDS``.
        coin: Coin or pair.
        interval: Candle length, a key of ``INTERVALS``.
        model: Saved model, or baseline.
        source: Live source; empty for all of them together.
        value: Of a candle, 1 in so many; of a price, the price in its quote currency; of a range,
            its level in %; of a source, hours without a new candle.
        step: Step of the forecast; 0 for its last one.
    """

    kind: str
    coin: str = ""
    interval: str = ""
    model: str = ""
    source: str = ""
    value: float = 0.0
    step: int = 0


@dataclass(frozen=True)
class SetRule:
    """A rule that is looked at with each tick.

    Attributes:
        number: Its number, which no other rule ever gets.
        created_at: When it was set, UTC. For the kinds ``CANDLE``, ``PRICE`` and ``RANGE``, nothing
            before this raises it.
        rule: The rule.
    """

    number: int
    created_at: pd.Timestamp
    rule: AlarmRule


@dataclass(frozen=True)
class Alarm:
    """Something that a rule was set for.

    Attributes:
        rule: Number of the rule.
        occasion: What tells it from other alarms of the rule: an occasion is raised once.
        title: What happened, in a few words.
        sentence: What happened.
        rate: How often such an alarm is to be expected without a cause.
        path: Path and query of the page that shows more.
    """

    rule: int
    occasion: str
    title: str
    sentence: str
    rate: str
    path: str


@dataclass(frozen=True)
class Delivery:
    """What became of the message of an alarm at one destination.

    Attributes:
        destination: Name of the destination, without anything secret.
        state: ``SENDING``, ``SENT``, ``WAITING``, ``UNSURE`` or ``GIVEN_UP``.
        attempts: How often it was sent.
    """

    destination: str
    state: str
    attempts: int


@dataclass(frozen=True)
class RaisedAlarm:
    """An alarm as it is stored.

    Attributes:
        number: Its number, which stands in the message.
        raised_at: When it was raised, UTC.
        alarm: The alarm.
        deliveries: What became of it, by destination; none before it was first sent.
    """

    number: int
    raised_at: pd.Timestamp
    alarm: Alarm
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True)
class Trial:
    """Whether a destination took a test message.

    Attributes:
        destination: Name of the destination.
        delivered: Whether it took the message.
        reason: Why not; empty otherwise.
    """

    destination: str
    delivered: bool
    reason: str = ""


@dataclass(frozen=True)
class AlarmRun:
    """What one look at all rules did.

    Attributes:
        raised: New alarms.
        unchecked: Rules that could not be looked at, and why.
        deliveries: Messages that were delivered.
        waiting: Messages that are to be sent again.
        given_up: Messages that are not sent again, without having been delivered.
        problem: Why nothing was sent; empty otherwise.
    """

    raised: tuple[RaisedAlarm, ...]
    unchecked: tuple[tuple[SetRule, str], ...]
    deliveries: int
    waiting: int
    given_up: int
    problem: str = ""


@dataclass(frozen=True)
class AlarmView:
    """The rules, the newest alarms, and whether delivery works.

    Attributes:
        rules: All rules.
        raised: The newest alarms, the newest first.
        destinations: Names of the destinations that are set.
        problem: What is wrong with the setting; empty otherwise.
    """

    rules: tuple[SetRule, ...]
    raised: tuple[RaisedAlarm, ...]
    destinations: tuple[str, ...]
    problem: str = ""


def delivery_text(raised: RaisedAlarm) -> str:
    """Write what became of an alarm: "sent to mailto; json waiting, 2 attempts"."""
    if not raised.deliveries:
        return "not sent yet"
    destinations = [each.destination for each in raised.deliveries if each.state == SENT]
    parts = [f"sent to {', '.join(destinations)}"] if destinations else []
    for each in raised.deliveries:
        if each.state == UNSURE:
            parts.append(f"{each.destination} may not have it")
        elif each.state != SENT:
            tries = "attempt" if each.attempts == 1 else "attempts"
            parts.append(f"{each.destination} {each.state}, {each.attempts} {tries}")
    return "; ".join(parts)
