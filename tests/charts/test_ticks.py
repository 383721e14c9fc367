"""Ticks are few, round and inside what is visible, and their labels can be told apart."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cryptoforecast.charts import style, ticks


@example(pd.Timestamp("2010-01-01"), 3601.0)
@example(pd.Timestamp("2035-09-30 15:00:27"), 287.9)
@given(
    st.datetimes(pd.Timestamp("2010-01-01"), pd.Timestamp("2040-01-01")),
    st.floats(0.05, 24 * 365 * 20),
)
def test_ticks_of_time_are_few_round_and_inside(start, hours):
    left = pd.Timestamp(start).floor("s").timestamp() * 1000
    right = left + hours * 3.6e6
    chosen = ticks.times(left, right)
    assert len(chosen) <= ticks.MAX_TIME_TICKS + 1
    assert all(left <= tick <= right for tick in chosen)
    assert all(tick % 60_000 == 0 for tick in chosen)
    assert len(chosen) >= 2
    assert len(ticks.time_labels(chosen)) == len(chosen)


@given(st.floats(1e-9, 1e7), st.floats(1e-3, 2))
def test_ticks_of_price_are_round_inside_and_different(low, relative):
    high = low * (1 + relative)
    chosen = ticks.prices(low, high)
    assert 2 <= len(chosen) <= ticks.MAX_PRICE_TICKS + 1
    assert low * (1 - 1e-9) <= chosen[0]
    assert chosen[-1] <= high * (1 + 1e-9)
    texts = ticks.price_labels(chosen, style.tick_format(high))
    assert len(set(texts)) == len(chosen)


@pytest.mark.parametrize(
    ("start", "end", "labels"),
    [
        ("2024-02-10 22:30", "2024-02-11 02:10",
         ["23:00<br>Feb 10", "00:00<br>Feb 11", "01:00", "02:00"]),
        ("2023-12-30", "2024-01-03 12:00",
         ["Dec 30<br>2023", "Dec 31", "Jan 1<br>2024", "Jan 2", "Jan 3"]),
        ("2024-02-01", "2024-03-05", ["Feb 4<br>2024", "Feb 11", "Feb 18", "Feb 25", "Mar 3"]),
        ("2024-01-15", "2024-06-15",
         ["Feb 1<br>2024", "Mar 1", "Apr 1", "May 1", "Jun 1"]),
        ("2024-01-15", "2024-07-15", ["Apr 1<br>2024", "Jul 1"]),
        ("2010-06-01", "2020-06-01",
         ["Jan 1<br>2012", "Jan 1<br>2014", "Jan 1<br>2016", "Jan 1<br>2018", "Jan 1<br>2020"]),
    ],
)  # fmt: skip
def test_times_are_round(start, end, labels):
    left, right = (pd.Timestamp(time).timestamp() * 1000 for time in (start, end))
    assert ticks.time_labels(ticks.times(left, right)) == labels


DISTANCES = (
    "1min", "2min", "5min", "10min", "15min", "30min", "1h", "2h", "3h", "6h", "12h", "1D", "2D",
    "4D", "7D", "14D",
)  # fmt: skip


@pytest.mark.parametrize(("distance", "wider"), list(itertools.pairwise(DISTANCES)))
def test_five_distances_fit_and_what_is_wider_has_the_next(distance, wider):
    left = pd.Timestamp("2024-02-11").timestamp() * 1000
    span, milliseconds = 5 * pd.Timedelta(distance), pd.Timedelta("1ms")
    fitting, beyond = (
        np.diff(ticks.times(left, left + each / milliseconds))
        for each in (span, span + milliseconds)
    )
    assert set(fitting) == {pd.Timedelta(distance) / milliseconds}
    assert set(beyond) <= {pd.Timedelta(wider) / milliseconds}


@pytest.mark.parametrize("months", [1, 3, 6, 12, 24, 60, 120])
def test_ticks_of_long_spans_lie_round_months_apart(months):
    left = pd.Timestamp("2000-01-15")
    right = left + pd.DateOffset(months=5 * months)
    chosen = ticks.times(*(each.timestamp() * 1000 for each in (left, right)))
    numbers = chosen.astype("M8[ms]").astype("M8[M]").astype(int)
    assert len(numbers) == 5
    assert (numbers % months == 0).all()
    assert (np.diff(numbers) == months).all()


def test_an_axis_that_plotly_divides_has_as_many_ticks():
    assert style.time_axis("1h")["nticks"] == ticks.MAX_TIME_TICKS
    assert style.price_axis(np.array([1.0]), "USD")["nticks"] == ticks.MAX_PRICE_TICKS


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (30, 45, ["30", "35", "40", "45"]),
        (60_100, 66_900, ["61k", "62k", "63k", "64k", "65k", "66k"]),
        (990_000, 1_010_000, ["990k", "995k", "1M", "1.005M", "1.01M"]),
        (9.9e8, 1.01e9, ["990M", "995M", "1G", "1.005G", "1.01G"]),
        (3_210, 3_390, ["3,250", "3,300", "3,350"]),
        (0.100_000_5, 0.100_004_4, ["0.100001", "0.100002", "0.100003", "0.100004"]),
        (0.000_012_1, 0.000_018_9,
         ["0.000013", "0.000014", "0.000015", "0.000016", "0.000017", "0.000018"]),
    ],
)  # fmt: skip
def test_prices_are_round(low, high, labels):
    assert ticks.price_labels(ticks.prices(low, high), style.tick_format(high)) == labels


def test_no_tick_has_no_label():
    assert ticks.time_labels(np.array([])) == []
