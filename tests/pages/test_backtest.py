"""The Backtest page: a leaderboard without a click, folds in the background, choices in the URL."""

from __future__ import annotations

import dataclasses
import re
import time

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast import html_report
from cryptoforecast.charts.leaderboard import METRIC_NAMES
from cryptoforecast.evaluation.leaderboard import METRICS, leaderboard
from cryptoforecast.forecasting.baselines import BASELINES, QUICK
from cryptoforecast.learning import specs, training
from cryptoforecast.service import shared
from cryptoforecast.types import (
    OWNER,
    PREDICTOR_NAMES,
    MarketQuery,
    WalkPlan,
    predictor_phrase,
)
from cryptoforecast.ui import inputs
from cryptoforecast.ui import words as ui_words
from tests import synthetic
from tests.pages.conftest import shown, words

pytestmark = pytest.mark.one_service

QUICKLY = {"history_1h": "90 days", "model": "cone"}


@pytest.fixture
def at(open_page):
    """Return ``at(name, history_1h=..., **query)``: a page with that history window picked.

    A test that switches to a page can't count on the link's bound values, so the window, on which
    everything rests, is picked by hand.
    """

    def settled(name: str, history_1h: str | None = None, **query: str) -> AppTest:
        page = open_page(name, **query).run()
        if history_1h is not None:
            page.selectbox(key="history_1h").set_value(history_1h).run()
        assert not page.exception
        return page

    return settled


def charts(page: AppTest) -> int:
    return len(page.get("plotly_chart"))


def named(page):
    """Predictors of the leaderboard, by their identifiers."""
    identifiers = {name: predictor for predictor, name in PREDICTOR_NAMES.items()}
    return {identifiers[name] for name in standings(page)["Model"]}


def standings(page: AppTest) -> pd.DataFrame:
    """The table of the leaderboard, without the bold of the tested predictor."""
    (table,) = page.table
    return table.value.map(lambda text: shown(text).strip("*"))


def title(page: AppTest) -> str:
    (one,) = page.title
    return shown(one.value)


def markup(page: AppTest) -> str:
    """The bars of a page."""
    return " ".join(each.proto.body for each in page.get("html"))


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label.startswith(label)).click()
    return page.run()


def test_it_opens_with_a_verdict_and_a_leaderboard(at):
    page = at("backtest")
    text = words(page)
    assert title(page) == "Nothing beats “the price stays put” by more than chance"
    assert "past forecasts of BTC, 24 hours ahead, made " in text
    assert "Simulated prices" in text
    assert "one looks good by luck" in text
    assert charts(page) == 1
    assert named(page) == {*QUICK, "lstm", "stack"}
    assert "The forecasts combine the LSTM network and the HAR regression" in text
    assert any("No better than" in one.value for one in page.header)
    assert "LSTM network alone: " in text
    assert "Combined forecast, level with “the price stays put”" in text  # all of them tie
    assert not page.error


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("cone", "The volatility cone names no direction to trade in: its best guess was always"),
        ("drift", "Trades in the direction of {name} {verb} {gain:.3f} % each on average, before"),
    ],
)
def test_it_says_what_trades_in_the_direction_would_have_gained(at, model, text):
    page = at("backtest", history_1h="90 days", model=model)
    history = shared().prices.history(inputs.query("BTC", "1h", "90 days"), wait=0)
    horizon = inputs.steps("1h", len(history))
    forecast = shared().backtests.of_baseline(history, model, horizon).forecasts[model]
    outcomes = forecast.at(horizon)
    moves = np.sign(outcomes.predicted - outcomes.close) * outcomes.actual_returns
    gain = 100 * moves.mean()
    verb = "gained" if gain >= 0 else "lost"
    name = predictor_phrase(model)
    assert text.format(name=name, verb=verb, gain=abs(gain)) in words(page)


def test_the_board_shows_the_numbers_of_the_library(at):
    page = at("backtest", metric="mae", against="cone", ahead_24="6")
    service = shared()
    start = pd.Timestamp.now("UTC").normalize() - pd.Timedelta(days=365)
    history = service.prices.history(MarketQuery("BTC", "1h", start.as_unit("ns")), wait=0)
    result = service.backtests.of_saved(
        history, service.saved_models.load(inputs.FIRST["1h"]).model
    )
    expected = leaderboard(result, "mae", 6, "cone")
    table = standings(page)
    for row, each in zip(table.itertuples(index=False), expected.standings, strict=True):
        assert row[0] == PREDICTOR_NAMES[each.predictor]
        assert row[1] == html_report.metric_text("mae", each.value, "USD")
        assert row[2] in ("reference", ui_words.change(-each.skill))
        better = "better" if each.low > 0 else "worse" if each.high < 0 else "tie"
        word = row[3].split(maxsplit=1)[-1]  # behind its sign
        assert word in (ui_words.VERDICTS[better], ui_words.DASH)
        scores = result.scores[each.predictor][5]
        assert row[4] == html_report.metric_text("coverage_80", scores.coverage_80, "USD")
    page.session_state["table-leaderboard-mae-step-6"] = True
    page.run()
    numbers = page.dataframe[0].value
    assert list(numbers["skill"]) == [each.skill for each in expected.standings]


def test_every_metric_is_named_and_can_be_chosen(at):
    assert set(METRIC_NAMES) == set(METRICS)
    page = at("backtest", **QUICKLY)
    for metric in METRICS:
        page.selectbox(key="metric").set_value(metric).run()
        assert not page.exception
        assert METRIC_NAMES[metric].split(" (")[0] in standings(page).columns
    page.segmented_control(key="metric-short").set_value("pinball").run()
    assert page.selectbox(key="metric").value == "pinball"
    assert "Error of the range" in standings(page).columns


def test_the_card_is_about_the_measure_that_was_chosen(at):
    page = at("backtest", **QUICKLY)
    assert "Average miss, " in words(page)
    assert "How often right" in words(page)
    page.segmented_control(key="metric-short").set_value("pinball").run()
    (heading,) = [
        one for one in page.header if "stays put" in one.value and "against" not in one.value
    ]
    result = standings(page).set_index("Model")
    verdict = result.loc[PREDICTOR_NAMES["cone"], "Verdict"].split(maxsplit=1)[-1]
    says = {"better": "Beats", "worse": "Worse than", "no better": "No better than"}[verdict]
    assert says in heading.value
    assert "Error of the range, 20 hours ahead" in words(page)
    assert "How often right" not in words(page)
    assert result.loc[PREDICTOR_NAMES["cone"], "Error of the range"] in markup(page)
    page.selectbox(key="metric").set_value("coverage_80").run()
    assert any("range" in one.value or "promised" in one.value for one in page.header[1:])
    page.selectbox(key="metric").set_value("mae").run()
    page.selectbox(key="against").set_value("cone").run()
    assert any("The others are compared with it" in one.value for one in page.header)


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("mae", "Difference: average miss against “stays put”. Below 0 is better."),
        ("pinball", "Difference: error of the range against “stays put”. Below 0 is better."),
        (
            "directional_accuracy",
            "how much less often it is wrong than “stays put”. Above 0 is better.",
        ),
        ("coverage_80", "the share held against what was promised, in percentage points."),
    ],
)
def test_the_column_of_differences_is_explained(at, metric, text):
    assert text in words(at("backtest", **QUICKLY, metric=metric))


def test_a_walk_forward_test_is_explained_where_it_is_chosen(at):
    assert "the model learns again" not in words(at("backtest", **QUICKLY))
    page = at("backtest", **QUICKLY, test="Walk-forward", folds="2")
    assert "before each the model learns again" in words(page)


def test_choices_are_in_the_url(at):
    page = at("backtest", **QUICKLY)
    page.selectbox(key="metric").set_value("coverage_80").run()
    assert page.query_params["metric"] in ("coverage_80", ["coverage_80"])
    linked = at("backtest", **QUICKLY, view="Bands")
    assert linked.pills(key="view").value == "Bands"
    assert "Can the range be trusted?" in linked.pills(key="view").options
    assert charts(linked) == 4


@pytest.mark.parametrize(
    ("view", "drawn", "forecast"),
    [
        ("Delay", 1, "The line of .* is the chart itself, moved by"),
        ("Errors", 3, "Heavy tails|No heavy tails"),
        ("When", 3, "Errors are smallest in candles that open at"),
        ("Bands", 4, "80 % range"),
    ],
)
def test_each_view_draws_its_parts_and_says_what_they_show(at, view, drawn, forecast):
    page = at("backtest", **QUICKLY, view=view)
    assert charts(page) == drawn
    assert re.search(forecast, words(page))
    assert not page.error
    assert len([one for one in page.expander if not one.label.startswith("Train")]) >= drawn


@pytest.mark.parametrize(
    ("interval", "view", "drawn"),
    [("1d", "When", 2), ("1w", "When", 1), ("1m", "When", 2), ("1w", "Bands", 4)],
)
def test_candles_get_the_parts_that_mean_something(at, interval, view, drawn):
    page = at("backtest", interval=interval, model="naive", view=view)
    assert charts(page) == drawn
    assert not page.error


@pytest.mark.own_service
def test_only_what_is_on_screen_is_worked_out(at, monkeypatch):
    for name in ("measure", "by_step"):
        monkeypatch.setattr(f"cryptoforecast.evaluation.reliability.{name}", None)
    at("backtest", **QUICKLY)
    at("backtest", **QUICKLY, view="When")


@pytest.mark.parametrize("name", [name for name in BASELINES if name not in ("linear", "boosting")])
def test_a_baseline_walks_forward_at_once(at, name):
    page = at(
        "backtest", model=name, history_1h="90 days", test="Walk-forward", folds="3", view="Folds"
    )
    assert not page.error
    assert "Fitted again for each of 3 folds" in words(page)
    assert charts(page) == 1
    page.segmented_control(key="window").set_value("Sliding").run()
    assert "candles before it" in words(page)
    assert not page.exception


@pytest.mark.own_service
def test_a_saved_model_is_tested_on_all_prices_since_its_training(at):
    service = shared()
    query = inputs.query("BTC", "1h", "90 days")
    history = service.prices.history(query, wait=0)
    short = dataclasses.replace(history, candles=history.candles.iloc[:1000])
    trained = service.backtests.run(short, synthetic.spec(horizon=2))
    name = service.saved_models.save(trained, "early", user=OWNER).name
    page = at("backtest", model=name, history_1h="90 days", test="All since training")
    assert page.segmented_control(key="test").value == "All since training"
    history = service.prices.history(query, wait=0)  # a candle may have closed meanwhile
    unseen = sum(history.candles.index > pd.Timestamp(trained.model.card.cutoff))
    assert unseen > 1000
    assert f"{unseen - 2:,} past forecasts" in words(page)
    assert "Not a fair test" not in title(page)
    # Prices that are all later than the training: the first ones are left for the baselines.
    later = at("backtest", model="btc-1h-dense", history_1h="90 days", test="All since training")
    first = specs.needs(service.saved_models.load("btc-1h-dense").model.spec) - 1
    assert f"{len(history) - first - 24:,} past forecasts" in words(later)
    # What is no saved model has no such test.
    page.selectbox(key="model").set_value("cone").run()
    assert not page.exception
    assert page.segmented_control(key="test").options == ["Single test", "Walk-forward"]
    assert "“the price stays put”" in title(page)


@pytest.mark.own_service
def test_slow_baselines_join_after_a_click(at):
    page = press(at("backtest", **QUICKLY), "Compare with")
    assert not page.error
    assert named(page) == set(BASELINES)
    walked = press(at("backtest", **QUICKLY, test="Walk-forward", folds="2"), "Compare with")
    assert named(walked) == set(BASELINES)
    # The longest history that is offered, and a network, whose forecasts take the most memory.
    longest = {"history_1h": "2 years", "model": "global-1h-lstm"}
    page = press(at("backtest", **longest), "Compare with")
    assert named(page) == {*BASELINES, "lstm", "stack"}


@pytest.mark.own_service
def test_moving_a_slider_trains_nothing(at, monkeypatch):
    monkeypatch.setattr(training, "fit", None)
    page = at("backtest", test="Walk-forward")
    page.slider(key="folds").set_value(6).run()
    assert not page.exception
    assert title(page) == "Walk forward in 6 folds"
    assert "is trained 6 times" in words(page)
    assert charts(page) == 0


@pytest.mark.own_service
def test_a_network_walks_forward_in_the_background_and_its_link_comes_back(at, monkeypatch):
    service = shared()
    service.saved_models.save(_trained(service), "tiny", user=OWNER)
    link = {"model": "tiny", "history_1h": "90 days", "test": "Walk-forward", "folds": "2"}
    page = press(at("backtest", **link), "Run the test")
    key = page.query_params["walk"]
    key = key[0] if isinstance(key, list) else key
    job = service.training.job(key)
    assert job.wait(120)
    page.run()
    assert not page.exception
    assert "“the price stays put”" in title(page)
    assert "dense" in named(page)

    linked = at("backtest", **link, walk=key, view="Folds")
    assert "Fitted again for each of 2 folds" in words(linked)
    # Another question than the linked one is offered, not answered with the old result.
    other = at("backtest", **(link | {"folds": "3"}), walk=key)
    assert title(other) == "Walk forward in 3 folds"
    assert charts(other) == 0
    # A new candle moved the question on: the link still shows what it was made for.
    monkeypatch.setattr(service.walk_forward, "key", lambda *_: "walk-of-later-prices")
    later = at("backtest", **link, walk=key)
    assert "dense" in named(later)
    # Prices of another source are another question.
    tested = service.walk_forward.result(key)
    elsewhere = dataclasses.replace(tested.backtest.history, source="yahoo", simulated=False)
    joined = dataclasses.replace(tested.backtest, history=elsewhere)
    results = {key: dataclasses.replace(tested, backtest=joined)}
    monkeypatch.setattr(service.walk_forward, "result", results.get)
    assert title(at("backtest", **link, walk=key)) == "Walk forward in 2 folds"


def _trained(service, **changes):
    """A tiny network on the page's own candles, really trained."""
    query = inputs.query("BTC", "1h", "90 days")
    spec = synthetic.spec(horizon=2, **changes)
    return service.backtests.run(service.prices.history(query, wait=0), spec)


@pytest.mark.own_service
def test_a_running_walk_is_watched_and_can_be_cancelled(at):
    service = shared()
    query = inputs.query("BTC", "1h", "90 days")
    history = service.prices.history(query, wait=0)
    long = synthetic.spec(horizon=2, epochs=500)
    job = service.walk_forward.submit(history, long, WalkPlan(folds=3), user=OWNER)
    link = {"history_1h": "90 days", "test": "Walk-forward", "folds": "3", "walk": job.key}
    try:
        until = time.monotonic() + 60
        while job.progress is None and job.active and time.monotonic() < until:
            time.sleep(0.05)
        page = at("backtest", **link)
        assert "Dense network for BTC 1h in 3 folds" in words(page)
        press(page, "Cancel")
        assert job.state == "cancelled"
    finally:
        service.training.cancel(job.key, user=OWNER)
    assert job.wait(60)
    again = at("backtest", **link)
    assert "cancelled" in words(again)
    assert [button for button in again.button if button.label.startswith("Run the test · about ")]


@pytest.mark.own_service
def test_too_short_a_fold_is_refused_after_the_click(at):
    service = shared()
    service.saved_models.save(_trained(service, test=0.1), "tiny", user=OWNER)
    page = at("backtest", model="tiny", history_1h="90 days", test="Walk-forward", folds="12")
    press(page, "Run the test")
    assert "Choose a longer history, fewer folds" in page.error[0].value
    assert "walk" not in page.query_params


def test_a_network_of_closes_is_fed_its_own_forecasts_after_a_click(at):
    page = at("backtest", model="btc-1h-lstm-close", view="Delay", history_1h="90 days")
    assert charts(page) == 1
    press(page, "Start the free run")
    assert not page.error
    assert charts(page) == 2
    assert "Fed its own forecasts for 24 hours" in words(page)
    other = at("backtest", model="btc-1h-dense", view="Delay", history_1h="90 days")
    assert "can't be fed its own forecasts" in words(other)


def test_a_link_to_a_test_that_is_gone_says_so(at):
    page = at("backtest", test="Walk-forward", walk="walk-" + "0" * 32, folds="3")
    assert "The linked test is no longer here" in title(page)
    assert "3 folds" in words(page)
    assert [button for button in page.button if button.label.startswith("Run the test · about ")]


@pytest.mark.parametrize(
    "query",
    [
        {"coin": "<script>alert(1)</script>"},
        {"test": "Nonsense"},
        {"test": "Walk-forward", "folds": "-3"},
        {"test": "Walk-forward", "folds": "1e99", "model": "cone"},
        {"test": "Walk-forward", "folds": "abc", "gap": "NaN", "window": "x", "model": "cone"},
        {"test": "Walk-forward", "walk": "../../etc/passwd"},
        {"test": "Walk-forward", "walk": "walk-" + "0" * 32, "warm": "maybe"},
        {"view": "Folds"},
        {"view": "![x](http://elsewhere/x.png)"},
        {"metric": "speed", "against": "lstm"},
        {"ahead_24": "900"},
    ],
)
def test_a_hostile_link_gets_a_clear_answer(at, query):
    page = at("backtest", **query)
    text = words(page)
    assert page.error or title(page)
    assert "Traceback" not in text
    assert "elsewhere" not in text


def test_report_and_forecasts_can_be_taken_along(at):
    page = at("backtest", **QUICKLY)
    labels = [button.label for button in page.get("download_button")]
    assert {"Report (HTML)", "Forecasts (CSV)"} <= set(labels)


def test_a_rerun_asks_nothing_twice(at, monkeypatch):
    page = at("backtest", **QUICKLY, view="Bands")
    for name in ("measure", "by_step"):
        monkeypatch.setattr(f"cryptoforecast.evaluation.reliability.{name}", None)
    page.run()
    assert not page.exception
    assert charts(page) == 4
