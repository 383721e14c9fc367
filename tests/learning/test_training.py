"""From prices to a model: nothing of the test span shapes it, and its card says what did."""

import dataclasses

import numpy as np
import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.learning import inference, samples, specs, training
from cryptoforecast.types import Split
from tests import synthetic


def assert_same_numbers(one, other):
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    for field in dataclasses.fields(one.scaler):
        a, b = getattr(one.scaler, field.name), getattr(other.scaler, field.name)
        np.testing.assert_array_equal(a, b)


def test_altering_the_test_span_changes_nothing_of_the_model(dense, mse_spec):
    history = synthetic.history()
    cut = samples.split(history, mse_spec)
    other = training.train(synthetic.altered(history, cut.test_start), mse_spec)
    assert_same_numbers(dense, other)
    np.testing.assert_array_equal(dense.residuals, other.residuals)
    assert [e.val_loss for e in dense.record.curve] == [e.val_loss for e in other.record.curve]
    assert dense.card.fingerprint != other.card.fingerprint


def test_the_validation_span_chooses_the_epoch_and_shapes_nothing_else(mse_spec):
    history, spec = synthetic.history(), dataclasses.replace(mse_spec, epochs=1)
    cut = samples.split(history, spec)
    one = training.train(history, spec)
    other = training.train(synthetic.altered(history, cut.train_end), spec)
    assert_same_numbers(one, other)
    assert not np.array_equal(one.residuals, other.residuals)


def test_a_fit_of_any_cut_sees_no_row_outside_it(mse_spec):
    """Neither those before a sliding window nor those from the embargo on."""
    history = synthetic.history()
    cut = Split(600, 400, 500, mse_spec.horizon, first=60, embargo=20)
    assert cut.fit_end == 480

    def fitted(prices):
        return training.fit(prices, mse_spec, cut, samples.raw_samples(prices, mse_spec))

    one = fitted(history)
    candles = history.candles.copy()
    candles.iloc[:60] *= 3
    other = fitted(synthetic.altered(dataclasses.replace(history, candles=candles), 480))
    assert_same_numbers(one, other)
    np.testing.assert_array_equal(one.residuals, other.residuals)
    assert one.card.cutoff == history.candles.index[479].isoformat()
    close = history.candles["close"].iloc[60:400]
    assert (one.card.lowest, one.card.highest) == (close.min(), close.max())


def test_altering_the_last_training_row_does_change_the_model(dense, mse_spec):
    history = synthetic.history()
    cut = samples.split(history, mse_spec)
    other = training.train(synthetic.altered(history, cut.train_end - 1), mse_spec)
    assert not np.array_equal(dense.weights[0], other.weights[0])


@pytest.mark.parametrize(
    "change", [{"training": "sequences", "network": "lstm", "chunk": 9}, {"loss": "mse"}], ids=str
)
def test_nothing_is_learnt_from_a_move_over_a_gap(change):
    """Gaps in both spans, and prices of another size between them: the model is the same."""
    history, spec = synthetic.history(), synthetic.spec(**change)
    candles = history.candles.copy()
    candles.iloc[150:440] *= 64  # the network sees moves alone, and those keep their size

    def trained(frame, absent):
        prices = dataclasses.replace(history, candles=frame)
        return training.train(synthetic.parted(prices, {150: absent, 440: absent}), spec)

    one, other, ungapped = trained(history.candles, 12), trained(candles, 12), trained(candles, 0)
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert not np.allclose(one.weights[0], ungapped.weights[0], atol=1e-3)
    losses = [[epoch.val_loss for epoch in model.record.curve] for model in (one, other)]
    np.testing.assert_allclose(*losses, rtol=1e-4)
    if spec.loss == "mse":
        np.testing.assert_allclose(one.residuals, other.residuals, atol=1e-6)


def test_the_band_of_squared_error_is_of_the_validation_residuals(dense, mse_spec):
    history = synthetic.history()
    cut = samples.split(history, mse_spec)
    origins = cut.validation_origins(specs.needs(mse_spec))
    assert origins == (range(384, 479),)
    expected = inference.residual_quantiles(dense, history, origins)
    np.testing.assert_array_equal(dense.residuals, expected)
    inside = inference.forecast(dense, history, *origins)
    below = inside.actual_returns[:, 0] < inside.quantiles[:, 0, 2]
    assert np.mean(below) == pytest.approx(0.1, abs=0.02)


def test_quantile_models_carry_their_own_band(lstm):
    assert lstm.residuals is None


def test_the_card_says_where_the_model_came_from(lstm, lstm_spec):
    history = synthetic.history()
    cut = samples.split(history, lstm_spec)
    close = history.candles["close"].iloc[: cut.train_end]
    card = lstm.card
    assert (card.coin, card.interval, card.source) == ("BTC", "1h", "file test.csv")
    assert (card.needs, card.rows, card.simulated) == (9, 600, False)
    assert card.fingerprint == history.fingerprint
    assert card.start == "2024-01-01T00:00:00+00:00"
    assert card.end == history.end.isoformat()
    # The newest candle that shaped the weights or the band: the last before the test span.
    assert card.cutoff == history.candles.index[cut.test_start - 1].isoformat()
    assert (card.lowest, card.highest) == (close.min(), close.max())
    assert set(card.libraries) == {"tensorflow", "keras", "numpy"}
    assert lstm.spec == lstm_spec


def test_a_trained_network_learns_what_can_be_learnt():
    """A price that alternates is foretold: the loss falls and the sign is right."""
    history = synthetic.history(500)
    close = 100 * np.exp(0.01 * (np.arange(500) % 2))
    candles = history.candles.assign(open=close, high=close, low=close, close=close)
    spec = synthetic.spec(features=("return",), epochs=20, learning_rate=0.02, dropout=0.0)
    model = training.train(dataclasses.replace(history, candles=candles), spec)
    forecast = inference.forecast(
        model, dataclasses.replace(history, candles=candles), range(400, 499)
    )
    assert model.record.curve[-1].loss < 0.3 * model.record.curve[0].loss
    assert (
        np.sign(forecast.predicted - forecast.close[:, None]) == np.sign(forecast.actual_returns)
    ).all()


def test_refusals():
    with pytest.raises(InvalidInput, match="Only an lstm or a dense network is trained"):
        training.train(synthetic.history(), dataclasses.replace(synthetic.spec(), network="naive"))
    with pytest.raises(InvalidInput, match="`lookback` must be between"):
        training.train(synthetic.history(), dataclasses.replace(synthetic.spec(), lookback=1))
    with pytest.raises(NotEnoughData, match="training span"):
        training.train(synthetic.history(200), synthetic.spec())


@pytest.mark.parametrize("rows", [2, 5, 50, 150])
def test_a_history_too_short_to_cut_says_how_short(rows):
    with pytest.raises(NotEnoughData, match=(
        rf"must hold at least 200 origins\. Received: \d+ from {rows} candles .* Choose a longer "
        r"history of about 444 candles, or a smaller lookback\."
    )):  # fmt: skip
        training.train(synthetic.history(rows), specs.make(rows=rows))


@pytest.mark.parametrize("volume", [0.0, np.nan])
def test_a_dead_market_is_not_trained_on(volume):
    """A coin that was taken off the exchange; an outage of 33 hours is none."""
    delisted = synthetic.dead(synthetic.history(1000), 450, volume)
    price = delisted.candles["close"].iloc[-1]
    with pytest.raises(InvalidInput, match=(
        rf"Received: the last 450 of 1,000 candles \(45 %\) repeat {price:g} USD without volume, "
        r"from 2024-01-23 22:00 UTC on\. Choose an earlier end, or cut them off \(.*flat_tail"
    )):  # fmt: skip
        training.train(delisted, synthetic.spec())
    outage = synthetic.dead(synthetic.history(1000), 33, volume)
    assert training.check(outage, synthetic.spec()) == samples.split(outage, synthetic.spec())


def test_prices_that_never_move_are_not_trained_on():
    history = synthetic.history()
    candles = history.candles.copy()
    candles.iloc[:384] = [90.0, 91.0, 89.0, 90.0, 5.0]
    with pytest.raises(InvalidInput, match=r"384 training candles that all close at 90 USD"):
        training.train(dataclasses.replace(history, candles=candles), synthetic.spec())
    window = Split(600, 450, 480, 1, first=384)
    assert training.check(dataclasses.replace(history, candles=candles), synthetic.spec(), window)
    candles.iloc[383, candles.columns.get_loc("close")] = 90.1
    training.check(dataclasses.replace(history, candles=candles), synthetic.spec())


def test_unknown_volume_is_learnt_as_no_volume(lstm_spec):
    spec = dataclasses.replace(lstm_spec, features=specs.make().features)
    models = []
    for volume in (np.nan, 0.0):
        history = synthetic.history()
        history = dataclasses.replace(history, candles=history.candles.assign(volume=volume))
        models.append(training.train(history, spec))
    assert_same_numbers(*models)
    assert all(np.isfinite(array).all() for array in models[0].weights)
    assert np.isfinite([epoch.val_loss for epoch in models[0].record.curve]).all()
