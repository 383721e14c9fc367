"""The folds of a walk-forward test: a table, a figure and a sentence."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.charts import style
from cryptoforecast.charts.folds import folds as figure_of
from cryptoforecast.charts.folds import summary_folds, summary_refits, table
from cryptoforecast.evaluation import walk_forward
from cryptoforecast.learning import specs
from cryptoforecast.types import WalkForward, WalkPlan
from tests import synthetic


def walk(plan: WalkPlan, **changes: object) -> WalkForward:
    spec = specs.make(network="cone", horizon=2)
    return walk_forward.run(synthetic.history(900, **changes), spec, plan, baselines=("naive",))


@pytest.fixture(scope="module")
def tested() -> WalkForward:
    return walk(WalkPlan(folds=4))


@pytest.mark.parametrize("dark", [False, True])
def test_each_fold_is_a_point_in_the_middle_of_its_span(tested, dark):
    figure, frame = figure_of(tested, dark=dark), table(tested)
    assert figure.layout.font.color == style.theme(dark).ink
    band = next(trace for trace in figure.data if trace.name == "error of the range")
    times = pd.to_datetime(np.asarray(band.x), utc=True)
    assert (times > frame["test_from"]).all()
    assert (times < frame["test_to"]).all()
    assert list(band.y) == list(frame["pinball"])
    assert "imulated" not in figure.layout.title.subtitle.text
    assert len(figure.to_json()) < 300_000


def test_the_table_has_the_spans_of_each_fold(tested):
    frame, history = table(tested), tested.backtest.history
    index, length = history.candles.index, history.candle_length
    for number, fold in enumerate(tested.folds):
        row, split = frame.iloc[number], fold.split
        fitted, span = index[split.first : split.fit_end], index[split.test_start : fold.end]
        assert row["fold"] == number + 1
        assert (row["fitted_from"], row["fitted_to"]) == (fitted[0], fitted[-1] + length)
        assert (row["test_from"], row["test_to"]) == (span[0], span[-1] + length)
        assert row["origins"] == len(split.test_origins())
    assert frame["test_to"].iloc[-1] == history.closes_at


def test_folds_are_parted_and_axes_named(tested):
    layout, frame = figure_of(tested).layout, table(tested)
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == (
        "test span, UTC", "error, last price = 1",
    )  # fmt: skip
    level, *borders = layout.shapes
    assert level.y0 == level.y1 == 1
    starts = pd.to_datetime([border.x0 for border in borders], utc=True)
    assert list(starts) == list(frame["test_from"].iloc[1:])


def test_without_an_error_of_naive_there_is_no_multiple(tested):
    def perfect(fold):
        naive = tuple(dataclasses.replace(each, mae=0.0) for each in fold.scores["naive"])
        return dataclasses.replace(fold, scores={**fold.scores, "naive": naive})

    folds = tuple(perfect(fold) for fold in tested.folds)
    frame = table(dataclasses.replace(tested, folds=folds))
    assert frame["mae"].isna().all()
    assert frame["pinball"].notna().all()


def test_simulated_prices_are_labelled():
    figure = figure_of(walk(WalkPlan(folds=2), simulated=True))
    assert "Simulated prices" in figure.layout.title.subtitle.text


def test_the_sentence_has_the_window_and_the_warm_start(tested):
    assert summary_refits(tested) == "Fitted again for each of 4 folds, on all candles before it."
    sliding = walk(WalkPlan(folds=2, window="sliding", window_rows=300))
    assert "the 300 candles before it" in summary_refits(sliding)
    warm = dataclasses.replace(tested, plan=dataclasses.replace(tested.plan, warm_start=True))
    assert summary_refits(warm).endswith("starting from the weights of the fold before.")


def test_folds_are_counted_against_the_last_price(tested):
    losses = table(tested)["pinball"]
    text = summary_folds(tested)
    assert f"in {(losses < 1).sum()} of 4 folds" in text
    assert f"between {losses.min():.3f} and {losses.max():.3f}" in text


def test_the_sentence_is_about_what_is_undefined(tested):
    def bare(fold):
        naive = tuple(dataclasses.replace(each, pinball=0.0) for each in fold.scores["naive"])
        return dataclasses.replace(fold, scores={**fold.scores, "naive": naive})

    folds = tuple(bare(fold) for fold in tested.folds)
    undefined = dataclasses.replace(tested, folds=folds)
    assert table(undefined)["pinball"].isna().all()
    assert summary_folds(undefined) == "No fold has a range whose error can be compared."
