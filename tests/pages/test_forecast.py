"""The Forecast page: a result without a click, choices in the URL, training as a job."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.forecasting.baselines import BASELINES, QUICK
from cryptoforecast.learning import bundles, specs, training_cache
from cryptoforecast.prices.live.sources import base_interval
from cryptoforecast.prices.live.yahoo import LOOK_BACK
from cryptoforecast.service import forget_shared, shared
from cryptoforecast.types import OWNER, Forecast, MarketQuery
from cryptoforecast.ui import inputs, selection
from cryptoforecast.ui.words import prices
from tests import synthetic
from tests.pages.conftest import ROOT, words


def test_the_landing_page_shows_a_verdict_and_charts_without_a_click(open_page):
    page = open_page()
    text = words(page)
    assert "the last price" in text
    assert "simulated" in text
    assert page.selectbox(key="model").value == inputs.FIRST["1h"] == "global-1h-lstm"
    assert len(page.get("plotly_chart")) == 6
    assert not page.error


def test_the_verdict_stands_before_the_first_chart(open_page):
    page = open_page()
    kinds = [element.type for element in page.main]
    order = [element for element in _flat(page) if element.type in ("markdown", "plotly_chart")]
    first_chart = next(i for i, element in enumerate(order) if element.type == "plotly_chart")
    before = "\n".join(str(element.value) for element in order[:first_chart])
    assert "the last price" in before, kinds


def test_a_rerun_makes_no_table_that_is_folded(open_page, monkeypatch):
    page = open_page()

    def made(*_):
        raise CryptoForecastError("A table was made.")

    monkeypatch.setattr(Forecast, "frame", made)
    page.run()
    assert not page.error
    page.session_state[f"table-{inputs.FIRST['1h']}-next"] = True  # opened
    page.run()
    assert [error.value for error in page.error] == ["A table was made."]


def test_slow_baselines_are_compared_after_a_click(open_page):
    page = open_page("", coin="BTC", model="cone")
    assert list(compared(page)) == list(QUICK)
    (button,) = [button for button in page.button if button.label.startswith("Compare with")]
    assert button.label == "Compare with linear regression and boosted trees too"
    button.click().run()
    assert not page.exception
    assert not page.error
    assert list(compared(page)) == list(BASELINES)
    assert not [button for button in page.button if button.label.startswith("Compare with")]


def compared(page):
    """Predictors in the table of all figures."""
    (table,) = [frame.value for frame in page.dataframe if "Predictor" in frame.value]
    return table["Predictor"]


def test_a_slow_baseline_can_be_chosen_and_its_band_is_compared(open_page):
    page = open_page("", coin="BTC", model="linear")
    text = words(page)
    assert not page.error
    assert "Its band's error is" in text
    assert "than the cone's" in text
    headline = next(line for line in text.splitlines() if line.startswith("### "))
    assert "band" not in headline


def test_the_headline_of_the_last_price_itself_is_one_sentence(open_page):
    page = open_page("", coin="BTC", model="naive")
    text = words(page)
    assert [metric.delta for metric in page.metric][:2] == ["same", "same"]
    headline, detail = (
        next(line for line in text.splitlines() if begin in line)
        for begin in ("the last price itself", "Its band's error is")
    )
    assert headline != detail
    assert headline.startswith("### ")


def test_simulated_prices_are_labelled_in_words(open_page):
    text = words(open_page())
    assert "not a real market" in text
    assert "These prices are simulated" in text


def test_the_page_shows_the_numbers_of_the_library(open_page):
    page = open_page("", coin="BTC", model="btc-1h-dense")
    service = shared()
    shown = {metric.label: metric.value for metric in page.metric}
    history = service.prices.history(_query(page), wait=0)
    result = service.backtests.of_saved(history, service.saved_models.load("btc-1h-dense").model)
    own = result.scores["stack"][-1]
    assert shown["80 % range held"] == f"{own.coverage_80 * 100:.1f} %"
    assert shown["Average miss (MAE)"] == f"${own.mae:,.2f}"
    change = 100 * (own.mae / result.scores["naive"][-1].mae - 1)
    deltas = {metric.label: metric.delta for metric in page.metric}
    assert deltas["Average miss (MAE)"] == ("same" if abs(change) < 0.05 else f"{change:+.1f} %")
    assert shown["Band error"] == f"{own.pinball * 1e4:.1f} bp"
    assert own.pinball != result.scores["dense"][-1].pinball
    assert deltas["80 % range held"] == f"{100 * own.coverage_80 - 80:+.1f} points"
    assert list(compared(page)) == [*QUICK, "dense", "stack"]
    assert f"dense alone: {result.verdicts['dense'].sentence}" in words(page)


def test_the_page_says_what_the_forecast_is_made_of(open_page):
    page = open_page("", coin="BTC", model="btc-1h-dense")
    service = shared()
    history = service.prices.history(_query(page), wait=0)
    model = service.saved_models.load("btc-1h-dense").model
    future = service.forecasts.next_steps(history, model)
    weights = future.weights.set_index("step")
    last = weights.iloc[-1] * 100
    assert (
        f"This forecast combines the network (dense) ({last['dense']:.0f} %) and a regression on "
        f"recent volatility (har) ({last['har']:.0f} %). The weights"
    ) in words(page)
    page.session_state["table-btc-1h-dense-weights"] = True  # opened
    page.run()
    (table,) = [frame.value for frame in page.dataframe if list(frame.value) == ["step", *weights]]
    assert (table.set_index("step") == weights).all(axis=None)


def test_a_baseline_is_made_of_nothing_else(open_page):
    page = open_page("", coin="BTC", model="cone")
    assert "combine" not in words(page)


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
    assert "Last simulated close of ETH" in [metric.label for metric in page.metric]


@pytest.mark.parametrize(
    ("interval", "first", "noun"),
    [("1d", "global-1d-lstm", "days"), ("4h", "cone", "4-hour"), ("1w", "cone", "weeks")],
)
def test_a_candle_without_a_saved_model_has_a_baseline(open_page, interval, first, noun):
    page = open_page("", interval=interval)
    assert page.selectbox(key="model").value == first
    assert noun in words(page)
    assert not page.error


@pytest.mark.parametrize("coin", ["ETH", "DOGE", "ATOM-USD"])
def test_every_coin_has_a_calibrated_band_at_first_sight(open_page, coin):
    page = open_page("", coin=coin)
    assert page.selectbox(key="model").value == "global-1h-lstm"
    text = words(page)
    assert f"past forecasts of {coin.removesuffix('-USD')} hourly prices" in text
    assert "The width of the band follows from how the model's last" in text
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
def test_each_candle_and_window_gives_a_verdict_in_its_own_units(open_page, interval, window):
    page = open_page("", interval=interval, model="cone", **{f"history_{interval}": window})
    text = words(page)
    assert not page.error
    assert prices(interval) in text
    assert "Too few forecasts" not in text
    headline = next(line for line in text.splitlines() if "Does not beat the last price" in line)
    # The shortest windows look less far ahead, so that the test still tells something.
    if window in ("1 day", "90 days"):
        assert headline.endswith(f" {AHEAD[interval].split()[1]} ahead")
    else:
        assert headline.endswith(f"{AHEAD[interval]} ahead")
    shown = {metric.label: metric.value for metric in page.metric}
    assert 50 < float(shown["80 % range held"].removesuffix(" %")) < 100


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


def test_too_few_prices_to_train_on_are_named_before_the_click(open_page):
    page = open_page("", interval="1w", history_1w="5 years")
    (warning,) = [box.value for box in page.warning if "too few to train on" in box.value]
    assert "weekly prices are too few" in warning
    assert "about 446 are needed" in warning
    assert "Choose a longer history, or shorter candles." in warning
    _train(page).run()
    assert "longer history" in page.error[0].value
    assert shared().training.job("anything") is None
    enough = open_page("", interval="1d")
    assert not [box for box in enough.warning if "too few" in box.value]


def test_inputs_that_never_change_are_not_offered_first(open_page):
    page = open_page("", interval="1d")
    assert page.multiselect(key="quick-lstm-1d-features").value == [
        "scaled_return", "scaled_move", "scaled_range", "short_range", "week",
    ]  # fmt: skip
    page.selectbox(key="interval").set_value("1w").run()
    assert "weekend" not in page.multiselect(key="quick-lstm-1w-features").value
    assert page.slider(key="quick-lstm-1w-horizon").value < 5


@pytest.mark.parametrize(
    "query",
    [
        {"coin": "../../etc/passwd"},
        {"coin": "<script>alert(1)</script>"},
        {"coin": ""},
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


def test_what_is_folded_is_drawn_when_it_is_opened(open_page):
    page = open_page()
    page.session_state["form-opened"] = False
    page.run()
    folded = [one.label for one in page.expander]
    assert "Train your own network" in folded
    assert not page.slider
    assert len(page.dataframe) == 1  # the scores, which are not folded
    page.session_state["train-form"] = True
    page.session_state[f"table-{inputs.FIRST['1h']}-next"] = True
    page.run()
    assert {"Lookback (candles)", "Epochs, at most"} <= {slider.label for slider in page.slider}
    assert len(page.dataframe) == 2
    page.session_state["train-form"] = False
    page.run()
    assert page.slider  # what was set in it stays set


def test_moving_a_slider_trains_nothing(open_page):
    page = open_page()
    page.slider(key="quick-lstm-1h-lookback").set_value(30).run()
    assert not page.exception
    assert shared().training.job("anything") is None
    assert page.selectbox(key="model").value == inputs.FIRST["1h"]


def test_a_setting_outside_the_rules_is_explained(open_page):
    page = open_page()
    page.multiselect(key="quick-lstm-1h-features").set_value([])
    _train(page).run()
    assert "`features` must be" in words(page)


def test_a_training_is_watched_tested_saved_and_opened_again(open_page):
    page = open_page("", history_1h="90 days")
    page.segmented_control(key="network").set_value("dense").run()
    for name, value in {"epochs": 1, "lookback": 10}.items():
        page.slider(key=f"quick-dense-1h-{name}").set_value(value)
    _train(page).run()
    chosen = page.query_params["model"]
    assert chosen.startswith("run-")
    job = shared().training.job(chosen.removeprefix("run-"))
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
    forget_shared()
    linked = open_page("", model=chosen, history_1h="90 days")
    assert not linked.error
    assert "the last price" in words(linked)


def test_a_cached_training_is_tested_on_its_own_prices_where_they_are_chosen():
    service, history = shared(), synthetic.history()
    spec = synthetic.spec(test=0.3)
    trained = service.backtests.run(history, spec)
    name = "run-" + training_cache.key(history, spec)
    assert selection.job(service, name) is None
    result = selection.backtest(service, name, history)
    assert result.own
    assert len(result.forecast) == len(trained.forecast) == 180 - 1
    np.testing.assert_array_equal(result.forecast.predicted, trained.forecast.predicted)
    assert selection.backtest(service, name, synthetic.history(seed=1)).own is False


def test_cancel_ends_a_training_long_before_its_last_epoch(open_page):
    service = shared()
    history = service.prices.history(MarketQuery("BTC", "1h"), wait=0)
    job = service.training.submit(history, specs.make("careful", epochs=200), user=OWNER)
    page = open_page("", model=f"run-{job.key}")
    assert "Training LSTM" in words(page)
    # It was started elsewhere: a link does not make it a training of this session.
    labels = page.selectbox(key="model").options
    assert f"Linked LSTM for BTC 1h · {job.key[:6]}" in labels
    next(button for button in page.button if button.label == "Cancel").click().run()
    assert job.state == "cancelled"
    page.run()
    assert "cancelled" in words(page)
    assert job.wait(60)
    assert job.state == "cancelled"
    assert job.progress is None or job.progress.epoch < 200


def _train(page: AppTest):
    return next(button for button in page.button if button.label == "Train").click()


def _query(page: AppTest) -> MarketQuery:
    start = pd.Timestamp.now("UTC").normalize() - pd.Timedelta(days=365)
    return MarketQuery("BTC", "1h", start.as_unit("ns"))


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
