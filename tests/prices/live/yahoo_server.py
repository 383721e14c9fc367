"""A local server that speaks as much of Yahoo's chart API as yfinance asks for.

Its answers follow the shape of the real ones. With the behaviour ``silent`` it accepts a request
and never answers.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

STEPS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}
UNKNOWN = {
    "chart": {
        "result": None,
        "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"},
    }
}


class YahooServer(ThreadingHTTPServer):
    """Answers charts of a price that is 100 plus the hour of its time; counts requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = "answer"
        self.currency = "USD"
        self.tamper: Callable[[str], str] = str
        self.requests: list[dict[str, str]] = []
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def charts(self) -> list[dict[str, str]]:
        """Requests for a span of candles."""
        return [request for request in self.requests if "period1" in request]


class Handler(BaseHTTPRequestHandler):
    server: YahooServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        symbol = parts.path.rsplit("/", 1)[-1]
        self.server.requests.append({"path": parts.path, **query})
        behaviour = self.server.behaviour
        if behaviour == "silent":
            self.server.release.wait(30)
            return
        if behaviour == "limited":
            self.answer(429, "Too Many Requests")
        elif behaviour == "broken":
            self.answer(200, "<html>Will be back</html>")
        elif symbol.startswith("NOSUCH") or "/chart/" not in parts.path:
            self.answer(404, json.dumps(UNKNOWN))
        else:
            made = json.dumps(chart(symbol, query, self.server.currency))
            self.answer(200, self.server.tamper(made))

    def answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def chart(symbol: str, query: dict[str, str], currency: str) -> dict[str, object]:
    """Make the candles of a query, the open one included, with one row of nulls."""
    step = STEPS[query["interval"]]
    now = int(time.time())
    begin = int(query.get("period1", now - 86400))
    end = min(int(query.get("period2", now)), now)
    times = list(range(begin - begin % step + (step if begin % step else 0), end, step))
    price = [float(100 + t // 3600 % 1000) for t in times]
    quote: dict[str, list[float | int | None]] = {
        "open": list(price),
        "high": [p + 2 for p in price],
        "low": [p - 2 for p in price],
        "close": [p + 1 for p in price],
        "volume": [1000] * len(price),
    }
    if len(times) > 20:
        for column in quote.values():
            column[5] = None
    meta = {
        "currency": currency,
        "symbol": symbol,
        "exchangeName": "CCC",
        "instrumentType": "CRYPTOCURRENCY",
        "firstTradeDate": 1410912000,
        "regularMarketTime": now,
        "gmtoffset": 0,
        "timezone": "UTC",
        "exchangeTimezoneName": "UTC",
        "regularMarketPrice": price[-1] if price else 1.0,
        "chartPreviousClose": 100.0,
        "priceHint": 2,
        "dataGranularity": query["interval"],
        "range": query.get("range", ""),
        "validRanges": ["1d", "5d", "1mo", "max"],
        "currentTradingPeriod": {
            name: {"timezone": "UTC", "start": 0, "end": 86399, "gmtoffset": 0}
            for name in ("pre", "regular", "post")
        },
        "tradingPeriods": [
            [{"timezone": "UTC", "start": s, "end": s + 86340, "gmtoffset": 0}]
            for s in range(begin - begin % 86400, end + 1, 86400)
        ],
    }
    indicators: dict[str, object] = {"quote": [quote]}
    if query["interval"] == "1d":
        indicators["adjclose"] = [{"adjclose": quote["close"]}]
    return {
        "chart": {
            "result": [{"meta": meta, "timestamp": times, "indicators": indicators}],
            "error": None,
        }
    }
