"""A change of the coin's unit is told from a crash."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoforecast.prices.candles import findings, level_shifts
from tests.prices.candles.markets import PRICES, market, thin


def redenominated(candles: pd.DataFrame, row: int, ratio: float, *, coins: bool = True):
    """The same market, its prices from ``row`` on in another unit."""
    result = candles.copy()
    result.iloc[row:, :4] *= ratio
    if coins:
        result.iloc[row:, 4] /= ratio
    return result


def opening_at_last_close(candles: pd.DataFrame) -> pd.DataFrame:
    """The candles of a source that takes each open from the close before, whatever happened."""
    result = candles.copy()
    result.iloc[1:, 0] = candles["close"].to_numpy()[:-1]
    result["high"] = result[PRICES].max(axis=1)
    result["low"] = result[PRICES].min(axis=1)
    return result


def rows_of(candles: pd.DataFrame) -> list[int]:
    return [shift.row for shift in level_shifts.find(candles)]


@pytest.mark.parametrize("ratio", [1000, 0.001, 100, 10, 0.1, 1e4, 1e-6, 3, 0.5, 2.5, 7.31, 1 / 33])
@pytest.mark.parametrize("coins", [True, False])
def test_a_change_of_unit_is_found_whatever_the_ratio(ratio: float, coins: bool) -> None:
    candles = redenominated(market(), 60, ratio, coins=coins)
    (shift,) = level_shifts.find(candles)
    assert (shift.row, shift.first) == (60, 60)
    assert shift.ratio == pytest.approx(ratio, rel=0.02)
    assert shift.raw == pytest.approx(ratio)
    if not 1 / 4 < ratio < 4:
        assert shift.traded_coins == coins


@pytest.mark.parametrize("ratio", [1000, 0.001, 100, 10, 0.1, 5])
def test_a_round_ratio_is_exact_although_the_market_moved_meanwhile(ratio: float) -> None:
    candles = market()
    candles.iloc[60:, :4] *= 1.006
    (shift,) = level_shifts.find(redenominated(candles, 60, ratio))
    assert shift.ratio == ratio


def test_the_volume_tells_where_the_unit_changes_inside_a_candle() -> None:
    candles = opening_at_last_close(redenominated(market(), 60, 10))
    (shift,) = level_shifts.find(candles)
    assert (shift.row, shift.first) == (61, 60)
    assert not rows_of(opening_at_last_close(redenominated(market(), 60, 10, coins=False)))
    assert not rows_of(opening_at_last_close(redenominated(market(), 60, 0.1)))  # as well a crash


def test_no_market_moves_a_thousandfold_inside_a_candle_and_stays_calm() -> None:
    for ratio in (1000, 0.001):
        candles = redenominated(market(), 60, ratio, coins=False)
        assert rows_of(opening_at_last_close(candles)) == [61]


def test_a_crash_of_nine_tenths_in_an_hour_is_no_change_of_unit() -> None:
    for seed in range(20):
        candles = market(seed=seed)
        crashed = opening_at_last_close(redenominated(candles, 60, 0.1, coins=False))
        assert not rows_of(crashed)
        for surge in (10, 1 + 30 * np.exp(-np.arange(len(candles) - 60) / 6)):
            loud = crashed.copy()
            loud.iloc[60:, 4] *= surge
            assert not rows_of(loud)


def luna(seed: int) -> pd.DataFrame:
    """A coin that loses all its value in two days, a few tenths an hour, and never recovers."""
    rng = np.random.default_rng(seed)
    rows, begins, lasts = 400, 200, 48
    move = rng.normal(0, 0.008, rows)
    move[begins : begins + lasts] = rng.normal(-0.25, 0.35, lasts)
    move[begins + lasts :] = rng.normal(0, 0.08, rows - begins - lasts)
    move[begins + 20] = np.log(0.1)
    close = 80 * np.exp(np.cumsum(move))
    open_ = np.r_[80.0, close[:-1]] * np.exp(rng.normal(0, 0.01, rows))
    wick = np.exp(np.abs(rng.normal(0, np.abs(move) / 2 + 0.002)))
    volume = rng.uniform(1, 4, rows) * np.where(np.arange(rows) < begins, 1, 1e3)
    return pd.DataFrame(
        {
            "open": open_,
            "high": np.maximum(open_, close) * wick,
            "low": np.minimum(open_, close) / wick,
            "close": close,
            "volume": volume,
        },
        index=pd.date_range("2022-05-01", periods=rows, freq="h", tz="UTC", name="time", unit="ns"),
    )


@pytest.mark.parametrize("seed", range(30))
def test_a_coin_that_dies_changes_no_unit(seed: int) -> None:
    assert not rows_of(luna(seed))


def test_a_wrong_tick_and_a_flash_crash_that_comes_back_are_no_change_of_unit() -> None:
    for rows in (1, 2, 5):
        candles = market()
        candles.iloc[60 : 60 + rows, :4] *= 0.1
        assert not rows_of(candles)
    assert not rows_of(redenominated(market(), 199, 1000))  # the last candle: a tick, or a unit
    assert rows_of(redenominated(market(), 198, 1000)) == [198]


def test_across_a_halt_of_the_market_a_power_of_ten_tells() -> None:
    rows = np.r_[0:60, 90:200]
    assert rows_of(redenominated(market(), 75, 10, coins=False).iloc[rows]) == [60]
    assert not rows_of(redenominated(market(), 75, 1 / 3.3, coins=False).iloc[rows])
    later = market()
    later.iloc[75:, :4] *= 1.6  # it may have risen so far meanwhile
    assert not rows_of(later.iloc[np.r_[0:60, 75:200]])


@pytest.mark.parametrize(("changes", "more"), [(3, ""), (4, "; and 1 more"), (5, "; and 2 more")])
def test_three_changes_of_unit_are_told_and_the_others_counted(changes: int, more: str) -> None:
    candles = market()
    for i in range(changes):
        candles = redenominated(candles, 30 * (i + 1), 1000)
    (problem,) = findings.unit_changes(candles, None)
    assert problem.count == changes
    assert problem.detail.count("1,000 times larger") == 3
    assert problem.detail.endswith(f"larger{more}")


@pytest.mark.parametrize(("row", "rows"), [(5, []), (6, [6])])
def test_a_level_has_six_candles(row: int, rows: list[int]) -> None:
    assert rows_of(redenominated(market(), row, 10)) == rows


def test_two_changes_may_be_six_candles_apart() -> None:
    assert rows_of(redenominated(redenominated(market(), 20, 1000), 26, 1000)) == [20, 26]


@pytest.mark.parametrize("ratio", [1000, 0.001])
def test_a_thousandfold_change_is_found_although_a_wrong_candle_follows(ratio: float) -> None:
    candles = redenominated(market(), 60, ratio)
    candles.iloc[61, :4] *= 5
    assert rows_of(candles) == [60]


def test_closes_alone_need_the_volume_or_a_ratio_that_is_impossible() -> None:
    closes = market()
    closes[["open", "high", "low"]] = np.repeat(closes[["close"]].to_numpy(), 3, axis=1)
    assert rows_of(redenominated(closes, 60, 1000, coins=False)) == [60]
    assert rows_of(redenominated(closes, 60, 10)) == [60]
    assert not rows_of(redenominated(closes, 60, 10, coins=False))
    assert not rows_of(redenominated(closes, 60, 0.1))  # as well a crash


def test_rescaled_prices_have_no_digits_of_rounding() -> None:
    for ratio in (1000, 0.001, 1e-8):
        candles = market().round(8)
        shifted = redenominated(candles, 60, ratio)
        again, _ = level_shifts.rescaled(shifted, level_shifts.find(shifted))
        close = again["close"].to_numpy()[:60]
        digits = [
            len(f"{float(value)!r}".split("e")[0].strip("0.").replace(".", "")) for value in close
        ]
        assert max(digits) <= 12


def test_a_power_of_ten_is_exact_across_a_halt_and_an_odd_ratio_is_not_rounded() -> None:
    candles = market()
    candles.iloc[75:, :4] *= 1.05  # while trade was halted
    (shift,) = level_shifts.find(redenominated(candles, 75, 1000).iloc[np.r_[0:60, 110:200]])
    assert shift.ratio == 1000
    days = market(step=0.04)
    (shift,) = level_shifts.find(redenominated(days, 60, 7.4))
    assert shift.ratio == pytest.approx(7.4, rel=0.001)


def test_several_changes_are_brought_into_the_newest_unit() -> None:
    candles = market()
    shifted = redenominated(redenominated(candles, 60, 1000), 120, 0.01)
    assert rows_of(shifted) == [60, 120]
    again, whole = level_shifts.rescaled(shifted, level_shifts.find(shifted))
    assert whole.all()
    expected = redenominated(candles, 0, 10)
    np.testing.assert_allclose(again.to_numpy(), expected.to_numpy(), rtol=1e-12)


@given(ratio=st.floats(1.7, 1e9), up=st.booleans(), coins=st.booleans(), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_ratio_leaves_no_trace(ratio: float, up: bool, coins: bool, seed: int) -> None:
    """Beginning each level where the one before ended gives the market without the change."""
    candles, ratio = market(seed=seed), ratio if up else 1 / ratio
    coins = coins or 1 / 4 < ratio < 4
    shifted = redenominated(candles, 60, ratio, coins=coins)
    again, _ = level_shifts.rescaled(shifted, level_shifts.find(shifted), raw=True)
    expected = candles.copy()
    expected.iloc[:, :4] *= ratio
    expected.iloc[:, 4] /= ratio if coins else 1
    np.testing.assert_allclose(again.to_numpy(), expected.to_numpy(), rtol=1e-9)


@given(seed=st.integers(0, 10_000), step=st.floats(0.0005, 0.3))
@settings(max_examples=60, deadline=None)
def test_a_market_without_a_change_has_none(seed: int, step: float) -> None:
    assert not rows_of(market(400, seed, step))


def test_cents_of_a_coin_at_a_dollar_and_a_change_into_a_few_ticks() -> None:
    """From 2,000 satoshi to 2: both the new unit and the new tick are right."""
    old = thin(100, 2000, 2003)
    new = thin(100, 2, 3).set_axis(old.index + pd.Timedelta(hours=100))
    both = pd.concat([old, new])
    both.iloc[100, 0] = new["close"].iloc[0]
    assert rows_of(both) == [100]


def at_ticks(rows: int, ticks: int, volume: float, one_more: slice) -> pd.DataFrame:
    """A market that stands still at a few satoshi; some highs are one satoshi more."""
    close = np.full(rows, float(ticks))
    high = close.copy()
    high[one_more] += 1
    prices = pd.DataFrame({"open": close, "high": high, "low": close, "close": close}) * 1e-8
    return prices.round(12).assign(volume=volume)


def risen(
    before: int, after: int, first: slice, second: slice, ticks: tuple[int, int], *, fine: int = 700
) -> pd.DataFrame:
    """A few satoshi become five more, amid prices between whole ones, at ``fine + before``."""
    low, high = ticks
    old = at_ticks(before, low, 20.0 * high, first)
    new = at_ticks(after, high, 20.0 * low, second)
    early, late = market(fine, step=0.001), market(fine, seed=2, step=0.001, start=high * 1e-8)
    early[PRICES] *= low * 1e-8 / early["close"].iloc[-1]
    early["volume"], late["volume"] = old["volume"].iloc[0], new["volume"].iloc[0]
    both = pd.concat([early, old, new, late])
    return both.set_axis(pd.date_range("2024-01-01", periods=len(both), freq="h", tz="UTC"))


@pytest.mark.parametrize(
    ("before", "after", "rows"), [(500, 500, False), (499, 500, True), (500, 499, True)]
)
def test_the_tick_is_that_of_five_hundred_candles_on_each_side(
    before: int, after: int, rows: bool
) -> None:
    """Five ticks are no change of unit; where there is no tick, twice the price is one."""
    often = slice(None, None, 7), slice(3, None, 7)
    candles = risen(before, after, *often, (5, 10))
    assert rows_of(candles) == ([700 + before] if rows else [])


def still(rows: int, level: float, reach: float) -> pd.DataFrame:
    """A market that stands still, whose candles all reach up alike, on a log scale."""
    price = np.full(rows, level)
    prices = {"open": price, "high": price * np.exp(reach), "low": price, "close": price}
    return pd.DataFrame(prices).assign(volume=20.0)


@pytest.mark.parametrize(
    ("times", "rows"), [(3.9, [40]), (4.1, []), (1 / 3.9, [40]), (1 / 4.1, [])]
)
def test_both_levels_reach_alike_up_to_four_times(times: float, rows: list[int]) -> None:
    both = pd.concat([still(40, 100.0, 0.01), still(40, 1000.0, 0.01 * times)])
    both = both.set_axis(pd.date_range("2024-01-01", periods=80, freq="h", tz="UTC"))
    assert rows_of(both) == rows


def test_across_a_single_absent_candle_no_ratio_but_a_power_of_ten_is_rounded() -> None:
    whole = redenominated(market(), 60, 5.0)
    (shift,) = level_shifts.find(whole)
    assert shift.ratio == 5
    (shift,) = level_shifts.find(whole.drop(whole.index[60]))
    assert shift.ratio == shift.raw != 5
    (shift,) = level_shifts.find(redenominated(market(), 60, 10.0).drop(whole.index[60]))
    assert shift.ratio == 10


@pytest.mark.parametrize("silent", [slice(0, 60), slice(60, 200)])
def test_a_level_without_volume_does_not_say_what_the_volume_counts(silent: slice) -> None:
    candles = redenominated(market(), 60, 1000.0, coins=False)
    (shift,) = level_shifts.find(candles)
    assert not shift.traded_coins
    candles.iloc[silent, 4] = 0.0
    (shift,) = level_shifts.find(candles)
    assert shift.traded_coins  # it is taken where nothing tells


@pytest.mark.parametrize(("absent", "rows"), [(0, [100]), (1_000, [100]), (2_000, [])])
def test_after_a_long_halt_a_tenfold_price_may_be_the_market(absent: int, rows: list[int]) -> None:
    candles = redenominated(market(), 100, 10.0)
    later = candles.index + pd.Timedelta(hours=absent) * (np.arange(200) // 100)
    assert rows_of(candles.set_axis(later)) == rows


@pytest.mark.parametrize(("reach", "rows"), [(0.0, []), (0.001, [40])])
def test_a_market_that_never_moved_has_no_levels(reach: float, rows: list[int]) -> None:
    both = pd.concat([still(40, 100.0, reach), still(40, 200.0, reach)])
    both = both.set_axis(pd.date_range("2024-01-01", periods=80, freq="h", tz="UTC"))
    assert rows_of(both) == rows


@pytest.mark.parametrize("ratio", [*level_shifts.ROUND_RATIOS[1:], 20.0, 1 / 4, 1 / 60])
def test_each_round_ratio_is_exact(ratio: float) -> None:
    (shift,) = level_shifts.find(redenominated(market(), 60, ratio * 1.004))
    assert shift.ratio == pytest.approx(ratio, rel=1e-12)


def test_a_unit_that_changes_inside_the_last_candle_has_no_level_yet() -> None:
    candles = redenominated(market(), 199, 1000.0)
    candles.iloc[199, 0] = candles["close"].iloc[198]
    candles.iloc[199, 2] = candles["close"].iloc[198]
    assert rows_of(candles) == []


def two_levels(
    ratio: float, reach: float = 0.01, new_reach: float | None = None, apart: float = 1.0
) -> pd.DataFrame:
    """Forty candles at 64 and forty at that times the ratio, so many hours apart."""
    new = still(40, 64.0 * ratio, reach if new_reach is None else new_reach)
    both = pd.concat([still(40, 64.0, reach), new])
    hours = np.r_[0:40, 39 + apart + np.arange(40)]
    index = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(hours, unit="h")
    return both.set_axis(index.as_unit("ns"))


@pytest.mark.parametrize(
    ("ratio", "rows"), [(1.49, []), (1.5, [40]), (1.51, [40]), (1 / 1.49, []), (1 / 1.51, [40])]
)
def test_a_unit_changes_by_half_at_least(ratio: float, rows: list[int]) -> None:
    assert rows_of(two_levels(ratio, 0.002)) == rows


@pytest.mark.parametrize(("ratio", "rows"), [(48.0, []), (52.0, [61])])
def test_from_fifty_on_no_market_moves_so_far_inside_a_candle(
    ratio: float, rows: list[int]
) -> None:
    candles = redenominated(market(), 60, ratio, coins=False)
    assert rows_of(opening_at_last_close(candles)) == rows


@pytest.mark.parametrize(
    ("row", "rows"), [(36, [60]), (37, []), (59, []), (61, []), (83, []), (84, [60])]
)
def test_the_candles_that_decide_are_the_nearest_on_each_side(row: int, rows: list[int]) -> None:
    candles = redenominated(market(), 60, 10.0)
    candles.iloc[row, 1] *= 3.0
    assert rows_of(candles) == rows


@pytest.mark.parametrize(("reach", "rows"), [(0.76, [40]), (0.775, [])])
@pytest.mark.parametrize("row", [30, 50])
def test_no_candle_ranges_more_than_a_third_of_the_shift(
    row: int, reach: float, rows: list[int]
) -> None:
    candles = two_levels(10.0)
    candles.iloc[row, 1] = candles.iloc[row, 3] * np.exp(reach)
    assert rows_of(candles) == rows


@pytest.mark.parametrize(("reach", "row", "first"), [(0.755, 40, 40), (0.765, 41, 40)])
def test_a_unit_changes_inside_a_candle_that_ranges_over_a_third_of_it(
    reach: float, row: int, first: int
) -> None:
    candles = two_levels(10.0)
    candles.iloc[40:, 4] /= 10.0
    candles.iloc[40, 2] = candles.iloc[40, 3] * np.exp(-reach)
    (shift,) = level_shifts.find(candles)
    assert (shift.row, shift.first) == (row, first)


@pytest.mark.parametrize(
    ("reach", "new_reach", "rows"),
    [(0.001, 0.0079, [40]), (0.001, 0.0081, []), (0.0079, 0.001, [40]), (0.0081, 0.001, [])],
)
def test_ranges_below_a_fifth_of_a_percent_count_as_that(
    reach: float, new_reach: float, rows: list[int]
) -> None:
    assert rows_of(two_levels(10.0, reach, new_reach)) == rows


@pytest.mark.parametrize(("apart", "rows"), [(1_471, [40]), (1_474, [])])
def test_across_a_gap_a_shift_is_six_usual_moves_of_that_time(apart: int, rows: list[int]) -> None:
    assert rows_of(two_levels(10.0, 0.01, apart=apart)) == rows


@pytest.mark.parametrize(("ratio", "knows"), [(3.9, False), (4.1, True), (1 / 3.9, False),
                                              (1 / 4.1, True)])  # fmt: skip
def test_from_four_on_the_volume_tells_what_it_counts(ratio: float, knows: bool) -> None:
    (shift,) = level_shifts.find(two_levels(ratio))
    assert shift.traded_coins is not knows  # all volumes are 20: they count no coins
    candles = two_levels(ratio)
    candles.iloc[40:, 4] /= ratio
    (shift,) = level_shifts.find(candles)
    assert shift.traded_coins


@pytest.mark.parametrize(("off", "coins"), [(0.49, True), (0.51, False)])
def test_volume_that_changed_more_than_half_inversely_counts_coins(off: float, coins: bool) -> None:
    candles = two_levels(10.0)
    candles.iloc[40:, 4] *= 10.0 ** (off - 1)
    (shift,) = level_shifts.find(candles)
    assert shift.traded_coins is coins


@pytest.mark.parametrize(
    ("first", "second", "rows"),
    [(0.69, 0.69, [41]), (-0.69, -0.69, [41]), (0.71, 0.0, []), (0.0, 0.71, []), (-0.71, 0.0, [])],
)
def test_volume_changes_inversely_for_good_up_to_a_factor_of_two(
    first: float, second: float, rows: list[int]
) -> None:
    """Inside a candle, the volume of both halves of what follows must show the change."""
    candles = two_levels(10.0)
    candles.iloc[40, 2] = candles.iloc[39, 3]
    candles.iloc[40:, 4] /= 10.0
    candles.iloc[41:52, 4] *= np.exp(first)
    candles.iloc[52:, 4] *= np.exp(second)
    assert rows_of(candles) == rows


@pytest.mark.parametrize(
    ("reach", "apart", "ratio", "off", "is_round"),
    [
        # A power of ten is met up to four usual ranges: half a percent at least, ten at most.
        (0.0005, 1, 10, 0.0049, True), (0.0005, 1, 10, 0.0051, False),
        (0.01, 1, 10, 0.039, True), (0.01, 1, 10, -0.039, True), (0.01, 1, 10, 0.041, False),
        (0.05, 1, 100, 0.099, True), (0.05, 1, 100, 0.101, False),
        # Across a gap it may have moved further, a quarter at most; nothing else is rounded to.
        (0.01, 4, 10, 0.079, True), (0.01, 4, 10, 0.081, False),
        (0.05, 9, 100, 0.249, True), (0.05, 9, 100, 0.251, False), (0.01, 2, 5, 0.0, False),
        # Another round number is met up to three percent.
        (0.0005, 1, 5, 0.0049, True), (0.0005, 1, 5, -0.0051, False),
        (0.05, 1, 5, 0.029, True), (0.05, 1, 5, 0.031, False), (0.05, 1, 250, -0.029, True),
        (0.05, 1, 2.5, 0.031, False), (0.01, 1, 3000, 0.0, True), (0.01, 1, 7.0, 0.0, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("up", [True, False])
def test_how_near_a_ratio_is_to_the_round_one(
    reach: float, apart: int, ratio: float, off: float, is_round: bool, up: bool
) -> None:
    exact = ratio * np.exp(off)
    candles = two_levels(exact if up else 1 / exact, reach, apart=apart)
    if not up:
        candles = candles.assign(high=candles["close"], low=candles["close"] * np.exp(-reach))
    candles.iloc[40:, 4] /= exact if up else 1 / exact
    (shift,) = level_shifts.find(candles)
    expected = ratio if is_round else exact
    assert shift.ratio == pytest.approx(expected if up else 1 / expected, rel=1e-9)
    assert shift.raw == pytest.approx(exact if up else 1 / exact, rel=1e-9)


def test_a_candle_in_two_units_is_left_out_and_what_is_before_it_is_rescaled() -> None:
    candles = opening_at_last_close(redenominated(market(), 60, 10))
    shifts = level_shifts.find(candles)
    again, whole = level_shifts.rescaled(candles, shifts)
    assert np.flatnonzero(~whole).tolist() == [60]
    np.testing.assert_allclose(again.iloc[:60, :4], 10 * candles.iloc[:60, :4], rtol=1e-12)
    np.testing.assert_allclose(again.iloc[:60, 4], candles.iloc[:60, 4] / 10, rtol=1e-12)
    pd.testing.assert_frame_equal(again.iloc[60:], candles.iloc[60:], check_freq=False)


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (1000, "1,000 times larger"), (0.001, "1,000 times smaller"), (2.5, "2.5 times larger"),
        (1 / 3, "3 times smaller"), (7.31234, "7.312 times larger"), (1.5, "1.5 times larger"),
        (9_999.4, "9,999 times larger"), (10_000, "10,000 times larger"),
        (12_345.6, "12,346 times larger"), (1234.56, "1,235 times larger"),
        (3 * (1 + 2e-9), "3 times larger"), (1 / 7.5, "7.5 times smaller"),
    ],
)  # fmt: skip
def test_a_ratio_in_words(ratio: float, text: str) -> None:
    assert level_shifts.ratio_text(ratio) == text


@pytest.mark.parametrize(
    ("ratio", "is_round"),
    [(2.0, True), (2.5, True), (3.0, True), (4.0, True), (5.0, True), (6.0, True), (8.0, True),
     (20.0, True), (60.0, True), (800.0, True), (1.8, False), (3.5, False), (7.0, False),
      (15.0, False)],
)  # fmt: skip
def test_coins_are_divided_and_multiplied_by_round_numbers(ratio: float, is_round: bool) -> None:
    exact = ratio * 1.02
    (shift,) = level_shifts.find(two_levels(exact, 0.05))
    assert shift.ratio == pytest.approx(ratio if is_round else exact, rel=1e-9)


@pytest.mark.parametrize(("factor", "rows"), [(9.0, [60]), (11.0, [])])
def test_a_wrong_candle_ends_no_level_unless_it_is_a_third_of_the_shift(
    factor: float, rows: list[int]
) -> None:
    candles = redenominated(market(), 60, 1000.0)
    candles.iloc[61, :4] *= factor
    assert rows_of(candles) == rows


@pytest.mark.parametrize(("apart", "rows"), [(5, []), (6, [20, 26])])
def test_two_thousandfold_changes_are_six_candles_apart(apart: int, rows: list[int]) -> None:
    candles = redenominated(market(), 20, 1000.0)
    assert rows_of(redenominated(candles, 20 + apart, 1000.0)) == rows


@pytest.mark.parametrize(
    ("ratio", "row", "rows"),
    [(10.0, 198, []), (10.0, 195, []), (10.0, 194, [194]), (1000.0, 198, [198]), (1000.0, 5, [])],
)
def test_the_newest_level_has_two_candles_where_no_market_moves_so_far(
    ratio: float, row: int, rows: list[int]
) -> None:
    assert rows_of(redenominated(market(), row, ratio)) == rows


def strayed(shares: dict[int, float], ratio: float = 1000.0) -> pd.DataFrame:
    """Two levels whose closes are at these shares of the way from the old to the new one."""
    candles = two_levels(ratio)
    for row, share in shares.items():
        candles.iloc[row, :4] = 64.0 * ratio**share
    return candles


@pytest.mark.parametrize(
    ("shares", "rows"),
    [
        ({30: 0.25, 31: 0.47, 32: 0.25}, [40]), ({30: 0.25, 31: 0.53, 32: 0.25}, []),
        ({50: 0.75, 51: 0.53, 52: 0.75}, [40]), ({50: 0.75, 51: 0.47, 52: 0.75}, []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ratio", [1000.0, 0.001])
def test_all_closes_are_nearer_to_their_own_level(
    shares: dict[int, float], rows: list[int], ratio: float
) -> None:
    assert rows_of(strayed(shares, ratio)) == rows


@pytest.mark.parametrize(("level", "rows"), [(0.55, [40]), (0.45, [])])
def test_the_levels_lie_apart_by_more_than_half_of_the_jump(level: float, rows: list[int]) -> None:
    shares = {40: 1.0, 41: 0.75} | dict.fromkeys(range(42, 80), level)
    assert rows_of(strayed(shares)) == rows


@pytest.mark.parametrize(("reach", "new_reach"), [(0.001, 0.1), (0.1, 0.001), (0.0, 0.0)])
def test_a_thousandfold_change_needs_no_levels_that_range_alike(
    reach: float, new_reach: float
) -> None:
    assert rows_of(two_levels(1000.0, reach, new_reach)) == [40]
    assert rows_of(two_levels(10.0, reach, new_reach)) == []


@pytest.mark.parametrize(("reach", "new_reach"), [(0.01, 0.005), (0.005, 0.01)])
def test_the_level_that_ranges_more_tells_how_far_a_market_moves(
    reach: float, new_reach: float
) -> None:
    assert rows_of(two_levels(10.0, reach, new_reach, apart=1_471)) == [40]
    assert rows_of(two_levels(10.0, reach, new_reach, apart=1_474)) == []


def test_six_ticks_may_be_a_change_of_unit() -> None:
    often = slice(None, None, 7), slice(3, None, 7)
    assert rows_of(risen(500, 500, *often, (5, 11))) == [1_200]


def test_rescaling_keeps_fifteen_digits_and_takes_each_shift_by_itself() -> None:
    candles = still(4, 0.009000407, 0.0)
    candles.iloc[1, :4] = 123.456789012345
    candles.iloc[2:, :4] *= 1000.0
    candles["volume"] = [1_234_567_890_123_456.0, 0.0, 7.0, np.nan]
    shift = level_shifts.LevelShift(2, 2, 1000.0, 1001.0, traded_coins=False)
    again, whole = level_shifts.rescaled(candles, [shift])
    assert whole.all()
    assert again["close"].tolist()[:2] == [9.000407, 123_456.789012345]
    assert again["volume"].tolist()[:3] == [1_234_567_890_123_456.0, 0.0, 7.0]
    pd.testing.assert_frame_equal(again.iloc[2:], candles.iloc[2:])
    raw, _ = level_shifts.rescaled(candles, [shift], raw=True)
    assert raw["close"].tolist()[:2] == [0.009000407 * 1001.0, 123.456789012345 * 1001.0]
    coins = level_shifts.LevelShift(3, 1, 10.0, 10.0, traded_coins=True)
    again, whole = level_shifts.rescaled(candles, [coins])
    assert whole.tolist() == [True, False, False, True]
    assert again["volume"].tolist()[:3] == [123_456_789_012_346.0, 0.0, 7.0]


def test_a_range_of_exactly_a_third_of_the_shift_is_calm() -> None:
    """The logarithms of powers of 2.5 have no rounding between them."""
    both = pd.concat([still(40, 1.0, 0.01), still(40, 2.5**3, 0.01)])
    both = both.set_axis(pd.date_range("2024-01-01", periods=80, freq="h", tz="UTC"))
    both.iloc[40, 1] = 2.5**4
    assert rows_of(both) == [40]
