"""What the fit of a network promises. Few and small fits: TensorFlow is slow."""

import dataclasses
import sys

import numpy as np
import pytest

from cryptoforecast.errors import Cancelled, CryptoForecastError
from cryptoforecast.learning import fitting, samples, specs
from cryptoforecast.types import Monitor
from tests import synthetic


def prepared(spec, rows=600):
    history = synthetic.history(rows)
    return samples.prepare(history, spec, samples.split(history, spec))[0]


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_same_seed_gives_the_identical_network(lstm, lstm_spec):
    assert_same(fitting.fit(lstm_spec, prepared(lstm_spec))[0], lstm.weights)


def test_a_page_can_not_clear_the_session_of_a_training(lstm):
    """Streamlit tries to, through this name, after every run of every page."""
    keras = sys.modules["keras"]
    before = keras.layers.Dense(1).name
    keras.backend.clear_session()
    after = keras.layers.Dense(1).name
    keras.utils.clear_session()
    assert before != after
    assert keras.layers.Dense(1).name == "dense"


def test_another_seed_gives_another_network(dense, mse_spec):
    other = dataclasses.replace(mse_spec, seed=1)
    weights, _ = fitting.fit(other, prepared(other))
    assert not np.array_equal(weights[0], dense.weights[0])


def test_early_stopping_keeps_the_best_epoch():
    spec = synthetic.spec(
        patience=3, epochs=60, learning_rate=0.02, schedule="constant", units=(32,), dropout=0.0
    )
    weights, record = fitting.fit(spec, prepared(spec))
    losses = [epoch.val_loss for epoch in record.curve]
    assert record.best_epoch == np.argmin(losses) + 1
    assert record.epochs == len(losses) == record.best_epoch + 3 < 60
    # Stopping there in the first place gives the very same weights.
    short = dataclasses.replace(spec, epochs=record.best_epoch, patience=0)
    assert_same(fitting.fit(short, prepared(short))[0], weights)


def test_without_patience_the_whole_schedule_runs_and_the_best_epoch_is_kept():
    spec = synthetic.spec(epochs=12, learning_rate=0.02, schedule="constant", units=(32,))
    weights, record = fitting.fit(spec, prepared(spec))
    losses = [epoch.val_loss for epoch in record.curve]
    assert record.epochs == 12 > record.best_epoch == np.argmin(losses) + 1
    short = dataclasses.replace(spec, epochs=record.best_epoch)
    assert_same(fitting.fit(short, prepared(short))[0], weights)


def test_the_record_is_of_the_fit(lstm):
    seconds = [epoch.seconds for epoch in lstm.record.curve]
    assert [epoch.epoch for epoch in lstm.record.curve] == [1, 2]
    assert seconds == sorted(seconds)
    assert seconds[-1] <= lstm.record.seconds
    assert lstm.record.targets_per_second > 0


def test_progress_never_falls_and_ends_at_one(monkeypatch):
    monkeypatch.setattr(fitting, "REPORT_SECONDS", 0.0)
    spec, reports = synthetic.spec(epochs=3, batch_size=64), []
    fitting.fit(spec, prepared(spec), Monitor(reports.append))
    done = [progress.done for progress in reports]
    seconds = [progress.seconds for progress in reports]
    assert len(reports) > 9
    assert done == sorted(done)
    assert seconds == sorted(seconds)
    assert done[0] == 0  # reported as soon as the network is built
    assert done[-1] == 1
    assert [progress.epoch for progress in reports] == sorted(
        progress.epoch for progress in reports
    )
    assert [len(progress.curve) for progress in reports][-1] == 3
    assert {progress.epochs for progress in reports} == {3}


def test_cancelled_before_it_starts():
    spec, reports = synthetic.spec(), []
    with pytest.raises(Cancelled):
        fitting.fit(spec, prepared(spec), Monitor(reports.append, lambda: True))
    assert reports == []


def test_a_fit_can_start_from_given_weights(lstm, lstm_spec):
    """With steps too small to move anything, it ends where it began."""
    still = dataclasses.replace(lstm_spec, learning_rate=1e-9, schedule="constant", epochs=1)
    weights, _ = fitting.fit(still, prepared(still), initial=lstm.weights)
    for start, value in zip(lstm.weights, weights, strict=True):
        np.testing.assert_allclose(value, start, rtol=0, atol=1e-6)
    assert not np.allclose(fitting.fit(still, prepared(still))[0][0], lstm.weights[0], atol=1e-3)


@pytest.mark.parametrize("network", ["dense", "lstm"])
def test_cancelling_takes_effect_before_the_next_update(network):
    spec = synthetic.spec(network=network, epochs=500, units=(64, 32))
    calls = []

    def cancelled():
        calls.append(True)
        return len(calls) > 7

    reports = []
    with pytest.raises(Cancelled):
        fitting.fit(spec, prepared(spec), Monitor(reports.append, cancelled))
    assert len(calls) == 8
    assert reports[-1].epoch <= 7


@pytest.mark.parametrize(
    ("lengths", "chunks"),
    [((4000,), 8), ((1000,), 8), ((300,), 3), ((100,), 1), ((130,) * 30, 2), ((40,) * 99, 1)],
)
def test_sequences_are_as_long_as_the_stretches_allow(lengths, chunks):
    """Eight chunks share a run-in, unless a short or torn history would lose targets by it."""
    spec = specs.make(lookback=60, chunk=31)
    ends = np.cumsum([length + 100 for length in lengths])
    stretches = tuple(range(end - n, end) for end, n in zip(ends, lengths, strict=True))
    nothing = np.zeros((0, 1), np.float32)
    data = samples.Samples(nothing, nothing, stretches, (range(10_000, 11_000),))
    chunk, chunk_count = fitting._tiling(spec, data)
    assert chunk_count == chunks
    assert chunk == min(31, (max(lengths) + 1) // 2)
    whole = len(samples.starts(stretches, 60, chunk)) * chunk
    assert (
        len(samples.starts(stretches, 60, chunk * chunk_count)) * chunk * chunk_count > 0.97 * whole
    )


def test_windows_are_trained_one_by_one():
    spec = specs.make(training="windows")
    nothing = np.zeros((0, 1), np.float32)
    spans = (range(100, 900),)
    assert fitting._tiling(spec, samples.Samples(nothing, nothing, spans, spans)) == (1, 1)


def test_a_divergent_training_says_so_instead_of_scoring_nan():
    spec = dataclasses.replace(synthetic.spec(schedule="constant"), learning_rate=1e30)
    with pytest.raises(CryptoForecastError, match=r"finite loss.*Choose a smaller learning rate"):
        fitting.fit(spec, prepared(spec))


def test_a_training_span_of_hardly_more_than_one_sequence():
    """Whatever the offset of the tiling, there is a sequence to train on."""
    shares = {"test": 0.06, "validation": 0.4}
    spec = specs.make(
        lookback=60, chunk=500, units=(2,), epochs=8, features=("close",), unit="fixed", **shares
    )
    data = prepared(spec, 560)
    assert len(data.train[0]) < 2 * len(data.validation[0])
    _, record = fitting.fit(spec, data)
    assert record.epochs == 8 + spec.final_epochs == 11


@pytest.mark.parametrize("network", ["lstm", "dense"])
def test_the_last_epochs_learn_from_the_validation_rows_too(network):
    """Without them, validation rows shape the weights only through the choice of the epoch."""
    weights = {}
    for final in (0.0, 0.5):
        spec = synthetic.spec(network=network, epochs=2, final=final, patience=0)
        data = prepared(spec)
        last = data.validation[-1].stop - 1
        targets = data.targets.copy()
        targets[last - 60 : last + 1] *= -3
        other = dataclasses.replace(data, targets=targets)
        weights[final] = [fitting.fit(spec, each) for each in (data, other)]
    (one, record), (same, _) = weights[0.0]
    assert record.epochs == 2
    if record.best_epoch == weights[0.0][1][1].best_epoch:
        assert_same(one, same)
    (one, record), (different, _) = weights[0.5]
    assert record.epochs == 3
    assert len(record.curve) == 2
    assert not np.array_equal(one[0], different[0])


def test_a_squared_error_model_keeps_its_validation_rows_unseen():
    assert synthetic.spec(loss="mse", epochs=9, final=1.0).final_epochs == 0
    assert synthetic.spec(epochs=9, final=1.0).final_epochs == 9


def test_the_step_size_warms_up_and_falls():
    rates = fitting._rates("cosine", 4e-3, 720)
    assert len(rates) == 720
    assert rates[0] == pytest.approx(4e-5)
    assert max(rates) == pytest.approx(4e-3)
    assert rates.index(max(rates)) == 58
    assert rates[-1] == pytest.approx(8e-5)
    assert fitting._rates("constant", 1e-3, 3) == [1e-3] * 3
    assert len(fitting._rates("cosine", 4e-3, 1)) == 2
