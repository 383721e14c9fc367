"""A forecast names the very model that made it, also while another takes its place."""

from __future__ import annotations

import threading
from itertools import cycle

import cryptoforecast as cf
from cryptoforecast.learning import bundles
from cryptoforecast.service import Service
from cryptoforecast.service.outlooks import Question
from cryptoforecast.settings import Settings
from tests import synthetic


def test_a_forecast_has_the_version_of_the_weights_that_made_it(home):
    service, history = Service(Settings(home=home)), synthetic.history(400)
    models = [synthetic.model(synthetic.spec(network="dense"), seed) for seed in (1, 2)]
    question = Question(predictor="dense")
    quantiles = {}
    for model in models:
        bundles.save(model, home / "models", "mine", force=True)
        outlook = service.outlooks.of(history, "mine", question)
        quantiles[outlook.version] = outlook.json()["steps"][0]["quantiles"]
    first, second = quantiles.values()
    assert first != second
    ended = threading.Event()

    def replace():
        for model in cycle(models):
            bundles.save(model, home / "models", "mine", force=True)
            if ended.wait(0.003):
                return

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        for _ in range(40):
            outlook = service.outlooks.of(history, "mine", question)
            assert outlook.json()["steps"][0]["quantiles"] == quantiles[outlook.version]
    finally:
        ended.set()
        thread.join()


def test_a_model_of_the_library_keeps_the_version_that_was_loaded(home):
    first, second = (synthetic.model(seed=seed) for seed in (1, 2))
    bundles.save(first, home / "models", "mine")
    loaded = cf.load("mine")
    bundles.save(second, home / "models", "mine", force=True)
    replaced = cf.load("mine")
    assert loaded != replaced
    assert loaded.version != replaced.version
    assert replaced.save("other").version == replaced.version
