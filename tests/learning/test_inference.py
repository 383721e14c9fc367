"""Forecasts read exactly what they need, never the future, and their quantiles never cross."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.learning import features, inference, ranges, scaling, specs
from cryptoforecast.types import MEDIAN, QUANTILES
from tests import synthetic

KINDS = (
    {"network": "lstm"},
    {"network": "lstm", "units": (5, 3), "horizon": 4},
    {"network": "lstm", "loss": "mse", "target": "price"},
    {"network": "dense"},
    {"network": "dense", "units": (5, 3), "loss": "mse", "horizon": 3},
    {"network": "dense", "target": "price", "horizon": 2},
)


@pytest.fixture(params=KINDS, ids=str)
def model(request):
    result = synthetic.model(synthetic.spec(**request.param))
    if result.spec.target == "return":
        return result
    prices = {"target_offset": np.full(result.spec.horizon, 80.0), "target_scale":
              np.full(result.spec.horizon, 30.0)}  # fmt: skip
    if result.spec.features == ("close",):
        prices |= {"offset": np.array([80.0]), "scale": np.array([30.0])}
    return dataclasses.replace(result, scaler=dataclasses.replace(result.scaler, **prices))


def test_a_forecast_reads_exactly_the_candles_it_needs(model):
    history, needed = synthetic.history(120), model.card.needs
    whole = inference.forecast(model, history, range(119, 120))
    tail = dataclasses.replace(history, candles=history.candles.iloc[-needed:])
    alone = inference.forecast(model, tail, range(needed - 1, needed))
    np.testing.assert_array_equal(alone.quantiles, whole.quantiles)
    np.testing.assert_array_equal(alone.predicted, whole.predicted)
    assert alone.origins.equals(whole.origins)
    # The oldest candle it needs is really read.
    changed = synthetic.altered(tail, 0).candles.iloc[[0]]
    candles = tail.candles.copy()
    candles.iloc[0] = changed.iloc[0]
    other = inference.forecast(
        model, dataclasses.replace(tail, candles=candles), range(needed - 1, needed)
    )
    assert not np.array_equal(other.quantiles, alone.quantiles)


def test_one_candle_fewer_is_refused(model):
    history, needed = synthetic.history(120), model.card.needs
    short = dataclasses.replace(history, candles=history.candles.iloc[-(needed - 1) :])
    text = f"needs {needed} candles up to its origin. Received: {needed - 1}"
    with pytest.raises(NotEnoughData, match=text):
        inference.forecast(model, short, range(needed - 2, needed - 1))
    with pytest.raises(NotEnoughData, match=text):
        inference.forecast(model, history, range(needed - 2, 100))


def test_many_origins_at_once_equal_each_alone(model):
    history, needed = synthetic.history(700), model.card.needs
    rows = range(needed - 1, 700)
    assert len(rows) > inference.BATCH_WINDOWS
    together = inference.forecast(model, history, rows)
    for row in (needed - 1, needed + inference.BATCH_WINDOWS - 1, 699):
        alone = inference.forecast(model, history, range(row, row + 1))
        i = row - rows.start
        np.testing.assert_allclose(together.quantiles[i], alone.quantiles[0], rtol=0, atol=1e-6)
        np.testing.assert_allclose(together.predicted[i], alone.predicted[0], rtol=1e-6)


@pytest.mark.parametrize("step", [1, 7])
def test_each_origin_has_the_range_of_its_own_candle_as_the_unit(step):
    history, horizon = synthetic.history(300), 3
    fixed = synthetic.model(synthetic.spec(unit="fixed", horizon=horizon))
    ranged = synthetic.model(synthetic.spec(unit="range", horizon=horizon))
    rows = range(specs.needs(ranged.spec) - 1, 300, step)
    quantiles = [inference.forecast(model, history, rows).quantiles for model in (fixed, ranged)]
    unit = ranges.unit(history.candles)[rows, None, None]
    np.testing.assert_allclose(quantiles[1], quantiles[0] * unit, rtol=1e-6, atol=1e-9)


def test_the_last_layer_of_many_windows_equals_that_of_each_alone(model):
    history, lookback = synthetic.history(700), model.spec.lookback
    raw = features.matrix(history.candles, model.spec.features)
    inputs = scaling.scale_inputs(raw, model.scaler)
    together = inference.outputs(model, inputs)
    assert len(together) == 700 - lookback + 1 > inference.BATCH_WINDOWS
    for first in (0, inference.BATCH_WINDOWS - 1, inference.BATCH_WINDOWS, 700 - lookback):
        (alone,) = inference.outputs(model, inputs[first : first + lookback])
        np.testing.assert_allclose(together[first], alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("units", [(3,), (5, 3), (2, 4, 3)])
def test_an_lstm_equals_a_hand_loop_of_its_equations(units):
    model = synthetic.model(synthetic.spec(network="lstm", units=units))
    width, lookback = features.width(model.spec.features), model.spec.lookback
    inputs = np.random.default_rng(0).normal(size=(lookback + 2, width)).astype(np.float32)
    outputs = inference.outputs(model, inputs)
    for first, row in enumerate(outputs):
        rows = inputs[first : first + lookback]
        for i in range(len(units)):
            rows = lstm_layer(rows, *model.weights[3 * i : 3 * i + 3])
        expected = rows[-1] @ model.weights[-2] + model.weights[-1]
        np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-5)


def lstm_layer(rows, kernel, recurrent, bias):
    """Compute one layer as Keras defines it, its gates in Keras' order."""
    hidden = cell = np.zeros(len(recurrent))
    outputs = []
    for row in rows:
        gates = np.split(row @ kernel + hidden @ recurrent + bias, 4)
        admit, keep, show = (1 / (1 + np.exp(-gates[i])) for i in (0, 1, 3))
        cell = keep * cell + admit * np.tanh(gates[2])
        hidden = show * np.tanh(cell)
        outputs.append(hidden)
    return np.array(outputs)


def test_altering_later_candles_changes_no_forecast(model):
    history = synthetic.history(150)
    rows = range(100, 121)
    past = inference.forecast(model, history, rows)
    blind = inference.forecast(model, synthetic.altered(history, 121), rows)
    np.testing.assert_array_equal(past.quantiles, blind.quantiles)
    np.testing.assert_array_equal(past.predicted, blind.predicted)
    assert not np.array_equal(past.actual, blind.actual)


def test_origins_closes_and_actuals_are_of_the_rows_asked(model):
    history, horizon = synthetic.history(150), model.spec.horizon
    close = history.candles["close"].to_numpy()
    rows = range(100, 150, 7)
    forecast = inference.forecast(model, history, rows)
    dense = inference.forecast(model, history, range(100, 150))
    assert forecast.origins.equals(history.candles.index[list(rows)])
    assert forecast.quantiles.shape == (len(rows), horizon, len(QUANTILES))
    np.testing.assert_array_equal(forecast.close, close[list(rows)])
    np.testing.assert_array_equal(forecast.predicted, dense.predicted[::7])
    np.testing.assert_array_equal(forecast.quantiles, dense.quantiles[::7])
    for i, row in enumerate(rows):
        for step in range(1, horizon + 1):
            later = close[row + step] if row + step < 150 else np.nan
            np.testing.assert_equal(forecast.actual[i, step - 1], later)
    assert (forecast.predictor, forecast.interval) == (model.spec.network, "1h")


@pytest.mark.parametrize("rows", [range(0), range(100, 121), range(-5, 50)])
def test_rows_outside_the_history_are_refused(rows):
    with pytest.raises(NotEnoughData):
        inference.forecast(synthetic.model(), synthetic.history(120), rows)


HUGE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(raw=arrays(np.float32, (3, 2 * len(QUANTILES)), elements=HUGE))
@settings(max_examples=300, deadline=None)
def test_quantiles_never_cross_whatever_the_network_says(raw):
    quantiles = inference.rising_quantiles(raw, 2)
    assert quantiles.shape == (3, 2, len(QUANTILES))
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    np.testing.assert_array_equal(
        quantiles[..., MEDIAN], raw.reshape(3, 2, len(QUANTILES))[..., MEDIAN]
    )


@given(bias=arrays(np.float32, 2 * len(QUANTILES), elements=HUGE), price=st.booleans())
@settings(max_examples=100, deadline=None)
def test_forecast_quantiles_never_cross_either(bias, price):
    spec = synthetic.spec(horizon=2, features=("close",), target="price" if price else "return")
    model = synthetic.model(spec)
    still = tuple(np.zeros_like(w) for w in model.weights[:-1])
    model = dataclasses.replace(model, weights=(*still, bias))
    with np.errstate(over="ignore"):  # a price of exp(1e30) is infinite, and still in order
        forecast = inference.forecast(model, synthetic.history(60), range(50, 60))
        prices = forecast.quantile_prices
    assert (forecast.quantiles[..., :-1] <= forecast.quantiles[..., 1:]).all()
    assert (prices[..., :-1] <= prices[..., 1:]).all()
    assert (prices >= 0).all()


def test_quantiles_are_softplus_steps_from_the_median():
    raw = np.linspace(-2, 2, len(QUANTILES), dtype=np.float32)
    steps = [float(np.log1p(np.exp(np.float64(v)))) for v in raw]
    expected = [raw[4] - sum(steps[i:4]) for i in range(4)] + [raw[4]]
    expected += [raw[4] + sum(steps[5 : i + 1]) for i in range(5, 9)]
    assert inference.rising_quantiles(raw[None], 1)[0, 0] == pytest.approx(expected, rel=1e-6)


def test_a_return_in_words_of_price():
    """Median scaled back to a log-return, then to USD; its price is the point forecast."""
    spec = synthetic.spec(horizon=2)
    model, history = synthetic.model(spec), synthetic.history(120)
    forecast = inference.forecast(model, history, range(119, 120))
    raw = inference.outputs(model, _inputs(model, history))[-1:]
    levels = inference.rising_quantiles(raw, 2)[0]
    for step in range(2):
        expected = levels[step] * model.scaler.target_scale[step]
        assert forecast.quantiles[0, step] == pytest.approx(expected)
        price = forecast.close[0] * np.exp(expected[MEDIAN])
        assert forecast.predicted[0, step] == pytest.approx(price)
        assert forecast.quantile_prices[0, step, MEDIAN] == pytest.approx(price)


def test_a_squared_error_model_says_its_mean_and_wears_the_validation_residuals():
    spec = synthetic.spec(loss="mse", horizon=2)
    model, history = synthetic.model(spec), synthetic.history(120)
    forecast = inference.forecast(model, history, range(119, 120))
    raw = inference.outputs(model, _inputs(model, history))[-1]
    expected = forecast.close[0] * np.exp(raw * model.scaler.target_scale)
    assert forecast.predicted[0] == pytest.approx(expected)
    centre = np.log(forecast.predicted[0] / forecast.close[0])
    assert forecast.quantiles[0] == pytest.approx(centre[:, None] + model.residuals)


def test_residual_quantiles_equal_a_hand_computation():
    spec = synthetic.spec(loss="mse", horizon=2)
    model, history = synthetic.model(spec), synthetic.history(300)
    quantiles = inference.residual_quantiles(model, history, (range(100, 250),))
    forecast = inference.forecast(model, history, range(100, 250))
    close = history.candles["close"].to_numpy()
    for step in (1, 2):
        residual = [np.log(close[t + step] / forecast.predicted[t - 100, step - 1])
                    for t in range(100, 250)]  # fmt: skip
        assert quantiles[step - 1] == pytest.approx(np.quantile(residual, QUANTILES))


def test_a_min_max_price_never_falls_to_zero_or_below():
    spec = synthetic.spec(target="price", loss="mse")
    model = synthetic.model(spec)
    model.weights[-1][:] = -1e6
    forecast = inference.forecast(model, synthetic.history(60), range(50, 60))
    assert forecast.predicted[:, 0] == pytest.approx(forecast.close * inference.MIN_PRICE_SHARE)
    assert np.isfinite(forecast.quantiles).all()


def test_bare_closes_give_what_the_whole_history_gives():
    spec = synthetic.spec(features=("return", "abs_return"))
    model, history = synthetic.model(spec), synthetic.history(120)
    closes = history.candles["close"].to_numpy()[-model.card.needs :]
    forecast = inference.from_closes(model, closes)
    whole = inference.forecast(model, history, range(119, 120))
    np.testing.assert_array_equal(forecast, whole.predicted[0])
    with pytest.raises(NotEnoughData, match="Received: 3"):
        inference.from_closes(model, closes[-3:])


def test_bare_closes_do_not_serve_a_model_that_reads_more():
    with pytest.raises(InvalidInput, match="Received: range, volume, hour, weekend"):
        inference.from_closes(synthetic.model(), np.full(31, 100.0))


def test_forecasting_imports_no_tensorflow_and_no_scikit_learn():
    code = (
        "import sys; from tests import synthetic; from cryptoforecast.learning import inference\n"
        "inference.forecast(synthetic.model(), synthetic.history(120), range(100, 120))\n"
        "print(*sorted({'tensorflow', 'keras', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def _inputs(model, history):
    """Scaled rows of the whole history, as ``forecast`` prepares them."""
    raw = features.matrix(history.candles, model.spec.features)
    scaled = scaling.scale_inputs(raw, model.scaler)
    return scaled[-model.spec.lookback :]
