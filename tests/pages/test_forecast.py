"""The Forecast page: a result without a click, choices in the URL, training as a job."""

from __future__ import annotations

import time

import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.learning import bundles, specs
from cryptoforecast.service import shared
from cryptoforecast.types import MarketQuery
from tests.pages.conftest import words


def test_the_landing_page_shows_a_verdict_and_charts_without_a_click(open_page):
    page = open_page()
    text = words(page)
    assert "the last price" in text
    assert "simulated" in text
    assert page.selectbox(key="model").value == "btc-1h-dense"
    assert len(page.get("plotly_chart")) == 4
    assert not page.error


def test_the_verdict_stands_before_the_first_chart(open_page):
    page = open_page()
    kinds = [element.type for element in page.main]
    order = [element for element in _flat(page) if element.type in ("markdown", "plotly_chart")]
    first_chart = next(i for i, element in enumerate(order) if element.type == "plotly_chart")
    before = "\n".join(str(element.value) for element in order[:first_chart])
    assert "the last price" in before, kinds


def test_simulated_prices_are_labelled_in_words(open_page):
    text = words(open_page())
    assert "not a real market" in text
    assert "These prices are simulated" in text


def test_the_page_shows_the_numbers_of_the_library(open_page):
    page = open_page("", coin="BTC", model="btc-1h-dense")
    service = shared()
    shown = {metric.label: metric.value for metric in page.metric}
    history = service.history(_query(page), wait=0)
    judged = service.judge_saved(history, service.model("btc-1h-dense").model)
    own = judged.scores["dense"][-1]
    assert shown["80 % band covered"] == f"{own.coverage_80 * 100:.1f} %"
    assert shown["Typical error (MAE)"] == f"${own.mae:,.2f}"


def test_the_url_holds_the_choices(open_page):
    page = open_page("", coin="ETH", model="cone")
    assert page.selectbox(key="coin").value == "ETH"
    assert page.selectbox(key="model").value == "cone"
    page.selectbox(key="coin").set_value("SOL").run()
    assert page.query_params["coin"] == "SOL"
    assert not page.exception


def test_days_have_a_baseline_where_no_model_of_days_is_saved(open_page):
    page = open_page("", interval="1d")
    assert page.selectbox(key="model").value == "cone"
    assert "days" in words(page)
    assert not page.error


@pytest.mark.parametrize(
    "query",
    [
        {"coin": "../../etc/passwd"},
        {"coin": "<script>alert(1)</script>"},
        {"coin": ""},
        {"model": "run-" + "0" * 32},
        {"model": "run-../../x"},
        {"model": "nothing-of-that-name"},
        {"interval": "3s"},
        {"history_1h": "a million years"},
    ],
)
def test_a_hostile_link_gets_a_clear_answer(open_page, query):
    page = open_page("", **query)
    assert page.error or "the last price" in words(page)
    assert "Traceback" not in words(page)


def test_a_link_can_not_bring_its_own_pictures_and_links(open_page):
    page = open_page("", coin="![x](http://elsewhere/x.png)")
    shown = page.error[0].value
    assert "elsewhere" in shown
    assert "![" not in shown.replace("!\\[", "")
    assert "](" not in shown.replace("\\](", "")


def test_moving_a_slider_trains_nothing(open_page):
    page = open_page()
    page.slider(key="quick-lstm-1h-lookback").set_value(30).run()
    assert not page.exception
    assert shared().runner.get("anything") is None
    assert page.selectbox(key="model").value == "btc-1h-dense"


def test_a_setting_outside_the_rules_is_explained(open_page):
    page = open_page()
    page.multiselect(key="quick-lstm-1h-features").set_value([])
    _train(page).run()
    assert "`features` must be" in page.error[0].value


def test_a_training_is_watched_judged_saved_and_opened_again(open_page):
    page = open_page("", history_1h="90 days")
    page.segmented_control(key="network").set_value("dense").run()
    for name, value in {"epochs": 1, "lookback": 10}.items():
        page.slider(key=f"quick-dense-1h-{name}").set_value(value)
    _train(page).run()
    chosen = page.query_params["model"]
    assert chosen.startswith("run-")
    job = shared().runner.get(chosen.removeprefix("run-"))
    assert job is not None
    assert job.wait(120)
    page.run()
    assert not page.exception
    assert "the last price" in words(page)
    assert "1 epochs" in words(page)

    page.text_input[-1].set_value("mine")
    next(button for button in page.button if button.label == "Save").click().run()
    assert page.success, words(page)
    assert "mine" in bundles.names(shared().settings.home / "models")

    reopened = open_page("", model="mine")
    assert "the last price" in words(reopened)

    # The link of the training also answers after the process that trained it is gone.
    shared.cache_clear()
    linked = open_page("", model=chosen, history_1h="90 days")
    assert not linked.error
    assert "the last price" in words(linked)


def test_cancel_takes_effect_within_a_second(open_page):
    service = shared()
    history = service.history(MarketQuery("BTC", "1h"), wait=0)
    job = service.submit(history, specs.make("careful", epochs=200))
    page = open_page("", model=f"run-{job.key}")
    assert "Training LSTM" in words(page)
    began = time.monotonic()
    next(button for button in page.button if button.label == "Cancel").click().run()
    assert job.state == "cancelled"
    assert time.monotonic() - began < 5
    page.run()
    assert "cancelled" in words(page)
    assert job.wait(60)


def _train(page: AppTest):
    return next(button for button in page.button if button.label == "Train").click()


def _query(page: AppTest) -> MarketQuery:
    import pandas as pd

    start = pd.Timestamp.now("UTC").normalize() - pd.Timedelta(days=365)
    return MarketQuery("BTC", "1h", start.as_unit("ns"))


def _flat(page: AppTest) -> list:
    found: list = []

    def walk(block) -> None:
        for child in block.children.values():
            if hasattr(child, "children"):
                walk(child)
            else:
                found.append(child)

    walk(page.main)
    return found
