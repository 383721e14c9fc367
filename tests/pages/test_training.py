"""Training on the Forecast page: settings, progress, cancel, result, saving, coming back."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.jobs import Job
from cryptoforecast.learning import bundles, specs, training_cache
from cryptoforecast.service import Run, forget_shared, shared
from cryptoforecast.types import OWNER, MarketQuery
from cryptoforecast.ui import drafts, inputs, selection
from tests import synthetic
from tests.pages.conftest import ROOT, customise, rows, setting, shown, words

pytestmark = pytest.mark.one_service


def test_the_dialog_is_drawn_when_it_is_opened(open_page):
    page = open_page()
    assert not page.slider
    assert not page.dataframe
    customise(page)
    assert {"Looks back, hours", "Looks ahead, hours"} <= {slider.label for slider in page.slider}
    assert [button.key for button in page.button if button.label == "Choose"] == [
        "choose-careful",
        "choose-popular",
    ]


def test_too_few_prices_to_train_on_are_named_before_the_click(open_page):
    page = customise(open_page("", interval="1w", history_1w="5 years"))
    (warning,) = [box.value for box in page.warning if "too few to train on" in box.value]
    assert "weekly prices are too few" in warning
    assert "about 446 are needed" in warning
    assert "Choose a longer history, or shorter candles." in warning
    page.button(key="train").click()
    customise(page)
    assert "longer history" in page.error[0].value
    assert "runs" not in page.session_state or not page.session_state["runs"]
    enough = customise(open_page("", interval="1d"))
    assert not [box for box in enough.warning if "too few" in box.value]


def test_inputs_that_never_change_are_not_offered_first(open_page):
    page = customise(open_page("", interval="1d"))
    assert setting(page, "features").value == [
        "scaled_return", "scaled_move", "scaled_range", "short_range", "week",
    ]  # fmt: skip
    # People read names, not the identifiers of the code.
    options = setting(page, "features").options
    assert "size of the move" in options
    assert not [name for name in options if "_" in name]
    page.selectbox(key="interval").set_value("1w")
    customise(page)
    assert "weekend" not in setting(page, "features").value
    assert setting(page, "horizon").value < 5


def test_moving_a_slider_trains_nothing_and_stays_moved(open_page):
    page = customise(open_page())
    setting(page, "lookback").set_value(30)
    customise(page)
    page.run()  # closed
    assert not page.slider
    assert not page.session_state["runs"]
    assert page.selectbox(key="model").value == inputs.FIRST["1h"]
    assert setting(customise(page), "lookback").value == 30


def test_another_recipe_undoes_the_changes_and_another_network_keeps_them(open_page):
    page = customise(open_page())
    setting(page, "lookback").set_value(30)
    customise(page)
    setting(page, "network").set_value("dense")
    customise(page)
    assert setting(page, "lookback").value == 30
    page.button(key="choose-popular").click()
    customise(page)
    assert setting(page, "lookback").value == 60
    assert page.session_state["draft"] == drafts.Draft("popular")
    assert page.button(key="is-popular").label == "Chosen"


@pytest.mark.parametrize(("size", "units"), [("Small", (32, 16)), ("Large", (128, 64))])
def test_a_size_is_the_units_of_both_layers(open_page, size, units):
    page = customise(open_page())
    assert setting(page, "size").value == "Medium"
    setting(page, "size").set_value(size)
    customise(page)
    assert page.session_state["draft"].changes == {"units": units}
    assert setting(page, "units1").value == units[0]
    setting(page, "units2").set_value(0)
    customise(page)
    assert page.session_state["draft"].changes == {"units": units[:1]}
    assert setting(page, "size").value is None


def test_a_setting_outside_the_rules_is_explained(open_page):
    page = customise(open_page())
    setting(page, "features").set_value([])
    customise(page)
    assert "`features` must be" in words(page)
    assert "train" not in [button.key for button in page.button]


@pytest.mark.own_service
def test_a_training_is_judged_saved_and_opened_again(open_page):
    page = customise(open_page())
    setting(page, "network").set_value("dense")
    setting(page, "epochs").set_value(1)
    setting(page, "lookback").set_value(10)
    customise(page)
    page.button(key="train").click()
    customise(page)
    chosen = page.query_params["model"]
    assert chosen.startswith("run-")
    job = shared().training.job(chosen.removeprefix("run-"))
    assert job is not None
    assert job.wait(120)
    page.run()
    assert not page.exception
    assert "your Dense network" in words(page)
    assert "My Dense network for BTC 1h" in page.selectbox(key="model").options
    (heading,) = page.header
    assert "the price stays put" in heading.value
    assert "the default" in words(page)  # it is compared with the default, in the same card
    on_forecast = rows(page)
    assert {"Combined forecast", "Dense network", "Default", "Stays put"} <= on_forecast.keys()
    assert (job.result.model.record.epochs, job.result.model.spec.lookback) == (1, 10)

    page.button(key="save").click().run()
    page.text_input[-1].set_value("mine")
    page.button(key="save").click()
    next(one for one in page.button if one.label == "Save" and one.key != "save").click()
    page.run()
    assert "Saved as mine" in page.toast[0].value
    assert "mine" in bundles.names(shared().settings.home / "models")
    # The saved one takes the place of the training, and is shown as before.
    assert page.query_params["model"] in ("mine", ["mine"])
    assert not [label for label in page.selectbox(key="model").options if label.startswith("My ")]
    assert rows(page) == on_forecast
    assert "save" not in [button.key for button in page.button]

    # The Models page says the same of the network alone, and of what it is combined with.
    on_models = rows(open_page("models", card="mine"))
    assert on_models["Dense network"] == on_forecast["Dense network"]
    assert on_models["Dense network"][0] in ("better", "no better", "worse")
    assert on_models["Combined forecast"][1] == on_forecast["Combined forecast"][1]
    assert on_models["Stays put"] == on_forecast["Stays put"]

    reopened = open_page("", model="mine")
    assert "Not a fair test" in words(reopened) or "put”" in words(reopened)

    # Training again starts from what was set, so that one change is one change.
    assert setting(customise(page), "epochs").value == 1

    # The link of the training also answers after the process that trained it is gone.
    forget_shared()
    linked = open_page("", model=chosen)
    assert not linked.error
    assert "Default" in rows(linked)


@pytest.mark.own_service
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


@pytest.mark.own_service
def test_cancel_ends_a_training_long_before_its_last_epoch(open_page):
    job = long_training()
    name = f"run-{job.key}"
    page = open_page("", model=name)
    assert "Training LSTM" in words(page)
    # It was started elsewhere: a link does not make it a training of this session.
    assert f"Linked {job.title}" in page.selectbox(key="model").options
    page.button(key="cancel").click().run()
    assert job.state == "cancelled"
    assert "cancelled" in words(page)
    assert page.selectbox(key="model").value == inputs.FIRST["1h"]
    assert not [label for label in page.selectbox(key="model").options if "LSTM for" in label]
    page.run()
    assert "cancelled" not in words(page)  # said once
    assert job.wait(60)
    assert job.state == "cancelled"
    assert job.progress is None or job.progress.epoch < 200


@pytest.mark.own_service
def test_after_a_cancel_the_model_from_before_is_there_again(open_page):
    page = open_page("", model="cone", history_1h="90 days")
    page.button(key="train-own").click().run()
    assert page.selectbox(key="model").value.startswith("run-")
    page.button(key="cancel").click().run()
    assert "cancelled" in words(page)
    assert page.selectbox(key="model").value == "cone"


@pytest.mark.own_service
def test_a_training_of_this_session_is_shown_on_every_page_until_it_ends(open_page):
    job = long_training()
    page = open_page()
    assert not statuses(page)
    page.session_state["runs"] = [f"run-{job.key}"]
    # Where the card shows it, card and header are drawn together and say the same.
    page.session_state["open"] = f"run-{job.key}"
    page.run()
    (status,) = statuses(page)
    (heading,) = page.header
    share = status.removeprefix("Training ").replace(" s", " s left" if "·" in status else " s")
    assert heading.value in (share, "Starting")
    page.selectbox(key="model").set_value("cone").run()
    assert len(statuses(page)) == 1  # another model is shown, and the training goes on
    page.switch_page(str(ROOT / "pages" / "market.py")).run()
    (status,) = statuses(page)
    assert status.startswith(("Training starts", "Training waits", "Training 0 %"))
    shared().training.cancel(job.key, user=OWNER)
    page.run()
    assert not statuses(page)
    page.switch_page(str(ROOT / "pages" / "forecast.py")).run()
    assert not [label for label in page.selectbox(key="model").options if label.startswith("My ")]
    assert job.wait(60)


def statuses(page: AppTest) -> list[str]:
    """Return what the head of the page says of a training."""
    labels = [shown(link.proto.label) for link in page.get("page_link")]
    return [label for label in labels if label.startswith("Training")]


def long_training() -> Job[Run]:
    """Start a training that takes minutes."""
    service = shared()
    history = service.prices.history(MarketQuery("BTC", "1h"), wait=0)
    return service.training.submit(history, specs.make("careful", epochs=200), user=OWNER)
