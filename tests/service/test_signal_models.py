"""Models that read a signal: the ledger, a tick and a search for anomalies fetch it by its name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

import cryptoforecast as cf
from cryptoforecast import api
from cryptoforecast.errors import InvalidInput, SourceUnavailable
from cryptoforecast.prices import simulate
from cryptoforecast.service import (
    LedgerService,
    PriceService,
    Service,
    SignalService,
    price_choices,
    shared,
)
from cryptoforecast.settings import Settings
from cryptoforecast.signals.fear_greed import FearGreed
from cryptoforecast.types import OWNER
from tests import synthetic
from tests.service.test_ledger import HOUR, Market
from tests.signals import signal_server

INPUTS = ("return", "signal:fear_greed")


@pytest.fixture
def index():
    with signal_server.running() as server:
        yield server


@pytest.fixture
def service(home, index):
    """Prices of two months until now, and the index of a local server."""
    now = pd.Timestamp.now("UTC")
    market = Market(now)
    market.candles["BTC-USD"] = simulate(
        "BTC", "1h", now.floor("h") - 1450 * HOUR, now.floor("h")
    ).candles
    settings = Settings(home=home, fresh=0, retry=0, pause=0)
    service = Service(settings)
    prices = PriceService(settings, [market])
    signals = SignalService(settings, prices, [FearGreed(index.url)])
    service.prices, service.signals = prices, signals
    service.ledger = LedgerService(
        settings, prices, signals, service.saved_models, service.forecasts, service.outlooks
    )
    for name, features in (("moody", INPUTS), ("own", ("return", "signal:mood"))):
        model = synthetic.model(synthetic.spec(features=features, lookback=5))
        service.saved_models.add(model, name, user=OWNER)
    yield service
    service.ledger.close()


def test_the_ledger_fetches_the_signals_of_a_model(service, index):
    (attempt,) = service.ledger.record(["moody"], ["BTC"])
    assert attempt.state == "recorded"
    assert [each["path"] for each in index.requests] == ["/fng/"]
    model = service.saved_models.load("moody").model
    prices = service.prices.history(price_choices.window("BTC", "1h"))
    history = service.signals.beside(prices, INPUTS)
    steps = service.forecasts.next_steps(history, model, "moody", "stack")
    (entry,) = service.ledger.entries()
    np.testing.assert_allclose(
        entry.forecast.quantiles, steps.forecast.quantile_prices[0], rtol=1e-7
    )
    # The values that it was made from are in the fingerprint.
    assert entry.forecast.fingerprint == history.fingerprint != prices.fingerprint


def test_a_signal_that_can_not_be_had_refuses_its_model_alone(service, index):
    index.status = 500
    moody, own, naive = service.ledger.record(["moody", "own", "naive"], ["BTC"])
    assert [each.state for each in (moody, own, naive)] == ["refused", "refused", "recorded"]
    assert "The signal fear_greed could not be had." in moody.refusal
    assert "There is no signal mood." in own.refusal
    with pytest.raises(SourceUnavailable, match="fear_greed could not be had"):
        service.ledger.record(["moody"], ["BTC"])


def test_anomalies_are_found_by_a_model_that_reads_a_signal(home):
    """Beside simulated prices stands a simulated signal."""
    model = synthetic.model(synthetic.spec(features=INPUTS, lookback=5))
    shared().saved_models.add(model, "moody", user=OWNER)
    with TestClient(api.create(shared())) as client:
        answer = client.get("/api/v1/anomalies", params={"coin": "BTC", "model": "moody"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"] == "moody"
    prices = cf.fetch("BTC", start="2024-01-01", end="2024-05-01", simulated="only")
    anomalies = cf.anomalies(prices, model="moody")
    assert anomalies.model == "moody"
    assert any(
        "fear_greed is simulated" in note for note in anomalies.result.surprises.history.notes
    )
    mood = cf.signal(pd.Series(1.0, prices.frame().index[:9], name="mood"), "mood", lag="0h")
    with pytest.raises(InvalidInput, match="must be an input of the network"):
        cf.anomalies(prices, model="moody", signals=[mood])
