"""Which part of a market is shown, what it did there, and where candles are missing."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cryptoforecast import charts
from cryptoforecast.service import market_view
from cryptoforecast.types import Problem, QualityReport
from tests import synthetic

HISTORY = synthetic.history(900)
INDEX = HISTORY.candles.index


@pytest.mark.parametrize(("span", "rows"), [("1h", 1), ("24h", 24), ("7D", 168), ("900h", 900)])
def test_a_range_counts_back_from_the_last_close(span, rows):
    part = market_view.part(HISTORY, pd.Timedelta(span))
    assert (part.start, part.stop) == (900 - rows, 900)
    assert market_view.part(HISTORY, pd.Timedelta(days=99)) == slice(0, 900)
    assert market_view.part(HISTORY, None) == slice(0, 900)


def test_a_range_reaches_over_a_gap_by_time_and_not_by_rows():
    candles = HISTORY.candles.drop(INDEX[800:850])
    gappy = dataclasses.replace(HISTORY, candles=candles)
    part = market_view.part(gappy, pd.Timedelta(hours=100))
    assert len(candles.iloc[part]) == 50
    assert candles.index[part.start] == INDEX[850]


def test_a_part_chosen_by_hand_holds_the_candles_between_its_ends_in_any_order():
    ends = (INDEX[100] - pd.Timedelta(minutes=20), INDEX[130] + pd.Timedelta(minutes=20))
    for chosen in (ends, ends[::-1]):
        part = market_view.part(HISTORY, pd.Timedelta(days=7), chosen)
        assert (part.start, part.stop) == (100, 131)
    few = (INDEX[100], INDEX[100 + market_view.MIN_CANDLES - 2])
    assert market_view.part(HISTORY, None, few) == slice(0, 900)


def test_the_finding_is_that_of_a_hand_loop():
    shown = market_view.shown(HISTORY, slice(100, 300))
    finding = market_view.finding(shown)
    candles = HISTORY.candles.iloc[100:300]
    assert finding.change == pytest.approx(candles["close"].iloc[-1] / candles["open"].iloc[0] - 1)
    assert (finding.low, finding.high) == (candles["low"].min(), candles["high"].max())
    assert candles.loc[finding.low_at, "low"] == finding.low
    assert candles.loc[finding.high_at, "high"] == finding.high


def test_no_change_is_told_across_a_change_of_unit():
    quality = QualityReport(problems=(Problem("level_shift", 1),))
    shifted = dataclasses.replace(HISTORY, quality=quality)
    assert market_view.finding(shifted).change is None
    mended = dataclasses.replace(shifted, unit_changes=(INDEX[400],))
    assert market_view.finding(mended).change is not None


def test_a_change_is_told_beside_a_change_of_unit_and_not_across_it():
    candles = HISTORY.candles.copy()
    candles.iloc[450:, :4] *= 1000
    candles.iloc[450:, 4] /= 1000
    quality = QualityReport(problems=(Problem("gaps", 2), Problem("level_shift", 1)))
    history = dataclasses.replace(HISTORY, candles=candles, quality=quality)
    for rows in (slice(0, 450), slice(450, 900)):
        shown = market_view.shown(history, rows)
        expected = candles["close"].iloc[rows].iloc[-1] / candles["open"].iloc[rows].iloc[0] - 1
        assert market_view.finding(shown).change == pytest.approx(expected)
        assert "in another unit" not in charts.summary_candles(shown)
        assert [problem.kind for problem in shown.quality.problems] == ["gaps"]
    for rows in (slice(0, 900), slice(449, 900), slice(0, 451)):
        shown = market_view.shown(history, rows)
        assert market_view.finding(shown).change is None
        assert "in another unit" in charts.summary_candles(shown)
        assert shown.quality == quality


def test_the_ranges_of_a_file_fit_it():
    ranges = market_view.ranges(HISTORY)
    assert list(ranges) == ["1 day", "3 days", "2 weeks", "All"]
    short = dataclasses.replace(HISTORY, candles=HISTORY.candles.iloc[:9])
    assert list(market_view.ranges(short)) == ["All"]


def test_indicators_of_a_part_read_what_is_before_it():
    whole = market_view.indicators(HISTORY, ["averages", "rsi"], slice(0, 900))
    part = market_view.indicators(HISTORY, ["averages", "rsi"], slice(500, 600))
    for one, all_of_it in zip(part, whole, strict=True):
        for name, values in one.lines.items():
            np.testing.assert_array_equal(values, all_of_it.lines[name][500:600])
            assert np.isfinite(values).all()


def test_gaps_are_told_the_longest_first():
    rows = [*range(100, 104), *range(300, 333)]
    gappy = dataclasses.replace(HISTORY, candles=HISTORY.candles.drop(INDEX[rows]))
    gaps = market_view.gaps(gappy)
    assert [gap.candles for gap in gaps] == [33, 4]
    assert (gaps[0].start, gaps[0].end) == (INDEX[300], INDEX[333])
    assert market_view.gaps(HISTORY) == []
