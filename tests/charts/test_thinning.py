"""Thinning keeps both ends and the extremes of every line."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cryptoforecast.charts.thinning import rows_to_show


@given(
    values=arrays(float, st.integers(1, 300), elements=st.floats(-1e6, 1e6)),
    limit=st.integers(4, 60),
)
@settings(max_examples=80, deadline=None)
def test_downsampling_keeps_ends_and_extremes(values, limit):
    rows = rows_to_show([values], limit)
    shown = values[rows]
    assert len(rows) <= max(limit, 1)
    assert (np.diff(rows) > 0).all()
    assert (rows[0], rows[-1]) == (0, len(values) - 1)
    assert (shown.min(), shown.max()) == (values.min(), values.max())
    if len(values) <= limit:
        assert len(shown) == len(values)


def test_rows_keep_the_extremes_of_every_stretch_of_every_line():
    rng = np.random.default_rng(0)
    lines = [rng.normal(size=5000), np.arange(5000.0), -np.arange(5000.0)]
    rows = set(rows_to_show(lines, 302).tolist())
    assert len(rows) <= 302
    for line, part in itertools.product(lines, np.split(np.arange(5000), 50)):
        assert part[np.argmin(line[part])] in rows
        assert part[np.argmax(line[part])] in rows


@pytest.mark.parametrize("limit", range(6, 30))
def test_no_more_rows_than_the_limit_and_hardly_fewer(limit):
    values = np.random.default_rng(0).normal(size=1000)
    assert limit - 1 <= len(rows_to_show([values], limit)) <= limit


def test_two_thousand_points_are_shown_as_they_are_and_more_are_not():
    values = np.random.default_rng(0).normal(size=2001)
    assert len(rows_to_show([values[1:]])) == 2000
    assert len(rows_to_show([values])) < 2000


def test_missing_values_are_no_extremes():
    values = np.sin(np.arange(1000.0))
    values[[10, 500]] = math.nan
    values[700:800] = math.nan
    shown = values[rows_to_show([values], 100)]
    assert np.nanmax(shown) == np.nanmax(values)
    assert np.nanmin(shown) == np.nanmin(values)
