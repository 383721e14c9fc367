"""A local server that speaks as much of Yahoo's chart API as yfinance asks for.

It plays all hosts that yfinance may ask: the charts of query2.finance.yahoo.com, the cookie of
fc.yahoo.com, the crumb (``getcrumb``) and the consent page of guce.yahoo.com. Its answers are typed
anew in the shapes that yfinance 1.7 reads and that its issue threads show. With the behaviour
``silent`` it accepts a request and never answers. Like Yahoo it refuses programs that do not say
that they are a browser.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

#: Seconds for which it is silent: longer than any deadline of the tests, but not for ever.
HANG = 30.0
STEPS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}
#: The cookie and the crumb that a chart needs once ``needs_crumb`` is set.
COOKIE, CRUMB = "A3=d=AQABBExample", "Example.Crumb"
CONSENT = """<html><form action="/v2/collectConsent" method="post">
<input type="hidden" name="csrfToken" value="t0ken"/>
<input type="hidden" name="sessionId" value="3_cc-session"/></form></html>"""


#: What Yahoo says of each symbol that begins like this: the status, the code and the words.
REFUSALS = {
    "NOSUCH": (404, "Not Found", "No data found, symbol may be delisted"),
    "YOUNG": (
        400,
        "Bad Request",
        "Data doesn't exist for startDate = 1262304000, endDate = 1264982400",
    ),
    "RANGE": (
        422,
        "Unprocessable Entity",
        "1h data not available for startTime=1262304000 and endTime=1264982400. "
        "The requested range must be within the last 730 days.",
    ),
    "CRUMB": (401, "Unauthorized", "Invalid Crumb"),
    "STRANGE": (400, "Bad Request", "Invalid input - interval=1h is not supported"),
    "BROKEN": (503, "", ""),
    "BARRED": (403, "", ""),
    "MOVED": (404, "", ""),
    "GONE": (404, "Not Found", "Quote not available"),
}


class YahooServer(ThreadingHTTPServer):
    """Answers charts of a price that is 100 plus the hour of its time; counts requests.

    Attributes:
        behaviour: How charts are answered.
        cookie: How fc.yahoo.com and guce.yahoo.com answer: normal, silent or 429.
        crumb: How getcrumb answers: normal, silent or 429.
        needs_crumb: Whether a chart is refused without the cookie and the crumb.
        status_without_crumb: How it is refused then: 401 or 429.
        trade_age: Seconds since the last trade of the symbol.
        extra: Candles more than asked for, before the start and after the end.
        requests: Host, path and query of each request.
        hang_seconds: How long it hangs at most.
        outlasted: Requests whose senders stayed for as long as this server hangs.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = "answer"
        self.cookie = "normal"
        self.crumb = "normal"
        self.needs_crumb = False
        self.status_without_crumb = 401
        self.currency: object = None
        self.instrument = "CRYPTOCURRENCY"
        self.trade_age = 0
        self.extra = 0
        self.latency = 0.0
        self.date: str | None = None
        self.tamper: Callable[[str], str] = str
        self.requests: list[dict[str, str]] = []
        self.hang_seconds = HANG
        self.outlasted = 0
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def charts(self) -> list[dict[str, str]]:
        """Requests for a span of candles."""
        return [request for request in self.requests if "period1" in request]

    @property
    def cookies(self) -> list[str]:
        """The hosts that were asked for a cookie or a crumb."""
        return [request["host"] for request in self.requests if "/chart/" not in request["path"]]


def route(monkeypatch: pytest.MonkeyPatch, server: YahooServer) -> None:
    """Send every request to a host of Yahoo's to the local server."""
    from curl_cffi.requests import Response, Session
    from yfinance.data import SingletonMeta, YfData

    ask = Session.request

    def request(session: Session, method: str, url: str, *args: Any, **options: Any) -> Response:
        host = urlsplit(url).hostname or ""
        if host.endswith("yahoo.com"):
            url = url.replace("https://", f"{server.url}/", 1)
        response = ask(session, method, url, *args, **options)
        response.url = response.url.replace(f"{server.url}/", "https://", 1)
        return response

    monkeypatch.setattr(Session, "request", request)
    # yfinance keeps one cookie and one crumb for the whole process.
    SingletonMeta._instances.pop(YfData, None)
    YfData.cache_get.cache_clear()


class Handler(BaseHTTPRequestHandler):
    server: YahooServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        host, _, path = parts.path.lstrip("/").partition("/")
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.server.requests.append({"host": host, "path": f"/{path}", **query})
        if "Mozilla" not in self.headers.get("User-Agent", ""):
            self.answer(429, "Too Many Requests")
        elif path.endswith("getcrumb"):
            self.behave(self.server.crumb, self.give_crumb)
        elif host in ("fc.yahoo.com", "guce.yahoo.com", "consent.yahoo.com"):
            self.behave(self.server.cookie, lambda: self.give_cookie(host))
        else:
            time.sleep(self.server.latency)
            self.give_chart(path, query)

    do_POST = do_GET  # noqa: N815

    def behave(self, behaviour: str, answer: Callable[[], None]) -> None:
        if behaviour == "silent":
            self.hang()
        elif behaviour == "429":
            self.answer(429, "Too Many Requests")
        else:
            answer()

    def hang(self) -> None:
        self.server.outlasted += not self.server.release.wait(self.server.hang_seconds)

    def give_cookie(self, host: str) -> None:
        if self.command == "GET" and "consent" in self.path and "copyConsent" not in self.path:
            self.answer(200, CONSENT)
            return
        # fc.yahoo.com sets its cookie on a page that does not exist.
        status = 404 if host == "fc.yahoo.com" else 200
        self.answer(status, "<html></html>", {"Set-Cookie": f"{COOKIE}; Path=/"})

    def give_crumb(self) -> None:
        if COOKIE in self.headers.get("Cookie", ""):
            self.answer(200, CRUMB)
        else:
            self.refuse(401, "Unauthorized", "Invalid Cookie")

    def give_chart(self, path: str, query: dict[str, str]) -> None:
        server, symbol = self.server, unquote(path.rsplit("/", 1)[-1])
        refusal = next(
            (REFUSALS[name] for name in REFUSALS if symbol.lstrip("^").startswith(name)), None
        )
        allowed = query.get("crumb") == CRUMB and COOKIE in self.headers.get("Cookie", "")
        if server.behaviour == "silent":
            self.hang()
        elif server.behaviour == "limited":
            self.answer(429, "Too Many Requests")
        elif server.behaviour == "broken":
            self.answer(200, "<html>Will be back</html>")
        elif server.needs_crumb and not allowed and server.status_without_crumb == 429:
            self.answer(429, "Too Many Requests")
        elif server.needs_crumb and not allowed:
            self.refuse(*REFUSALS["CRUMB"])
        elif server.behaviour == "consent" and COOKIE not in self.headers.get("Cookie", ""):
            self.answer(302, "", {"Location": "https://consent.yahoo.com/v2/consent"})
        elif refusal:
            self.refuse(*refusal)
        elif "v8/finance/chart/" not in path:
            self.refuse(*REFUSALS["NOSUCH"])
        else:
            self.answer(200, server.tamper(json.dumps(chart(symbol, query, server))))

    def refuse(self, status: int, code: str, description: str) -> None:
        if not code:
            self.answer(status, "<html>Sorry</html>")
            return
        # A crumb that is wrong is refused before the chart is looked at.
        part = "finance" if status == 401 else "chart"
        error = {"code": code, "description": description}
        self.answer(status, json.dumps({part: {"result": None, "error": error}}))

    def answer(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response_only(status)
        self.send_header("Date", self.server.date or self.date_time_string())
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def chart(symbol: str, query: dict[str, str], server: YahooServer) -> dict[str, object]:
    """Make the candles of a query, the open one included, with one row of nulls."""
    step = STEPS[query["interval"]]
    now = int(time.time())
    begin = int(query.get("period1", now - 86400))
    end = min(int(query.get("period2", now)), now)
    begin, end = begin - server.extra * step, end + server.extra * step
    times = list(range(begin - begin % step + (step if begin % step else 0), end, step))
    price = [float(100 + t // 3600 % 1000) for t in times]
    quote: dict[str, list[float | int | None]] = {
        "open": list(price),
        "high": [p + 2.01 for p in price],
        "low": [p - 2 for p in price],
        "close": [p + 1 for p in price],
        "volume": [1000] * len(price),
    }
    if len(times) > 20:
        for column in quote.values():
            column[5] = None
    meta = {
        "currency": server.currency or symbol.rpartition("-")[2],
        "symbol": symbol,
        "exchangeName": "CCC",
        "instrumentType": server.instrument,
        "firstTradeDate": 1410912000,
        "regularMarketTime": now - server.trade_age,
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
        # What a dividend changes; the prices themselves are wanted.
        adjusted = [None if close is None else close / 2 for close in quote["close"]]
        indicators["adjclose"] = [{"adjclose": adjusted}]
    return {
        "chart": {
            "result": [{"meta": meta, "timestamp": times, "indicators": indicators}],
            "error": None,
        }
    }
