"""What is told about prices, how it is graded, and whether they are good to forecast."""

import dataclasses

import pandas as pd
import pytest

from cryptoforecast.prices.candles.repairs import REPAIRS
from cryptoforecast.prices.files import price_file
from cryptoforecast.service import sample, trust
from cryptoforecast.types import Problem, QualityReport
from tests import synthetic
from tests.prices.files import samples

KINDS = (
    "missing", "duplicates", "ohlc_violations", "outliers", "off_grid", "flat_tail", "flat",
    "zero_volume", "two_labels", "splices", "level_shift", "coarse_tick", "local_time", "future",
    "open", "live_price", "other_coin", "partial", "volume", "without a price", "something new",
)  # fmt: skip
END = pd.Timestamp("2026-11-28 15:30", tz="UTC")


def read(frame: pd.DataFrame, repairs=()):
    return price_file.read(samples.own(frame), "BTC.csv", repairs=repairs)


def texts(history, grade: str) -> list[str]:
    return [fact.text for fact in trust.facts(history) if fact.grade == grade]


def test_good_prices_have_three_good_facts():
    facts = trust.facts(synthetic.history(900))
    assert [fact.grade for fact in facts] == ["good"] * 3
    assert facts[0].text == "All 900 hours are there"
    assert trust.readiness(synthetic.history(900), facts) == "Good to forecast"


def test_simulated_prices_are_said_to_be_no_market_and_their_jumps_are_no_faults():
    jump = QualityReport(problems=(Problem("outliers", 2, 1, "none", repairs=("outliers",)),))
    real = synthetic.history(900, quality=jump, source="binance")
    simulated = dataclasses.replace(real, source="simulated", simulated=True)
    assert trust.worst(trust.facts(real)) == "bad"
    assert trust.worst(trust.facts(simulated)) == "watch"
    assert trust.facts(simulated)[0] == trust.SIMULATED
    # In a file somebody may have edited them.
    assert trust.worst(trust.facts(dataclasses.replace(simulated, source="file a.csv"))) == "bad"


def test_the_worst_comes_first_and_a_repair_makes_it_good():
    frame = samples.candles("1h", 900)
    frame.iloc[500, frame.columns.get_indexer(["high", "close"])] *= 4
    frame = frame.drop(frame.index[700:720])
    history = read(frame)
    facts = trust.facts(history)
    assert [fact.grade for fact in facts] == ["bad", "watch", "watch"]
    assert facts[0].text == "1 hour far away from all prices around"
    assert facts[0].effect.endswith("a hundred right ones. In line 502.")
    assert facts[0].repair == "outliers"
    assert facts[1].text == "One gap of 20 hours"
    assert facts[2].text == "Taken to be prices in USD"
    assert trust.readiness(history, facts) == "Good to forecast after one repair"
    assert not trust.is_good(history)
    assert not trust.misleads(facts)
    repaired = read(frame, ["outliers"])
    again = trust.facts(repaired)
    assert not texts(repaired, "bad")
    assert trust.is_good(repaired)
    (done,) = [fact for fact in again if fact.repaired]
    assert (done.grade, done.repair, done.text) == ("good", "outliers", "1 candle left out")
    assert trust.readiness(repaired, again).startswith("Good to forecast, with")


def test_a_coin_that_the_prices_do_not_name_is_something_to_watch():
    frame = samples.candles("1h", 900).assign(symbol="ETHUSDT")
    history = price_file.read(samples.own(frame), "x.csv", coin="BTC")
    (fact,) = [fact for fact in trust.facts(history) if "another coin" in fact.text]
    assert fact.grade == "watch"
    assert fact.effect == "These prices call their coin ETH, and are read as those of BTC."
    assert "another coin" not in str(trust.facts(price_file.read(samples.own(frame), "x.csv")))


def test_what_no_repair_mends_is_not_called_good():
    history = synthetic.history(900)
    few = dataclasses.replace(history, candles=history.candles.drop(history.candles.index[99:399]))
    gappy = price_file.read(samples.own(few.candles), "BTC.csv")
    assert texts(gappy, "bad") == ["One gap of 300 hours"]
    assert not any("are there" in text for text in texts(gappy, "good"))
    assert trust.misleads(trust.facts(gappy))
    sentence = trust.readiness(gappy, trust.facts(gappy))
    assert sentence == "A forecast of these prices would mislead"


@pytest.mark.parametrize(("rows", "short"), [(154, True), (155, False)])
def test_too_few_candles_are_told(rows, short):
    history = synthetic.history(rows)
    assert (trust.readiness(history, trust.facts(history)) == "Too short to forecast") == short
    assert trust.is_good(history) != short


def test_every_kind_of_problem_is_told_in_a_sentence():
    history = synthetic.history(900)
    for kind in KINDS:
        quality = QualityReport(problems=(Problem(kind, 30, 5, "none", "here and there"),))
        (fact, *_) = trust.facts(dataclasses.replace(history, quality=quality))
        assert fact.grade in ("bad", "watch")
        assert fact.text[0].isupper() or fact.text[0].isdigit()
        assert "{" not in fact.text + fact.effect


def test_every_repair_has_a_button():
    assert set(trust.REPAIR_LABELS) == set(REPAIRS)


def test_the_sample_says_that_it_is_simulated_and_has_something_of_each_grade():
    history = price_file.read(sample.content(END), sample.NAME)
    assert history.simulated
    facts = trust.facts(history)
    assert [fact.grade for fact in facts] == ["bad", "watch", "good"]
    assert facts[0].repair == "ohlc_violations"
    assert facts[1].text == "3 gaps, the longest 33 hours"
    assert trust.readiness(history, facts) == "Good to forecast after one repair"
    assert len(sample.content(END)) < 2_000_000
