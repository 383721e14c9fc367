"""Anomalies in words and counts."""

import math

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.types import AlarmRate, Anomalies, Surprises, count_text, rarity_text
from cryptoforecast.types.anomalies import poisson_share
from tests import synthetic


@pytest.mark.parametrize(
    ("rarity", "text"),
    [
        (1.0, "1 in 1"), (9.6, "1 in 10"), (25.2, "1 in 25"), (313, "1 in 310"),
        (2412, "1 in 2,400"), (99_000, "1 in 99,000"), (1e5, "1 in 100,000+"),
        (math.nan, "–"),
    ],
)  # fmt: skip
def test_a_rarity_has_two_digits(rarity, text):
    assert rarity_text(rarity) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (0.069, "0.07"),
        (0.97, "1"),
        (1.07, "1.1"),
        (9.4, "9.4"),
        (10.8, "11"),
        (1234, "1,234"),
    ],
)
def test_a_count_is_short(count, text):
    assert count_text(count) == text


def test_the_poisson_distribution_adds_up():
    by_hand = sum(math.exp(-4.2) * 4.2**k / math.factorial(k) for k in range(4))
    assert poisson_share(3, 4.2) == pytest.approx(by_hand)
    assert poisson_share(-1, 4.2) == 0
    assert poisson_share(900, 4.2) == pytest.approx(1)


@pytest.mark.parametrize(
    ("alarms", "word"), [(3, "Fewer"), (5, "as often"), (15, "as often"), (18, "More")]
)
def test_only_an_unusual_count_breaks_the_promise(alarms, word):
    rate = AlarmRate("", 7200, "", "", 10.0, alarms, 90)
    assert word in rate.verdict
    assert rate.spike_ratio == 9


def findings(rows=1000, rare=(10, 990), interval="1h"):
    history = synthetic.history(1200)
    if interval != "1h":
        candles = history.candles.set_axis(
            pd.date_range("2020-01-01", periods=1200, freq="D", tz="UTC", unit="ns")
        )
        history = synthetic.history(1200, interval=interval, candles=candles)
    rarity = np.ones(rows)
    rarity[list(rare)] = 1000.0
    numbers = np.arange(rows) / 1000
    return Anomalies(
        Surprises(history, "har", range(1200 - rows, 1200), numbers, numbers, numbers, rarity,
                  rarity, 24, np.ones(rows)),
        1.0,
    )  # fmt: skip


def test_the_sentence_counts_the_span_that_is_shown():
    assert findings().sentence == "2 surprising hours in 42 days, 1.4 expected"
    assert findings().recent.sentence == "1 surprising hour in 30 days, 1 expected"
    assert findings(rare=()).recent.sentence == "No surprising hours in 30 days, 1 expected"
    assert findings(interval="1d").recent.sentence == "1 surprising day in 365 days, 12 expected"


def test_the_last_candles_keep_their_rows():
    last = findings().surprises.last(10)
    assert last.moves.tolist() == [n / 1000 for n in range(990, 1000)]
    assert last.closes_at[0] == last.history.candles.index[1190] + pd.Timedelta(hours=1)
    assert len(last) == len(last.close) == 10


def test_the_list_has_the_alarms_or_every_candle():
    assert findings().frame()["move"].tolist() == [np.expm1(0.01), np.expm1(0.99)]
    assert len(findings().frame(all_candles=True)) == 1000
    assert findings().threshold == 720
    assert findings().spike_limit == pytest.approx(3.197, abs=1e-3)
