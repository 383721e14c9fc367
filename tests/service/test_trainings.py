"""A network is trained once, here or in the background, and answers without TensorFlow."""

import dataclasses
import logging
import subprocess
import sys

import numpy as np
import pytest

from cryptoforecast.errors import Cancelled, InvalidInput, NotEnoughData
from cryptoforecast.learning import bundles, training, training_cache
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from cryptoforecast.types import OWNER, Monitor
from tests import synthetic
from tests.service.answers import SPEC, assert_same_weights, figures


def test_the_same_question_is_answered_from_the_cache(trained, no_training):
    home, first = trained
    assert not first.cached
    service = Service(Settings(home, shipped=home / "none", live=False))
    again = service.backtests.run(synthetic.history(), SPEC)
    assert again.cached
    for name, forecast in first.forecasts.items():
        np.testing.assert_array_equal(forecast.quantiles, again.forecasts[name].quantiles)
    assert figures(again) == figures(first)
    assert again.verdict == first.verdict
    assert_same_weights(again.model, first.model)
    assert_same_weights(
        service.training.model(training_cache.key(synthetic.history(), SPEC)), first.model
    )


def test_the_second_answer_of_one_process_says_that_it_is_cached(service):
    model = synthetic.model(SPEC)
    history = synthetic.history()
    service.training.cache.put(training_cache.key(history, SPEC), model)
    assert not service.backtests.of_trained(history, model).cached
    assert service.backtests.run(history, SPEC).cached


def test_a_new_process_answers_without_tensorflow(trained):
    home, first = trained
    code = f"""
import sys
from pathlib import Path
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from tests import synthetic
home = Path({str(home)!r})
service = Service(Settings(home, shipped=home / "none", live=False))
result = service.backtests.run(synthetic.history(), synthetic.spec(epochs=1))
service.forecasts.next_steps(result.history, result.model)
heavy = sorted({{"tensorflow", "keras", "sklearn", "streamlit", "yfinance"}} & set(sys.modules))
print(result.cached, result.verdict.skill, heavy)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=2) == ["True", str(first.verdict.skill), "[]\n"]


def test_bypassing_the_cache_trains_anew_and_gives_the_same(trained):
    home, first = trained
    service = Service(Settings(home, shipped=home / "none", live=False))
    again = service.backtests.run(synthetic.history(), SPEC, use_cache=False)
    assert not again.cached
    assert figures(again) == figures(first)


def test_other_questions_are_trained(trained, no_training):
    home, _ = trained
    service = Service(Settings(home, shipped=home / "none", live=False))
    history = synthetic.history()
    for other, spec in (
        (history, dataclasses.replace(SPEC, seed=1)),
        (synthetic.altered(history, 599), SPEC),
        (dataclasses.replace(history, coin="ETH"), SPEC),
    ):
        with pytest.raises(AssertionError, match="nothing may be trained"):
            service.training.train(other, spec)


def test_progress_and_cancel_reach_the_training(service):
    with pytest.raises(Cancelled):
        service.backtests.run(synthetic.history(), SPEC, Monitor(cancelled=lambda: True))
    assert service.training.cache.get(training_cache.key(synthetic.history(), SPEC)) is None


def test_a_training_that_can_not_be_cached_is_returned(trained, tmp_path, caplog, monkeypatch):
    model = trained[1].model
    monkeypatch.setattr(training, "train", lambda *args: model)
    (tmp_path / "file").write_text("in the way")
    service = Service(Settings(tmp_path / "file" / "home", shipped=tmp_path, live=False))
    with caplog.at_level(logging.WARNING):
        assert service.training.train(synthetic.history(), SPEC).model is model
    assert "did not keep" in caplog.text


def test_a_job_gives_what_the_direct_way_gives(trained, no_training):
    home, first = trained
    service = Service(Settings(home, shipped=home / "none", live=False))
    job = service.training.submit(synthetic.history(), SPEC, user=OWNER)
    assert job.wait(20)
    assert job.title == "Dense network for BTC 1h"
    assert job.result.cached
    assert_same_weights(job.result.model, first.model)
    assert service.training.model(job.key) is job.result.model
    assert service.training.submit(synthetic.history(), SPEC, user=OWNER) is job


def test_what_can_not_be_trained_is_refused_before_it_queues(service):
    with pytest.raises(InvalidInput, match="`lookback` must be between"):
        service.training.submit(
            synthetic.history(), dataclasses.replace(SPEC, lookback=1), user=OWNER
        )
    with pytest.raises(NotEnoughData, match="training span"):
        service.training.submit(synthetic.history(100), SPEC, user=OWNER)
    with pytest.raises(InvalidInput, match="alive at its end"):
        service.training.submit(synthetic.dead(synthetic.history(), 100), SPEC, user=OWNER)


@pytest.mark.parametrize("key", ["", "../../etc", "0" * 32, "x\ny"])
def test_unknown_keys_are_no_runs(service, key):
    assert service.training.model(key) is None


def test_a_key_leads_nowhere_outside_the_cache(service):
    bundles.save(synthetic.model(), service.settings.home, "elsewhere")
    service.training.cache.put("0" * 32, synthetic.model())  # makes the folder
    assert service.training.model("../elsewhere") is None
