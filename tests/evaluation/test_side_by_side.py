"""Networks side by side: on the origins and steps of all, each as in its own test."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.evaluation import backtest
from cryptoforecast.evaluation.comparison import holm
from cryptoforecast.evaluation.side_by_side import side_by_side
from cryptoforecast.evaluation.significance import diebold_mariano
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


def test_one_network_is_compared_on_several_coins(history, tmp_path):
    """Each coin beside its own last price, from the same origins, corrected for all of them."""
    service = Service(Settings(tmp_path, live=False)).backtests
    model = synthetic.model(synthetic.spec(horizon=2))
    # The second one begins later and has other prices.
    other = synthetic.history(900, seed=5)
    other = dataclasses.replace(other, coin="ETH", candles=other.candles.iloc[40:])
    comparison = service.on_coins(model, {"BTC": history, "ETH": other})
    tests = {"BTC": backtest.saved(history, model), "ETH": backtest.saved(other, model)}
    times = [set(test.forecasts["dense"].at(2).origins) for test in tests.values()]
    assert comparison.board.origins == len(times[0] & times[1]) < max(map(len, times))
    assert (comparison.board.step, comparison.board.reference) == (2, "naive")
    p_values = []
    for coin, test in tests.items():
        common = test.forecasts["dense"].origins.isin(times[0] & times[1])
        own, naive = (
            np.abs(each.actual[common, 1] - each.predicted[common, 1])
            for each in (test.forecasts["dense"], test.forecasts["naive"])
        )
        row = next(each for each in comparison.board.standings if each.predictor == coin)
        assert row.skill == pytest.approx(1 - own.mean() / naive.mean())
        assert comparison.scores[coin].mae == pytest.approx(own.mean())
        assert comparison.references[coin].mae == pytest.approx(naive.mean())
        assert row.value == comparison.scores[coin].mape
        assert row.p_value == pytest.approx(diebold_mariano(own, naive, 2))
        p_values.append(row.p_value)
    corrected = dict(zip(tests, holm(p_values), strict=True))
    assert {each.predictor: each.p_holm for each in comparison.board.standings} == corrected
    skills = [each.skill for each in comparison.board.standings]
    assert skills == sorted(skills, reverse=True)
    assert comparison.first in [time + pd.Timedelta(hours=1) for time in times[0] & times[1]]
    assert comparison.seen == ()


def test_coins_are_compared_where_the_network_has_not_learnt(history, tmp_path):
    service = Service(Settings(tmp_path, live=False)).backtests
    candles = history.candles.index
    late = synthetic.model(start=str(candles[0]), cutoff=str(candles[800]))
    comparison = service.on_coins(late, {"BTC": history, "ETH": history})
    assert comparison.first > candles[800]
    assert not comparison.seen


def test_coins_that_can_not_be_compared_are_refused(history, tmp_path):
    service = Service(Settings(tmp_path, live=False)).backtests
    for coins in ("", "a", "abcde"):
        with pytest.raises(InvalidInput, match="2 to 4 coins can be compared"):
            service.on_coins(synthetic.model(), dict.fromkeys(coins, history))
    with pytest.raises(InvalidInput, match="reads 1d candles"):
        service.on_coins(synthetic.model(interval="1d"), {"a": history, "b": history})
