"""Networks side by side: on the origins and steps of all, each as in its own test."""

from __future__ import annotations

import numpy as np
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import backtest
from cryptoforecast.evaluation.side_by_side import side_by_side
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from tests import synthetic


@pytest.fixture(scope="module")
def history():
    return synthetic.history(900)


def test_all_are_scored_on_what_all_forecast(history):
    models = {
        "one": synthetic.model(synthetic.spec(horizon=1), seed=1),
        "three": synthetic.model(synthetic.spec(horizon=3, lookback=20), seed=2),
    }
    tests = {name: backtest.saved(history, model) for name, model in models.items()}
    result = side_by_side(tests)
    assert list(result.forecasts) == ["naive", "one", "three"]
    origins = result.forecasts["naive"].origins
    assert len(origins) == len(tests["three"].forecasts["naive"].origins)  # the fewest
    for name, forecast in result.forecasts.items():
        assert forecast.predictor == name
        assert forecast.horizon == 1
        assert forecast.origins.equals(origins)
    own = tests["three"].forecasts["dense"]
    np.testing.assert_array_equal(result.forecasts["three"].predicted[:, 0], own.predicted[:, 0])
    error = np.abs(own.predicted[:, 0] - own.actual[:, 0]).mean()
    assert result.scores["three"][0].mae == pytest.approx(error)
    assert set(result.verdicts) == {"one", "three"}
    assert result.model is None


def test_nothing_is_compared_that_a_model_has_learnt_from(history, tmp_path):
    service = Service(Settings(tmp_path, live=False)).backtests
    candles = history.candles.index
    early, late = (
        synthetic.model(seed=seed, start=str(candles[0]), cutoff=str(candles[row]))
        for seed, row in ((1, 200), (2, 800))
    )
    result = service.side_by_side(history, {"early": early, "late": late})
    assert result.forecast.origins[0] > candles[800]
    assert not result.seen
    assert service.side_by_side(history, {"early": early, "late": late}).forecast is result.forecast
    other = synthetic.model(seed=3, start=str(candles[0]), cutoff=str(candles[100]))
    fifth = service.side_by_side(history, {"early": early, "other": other})
    assert fifth.forecast.origins[0] == candles[720]


def test_what_can_not_be_compared_is_refused(history, tmp_path):
    service = Service(Settings(tmp_path, live=False)).backtests
    model = synthetic.model()
    for names in ((), ("a",), tuple("abcde"), ("a", "naive")):
        with pytest.raises(InvalidInput, match="2 to 4 saved models can be compared"):
            service.side_by_side(history, dict.fromkeys(names, model))
    with pytest.raises(InvalidInput, match="candles of one length"):
        service.side_by_side(history, {"a": model, "b": synthetic.model(interval="1d")})
