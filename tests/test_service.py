"""The service: trains and tests once, saves safely, and warns where a forecast is doubtful."""

import concurrent.futures
import dataclasses
import json
import logging
import math
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

from cryptoforecast import json_views
from cryptoforecast.errors import (
    AlreadyExists,
    Cancelled,
    InvalidBundle,
    InvalidInput,
    NotEnoughData,
    UnknownModel,
)
from cryptoforecast.evaluation import backtest, walk_forward
from cryptoforecast.forecasting import network
from cryptoforecast.forecasting.baselines import BASELINES, HEAVY, QUICK
from cryptoforecast.jobs import Runner
from cryptoforecast.learning import bundles, inference, specs, training, training_cache
from cryptoforecast.service import (
    PREDICT_MODEL,
    BacktestService,
    ForecastService,
    Service,
    WalkForwardService,
    choices,
    keys,
)
from cryptoforecast.service.backtests import forecast_bytes
from cryptoforecast.service.heavy import OneHeavyFit
from cryptoforecast.service.memory import Memory
from cryptoforecast.service.saved_models import with_scores
from cryptoforecast.settings import Settings
from cryptoforecast.types import OWNER, Monitor, WalkPlan
from tests import synthetic

SPEC = synthetic.spec(epochs=1)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A home in which one question was answered, and the answer."""
    home = tmp_path_factory.mktemp("trained")
    service = Service(Settings(home, shipped=home / "none", live=False))
    return home, service.backtests.run(synthetic.history(), SPEC)


@pytest.fixture
def service(tmp_path):
    return Service(Settings(tmp_path / "home", shipped=tmp_path / "shipped", live=False))


@pytest.fixture
def no_training(monkeypatch):
    def refuse(*args):
        raise AssertionError("nothing may be trained here")

    monkeypatch.setattr(training, "train", refuse)


def backtest_of(service, model=None):
    """A backtest of a hand-made model, as if it had been trained on this history."""
    history = synthetic.history()
    card = {"fingerprint": history.fingerprint}
    return service.backtests.of_trained(
        history, synthetic.model(SPEC, **card) if model is None else model
    )


def assert_same_weights(one, other):
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def figures(result):
    """Scores that compare: undefined ones are None, where NaN differs from itself."""
    return {name: json_views.scores_json(steps) for name, steps in result.scores.items()}


# ------------------------------------------------------------------ trained once


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


# ------------------------------------------------------------------ walk forward


def test_each_fold_is_answered_from_the_cache(trained, monkeypatch, tmp_path):
    """The first is the holdout's own question; the second is trained once."""
    home = tmp_path / "copy"
    shutil.copytree(trained[0], home)
    service = Service(Settings(home, shipped=home / "none", live=False))
    history, plan = synthetic.history(), WalkPlan(folds=2)
    first = service.walk_forward.run(history, SPEC, plan)
    assert [fold.cached for fold in first.folds] == [True, False]
    assert_same_weights(first.folds[0].model, trained[1].model)
    monkeypatch.setattr(training, "fit", None)
    again = service.walk_forward.run(history, SPEC, plan)
    assert [fold.cached for fold in again.folds] == [True, True]
    assert figures(again.backtest) == figures(first.backtest)
    assert again.backtest.verdict == first.backtest.verdict


def test_bypassing_the_cache_asks_it_for_no_fold(trained, monkeypatch):
    home, first = trained
    service = Service(Settings(home, shipped=home / "none", live=False))
    fitted = []

    def fit(history, spec, cut, *args):
        fitted.append(cut)
        return first.model

    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(service.training.cache, "put", lambda *_: None)
    walk = service.walk_forward.run(synthetic.history(), SPEC, WalkPlan(folds=2), use_cache=False)
    assert fitted == [fold.split for fold in walk.folds]
    assert not any(fold.cached for fold in walk.folds)


def test_a_walk_forward_test_runs_as_a_job_and_can_be_cancelled(service):
    history, plan = synthetic.history(), WalkPlan(folds=2)
    long = dataclasses.replace(SPEC, epochs=500)
    runner = Runner(2)
    job = runner.submit(
        "a",
        "Walk",
        lambda *args: service.walk_forward.run(history, long, plan, *args),
        user=OWNER,
    )
    try:
        assert wait_for(lambda: job.progress is not None)
        assert (job.progress.fold, job.progress.folds) == (1, 2)
    finally:
        runner.cancel("a", user=OWNER)
    assert job.wait(20)
    assert job.state == "cancelled"
    assert service.training.cache.get(training_cache.key(history, long)) is None


def test_a_network_walks_forward_in_the_background_and_is_remembered(service, monkeypatch):
    history, plan = synthetic.history(), WalkPlan(folds=2)
    key = service.walk_forward.key(history, SPEC, plan)
    assert service.walk_forward.result(key) is None
    job = service.walk_forward.submit(history, SPEC, plan, user=OWNER)
    assert (job.key, job.title) == (key, "Dense network for BTC 1h in 2 folds")
    assert job.wait(60)
    tested = service.walk_forward.result(key)
    assert [fold.cached for fold in tested.folds] == [False, False]
    assert list(tested.backtest.scores) == [*QUICK, "dense", "stack"]
    assert job.result.model is tested.folds[-1].model
    assert (job.progress.fold, job.progress.folds, job.progress.done) == (2, 2, 1.0)
    assert service.walk_forward.submit(history, SPEC, plan, user=OWNER) is job

    # No longer remembered: worked out again, from the folds' own cached results.
    monkeypatch.setattr(training, "fit", None)
    forgetful = WalkForwardService(service.training, OneHeavyFit(Memory()), Memory())
    again = forgetful.submit(history, SPEC, plan, user=OWNER)
    assert again is not job
    assert again.wait(60)
    assert figures(forgetful.result(key).backtest) == figures(tested.backtest)
    assert all(fold.cached for fold in forgetful.result(key).folds)


@pytest.mark.parametrize(
    ("history", "plan", "error"),
    [
        (synthetic.history(), WalkPlan(folds=0), InvalidInput),
        (synthetic.history(), WalkPlan(folds=40), NotEnoughData),
        (synthetic.dead(synthetic.history(), 100), WalkPlan(), InvalidInput),
    ],
    ids=["folds", "short", "dead"],
)
def test_what_can_not_walk_forward_is_refused_before_it_queues(service, history, plan, error):
    with pytest.raises(error):
        service.walk_forward.submit(history, SPEC, plan, user=OWNER)
    assert service.training.job(service.walk_forward.key(history, SPEC, plan)) is None


def test_every_choice_of_a_walk_names_another_test(service):
    history = synthetic.history()
    plans = (
        WalkPlan(), WalkPlan(folds=5), WalkPlan(window="sliding"), WalkPlan(gap=9),
        WalkPlan(warm_start=True), WalkPlan(window="sliding", window_rows=100),
    )  # fmt: skip
    keys = {service.walk_forward.key(history, SPEC, plan) for plan in plans}
    keys.add(service.walk_forward.key(history, dataclasses.replace(SPEC, seed=1), plans[0]))
    keys.add(service.walk_forward.key(synthetic.history(seed=1), SPEC, plans[0]))
    assert len(keys) == len(plans) + 2


def test_a_baseline_walks_forward_at_once_and_once(service, monkeypatch):
    history, plan = synthetic.history(), WalkPlan(folds=2)
    spec = specs.make(network="cone", horizon=2)
    first = service.walk_forward.of_baseline(history, spec, plan)
    assert list(first.backtest.scores) == list(QUICK)
    monkeypatch.setattr(walk_forward, "run", None)
    assert service.walk_forward.of_baseline(history, spec, plan) is first


def test_heavy_baselines_are_added_to_a_walk_forward_test_on_request(service, monkeypatch):
    history, plan = synthetic.history(), WalkPlan(folds=2)
    first = service.walk_forward.of_baseline(history, specs.make(network="cone", horizon=2), plan)
    assert list(service.walk_forward.with_finished_baselines(first).backtest.scores) == list(QUICK)
    whole = service.walk_forward.with_all_baselines(first)
    assert list(whole.backtest.scores) == list(BASELINES)
    monkeypatch.setattr(walk_forward, "run", None)
    assert figures(service.walk_forward.with_finished_baselines(first).backtest) == figures(
        whole.backtest
    )
    direct = Service(service.settings)
    monkeypatch.undo()
    expected = direct.walk_forward.run(history, first.backtest.spec, plan)
    assert figures(whole.backtest) == figures(expected.backtest)


def test_walk_forward_tests_in_memory_are_bounded(service):
    history, spec = synthetic.history(), specs.make(network="naive", horizon=2)
    small = WalkForwardService(service.training, OneHeavyFit(Memory()), Memory(), max_bytes=1)
    for folds in (1, 2):
        small.of_baseline(history, spec, WalkPlan(folds=folds))
    keys = [small.key(history, spec, WalkPlan(folds=folds)) for folds in (1, 2)]
    assert [small.result(key) is None for key in keys] == [True, False]


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


# ------------------------------------------------------------------ jobs


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


# ------------------------------------------------------------------ tested once


def test_a_second_test_has_the_forecasts_of_the_first_and_its_own_prices(service, monkeypatch):
    first = backtest_of(service)
    monkeypatch.setattr(inference, "forecast", None)
    later = synthetic.history(fetched_at=pd.Timestamp("2025-01-01", tz="UTC"))
    again = service.backtests.of_trained(
        later, synthetic.model(SPEC, fingerprint=later.fingerprint)
    )
    assert again.forecasts is first.forecasts
    assert again.history is later


def test_threads_that_want_the_same_backtest_wait_for_one(service, monkeypatch):
    holdout, calls, all_asking = backtest.holdout, [], threading.Barrier(3)

    def slow(*args, **more):
        calls.append(args)
        time.sleep(0.3)  # the others arrive meanwhile
        return holdout(*args, **more)

    def ask(_):
        all_asking.wait(20)
        return backtest_of(service)

    monkeypatch.setattr(backtest, "holdout", slow)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(ask, range(3)))
    assert len(calls) == 1
    assert all(answer.forecasts is answers[0].forecasts for answer in answers)


def test_other_prices_or_models_are_another_backtest(service):
    first = backtest_of(service)
    model = synthetic.model(SPEC, seed=1, created="2024-01-02T00:00:00+00:00")
    assert figures(service.backtests.of_trained(synthetic.history(), model)) != figures(first)
    other = service.backtests.of_trained(synthetic.history(seed=1), synthetic.model(SPEC))
    assert figures(other) != figures(first)
    again = service.backtests.of_saved(synthetic.history(), synthetic.model(SPEC))
    assert figures(again) == figures(first)
    shorter = service.backtests.of_saved(synthetic.history(), synthetic.model(SPEC), test=0.1)
    assert len(shorter.forecast) < len(first.forecast)


@pytest.mark.parametrize("change", [{"horizon": 3}, {"test": 0.3}, {"validation": 0.3}])
def test_every_span_and_horizon_of_a_baseline_is_another_backtest(service, change):
    history = synthetic.history()
    first = service.backtests.run(history, specs.make(network="cone", horizon=2))
    other = service.backtests.run(history, specs.make(network="cone", **{"horizon": 2, **change}))
    assert figures(other) != figures(first)
    assert other.spec != first.spec


def test_the_memory_of_a_backtest_is_that_of_its_arrays(service):
    result = service.backtests.of_baseline(synthetic.history(), "cone", 3)
    arrays = [
        array.nbytes
        for forecast in result.forecasts.values()
        for array in (forecast.quantiles, forecast.predicted, forecast.actual)
    ]
    assert forecast_bytes(result) == sum(arrays)


def test_backtests_in_memory_are_bounded(service):
    small = BacktestService(service.training, OneHeavyFit(Memory()), Memory(), max_bytes=100_000)
    model = synthetic.model(SPEC)
    first, *_, last = [small.of_trained(synthetic.history(seed=i), model) for i in range(6)]
    assert small.of_trained(last.history, model).forecasts is last.forecasts
    assert small.of_trained(first.history, model).forecasts is not first.forecasts


@pytest.mark.parametrize("name", list(BASELINES))
def test_baselines_are_tested_and_forecast(service, name):
    history = synthetic.history()
    result = service.backtests.of_baseline(history, name, 4)
    assert result.forecast.predictor == name
    assert service.backtests.of_baseline(history, name, 4).forecasts is result.forecasts
    next_steps = service.forecasts.of_baseline(history, name, 4)
    assert next_steps.forecast.origins[0] == history.end
    fitted = BASELINES[name].fit(history, 600, 4).forecast(history, range(599, 600))
    np.testing.assert_array_equal(next_steps.forecast.predicted, fitted.predicted)
    np.testing.assert_array_equal(next_steps.forecast.quantiles, fitted.quantiles)
    assert np.isnan(next_steps.forecast.actual).all()


def test_heavy_baselines_are_added_on_request_and_stay_in_memory(service, monkeypatch):
    first = backtest_of(service)
    assert list(first.scores) == [*QUICK, "dense", "stack"]
    assert service.backtests.with_finished_baselines(first) is first
    whole = service.backtests.with_all_baselines(first)
    assert list(whole.scores) == list(whole.forecasts) == [*BASELINES, "dense", "stack"]
    assert (whole.verdict, whole.model) == (first.verdict, first.model)
    result = backtest.holdout(synthetic.history(), SPEC, synthetic.model(SPEC))
    assert figures(whole) == figures(result)

    def fit(*_):
        raise AssertionError("fitted again")

    for name in HEAVY:
        monkeypatch.setattr(BASELINES[name], "fit", fit)
    assert figures(service.backtests.with_finished_baselines(backtest_of(service))) == figures(
        whole
    )
    assert figures(service.backtests.with_all_baselines(first)) == figures(whole)
    assert service.backtests.with_all_baselines(whole) is whole


@pytest.mark.parametrize("name", ["linear", "har", "naive"])
def test_the_two_latest_forecasts_of_a_baseline_stay_in_memory(service, name):
    small = ForecastService(service.saved_models, OneHeavyFit(Memory()), max_of_baselines=2)
    steps = [small.of_baseline(synthetic.history(seed=i), name, 1) for i in range(3)]
    for i in (2, 1):
        again = small.of_baseline(synthetic.history(seed=i), name, 1)
        assert again.forecast is steps[i].forecast
    again = small.of_baseline(synthetic.history(seed=0), name, 1)
    assert again.forecast is not steps[0].forecast
    other = small.of_baseline(synthetic.history(seed=2), name, 2)
    assert other.forecast.horizon == 2


# ------------------------------------------------------------------ what comes next


def test_the_future_starts_at_the_last_closed_candle(service):
    history, model = synthetic.history(), synthetic.model(synthetic.spec(horizon=3))
    next_steps = service.forecasts.next_steps(history, model, "mine", "dense")
    assert next_steps.model == "mine"
    assert len(next_steps.forecast) == 1
    assert next_steps.forecast.origins[0] == history.end
    assert np.isnan(next_steps.forecast.actual).all()
    whole = inference.forecast(model, history, range(500, 600))
    np.testing.assert_allclose(next_steps.forecast.predicted[0], whole.predicted[-1], rtol=1e-6)
    needed = dataclasses.replace(history, candles=history.candles.iloc[-model.card.needs :])
    again = service.forecasts.next_steps(needed, model, predictor="dense").forecast
    np.testing.assert_array_equal(again.predicted, next_steps.forecast.predicted)


def test_the_stack_comes_first_and_each_member_by_its_name(service):
    history, model = synthetic.history(), synthetic.model(synthetic.spec(horizon=3))
    steps = {
        name: service.forecasts.next_steps(history, model, "mine", name)
        for name in ("stack", "dense", "har")
    }
    first = service.forecasts.next_steps(history, model, "mine")
    assert {name: each.forecast.predictor for name, each in steps.items()} == {
        name: name for name in steps
    }
    assert {each.model for each in steps.values()} == {"mine"}
    assert first.forecast is steps["stack"].forecast
    assert [each.name for each in first.members] == ["dense", "har"]
    assert list(first.weights) == ["step", "dense", "har"]
    np.testing.assert_allclose(first.weights[["dense", "har"]].sum(axis=1), 1)
    assert (steps["dense"].members, steps["har"].members) == ((), ())
    alone = service.forecasts.of_baseline(history, "har", 3).forecast
    np.testing.assert_array_equal(steps["har"].forecast.quantiles, alone.quantiles)
    own = network.for_next_steps(model, history).forecast(history, history.last_row)
    np.testing.assert_array_equal(steps["dense"].forecast.quantiles, own.quantiles)
    with pytest.raises(InvalidInput, match="one of stack, dense, har"):
        service.forecasts.next_steps(history, model, predictor="lstm")


def test_the_band_of_what_comes_next_is_calibrated_once(service, monkeypatch):
    history, model = synthetic.history(), synthetic.model(synthetic.spec(horizon=3))
    next_steps = service.forecasts.next_steps(history, model)
    assert next_steps.calibration.outcomes > 500
    assert not [warning for warning in next_steps.warnings if "known outcome" in warning]
    monkeypatch.setattr(inference, "forecast", None)
    again = service.forecasts.next_steps(synthetic.history(), model, "mine")
    assert again.forecast is next_steps.forecast
    assert again.model == "mine"


def test_prices_that_were_read_again_are_not_forecast_again(service, monkeypatch):
    history, model = synthetic.history(), synthetic.model(synthetic.spec(horizon=3))

    def read(minutes):
        moment = history.closes_at + pd.Timedelta(minutes=minutes)
        given = dataclasses.replace(history, fetched_at=moment)
        return service.forecasts.next_steps(given, model)

    first, old = read(1), read(180)
    monkeypatch.setattr(inference, "forecast", None)
    again = read(90)
    assert again.forecast is first.forecast
    assert again.warnings == first.warnings
    assert again.history.fetched_at > first.history.fetched_at
    assert set(old.warnings) - set(first.warnings) == {
        "The last candle closed 3 hours before the prices were read."
    }


def test_the_next_steps_are_the_same_however_long_the_history(service, monkeypatch):
    """To the last digit, if each history holds all candles that the forecast reads."""
    monkeypatch.setattr("cryptoforecast.forecasting.calibration.CALIBRATION_ROWS", 600)
    model = synthetic.model(synthetic.spec(network="lstm", horizon=3))
    history = synthetic.history(3000)
    enough = 600 + 3 + model.card.needs - 1
    shorter = dataclasses.replace(history, candles=history.candles.iloc[-enough:])
    one, other = (
        service.forecasts.next_steps(prices, model, predictor="lstm")
        for prices in (history, shorter)
    )
    np.testing.assert_array_equal(one.forecast.quantiles, other.forecast.quantiles)
    assert one.calibration.since == other.calibration.since


def test_a_band_that_can_not_be_calibrated_gives_a_warning(service):
    model = synthetic.model(synthetic.spec(horizon=3))
    next_steps = service.forecasts.next_steps(synthetic.history(200), model)
    assert next_steps.calibration is None
    (text,) = [warning for warning in next_steps.warnings if "known outcome" in warning]
    assert "167 of the model's forecasts" in text
    assert "200 are needed" in text
    squared = synthetic.model(synthetic.spec(loss="mse"))
    few, enough = (
        service.forecasts.next_steps(synthetic.history(rows), squared) for rows in (200, 400)
    )
    assert [warning for warning in few.warnings if "known outcome" in warning]
    assert not [warning for warning in enough.warnings if "known outcome" in warning]


def test_the_future_needs_enough_candles(service):
    with pytest.raises(NotEnoughData, match="needs 31 candles"):
        service.forecasts.next_steps(synthetic.history(30), synthetic.model())


def warnings(service, history, **card):
    spec = synthetic.spec(target="price", features=("close",))
    return service.forecasts.next_steps(history, synthetic.model(spec, **card)).warnings


def test_a_forecast_warns_of_what_makes_it_doubtful(service):
    history = synthetic.history()
    close = history.candles["close"].iloc[-1]
    bounds = {"lowest": 0.9 * close, "highest": 1.1 * close}
    assert warnings(service, history, **bounds) == ()
    (text,) = warnings(service, history, **bounds | {"highest": close / 1.14})
    assert text == "The last close is 14.0 % above anything seen in training."
    (text,) = warnings(service, history, **bounds | {"lowest": close / 0.8})
    assert text == "The last close is 20.0 % below anything seen in training."
    (text,) = warnings(service, history, **bounds, coin="ETH")
    assert text == "This model learnt from ETH, not BTC."
    assert warnings(service, history, **bounds, coin="any") == ()
    (text,) = warnings(service, history, **bounds, interval="1d")
    assert text == "This model learnt from 1d candles, not 1h."
    (text,) = warnings(service, history, **bounds, simulated=True)
    assert text == "This model learnt from simulated prices; these are real."
    prices, origin = warnings(service, dataclasses.replace(history, simulated=True), **bounds)
    assert prices.startswith("These prices are simulated")
    assert origin == "This model learnt from real prices; these are simulated."
    for hours, ages in ((2, ()), (5, ("5 hours",)), (24 * 10, ("10 days",))):
        late = history.end + pd.Timedelta(hours=1 + hours)
        late_warnings = warnings(service, dataclasses.replace(history, fetched_at=late), **bounds)
        assert len(late_warnings) == len(ages)
        assert all(
            f"closed {age} before" in text for age, text in zip(ages, late_warnings, strict=True)
        )


def test_only_price_models_warn_of_unseen_prices(service):
    assert (
        service.forecasts.next_steps(
            synthetic.history(), synthetic.model(highest=1.0, lowest=0.5)
        ).warnings
        == ()
    )


# ------------------------------------------------------------------ closes in, the next one out


@pytest.fixture
def predicting(service):
    spec = synthetic.spec(network="lstm", features=("return", "abs_return"), lookback=59, horizon=2)
    model = synthetic.model(spec)
    bundles.save(model, service.settings.shipped, PREDICT_MODEL)
    return service, model


def test_sixty_closes_give_the_next_hour(predicting):
    service, model = predicting
    history = synthetic.history(60)
    predicted = service.forecasts.predict_closes(history.candles["close"].tolist())
    steps = service.forecasts.next_steps(history, model, predictor="lstm")
    assert predicted == steps.forecast.predicted[0, 0]


@pytest.mark.parametrize(
    ("closes", "text"),
    [
        ([100.0] * 59, "must hold exactly 60 hourly closes, oldest first. Received: 59"),
        ([100.0] * 61, "Received: 61"),
        ([], "Received: 0"),
        ([100.0] * 59 + [math.nan], "finite and above 0"),
        ([100.0] * 59 + [math.inf], "finite and above 0"),
        ([100.0] * 59 + [0.0], "finite and above 0"),
        ([-1.0] + [100.0] * 59, "finite and above 0"),
    ],
)
def test_other_closes_are_refused(predicting, closes, text):
    with pytest.raises(InvalidInput, match=text):
        predicting[0].forecasts.predict_closes(closes)


@pytest.mark.parametrize("extreme", [1e-300, 1e300, 1.7e308])
def test_extreme_closes_give_a_number(predicting, extreme):
    for closes in ([extreme] * 60, [extreme] + [100.0] * 59):
        assert math.isfinite(predicting[0].forecasts.predict_closes(closes))


def test_closes_too_far_apart_are_refused(predicting):
    with pytest.raises(InvalidInput, match="too far apart for a finite prediction"):
        predicting[0].forecasts.predict_closes([5e-324, 1.7e308] * 30)


# ------------------------------------------------------------------ saved models


def test_save_list_load_delete(service):
    result = backtest_of(service)
    saved = service.saved_models.save(result, "mine", user=OWNER)
    assert (saved.name, saved.shipped) == ("mine", False)
    assert saved.model.card == with_scores(result).card
    assert saved.model.card.verdict == result.verdicts["dense"].sentence
    assert saved.model.card.verdict != result.verdict.sentence
    assert saved.model.card.scores["dense"]["mae"] == result.scores["dense"][-1].mae
    assert saved.model.card.scores["naive"]["directional_accuracy"] is None
    assert json.dumps(saved.model.card.scores, allow_nan=False)
    assert [each.name for each in service.saved_models.all()] == ["mine"]
    again = service.backtests.of_saved(synthetic.history(), service.saved_models.load("mine").model)
    assert figures(again) == figures(result)
    service.saved_models.delete("mine", user=OWNER)
    assert service.saved_models.all() == []
    with pytest.raises(UnknownModel, match=r"No saved model is named mine.*There are: none"):
        service.saved_models.load("mine")
    for name in ("naive", "lstm"):
        with pytest.raises(UnknownModel, match=f"There are: none. Use `backtest --network {name}`"):
            service.saved_models.load(name)


def test_overwriting_is_seen_at_once(service):
    service.saved_models.save(backtest_of(service), "mine", user=OWNER)
    other = synthetic.model(
        SPEC,
        seed=5,
        created="2025-05-05T00:00:00+00:00",
        fingerprint=synthetic.history().fingerprint,
    )
    with pytest.raises(AlreadyExists):
        service.saved_models.save(backtest_of(service, other), "mine", user=OWNER)
    service.saved_models.save(backtest_of(service, other), "mine", user=OWNER, force=True)
    assert service.saved_models.load("mine").model.card.created == "2025-05-05T00:00:00+00:00"


@pytest.mark.parametrize("loss", ["quantile", "mse"])
def test_scores_on_other_prices_do_not_get_on_a_card(service, loss):
    trained_on, other = synthetic.history(), synthetic.history(seed=3, coin="ETH")
    model = synthetic.model(synthetic.spec(loss=loss), fingerprint=trained_on.fingerprint)
    with pytest.raises(InvalidInput, match=r"scores on other ETH prices\. Choose BTC"):
        service.saved_models.save(service.backtests.of_saved(other, model), "mine", user=OWNER)
    late = synthetic.model(
        SPEC, fingerprint=trained_on.fingerprint, cutoff=trained_on.end.isoformat()
    )
    with pytest.raises(InvalidInput, match="Choose BTC"):
        service.saved_models.save(backtest_of(service, late), "mine", user=OWNER)
    assert service.saved_models.all() == []


def test_baselines_are_not_saved(service):
    result = service.backtests.of_baseline(synthetic.history(), "cone", 1)
    with pytest.raises(InvalidInput, match="Only a trained network can be saved"):
        service.saved_models.save(result, "mine", user=OWNER)
    with pytest.raises(InvalidInput, match="Only a trained network has a card"):
        with_scores(result)


def test_shipped_models_are_listed_and_left_alone(service):
    bundles.save(synthetic.model(), service.settings.shipped, "theirs")
    service.saved_models.save(backtest_of(service), "mine", user=OWNER)
    assert [(each.name, each.shipped) for each in service.saved_models.all()] == [
        ("mine", False), ("theirs", True),
    ]  # fmt: skip
    assert service.saved_models.load("theirs").shipped
    with pytest.raises(InvalidInput, match="comes with the project and can't be deleted"):
        service.saved_models.delete("theirs", user=OWNER)
    with pytest.raises(AlreadyExists, match="a model of the project's own"):
        service.saved_models.save(backtest_of(service), "theirs", user=OWNER, force=True)
    assert service.saved_models.load("theirs").shipped


def test_one_damaged_model_hides_no_other(service):
    service.saved_models.save(backtest_of(service), "good", user=OWNER)
    service.saved_models.save(backtest_of(service), "bad", user=OWNER)
    folder = service.settings.home / "models"
    (folder / "bad" / "bundle.json").write_text("{")
    (folder / "folder" / "bundle.json").mkdir(parents=True)
    assert [each.name for each in service.saved_models.all()] == ["good"]
    assert set(service.saved_models.damaged()) == {"bad"}
    assert "can't be read" in service.saved_models.damaged()["bad"]
    with pytest.raises(InvalidBundle):
        service.saved_models.load("bad")
    service.saved_models.delete("bad", user=OWNER)
    assert service.saved_models.damaged() == {}


def test_a_model_that_is_deleted_while_models_are_listed_hides_no_other(service, monkeypatch):
    service.saved_models.save(backtest_of(service), "mine", user=OWNER)
    monkeypatch.setattr(bundles, "names", lambda folder: ["gone", "mine"])
    assert [each.name for each in service.saved_models.all()] == ["mine"]
    assert service.saved_models.damaged() == {}


def test_a_model_of_ones_own_comes_before_a_shipped_one_of_the_same_name(service):
    service.saved_models.save(backtest_of(service), "twice", user=OWNER)
    bundles.save(synthetic.model(seed=4), service.settings.shipped, "twice")
    bundles.save(synthetic.model(), service.settings.shipped, "another")
    listed = [(each.name, each.shipped) for each in service.saved_models.all()]
    assert listed == [("twice", False), ("another", True)]
    assert not service.saved_models.load("twice").shipped
    service.saved_models.delete("twice", user=OWNER)
    assert service.saved_models.load("twice").shipped


@pytest.mark.parametrize("force", [False, True])
def test_a_name_is_checked_as_saving_does(service, force):
    bundles.save(synthetic.model(), service.settings.shipped, "theirs")
    service.saved_models.save(backtest_of(service), "mine", user=OWNER)
    service.saved_models.check_free("free", user=OWNER, force=force)
    with pytest.raises(AlreadyExists, match="the project's own"):
        service.saved_models.check_free("theirs", user=OWNER, force=force)
    with pytest.raises(InvalidInput, match="A model's name must be"):
        service.saved_models.check_free("../mine", user=OWNER, force=force)
    if force:
        service.saved_models.check_free("mine", user=OWNER, force=True)
    else:
        with pytest.raises(AlreadyExists, match="A model named mine exists"):
            service.saved_models.check_free("mine", user=OWNER)


@pytest.mark.parametrize("name", ["../mine", "a/b", "..", "", "mine\n", "Mine"])
def test_names_that_lead_elsewhere_are_refused(service, name):
    service.saved_models.save(backtest_of(service), "mine", user=OWNER)
    for act in (
        service.saved_models.load,
        lambda n: service.saved_models.delete(n, user=OWNER),
        lambda n: service.saved_models.save(backtest_of(service), n, user=OWNER),
    ):
        with pytest.raises(InvalidInput, match="A model's name must be"):
            act(name)
    assert [each.name for each in service.saved_models.all()] == ["mine"]


# ------------------------------------------------------------------ quotes


def test_prices_of_different_quotes_are_kept_apart(service):
    dollars, euros = synthetic.history(), synthetic.history(quote="EUR")
    assert dollars.fingerprint != euros.fingerprint
    assert keys.of_prices(dollars) != keys.of_prices(euros)
    assert training_cache.key(dollars, SPEC) != training_cache.key(euros, SPEC)
    assert service.prices.open(dollars, user=OWNER) != service.prices.open(euros, user=OWNER)
    first, second = (
        service.backtests.of_baseline(history, "naive", 1) for history in (dollars, euros)
    )
    assert (first.history.quote, second.history.quote) == ("USD", "EUR")


def test_the_fingerprint_of_dollars_has_no_trace_of_the_quote():
    assert synthetic.history().fingerprint == "6a5f14957290fd25"


def test_a_saved_model_forecasts_its_own_pair():
    card = synthetic.model().card
    assert choices.default_coin(card) == "BTC"
    assert choices.default_coin(dataclasses.replace(card, quote="EUR")) == "BTC-EUR"
    assert choices.default_coin(dataclasses.replace(card, coin="any", quote="any")) == "BTC"
