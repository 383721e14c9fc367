"""Bands of a network: one origin and many get the same band, and nothing later changes it."""

import dataclasses

import numpy as np
import pytest

from cryptoforecast.errors import NotEnoughData
from cryptoforecast.forecasting import band_width, calibration
from cryptoforecast.forecasting.bands import OwnBand, ResidualBand, RollingBand
from cryptoforecast.learning import inference
from cryptoforecast.types import MEDIAN, QUANTILES
from tests import synthetic

HORIZON, FIRST, START = 3, 40, 1900
#: Rows at which a test that begins at ``START`` measures its factors anew.
REFRESHED = [START + k * calibration.REFRESH_ROWS for k in range(3)]
STOP = REFRESHED[-1] + 5


@pytest.fixture(scope="module")
def history():
    return synthetic.history(STOP + HORIZON + 5)


def network(**spec):
    """Make a network whose nine quantiles lie well apart: its weights are small."""
    model = synthetic.model(synthetic.spec(**{"horizon": HORIZON, **spec}))
    return dataclasses.replace(model, weights=tuple(0.1 * each for each in model.weights))


@pytest.fixture(scope="module")
def model():
    return network()


def at(band, model, history, row):
    """Forecast from one row alone."""
    return band.forecast(model, history, range(row, row + 1))


@pytest.mark.parametrize("row", REFRESHED)
def test_one_origin_has_the_band_of_the_same_row_in_a_backtest(history, model, row):
    looked_back = START - FIRST - HORIZON + 1
    test = RollingBand(FIRST, looked_back)
    many, latest = test.forecast(model, history, range(START, STOP))
    assert latest.outcomes == STOP - 1 - HORIZON - FIRST + 1
    # The next steps look back on the same rows, from a later origin.
    alone, calibrated = at(RollingBand(FIRST, 10**6), model, history, row)
    own = inference.forecast(model, history, range(row, row + 1))
    expected = calibration.rescaled(own, calibrated.factors[None]).quantiles
    np.testing.assert_allclose(many.quantiles[row - START], expected[0], rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(alone.quantiles, expected)
    np.testing.assert_array_equal(alone.predicted, own.predicted)
    np.testing.assert_allclose(many.predicted[row - START], own.predicted[0], rtol=1e-6)
    _, at_end = test.forecast(model, history, range(START, row + 1))
    np.testing.assert_allclose(at_end.factors, calibrated.factors, rtol=1e-6)
    # The history is long enough for the width to be adapted as well.
    widths = band_width.factors(inference.forecast(model, history, range(FIRST, row + 1)), history)
    assert (widths[-1] != 1).all()
    assert calibrated.outcomes == row - HORIZON - FIRST + 1
    assert calibrated.since == history.candles.index[FIRST]


def test_a_rolling_band_looks_back_on_no_more_than_it_may(history, model):
    outcomes = 700
    row = START + 20
    begin = row - HORIZON - outcomes + 1
    band, calibrated = at(RollingBand(FIRST, outcomes), model, history, row)
    assert calibrated.outcomes == outcomes
    assert calibrated.since == history.candles.index[begin]
    from_there, same = at(RollingBand(begin, 10**6), model, history, row)
    np.testing.assert_array_equal(band.quantiles, from_there.quantiles)
    np.testing.assert_array_equal(calibrated.factors, same.factors)
    one_more, _ = at(RollingBand(begin - 1, 10**6), model, history, row)
    assert not np.array_equal(band.quantiles, one_more.quantiles)


def test_a_rolling_band_without_rows_to_look_back_on_is_the_networks_own(history, model):
    for first in (START, START + 9, START + 10**6):
        band, calibrated = at(RollingBand(first, 8000), model, history, START)
        own, none = at(OwnBand(), model, history, START)
        assert none is None
        np.testing.assert_array_equal(band.quantiles, own.quantiles)
        assert (calibrated.factors == 1).all()
        assert calibrated.outcomes == 0
        assert calibrated.since == history.candles.index[START]


def test_the_nearer_steps_are_rescaled_where_the_last_has_too_few_outcomes(history):
    steps = 24
    model = network(horizon=steps)
    looked_back = calibration.MIN_OUTCOMES + 10
    first = START - looked_back
    many, _ = RollingBand(first, 8000).forecast(model, history, range(START, START + 5))
    own = inference.forecast(model, history, range(START, START + 5))
    ratio = np.ptp(many.quantiles, axis=-1) / np.ptp(own.quantiles, axis=-1)
    # The target ``k`` candles ahead of a row is known ``k`` candles later.
    enough = np.arange(1, steps + 1) <= 11
    assert (np.abs(ratio[:, enough] - 1) > 0.001).all()
    np.testing.assert_allclose(many.quantiles[:, ~enough], own.quantiles[:, ~enough], atol=1e-7)


@pytest.mark.parametrize("kind", ["own", "rolling", "residual"])
def test_no_later_candle_changes_a_forecast(history, kind):
    loss = "mse" if kind == "residual" else "quantile"
    model = network(loss=loss)
    band = {
        "own": OwnBand(),
        "rolling": RollingBand(FIRST, 8000),
        "residual": ResidualBand((range(FIRST, START - HORIZON),)),
    }[kind]
    row = REFRESHED[1]
    later = synthetic.altered(history, row + 1)
    one, other = (band.forecast(model, each, range(START, STOP))[0] for each in (history, later))
    upto = row - START + 1
    np.testing.assert_array_equal(one.quantiles[:upto], other.quantiles[:upto])
    np.testing.assert_array_equal(one.predicted[:upto], other.predicted[:upto])
    assert not np.array_equal(one.quantiles[upto], other.quantiles[upto])


def test_a_band_of_residuals_is_that_of_a_hand_count(history):
    model = network(loss="mse")
    origins = (range(FIRST, 300), range(400, 700))
    many, calibrated = ResidualBand(origins).forecast(model, history, range(START, START + 9))
    close = history.candles["close"].to_numpy()
    past = inference.forecast(model, history, range(FIRST, 700))
    rows = [row for span in origins for row in span]
    for step in range(1, HORIZON + 1):
        errors = [np.log(close[row + step] / past.predicted[row - FIRST, step - 1]) for row in rows]
        expected = np.quantile(errors, QUANTILES)
        centre = np.log(many.predicted[:, step - 1] / many.close)
        np.testing.assert_allclose(
            many.quantiles[:, step - 1], centre[:, None] + expected, atol=1e-6
        )
    assert many.quantiles.dtype == np.float32
    assert calibrated.outcomes == len(rows)
    assert calibrated.since == history.candles.index[FIRST]
    assert calibrated.window == calibration.CALIBRATION_ROWS
    own = inference.forecast(model, history, range(START, START + 9))
    widths = [each.quantiles[-1] - each.quantiles[-1, :, MEDIAN, None] for each in (own, many)]
    np.testing.assert_allclose(widths[0] * calibrated.factors, widths[1], atol=1e-6)
    two, _ = ResidualBand(origins).forecast(model, history, range(START, START + 2))
    assert two.quantiles.dtype == np.float32
    alone, _ = at(ResidualBand(origins), model, history, START)
    assert alone.quantiles.dtype == np.float64
    np.testing.assert_allclose(alone.quantiles[0], many.quantiles[0], rtol=1e-5, atol=1e-7)


def test_residuals_count_from_the_first_that_is_of_use():
    band = ResidualBand((range(100, 300), range(400, 500)))
    assert band.first_row(range(600, 700), HORIZON) == 100
    assert band.first_row(range(50, 60), HORIZON) == 50
    late = 100 + HORIZON + calibration.CALIBRATION_ROWS + 7
    assert band.first_row(range(late, late + 10), HORIZON) == 107


def test_a_band_of_residuals_of_a_network_without_a_band_has_factors_of_one(history):
    model = network(loss="mse")
    flat = dataclasses.replace(model, residuals=np.zeros_like(model.residuals))
    _, calibrated = at(ResidualBand((range(FIRST, 300),)), flat, history, START)
    assert (calibrated.factors == 1).all()


def test_too_few_candles_are_refused(history, model):
    for band in (OwnBand(), RollingBand(0, 8000)):
        with pytest.raises(NotEnoughData):
            at(band, model, history, 5)
