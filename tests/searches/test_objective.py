"""A trial sees no row of the test span, and its loss is that of rows which no fit has seen."""

from __future__ import annotations

import numpy as np
import pytest

from cryptoforecast.errors import NotEnoughData
from cryptoforecast.forecasting import network
from cryptoforecast.learning import samples
from cryptoforecast.searches import objective
from cryptoforecast.types import QUANTILES, Monitor, Search
from tests import synthetic
from tests.searches import making

SPEC = making.make({})
TEST_START = samples.split(making.HISTORY, SPEC).test_start


def test_altered_test_prices_change_nothing_in_any_trial_or_finalist(tmp_path) -> None:
    """The spans of both searches begin at the same row; all after it differs."""
    plan = making.SearchPlan(trials=3, finalists=1, seeds=2)
    results = [
        making.search(tmp_path / name, history, plan)
        for name, history in (
            ("own", making.HISTORY),
            ("altered", synthetic.altered(making.HISTORY, TEST_START)),
        )
    ]

    def facts(result: Search) -> tuple[object, ...]:
        tried = [(each.values, each.loss, each.epochs, each.state) for each in result.trials]
        return tried, result.finalists, result.winner, result.importances

    assert facts(results[0]) == facts(results[1])
    tests = [result.test for result in results]
    assert (tests[0] is None) == (tests[1] is None)
    assert tests[0] is None or tests[0] != tests[1]


def test_the_prices_of_a_trial_end_where_the_test_begins() -> None:
    before = objective.past(making.HISTORY, SPEC)
    assert len(before) == TEST_START
    cut = objective.split(before, SPEC)
    real = samples.split(making.HISTORY, SPEC)
    assert cut.train_end == real.train_end
    assert cut.test_start == (real.train_end + TEST_START) // 2
    assert cut.test_origins().stop == TEST_START - SPEC.horizon


def test_the_loss_is_that_of_a_hand_loop_over_the_held_out_rows() -> None:
    before = objective.past(making.HISTORY, SPEC)
    cut = objective.split(before, SPEC)
    models = []

    def fit(*args):
        models.append(making.fit(*args))
        return models[-1]

    result = objective.evaluate(before, SPEC, "pinball", fit)
    forecast = network.for_test(models[0], cut).forecast(before, cut.test_origins())
    close = before.candles["close"].to_numpy(float)
    total, count = 0.0, 0
    for i, row in enumerate(range(cut.test_start, len(before) - 1)):
        actual = np.log(close[row + 1] / close[row])
        for level, quantile in zip(QUANTILES, forecast.quantiles[i, 0], strict=True):
            error = actual - float(quantile)
            total += max(level * error, (level - 1) * error)
            count += 1
    assert result.loss == pytest.approx(total / count)
    assert result.epochs == models[0].record.epochs
    errors = np.abs(forecast.actual - forecast.predicted)
    evaluated = objective.evaluate(before, SPEC, "mae", lambda *_: models[0])
    assert evaluated.loss == pytest.approx(errors.mean())


def test_losses_of_epochs_are_measured_by_constant_quantiles() -> None:
    """A network without any input but noise comes close to them, and hardly below."""
    before = objective.past(making.HISTORY, SPEC)
    spec = synthetic.spec(epochs=12, learning_rate=0.02, dropout=0.0)
    unit = objective.constant_loss(before, spec)
    assert unit is not None
    model = making.fit(before, spec, objective.split(before, spec), Monitor())
    share = min(each.val_loss for each in model.record.curve) / unit
    assert 0.9 < share < 1.2
    assert objective.constant_loss(before, synthetic.spec(loss="mse")) is None
    assert objective.constant_loss(before, synthetic.spec(target="price")) is None


def test_a_history_that_is_too_short_is_refused() -> None:
    before = objective.past(synthetic.history(250), SPEC)
    with pytest.raises(NotEnoughData, match="A search needs at least 200 training origins"):
        objective.split(before, SPEC)
