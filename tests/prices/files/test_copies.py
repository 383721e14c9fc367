"""The commonest spacing of times, and candles that are there twice under two times."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.prices.files.copies import commonest_spacing, rows_without_copies
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.prices.files.table import Table
from cryptoforecast.types import Array, Problem
from tests.prices.files import samples

HOURS = samples.candles("1h", 200)


def test_the_commonest_spacing_is_found_in_any_order() -> None:
    hours = HOURS.index.as_unit("ns").asi8
    assert commonest_spacing(hours) == pd.Timedelta("1h")
    assert commonest_spacing(hours[::-1]) == pd.Timedelta("1h")
    assert commonest_spacing(np.r_[hours, hours[:50]]) == pd.Timedelta("1h")
    assert commonest_spacing(np.repeat(hours, 3)) == pd.Timedelta("1h")
    assert commonest_spacing(np.delete(hours, np.arange(2, 190, 7))) == pd.Timedelta("1h")


def test_the_commonest_spacing_need_not_be_that_of_most_rows() -> None:
    """Two in five steps are of one hour; the median of all is two hours."""
    steps = [1, 2, 3, 1, 4] * 20
    times = np.cumsum(steps) * pd.Timedelta("1h").value
    assert commonest_spacing(times) == pd.Timedelta("1h")
    tie = np.cumsum([1, 2] * 20) * pd.Timedelta("1h").value
    assert commonest_spacing(tie[1:]) == pd.Timedelta("1h")
    half = np.cumsum([1, 2] * 20 + [2, 2]) * pd.Timedelta("1h").value
    assert commonest_spacing(half) == pd.Timedelta("2h")


def test_a_candle_off_the_grid_that_repeats_another_is_left_out() -> None:
    for step in (1, -1):
        copies = HOURS.iloc[50:60]
        shifted = copies.set_axis(copies.index + step * pd.Timedelta("100min"))
        frame = pd.concat([HOURS, shifted]).sort_index().rename_axis("time")
        history = read(samples.own(frame), "x.csv")
        assert history.candles.index.equals(HOURS.index)
        (problem,) = [each for each in history.quality.problems if each.kind == "two_labels"]
        assert problem.count == 10
        assert "off the 0 days 01:00:00 grid" in problem.repair


def test_candles_that_are_there_once_are_no_copies() -> None:
    problems = read(samples.own(HOURS), "x.csv").quality.problems
    assert not problems


def without_copies(frame: pd.DataFrame) -> tuple[list[int], tuple[Problem, ...]]:
    """Return the places of the rows that are left out, and the problem; the newest row is first."""
    frame = frame.sort_index()
    values: dict[str, Array] = {name: frame[name].to_numpy() for name in frame}
    rows = np.arange(len(frame))[::-1]
    stamps = frame.index.as_unit("ns").asi8
    keep, problems = rows_without_copies(stamps, rows, values, Table(frame, {}, "line", 2))
    return np.flatnonzero(~keep).tolist(), problems


def moved(frame: pd.DataFrame, minutes: int) -> pd.DataFrame:
    return frame.set_axis(frame.index + pd.Timedelta(minutes=minutes))


def test_the_first_line_of_the_copies_is_named() -> None:
    left_out, (problem,) = without_copies(pd.concat([HOURS, moved(HOURS.iloc[50:60], 100)]))
    assert left_out == list(range(52, 72, 2))
    assert (problem.count, problem.first_line) == (10, 2 + 209 - 70)


def test_copies_on_the_grid_stay() -> None:
    gap = HOURS.drop(HOURS.index[100:110])
    assert without_copies(pd.concat([gap, moved(HOURS.iloc[70:80], 30 * 60)])) == ([], ())


def test_copies_among_candles_of_an_unusual_length_stay() -> None:
    frame = HOURS.iloc[::3]
    assert without_copies(pd.concat([frame, moved(frame.iloc[40:60], 100)])) == ([], ())


def test_two_other_candles_must_remain() -> None:
    first, second = HOURS.iloc[:1], HOURS.iloc[1:2]
    assert without_copies(pd.concat([first, moved(first, 100)])) == ([], ())
    assert without_copies(pd.concat([first, second, moved(second, 100)]))[0] == [2]
