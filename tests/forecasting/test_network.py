"""Which band a network gets: in a test, and for the next steps."""

import dataclasses

import numpy as np
import pytest

from cryptoforecast.forecasting import calibration, network
from cryptoforecast.forecasting.bands import OwnBand, ResidualBand, RollingBand
from cryptoforecast.learning import samples, specs
from tests import synthetic

LOSSES = ("quantile", "mse")


@pytest.fixture(scope="module")
def history():
    return synthetic.history(600)


def test_a_test_looks_back_on_the_validation_rows(history):
    model = synthetic.model(synthetic.spec(horizon=3))
    cut = samples.split(history, model.spec)
    band = network.for_test(model, cut).band
    assert band == RollingBand(cut.train_end, calibration.CALIBRATION_ROWS + 1)
    # Where there are no training rows, the first row with enough candles is the first.
    for first in (0, 7):
        later = dataclasses.replace(cut, first=first, train_end=first)
        band = network.for_test(model, later).band
        assert band.first == first + specs.needs(model.spec) - 1
    squared = synthetic.model(synthetic.spec(horizon=3, loss="mse"))
    cut = samples.split(history, squared.spec)
    expected = ResidualBand(cut.validation_origins(specs.needs(squared.spec)))
    assert network.for_test(squared, cut).band == expected


@pytest.mark.parametrize("loss", LOSSES)
def test_the_next_steps_look_back_on_all_rows_that_the_network_was_not_fitted_on(history, loss):
    model = synthetic.model(synthetic.spec(horizon=3, loss=loss))
    index, enough = history.candles.index, specs.needs(model.spec) - 1
    fitted = {"before": "2023-01-01T00:00:00+00:00", "within": index[299].isoformat()}
    for name, first in (("before", enough), ("within", 300)):
        other = dataclasses.replace(
            model, card=dataclasses.replace(model.card, cutoff=fitted[name])
        )
        band = network.for_next_steps(other, history).band
        assert network.known_outcomes(history, other) == 600 - 3 - first
        if loss == "mse":
            assert band == ResidualBand((range(first, 597),))
        else:
            assert band == RollingBand(first, calibration.CALIBRATION_ROWS)


@pytest.mark.parametrize("loss", LOSSES)
def test_no_more_outcomes_are_looked_back_on_than_calibration_uses(history, loss, monkeypatch):
    monkeypatch.setattr(calibration, "CALIBRATION_ROWS", 250)
    model = synthetic.model(synthetic.spec(horizon=3, loss=loss))
    band = network.for_next_steps(model, history).band
    if loss == "mse":
        assert band == ResidualBand((range(597 - 250, 597),))
    else:
        assert band.outcomes == 250


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("outcomes", [calibration.MIN_OUTCOMES - 1, calibration.MIN_OUTCOMES])
def test_a_network_with_too_few_outcomes_keeps_its_own_band(history, loss, outcomes):
    spec = synthetic.spec(horizon=3, loss=loss)
    cutoff = history.candles.index[600 - 3 - outcomes - 1]
    model = synthetic.model(spec, cutoff=cutoff.isoformat())
    assert network.known_outcomes(history, model) == outcomes
    own = isinstance(network.for_next_steps(model, history).band, OwnBand)
    assert own == (outcomes < calibration.MIN_OUTCOMES)


def test_a_predictor_has_the_name_of_its_network_and_the_forecast_of_its_band(history):
    model = synthetic.model(synthetic.spec(horizon=3))
    predictor = network.for_next_steps(model, history)
    assert predictor.name == "dense"
    forecast, factors = predictor.calibrated_forecast(history, history.last_row)
    expected, same = predictor.band.forecast(model, history, history.last_row)
    np.testing.assert_array_equal(forecast.quantiles, expected.quantiles)
    np.testing.assert_array_equal(factors.factors, same.factors)
    alone = predictor.forecast(history, history.last_row)
    np.testing.assert_array_equal(alone.quantiles, expected.quantiles)


def test_a_network_that_was_fitted_on_all_candles_has_no_known_outcome(history):
    model = synthetic.model(synthetic.spec(horizon=3), cutoff=history.end.isoformat())
    assert network.known_outcomes(history, model) == 0
    assert isinstance(network.for_next_steps(model, history).band, OwnBand)
    # Simulated prices share no moment with real ones.
    simulated = dataclasses.replace(history, simulated=True)
    outcomes = network.known_outcomes(simulated, model)
    assert outcomes == 600 - 3 - (specs.needs(model.spec) - 1)


@pytest.mark.parametrize("loss", ["quantile", "mse"])
def test_a_forecast_that_is_calibrated_afterwards_is_the_same(history, loss):
    model = synthetic.model(synthetic.spec(horizon=3, loss=loss))
    predictor = network.for_next_steps(model, history)
    for rows in (history.last_row, range(len(history) - 5, len(history))):
        burn_in = predictor.with_burn_in(rows)
        assert burn_in.start < rows.start
        assert burn_in.stop == rows.stop
        own = predictor.uncalibrated_forecast(history, burn_in)
        afterwards, factors = predictor.calibrated(own, history, rows)
        expected, same = predictor.calibrated_forecast(history, rows)
        np.testing.assert_array_equal(afterwards.quantiles, expected.quantiles)
        assert afterwards.quantiles.dtype == expected.quantiles.dtype
        np.testing.assert_array_equal(factors.factors, same.factors)
