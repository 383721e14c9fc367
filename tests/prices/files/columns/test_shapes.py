"""Columns without names, recognised by their numbers."""

from __future__ import annotations

import numpy as np
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.columns.shapes import roles_by_shape
from tests.prices.files import samples

HOURS = samples.candles("1h", 30)
SECONDS = HOURS.index.as_unit("s").asi8.astype(float)
CANDLES = np.column_stack([SECONDS, HOURS])
PRICES = {0: "time", 1: "open", 2: "high", 3: "low", 4: "close"}
IDS = np.arange(30.0) + 1_000
AMOUNT = np.linspace(0.5, 2.5, 30)


@pytest.mark.parametrize(
    ("width", "volume"), [(5, None), (6, 5), (7, 5), (8, 6), (9, 5), (11, 5), (12, 5)]
)
def test_the_volume_is_where_dumps_of_this_width_have_it(width: int, volume: int | None) -> None:
    sample = np.column_stack([CANDLES[:, :5], np.full((30, width - 5), 0.5)])
    expected = PRICES if volume is None else PRICES | {volume: "volume"}
    assert roles_by_shape(sample) == expected


@pytest.mark.parametrize("width", [4, 10, 13])
def test_other_widths_are_refused(width: int) -> None:
    sample = np.column_stack([CANDLES[:, :5], np.full((30, 10), 0.5)])[:, :width]
    with pytest.raises(UnreadableFile, match=rf"{width} columns of another shape"):
        roles_by_shape(sample)


def test_two_numbers_a_row_are_no_candles_and_three_are_trades() -> None:
    with pytest.raises(UnreadableFile, match="a time and one price"):
        roles_by_shape(CANDLES[:, :2])
    assert roles_by_shape(CANDLES[:, :3]) == {0: "time", 1: "price", 2: "volume"}
    with pytest.raises(UnreadableFile, match="another shape"):
        roles_by_shape(np.where(np.eye(30, 3), np.nan, CANDLES[:, :3]))


@pytest.mark.parametrize("wrong", [np.nan, 0.0, -1.0])
def test_a_price_that_cannot_be_is_refused(wrong: float) -> None:
    sample = CANDLES.copy()
    sample[7, 3] = wrong
    with pytest.raises(UnreadableFile, match="another shape"):
        roles_by_shape(sample)


@pytest.mark.parametrize(("factor", "fits"), [(2.9, True), (3.1, False)])
def test_prices_of_one_candle_are_close_together(factor: float, fits: bool) -> None:
    opens = np.linspace(100, 101, 30)
    closes = np.r_[opens[1:], 101.0]
    sample = np.column_stack(
        [SECONDS, opens, np.full(30, 150.0), np.full(30, 150 / factor), closes]
    )
    if fits:
        assert roles_by_shape(sample) == PRICES
        return
    with pytest.raises(UnreadableFile, match="another shape"):
        roles_by_shape(sample)


def test_rows_of_zeros_before_a_listing_show_no_order() -> None:
    listed_late = CANDLES.copy()
    listed_late[:5, 1:] = 0.0
    assert roles_by_shape(listed_late) == PRICES | {5: "volume"}


@pytest.mark.parametrize("swapped", [[2, 3], [1, 2], [1, 3]])
def test_a_high_or_low_that_is_no_column_s_in_every_row_is_refused(swapped: list[int]) -> None:
    mixed = CANDLES.copy()
    mixed[3, swapped] = mixed[3, swapped[::-1]]
    with pytest.raises(UnreadableFile, match="another shape"):
        roles_by_shape(mixed)


def test_rows_without_a_change_have_the_usual_order() -> None:
    """All four prices are equal, as in hours without a trade."""
    flat = np.column_stack([SECONDS, *[np.full(30, 27_000.0)] * 4])
    assert roles_by_shape(flat) == PRICES


def test_the_order_of_the_rows_is_that_of_the_times() -> None:
    assert roles_by_shape(CANDLES[::-1])[1] == "open"
    assert roles_by_shape(CANDLES[np.random.default_rng(0).permutation(30)])[1] == "open"
    backward = CANDLES.copy()
    backward[:, 0] *= -1
    with pytest.raises(UnreadableFile, match="another shape"):
        roles_by_shape(backward)


def test_three_rows_are_enough_to_tell_the_open_from_the_close() -> None:
    swapped = CANDLES[:, [0, 4, 2, 3, 1]]
    with pytest.raises(UnreadableFile, match="another shape"):
        roles_by_shape(swapped[:3])
    assert roles_by_shape(swapped[:2])[1] == "open"


@pytest.mark.parametrize(("factor", "fits"), [(1.0, True), (0.97, False), (1.03, False)])
def test_a_turnover_is_the_volume_at_a_price_of_its_candle(factor: float, fits: bool) -> None:
    """Gate's candles are known by it: time, turnover, close, high, low, open, volume, closed."""
    gate = HOURS[["close", "high", "low", "open"]].to_numpy()
    gate = np.column_stack([SECONDS, AMOUNT * gate[:, 0] * factor, gate, AMOUNT, np.ones(30)])
    expected = {0: "time", 1: "turnover", 2: "close", 3: "high", 4: "low", 5: "open", 6: "volume"}
    if fits:
        assert roles_by_shape(gate) == expected | {7: "closed"}
        assert roles_by_shape(gate[:, :7]) == expected
        return
    with pytest.raises(UnreadableFile, match="another shape"):
        roles_by_shape(gate)


def trades(*columns: np.ndarray) -> np.ndarray:
    return np.column_stack(columns)


MS = SECONDS * 1000
PRICE = HOURS["close"].to_numpy()
YES, TEXT = np.ones(30), np.full(30, np.nan)
TRADES = {
    "binance, 6": (trades(IDS, PRICE, AMOUNT, PRICE * AMOUNT, MS, YES),
                   {4: "time", 1: "price", 2: "volume", 3: "turnover"}),
    "binance, 7": (trades(IDS, PRICE, AMOUNT, PRICE * AMOUNT, MS, TEXT, 0 * YES),
                   {4: "time", 1: "price", 2: "volume", 3: "turnover"}),
    "newest first": (trades(IDS, PRICE, AMOUNT, PRICE * AMOUNT, MS, YES)[::-1],
                     {4: "time", 1: "price", 2: "volume", 3: "turnover"}),
    "aggregated, 7": (trades(IDS, PRICE, AMOUNT, IDS * 3, IDS * 3 + 2, MS, YES),
                      {5: "time", 1: "price", 2: "volume"}),
    "aggregated, 8": (trades(IDS, PRICE, AMOUNT, IDS * 3, IDS * 3, MS, YES, YES),
                      {5: "time", 1: "price", 2: "volume"}),
    "kraken": (trades(PRICE, AMOUNT, SECONDS + 0.5, TEXT, TEXT, TEXT, IDS),
               {2: "time", 0: "price", 1: "volume"}),
}  # fmt: skip


@pytest.mark.parametrize("name", TRADES)
def test_dumps_of_single_trades(name: str) -> None:
    sample, roles = TRADES[name]
    assert roles_by_shape(sample) == roles


@pytest.mark.parametrize(
    ("name", "column", "wrong"),
    [
        ("binance, 6", 0, IDS[::-1] % 7),  # numbers that neither rise nor fall
        ("binance, 6", 0, IDS + 0.5),  # no whole numbers
        ("binance, 6", 3, PRICE * AMOUNT * 1.05),  # not the price times the quantity
        ("binance, 6", 4, MS * 0 + 5.0),  # no time
        ("binance, 6", 5, YES * 2),  # neither yes nor no
        ("aggregated, 7", 3, IDS * 3 + 3),  # the first trade after the last one
        ("aggregated, 7", 4, IDS * 3 + 3),  # a trade that is in two rows
        ("aggregated, 7", 3, IDS * 3 + 0.5),
        ("aggregated, 8", 7, YES * 3),
        ("kraken", 1, -AMOUNT),
        ("kraken", 3, YES),
        ("kraken", 2, SECONDS * 0 + 5.0),
    ],
)
def test_numbers_that_only_look_like_trades_are_refused(
    name: str, column: int, wrong: np.ndarray
) -> None:
    sample = TRADES[name][0].copy()
    sample[:, column] = wrong
    with pytest.raises(UnreadableFile, match="another shape"):
        roles_by_shape(sample)


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_times_of_trades_may_be_in_any_unit(unit: int) -> None:
    sample = trades(IDS, PRICE, AMOUNT, PRICE * AMOUNT, SECONDS * unit, YES)
    assert roles_by_shape(sample)[4] == "time"
