"""The Ledger page: what was promised, what came, and what is due; and when nothing is stored."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from cryptoforecast import charts
from cryptoforecast.ledger import reading
from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.service import LedgerService, PriceService, forget_shared, shared
from cryptoforecast.types.alarms import CANDLE, MODEL, AlarmRule
from cryptoforecast.types.ledger_record import LedgerRecord, UsualTest
from cryptoforecast.ui import ledger, ledger_promise
from cryptoforecast.ui.words import change
from tests.ledger import making
from tests.pages.conftest import rows, words


@pytest.fixture
def filled(home):
    """A ledger of a model's forecasts, some of them due; and what is in it."""
    ledger, database, clock = making.opened(f"sqlite:///{home}/ledger.sqlite")
    making.fill(ledger, clock, 30)
    with database.reading() as connection:
        record = reading.record(connection, making.SERIES, 3)
        entries = reading.entries(connection, making.SERIES, 50)
    database.close()
    return record, entries


def test_the_page_says_how_often_the_range_held(open_page, filled):
    record, entries = filled
    page = open_page("ledger")
    share = record.shares[1]
    assert page.title[0].value == f"The 80 % range held {share.hits} of {share.count} prices"
    assert share.count == sum(entry.outcome is not None for entry in entries) == 27
    bars = rows(page)
    for each in record.shares:
        assert bars[f"{each.level} % range"][1] == f"{100 * each.value:.0f} %"
    assert {"Forecasts", "Stays put"} <= bars.keys()
    text = words(page)
    assert "30 stored, 3 open. Next due" in text
    assert "No better on the price than “stays put”." in text
    assert "so that a later change can be found" in text
    table = page.table[0].value
    assert list(table.columns) == ["Stored, UTC", "80 % range", "What came", "Result", "Miss"]
    assert len(table) == 8  # every third, and one of these is open
    assert table["Result"][0] == ""
    assert set(table["Result"][1:]) <= {"inside", "above", "below"}
    assert "Listed are forecasts that do not overlap" in text


def test_the_usual_test_stands_beside_the_verdict_that_may_be_looked_at_every_day(
    open_page, filled
):
    record, _ = filled
    few = words(open_page("ledger"))
    assert record.shares[0].separate == 9
    assert "Too few to judge yet" in few
    assert "one look only: price too few forecasts, range too few forecasts." in few
    record = shared().ledger.record_of(making.SERIES, 1)
    text = words(open_page("ledger", ahead="1"))
    price, range_ = (each.usual for each in record.verdicts)
    assert not any(each.better or each.worse for each in (price, range_))
    assert (
        "The usual test holds for one look only: neither is proven "
        f"({price.p_text}, {range_.p_text})."
    ) in text


@pytest.mark.parametrize(("difference", "p_value", "words"), [
    (1.0, 0.01, "price better (p = 0.010)"), (-1.0, 0.0001, "price worse (p < 0.001)"),
    (1.0, 0.2, "price not proven (p = 0.20)"), (1.0, float("nan"), "price too few forecasts"),
])  # fmt: skip
def test_each_result_of_the_usual_test_has_its_words(filled, difference, p_value, words):
    verdict = dataclasses.replace(
        filled[0].verdicts[0], usual=UsualTest(difference, p_value)
    )  # fmt: skip
    assert ledger_promise.usual_result(verdict) == words


@pytest.mark.parametrize(("against", "text"), [
    ("naive", "No forecast has differed from “stays put” yet."),
    ("cone", "No range has differed from the volatility cone yet."),
])  # fmt: skip
def test_equal_forecasts_are_no_evidence(filled, against, text):
    verdict = dataclasses.replace(
        filled[0].verdicts[0], against=against, forecasts=0, skill=float("nan"),
        low=float("nan"), high=float("nan"),
    )  # fmt: skip
    assert ledger_promise._verdict(verdict) == ("tie", text)
    assert "0 forecasts" not in ledger_promise._evidence(verdict)


@pytest.mark.parametrize(("gone", "revised", "text"), [
    (3, 1, "4 do not count: for 3 the source has no price any more, for 1 it has changed a "
     "candle."),
    (1, 0, "1 does not count: for 1 the source has no price any more."),
    (0, 2, "2 do not count: for 2 the source has changed a candle."),
])  # fmt: skip
def test_it_is_said_why_forecasts_do_not_count(filled, gone, revised, text):
    series = dataclasses.replace(filled[0].series, source_gone=gone, candle_revised=revised)
    assert ledger.void_sentence(series) == text


def test_a_forecast_of_several_steps_is_graded_when_its_last_has_closed(open_page, filled):
    assert "graded when its last hour has closed" in words(open_page("ledger"))


def test_step_and_model_are_in_the_address(open_page, filled):
    page = open_page("ledger", ahead="1", series="btc-1h-dense.stack.1h.2")
    record = shared().ledger.record_of(
        dataclasses.replace(making.SERIES, model="btc-1h-dense", horizon=2), 1
    )
    share = record.shares[1]
    assert page.title[0].value == f"The 80 % range held {share.hits} of {share.count} prices"
    assert "stored 1 hour before" in words(page)
    page = open_page("ledger", ahead="77", series="none", market="NONE")
    assert page.title[0].value.startswith("The 80 % range held")


def test_any_step_is_chosen_and_forecasters_stand_side_by_side(open_page, filled):
    page = open_page("ledger", ahead="2")
    steps = page.selectbox(key="ahead_1h_3")
    assert (steps.value, steps.options) == ("2", ["1 hour", "2 hours", "3 hours"])
    assert "Coins and models side by side" in words(page)
    assert "2 hours ahead, week by week" in words(page)
    (table,) = [each.value for each in page.table if "Coin and model" in each.value]
    others = dataclasses.replace(making.SERIES, model="btc-1h-dense", horizon=2)
    for name, row in zip((making.SERIES, others), table.itertuples(index=False), strict=True):
        record = shared().ledger.record_of(name, 2)
        price, band = (
            1 - own / other
            for own, other in (
                (record.total.miss, record.total.miss_naive),
                (record.total.pinball, record.total.pinball_cone),
            )
        )
        assert row[0].startswith("BTC, ")
        held = f"{100 * record.shares[1].value:.0f} %"
        assert tuple(row[1:]) == (f"{record.total.count}", change(price), change(band), held)
    assert table["Coin and model"].nunique() == 2
    steps.set_value("3").run()  # so far ahead looks one of them alone
    assert page.query_params["ahead"] in ("3", ["3"])
    assert "side by side" not in words(page)


def test_the_figure_of_several_has_the_weeks_of_each(filled):
    record, _ = filled
    later = dataclasses.replace(record, weeks=record.weeks[-1:])
    figure = charts.ledger_series({"one": record, "two": later}, dark=True)
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [trace.yaxis for trace in bars] == ["y", "y", "y2", "y2"]
    days = list(bars[0].x)
    assert list(bars[2].x) == days  # one axis of weeks
    week = record.weeks[-1]
    for trace, value in zip(bars[2:], (
        week.miss / week.miss_naive, week.pinball / week.pinball_cone
    ), strict=True):  # fmt: skip
        assert [each for each in trace.y if each is not None] == [pytest.approx(100 - 100 * value)]
    assert [note.text for note in figure.layout.annotations] == ["one", "two"]
    sentence = charts.summary_ledger_series({"one": record, "two": later})
    assert sentence.startswith("Against the range of the volatility cone, ")
    assert re.search(r"\(\+\d+(\.\d+)? %\).*\([+−]\d+(\.\d+)? %\)\.$", sentence)


def test_the_owner_stores_the_first_forecasts_by_a_click(open_page, headers) -> None:
    owner = dict(headers)
    headers.clear()
    assert "record" not in [button.key for button in open_page("ledger").button]  # a stranger
    headers.update(owner)
    page = open_page("ledger")
    page.button(key="record").click().run(timeout=120)
    assert not page.exception
    assert not page.error
    assert page.title[0].value == "No forecast has been graded yet"
    assert "One forecast waits for the outcome. It is due" in words(page)


@pytest.mark.own_service
def test_without_live_prices_the_owner_may_practise_on_simulated_ones(open_page) -> None:
    service = shared()
    live = dataclasses.replace(service.settings, live=True)
    prices = PriceService(live, [Coinbase("http://127.0.0.1:9")])
    service.settings = live
    service.ledger = LedgerService(
        live, prices, service.signals, service.saved_models, service.forecasts, service.outlooks
    )
    page = open_page("ledger")
    assert "practise" not in [button.key for button in page.button]
    page.button(key="record").click().run(timeout=120)
    assert page.warning[0].value.startswith("Live prices can't be reached now.")
    assert not service.ledger.series()
    page.button(key="practise").click().run(timeout=120)
    assert not page.exception
    assert not page.error
    assert page.title[0].value == "No forecast has been graded yet"
    assert all(each.name.simulated for each in service.ledger.series())
    recorded = sum(each.recorded for each in service.ledger.series())
    page.button(key="record-next").click().run(timeout=120)
    assert not page.exception
    assert not page.error
    # The candle may have closed meanwhile; none is stored twice.
    assert sum(each.recorded for each in service.ledger.series()) >= recorded


def test_an_empty_ledger_says_how_to_begin(open_page, home):
    page = open_page("ledger")
    assert page.title[0].value == "No forecast is stored yet"
    assert page.code[0].value == "python -m cryptoforecast tick"
    assert not (home / "ledger.sqlite").exists()


def test_before_the_first_is_due_the_page_says_when(open_page, home):
    ledger, _, _ = making.opened(f"sqlite:///{home}/ledger.sqlite")
    ledger.record([making.forecast()])
    page = open_page("ledger")
    assert page.title[0].value == "No forecast has been graded yet"
    assert "One forecast waits for the outcome. It is due" in words(page)
    assert "Nothing to judge yet" in words(page)


def test_simulated_prices_are_said_to_count_nowhere(open_page, home):
    ledger, _, clock = making.opened(f"sqlite:///{home}/ledger.sqlite")
    series = dataclasses.replace(making.SERIES, simulated=True)
    forecast = making.forecast(series=series)
    ledger.record([forecast])
    clock.now = forecast.due_at
    ledger.grade([making.outcome(1, forecast)])
    page = open_page("ledger")
    assert page.title[0].value.endswith("of 1 simulated prices")
    assert "counts nowhere" in str(page.get("badge")) + words(page)


def test_a_database_that_cannot_be_read_is_one_clear_message(open_page, home):
    home.mkdir(parents=True, exist_ok=True)
    (home / "ledger.sqlite").write_text("no tables" * 200)
    page = open_page("ledger")
    assert "can't be used" in page.error[0].value


def test_the_figure_has_a_mark_for_each_outcome(filled):
    record, entries = filled
    figure = charts.ledger_ranges(entries, 3)
    bars, inside, outside = figure.data
    assert len(bars.x) == 27
    assert len(figure.layout.shapes) == 3
    hits = sum(entry.outcome.inside[80][2] for entry in entries if entry.outcome is not None)
    assert (len(inside.x), len(outside.x)) == (hits, 27 - hits)
    np.testing.assert_allclose(
        np.array(bars.base, float) + np.array(bars.y, float),
        [float(e.forecast.quantiles[2, 6]) for e in entries[::-1] if e.outcome is not None],
    )
    assert f"{hits} of 27 held" in charts.summary_ledger_ranges(entries, 3)
    assert isinstance(record, LedgerRecord)
    weeks = charts.ledger_weeks(record)
    assert len(weeks.data[0].x) == len(record.weeks)


def test_weeks_that_differ_in_rounding_alone_count_as_equal(filled):
    record, _ = filled
    week = dataclasses.replace(record.weeks[0], pinball=1.0, pinball_cone=2.0)
    weeks = [
        dataclasses.replace(week, miss=miss, miss_naive=100.0)
        for miss in (100 - 1e-9, 100.0, 100 + 1e-9)
    ]
    sentence = charts.summary_ledger_weeks(dataclasses.replace(record, weeks=tuple(weeks)))
    assert sentence.startswith("In all 3 weeks the forecasts missed as much as the last price")
    assert "; in 3 their range was better" in sentence
    weeks[0] = dataclasses.replace(week, miss=99.0, miss_naive=100.0)
    sentence = charts.summary_ledger_weeks(dataclasses.replace(record, weeks=tuple(weeks)))
    assert sentence.startswith(
        "In 1 of 3 weeks the forecasts missed less than the last price, in 3"
    )


def test_the_owner_sees_the_alarms_and_whether_they_arrived(open_page, filled, monkeypatch):
    monkeypatch.setenv("CRYPTOFORECAST_ALARMS", "json://me:pa55word@127.0.0.1:1/s3cret")
    forget_shared()
    page = open_page("ledger")
    text = words(page)
    assert "No alarm is set" in text
    assert page.code[0].value.startswith("python -m cryptoforecast alarms add candle")
    assert "Messages go to json." in text
    service = shared()
    service.alarms.add(AlarmRule(MODEL, model="btc-1h-dense"))
    service.alarms.add(AlarmRule(CANDLE, coin="BTC"))
    (raised,) = service.alarms.run().raised
    page = open_page("ledger")
    text = words(page)
    assert "2 alarms are set" in text
    assert "BTC, 1h: a move as rare as 1 in 1,000" in text
    assert raised.alarm.sentence in text.split("\n")  # as the message has it
    assert " UTC, json waiting, 1 attempt" in text
    assert not any(secret in text for secret in ("pa55word", "s3cret", "127.0.0.1"))


def test_a_guest_sees_no_alarms(open_page, filled, headers):
    shared().alarms.add(AlarmRule(MODEL, model="btc-1h-dense"))
    headers.clear()
    page = open_page("ledger")
    assert page.title[0].value.startswith("The 80 % range held")
    assert "alarm" not in words(page).lower()


def test_alarms_can_be_set_before_a_forecast_is_stored(open_page):
    page = open_page("ledger")
    assert page.title[0].value == "No forecast is stored yet"
    assert [code.value.split()[3] for code in page.code] == ["tick", "alarms"]
    assert "Set `CRYPTOFORECAST_ALARMS` to say where messages go." in words(page)
