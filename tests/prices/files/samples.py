"""Small files in the layouts that people have, made from one set of candles.

Each function gives bytes; all of them hold the same candles, so that all must read alike.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

HEADERS = {
    "german": ("Datum", "Zuletzt", "Eröffn.", "Hoch", "Tief", "Vol.", "+/- %"),
    "spanish": ("Fecha", "Último", "Apertura", "Máximo", "Mínimo", "Vol.", "% var."),
    "french": ("Date", "Dernier", "Ouv.", " Plus Haut", "Plus Bas", "Vol.", "Variation %"),
    "italian": ("Data", "Ultimo", "Apertura", "Massimo", "Minimo", "Vol.", "Var. %"),
    "portuguese": ("Data", "Último", "Abertura", "Máxima", "Mínima", "Vol.", "Var%"),
    "dutch": ("Datum", "Laatste", "Open", "Hoog", "Laag", "Vol.", "Verschil %"),
    "swedish": ("Datum", "Senaste", "Öppning", "Högst", "Lägst", "Vol.", "+/- %"),
    "polish": ("Data", "Ostatnio", "Otwarcie", "Max.", "Min.", "Wol.", "Zmiana%"),
    "russian": ("Дата", "Цена", "Откр.", "Макс.", "Мин.", "Объём", "Изм. %"),
    "turkish": ("Tarih", "Şimdi", "Açılış", "Yüksek", "Düşük", "Hac.", "Fark %"),
    "indonesian": ("Tanggal", "Terakhir", "Pembukaan", "Tertinggi", "Terendah", "Vol.",
                   "Perubahan%"),
}  # fmt: skip
# Languages with decimal points; the first line is in them, and perhaps the dates.
POINT_HEADERS = {
    "chinese": ("日期", "收盘", "开盘", "高", "低", "交易量", "涨跌幅"),
    "Hong Kong": ("日期", "收市", "開市", "高", "低", "成交量", "更改%"),
    "japanese": ("日付け", "終値", "始値", "高値", "安値", "出来高", "変化率 %"),
    "korean": ("날짜", "종가", "시가", "고가", "저가", "거래량", "변동 %"),
}


def candles(interval: str = "1h", rows: int = 48, start: str = "2024-03-01") -> pd.DataFrame:
    """Seeded candles around 27,000 with two decimals."""
    rng = np.random.default_rng(7)
    freq = {"1h": "h", "1d": "D", "1m": "min"}[interval]
    close = np.round(27_000 * np.exp(np.cumsum(rng.normal(0, 0.004, rows))), 2)
    open_ = np.round(np.r_[27_000.0, close[:-1]], 2)
    high = np.round(np.maximum(open_, close) + rng.uniform(1, 50, rows), 2)
    low = np.round(np.minimum(open_, close) - rng.uniform(1, 50, rows), 2)
    volume = np.round(rng.uniform(1, 90, rows), 2) * 1000
    index = pd.date_range(start, periods=rows, freq=freq, tz="UTC", unit="ns", name="time")
    data = {"open": open_, "high": high, "low": low, "close": close, "volume": volume}
    return pd.DataFrame(data, index=index)


def lines(rows: list[list[str]], header: list[str] | None = None, by: str = ",") -> bytes:
    table = [header, *rows] if header else rows
    return ("\n".join(by.join(row) for row in table) + "\n").encode()


def own(frame: pd.DataFrame) -> bytes:
    text: bytes = frame.to_csv(date_format="%Y-%m-%dT%H:%M:%SZ").encode()
    return text


def binance(frame: pd.DataFrame, per_second: int = 1000) -> bytes:
    """The exchange's dump: no header, 12 columns."""
    last = int(frame.index.to_series().diff().median().total_seconds())
    rows = []
    for time, row in frame.iterrows():
        second = int(time.timestamp())
        rows.append(
            [
                str(second * per_second),
                *(f"{row[c]:.8f}" for c in frame),
                "x",
                "1.5",
                "20",
                "1",
                "2",
                "0",
            ]
        )
        rows[-1][6] = str((second + last) * per_second - 1)
    return lines(rows)


def kraken(frame: pd.DataFrame) -> bytes:
    """The exchange's dump: no header, 7 columns."""
    rows = [[str(int(t.timestamp())), *map(str, row), "12"] for t, row in frame.iterrows()]
    return lines(rows)


def coinbase(frame: pd.DataFrame) -> bytes:
    """JSON lists, newest first: time, low, high, open, close, volume."""
    rows = [
        [int(t.timestamp()), *(float(row[c]) for c in ("low", "high", "open", "close", "volume"))]
        for t, row in frame.iterrows()
    ]
    return json.dumps(rows[::-1]).encode()


def binance_json(frame: pd.DataFrame) -> bytes:
    rows = [
        [int(t.timestamp()) * 1000, *(f"{value}" for value in row), int(t.timestamp()) * 1000 + 1,
         "1", 2, "3", "4", "0"] for t, row in zip(frame.index, frame.to_numpy(), strict=True)
    ]  # fmt: skip
    return json.dumps(rows).encode()


def records(frame: pd.DataFrame) -> bytes:
    return json.dumps(_records(frame)).encode()


def json_lines(frame: pd.DataFrame) -> bytes:
    return "\n".join(json.dumps(record) for record in _records(frame)).encode()


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    return [
        {"t": int(t.timestamp()), **{c[0]: float(row[c]) for c in frame}}
        for t, row in frame.iterrows()
    ]


def cryptodatadownload(frame: pd.DataFrame) -> bytes:
    """Address line, newest first, seconds and milliseconds, two date styles."""
    rows = []
    for i, (t, row) in enumerate(frame.iterrows()):
        late = i > len(frame) // 2
        unix = f"{int(t.timestamp())}{'000' if late else '.0'}"
        date = f"{t:%Y-%m-%d %H:%M:%S}" if late else f"{t:%Y-%m-%d %I-%p}"
        rows.append([unix, date, "BTC/USDT", *(str(value) for value in row), "1", "NULL"])
    header = ["unix", "date", "symbol", "open", "high", "low", "close", "Volume BTC",
              "Volume USDT", "tradecount"]  # fmt: skip
    return b"https://www.CryptoDataDownload.com\n" + lines(rows[::-1], header)


def am_pm(frame: pd.DataFrame) -> bytes:
    """The same provider's older files: the date is the only time."""
    rows = [[f"{t:%Y-%m-%d %I-%p}", "BTCUSD", *map(str, row)] for t, row in frame.iterrows()]
    return lines(rows, ["Date", "Symbol", "Open", "High", "Low", "Close", "Volume BTC"])


def investing(frame: pd.DataFrame) -> bytes:
    """Byte order mark, named months, the close first, thousands and K."""
    rows = [
        [f"{t:%b %d, %Y}", *(f"{row[c]:,.2f}" for c in ("close", "open", "high", "low")),
         f"{row['volume'] / 1000:.2f}K", "1.71%"] for t, row in frame.iterrows()
    ]  # fmt: skip
    rows = [[f'"{cell}"' for cell in row] for row in rows[::-1]]
    header = [f'"{name}"' for name in ("Date", "Price", "Open", "High", "Low", "Vol.", "Change %")]
    return b"\xef\xbb\xbf" + lines(rows, header)


def foreign(frame: pd.DataFrame, language: str) -> bytes:
    """The same provider in another language: decimal commas, day first."""
    dates = {"dutch": "%d-%m-%Y", "swedish": "%Y-%m-%d"}.get(language, "%d.%m.%Y")
    dates = "%d/%m/%Y" if language in ("spanish", "french", "italian") else dates
    rows = []
    for t, row in frame.iterrows():
        cells = [f"{t:{dates}}", *(f"{row[c]:,.2f}" for c in ("close", "open", "high", "low")),
                 f"{row['volume'] / 1000:.2f}K", "-1.71%"]  # fmt: skip
        rows.append([f'"{cell.translate(str.maketrans(",.", ".,")) if i else cell}"'
                     for i, cell in enumerate(cells)])  # fmt: skip
    return b"\xef\xbb\xbf" + lines(rows[::-1], [f'"{name}"' for name in HEADERS[language]])


def asian(frame: pd.DataFrame, language: str) -> bytes:
    """The same provider in languages with decimal points: 2024年3月1日, or 2024- 03- 01."""
    dates = "%Y- %m- %d" if language == "korean" else "%Y年%-m月%-d日"
    text = investing(frame).decode().split("\n", 1)[1]
    for t in frame.index:
        text = text.replace(f'"{t:%b %d, %Y}"', f'"{t:{dates}}"')
    header = ",".join(f'"{name}"' for name in POINT_HEADERS[language])
    return f"\ufeff{header}\n{text}".encode()


def stooq(frame: pd.DataFrame) -> bytes:
    """The Polish provider of daily prices."""
    return (
        dated(frame, "%Y-%m-%d")
        .replace(b";", b",")
        .replace(
            b"Date,Open,High,Low,Close,Volume",
            b"Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen",
        )
    )


def yahoo_page(frame: pd.DataFrame) -> bytes:
    """Copied from the website: tabs, and names that explain themselves."""
    header = (
        "Date\tOpen\tHigh\tLow\tClose Close price adjusted for splits.\tAdj Close Adjusted close "
        "price adjusted for splits and dividend and/or capital gain distributions.\tVolume\n"
    )
    rows = [
        [f"{t:%b %-d, %Y}", *(f"{row[c]:,.2f}" for c in ("open", "high", "low", "close", "close")),
         f"{row['volume']:,.0f}"] for t, row in frame.iterrows()
    ]  # fmt: skip
    return header.encode() + lines(rows[::-1], by="\t")


def semicolons(frame: pd.DataFrame) -> bytes:
    """A European spreadsheet: semicolons, decimal commas, day first, old encoding."""
    rows = [
        [f"{t:%d.%m.%Y %H:%M}", *(f"{value:.2f}".replace(".", ",") for value in row)]
        for t, row in frame.iterrows()
    ]
    text = lines(rows, ["Datum", "Eröffnung", "Hoch", "Tief", "Schluss", "Volumen"], ";")
    return text.decode().encode("cp1252")


def dated(frame: pd.DataFrame, form: str) -> bytes:
    rows = [[t.strftime(form), *map(str, row)] for t, row in frame.iterrows()]
    return lines(rows, ["Date", "Open", "High", "Low", "Close", "Volume"], ";")


def tradingview(frame: pd.DataFrame) -> bytes:
    rows = [
        [
            f"{t:%Y-%m-%dT%H:%M:%SZ}",
            *(str(row[c]) for c in ("open", "high", "low", "close")),
            "1",
            "",
        ]
        for t, row in frame.iterrows()
    ]
    return lines(rows, ["time", "open", "high", "low", "close", "7MA", "99MA"])


def three_headers(frame: pd.DataFrame) -> bytes:
    """What yfinance's download writes."""
    order = ["close", "high", "low", "open", "volume"]
    rows = [
        ["Ticker", *["BTC-USD"] * 5],
        ["Date", *[""] * 5],
        *([f"{t:%Y-%m-%d}", *(str(row[c]) for c in order)] for t, row in frame.iterrows()),
    ]
    return lines(rows, ["Price", *(name.title() for name in order)])


def coin_csv(frame: pd.DataFrame) -> bytes:
    """Kaggle's coin_*.csv: labelled by the last second of the day."""
    rows = [
        [str(i + 1), "Bitcoin", "BTC", f"{t:%Y-%m-%d} 23:59:59",
         *(str(row[c]) for c in ("high", "low", "open", "close", "volume")), "1"]
        for i, (t, row) in enumerate(frame.iterrows())
    ]  # fmt: skip
    names = "SNo,Name,Symbol,Date,High,Low,Open,Close,Volume,Marketcap"
    return lines(rows, names.split(","))


def coinmarketcap(frame: pd.DataFrame) -> bytes:
    """Quoted ISO times of the open and the close, semicolons."""
    rows = []
    for t, row in frame.iterrows():
        times = [f'"{t:%Y-%m-%d}T00:00:00.000Z"', f'"{t:%Y-%m-%d}T23:59:59.999Z"']
        rows.append([*times, '"2781"', *map(str, row), "1", times[1]])
    names = "timeOpen;timeClose;name;open;high;low;close;volume;marketCap;timestamp"
    return lines(rows[::-1], names.split(";"), ";")


def metatrader(frame: pd.DataFrame) -> bytes:
    rows = [[f"{t:%Y.%m.%d}", f"{t:%H:%M:%S}", *map(str, row)] for t, row in frame.iterrows()]
    header = ["<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<TICKVOL>"]
    return lines(rows, header, "\t")


def columnar(frame: pd.DataFrame, kind: str) -> bytes:
    """Parquet or Feather with an exchange library's names and milliseconds."""
    table = frame.rename(columns=lambda name: f"{name.title()}")
    table.insert(0, "Open time", table.index.as_unit("ms"))
    buffer = io.BytesIO()
    table = table.reset_index(drop=True)
    (table.to_parquet if kind == "parquet" else table.to_feather)(buffer)
    return buffer.getvalue()


HOURLY: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "own": own,
    "binance ms": binance,
    "binance us": lambda frame: binance(frame, 1_000_000),
    "kraken": kraken,
    "coinbase json": coinbase,
    "binance json": binance_json,
    "json records": records,
    "json lines": json_lines,
    "cryptodatadownload": cryptodatadownload,
    "am pm": am_pm,
    "semicolons": semicolons,
    "metatrader": metatrader,
    "parquet": lambda frame: columnar(frame, "parquet"),
    "feather": lambda frame: columnar(frame, "feather"),
    "newest first": lambda frame: own(frame[::-1]),
    "utf-16": lambda frame: own(frame).decode().encode("utf-16"),
    "comment lines": lambda frame: b"# exported\n# by me\n\n" + own(frame),
    "two files joined": lambda frame: own(frame[:20]) + own(frame[20:]),
    "unnamed index": lambda frame: own(frame).removeprefix(b"time"),
    "bars": lambda frame: own(frame).replace(b",", b"|"),
    "no header": lambda frame: own(frame).split(b"\n", 1)[1],
    "old Mac": lambda frame: own(frame).replace(b"\n", b"\r"),
    "day first": lambda frame: dated(frame, "%d/%m/%Y %H:%M"),
    "month first": lambda frame: dated(frame, "%m/%d/%Y %I:%M %p"),
    "spelled numbers": lambda frame: dated(frame, "%Y%m%d%H%M%S"),
    "slashes": lambda frame: dated(frame, "%Y/%m/%d %H:%M"),
    "short hours": lambda frame: dated(frame, "%Y-%m-%d %-H:%M"),
}
DAILY: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "investing": investing,
    **{name: partial(foreign, language=name) for name in HEADERS},
    **{name: partial(asian, language=name) for name in POINT_HEADERS},
    "stooq": stooq,
    "yahoo's page": yahoo_page,
    "three headers": three_headers,
    "coin_*.csv": coin_csv,
    "coinmarketcap": coinmarketcap,
    "dates as numbers": lambda frame: dated(frame, "%Y%m%d"),
    "day, month, year": lambda frame: dated(frame, "%d-%b-%Y"),
}
