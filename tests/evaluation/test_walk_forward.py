"""Walk-forward: folds have the right rows, no fit sees its fold, each origin occurs once."""

import dataclasses
import itertools
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cryptoforecast import json_views
from cryptoforecast.errors import Cancelled, InvalidInput, NotEnoughData
from cryptoforecast.evaluation import backtest, walk_forward
from cryptoforecast.forecasting.baselines import BASELINES
from cryptoforecast.learning import samples, specs, training, training_cache
from cryptoforecast.types import Monitor, Progress, Split, WalkPlan
from tests import synthetic

SPEC = synthetic.spec(horizon=2, features=("return", "range"), lookback=5, epochs=3)
NAIVE = specs.make(network="naive", horizon=2)


@pytest.fixture(scope="module")
def history():
    return synthetic.history(800)


@pytest.fixture(scope="module")
def three(history):
    """Three folds of a tiny network, each really trained."""
    return walk_forward.run(history, SPEC, WalkPlan(folds=3))


def cuts(rows, plan, spec=SPEC, gaps=()):
    whole = samples.split_rows(rows, spec, gaps)
    return walk_forward.folds(walk_forward.complete(plan, spec, whole), spec, whole)


def test_a_distance_between_fits_gives_their_number():
    spec = specs.make(network="naive", test=0.2)
    assert walk_forward.folds_every(100, 1_000, spec) == 2
    assert walk_forward.folds_every(99, 1_000, spec) == 3
    assert walk_forward.folds_every(4, 1_000, spec) == walk_forward.MAX_FOLDS == 50
    assert walk_forward.folds_every(1, 200, spec) == 40
    with pytest.raises(InvalidInput, match="at least 4 for a test of 200 candles: it can have 50"):
        walk_forward.folds_every(3, 1_000, spec)


def figures(scores):
    """Scores that compare: undefined ones are None, where NaN differs from itself."""
    return {name: json_views.scores_json(steps) for name, steps in scores.items()}


# ------------------------------------------------------------------ borders


def test_the_borders_of_an_expanding_window_by_hand():
    """800 candles: 640 before the test, of which 512 to train; 160 in four spans of 40."""
    assert cuts(800, WalkPlan(folds=4)) == (
        Split(682, 512, 640, 2),
        Split(722, 544, 680, 2),
        Split(762, 576, 720, 2),
        Split(800, 608, 760, 2),
    )
    assert [len(cut.test_origins()) for cut in cuts(800, WalkPlan(folds=4))] == [40, 40, 40, 38]


def test_the_borders_of_a_sliding_window_by_hand():
    plan = WalkPlan(folds=2, window="sliding", window_rows=500, gap=12)
    assert cuts(800, plan) == (
        Split(722, 530, 640, 2, first=130, embargo=10),
        Split(800, 610, 720, 2, first=210, embargo=10),
    )


def test_a_sliding_window_is_as_long_as_the_first_fold_has_rows():
    plan = WalkPlan(folds=2, window="sliding", gap=12)
    whole = samples.split_rows(800, SPEC)
    assert walk_forward.complete(plan, SPEC, whole) == dataclasses.replace(plan, window_rows=630)
    assert [(cut.first, cut.fit_end) for cut in cuts(800, plan)] == [(0, 630), (80, 710)]


@given(
    rows=st.integers(600, 3_000),
    plan=st.builds(
        WalkPlan,
        folds=st.integers(1, 12),
        window=st.sampled_from(walk_forward.WINDOWS),
        gap=st.none() | st.integers(1, 60),
    ),
    window=st.none() | st.integers(1, 2_000),
    horizon=st.integers(1, 12),
    test=st.integers(5, 50),
)
@settings(max_examples=300, deadline=None)
def test_folds_tile_the_test_span_and_learn_from_before_it(rows, plan, window, horizon, test):
    spec = dataclasses.replace(SPEC, horizon=horizon, test=test / 100)
    if plan.window == "sliding":
        plan = dataclasses.replace(plan, window_rows=window)
    try:
        whole = samples.split_rows(rows, spec)
        plan = walk_forward.complete(plan, spec, whole)
        folds = walk_forward.folds(plan, spec, whole)
    except InvalidInput:
        assume(False)
    needs = specs.needs(spec)
    origins = list(itertools.chain.from_iterable(cut.test_origins() for cut in folds))
    assert origins == list(whole.test_origins())  # each once, in order
    lengths = [cut.test_start for cut in (*folds[1:],)] + [rows]
    spans = np.diff([whole.test_start, *lengths])
    assert spans.max() - spans.min() <= 1
    for cut in folds:
        learnt = [*cut.train_origins(needs), *cut.validation_origins(needs)]
        last = max(stretch[-1] for stretch in learnt)
        assert last + horizon < cut.test_start  # no target reaches the span
        assert cut.test_start - last - 1 == plan.gap >= horizon
        assert min(stretch[0] for stretch in learnt) - needs + 1 >= cut.first >= 0
        assert cut.first < cut.train_end < cut.fit_end <= cut.test_start
        if plan.window == "sliding":
            assert cut.fit_end - cut.first == plan.window_rows
        else:
            assert cut.first == 0


# ------------------------------------------------------------------ no leakage, and the holdout


def test_altering_everything_from_a_fold_on_changes_no_fit_up_to_it(history, three):
    starts = [fold.split.test_start for fold in three.folds]
    assert starts == [640, 693, 746]
    other = walk_forward.run(synthetic.altered(history, starts[1]), SPEC, WalkPlan(folds=3))
    for number in (0, 1):
        one, two = three.folds[number].model, other.folds[number].model
        for a, b in zip(one.weights, two.weights, strict=True):
            np.testing.assert_array_equal(a, b)
        for field in dataclasses.fields(one.scaler):
            a, b = (getattr(model.scaler, field.name) for model in (one, two))
            np.testing.assert_array_equal(a, b)
    stopped = [
        [[epoch.val_loss for epoch in fold.model.record.curve] for fold in run.folds]
        for run in (three, other)
    ]
    assert stopped[0][:2] == stopped[1][:2]
    assert stopped[0][2] != stopped[1][2]  # the third learns when to stop from the second's span
    # Naive's band is its fit: the same at all origins of the second fold.
    bands = [run.backtest.forecasts["naive"].quantiles for run in (three, other)]
    np.testing.assert_array_equal(bands[0][: 746 - 640], bands[1][: 746 - 640])
    assert not np.array_equal(bands[0][-1], bands[1][-1])


def test_a_gap_keeps_rows_before_a_fold_from_its_fit(history):
    plan = WalkPlan(folds=2, window="sliding", window_rows=400, gap=22)
    one = walk_forward.run(history, NAIVE, plan)
    assert [(fold.split.first, fold.split.fit_end) for fold in one.folds] == [
        (220, 620), (300, 700)
    ]  # fmt: skip
    for row, changed in ((620, False), (619, True)):
        other = walk_forward.run(synthetic.altered(history, row), NAIVE, plan)
        bands = [run.backtest.forecasts["naive"].quantiles[0] for run in (one, other)]
        assert np.array_equal(*bands) is not changed
    for row, changed in ((220, False), (221, True)):
        candles = history.candles.copy()
        candles.iloc[:row] *= 1.4
        other = walk_forward.run(dataclasses.replace(history, candles=candles), NAIVE, plan)
        bands = [run.backtest.forecasts["naive"].quantiles[0] for run in (one, other)]
        assert np.array_equal(*bands) is not changed


def test_one_fold_is_the_holdout(history):
    """To the last figure, and under the holdout's key in the training cache."""
    keys = []

    def answered(key, make):
        keys.append(key)
        return make(), False

    walked = walk_forward.run(history, SPEC, WalkPlan(folds=1), model_of=answered)
    test = backtest.holdout(history, SPEC, training.train(history, SPEC))
    assert keys == [training_cache.key(history, SPEC)]
    joined, (fold,) = walked.backtest, walked.folds
    assert joined.split == fold.split == test.split
    assert (joined.verdicts, joined.notes) == (test.verdicts, test.notes)
    assert figures(joined.scores) == figures(fold.scores) == figures(test.scores)
    assert joined.model is fold.model
    for a, b in zip(joined.model.weights, test.model.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert joined.forecasts.keys() == test.forecasts.keys()
    for name, forecast in joined.forecasts.items():
        np.testing.assert_array_equal(forecast.quantiles, test.forecasts[name].quantiles)


# ------------------------------------------------------------------ what comes out


def test_all_folds_are_judged_as_one_on_the_origins_of_the_holdout(history, three):
    joined, close = three.backtest, history.candles["close"].to_numpy()
    assert joined.split == samples.split(history, SPEC)
    assert joined.model is None
    assert not joined.cached
    for name, forecast in joined.forecasts.items():
        assert forecast.predictor == name
        assert forecast.origins.equals(history.candles.index[640:798])
        np.testing.assert_array_equal(forecast.actual[:, 1], close[642:800])
    error = np.abs(joined.forecast.actual - joined.forecast.predicted)[:, 1]
    skill = 1 - error.mean() / joined.scores["naive"][1].mae
    assert joined.verdict.skill == pytest.approx(skill)
    ends = [fold.end for fold in three.folds]
    assert ends == [693, 746, 800]
    for fold, begin, end in zip(three.folds, (0, 53, 106), (53, 106, 158), strict=True):
        assert fold.scores["stack"][1].mae == pytest.approx(error[begin:end].mean())
        scale = np.abs(np.diff(close[: fold.split.train_end])).mean()
        ratio = fold.scores["dense"][1].mae / fold.scores["dense"][1].mase
        assert ratio == pytest.approx(scale)
        assert (fold.cached, fold.warm, fold.model.record.epochs) == (False, False, 3)


@pytest.mark.parametrize("name", list(BASELINES))
def test_a_baseline_is_refitted_per_fold(history, name):
    spec = specs.make(network=name, horizon=2)
    walked = walk_forward.run(history, spec, WalkPlan(folds=3))
    assert {fold.model for fold in walked.folds} == {None}
    assert set(walked.backtest.forecasts) == set(BASELINES)
    for fold in walked.folds:
        rows = fold.split.test_origins()
        forecast = BASELINES[name].fit(history, rows.start, 2).forecast(history, rows)
        place = slice(rows.start - 640, rows.stop - 640)
        np.testing.assert_array_equal(walked.backtest.forecast.quantiles[place], forecast.quantiles)
        np.testing.assert_array_equal(walked.backtest.forecast.predicted[place], forecast.predicted)


def test_only_the_chosen_baselines_are_fitted(history):
    walked = walk_forward.run(history, NAIVE, WalkPlan(folds=2), baselines=("har",))
    assert list(walked.backtest.forecasts) == ["naive", "cone", "har"]
    assert list(walked.folds[1].scores) == ["naive", "cone", "har"]
    every = walk_forward.run(history, NAIVE, WalkPlan(folds=2))
    assert figures({"har": walked.backtest.scores["har"]}) == figures(
        {"har": every.backtest.scores["har"]}
    )


def test_test_origins_across_a_gap_in_the_prices_are_counted(history):
    parted = synthetic.parted(history, {650: 24, 400: 24})
    walked = walk_forward.run(parted, NAIVE, WalkPlan(folds=2))
    assert walked.backtest.notes == backtest.holdout(parted, NAIVE).notes
    assert "2 of 158" in walked.backtest.notes[0]


# ------------------------------------------------------------------ warm start, cache, progress


def test_a_warm_start_is_shorter_and_stated(history, three):
    plan = WalkPlan(folds=3, warm_start=True)
    walked = walk_forward.run(history, SPEC, plan)
    assert walked.plan == dataclasses.replace(plan, gap=2)
    assert [fold.warm for fold in walked.folds] == [False, True, True]
    assert [fold.model.spec.epochs for fold in walked.folds] == [3, 1, 1]
    assert [fold.model.record.epochs for fold in walked.folds] == [3, 1, 1]
    assert walked.backtest.spec == SPEC
    cold, warm = three.folds[0].model, walked.folds[0].model
    np.testing.assert_array_equal(cold.weights[0], warm.weights[0])
    # From where the first fold ended, by what the second has to teach.
    second, short = walked.folds[1], dataclasses.replace(SPEC, epochs=1)
    measured = samples.raw_samples(history, SPEC)
    again = training.fit(history, short, second.split, measured, initial=warm)
    alone = training.fit(history, short, second.split, measured)
    np.testing.assert_array_equal(again.weights[0], second.model.weights[0])
    assert not np.array_equal(alone.weights[0], second.model.weights[0])


@pytest.mark.parametrize(("epochs", "shortened"), [(1, 1), (2, 1), (15, 5), (40, 13)])
def test_a_shortened_fit_has_a_third_of_the_epochs(epochs, shortened):
    spec = synthetic.spec(epochs=epochs)
    assert walk_forward.shortened(spec) == dataclasses.replace(spec, epochs=shortened)


def test_the_key_of_a_fit_holds_all_that_shapes_it_and_nothing_else(history, monkeypatch):
    monkeypatch.setattr(training, "fit", lambda *_: synthetic.model(SPEC))

    def keys(plan, spec=SPEC):
        result = []

        def answered(key, make):
            result.append(key)
            return make(), False

        walk_forward.run(history, spec, plan, model_of=answered)
        return result

    three = keys(WalkPlan(folds=3))
    assert all(map(training_cache.is_key, three))
    assert keys(WalkPlan(folds=3, gap=2)) == three
    assert three[0] == training_cache.key(history, SPEC)
    halves = keys(WalkPlan(folds=2))
    assert halves[0] == three[0]  # the first fold of any number is the same fit
    warm = keys(WalkPlan(folds=3, warm_start=True))
    assert warm[0] == three[0]
    gap = keys(WalkPlan(folds=3, gap=3))
    sliding = keys(WalkPlan(folds=3, window="sliding"))
    assert sliding[0] == three[0]  # the first window is all there is before it
    seed = keys(WalkPlan(folds=3), dataclasses.replace(SPEC, seed=1))
    every = [*three, halves[1], *warm[1:], *gap, *sliding[1:], *seed]
    assert max(Counter(every).values()) == 1


def test_features_are_computed_once_and_not_at_all_if_all_fits_are_cached(history, monkeypatch):
    measured = []

    def measure(*args):
        measured.append(args)

    monkeypatch.setattr(samples, "raw_samples", measure)
    monkeypatch.setattr(training, "fit", lambda *_: synthetic.model(SPEC))
    walk_forward.run(history, SPEC, WalkPlan(folds=3))
    assert len(measured) == 1
    result = walk_forward.run(
        history, SPEC, WalkPlan(folds=3), model_of=lambda *_: (synthetic.model(SPEC), True)
    )
    assert len(measured) == 1
    assert [fold.cached for fold in result.folds] == [True] * 3
    assert result.backtest.cached


def test_progress_says_which_fold_it_is_and_never_falls(history):
    reports = []
    plan = WalkPlan(folds=2, warm_start=True)
    began = time.perf_counter()
    walk_forward.run(history, SPEC, plan, Monitor(reports.append))
    assert 0 < reports[-1].seconds <= time.perf_counter() - began
    assert {progress.folds for progress in reports} == {2}
    places = [(progress.fold, progress.epoch) for progress in reports]
    assert places == sorted(places)
    assert (places[0], places[-1]) == ((1, 1), (2, 1))
    for name in ("done", "seconds"):
        values = [getattr(progress, name) for progress in reports]
        assert values == sorted(values)
    # Three epochs of 512 rows, then one of 576.
    first = max(progress.done for progress in reports if progress.fold == 1)
    assert first == pytest.approx(3 * 512 / (3 * 512 + 576))
    assert reports[-1].done == pytest.approx(1)


def progress_of(history, monkeypatch, plan, cached=()):
    """Walk forward with fits that report a quarter and the whole; some are cached already."""

    def fit(_history, _spec, _split, _measured, monitor, _initial):
        for done in (0.25, 1.0):
            monitor.report(Progress(epoch=1, epochs=3, done=done, seconds=0.0))
        return synthetic.model(SPEC)

    keys, reports = [], []

    def model_of(key, make):
        keys.append(key)
        if len(keys) in cached:
            return synthetic.model(SPEC), True
        return make(), False

    monkeypatch.setattr(training, "fit", fit)
    monitor = Monitor(reports.append)
    walk_forward.run(history, SPEC, plan, monitor, model_of, baselines=())
    return [(progress.fold, progress.done) for progress in reports]


def test_the_share_done_counts_rows_times_epochs(history, monkeypatch):
    rows = [512, 554, 596]
    assert [cut.train_end for cut in cuts(800, WalkPlan(folds=3))] == rows
    done = progress_of(history, monkeypatch, WalkPlan(folds=3))
    expected = [
        (fold, (sum(rows[: fold - 1]) + part * rows[fold - 1]) / sum(rows))
        for fold in (1, 2, 3)
        for part in (0.25, 1.0)
    ]
    assert [fold for fold, _ in done] == [fold for fold, _ in expected]
    assert [share for _, share in done] == pytest.approx([share for _, share in expected])


def test_the_share_done_leaves_out_what_was_cached(history, monkeypatch):
    done = progress_of(history, monkeypatch, WalkPlan(folds=3), cached=(2,))
    # That the second fold is cached is known after the first.
    shares = [512 / 4 / 1662, 512 / 1662, (512 + 596 / 4) / 1108, 1]
    assert [fold for fold, _ in done] == [1, 1, 3, 3]
    assert [share for _, share in done] == pytest.approx(shares)


def test_a_sliding_window_counts_its_own_rows(history, monkeypatch):
    plan = WalkPlan(folds=2, window="sliding", window_rows=500, warm_start=True)
    first, second = (cut.train_end - cut.first for cut in cuts(800, plan))
    assert (first, second) == (400, 400)
    done = progress_of(history, monkeypatch, plan)
    # The second starts from the weights of the first, and has one epoch for its three.
    assert [share for _, share in done] == pytest.approx([3 / 16, 3 / 4, 13 / 16, 1])


def test_a_cached_fold_is_not_counted_as_work(history):
    reports, model = [], training.train(history, SPEC)

    def answered(key, make):
        return (model, True) if key == training_cache.key(history, SPEC) else (make(), False)

    walk_forward.run(history, SPEC, WalkPlan(folds=2), Monitor(reports.append), model_of=answered)
    assert {progress.fold for progress in reports} == {2}
    assert (reports[0].done, reports[-1].done) == (0, 1)


def test_a_test_can_be_cancelled_in_a_later_fold(history):
    reports, calls = [], []

    def answered(key, make):
        model = make()
        calls.append(key)
        return model, False

    with pytest.raises(Cancelled):
        walk_forward.run(
            history, SPEC, WalkPlan(folds=3),
            Monitor(reports.append, lambda: bool(reports) and reports[-1].fold == 2), answered,
        )  # fmt: skip
    assert len(calls) == 1
    assert reports[-1].fold == 2


def test_a_baseline_can_be_cancelled_too(history):
    with pytest.raises(Cancelled):
        walk_forward.run(history, NAIVE, WalkPlan(folds=3), Monitor(cancelled=lambda: True))


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (WalkPlan(folds=0), r"`folds` must be between 1 and 50\. Received: 0\."),
        (WalkPlan(folds=51), r"`folds` must be between 1 and 50\. Received: 51\."),
        (WalkPlan(window="round"), r"`window` must be expanding or sliding\. Received: 'round'"),
        (WalkPlan(window_rows=500), r"`window_rows` goes with a sliding window\. Received: 500"),
        (WalkPlan(gap=1), r"`gap` must be at least the horizon, 2: .* Received: 1\."),
        (WalkPlan(gap=-5), r"`gap` must be at least the horizon, 2: .* Received: -5\."),
        (WalkPlan(gap=642), r"there are 640 before the first fold\. Received: 642\. Choose a sm"),
        (
            WalkPlan(window="sliding", window_rows=640, gap=3),
            r"`window_rows` must be between 1 and 639, .* Received: 640\.",
        ),
        (WalkPlan(window="sliding", window_rows=0), r"between 1 and 640, .* Received: 0\."),
        (WalkPlan(folds=1, warm_start=True), r"needs a network and at least 2 folds.*dense and 1"),
        (
            WalkPlan(folds=6),
            r"The test span of every fold must hold at least 30 origins\. Received: 26 in fold 1 "
            r"of 6\. Choose a longer history, fewer folds or a larger test share\.",
        ),
        (
            WalkPlan(window="sliding", window_rows=150),
            r"The training span of every fold must hold at least 200 origins\. Received: 113 in "
            r"fold 1 of 4\. Choose a longer history, a longer window, or a smaller gap, lookback",
        ),
        (
            WalkPlan(gap=400),
            r"The training span of every fold must hold .* Received: 186 in fold 1 of 4",
        ),
    ],
    ids=str,
)
def test_refusals(history, plan, message):
    with pytest.raises(InvalidInput, match=message):
        walk_forward.run(history, SPEC, plan)


@pytest.mark.parametrize(
    "plan",
    [
        WalkPlan(folds=1),
        WalkPlan(folds=5),  # the last fold has 30 origins
        WalkPlan(folds=2, gap=2),
        WalkPlan(folds=2, window="sliding", window_rows=640),
        WalkPlan(folds=2, window="sliding", window_rows=300),
    ],
    ids=str,
)
def test_plans_at_the_bounds_are_taken(history, plan):
    walk_forward.check_all(history, NAIVE, plan)


def test_fifty_folds_and_a_warm_start_of_two_are_within_the_rules():
    walk_forward.check(WalkPlan(folds=walk_forward.MAX_FOLDS), NAIVE)
    walk_forward.check(WalkPlan(folds=2, warm_start=True), SPEC)
    whole = samples.split_rows(800, SPEC)
    for window_rows in (1, 640):
        plan = WalkPlan(window="sliding", window_rows=window_rows)
        assert walk_forward.complete(plan, SPEC, whole).window_rows == window_rows
    assert walk_forward.complete(WalkPlan(gap=641), SPEC, whole).gap == 641


def test_a_baseline_is_refused_a_warm_start_and_a_short_window(history):
    with pytest.raises(InvalidInput, match=r"`warm_start` needs a network.* Received: naive and 4"):
        walk_forward.run(history, NAIVE, WalkPlan(warm_start=True))
    with pytest.raises(NotEnoughData, match=r"A baseline needs at least 40 candles"):
        walk_forward.run(history, NAIVE, WalkPlan(window="sliding", window_rows=20))
    with pytest.raises(InvalidInput, match="`network` must be one of"):
        walk_forward.run(history, specs.make(network="oracle"), WalkPlan())


def test_prices_that_cannot_be_trained_on_are_refused_before_the_first_fit(history, monkeypatch):
    monkeypatch.setattr(training, "fit", None)
    with pytest.raises(InvalidInput, match="alive at its end"):
        walk_forward.run(synthetic.dead(history, 100), SPEC, WalkPlan())
    candles = history.candles.copy()
    candles.iloc[240:600] = [90.0, 91.0, 89.0, 90.0, 5.0]
    still = dataclasses.replace(history, candles=candles)
    plan = WalkPlan(folds=2, window="sliding", window_rows=400)
    with pytest.raises(InvalidInput, match=r"320 training candles that all close at 90 USD"):
        walk_forward.run(still, SPEC, plan)


def test_a_plan_can_be_checked_before_anything_is_fitted(history):
    walk_forward.check_all(history, SPEC, WalkPlan(folds=3))
    with pytest.raises(InvalidInput, match="`folds` must be between"):
        walk_forward.check_all(history, SPEC, WalkPlan(folds=0))
    with pytest.raises(InvalidInput, match="alive at its end"):
        walk_forward.check_all(synthetic.dead(history, 100), SPEC, WalkPlan())
    with pytest.raises(NotEnoughData, match="fold 1 of 10"):
        walk_forward.check_all(history, SPEC, WalkPlan(folds=10))
