"""Backtests of the service are run once, told apart, and bounded in memory."""

import concurrent.futures
import contextlib
import dataclasses
import threading
import time

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import Busy
from cryptoforecast.evaluation import backtest, judgement
from cryptoforecast.forecasting.baselines import BASELINES, HEAVY, QUICK
from cryptoforecast.learning import inference, specs
from cryptoforecast.service import BacktestService, ForecastService
from cryptoforecast.service.backtests import forecast_bytes, judge
from cryptoforecast.service.heavy import OneHeavyFit
from cryptoforecast.service.memory import Memory
from tests import synthetic
from tests.service.answers import SPEC, backtest_of, figures


def test_a_second_test_has_the_forecasts_of_the_first_and_its_own_prices(service, monkeypatch):
    first = backtest_of(service)
    monkeypatch.setattr(inference, "forecast", None)
    later = synthetic.history(fetched_at=pd.Timestamp("2025-01-01", tz="UTC"))
    again = service.backtests.of_trained(
        later, synthetic.model(SPEC, fingerprint=later.fingerprint)
    )
    assert again.forecasts is first.forecasts
    assert again.history is later


def test_a_test_that_is_drawn_again_is_not_judged_again(service, monkeypatch):
    first = backtest_of(service)
    expected = {name: judgement.judge(first, name) for name in (None, "naive", "cone")}
    assert {name: judge(first, name) for name in expected} == expected
    monkeypatch.setattr(judgement, "standing", None)
    again = dataclasses.replace(first, cached=True)
    assert {name: judge(again, name) for name in expected} == expected
    with pytest.raises(TypeError):  # it may have learnt from these prices: judged anew
        judge(dataclasses.replace(first, seen=not first.seen))


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


def test_heavy_baselines_of_one_test_stay_in_memory_however_long_it_is(service, monkeypatch):
    small = BacktestService(service.training, OneHeavyFit(Memory()), Memory(), max_bytes=1)
    history, model = synthetic.history(), synthetic.model(SPEC)
    first = small.of_trained(history, model)
    whole = small.with_all_baselines(first)
    assert list(whole.scores) == [*BASELINES, "dense", "stack"]
    monkeypatch.setattr(inference, "forecast", None)
    again = small.of_trained(history, model)  # the heavy ones have not driven it out
    assert again.forecasts is first.forecasts
    assert figures(small.with_finished_baselines(again)) == figures(whole)

    def forecasts(result):
        return [result.forecasts[name] for name in HEAVY]

    small.with_all_baselines(small.of_baseline(synthetic.history(seed=1), "cone", 2))
    assert figures(small.with_finished_baselines(first)) == figures(first)  # no longer in memory
    assert forecasts(small.with_all_baselines(first)) != forecasts(whole)


class Line(OneHeavyFit):
    """A line for heavy fits that may have no place."""

    is_full = False

    @contextlib.contextmanager
    def of(self, predictor, rows, horizon):
        if self.is_full and predictor in HEAVY:
            raise Busy("No place.")
        yield


def test_what_is_fitted_already_waits_in_no_line(service):
    line = Line(Memory())
    backtests = BacktestService(service.training, line, Memory())
    history, other = synthetic.history(), synthetic.history(seed=1)
    tested, added = (backtests.of_baseline(each, "cone", 2) for each in (history, other))
    for name in HEAVY:
        backtests.of_baseline(history, name, 2)
    whole = backtests.with_all_baselines(added)
    line.is_full = True
    assert {*HEAVY} <= {*backtests.with_all_baselines(tested).scores}
    one = backtests.of_baseline(other, HEAVY[0], 2)
    assert one.scores[HEAVY[0]] == whole.scores[HEAVY[0]]
    with pytest.raises(Busy):
        backtests.of_baseline(synthetic.history(seed=2), HEAVY[0], 2)


@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_baseline_that_was_added_is_not_fitted_again(service, monkeypatch, name):
    first = backtest_of(service)
    service.backtests.with_all_baselines(first)
    spec = dataclasses.replace(SPEC, network=name)
    expected = backtest.holdout(first.history, spec, baselines=QUICK)
    monkeypatch.setattr(BASELINES[name], "fit", None)
    result = service.backtests.run(first.history, spec)
    assert list(result.forecasts) == list(expected.forecasts) == [*QUICK, name]
    assert figures(result) == figures(expected)
    assert (result.verdicts, result.notes) == (expected.verdicts, expected.notes)
    assert (result.spec, result.split) == (expected.spec, expected.split)


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
