"""Signals on the pages: chosen in the training form, and tested with and without."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cryptoforecast.service import shared
from cryptoforecast.types import OWNER, User
from cryptoforecast.ui import missing
from tests import synthetic
from tests.pages.conftest import setting, words

INPUT = "signal:fear_greed"
#: The user of every page that AppTest runs.
VISITOR = User("test session id", owner=False)


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


def hours(lag: int = 0) -> tuple[str, bytes, str]:
    """Return a file of hourly values beside the last 400 days."""
    times = pd.date_range(end=pd.Timestamp.now("UTC").floor("h"), periods=9_600, freq="h")
    values = np.random.default_rng(7).normal(size=len(times)).round(3)
    frame = pd.DataFrame({"time": times + pd.Timedelta(hours=lag), "mood": values, "noise": 1})
    return "My mood.csv", frame.to_csv(index=False).encode(), "text/csv"


def add(page: AppTest, file: tuple[str, bytes, str], lag: str = "2h") -> AppTest:
    """Add a file in the dialog; its second column of values is not asked for."""
    uploader = next(each for each in page.file_uploader if each.key.startswith("own-signal"))
    uploader.set_value(file)
    return press_add(customise(page), lag)


def press_add(page: AppTest, lag: str) -> AppTest:
    def field(name: str) -> Any:
        kinds = (*page.selectbox, *page.text_input)
        return next((each for each in kinds if (each.key or "").startswith(name)), None)

    field("own-signal-known").set_value("other")
    customise(page)
    field("own-signal-lag").set_value(lag)
    if field("own-signal-column") is not None:
        field("own-signal-column").set_value("mood")
    page.button(key="add-own-signal").click()
    return customise(page)


@pytest.mark.own_service
def test_a_file_of_ones_own_is_added_with_its_lag_trained_and_left_out(
    open_page: Callable[..., AppTest],
) -> None:
    page = customise(open_page())
    page = add(page, hours())
    assert "My mood.csv, known 2h after its time, used for up to 3h" in words(page)
    assert "9,600 values" in words(page)
    assert "at 100 % of these hourly prices" in words(page)
    (signal,) = shared().signals.open.of(VISITOR)
    first = hours()[1].splitlines()[1].partition(b",")[0].decode()
    known = pd.Timestamp(first) + pd.Timedelta(hours=2)
    assert signal.values.index[0] == known
    assert shared().signals.open.of(User("another session", owner=True)) == ()
    own = setting(page, "signals")
    assert "my_mood (your file)" in own.options
    assert own.value == ["signal:my_mood"]

    setting(page, "network").set_value("dense")
    setting(page, "epochs").set_value(1)
    setting(page, "lookback").set_value(10)
    customise(page)
    page.button(key="train").click()
    customise(page)
    chosen = str(page.query_params["model"])
    job = shared().training.job(chosen.removeprefix("run-"))
    assert job is not None
    assert job.wait(240)
    assert job.error is None
    spec = job.result.model.spec
    assert spec.features[-1] == "signal:my_mood"
    assert "My mood.csv, known 2h" in job.result.model.card.signals["my_mood"]
    page.run()
    assert not page.error
    tested = open_page("backtest", model=chosen, view="Inputs")
    assert tested.multiselect(key="ablate").value == ["signal:my_mood"]
    assert "6 trainings, in the background" in words(tested)
    assert tested.button(key="compare-inputs").label.startswith("Compare")

    walk = open_page("backtest", model=chosen, test="Walk-forward", folds="2", view="Folds")
    walk.button(key="walk").click().run()
    folds = shared().training.job(str(walk.query_params["walk"]))
    assert folds is not None
    assert folds.wait(240)
    assert folds.error is None
    assert "signal:my_mood" in folds.result.history.candles

    # Another visit does not have the file, and says what to do.
    shared().signals.open.remove("my_mood", VISITOR)
    for name in ("", "backtest"):
        other = open_page(name, model=chosen)
        assert missing.SIGNAL in words(other)
        assert "My mood.csv, known 2h" in words(other)
        assert not other.get("plotly_chart")
    other = open_page(model=chosen)
    assert other.button(key="way-on").label == "Usual forecast"
    uploader = next(each for each in other.file_uploader if each.key.startswith("own-signal"))
    uploader.set_value(hours()).run()
    box = {(each.key or "").rpartition("-")[0]: each for each in other.selectbox}
    box["own-signal-known"].set_value("1h")
    box["own-signal-column"].set_value("mood")
    other.button(key="add-own-signal").click().run()
    assert missing.SIGNAL not in words(other)
    assert other.get("plotly_chart")


def many_values() -> bytes:
    times = pd.date_range("2024-01-01", periods=100_001, freq="min")
    return pd.DataFrame({"time": times, "value": 1.5}).to_csv(index=False).encode()


@pytest.mark.own_service
@pytest.mark.parametrize(
    ("content", "lag", "refusal"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(400), "1d", "needs a column of times"),
        (b"date,value\n2024-01-01,1\n2024-01-02,2\n", "soon", "must be a number of m, h, d or w"),
        (gzip.compress(b"date,value\n" + b"2024-01-01,1\n" * 300_000), "1d", "repeat themselves"),
        (many_values(), "1h", "may have 100,000 values here. Received: 100,001"),
        (gzip.compress(bytes(60_000_000)), "1d", "."),
        (b"date,value\n<b>x</b>,<script>\n", "1d", "can't be read"),
    ],
)
def test_a_hostile_file_is_refused_in_words_and_nothing_is_kept(
    open_page: Callable[..., AppTest], content: bytes, lag: str, refusal: str
) -> None:
    page = add(customise(open_page()), ("x.csv", content, "text/csv"), lag)
    (error,) = page.error
    assert re.search(refusal, error.value)
    assert shared().signals.open.of(VISITOR) == ()
    assert "signal:x" not in setting(page, "signals").options
