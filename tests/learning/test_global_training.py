"""A global model learns from every history, from none of what is held back, and from no scale."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.learning import bundles, global_training, inference, samples, scaling, specs
from tests import synthetic

FEATURES = ("scaled_return", "scaled_move", "short_range")


def spec(**changes):
    values = {
        "network": "lstm", "features": FEATURES, "unit": "range", "horizon": 2,
        "chunk": 9, "batch_size": 8, "epochs": 1, **changes,
    }  # fmt: skip
    return synthetic.spec(**values)


@pytest.fixture(scope="module")
def histories():
    return [synthetic.history(800, seed=1, coin="ONE"), synthetic.history(1000, seed=2, coin="TWO")]


@pytest.fixture(scope="module")
def model(histories):
    return global_training.train(histories, spec())


def test_pooling_one_history_is_scaling_it(histories):
    settings = spec()
    cut = samples.split(histories[0], settings)
    raw = samples.raw_samples(histories[0], settings)
    (one, scaler), (other, same) = (
        samples.prepare_pooled([(raw, cut)], settings), samples.prepare_raw(raw, settings, cut)
    )  # fmt: skip
    np.testing.assert_array_equal(one.inputs, other.inputs)
    np.testing.assert_array_equal(scaler.target_scale, same.target_scale)
    assert (one.train, one.validation) == (other.train, other.validation)


def test_pooled_stretches_stay_within_their_history(histories):
    settings = spec()
    cuts = global_training.cuts(histories, settings)
    parts = [
        (samples.raw_samples(h, settings), cut) for h, cut in zip(histories, cuts, strict=True)
    ]
    pooled, scaler = samples.prepare_pooled(parts, settings)
    needed, border = specs.needs(settings), len(histories[0])
    assert len(pooled.inputs) == 1800
    for rows in (*pooled.train, *pooled.validation):
        first, last = rows.start - needed + 1, rows.stop - 1 + settings.horizon
        assert (first >= border) == (last >= border)
        assert np.isfinite(pooled.targets[rows.start : rows.stop]).all()
    # Each row is that of its own history, under the one scaler.
    alone = scaling.scale_inputs(parts[1][0].inputs, scaler)
    np.testing.assert_array_equal(pooled.inputs[border:], alone)


def test_validation_begins_at_one_moment_for_all(histories):
    cuts = global_training.cuts(histories, spec())
    moments = {h.candles.index[cut.train_end] for h, cut in zip(histories, cuts, strict=False)
               if cut.train_end < len(h)}  # fmt: skip
    assert len(moments) == 1
    rows = sum(cut.rows - cut.train_end for cut in cuts)
    assert rows == pytest.approx(0.16 * 1800, abs=3)


def test_nothing_from_the_border_on_shapes_the_model(histories, model):
    until = histories[0].candles.index[700]
    before = global_training.train(histories, spec(), until)
    changed = [synthetic.altered(history, 700) for history in histories]
    after = global_training.train(changed, spec(), until)
    for one, other in zip(before.weights, after.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert pd.Timestamp(before.card.cutoff) == until - histories[0].candle_length
    assert not np.array_equal(before.weights[0], model.weights[0])
    # A coin that was listed later is left out.
    later = dataclasses.replace(histories[1], candles=histories[1].candles.iloc[750:])
    assert global_training.train([histories[0], later], spec(), until).card.source == "ONE"


def test_it_forecasts_a_coin_it_has_never_seen_whatever_its_scale(model, tmp_path):
    unseen = synthetic.history(400, seed=9)
    candles = unseen.candles.copy()
    candles[["open", "high", "low", "close"]] *= 1e-6
    candles["volume"] = 0.0
    cheap = dataclasses.replace(unseen, candles=candles)
    bundles.save(model, tmp_path, "any")
    read, rows = bundles.load(tmp_path / "any"), range(300, 400)
    one = inference.forecast(read, unseen, rows).quantiles
    other = inference.forecast(read, cheap, rows).quantiles
    np.testing.assert_allclose(other, one, atol=1e-6)
    assert (read.card.coin, read.card.scope) == ("any", "global")
    assert read.card.source == "ONE, TWO"


def test_refusals_say_what_is_needed(histories):
    with pytest.raises(InvalidInput, match=r"without a scale of their own.*Received: close, atr"):
        global_training.train(histories, spec(features=("close", "hour", "atr")))
    with pytest.raises(InvalidInput, match="Received: scale-free inputs, fixed, quantile"):
        global_training.train(histories, spec(unit="fixed"))
    days = dataclasses.replace(histories[0], interval="1d")
    with pytest.raises(InvalidInput, match=r"of one length. Received: 1d, 1h"):
        global_training.train([histories[1], days], spec())
    with pytest.raises(NotEnoughData, match="of all histories must hold at least 200"):
        global_training.train(histories, spec(), histories[0].candles.index[100])
    with pytest.raises(InvalidInput, match=r"of one length. Received: -"):
        global_training.train([], spec())
    with pytest.raises(NotEnoughData, match="0 histories"):
        global_training.train(histories, spec(), histories[0].start)


def test_histories_in_several_currencies_are_refused(histories):
    mixed = [histories[0], dataclasses.replace(histories[1], quote="EUR")]
    with pytest.raises(InvalidInput, match=r"prices in one currency\. Received: EUR, USD\."):
        global_training.train(mixed, spec())


def test_a_global_model_is_of_no_quote(model):
    assert (model.card.coin, model.card.quote) == ("any", "any")


def test_its_fingerprint_is_as_long_as_that_of_prices(model, histories):
    assert len(model.card.fingerprint) == len(histories[0].fingerprint)
