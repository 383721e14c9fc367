"""What can be set, what is refused, and what a rule is in words."""

from __future__ import annotations

import dataclasses

import pytest

from cryptoforecast.alarms import rates
from cryptoforecast.alarms.rules import NEEDS, TAKES, checked, rule_text
from cryptoforecast.cli import alarms_options
from cryptoforecast.errors import InvalidInput
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

GOOD = {
    CANDLE: AlarmRule(CANDLE, coin="btc"),
    PRICE: AlarmRule(PRICE, coin="ETH/EUR", value=5000),
    RANGE: AlarmRule(RANGE, coin="BTC", model="global-1h-lstm"),
    CALIBRATION: AlarmRule(CALIBRATION, coin="BTC", model="har", interval="1d"),
    MODEL: AlarmRule(MODEL, model="btc-1h-dense"),
    SOURCE: AlarmRule(SOURCE, coin="BTC", interval="4h", source="kraken"),
}


def test_every_kind_is_filled_in_and_said_in_words():
    assert set(KINDS) == GOOD.keys() == NEEDS.keys() == TAKES.keys()
    assert alarms_options.KINDS == KINDS
    assert [rule_text(checked(rule)) for rule in GOOD.values()] == [
        "BTC, 1h: a move as rare as 1 in 1,000",
        "ETH-EUR, 1h: the price touches €5,000.00",
        "BTC, 1h: a close outside the 95 % range of All-coin LSTM hourly, last step",
        "BTC, 1d: the ranges of HAR regression no longer keep their promise, step 1",
        "Bitcoin Dense: the model is past its date",
        "BTC, 4h: no new candle of kraken for 12 hours",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_part_and_one_that_does_not_belong_are_refused(kind):
    for part in NEEDS[kind]:
        empty = 0.0 if part == "value" else ""
        with pytest.raises(InvalidInput, match=f"the kind {kind} needs `"):
            checked(dataclasses.replace(GOOD[kind], **{part: empty}))
    others = {"coin": "BTC", "interval": "1h", "model": "har", "source": "kraken", "step": 2}
    for part in others.keys() - {*NEEDS[kind], *TAKES[kind]}:
        with pytest.raises(InvalidInput, match=f"has no `{part}`"):
            checked(dataclasses.replace(GOOD[kind], **{part: others[part]}))


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        (CANDLE, 19, "`rarity` must be"), (CANDLE, 1e6, "`rarity` must be"),
        (CANDLE, float("nan"), "`rarity` must be"), (PRICE, -1, "`price` must be"),
        (PRICE, float("inf"), "`price` must be"), (RANGE, 90, "`level` must be one of 50, 80, 95"),
        (SOURCE, -1, "`hours` must be"), (SOURCE, 9000, "`hours` must be"),
    ],
)  # fmt: skip
def test_a_value_outside_of_its_rules_is_refused(kind, value, rule):
    with pytest.raises(InvalidInput, match=rule):
        checked(dataclasses.replace(GOOD[kind], value=value))


def test_other_parts_outside_of_their_rules_are_refused():
    for change in ({"kind": "sunrise"}, {"interval": "7m"}, {"coin": "a b\nc"}):
        with pytest.raises(InvalidInput):
            checked(dataclasses.replace(GOOD[CANDLE], **change))
    with pytest.raises(InvalidInput, match="`step` must be 1 or more"):
        checked(dataclasses.replace(GOOD[RANGE], step=-1))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_how_often_it_comes_without_a_cause(kind):
    text = rates.sentence(checked(GOOD[kind]), 24)
    assert text.endswith(".")
    assert any(each in text for each in ("without any cause", "without a cause", "is a fact"))


def test_messages_quote_what_the_benchmark_measured():
    texts = {kind: rates.sentence(checked(rule), 24) for kind, rule in GOOD.items()}
    assert "Measured: 1.07 times as many on simulated prices." in texts[RANGE]
    assert "Measured: 27 of 2,000 quarters in which the promise was kept." in texts[CALIBRATION]
    assert texts[CANDLE].endswith(
        "Measured with 1 in 720: 0.85 times as many alarms on simulated prices, and 0.91 times as "
        "many on real prices."
    )
