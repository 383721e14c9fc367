"""The price histories that measurements are made on, by candle length and coin.

They lie in a folder that whoever measures has: ``hourly/`` and ``daily/``. None of them is part
of the project.
"""

from __future__ import annotations

from pathlib import Path

from cryptoforecast.prices import read
from cryptoforecast.types import PriceHistory

FILES: dict[str, dict[str, str]] = {
    "1h": {
        "BTC": "hourly/BTCUSDT_1h_binance_2017-08_2025-09.csv.gz",
        **{
            coin: f"hourly/{coin}USDT_1h_perp_2023-01_2025-09.parquet"
            for coin in ("ETH", "BNB", "XRP", "LTC")
        },
    },
    "1d": {
        **{coin: f"daily/{coin}-USD_1d_yfinance_history.csv" for coin in ("BTC", "BNB")},
        **{
            coin: f"daily/{coin}-USD_1d_yahoo_classic.csv"
            for coin in ("ETH", "XRP", "LTC", "ADA", "DOGE", "SOL")
        },
    },
}


def read_one(folder: Path, interval: str, coin: str) -> PriceHistory:
    """Read one coin's candles."""
    file = folder / FILES[interval][coin]
    return read(file, file.name, coin=coin, interval=interval)


def read_all(folder: Path, interval: str) -> list[PriceHistory]:
    """Read every coin's candles of this length."""
    return [read_one(folder, interval, coin) for coin in FILES[interval]]
