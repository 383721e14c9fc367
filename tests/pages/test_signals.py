"""Signals on the pages: chosen in the training form, and tested with and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.service import shared
from cryptoforecast.types import OWNER
from tests import synthetic
from tests.pages.conftest import setting, words

INPUT = "signal:fear_greed"


def customise(page: AppTest) -> AppTest:
    """Draw the dialog in which a training is set up."""
    next(button for button in page.button if button.key == "customise").click().run()
    assert not page.exception
    return page


@pytest.mark.own_service
def test_a_signal_is_chosen_trained_and_tested_with_and_without(
    open_page: Callable[..., AppTest],
) -> None:
    page = customise(open_page())
    signals = setting(page, "signals")
    assert signals.label == "Signals beside the price"
    assert "Fear & Greed index" in signals.options
    assert "Move of ETH" in signals.options
    assert "Move of BTC" not in signals.options
    signals.set_value([INPUT])
    setting(page, "network").set_value("dense")
    setting(page, "epochs").set_value(1)
    setting(page, "lookback").set_value(10)
    customise(page)
    # Another input is taken away, and the signal stays.
    inputs = setting(page, "features")
    inputs.set_value(inputs.value[:2])
    customise(page)
    assert page.session_state["draft"].changes["features"] == (*inputs.value[:2], INPUT)
    page.button(key="train").click()
    customise(page)
    chosen = page.query_params["model"]
    job = shared().training.job(str(chosen).removeprefix("run-"))
    assert job is not None
    assert job.wait(240)
    assert job.error is None
    assert "a random index that knows nothing" in job.result.model.card.signals["fear_greed"]
    page.run()
    assert not page.error

    tested = open_page("backtest", model=str(chosen), view="Inputs")
    assert tested.multiselect(key="ablate").value == [INPUT]
    assert "6 trainings, in the background" in words(tested)
    history, spec = job.result.history, job.result.model.spec
    work = shared().ablations.submit(history, spec, (INPUT,), user=OWNER)
    assert work.wait(240)
    tested.run()
    assert not tested.exception
    result = shared().ablations.result(shared().ablations.key(history, spec, (INPUT,)))
    assert result is not None
    assert result.sentence.partition(": ")[0].partition(" &")[0] in words(tested)
    assert "trainings each way" in words(tested)
    (table,) = tested.table
    assert len(table.value) == 2
    assert list(table.value)[:3] == ["Error", "With", "Without"]
    tested.multiselect(key="ablate").set_value([]).run()
    assert "Choose some of the inputs" in words(tested)


def test_a_method_without_training_has_no_inputs_to_leave_out(
    open_page: Callable[..., AppTest],
) -> None:
    page = open_page("backtest", model="cone", view="Inputs")
    assert not [each for each in page.multiselect if each.key == "ablate"]


@pytest.mark.own_service
def test_models_that_read_a_signal_are_compared(open_page: Callable[..., AppTest]) -> None:
    model = synthetic.model(synthetic.spec(features=("return", INPUT), lookback=5))
    shared().saved_models.add(model, "moody", user=OWNER)
    page = open_page("models", compare="moody,btc-1h-dense")
    assert not page.error
    assert len(page.get("plotly_chart")) == 1
    page = open_page("models", compare="moody", coins="BTC,ETH")
    assert not page.error
    assert len(page.get("plotly_chart")) == 1
