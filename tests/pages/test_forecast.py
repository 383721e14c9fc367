"""The Forecast page: the answer and its judgement without a click, and choices in the URL."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.evaluation.judgement import judge
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.prices.live.sources import base_interval
from cryptoforecast.prices.live.yahoo import LOOK_BACK
from cryptoforecast.service import shared
from cryptoforecast.types import OWNER, short_moment_text
from cryptoforecast.ui import inputs, judgement
from cryptoforecast.ui import words as writing
from tests import synthetic
from tests.pages.conftest import ROOT, helps, rows, shown, words

pytestmark = pytest.mark.one_service


def answer(page: AppTest) -> str:
    """Return the finding of the page, its only h1."""
    (title,) = page.title
    return shown(title.value)


def finding(page: AppTest) -> str:
    """Return what the test of the forecast comes to, the h2 beside the answer."""
    (header,) = page.header
    return shown(header.value).split(":] ")[-1]


def test_the_landing_page_answers_and_judges_without_a_click(open_page):
    page = open_page()
    assert answer(page).startswith("80 % likely: $")
    assert finding(page) in judgement.HEADINGS.values()
    assert "Simulated prices" in words(page)
    assert page.selectbox(key="model").value == inputs.FIRST["1h"] == "global-1h-lstm"
    assert len(page.get("plotly_chart")) == 1
    assert page.button(key="train-own").label.startswith("Train my own · ")
    assert not page.error


def test_the_answer_stands_before_the_chart_and_the_judgement_before_the_tabs(open_page):
    page = open_page()
    kinds = [element.type for element in _flat(page)]
    assert kinds.index("title") < kinds.index("plotly_chart")
    assert kinds.index("header") < kinds.index("number_input")  # the first one of the tabs


def test_simulated_prices_are_labelled_in_words(open_page):
    page = open_page()
    assert "Simulated prices" in words(page)
    assert any("not a real market" in text for text in helps(page))
    (chart,) = page.get("plotly_chart")
    assert "the BTC simulated price is expected" in chart.proto.alt
    assert "the BTC simulated price ends above" in words(page)


def test_the_page_shows_the_numbers_of_the_library(open_page):
    page = open_page("", coin="BTC", model="btc-1h-dense")
    future, result = of_library("btc-1h-dense")
    prices = future.forecast.quantile_prices[0, -1, [2, 4, 6]]
    low, middle, high = (f"${price:,.0f}" for price in prices)
    assert answer(page) == f"80 % likely: {low} to {high}"
    text = words(page)
    assert f"by {short_moment_text(future.closing_times[-1])} · middle **{middle}**" in text
    own, naive = (result.scores[name][-1] for name in ("stack", "naive"))
    assert own.mae != result.scores["dense"][-1].mae
    bars = rows(page)
    assert bars["Combined forecast"][1] == f"${own.mae:,.0f}"
    alone = writing.VERDICTS.get(result.verdicts["dense"].outcome, "")
    assert bars["Dense network"] == (alone, f"${result.scores['dense'][-1].mae:,.0f}")
    assert bars["Stays put"][1] == f"${naive.mae:,.0f}"
    assert bars["80 % range"][1] == f"{100 * own.coverage_80:.0f} %"
    assert "Direction" not in bars  # its median is the last close
    assert f"Average miss, {len(result.forecast):,} past forecasts" in text
    opinion = judge(result)
    assert finding(page) == judgement.HEADINGS[opinion.outcome]
    assert judgement.line(opinion) in text


def test_a_direction_is_shown_beside_that_of_a_coin_that_is_tossed(open_page):
    page = open_page("", coin="BTC", model="drift")
    _, result = of_library("drift")
    share = result.scores["drift"][-1].directional_accuracy
    word = {"better": "proven", "tie": "not proven", "worse": "wrong more often"}
    assert rows(page)["Direction"] == (
        word[judge(result).direction.outcome],
        f"{100 * share:.0f} %",
    )


def test_the_last_price_is_no_better_than_itself(open_page):
    page = open_page("", coin="BTC", model="naive")
    assert finding(page) == judgement.HEADINGS["tie"]
    assert judgement.line(judge(of_library("naive")[1])) in words(page)
    labels = "".join(str(element.value) for element in page.get("html"))
    assert labels.count("<div>Stays put</div>") == 1


@pytest.mark.parametrize(("days", "tested"), [(300, False), (900, True)])
def test_a_range_that_is_hardly_tested_is_not_shown_as_if_it_were(open_page, days, tested):
    hourly = synthetic.history(days)
    index = pd.date_range(end="2026-11-30", periods=days, tz="UTC", name="time", unit="ns")
    daily = dataclasses.replace(
        hourly,
        interval="1d",
        candles=hourly.candles.set_index(index),
        fetched_at=index[-1] + pd.Timedelta(days=1),
    )
    name = shared().prices.open(daily, user=OWNER)
    page = open_page("", coin=name, interval="1d", model="global-1d-lstm")
    assert (rows(page)["80 % range"][0] == "unknown") != tested
    assert ("too few past forecasts to test this range" in words(page)) != tested


def test_the_url_holds_the_choices(open_page):
    page = open_page("", coin="ETH", model="cone")
    assert page.selectbox(key="coin").value == "ETH"
    assert page.selectbox(key="model").value == "cone"
    page.selectbox(key="coin").set_value("SOL").run()
    assert page.query_params["coin"] == "SOL"
    assert not page.exception


def test_a_link_wins_over_what_was_chosen_before(open_page):
    page = open_page("", coin="ETH", interval="5m")
    assert page.selectbox(key="model").value == "cone"
    page.query_params["model"], page.query_params["interval"] = "btc-1h-dense", "1h"
    page.run()
    assert page.selectbox(key="interval").value == "1h"
    assert page.selectbox(key="model").value == "btc-1h-dense"
    assert page.selectbox(key="coin").value == "ETH"


def test_choices_go_along_from_page_to_page(open_page):
    page = open_page("", coin="ETH", interval="5m")
    page.query_params.clear()
    page.switch_page(str(ROOT / "pages" / "market.py")).run()
    assert page.selectbox(key="interval").value == "5m"
    assert page.selectbox(key="coin").value == "ETH"


@pytest.mark.parametrize(
    ("interval", "first", "ahead"),
    [("1d", "global-1d-lstm", "7 days"), ("4h", "cone", "24 hours"), ("1w", "cone", "2 weeks")],
)
def test_a_candle_without_a_saved_model_has_a_baseline(open_page, interval, first, ahead):
    page = open_page("", interval=interval)
    assert page.selectbox(key="model").value == first
    assert f"What comes next · {ahead}" in words(page)
    assert not page.error


AHEAD = {
    "1m": "15 minutes", "5m": "1 hour", "15m": "3 hours", "1h": "24 hours", "4h": "24 hours",
    "1d": "7 days", "1w": "weeks",
}  # fmt: skip


def test_every_candle_that_can_be_picked_is_tested_here():
    assert list(inputs.WINDOWS) == list(AHEAD)


@pytest.mark.parametrize(
    ("interval", "window"), [(i, w) for i, windows in inputs.WINDOWS.items() for w in windows]
)
def test_each_candle_and_window_is_judged_in_its_own_units(open_page, interval, window):
    for _ in range(2):
        page = open_page("", interval=interval, model="cone", **{f"history_{interval}": window})
        future, result = of_library("cone", interval, window)
        by = f"by {short_moment_text(future.closing_times[-1])}"
        if by in words(page):
            break  # else a candle has closed in between
    assert not page.error
    assert finding(page) == judgement.HEADINGS["tie"]
    (chart,) = page.get("plotly_chart")
    span = chart.proto.alt.split(", ")[2].removesuffix(" after the last close")
    # The shortest windows look less far ahead, so that the test still tells something.
    if window in ("1 day", "90 days"):
        assert span.endswith(AHEAD[interval].split()[1])
    else:
        assert span.endswith(AHEAD[interval])
    assert f"{len(result.forecast):,} past forecasts" in words(page)
    assert any(writing.prices(interval) in text for text in helps(page))
    assert by in words(page)
    assert 50 < float(rows(page)["80 % range"][1].removesuffix(" %")) < 100


def test_no_window_asks_for_more_than_yahoo_gives():
    now = pd.Timestamp.now("UTC")
    for interval, windows in inputs.WINDOWS.items():
        limit = LOOK_BACK[base_interval(interval)]
        for window, days in windows.items():
            query = inputs.query("BTC", interval, window)
            if days is None:
                assert query.start is None
            elif limit is not None:
                assert query.start > now - limit, (interval, window)


def test_a_horizon_leaves_enough_to_test():
    assert [inputs.steps("1w", rows) for rows in (0, 100, 254, 522, 635)] == [1, 1, 2, 4, 4]
    assert inputs.steps("1h", 2160) == 20
    assert inputs.steps("1h", 8760) == 24


@pytest.mark.parametrize(
    "query",
    [
        {"coin": "../../etc/passwd"},
        {"coin": "<script>alert(1)</script>"},
        {"coin": ""},
        {"interval": "3s"},
        {"history_1h": "a million years"},
        {"tab": "<b>"},
    ],
)
def test_a_hostile_link_gets_a_clear_answer(open_page, query):
    page = open_page("", **query)
    assert page.error or answer(page).startswith("80 % likely: ")
    assert "Traceback" not in words(page)


def test_a_link_can_not_bring_its_own_pictures_and_links(open_page):
    page = open_page("", coin="![x](http://elsewhere/x.png)")
    shown = page.error[0].value
    assert "elsewhere" in shown
    assert "![" not in shown.replace("!\\[", "")
    assert "](" not in shown.replace("\\](", "")


def of_library(model: str, interval: str = "1h", window: str | None = None):
    """Return what the library forecasts and tests with a model, on the prices of the page."""
    service = shared()
    history = service.prices.history(_query(interval, window), wait=0)
    if model in BASELINES:
        steps = inputs.steps(interval, len(history))
        return (
            service.forecasts.of_baseline(history, model, steps),
            service.backtests.of_baseline(history, model, steps),
        )
    network = service.saved_models.load(model).model
    return (
        service.forecasts.next_steps(history, network),
        service.backtests.of_saved(history, network),
    )


def _query(interval: str = "1h", window: str | None = None):
    return inputs.query("BTC", interval, window)


def _flat(page: AppTest) -> list:
    elements: list = []

    def walk(block) -> None:
        for child in block.children.values():
            if hasattr(child, "children"):
                walk(child)
            else:
                elements.append(child)

    walk(page.main)
    return elements
