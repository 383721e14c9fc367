"""Split, scaler and sequences: counts by hand, and nothing of the future in any of them."""

import dataclasses
import math
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cryptoforecast.errors import NotEnoughData
from cryptoforecast.learning import features, samples, scaling, specs
from cryptoforecast.prices.candles import level_shifts
from cryptoforecast.prices.files import price_file
from cryptoforecast.types import Split
from tests import synthetic

KINDS = (
    {},
    {"target": "price"},
    {"target": "price", "features": ("hour", "close", "range")},
    {"target": "price", "features": ("return",)},
    {"horizon": 5, "features": ("close", "volume")},
)


def flat(stretches):
    return [row for rows in stretches for row in rows]


def test_split_of_the_reference_history():
    cut = samples.split_rows(71_228, specs.make())
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
        cut = samples.split_rows(rows, spec)
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
        cut = samples.split_rows(rows, spec)
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
    assert flat(cut.train_origins(needed)) == inside["train"]
    assert flat(cut.validation_origins(needed)) == inside["validation"]
    assert list(cut.test_origins()) == inside["test"]


def test_too_short_a_span_is_named():
    with pytest.raises(NotEnoughData, match="The training span must hold at least 200 origins"):
        samples.split_rows(300, specs.make(rows=300))
    with pytest.raises(NotEnoughData, match=r"The test span .* Received: 0 from 500 .*horizon 48"):
        samples.split_rows(500, specs.make(rows=500, horizon=48, test=0.05, lookback=5))
    with pytest.raises(NotEnoughData, match=r"The validation span .* Choose a longer history"):
        samples.split_rows(500, specs.make(rows=500, validation=0.05, horizon=10, lookback=5))


def test_each_span_needs_so_many_origins():
    assert samples.MIN_ORIGINS == {"training": 200, "validation": 30, "test": 30}


@pytest.mark.parametrize(("spread", "scale"), [(0.9e-9, 1.0), (1.1e-9, None)])
def test_a_spread_of_a_billionth_is_rounding(spread, scale):
    raw = np.tile([[1.0, 5.0], [1.0 + 2 * spread, 7.0]], (50, 1))
    spec = synthetic.spec(features=("return", "range"))
    rows = (range(100),)
    fitted = scaling.fit_scaler(raw, raw[:, :1], spec, rows, rows)
    assert fitted.scale[1] == pytest.approx(1.0, rel=1e-15)
    assert fitted.scale[0] == pytest.approx(spread if scale is None else scale, rel=0.01)


def test_a_baseline_needs_a_test_span_only():
    # Five years of weeks are enough for a band, not for a network.
    assert len(samples.split_rows(254, specs.make(network="cone", horizon=2)).test_origins()) == 49
    remedies = r"training span .* about 446 candles, or a smaller lookback or horizon\."
    with pytest.raises(NotEnoughData, match=remedies):
        samples.split_rows(254, specs.make(rows=254, horizon=2))
    with pytest.raises(NotEnoughData, match=r"test span .* longer history of about 155 candles"):
        samples.split_rows(120, specs.make(network="cone"))


@pytest.mark.parametrize("change", KINDS)
def test_one_measurement_serves_every_cut(change):
    """What is measured on the whole history and then cut is what is measured on the cut."""
    history, spec = synthetic.history(), synthetic.spec(**change)
    cut = Split(600, 380, 500, spec.horizon, first=40, embargo=20)
    whole, scaler = samples.prepare_raw(samples.raw_samples(history, spec).before(480), spec, cut)
    past = dataclasses.replace(history, candles=history.candles.iloc[:480])
    other = synthetic.altered(past, 0, seed=3).candles.iloc[:40]
    past = dataclasses.replace(past, candles=pd.concat([other, past.candles.iloc[40:]]))
    alone, again = samples.prepare(past, spec, cut)
    for name in ("offset", "scale", "target_offset", "target_scale"):
        np.testing.assert_array_equal(getattr(scaler, name), getattr(again, name))
    begins = 40 + features.warmup(spec.features)
    np.testing.assert_array_equal(whole.inputs[begins:], alone.inputs[begins:])
    for span in ("train", "validation"):
        (rows,) = getattr(whole, span)
        assert getattr(alone, span) == (rows,)
        one, two = (each.targets[rows.start : rows.stop] for each in (whole, alone))
        np.testing.assert_array_equal(one, two)
        assert np.isfinite(one).all()
    assert whole.train[0].start == 40 + specs.needs(spec) - 1
    assert whole.validation == (range(380, 480 - spec.horizon),)


@pytest.mark.parametrize("change", KINDS)
@pytest.mark.parametrize("border", ["train_end", "test_start"])
def test_altering_later_rows_changes_no_scaler_and_no_sample_before(change, border):
    history, spec = synthetic.history(), synthetic.spec(**change)
    cut = samples.split(history, spec)
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
    cut = samples.split(history, spec)
    _, scaler = samples.prepare(history, spec, cut)
    _, other = samples.prepare(synthetic.altered(history, cut.train_end - 1), spec, cut)
    assert not np.array_equal(scaler.scale, other.scale)
    assert not np.array_equal(scaler.target_scale, other.target_scale)


def test_standardising_equals_a_hand_computation_on_training_rows():
    history, horizon = synthetic.history(500), 3
    spec = synthetic.spec(features=("return",), horizon=horizon)
    cut = samples.split(history, spec)
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
    prepared, scaler = samples.prepare(history, spec, samples.split(history, spec))
    close = history.candles["close"].to_numpy()
    column = 0 if names[0] == "close" else 2
    low, high = min(close[:320]), max(close[:320])
    assert scaler.offset[column] == scaler.target_offset[0] == low
    assert scaler.scale[column] == scaler.target_scale[0] == high - low
    # x' = (x - min) / (max - min), and the target is the next row's input.
    assert prepared.inputs[:320, column].min() == 0
    assert prepared.inputs[:320, column].max() == 1
    np.testing.assert_allclose(prepared.targets[:-1, 0], prepared.inputs[1:, column], atol=1e-6)


@pytest.mark.parametrize("horizon", [1, 3])
def test_min_max_price_target_without_a_close_input_uses_training_closes(horizon):
    spec = synthetic.spec(target="price", features=("return",), horizon=horizon)
    history = synthetic.history(500)
    # Prices that only rise, so that no other targets have the same extremes.
    candles = history.candles.sort_values("close").set_axis(history.candles.index)
    history = dataclasses.replace(history, candles=candles)
    _, scaler = samples.prepare(history, spec, samples.split(history, spec))
    # The first targets of the origins from row 1 to the last one with all targets before row 320.
    close = history.candles["close"].to_numpy()[2 : 321 - horizon]
    assert scaler.target_offset == pytest.approx([close.min()] * horizon)
    assert scaler.target_scale == pytest.approx([np.ptp(close)] * horizon)


@pytest.mark.parametrize("change", KINDS)
def test_scaling_back_is_the_identity(change):
    history, spec = synthetic.history(), synthetic.spec(**change)
    prepared, scaler = samples.prepare(history, spec, samples.split(history, spec))
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
    cut = Split(400, 250, 320, 1)
    scaler = scaling.fit_scaler(raw, targets, spec, cut.train_rows(1), cut.train_origins(1))
    assert np.abs(scaling.scale_inputs(raw, scaler)).max() < 1
    assert scaler.target_scale == [1.0]


def test_a_column_of_zeros_is_constant_too():
    """Such is the volume feature where no volume is known."""
    zeros, rows = np.zeros((100, 1)), (range(100),)
    scaler = scaling.fit_scaler(zeros, zeros, synthetic.spec(features=("volume",)), rows, rows)
    assert scaler.scale == [1.0]
    assert scaler.target_scale == [1.0]


@pytest.mark.parametrize("target", ["return", "price"])
def test_a_column_whose_range_or_deviation_is_one_is_not_taken_for_constant(target):
    """Such is a signal of 0 and 1 under min-max, and one of -1 and 1 that is standardised."""
    ends = (0.0, 1.0) if target == "price" else (-1.0, 1.0)
    raw = np.column_stack([np.linspace(1, 3, 100), np.resize(ends, 100), np.zeros(100)])
    spec = synthetic.spec(features=("close", "signal:switch"), target=target)
    rows = (range(100),)
    scaler = scaling.fit_scaler(raw, raw[:, :1], spec, rows, rows)
    assert scaling.unused_inputs(spec, scaler) == ()
    np.testing.assert_array_equal(scaling.scale_inputs(raw, scaler)[:, 1], np.resize(ends, 100))
    raw[:, 1] = 1.0
    still = scaling.fit_scaler(raw, raw[:, :1], spec, rows, rows)
    assert scaling.unused_inputs(spec, still) == ("signal:switch",)


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
    rows = samples.starts((origins,), lookback, chunk, offset)
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
    cut = samples.split_rows(900, spec)
    origins = cut.train_origins(specs.needs(spec))
    reached = set()
    for offset in range(chunk):
        for start in samples.starts(origins, 12, chunk, offset).tolist():
            last_origin = start + 12 + chunk - 2
            assert last_origin + horizon < cut.train_end
            assert start >= features.warmup(spec.features)
            reached.add(last_origin + horizon)
    assert max(reached) == cut.train_end - 1


def test_each_unit_begins_exactly_where_the_one_before_it_ended():
    """The market opens 0.2 % higher, and the unit is not taken for 1,002 times as large."""
    history = synthetic.history(300)
    candles = history.candles.copy()
    candles.iloc[:150, :4] /= 1_002
    whole = samples.in_one_unit(dataclasses.replace(history, candles=candles)).candles
    assert level_shifts.find(candles)[0].ratio == 1_000
    assert whole["close"].iloc[149] == pytest.approx(whole["open"].iloc[150], rel=1e-12)
    pd.testing.assert_frame_equal(whole.iloc[150:], candles.iloc[150:])


def test_a_change_of_the_unit_lies_between_two_candles_of_the_history():
    whole = synthetic.history(100)
    index = whole.candles.index
    changes = (index[10], index[40], index[99])
    history = dataclasses.replace(whole, unit_changes=changes)
    assert samples.unit_changes(history) == samples.gaps(history) == (10, 40, 99)
    for first, stop, rows in ((10, 100, (30, 89)), (9, 99, (1, 31)), (41, 99, ())):
        part = dataclasses.replace(history, candles=whole.candles.iloc[first:stop])
        assert samples.unit_changes(part) == rows


def test_a_gap_is_more_than_six_absent_candles():
    history = synthetic.history(100)
    assert samples.gaps(history) == ()
    assert samples.gaps(synthetic.parted(history, dict.fromkeys(range(1, 100), 6))) == ()
    assert samples.gaps(synthetic.parted(history, {1: 7, 40: 6, 41: 500, 99: 7})) == (1, 41, 99)
    # A candle off the grid is no gap, and hides none.
    index = history.candles.index
    moved = index.where(np.arange(100) != 50, index[50] + pd.Timedelta(minutes=28))
    off_grid = dataclasses.replace(history, candles=history.candles.set_axis(moved))
    assert samples.gaps(off_grid) == ()
    assert samples.gaps(synthetic.parted(off_grid, {51: 8})) == (51,)


@pytest.mark.parametrize(
    ("interval", "fewest"), [("1m", 2880), ("15m", 192), ("1h", 48), ("4h", 24), ("1d", 24)]
)
@pytest.mark.parametrize("volume", [0.0, np.nan])
def test_a_dead_market_is_one_price_for_two_days_and_24_candles(interval, fewest, volume):
    history = synthetic.history(3_000, interval=interval)
    assert samples.dead_tail(history) == 0
    assert samples.dead_tail(synthetic.dead(history, fewest - 1, volume)) == 0
    assert samples.dead_tail(synthetic.dead(history, fewest, volume)) == fewest
    assert samples.dead_tail(synthetic.dead(history, 2_990, volume)) == 2_990
    # Where there is trade at one price, the market is alive.
    assert samples.dead_tail(synthetic.dead(history, 2_990, 1.0)) == 0


@st.composite
def cuts(draw):
    """A spec and the split of some rows with gaps anywhere, however small its spans."""
    rows = draw(st.integers(20, 400))
    borders = sorted(draw(st.tuples(st.integers(0, rows), st.integers(0, rows))))
    gaps = draw(st.sets(st.integers(1, rows - 1), max_size=8))
    horizon, lookback = draw(st.integers(1, 6)), draw(st.integers(2, 20))
    names = draw(st.sampled_from([("close",), ("return",), ("volume", "hour")]))
    spec = synthetic.spec(horizon=horizon, lookback=lookback, features=names)
    first = draw(st.integers(0, borders[0]))
    embargo = draw(st.integers(0, borders[1] - borders[0]))
    return spec, Split(rows, *borders, horizon, tuple(sorted(gaps)), first, embargo)


@given(cuts())
@settings(max_examples=200, deadline=None)
def test_an_origin_is_usable_where_no_gap_parts_it_from_what_it_reads_and_foretells(case):
    spec, cut = case
    needed, ahead, gaps = specs.needs(spec), spec.horizon, set(cut.gaps)

    def whole(t, reads, ahead=ahead):
        """No row but the first of what is touched comes after a gap."""
        first = t - reads + 1
        return first >= cut.first and gaps.isdisjoint(range(first + 1, t + ahead + 1))

    def usable(first, stop, reads=needed):
        return [t for t in range(first, stop - ahead) if whole(t, reads)]

    assert flat(cut.train_origins(needed)) == usable(cut.first, cut.train_end)
    assert flat(cut.validation_origins(needed)) == usable(cut.train_end, cut.fit_end)
    assert flat(cut.train_rows(needed)) == [
        t for t in range(cut.train_end) if whole(t, needed, ahead=0)
    ]
    for reads in (1, needed):
        parted = len(cut.test_origins()) - len(usable(cut.test_start, cut.rows, reads))
        assert cut.across_gaps(reads) == parted
    for stretches in (cut.train_origins(needed), cut.train_rows(needed)):
        assert all(stretches)
        for one, other in pairwise(stretches):
            assert one.stop < other.start


@given(case=cuts(), chunk=st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_sequences_cross_no_gap_and_reach_every_origin(case, chunk):
    spec, cut = case
    needed, warmup = specs.needs(spec), features.warmup(spec.features)
    stretches = cut.train_origins(needed)
    assume(stretches)
    reached = set()
    for offset in range(chunk):
        for start in samples.starts(stretches, spec.lookback, chunk, offset).tolist():
            last = start + spec.lookback + chunk - 2
            touched = range(start - warmup, last + spec.horizon + 1)
            assert touched.start >= cut.first
            assert touched.stop <= cut.train_end
            assert not set(cut.gaps) & set(touched[1:])
            reached.update(range(last - chunk + 1, last + 1))
    assert sorted(reached) == flat(rows for rows in stretches if len(rows) >= chunk)


@given(
    rows=st.integers(500, 120_000),
    horizon=st.integers(1, 48),
    lookback=st.integers(2, 80),
    chunk=st.integers(1, 500),
    data=st.data(),
)
@settings(max_examples=100, deadline=None)
def test_without_gaps_one_tiling_covers_all(rows, horizon, lookback, chunk, data):
    spec = specs.make(horizon=horizon, lookback=lookback)
    try:
        cut = samples.split_rows(rows, spec)
    except NotEnoughData:
        assume(False)
    offset = data.draw(st.integers(0, chunk - 1))
    needed = specs.needs(spec)
    for stretches, first, stop in (
        (cut.train_origins(needed), needed - 1, cut.train_end),
        (cut.validation_origins(needed), max(cut.train_end, needed - 1), cut.test_start),
    ):
        firsts = samples.starts(stretches, lookback, chunk, offset)
        begin, end = first - (lookback - 1) + offset, stop - horizon - (lookback + chunk - 1)
        np.testing.assert_array_equal(firsts, np.arange(begin, end + 1, chunk))
        assert firsts.dtype == np.int32


def test_the_scaler_sees_no_move_over_a_gap(monkeypatch):
    """Prices 64 times as high before row 150: every move but the one into it stays the same."""
    history, spec = synthetic.history(), synthetic.spec(horizon=3)
    candles = history.candles.copy()
    candles.iloc[:150] *= 64
    raised = dataclasses.replace(history, candles=candles)

    def scaler(prices, absent):
        history = synthetic.parted(prices, {150: absent})
        return dataclasses.astuple(samples.prepare(history, spec, samples.split(history, spec))[1])

    for one, other in zip(scaler(history, 7), scaler(raised, 7), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    # Were it neither a gap nor another unit of the coin, that one move would widen everything.
    np.testing.assert_allclose(scaler(raised, 6)[3], scaler(raised, 7)[3], rtol=0.01)
    monkeypatch.setattr(level_shifts, "find", lambda _: ())
    assert (scaler(raised, 6)[3] > 10 * scaler(raised, 7)[3]).all()


@given(
    horizon=st.integers(1, 48),
    lookback=st.integers(2, 200),
    test=st.integers(5, 50),
    validation=st.integers(5, 40),
)
@settings(max_examples=100, deadline=None)
def test_as_many_candles_as_the_refusal_asks_for_do(horizon, lookback, test, validation):
    shares = {"test": test / 100, "validation": validation / 100}
    spec = specs.make(horizon=horizon, lookback=lookback, **shares)
    with pytest.raises(NotEnoughData) as refused:
        samples.split_rows(50, spec)
    (advised,) = re.findall(r"of about ([\d,]+) candles", str(refused.value))
    advised = int(advised.replace(",", ""))
    # A span begins and ends at a whole row.
    samples.split_rows(advised + round(1 / min(shares.values())), spec)
    with pytest.raises(NotEnoughData):
        samples.split_rows(round(0.9 * advised), spec)


def test_origins_are_counted_between_gaps():
    spec = synthetic.spec(features=("return",))
    assert specs.needs(spec) == 9
    history = synthetic.history(600)
    # 384 training rows in stretches of 16, each with 16 - 8 - 1 origins.
    shredded = synthetic.parted(history, dict.fromkeys(range(16, 384, 16), 7))
    with pytest.raises(NotEnoughData, match=(
        r"The training span must hold at least 200 origins\. Received: 168 from 600 candles "
        r"\(cut by 23 gaps of more than 6 candles\) at lookback 8 and horizon 1\. "
        r"Choose a longer history, longer candles \(a larger interval\), or a smaller lookback\."
    )):  # fmt: skip
        samples.split(shredded, spec)
    with pytest.raises(NotEnoughData, match=r"\(cut by 1 gap of more than 6 candles\)"):
        samples.split_rows(200, spec, gaps=(100,))
    thin = synthetic.parted(history, dict.fromkeys(range(16, 384, 16), 6))
    assert samples.split(thin, spec) == samples.split(history, spec)
    # A baseline reads one candle: only targets can lie across a gap.
    naive = dataclasses.replace(spec, network="naive")
    assert len(flat(samples.split(shredded, naive).train_origins(1))) == 384 - 24


@pytest.mark.parametrize(
    ("name", "gaps", "most_lost"),
    [
        # The shipped models are trained on this one: nothing may change for them.
        ("hourly/BTCUSDT_1h_binance_2017-08_2025-09.csv.gz", 0, 0),
        ("messy/cdd_Binance_BTCUSDT_1h_urlline_2021-06.csv.gz", 0, 0),
        # Thousands of hours without a trade until 2016.
        ("hourly/BTCUSD_1h_spliced_2011-09_2025-09.csv.gz", 245, 0.04),
        ("messy/kraken_XBTUSD_60_headerless.csv.gz", 383, 0.15),
    ],
)
def test_gaps_cost_few_origins_of_real_histories(data_folder, name, gaps, most_lost):
    # Of inputs that read a day: averages of 168 candles begin anew after each gap, and cost more.
    history, spec = (
        price_file.read(data_folder / name, name),
        specs.make(features=specs.PLAIN_FEATURES, unit="fixed"),
    )
    cut = samples.split(history, spec)
    assert len(cut.gaps) == gaps
    usable = cut.train_origins(specs.needs(spec))
    all_of_them = len(dataclasses.replace(cut, gaps=()).train_origins(specs.needs(spec))[0])
    reached = len(samples.starts(usable, spec.lookback, spec.chunk)) * spec.chunk
    assert reached >= (1 - most_lost) * (all_of_them - spec.chunk)


def test_windows_are_sequences_of_one_target():
    rows = samples.starts((range(59, 100),), 60, 1)
    np.testing.assert_array_equal(rows, np.arange(0, 41))


def test_a_trained_network_needs_a_test_span_only():
    spec = specs.make(horizon=2)
    with pytest.raises(NotEnoughData, match="training span"):
        samples.split_rows(400, spec)
    assert len(samples.split_rows(400, spec, trained=True).test_origins()) == 78
    with pytest.raises(NotEnoughData, match=r"test span .* about 160 candles"):
        samples.split_rows(100, spec, trained=True)
