"""Split, scaler and sequences: counts by hand, and nothing of the future in any of them."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cryptoforecast.errors import NotEnoughData
from cryptoforecast.learning import features, samples, specs
from cryptoforecast.types import Split
from tests import synthetic

KINDS = (
    {},
    {"target": "price"},
    {"target": "price", "features": ("hour", "close", "range")},
    {"target": "price", "features": ("return",)},
    {"horizon": 5, "features": ("close", "volume")},
)


def test_split_of_the_reference_history():
    cut = samples.split(71_228, specs.make())
    assert cut == Split(71_228, 45_585, 56_982, 1)
    assert len(cut.test_origins()) == 14_245
    assert cut.test_origins() == range(56_982, 71_227)


@given(
    rows=st.integers(1_500, 200_000),
    test=st.integers(5, 50),
    validation=st.integers(5, 40),
    horizon=st.integers(1, 48),
)
@example(rows=2_000, test=43, validation=10, horizon=1)
@settings(max_examples=200, deadline=None)
def test_shares_in_per_cent_cut_as_whole_numbers_do(rows, test, validation, horizon):
    spec = specs.make(test=test / 100, validation=validation / 100, horizon=horizon, lookback=5)
    try:
        cut = samples.split(rows, spec)
    except NotEnoughData:
        assume(False)
    assert cut.test_start == rows * (100 - test) // 100
    assert cut.train_end == rows * (100 - test - validation) // 100


@given(
    rows=st.integers(500, 5_000),
    horizon=st.integers(1, 48),
    lookback=st.integers(2, 80),
    names=st.sampled_from([("close",), ("return",), ("volume", "hour")]),
)
@settings(max_examples=100, deadline=None)
def test_every_origin_belongs_to_the_span_that_holds_its_targets(rows, horizon, lookback, names):
    spec = specs.make(horizon=horizon, lookback=lookback, features=names)
    try:
        cut = samples.split(rows, spec)
    except NotEnoughData:
        assume(False)
    needed = specs.needs(spec)
    inside = {"train": [], "validation": [], "test": []}
    for t in range(rows):
        if t + horizon < cut.train_end and t >= needed - 1:
            inside["train"].append(t)
        if cut.train_end <= t and t + horizon < cut.test_start and t >= needed - 1:
            inside["validation"].append(t)
        if cut.test_start <= t and t + horizon < rows:
            inside["test"].append(t)
    assert list(cut.train_origins(needed)) == inside["train"]
    assert list(cut.validation_origins(needed)) == inside["validation"]
    assert list(cut.test_origins()) == inside["test"]


def test_too_short_a_span_is_named():
    with pytest.raises(NotEnoughData, match="The training span must hold at least 200 origins"):
        samples.split(300, specs.make())
    with pytest.raises(NotEnoughData, match=r"The test span .* Received: 0 from 500 .*horizon 48"):
        samples.split(500, specs.make(horizon=48, test=0.05, lookback=5))
    with pytest.raises(NotEnoughData, match=r"The validation span .* Choose a longer history"):
        samples.split(500, specs.make(validation=0.05, horizon=10, lookback=5))


@pytest.mark.parametrize("change", KINDS)
@pytest.mark.parametrize("border", ["train_end", "test_start"])
def test_altering_later_rows_changes_no_scaler_and_no_sample_before(change, border):
    history, spec = synthetic.history(), synthetic.spec(**change)
    cut = samples.split(len(history), spec)
    row = getattr(cut, border)
    before, scaler = samples.prepare(history, spec, cut)
    after, other = samples.prepare(synthetic.altered(history, row), spec, cut)
    for name in ("offset", "scale", "target_offset", "target_scale"):
        np.testing.assert_array_equal(getattr(scaler, name), getattr(other, name))
    np.testing.assert_array_equal(before.inputs[:row], after.inputs[:row])
    np.testing.assert_array_equal(before.targets[: row - cut.horizon],
                                  after.targets[: row - cut.horizon])  # fmt: skip
    assert not np.array_equal(before.inputs[row:], after.inputs[row:])


@pytest.mark.parametrize("change", KINDS)
def test_the_last_training_row_does_shape_the_scaler(change):
    """So that the test above is about the border itself, not rows far from it."""
    history, spec = synthetic.history(), synthetic.spec(**change)
    cut = samples.split(len(history), spec)
    _, scaler = samples.prepare(history, spec, cut)
    _, other = samples.prepare(synthetic.altered(history, cut.train_end - 1), spec, cut)
    assert not np.array_equal(scaler.scale, other.scale)
    assert not np.array_equal(scaler.target_scale, other.target_scale)


def test_standardising_equals_a_hand_computation_on_training_rows():
    history, horizon = synthetic.history(500), 3
    spec = synthetic.spec(features=("return",), horizon=horizon)
    cut = samples.split(500, spec)
    _, scaler = samples.prepare(history, spec, cut)
    assert cut.train_end == 320
    close = history.candles["close"].tolist()
    moves = [math.log(close[t] / close[t - 1]) for t in range(1, 320)]
    mean = sum(moves) / len(moves)
    assert scaler.offset == pytest.approx([mean])
    assert scaler.scale == pytest.approx(
        [math.sqrt(sum((m - mean) ** 2 for m in moves) / len(moves))]
    )
    assert (scaler.target_offset == 0).all()
    for step in range(1, horizon + 1):
        ahead = [math.log(close[t + step] / close[t]) for t in range(1, 320 - horizon)]
        assert scaler.target_scale[step - 1] == pytest.approx(np.std(ahead))


@pytest.mark.parametrize("names", [("close",), ("hour", "close", "range")])
def test_min_max_price_target_uses_the_numbers_of_its_close_input(names):
    history, spec = synthetic.history(500), synthetic.spec(target="price", features=names)
    prepared, scaler = samples.prepare(history, spec, samples.split(500, spec))
    close = history.candles["close"].to_numpy()
    column = 0 if names[0] == "close" else 2
    low, high = min(close[:320]), max(close[:320])
    assert scaler.offset[column] == scaler.target_offset[0] == low
    assert scaler.scale[column] == scaler.target_scale[0] == high - low
    # x' = (x - min) / (max - min), and the target is the next row's input.
    assert prepared.inputs[:320, column].min() == 0
    assert prepared.inputs[:320, column].max() == 1
    np.testing.assert_allclose(prepared.targets[:-1, 0], prepared.inputs[1:, column], atol=1e-6)


def test_min_max_price_target_without_a_close_input_uses_training_closes():
    history, spec = synthetic.history(500), synthetic.spec(target="price", features=("return",))
    _, scaler = samples.prepare(history, spec, samples.split(500, spec))
    close = history.candles["close"].to_numpy()[2:320]  # targets of rows 1 to 318
    assert scaler.target_offset == pytest.approx([close.min()])
    assert scaler.target_scale == pytest.approx([np.ptp(close)])


@pytest.mark.parametrize("change", KINDS)
def test_scaling_back_is_the_identity(change):
    history, spec = synthetic.history(), synthetic.spec(**change)
    prepared, scaler = samples.prepare(history, spec, samples.split(len(history), spec))
    raw = features.matrix(history.candles, spec.features)
    first = features.warmup(spec.features)
    np.testing.assert_allclose(
        prepared.inputs[first:] * scaler.scale + scaler.offset, raw[first:], rtol=1e-5, atol=1e-5
    )
    assert (prepared.inputs[np.isnan(raw)] == 0).all()
    close = history.candles["close"].to_numpy()
    back = prepared.targets * scaler.target_scale + scaler.target_offset
    for step in range(1, spec.horizon + 1):
        later = back[:-step, step - 1]
        price = later if spec.target == "price" else close[:-step] * np.exp(later)
        np.testing.assert_allclose(price, close[step:], rtol=1e-5)
        assert np.isnan(back[-step:, step - 1]).all()


def test_a_constant_column_stays_harmless_where_it_later_changes():
    """0.1 + ... has a spread of one rounding; dividing by that would give 1e15."""
    raw = np.full((400, 1), 0.1)
    raw[300:] = 0.3
    spec = synthetic.spec(features=("close",))
    targets = np.full((400, 1), 1e-3) + 1e-19 * np.arange(400)[:, None]
    scaler = samples.fit_scaler(raw, targets, spec, Split(400, 250, 320, 1))
    assert np.abs(samples.scale_inputs(raw, scaler)).max() < 1
    assert scaler.target_scale == [1.0]


@given(
    first=st.integers(0, 50),
    count=st.integers(1, 300),
    lookback=st.integers(1, 40),
    chunk=st.integers(1, 40),
    data=st.data(),
)
@settings(max_examples=200, deadline=None)
def test_sequences_tile_the_origins(first, count, lookback, chunk, data):
    offset = data.draw(st.integers(0, chunk - 1))
    origins = range(first + lookback - 1, first + lookback - 1 + count)
    rows = samples.starts(origins, lookback, chunk, offset)
    assert len(rows) == max(0, (count - offset) // chunk)
    targeted = [
        origin
        for start in rows.tolist()
        for origin in range(start + lookback - 1, start + lookback + chunk - 1)
    ]
    # One after another without gap or overlap, from the offset on, none outside.
    expected = origins[offset : offset + len(rows) * chunk]
    assert targeted == list(expected)
    assert count - offset - len(targeted) < chunk
    assert all(start >= first for start in rows)


@pytest.mark.parametrize("chunk", [1, 7, 31])
@pytest.mark.parametrize("horizon", [1, 6])
def test_no_training_sequence_holds_a_target_at_or_beyond_train_end(chunk, horizon):
    spec = specs.make(lookback=12, horizon=horizon, chunk=chunk)
    cut = samples.split(900, spec)
    origins = cut.train_origins(specs.needs(spec))
    reached = set()
    for offset in range(chunk):
        for start in samples.starts(origins, 12, chunk, offset).tolist():
            last_origin = start + 12 + chunk - 2
            assert last_origin + horizon < cut.train_end
            assert start >= features.warmup(spec.features)
            reached.add(last_origin + horizon)
    assert max(reached) == cut.train_end - 1


def test_windows_are_sequences_of_one_target():
    rows = samples.starts(range(59, 100), 60, 1)
    np.testing.assert_array_equal(rows, np.arange(0, 41))
