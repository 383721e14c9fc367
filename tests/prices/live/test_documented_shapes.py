"""Small answers in the shapes that the sources document, typed anew, become the right candles.

- Coinbase: docs.cdp.coinbase.com/exchange, "Get product candles": time, low, high, open, close,
  volume; the newest first; "some of those candles may precede your declared start value".
- Kraken: docs.kraken.com/api, "Get OHLC data": time, open, high, low, close, vwap, volume, count;
  the last entry "is for the current, not-yet-committed timeframe".
- Yahoo: the chart that yfinance 1.7 reads (``utils.parse_quotes`` and ``format_history_metadata``):
  columns beside a list of times, null where there was no trade.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.prices.live.kraken import Kraken
from cryptoforecast.prices.live.yahoo import Yahoo
from tests.prices.live.exchange_server import ExchangeServer
from tests.prices.live.yahoo_server import YahooServer

MAY = pd.Timestamp("2025-05-06", tz="UTC")

COINBASE = b"""[
  [1746748800, 101875.25, 104361.3, 103261.6, 102971.99, 7041.52980164],
  [1746662400, 96876.29, 104145.76, 97032.33, 103261.61, 16284.48108127],
  [1746576000, 95784.57, 97732, 96834.02, 97030.5, 8254.09161304],
  [1746489600, 93377, 96943.88, 94733.68, 96834.02, 8260.25416632],
  [1746403200, 93514.1, 95193.35, 94277.62, 94733.68, 5690.68450152]
]"""

KRAKEN = b"""{"error": [], "result": {"XXBTZUSD": [
  [1746489600, "94740.1", "96941.0", "93340.0", "96833.3", "94501.2", "2340.99120844", 41235],
  [1746576000, "96833.3", "97740.0", "95777.1", "97029.9", "96702.8", "2411.53310023", 40882],
  [1746662400, "97029.9", "104150.0", "96870.0", "103264.2", "101010.0", "4877.01230077", 71204]
], "last": 1746576000}}"""

YAHOO = b"""{"chart": {"result": [{
  "meta": {"currency": "USD", "symbol": "BTC-USD", "exchangeName": "CCC",
    "fullExchangeName": "CCC", "instrumentType": "CRYPTOCURRENCY", "firstTradeDate": 1410912000,
    "regularMarketTime": 1746781500, "hasPrePostMarketData": false, "gmtoffset": 0,
    "timezone": "UTC", "exchangeTimezoneName": "UTC", "regularMarketPrice": 103011.4,
    "longName": "Bitcoin USD", "chartPreviousClose": 94748.055, "priceHint": 2,
    "currentTradingPeriod": {
      "pre": {"timezone": "UTC", "start": 1746748800, "end": 1746748800, "gmtoffset": 0},
      "regular": {"timezone": "UTC", "start": 1746748800, "end": 1746835140, "gmtoffset": 0},
      "post": {"timezone": "UTC", "start": 1746835140, "end": 1746835140, "gmtoffset": 0}},
    "dataGranularity": "1d", "range": "", "validRanges": ["1d", "5d", "1mo", "max"]},
  "timestamp": [1746489600, 1746576000, 1746662400, 1746781440],
  "indicators": {
    "quote": [{
      "open": [94748.0546875, null, 97034.3203125, 103239.1171875],
      "high": [96889.1796875, null, 104078.7109375, 104361.3046875],
      "low": [93399.859375, null, 96876.2890625, 102315.0390625],
      "close": [96802.4765625, null, 103241.4609375, 103011.3984375],
      "volume": [26551275827, null, 69895404397, 64218331136]}],
    "adjclose": [{"adjclose": [96802.4765625, null, 103241.4609375, 103011.3984375]}]}
}], "error": null}}"""


def rows(candles: pd.DataFrame) -> list[list[object]]:
    values = candles.to_numpy().tolist()
    return [[f"{time:%m-%d}", *row] for time, row in zip(candles.index, values, strict=True)]


def test_coinbase(exchange: ExchangeServer) -> None:
    exchange.behaviour, exchange.body = "body", COINBASE
    end = MAY + pd.Timedelta("3D")
    candles = Coinbase(exchange.url).fetch("BTC-USD", "1d", MAY, end, 5).candles
    assert rows(candles) == [
        ["05-06", 94733.68, 96943.88, 93377.0, 96834.02, 8260.25416632],
        ["05-07", 96834.02, 97732.0, 95784.57, 97030.5, 8254.09161304],
        ["05-08", 97032.33, 104145.76, 96876.29, 103261.61, 16284.48108127],
    ]


def test_kraken(exchange: ExchangeServer) -> None:
    exchange.behaviour, exchange.body = "body", KRAKEN
    candles = Kraken(exchange.url).fetch("XBTUSD", "1d", MAY, None, 5).candles
    assert rows(candles) == [
        ["05-06", 94740.1, 96941.0, 93340.0, 96833.3, 2340.99120844],
        ["05-07", 96833.3, 97740.0, 95777.1, 97029.9, 2411.53310023],
    ]


def test_yahoo(yahoo_server: YahooServer, home: Path) -> None:
    """The null day is missing, and the last row is the price of the moment."""
    yahoo_server.tamper = lambda text: json.dumps(json.loads(YAHOO))
    candles = Yahoo(home).fetch("BTC-USD", "1d", MAY, None, 10).candles
    assert rows(candles) == [
        ["05-06", 94748.0546875, 96889.1796875, 93399.859375, 96802.4765625, 26551275827.0],
        ["05-08", 97034.3203125, 104078.7109375, 96876.2890625, 103241.4609375, 69895404397.0],
    ]
