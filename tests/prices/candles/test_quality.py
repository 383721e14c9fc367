"""What is odd in candles is counted, and nothing else is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.prices.candles import quality
from cryptoforecast.types import Problem, QualityReport
from tests.prices.candles.markets import market, thin


def walk(rows: int = 500, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.004, rows)))
    open_ = np.r_[100.0, close[:-1]]
    index = pd.date_range("2024-01-01", periods=rows, freq="h", tz="UTC", name="time", unit="ns")
    return pd.DataFrame(
        {
            "open": open_,
            "high": np.maximum(open_, close) * 1.001,
            "low": np.minimum(open_, close) * 0.999,
            "close": close,
            "volume": 1.0,
        },
        index=index,
    )


def test_sound_candles_have_nothing_to_report() -> None:
    report = quality.report(walk(), "1h")
    assert not report.problems
    counts = (report.missing, report.duplicates, report.flat_tail, report.ohlc_violations)
    assert counts == (0, 0, 0, 0)
    assert report.outliers == 0


def test_every_kind_of_irregularity_is_reported_with_its_first_line() -> None:
    candles = walk(400)
    columns = {name: candles.columns.get_loc(name) for name in candles}
    candles.iloc[20, columns["open"]] = candles["low"].iloc[20] * 0.99
    candles.iloc[40, columns["close"]] = candles.iloc[40, columns["high"]] = 300.0
    candles.iloc[63:66] = candles.iloc[60:63].to_numpy()
    candles.iloc[100:130, :4] = candles["close"].iloc[99]
    candles.iloc[:200, :4] /= 1_000
    candles.iloc[300:, :4] = candles["close"].iloc[299]
    candles.iloc[300:, columns["volume"]] = 0.0
    times = candles.index.to_numpy(copy=True)
    times[250] += np.timedelta64(20, "m")
    candles = candles.set_axis(pd.DatetimeIndex(times, tz="UTC"))
    splices = np.arange(400) == 280
    report = quality.report(candles, "1h", lines=np.arange(400) + 2, splices=splices)
    assert [(each.kind, each.count, each.first_line) for each in report.problems] == [
        ("missing", 1, 253),
        ("ohlc_violations", 1, 22),
        ("outliers", 1, 42),
        ("off_grid", 1, 252),
        ("flat_tail", 100, 302),
        ("flat", 30, 102),
        ("zero_volume", 100, 302),
        ("two_labels", 3, 65),
        ("splices", 1, 282),
        ("level_shift", 1, 202),
    ]


def test_normalising_sorts_and_keeps_the_last_of_each_time() -> None:
    sound = walk(6)
    again = sound.iloc[[2]].assign(close=123.0)
    shuffled = pd.concat([sound.iloc[[4, 0, 2, 1, 5, 3]], again])
    shuffled.index = shuffled.index.tz_convert("Asia/Tokyo").as_unit("s")
    candles, duplicates = quality.normalise(shuffled)
    assert duplicates == 1
    assert candles.index.equals(sound.index)
    assert candles.index.dtype == "datetime64[ns, UTC]"
    assert candles["close"].iloc[2] == 123.0
    assert candles.drop(candles.index[2]).equals(sound.drop(sound.index[2]))


def test_volume_is_unknown_where_there_is_no_column() -> None:
    candles, _ = quality.normalise(walk(5).drop(columns="volume"))
    assert candles["volume"].isna().all()


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_few_candles_in_a_row_miss_none(rows: int) -> None:
    assert quality.missing(walk(rows), "1h") == 0
    assert quality.off_grid(walk(rows), "1h").tolist() == [False] * rows


def test_the_grid_is_that_of_most_candles() -> None:
    candles = walk(5)
    late = candles.set_axis(candles.index + pd.to_timedelta([7, 0, 7, 7, 0], unit="min"))
    assert quality.off_grid(late, "1h").tolist() == [False, True, False, False, True]
    assert quality.missing(late, "1h") == 1


def test_gaps_are_counted_on_the_grid_only() -> None:
    candles = walk(48)
    gappy = candles.drop(candles.index[[5, 6, 20]])
    assert quality.report(gappy, "1h").missing == 3
    # A stray candle between the hours fills no gap.
    stray = candles.iloc[[5]].set_axis(candles.index[[5]] + pd.Timedelta(minutes=17))
    report = quality.report(pd.concat([gappy, stray]).sort_index(), "1h")
    assert report.missing == 3
    assert {problem.kind: problem.count for problem in report.problems} == {
        "missing": 3,
        "off_grid": 1,
    }


def test_duplicates_are_reported_once_by_whoever_knows_more() -> None:
    (problem,) = quality.report(walk(), "1h", duplicates=2).problems
    assert problem == Problem("duplicates", 2, None, "the last of each was kept")
    first = Problem("duplicates", 2, 7, "the last of each was kept", "1 with other values")
    other = Problem("volume", 1, 9, "taken as unknown")
    report = quality.report(walk(), "1h", duplicates=2, problems=(first, other))
    assert (report.duplicates, report.problems) == (2, (first, other))
    report = quality.report(walk(), "1h", duplicates=2, problems=(other,))
    assert [each.kind for each in report.problems] == ["volume", "duplicates"]


@pytest.mark.parametrize("tail", [0, 1, 2, 49])
@pytest.mark.parametrize("jump", [1.0, 1.5])
def test_a_flat_tail_begins_after_the_last_candle_that_traded(tail: int, jump: float) -> None:
    candles = walk(50)
    candles.iloc[50 - tail :, 4] = 0.0
    candles.iloc[50 - tail :, :4] = candles["close"].iloc[49 - tail] * jump
    assert quality.flat_tail(candles) == tail
    # Volume keeps a market at one price alive.
    candles.iloc[50 - tail :, 4] = 1.0
    assert quality.flat_tail(candles) == 0


def test_a_close_alone_repeats_nothing_unless_it_is_that_of_the_candle_before() -> None:
    candles = walk(20).assign(volume=np.nan)
    for price in ("open", "high", "low"):
        candles[price] = candles["close"]
    assert quality.flat_tail(candles) == 0
    candles.iloc[-4:, :4] = candles["close"].iloc[-4]
    assert quality.flat_tail(candles) == 3
    candles.iloc[:, :4] = 7.0
    assert quality.flat_tail(candles) == 20


def test_a_dead_market_is_a_flat_tail() -> None:
    candles = walk(50)
    dead = candles.copy()
    dead.iloc[-8:, :4] = 55.0
    dead.iloc[-8:, 4] = 0.0
    assert quality.report(dead, "1h").flat_tail == 8
    dead.iloc[-3, 4] = 2.0
    assert quality.report(dead, "1h").flat_tail == 2
    candles.iloc[:, :4] = 7.0
    candles["volume"] = np.nan
    assert quality.flat_tail(candles) == 50


def test_opens_and_closes_outside_the_range_are_violations() -> None:
    candles = walk(50)
    candles.iloc[3, candles.columns.get_loc("high")] = candles["low"].iloc[3] * 0.99
    candles.iloc[7, candles.columns.get_loc("low")] = candles["high"].iloc[7] * 1.01
    assert np.flatnonzero(quality.ohlc_violations(candles)).tolist() == [3, 7]


def test_a_wrong_tick_is_an_outlier_and_a_crash_is_not() -> None:
    tick = walk()
    tick.iloc[100, tick.columns.get_loc("close")] *= 3.8
    assert np.flatnonzero(quality.outliers(tick)).tolist() == [100]
    crash = walk()
    crash.iloc[100:, :4] *= 0.7
    assert not quality.outliers(crash).any()
    first = walk()
    first.iloc[0, first.columns.get_loc("close")] *= 3.8
    assert np.flatnonzero(quality.outliers(first)).tolist() == [0]


def spiked(usual: float, spike: float, column: str = "close", row: int = 50) -> pd.DataFrame:
    """Make candles that move by ``usual`` up and down, one price off by ``spike``, log-returns."""
    index = pd.date_range("2024-01-01", periods=100, freq="h", tz="UTC", name="time", unit="ns")
    close = 100 * np.exp(usual * (np.arange(100) // 2 % 2))
    candles = pd.DataFrame({name: close.copy() for name in quality.COLUMNS}, index=index)
    candles.iloc[row, candles.columns.get_loc(column)] *= np.exp(spike)
    return candles


@pytest.mark.parametrize(
    ("usual", "spike", "expected"),
    [
        (0.0, 0.049, False),  # the typical move is 0: at least 5 % are needed
        (0.0, 0.051, True),
        (0.0, -0.051, True),
    ],
)
def test_a_close_must_be_far_from_both_neighbours(
    usual: float, spike: float, expected: bool
) -> None:
    assert quality.outliers(spiked(usual, spike)).any() == expected


@pytest.mark.parametrize(("moves", "expected"), [(24.5, False), (25.5, True)])
def test_a_close_must_be_many_typical_moves_away(moves: float, expected: bool) -> None:
    index = pd.date_range("2024-01-01", periods=101, freq="h", tz="UTC", name="time", unit="ns")
    close = 100 * np.exp(0.01 * (np.arange(101) % 2))  # every move is 1 %
    close[50] = 100 * np.exp(0.01 + moves * 0.01)
    candles = pd.DataFrame(dict.fromkeys(quality.COLUMNS, close), index=index)
    assert np.flatnonzero(quality.outliers(candles)).tolist() == [50] * expected


@pytest.mark.parametrize("column", ["open", "high", "low"])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("factor", "expected"), [(1.98, False), (2.02, True)])
def test_an_open_high_or_low_beyond_twice_the_closes_is_an_outlier(
    column: str, sign: int, factor: float, expected: bool
) -> None:
    candles = spiked(0.001, sign * np.log(factor) + 0.001 * (sign > 0), column, row=51)
    assert np.flatnonzero(quality.outliers(candles)).tolist() == [51] * expected


@pytest.mark.parametrize("column", ["open", "high"])
def test_a_fall_begins_at_the_close_before(column: str) -> None:
    candles = spiked(0.0, 0.0)
    candles.iloc[10:50, :4] *= 2
    candles.iloc[50, candles.columns.get_loc(column)] *= 2.02
    assert not quality.outliers(candles).any()


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("ticks", "expected"), [(5, False), (6, True)])
def test_five_coarse_ticks_are_a_thin_market(sign: int, ticks: int, expected: bool) -> None:
    """A tick is 2 % of the price, so that three would be far without this rule."""
    candles = spiked(0.0, 0.0)
    candles.iloc[:, :4] = 50.0 + (np.arange(100) // 4 % 2)[:, None]
    candles.iloc[50, :4] = 50.0 + sign * ticks
    (problem,) = (each for each in quality.report(candles, "1h").problems if "tick" in each.kind)
    assert (problem.kind, problem.count) == ("coarse_tick", 100)
    assert np.flatnonzero(quality.outliers(candles)).tolist() == [50] * expected


@pytest.mark.parametrize(
    ("column", "close", "price", "expected"),
    [("high", 3.0, 8.0, False), ("high", 3.0, 9.0, True), ("open", 3.0, 8.0, False),
     ("low", 9.0, 4.0, False), ("low", 11.0, 5.0, True), ("open", 9.0, 4.0, False)],
)  # fmt: skip
def test_a_price_is_compared_with_the_nearest_close_in_coarse_ticks(
    column: str, close: float, price: float, expected: bool
) -> None:
    """All of these are more than twice or less than half of the closes."""
    candles = spiked(0.0, 0.0)
    candles.iloc[:, :4] = close + (np.arange(100) // 4 % 2)[:, None]
    candles.iloc[50, candles.columns.get_loc(column)] = price
    assert np.flatnonzero(quality.outliers(candles)).tolist() == [50] * expected


@pytest.mark.parametrize("row", [0, 99])
@pytest.mark.parametrize(("factor", "expected"), [(1.98, False), (2.02, True)])
def test_an_end_is_an_outlier_where_it_differs_by_a_factor_of_two(
    row: int, factor: float, expected: bool
) -> None:
    candles = spiked(0.0, np.log(factor), row=row)
    assert np.flatnonzero(quality.outliers(candles)).tolist() == [row] * expected


def test_the_last_candle_is_compared_with_the_closes_beside_it_alone() -> None:
    candles = spiked(0.0, 0.0)
    candles.iloc[:, :4] = np.geomspace(800, 100, 100)[:, None]
    assert not quality.outliers(candles).any()
    candles.iloc[-1, candles.columns.get_loc("high")] = 300.0
    assert np.flatnonzero(quality.outliers(candles)).tolist() == [99]


@pytest.mark.parametrize("rows", [3, 4, 5])
def test_three_candles_are_enough_for_an_outlier(rows: int) -> None:
    candles = walk(rows)
    candles.iloc[-1, :4] *= 3
    assert np.flatnonzero(quality.outliers(candles)).tolist() == [rows - 1]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_too_few_candles_have_no_outliers(rows: int) -> None:
    candles = walk(3).iloc[:rows] * np.array([[1.0], [9.0]])[:rows]
    assert quality.outliers(candles).tolist() == [False] * rows


def test_open_candles_are_dropped() -> None:
    candles = walk(10)
    now = candles.index[-1] + pd.Timedelta(minutes=59)
    assert quality.closed_only(candles, "1h", now).index[-1] == candles.index[-2]
    now = candles.index[-1] + pd.Timedelta(minutes=60)
    assert quality.closed_only(candles, "1h", now).index[-1] == candles.index[-1]


def test_no_candles_are_no_trouble() -> None:
    report = quality.report(quality.empty(), "1h")
    assert report == QualityReport()


def test_what_the_reader_decided_is_part_of_the_report() -> None:
    decisions = {"delimiter": "comma"}
    assert quality.report(walk(), "1h", decisions=decisions).decisions == decisions
    assert quality.report(walk(), "1h").decisions == {}


def test_where_another_source_begins_is_reported() -> None:
    candles = walk()
    splices = np.zeros(len(candles), bool)
    splices[[5, 9]] = True
    (problem,) = quality.report(candles, "1h", splices=splices).problems
    assert (problem.kind, problem.count) == ("splices", 2)
    assert not quality.report(candles, "1h", splices=splices & False).problems


def test_closes_alone_that_trade_have_no_flat_tail() -> None:
    candles = walk(20)
    candles[["open", "high", "low"]] = np.repeat(candles[["close"]].to_numpy(), 3, axis=1)
    assert quality.flat_tail(candles) == 0
    candles["volume"] = 0.25
    candles.iloc[-3:, :4] = candles["close"].iloc[-3]
    assert quality.flat_tail(candles) == 0


def test_the_first_candle_is_compared_with_the_closes_beside_it_alone() -> None:
    candles = spiked(0.0, 0.0)
    candles.iloc[:, :4] = np.geomspace(100, 800, 100)[:, None]
    assert not quality.outliers(candles).any()
    candles.iloc[0, candles.columns.get_loc("high")] = 300.0
    assert np.flatnonzero(quality.outliers(candles)).tolist() == [0]


@pytest.mark.parametrize("first", [0, 1000])
def test_each_thousand_candles_have_a_tick_of_their_own(first: int) -> None:
    """A jump of five ticks is none where the tick is coarse, and an outlier where it is fine."""
    coarse = thin(1000, low=20, high=21, tick=5.0)
    coarse.iloc[990, :4] = 125.0
    fine = market(1000)
    fine.iloc[10, :4] += 25.0
    fine.iloc[0, 0] = coarse["close"].iloc[-1] if first == 0 else fine["close"].iloc[0]
    parts = [coarse, fine] if first == 0 else [fine, coarse]
    both = pd.concat(parts).set_axis(pd.date_range("2024-01-01", periods=2000, freq="h", tz="UTC"))
    assert np.flatnonzero(quality.outliers(both)).tolist() == [1010 - first]


def test_a_price_may_be_twenty_five_typical_moves_beyond_the_closes() -> None:
    """In a wild market that is more than twice: 10 % an hour make a factor of twelve."""
    index = pd.date_range("2024-01-01", periods=101, freq="h", tz="UTC", name="time", unit="ns")
    close = 100 * np.exp(0.1 * (np.arange(101) % 2))
    candles = pd.DataFrame(dict.fromkeys(quality.COLUMNS, close), index=index)
    for moves, expected in ((24.5, []), (25.5, [50])):
        candles.iloc[50, 1] = 100 * np.exp(0.1 + moves * 0.1)
        assert np.flatnonzero(quality.outliers(candles)).tolist() == expected


@pytest.mark.parametrize("factor", [2.0, 0.5])
def test_a_factor_of_exactly_two_is_no_outlier(factor: float) -> None:
    """The logarithms of powers of two have no rounding between them."""
    candles = spiked(0.0, 0.0)
    candles.iloc[:, :4] = 1.0
    candles.iloc[50, 1 if factor > 1 else 2] = factor
    candles.iloc[0, :4] = factor
    assert not quality.outliers(candles).any()
