"""The doctor: asks each live source by itself, without the cache, and says how it answers."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import pandas as pd

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.prices.candles.coins import COINS, Coin, resolve
from cryptoforecast.prices.candles.resample import floor, step_of
from cryptoforecast.prices.live import checks, wire
from cryptoforecast.prices.live.defaults import live_sources
from cryptoforecast.prices.live.documents import plain
from cryptoforecast.prices.live.http import parse_date
from cryptoforecast.prices.live.sources import Source
from cryptoforecast.prices.live.wire import Recorder, Roundtrip, Tap
from cryptoforecast.settings import Settings
from cryptoforecast.types.diagnosis import Agreement, CoinCheck, Diagnosis, SourceCheck

Result = TypeVar("Result")

#: Candle length that is asked for.
INTERVAL = "1h"
#: Seconds that one source may take. Three sources take less than 30 s.
MAX_SECONDS = 9.0
#: Seconds that all coins of the list may take.
MAX_SECONDS_FOR_ALL = 120.0
#: Closes that lie no further apart are of one market.
MAX_DISAGREEMENT = 0.01
#: Seconds by which our clock may differ from a source's.
MAX_CLOCK_SKEW = 60.0
# Seconds for a name and for a connection.
_MAX_STEP_SECONDS = 3.0
# What is asked for: enough candles to see how prices are rounded.
_SPAN = pd.Timedelta(days=2)
_YEAR = pd.Timedelta(days=365)
_FIRST_BYTES = 120


class Observable(Source, Protocol):
    """A source whose answers can be observed.

    Attributes:
        base: Scheme and host that it asks.
    """

    base: str

    def observe(self, tap: Tap | None) -> None:
        """Pass every answer to ``tap``; ``None`` ends that."""
        ...

    def cost(self, rows: int, seconds: float) -> tuple[int, float]:
        """Return the requests that ``rows`` candles take, and about how many seconds in all.

        Args:
            rows: Number of candles.
            seconds: Seconds that one request takes.
        """
        ...


class Doctor:
    """Examines the live sources.

    Args:
        settings: Where yfinance may write, and the deadline of a request for prices.
        sources: The sources in the order in which they are asked; new ones by default, so that
            no earlier failure keeps them from being asked.
    """

    def __init__(self, settings: Settings, sources: Sequence[Observable] | None = None) -> None:
        self._deadline = settings.deadline
        self._sources = tuple(sources or live_sources(settings.home))

    def examine(
        self,
        text: str = "BTC",
        *,
        every_coin: bool = False,
        record: Path | None = None,
        report: Callable[[str], None] | None = None,
    ) -> Diagnosis:
        """Ask each source for the last candles of a coin, one after another.

        Args:
            text: The coin, see ``coins.resolve``.
            every_coin: Whether to ask for all coins of the list too.
            record: A new folder in which to keep what the sources answer.
            report: Called with a sentence before each step that may take seconds.

        Raises:
            InvalidInput: If the text stands for no coin, or the folder can't be written.
        """
        coin = resolve(text)
        recorder = None if record is None else Recorder(record)
        began, now = time.monotonic(), pd.Timestamp.now("UTC")
        results = []
        for source in self._sources:
            if report is not None:
                report(f"Asking {source.title} ...")
            results.append(self._check(source, coin, recorder))
        frames = {check.source: candles for check, candles in results if candles is not None}
        sources = tuple(check for check, _ in results)
        coins: tuple[CoinCheck, ...] = ()
        if every_coin:
            if report is not None:
                report(
                    f"Asking for {len(COINS)} coins, for {MAX_SECONDS_FOR_ALL:.0f} s at most ..."
                )
            coins = self._every_coin(recorder)
        return Diagnosis(
            coin=coin.ticker,
            quote=coin.quote,
            interval=INTERVAL,
            time=now,
            seconds=time.monotonic() - began,
            sources=sources,
            agreement=agreement(frames),
            winner=winner(sources, 0.9 * self._deadline),
            coins=coins,
            recorded=() if recorder is None else tuple(recorder.names),
        )

    def _check(
        self, source: Observable, coin: Coin, recorder: Recorder | None
    ) -> tuple[SourceCheck, pd.DataFrame | None]:
        """Examine one source.

        Returns:
            What was found, and the closed candles if they can be used.
        """
        until = time.monotonic() + MAX_SECONDS
        check = _after_connect(
            SourceCheck(source.name, source.title, source.symbol(coin)), source.base
        )
        if check.symbol is None:
            problem = f"{source.title} does not know {coin.symbol}."
            return replace(check, problem=problem), None
        roundtrips: list[Roundtrip] = []
        candles, problem = self._fetch(
            source, coin, until - time.monotonic(), recorder=recorder, roundtrips=roundtrips
        )
        if roundtrips:
            check = _after_answer(check, roundtrips[-1], show_bytes=bool(problem))
        if any("getcrumb" in roundtrip.url for roundtrip in roundtrips):
            note = f"{source.title} was asked for a cookie and a crumb, which takes longer."
            check = replace(check, warnings=(*check.warnings, note))
        check = _with_candles(replace(check, problem=problem), candles)
        if check.problem or candles is None:
            return check, None
        rows = _year_rows(source)
        requests, seconds = source.cost(rows, check.seconds or 0.0)
        check = replace(
            check, usable=True, year_rows=rows, year_requests=requests, year_seconds=seconds
        )
        return check, candles

    def _fetch(
        self,
        source: Observable,
        coin: Coin,
        seconds: float,
        *,
        recorder: Recorder | None,
        roundtrips: list[Roundtrip],
    ) -> tuple[pd.DataFrame | None, str]:
        """Fetch the last candles of a coin; return them, or why there are none."""

        def tap(roundtrip: Roundtrip) -> None:
            roundtrips.append(roundtrip)
            if recorder is not None:
                recorder.write(source.name, roundtrip)

        symbol = source.symbol(coin)
        if symbol is None:
            return None, f"{source.title} does not know {coin.symbol}."
        start = floor(pd.Timestamp.now("UTC") - _SPAN, INTERVAL)
        source.observe(tap)
        try:
            candles = source.fetch(symbol, INTERVAL, start, None, max(seconds, 0.1)).candles
        except CryptoForecastError as error:
            return None, str(error)
        finally:
            source.observe(None)
        if candles.empty:
            return None, f"{source.title} has no closed candle of the last two days."
        return candles, ""

    def _every_coin(self, recorder: Recorder | None) -> tuple[CoinCheck, ...]:
        """Ask each source for each coin of the list, as far as the time allows."""
        until = time.monotonic() + MAX_SECONDS_FOR_ALL
        return tuple(self._coin(coin, until, recorder) for coin in COINS.values())

    def _coin(self, coin: Coin, until: float, recorder: Recorder | None) -> CoinCheck:
        """Ask each source for one coin until time is up."""
        frames: dict[str, pd.DataFrame] = {}
        problems: dict[str, str] = {}
        for source in self._sources:
            seconds = until - time.monotonic()
            if seconds <= 0:
                return CoinCheck(coin.ticker, {}, {}, in_time=False)
            candles, problem = self._fetch(
                source, coin, min(seconds, MAX_SECONDS), recorder=recorder, roundtrips=[]
            )
            problem = problem or _coarse(source.title, candles)
            if candles is None or problem:
                problems[source.name] = problem
            else:
                frames[source.name] = candles
        both = agreement(frames)
        closes = {name: float(candles["close"].iloc[-1]) for name, candles in frames.items()}
        return CoinCheck(coin.ticker, closes, problems, None if both is None else both.difference)


def agreement(frames: dict[str, pd.DataFrame]) -> Agreement | None:
    """Compare the closes of the last candle that all sources have.

    Args:
        frames: Canonical frame by the name of the source.

    Returns:
        The comparison; ``None`` with fewer than two sources, or no common candle.
    """
    if len(frames) < 2:
        return None
    common = next(iter(frames.values())).index
    for candles in frames.values():
        common = common.intersection(candles.index)
    if not len(common):
        return None
    closes = {name: float(candles.at[common[-1], "close"]) for name, candles in frames.items()}
    difference = max(closes.values()) / min(closes.values()) - 1
    return Agreement(common[-1], closes, difference, difference <= MAX_DISAGREEMENT)


def winner(sources: Sequence[SourceCheck], seconds: float) -> str | None:
    """Return which source would give a year of hours: the first that has most of it in time.

    Args:
        sources: The sources in the order in which they are asked.
        seconds: Seconds that all of them together may take.
    """
    in_time = [
        check
        for check in sources
        if check.usable and check.year_seconds is not None and check.year_seconds <= seconds
    ]
    able = in_time or [check for check in sources if check.usable]
    return max(able, key=lambda check: check.year_rows).source if able else None


def _year_rows(source: Source) -> int:
    """Return how many closed hours of the last year a source can give."""
    now = pd.Timestamp.now("UTC")
    start = max(source.earliest(INTERVAL, now), now - _YEAR).ceil(step_of(INTERVAL))
    return int((floor(now, INTERVAL) - start) / step_of(INTERVAL))


def _after_connect(check: SourceCheck, base: str) -> SourceCheck:
    """Resolve the name of a source's host, and connect to it unless a proxy does."""
    parts = urlsplit(base)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    check = replace(check, host=host)
    infos, seconds = _timed(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in infos or ()))
    if not addresses:
        return replace(check, warnings=(f"The name {host} can't be resolved here.",))
    check = replace(check, addresses=addresses, resolve_seconds=seconds)
    if parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host):
        return replace(check, warnings=("Requests go through a proxy.",))
    connected, seconds = _timed(lambda: _connect(addresses[0], port))
    if not connected:
        return replace(check, warnings=(f"No connection to {addresses[0]}, port {port}.",))
    return replace(check, connect_seconds=seconds)


def _connect(address: str, port: int) -> bool:
    """Open a connection and close it."""
    with socket.create_connection((address, port), _MAX_STEP_SECONDS):
        return True


def _timed(work: Callable[[], Result]) -> tuple[Result | None, float]:
    """Do work that may block for long, in a thread of its own.

    Returns:
        The result, ``None`` if it failed or took too long, and the seconds it took.
    """
    results: list[Result] = []

    def run() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            results.append(work())

    began = time.monotonic()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_MAX_STEP_SECONDS)
    return (results[0] if results else None), time.monotonic() - began


def _after_answer(check: SourceCheck, roundtrip: Roundtrip, show_bytes: bool) -> SourceCheck:
    """Describe the last answer of a source, and compare its clock with ours."""
    date = parse_date(roundtrip.header("date"))
    skew = None if date is None else (roundtrip.time - date).total_seconds()
    warnings = check.warnings
    if skew is not None and abs(skew) > MAX_CLOCK_SKEW:
        side = "ahead of" if skew > 0 else "behind"
        warnings += (f"This machine's clock is {abs(skew):,.0f} s {side} {check.title}'s.",)
    body = roundtrip.body[:_FIRST_BYTES] if show_bytes else b""
    first = plain(body.decode("utf-8", "replace"))
    return replace(
        check,
        warnings=warnings,
        clock_ahead=skew,
        status=roundtrip.status,
        seconds=roundtrip.seconds,
        first_bytes=first,
        order=wire.order(wire.row_times(roundtrip.body)),
    )


def _with_candles(check: SourceCheck, candles: pd.DataFrame | None) -> SourceCheck:
    """Describe the candles that came, and say what makes them useless or odd."""
    if candles is None:
        return check
    step = step_of(INTERVAL)
    warnings = check.warnings
    absent = sum(int((b - a) / step) - 1 for a, b in pairwise(candles.index))
    if absent:
        some = "1 candle is" if absent == 1 else f"{absent} candles are"
        warnings += (f"{some} missing between the first and the last one.",)
    if check.order == "unordered":
        warnings += ("The rows came in no order.",)
    behind = floor(pd.Timestamp.now("UTC"), INTERVAL) - candles.index[-1] - step
    if behind >= step:
        warnings += (f"The last candle is {int(behind / step)} h behind.",)
    return replace(
        check,
        warnings=warnings,
        problem=_coarse(check.title, candles),
        rows=len(candles),
        start=candles.index[0],
        end=candles.index[-1],
        last_close=float(candles["close"].iloc[-1]),
        price_step=checks.price_step(candles),
    )


def _coarse(title: str, candles: pd.DataFrame | None) -> str:
    """Say that prices are rounded too coarsely; ``""`` if they are not."""
    step = 0.0 if candles is None else checks.price_step(candles)
    if step <= checks.MAX_PRICE_STEP:
        return ""
    return f"{title} rounds these prices to steps of {100 * step:.2g} %, which is too coarse."
