"""Repairs: off by default, only what the user chose, and all of it reported."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles import quality
from cryptoforecast.prices.candles.repairs import REPAIRS, repair, repairable, with_repairs
from cryptoforecast.types import Problem
from tests.prices.files import samples

NAMES = ("outliers", "ohlc_violations", "flat_tail", "flat")
OF_SHIFTS = ("level_shift_cut", "level_shift_rescale")


@pytest.fixture
def odd() -> pd.DataFrame:
    """Hours with an outlier (50), two violations (60, 61), a flat stretch and a flat tail."""
    candles = samples.candles("1h", 300)
    prices = ["open", "high", "low", "close"]
    candles.iloc[50, candles.columns.get_indexer(["close", "high"])] *= 3
    candles.iloc[60, candles.columns.get_loc("high")] = candles["close"].iloc[60] * 0.99
    candles.iloc[61, candles.columns.get_loc("low")] = candles["open"].iloc[61] * 1.01
    for rows in (slice(100, 130), slice(280, 300)):
        candles.iloc[rows, candles.columns.get_indexer(prices)] = candles["close"].iloc[rows.start]
        candles.iloc[rows, candles.columns.get_loc("volume")] = 0.0
    return candles


def test_every_repair_is_named_after_a_finding(odd: pd.DataFrame) -> None:
    assert tuple(REPAIRS) == (*NAMES, *OF_SHIFTS, "unlisted")
    odd.iloc[200:, :4] *= 1000
    kinds = {problem.kind for problem in quality.report(odd, "1h").problems}
    assert {*NAMES, "level_shift"} <= kinds
    assert all(repair.help.endswith(".") for repair in REPAIRS.values())


def test_problems_name_the_repairs_that_would_change_something(odd: pd.DataFrame) -> None:
    problems = [Problem(kind, 1) for kind in ("outliers", "flat", "missing", "level_shift")]
    problems.append(Problem("outliers", 1, repair="1 candle left out"))
    named = [problem.repairs for problem in with_repairs(problems, odd)]
    assert named == [("outliers",), ("flat",), (), (), ()]


def test_nothing_is_repaired_unless_asked(odd: pd.DataFrame) -> None:
    done = repair(odd, ())
    assert done.candles is odd
    assert (done.problems, done.notes) == ((), ())


def test_it_is_told_beforehand_how_many_candles_each_would_change(odd: pd.DataFrame) -> None:
    assert repairable(odd) == {"outliers": 1, "ohlc_violations": 2, "flat_tail": 20, "flat": 29}
    assert repairable(samples.candles("1h", 100)) == {}


@pytest.mark.parametrize(
    ("name", "rows", "summary"),
    [
        ("outliers", [50], "1 candle left out"),
        ("flat_tail", range(280, 300), "20 candles cut off the end"),
        ("flat", range(101, 130), "29 candles left out"),
    ],
)
def test_what_is_left_out_is_said_and_the_rest_stays(
    odd: pd.DataFrame, name: str, rows: range, summary: str
) -> None:
    before = odd.copy()
    lines = np.arange(300) + 2
    done = repair(odd, [name], lines)
    remaining = np.setdiff1d(np.arange(300), rows)
    pd.testing.assert_frame_equal(done.candles, before.iloc[remaining])
    pd.testing.assert_frame_equal(odd, before)
    np.testing.assert_array_equal(done.lines, lines[remaining])
    (problem,) = done.problems
    assert (problem.kind, problem.count, problem.repair) == (name, len(rows), summary)
    assert problem.first_line == rows[0] + 2
    assert done.notes == (f"Repaired as asked ({name}): {summary}.",)


def test_high_and_low_are_widened_and_no_more(odd: pd.DataFrame) -> None:
    done = repair(odd, ["ohlc_violations"])
    assert not quality.ohlc_violations(done.candles).any()
    assert quality.ohlc_violations(odd).sum() == 2
    changed = (done.candles != odd).to_numpy()
    assert changed.sum() == 2
    assert done.candles["high"].iloc[60] == odd["close"].iloc[60]
    assert done.candles["low"].iloc[61] == odd[["open", "close"]].iloc[61].min()
    assert done.problems[0].repair == "high and low widened in 2 candles"


def test_all_together_in_any_order_and_the_report_counts_what_is_left(odd: pd.DataFrame) -> None:
    done = repair(odd, NAMES)
    pd.testing.assert_frame_equal(repair(odd, NAMES[::-1]).candles, done.candles)
    assert len(done.candles) == 300 - 1 - 20 - 29
    assert {problem.kind for problem in done.problems} == set(NAMES)
    report = quality.report(done.candles, "1h", problems=done.problems)
    assert (report.outliers, report.ohlc_violations, report.flat_tail) == (0, 0, 0)
    assert repairable(done.candles) == {}


def test_no_price_is_made_up(odd: pd.DataFrame) -> None:
    """Every number of a repaired candle stood in that candle before."""
    candles = repair(odd, NAMES).candles
    before = odd.loc[candles.index]
    prices = ["open", "high", "low", "close"]
    there = candles[prices].to_numpy()[:, :, None] == before[prices].to_numpy()[:, None, :]
    assert there.any(axis=2).all()
    pd.testing.assert_series_equal(candles["volume"], before["volume"])


def test_a_stretch_with_volume_or_a_short_one_stays() -> None:
    candles = samples.candles("1h", 200)
    prices = candles.columns.get_indexer(["open", "high", "low", "close"])
    candles.iloc[20:60, prices] = candles["close"].iloc[20]
    candles.iloc[100:124, prices] = candles["close"].iloc[100]
    candles.iloc[100:124, candles.columns.get_loc("volume")] = 0.0
    assert repairable(candles) == {}
    candles.iloc[124, prices] = candles["close"].iloc[100]
    candles.iloc[124, candles.columns.get_loc("volume")] = 0.0
    assert repairable(candles) == {"flat": 24}


def test_a_stretch_repeats_the_close_of_the_candle_before_it() -> None:
    candles = samples.candles("1h", 200)
    prices = candles.columns.get_indexer(["open", "high", "low", "close"])
    before = candles.iloc[99]
    assert before["low"] < before["close"] < before["high"]
    candles.iloc[100:130, prices] = before["close"]
    candles.iloc[100:130, candles.columns.get_loc("volume")] = 0.0
    assert repairable(candles) == {"flat": 30}


def test_the_mark_of_another_source_moves_to_the_next_candle(odd: pd.DataFrame) -> None:
    splices = np.zeros(300, dtype=bool)
    splices[[50, 200]] = True
    done = repair(odd, ["outliers"], None, splices)
    assert done.splices is not None
    assert list(done.candles.index[done.splices]) == list(odd.index[[51, 200]])


def test_repairs_that_leave_nothing_and_unknown_ones_are_refused() -> None:
    candles = samples.candles("1h", 30)
    candles[["open", "high", "low", "close"]] = 5.0
    candles["volume"] = 0.0
    with pytest.raises(InvalidInput, match=r"flat_tail, which leave 0 of 30\. Choose fewer"):
        repair(candles, ["flat_tail"])
    with pytest.raises(
        InvalidInput, match=r"outliers, ohlc_violations, flat_tail, flat, level_.*'gaps'"
    ):
        repair(candles, ["gaps"])


def test_two_candles_are_enough_and_a_single_one_that_stays_is_not_refused() -> None:
    def ending(remaining: int) -> pd.DataFrame:
        candles = samples.candles("1h", 30)
        dead = candles.index[remaining:]
        candles.loc[dead, ["open", "high", "low", "close"]] = 5.0
        candles.loc[dead, "volume"] = 0.0
        return candles

    assert len(repair(ending(2), ["flat_tail"]).candles) == 2
    with pytest.raises(InvalidInput, match=r"flat_tail, which leave 1 of 30\."):
        repair(ending(1), ["flat_tail"])
    alone = samples.candles("1h", 1)
    pd.testing.assert_frame_equal(repair(alone, ["outliers"]).candles, alone)


def shifted(rows: int = 120, at: int = 60) -> pd.DataFrame:
    """Hours of a coin of which 1,000 became 1."""
    candles = samples.candles("1h", rows)
    candles.iloc[at:, :4] *= 1000
    candles.iloc[at:, 4] /= 1000
    return candles


def test_a_level_shift_is_told_and_not_repaired_unless_asked() -> None:
    candles = shifted()
    (problem,) = quality.report(candles, "1h", lines=np.arange(120) + 2).problems
    assert (problem.kind, problem.count, problem.first_line) == ("level_shift", 1, 62)
    when = f"{candles.index[60]:%Y-%m-%d %H:%M}"
    assert problem.detail == f"from {when} on prices are 1,000 times larger"
    assert repairable(candles) == dict.fromkeys(OF_SHIFTS, 60)


def test_what_is_before_a_level_shift_is_left_out() -> None:
    candles = shifted()
    done = repair(candles, ["level_shift_cut"], np.arange(120) + 2)
    pd.testing.assert_frame_equal(done.candles, candles.iloc[60:])
    assert done.lines is not None
    assert done.lines[0] == 62
    assert done.notes == (
        "Repaired as asked (level_shift_cut): 60 candles before the last change of unit left out.",
    )


def test_what_is_before_a_level_shift_is_brought_into_the_new_unit() -> None:
    candles, sound = shifted(), samples.candles("1h", 120)
    done = repair(candles, ["level_shift_rescale", "outliers"])
    pd.testing.assert_frame_equal(done.candles.iloc[60:], candles.iloc[60:])
    expected = sound.iloc[:60].to_numpy() * [1000, 1000, 1000, 1000, 1 / 1000]
    np.testing.assert_allclose(done.candles.iloc[:60].to_numpy(), expected, rtol=1e-15)
    assert not quality.report(done.candles, "1h").problems
    assert [problem.kind for problem in done.problems] == ["level_shift_rescale"]


def test_a_candle_of_two_units_is_left_out() -> None:
    candles = shifted()
    candles.iloc[60, [0, 2]] = candles["close"].iloc[59]
    assert len(repair(candles, ["level_shift_cut"]).candles) == 59
    assert len(repair(candles, ["level_shift_rescale"]).candles) == 119


def test_cutting_and_rescaling_exclude_each_other() -> None:
    with pytest.raises(InvalidInput, match="Choose one of them"):
        repair(shifted(), OF_SHIFTS)
