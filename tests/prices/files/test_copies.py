"""The commonest spacing of times, and candles that are there twice under two times."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.prices.files.copies import commonest_spacing
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import samples

HOURS = samples.candles("1h", 200)


def test_the_commonest_spacing_is_found_in_any_order() -> None:
    hours = HOURS.index.as_unit("ns").asi8
    assert commonest_spacing(hours) == pd.Timedelta("1h")
    assert commonest_spacing(hours[::-1]) == pd.Timedelta("1h")
    assert commonest_spacing(np.r_[hours, hours[:50]]) == pd.Timedelta("1h")
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
