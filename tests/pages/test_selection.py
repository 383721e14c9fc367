"""What the Forecast page shows for the model that the user chose."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
import streamlit as st

from cryptoforecast.errors import Cancelled
from cryptoforecast.jobs import Job, Runner, Work
from cryptoforecast.learning import bundles
from cryptoforecast.service import Run, Service, shared
from cryptoforecast.types import OWNER, MarketQuery, PriceHistory
from cryptoforecast.ui import inputs, selection
from cryptoforecast.ui.coin_row import Choice
from cryptoforecast.ui.selection import View
from tests import synthetic

FIRST = inputs.FIRST["1h"]
KEY = "0" * 32


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Return the state of a session that has just begun."""
    state: dict[str, object] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


@pytest.fixture(scope="module")
def history() -> PriceHistory:
    """Return prices that no model has learnt from: those of later years."""
    prices = synthetic.history(2000)
    candles = prices.candles.set_axis(prices.candles.index + pd.Timedelta(days=1000))
    return dataclasses.replace(prices, candles=candles)


def view(history: PriceHistory, model: str) -> View:
    return selection.view(shared(), Choice(MarketQuery("BTC", "1h"), history, model))


def job_of(service: Service, monkeypatch: pytest.MonkeyPatch) -> Job[Run]:
    """Return a training that waits, as the service has it."""
    job: Job[Run] = Job(KEY, "LSTM for BTC 1h", lambda _: None)
    monkeypatch.setattr(service.training, "job", lambda key: job if key == KEY else None)
    return job


def finished(service: Service, monkeypatch: pytest.MonkeyPatch, work: Work[Run]) -> Job[Run]:
    """Return a training that is over, as the service has it."""
    job = Runner[Run](1).submit(KEY, "LSTM for BTC 1h", work, user=OWNER)
    assert job.wait(10)
    monkeypatch.setattr(service.training, "job", lambda key: job if key == KEY else None)
    return job


def test_the_default_has_no_title(history):
    assert view(history, FIRST) == View(FIRST)


@pytest.mark.parametrize(
    ("model", "title"), [("cone", "Volatility cone"), ("btc-1h-dense", "Bitcoin Dense")]
)
def test_another_model_is_named(history, model, title):
    assert view(history, model) == View(model, title)


def test_the_default_is_shown_while_a_training_waits(history, monkeypatch):
    job = job_of(shared(), monkeypatch)
    assert view(history, f"run-{KEY}") == View(FIRST, running=job)


@pytest.mark.parametrize("horizon", [24, 3])
@pytest.mark.parametrize(
    ("network", "title"), [("dense", "your Dense network"), ("lstm", "your LSTM")]
)
def test_a_network_of_ones_own_is_compared_however_far_it_looks(
    history, session, monkeypatch, horizon, network, title
):
    model = synthetic.model(synthetic.spec(network=network, horizon=horizon))
    finished(shared(), monkeypatch, lambda _: Run(KEY, history, model, cached=False))
    name = f"run-{KEY}"
    linked = title.replace("your", "a linked")  # of another user, or of an earlier visit
    assert view(history, name) == View(name, linked, own=True, rivals={"default": FIRST})
    session["runs"] = [name]
    result = view(history, name)
    assert result == View(name, title, own=True, rivals={"default": FIRST})
    assert selection.forecast_of_default(shared(), result, history) is not None
    assert list(selection.tests_of_rivals(shared(), result, history)) == ["default"]


def test_the_network_that_was_trained_before_is_a_rival_too(history, session):
    service = shared()
    for name, card in (("first", {}), ("daily", {"interval": "1d"}), ("second", {})):
        bundles.save(synthetic.model(**card), service.settings.home / "models", name)
    session["runs"] = ["first", "second"]
    assert view(history, "first").rivals == {"default": FIRST}
    result = view(history, "second")
    assert result.rivals == {"default": FIRST, "previous": "first"}
    tests = selection.tests_of_rivals(service, result, history)
    assert tests["previous"].model is service.saved_models.load("first").model
    # One that may have learnt from these prices, is gone, or reads other candles, is no rival.
    late = synthetic.model(cutoff=str(history.end), fingerprint="1" * 16)
    bundles.save(late, service.settings.home / "models", "late")
    for other in ("late", "gone", "daily"):
        session["runs"] = [other, "second"]
        result = view(history, "second")
        assert list(selection.tests_of_rivals(service, result, history)) == ["default"]


def test_a_saved_model_takes_the_place_of_its_training(session):
    session["runs"] = ["run-a", "run-b"]
    selection.rename_run("run-a", "mine")
    assert selection.session_runs() == ["mine", "run-b"]


def test_a_training_without_a_network_is_told_once(history, monkeypatch, session):
    def cancelled(monitor):
        raise Cancelled("Training was cancelled.")

    job = finished(shared(), monkeypatch, cancelled)
    session["failed-run"] = f"run-{KEY}"
    assert view(history, FIRST) == View(FIRST, failed=job)
    assert view(history, FIRST) == View(FIRST)
    session["failed-run"] = f"run-{KEY}"
    assert view(history, "cone") == View("cone", "Volatility cone", failed=job)
    assert view(history, "cone") == View("cone", "Volatility cone")


def test_a_saved_model_of_ones_own_is_shown_as_a_saved_one(history):
    service = shared()
    bundles.save(synthetic.model(), service.settings.home / "models", "mine")
    assert dataclasses.replace(view(history, "mine"), title="") == View("mine")
    assert not view(history, "mine").own
