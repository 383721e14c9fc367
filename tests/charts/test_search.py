"""The figures of a search: Optuna's, with our numbers, names and units."""

from __future__ import annotations

import dataclasses
import math

import pytest

from cryptoforecast.charts import search as figures
from cryptoforecast.types import Finalist, Search, SearchPlan, Trial
from tests import synthetic

INPUTS = (("return", "abs_return"), ("return", "abs_return", "volume"))
SPEC = synthetic.spec()


def trial(number: int, loss: float, **changes: object) -> Trial:
    values = {
        "features": INPUTS[number % 2], "units": (2**number,), "learning_rate": 10.0**-number,
        "dropout": 0.1 * number,
    }  # fmt: skip
    made = Trial(number, "complete", values, loss)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


SEARCH = Search(
    study="key-1", coin="BTC", interval="1h", simulated=False, plan=SearchPlan(), default=SPEC,
    trials=(
        trial(1, 0.003), trial(2, math.nan, state="pruned"), trial(3, 0.002),
        trial(4, math.nan, state="failed", reason="No inputs."), trial(5, 0.0025),
    ),
    importances={"units": 0.75, "dropout": 0.25},
    finalists=(Finalist(3, SPEC, (0.002, 0.0021)),), winner=SPEC, test=None, seconds=1.0,
    sentence="No better settings were found.",
)  # fmt: skip


@pytest.mark.parametrize("dark", [False, True])
def test_the_lowest_error_so_far_is_that_of_the_search(dark: bool) -> None:
    figure = figures.best_so_far(SEARCH, dark=dark)
    tries, lowest = figure.data[:2]
    assert list(tries.x) == [1, 3, 5]
    assert list(tries.y) == pytest.approx([30, 20, 25])
    assert lowest.name == "lowest so far"
    assert [y for y in lowest.y if y is not None][-1] == pytest.approx(20)
    assert SEARCH.best_so_far == (0.003, 0.003, 0.002, 0.002, 0.002)
    assert figures.summary_best(SEARCH) == (
        "The lowest error fell from 30 to 20 (range error, 0.01 %) in 5 tries; the last fall was "
        "in number 3."
    )


def test_the_bars_of_importance_are_those_of_the_search() -> None:
    (bars,) = figures.importances(SEARCH).data
    assert dict(zip(bars.y, bars.x, strict=True)) == {"size": 0.75, "dropout": 0.25}
    assert figures.summary_importances(SEARCH).endswith("is size: 75 % of the spread of errors.")


@pytest.mark.parametrize("dark", [False, True])
def test_each_complete_try_is_a_line_through_its_settings(dark: bool) -> None:
    figure = figures.settings(SEARCH, dark=dark)
    *lines, scale = figure.data
    assert len(lines) == 3
    best = min(lines, key=lambda line: line.y[0])
    shown = dict(best.customdata)
    assert shown["size"] == "8"
    assert shown["inputs"] == "set 1"
    assert next(iter(figure.layout.xaxis.ticktext)) == "error"
    assert scale.marker.colorbar.title.text == "range error, 0.01 %"
    sentence = figures.summary_settings(SEARCH)
    assert sentence.startswith("The try with the lowest error, number 3, has inputs ")
    assert "Inputs: set 1 is " in sentence
    assert figures.words_on_settings(SEARCH).startswith("The try with the lowest error, number 3: ")
    assert "inputs set 1" in figures.words_on_settings(SEARCH)
    assert next(short for short, _ in figures.sets(SEARCH)["inputs"]) == "set 1"


def test_a_search_without_a_complete_try_says_so() -> None:
    none = dataclasses.replace(SEARCH, trials=SEARCH.trials[1:2])
    assert figures.summary_best(none) == "No try came to its end."
    assert figures.summary_settings(none) == "No try came to its end."
