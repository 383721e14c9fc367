"""Dumps of single trades, made into candles."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.prices.files.trades import are_closes, candles_from_trades
from tests.prices.files import samples

TRADES = 6_000
_DICE = np.random.default_rng(3)
T = 1_710_028_800_000 + np.sort(_DICE.choice(6 * 3_600_000, TRADES, replace=False))
P = np.round(27_000 * np.exp(np.cumsum(_DICE.normal(0, 1e-4, TRADES))), 2)
Q = np.round(_DICE.exponential(0.05, TRADES) + 1e-5, 5)
N = np.arange(1, TRADES + 1) + 1_700_000_000


def dumped(rows: list[list[object]], header: str = "") -> bytes:
    text = samples.lines([[str(cell) for cell in row] for row in rows])
    return f"{header}\n".encode() + text if header else text


def js(value: object) -> bytes:
    return json.dumps(value).encode()


def trades(make: Callable[[int], list[object]]) -> list[list[object]]:
    return [make(i) for i in range(TRADES)]


def quoted(i: int) -> str:
    return f"{P[i] * Q[i]:.8f}"


TICKS: dict[str, bytes] = {
    "binance": dumped(trades(lambda i: [N[i], P[i], Q[i], quoted(i), T[i], i % 2 == 0, True])),
    "binance, microseconds": dumped(
        trades(lambda i: [N[i], P[i], Q[i], quoted(i), T[i] * 1000, i % 2 == 0, True])
    ),
    "binance futures": dumped(
        trades(lambda i: [N[i], P[i], Q[i], quoted(i), T[i], str(i % 2 == 0).lower()]),
        "id,price,qty,quote_qty,time,is_buyer_maker",
    ),
    "binance aggregated": dumped(
        trades(lambda i: [i, P[i], Q[i], 2 * N[i], 2 * N[i] + 1, T[i], i % 2 == 0, True])
    ),
    "binance futures aggregated": dumped(
        trades(lambda i: [i, P[i], Q[i], 2 * N[i], 2 * N[i] + 1, T[i], "true"]),
        "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
    ),
    "kraken": dumped(trades(lambda i: [T[i] / 1000, P[i], Q[i]])),
    "bitcoincharts": dumped(trades(lambda i: [T[i] // 1000, f"{P[i]:.12f}", f"{Q[i]:.12f}"])),
    "kraken json": js({"error": [], "result": {"last": "9", "XXBTZUSD": trades(
        lambda i: [f"{P[i]}", f"{Q[i]}", T[i] / 1000, "b", "l", "", int(N[i])])}}),
    "coinbase": dumped(
        trades(lambda i: [N[i], "buy", Q[i], P[i], f"{pd.Timestamp(T[i], unit='ms').isoformat()}Z"]
               )[::-1], "trade_id,side,size,price,time"),
    "bitmex": dumped(
        trades(lambda i: [pd.Timestamp(T[i], unit="ms").strftime("%Y-%m-%dD%H:%M:%S.%f000"),
                          "XBTUSD", "Buy", Q[i], P[i]]), "timestamp,symbol,side,size,price"),
    "okx": dumped(trades(lambda i: ["BTC-USDT", N[i], "buy", P[i], Q[i], T[i]]),
                  "instrument_name,trade_id,side,price,size,created_time"),
    "binance json": js([{"a": i, "p": f"{P[i]}", "q": f"{Q[i]}", "f": i, "l": i, "T": int(T[i]),
                         "m": True} for i in range(TRADES)]),
}  # fmt: skip


@pytest.mark.parametrize("name", TICKS)
def test_trades(name: str) -> None:
    history = read(TICKS[name], "BTCUSDT.csv")
    by_minute = pd.Series(P, index=pd.to_datetime(T, unit="ms", utc=True)).resample("min")
    expected = by_minute.ohlc().dropna().iloc[:-1]
    assert history.interval == "1m"
    np.testing.assert_allclose(
        history.candles[["open", "high", "low", "close"]], expected, rtol=1e-12
    )
    volume = pd.Series(Q, index=pd.to_datetime(T, unit="ms", utc=True)).resample("min").sum()
    np.testing.assert_allclose(history.candles["volume"], volume[history.candles.index], rtol=1e-9)


def test_trades_that_a_column_calls_simulated_are_simulated() -> None:
    header = "time,price,source"
    real = dumped(trades(lambda i: [T[i], P[i], "Kraken"]), header)
    simulated = dumped(trades(lambda i: [T[i], P[i], "simulated"]), header)
    assert not read(real, "x.csv").simulated
    assert read(simulated, "x.csv").simulated


def test_numbers_that_only_look_like_a_dump_of_trades_are_refused() -> None:
    content = dumped(trades(lambda i: [N[i], P[i], Q[i], P[i] + Q[i], T[i], True, True]))
    with pytest.raises(UnreadableFile, match="another shape"):
        read(content, "x.csv")


def candles_of(seconds: list[int], interval: str | None = None) -> tuple[int, str]:
    """Make candles of trades at these seconds; return how many are whole, and their interval."""
    times = np.array(seconds) * 10**9
    ones = np.ones(len(times))
    candles, _, name = candles_from_trades(times, ones, ones, interval)
    return len(candles), name


def test_a_candle_has_the_first_highest_lowest_and_last_price_and_the_known_volume() -> None:
    times = np.array([0, 10, 20, 60, 90, 120, 150]) * 10**9
    price = np.array([5.0, 7, 3, 4, 6, 1, 1])
    volume = np.array([np.nan, 3.0, np.nan, np.nan, np.nan, 1, 1])
    candles, first, name = candles_from_trades(times, price, volume, "1m")
    assert candles.to_numpy().tolist()[0] == [5, 7, 3, 3, 3]
    assert candles.to_numpy().tolist()[1] == pytest.approx([4, 6, 4, 6, np.nan], nan_ok=True)
    assert (len(candles), first.tolist(), name) == (2, [0, 3], "1m")


def test_two_trades_a_candle_are_enough() -> None:
    assert candles_of([0, 10, 60, 70], "1m") == (1, "1m")
    with pytest.raises(UnreadableFile, match="one price column with 3 prices"):
        candles_of([0, 10, 60], "1m")
    with pytest.raises(UnreadableFile, match="one price column with 2 prices"):
        candles_of([0, 40 * 86_400])


def test_the_shortest_candles_of_which_half_have_trades_are_made() -> None:
    """Trades in three minutes of six, and of six minutes and a second."""
    assert candles_of([0, 10, 180, 190, 360, 360]) == (2, "1m")
    assert candles_of([0, 10, 180, 190, 360, 361]) == (1, "5m")


def test_the_shortest_candles_with_two_trades_each_are_made() -> None:
    assert candles_of([0, 10, 60, 70, 120, 130]) == (2, "1m")
    assert candles_of([0, 10, 60, 70, 120, 190, 310]) == (1, "5m")


def test_prices_of_every_ten_seconds_make_candles() -> None:
    assert candles_of([*range(0, 300, 10)]) == (4, "1m")


def test_prices_are_closes_where_more_than_four_steps_in_five_are_equal() -> None:
    minute = 60 * 10**9
    assert are_closes(np.arange(9) * minute)
    assert are_closes(np.cumsum([0, *[1] * 9, 2]) * minute)
    assert not are_closes(np.cumsum([0, *[1] * 8, 2, 2]) * minute)
    assert not are_closes(np.arange(9) * (minute - 1))
    assert not are_closes(np.zeros(9))
    assert are_closes(np.zeros(1))
