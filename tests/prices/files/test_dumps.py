"""What exchanges and data providers hand out: candles and trades, as CSV, JSON and Parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import UnreadableFile
from cryptoforecast.prices.files.price_file import read
from tests.prices.files import samples

HOURS = samples.candles("1h", 60, "2024-03-01")
DAYS = samples.candles("1d", 60, "2023-03-01")
OP, HI, LO, CL, VO = (HOURS[name].tolist() for name in HOURS)
S = [int(time.timestamp()) for time in HOURS.index]
MS = [second * 1000 for second in S]
OHLCV = list(zip(OP, HI, LO, CL, VO, strict=True))


def dumped(rows: list[list[object]], header: str = "", by: str = ",") -> bytes:
    text = samples.lines([[str(cell) for cell in row] for row in rows], by=by)
    return f"{header}\n".encode() + text if header else text


def js(value: object) -> bytes:
    return json.dumps(value).encode()


def rows(make: Callable[[int], list[object]]) -> list[list[object]]:
    return [make(i) for i in range(len(S))]


def texts(make: Callable[[int], list[object]]) -> list[list[str]]:
    return [[str(cell) for cell in make(i)] for i in range(len(S))]


# ---------------------------------------------------------------------------- candles

KLINES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore"
)
CANDLES: dict[str, bytes] = {
    "binance with header": dumped(
        rows(lambda i: [MS[i], *OHLCV[i], MS[i] + 3_599_999, CL[i] * VO[i], 9, 1, 2, 0]), KLINES
    ),
    "bybit": dumped(
        rows(lambda i: [S[i], "BTCUSD", 60, *OHLCV[i]]),
        "start_at,symbol,period,open,high,low,close,volume",
    ),
    "bybit json": js(
        {"retCode": 0, "result": {"symbol": "BTCUSD", "list": texts(
            lambda i: [MS[i], *OHLCV[i], 5])[::-1]}, "time": MS[-1]}
    ),
    "bybit stream": js(
        {"topic": "kline.60.BTCUSDT", "data": [
            {"start": MS[i], "end": MS[i] + 3_599_999, "interval": "60", "confirm": True,
             "timestamp": MS[i] + 3_500_000 + i * 997, **dict(
                zip(("open", "high", "low", "close", "volume"), map(str, OHLCV[i]), strict=True))}
            for i in range(len(S))]}
    ),
    "polygon flat file": dumped(
        rows(lambda i: ["X:BTC-USD", VO[i], OP[i], CL[i], HI[i], LO[i], S[i] * 10**9, 9]),
        "ticker,volume,open,close,high,low,window_start,transactions",
    ),
    "okx": dumped(
        rows(lambda i: [MS[i], *OHLCV[i], 1, 2, 1]), "ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm"
    ),
    "okx json": js(
        {"code": "0", "data": texts(lambda i: [MS[i], *OHLCV[i], 1, 2, 1])[::-1]}
    ),
    "bitfinex": dumped(rows(lambda i: [MS[i], OP[i], CL[i], HI[i], LO[i], VO[i]])),
    "bitfinex json": js(rows(lambda i: [MS[i], OP[i], CL[i], HI[i], LO[i], VO[i]])[::-1]),
    "coinbase": dumped(rows(lambda i: [S[i], LO[i], HI[i], OP[i], CL[i], VO[i]])),
    "kraken json": js(
        {"error": [], "result": {"XXBTZUSD": rows(
            lambda i: [S[i], *map(str, OHLCV[i][:4]), str(CL[i]), str(VO[i]), 12]), "last": S[-1]}}
    ),
    "bitstamp json": js(
        {"data": {"pair": "BTC/USD", "ohlc": [
            {"close": str(CL[i]), "high": str(HI[i]), "low": str(LO[i]), "open": str(OP[i]),
             "timestamp": str(S[i]), "volume": str(VO[i])} for i in range(len(S))]}}
    ),
    "kucoin json": js(
        {"data": texts(lambda i: [S[i], OP[i], CL[i], HI[i], LO[i], VO[i], CL[i] * VO[i]])[::-1]}
    ),
    "htx json": js(
        {"data": [{"id": S[i], "open": OP[i], "close": CL[i], "low": LO[i], "high": HI[i],
                   "amount": VO[i], "vol": CL[i] * VO[i], "count": 3} for i in range(len(S))][::-1]}
    ),
    "poloniex json": js(
        [{"date": S[i], "high": HI[i], "low": LO[i], "open": OP[i], "close": CL[i],
          "volume": CL[i] * VO[i], "quoteVolume": VO[i], "weightedAverage": CL[i]}
         for i in range(len(S))]
    ),
    "gemini": dumped(
        rows(lambda i: [MS[i], HOURS.index[i].strftime("%Y-%m-%d %H:%M:%S"), "BTCUSD", *OHLCV[i]]),
        "Unix Timestamp,Date,Symbol,Open,High,Low,Close,Volume",
    ),
    "tradingview": dumped(rows(lambda i: [S[i], *OHLCV[i], ""]),
                          "time,open,high,low,close,Volume,Volume MA"),
    "tradingview with offset": dumped(
        rows(lambda i: [HOURS.index[i].tz_convert("Europe/Berlin").isoformat(), *OHLCV[i]]),
        "time,open,high,low,close,Volume",
    ),
    "metatrader 4": dumped(
        rows(lambda i: [*HOURS.index[i].strftime("%Y.%m.%d %H:%M").split(), *OHLCV[i]])
    ),
    "metatrader 5": dumped(
        rows(lambda i: [*HOURS.index[i].strftime("%Y.%m.%d %H:%M:%S").split(), *OHLCV[i][:4], 7,
                        VO[i], 1]),
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>",
        "\t",
    ),
    "stooq, nine columns": dumped(
        rows(lambda i: ["BTC.V", 60, *HOURS.index[i].strftime("%Y%m%d %H%M%S").split(), *OHLCV[i]]),
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
    ),
    "histdata": dumped(
        rows(lambda i: [HOURS.index[i].strftime("%Y%m%d %H%M%S"), *OHLCV[i]]), by=";"
    ),
    "dukascopy": dumped(
        rows(lambda i: [HOURS.index[i].strftime("%d.%m.%Y %H:%M:%S.000 GMT+0000"), *OHLCV[i]]),
        "Local time,Open,High,Low,Close,Volume",
    ),
    "one list a column": js(
        {"s": "ok", "t": S, "o": OP, "h": HI, "l": LO, "c": CL, "v": VO}
    ),
    "yahoo's chart": js(
        {"chart": {"error": None, "result": [
            {"meta": {"symbol": "BTC-USD", "validRanges": ["1d", "5d"]}, "timestamp": S,
             "indicators": {"quote": [
                 {"open": OP, "high": HI, "low": LO, "close": CL, "volume": VO}]}}]}}
    ),
    "quotes within records": js(
        [{"time": MS[i], "quote": {"USD": dict(zip(HOURS, OHLCV[i], strict=True))}}
         for i in range(len(S))]
    ),
    "one record around the rows": js(
        [{"ticker": "btcusd", "priceData": [
            {"date": HOURS.index[i].isoformat(), **dict(zip(HOURS, OHLCV[i], strict=True)),
             "tradesDone": 3.0} for i in range(len(S))]}]
    ),
    "pandas, milliseconds": js(
        {name: dict(zip(map(str, MS), HOURS[name].tolist(), strict=True)) for name in HOURS}
    ),
    **{
        f"pandas, {orient}, {keyed}": (HOURS if keyed else HOURS.reset_index())
        .to_json(orient=orient, date_format="iso", double_precision=15)
        .encode()
        for orient, keyed in (
            ("columns", True), ("columns", False), ("index", True), ("split", True),
            ("records", False), ("table", True),
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CANDLES)
def test_candles(name: str) -> None:
    history = read(CANDLES[name], "BTCUSDT.csv")
    assert history.candles.index.equals(HOURS.index)
    np.testing.assert_allclose(history.candles, HOURS, rtol=1e-12)
    assert not history.quality.problems


def test_coins_and_dollars_are_not_confused() -> None:
    assert read(CANDLES["poloniex json"], "x.json").volume_unit == "coins"
    assert read(CANDLES["htx json"], "x.json").volume_unit == "coins"


@pytest.mark.parametrize(
    ("record", "decided"),
    [
        (lambda t, row: {"timeOpen": f"{t:%Y-%m-%d}T00:00:00.000Z",
                         "timeClose": f"{t:%Y-%m-%d}T23:59:59.999Z", "timeHigh": "x",
                         "quote": {**row, "timestamp": f"{t:%Y-%m-%d}T23:59:59.999Z"}}, "end of"),
        (lambda t, row: {"time_open": f"{t:%Y-%m-%d}T00:00:00.000Z", "quote": {"USD": row}}, ""),
    ],
)  # fmt: skip
def test_coinmarketcap_json(record: Callable[..., dict[str, object]], decided: str) -> None:
    quotes = [record(t, row) for t, row in DAYS.T.to_dict().items()]
    history = read(js({"data": {"name": "Bitcoin", "quotes": quotes}}), "x.json")
    np.testing.assert_allclose(history.candles, DAYS, rtol=1e-12)
    assert history.candles.index.equals(DAYS.index)
    assert decided in history.quality.decisions.get("label", "")


def test_alpha_vantage() -> None:
    records = {f"{t:%Y-%m-%d}": {f"{i}. {name}": str(row[name]) for i, name in enumerate(DAYS, 1)}
               for t, row in DAYS[::-1].iterrows()}  # fmt: skip
    content = js({"Meta Data": {"1. Information": "x"}, "Time Series (Daily)": records})
    np.testing.assert_allclose(read(content, "x.json").candles, DAYS, rtol=1e-12)


# ---------------------------------------------------------------------------- one ticker, several


def wide(tickers: list[str], *, ticker_first: bool) -> pd.DataFrame:
    """What yfinance's download gives: two levels of column names."""
    frame = DAYS.rename(columns=str.title).rename_axis("Date").tz_localize(None)
    both = pd.concat(dict.fromkeys(tickers, frame), axis=1)
    return both if ticker_first else both.swaplevel(axis=1).sort_index(axis=1)


def parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def joined(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis(["_".join(names) for names in frame.columns], axis=1)


@pytest.mark.parametrize("ticker_first", [True, False])
def test_one_ticker_in_the_names_of_the_columns(ticker_first: bool) -> None:
    frame = wide(["BTC-USD"], ticker_first=ticker_first)
    contents = [parquet(frame), parquet(frame.reset_index()), parquet(joined(frame)),
                joined(frame).to_csv().encode()]  # fmt: skip
    if not ticker_first:
        contents.append(frame.reset_index().to_csv(index=False).encode())
    for content in contents:
        np.testing.assert_allclose(read(content, "x.parquet").candles, DAYS, rtol=1e-12)


@pytest.mark.parametrize("ticker_first", [True, False])
def test_several_tickers_are_refused_by_name(ticker_first: bool) -> None:
    frame = wide(["BTC-USD", "ETH-USD"], ticker_first=ticker_first)
    for content in (parquet(frame), joined(frame).to_csv().encode()):
        with pytest.raises(UnreadableFile, match="Received: BTC-USD, ETH-USD side by side"):
            read(content, "x.parquet")


@pytest.mark.parametrize("more", ["", ","])
@pytest.mark.parametrize(
    ("names", "tickers", "value", "label"),
    [
        ("", "", "", ""),  # one ticker tells nothing of a column
        (",,Dividends", ",ETH-USD,", ",1.5,0", " BTC-USD"),
    ],
)
def test_tickers_below_the_names_tell_columns_apart_where_there_are_several(
    names: str, tickers: str, value: str, label: str, more: str
) -> None:
    roles = ["open", "high", "low", "close", "volume"]
    lines = [f"Date,{','.join(role.title() for role in roles)}{names}",
             "," + ",".join(["BTC-USD"] * 5) + tickers + more]  # fmt: skip
    lines += [f"{row.Index:%Y-%m-%d},{','.join(map(str, row[1:]))}{value}"
              for row in DAYS[roles].itertuples()]  # fmt: skip
    reading = read("\n".join(lines).encode(), "x.csv")
    np.testing.assert_allclose(reading.candles[roles], DAYS[roles], rtol=1e-12)
    columns = [f"{role}={role.title()}{label}" for role in roles]
    assert reading.quality.decisions["columns"] == ", ".join(["time=Date", *columns])


# ---------------------------------------------------------------------------- no candles


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (js({"prices": [[1, 2]], "market_caps": [[1, 2]], "total_volumes": [[1, 2]]}),
         "3 lists of a time and one number each. Download candles"),
        (js({"prices": [[MS[i], CL[i]] for i in range(60)]}), "a time and one price"),
        (js([{"time": 1, "quote": {each: dict.fromkeys(["open", "high", "low", "close"], 1)
                                   for each in ("CHF", "EUR")}}]),
         "'CHF open' and 'EUR open', so several prices side by side"),
        (js({"t": S, "o": OP, "h": HI, "l": LO, "c": CL[:-1]}), "60. Received: 59 in 'c'"),
        (js({"open": {"0": 1, "1": 2}, "high": {"0": 1}, "low": {"0": 1}, "close": {"0": 1},
             "time": {"0": 1}}), "other rows than 'open'"),
        (js({"BTC": [{"t": 1, "o": 1, "h": 1, "l": 1, "c": 1}],
             "ETH": [{"t": 1, "o": 1, "h": 1, "l": 1, "c": 1}]}), "2 lists of rows"),
        (b"FEA1 and so on", "Feather of version 1. Save it again as Parquet"),
    ],
)  # fmt: skip
def test_what_holds_no_candles_of_one_coin_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read(content, "x.json")
