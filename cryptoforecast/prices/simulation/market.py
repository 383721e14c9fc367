"""The embedded market: prices that need no network, with properties that are known exactly.

``parameters`` has the numbers of the model.

**The model.** The log-return of hour t is ``s[t] sqrt(h[t]) z[t]``. ``s`` is the pattern by hour
of day and weekend. ``z`` is Student's t, as a normal of random variance. ``h`` is a GARCH of
three speeds driven by candle ranges, with leverage: a share of the long-run variance plus
shares of three moving averages, whose half-lives are half an hour, eight hours and four days,
of the Parkinson variance ln(high/low)^2 / (4 ln 2), counted more after a fall. Each hour is
walked through in twelve steps, which gives its high and low; log volume follows log range.

**The parameters.** ``benchmarks/estimate_market.py`` estimated them on 71,114 hours of BTC/USDT
(Binance, 2017-08 to 2025-09, outages left out): the pattern as mean absolute returns; weights,
half-lives, leverage and degrees of freedom by maximum likelihood (Student's t density, variance
targeting; mean log-likelihood 3.8597); volume by least squares; the stretch of the path inside
an hour so that ranges fit returns; the level so that the median of 60 paths has the real standard
deviation since 2022. Real against the median and the middle 80 % of 24 simulated paths from
2022 to 2025-09:

================================== ========= ========= ====================
fact of hourly candles             2017-2025 2022-2025 simulated (range)
================================== ========= ========= ====================
standard deviation of r, %          0.79      0.55      0.55 (0.44 to 0.81)
excess kurtosis of r               35        14        44 (32 to 233)
autocorrelation of r, lag 1        -0.04     -0.01      0.00 (-0.01 to 0.02)
autocorrelation of abs(r), lag 1    0.32      0.28      0.33 (0.28 to 0.36)
autocorrelation of abs(r), lag 24   0.22      0.16      0.21 (0.15 to 0.28)
autocorrelation of abs(r), lag 168  0.15      0.14      0.14 (0.09 to 0.20)
abs(r) at 14:00 / its mean          1.29      1.54      1.29 (1.25 to 1.32)
abs(r) at weekends / other days     0.77      0.61      0.78 (0.75 to 0.82)
mean range / mean abs(r)            2.17      2.12      2.11 (2.10 to 2.13)
cone's pinball / constant's, 1 h    0.92      0.94      0.93 (0.85 to 0.94)
cone's pinball / constant's, 24 h   0.95      0.98      0.94 (0.83 to 0.97)
================================== ========= ========= ====================

Coins are independent of each other here, which real ones are not. Volume follows the range more
closely than it does in reality (correlation of logs 0.86 against 0.56).

**Other intervals.** Longer candles are merged hours. Shorter ones are merged minutes, and
``minutes`` lays those inside the hours: merged again they give the same hours. Volatility changes
from hour to hour, not within one.
"""

from __future__ import annotations

import hashlib
import math
import threading
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.prices.candles import quality
from cryptoforecast.prices.candles.coins import COINS, Coin, resolve, suggestion
from cryptoforecast.prices.candles.resample import floor, resample, step_of
from cryptoforecast.prices.simulation.minutes import minutes
from cryptoforecast.prices.simulation.parameters import (
    DEFAULT,
    STARTS,
    MarketParameters,
    constant_volatility,
)
from cryptoforecast.types import INTERVALS, Array, PriceHistory

__all__ = [
    "DEFAULT",
    "EPOCH",
    "REACH",
    "MarketParameters",
    "constant_volatility",
    "has",
    "simulate",
]

#: Open of the first simulated candle.
EPOCH = pd.Timestamp("2022-01-01", tz="UTC")
SOURCE = "simulated"
#: How far back candles shorter than an hour go, unless an earlier start is given: as far as
#: Yahoo's. From the epoch on there would be millions.
REACH: dict[str, pd.Timedelta] = {
    "1m": pd.Timedelta(days=7),
    "5m": pd.Timedelta(days=59),
    "15m": pd.Timedelta(days=59),
    "30m": pd.Timedelta(days=59),
}

#: Steps of the path in an hour.
SUBSTEPS = 12
_HOUR = INTERVALS["1h"]
_BLOCK_HOURS = 24 * 30
_VOLUME_LAGS = 48
# Bounds of one hour's variance mixing and of the variance forecast, both relative. The tails have
# no finite fourth moment, so without bounds a path would now and then lose all of its price.
_MAX_MIXING = 30.0
_MAX_VARIANCE = 20.0


# Part of every seed: another edition is another market with the same properties. Of the first
# few editions, this one has familiar prices of the well-known coins up to the present.
_EDITION = 4

_ONE_WALK = threading.Lock()


def has(coin: Coin) -> bool:
    """Return whether the simulated market has a coin: one of the list, in USD."""
    return COINS.get(coin.ticker) == coin


def simulate(
    coin: str | Coin,
    interval: str = "1h",
    start: pd.Timestamp | None = None,
    end: pd.Timestamp | None = None,
    *,
    parameters: MarketParameters = DEFAULT,
    seed: int | None = None,
    signal: float = 0.0,
    now: pd.Timestamp | None = None,
) -> PriceHistory:
    """Make the closed candles of the simulated market that open in [start, end).

    The path starts at ``EPOCH`` and depends on nothing but the coin, the parameters, the seed and
    the signal. So the candle at time *t* is the same at any time and in any window.

    **As a test oracle.** With ``signal=0`` the price is a martingale (to second order in the
    hourly volatility), so no point forecast has skill. Volatility clustering is a planted signal
    for *bands*; ``constant_volatility()`` removes it. ``signal`` plants an AR(1) coefficient in
    hourly log-returns: the best forecast of the next hourly return is ``signal`` times the last
    return.

    Args:
        coin: A coin of the list, its ticker or its name.
        interval: Candle length, a key of ``INTERVALS``.
        start: Open of the first candle, UTC; by default the epoch, or as far back as ``REACH``.
        end: Candles open before this time, UTC; now by default.
        parameters: The properties of the market.
        seed: Another number gives another path of the same coin; ``None`` the standard one.
        signal: AR(1) coefficient of hourly log-returns, between -0.9 and 0.9.
        now: Candles that are still open at this time, UTC, are left out; the clock by default.

    Returns:
        A history with ``simulated=True``, the source ``"simulated"`` and volume in coins.

    Raises:
        InvalidInput: If the coin is not in the list or not in USD, the interval is unknown, or
            the signal is out of its bounds.
        NotEnoughData: If no closed candle lies in the window.
    """
    coin = resolve(coin) if isinstance(coin, str) else coin
    if not has(coin):
        raise InvalidInput(
            "The simulated market has the coins of the list, in USD. "
            f"Received: {coin.symbol}. {suggestion(coin.symbol)}"
        )
    step = step_of(interval)
    if not -0.9 <= signal <= 0.9:
        raise InvalidInput(f"`signal` must lie between -0.9 and 0.9. Received: {signal}.")
    now = pd.Timestamp.now("UTC") if now is None else now
    until = min(now, end) if end is not None else now
    if start is None and interval in REACH:
        start = until - REACH[interval]
    first = EPOCH if start is None else max(start, EPOCH)
    hours = max(int((floor(until, "1h") - EPOCH) // _HOUR) + max(int(step // _HOUR), 1), 1)
    with _ONE_WALK:  # a second thread waits, and then finds the path in the cache
        path = _path(coin.ticker, parameters, signal, seed, -(-hours // _BLOCK_HOURS))
    if step < _HOUR:
        candles = resample(_minutes(path, coin.ticker, seed, first, until), "1m", interval)
    else:
        candles = resample(path.candles, "1h", interval)
    candles = quality.closed_only(candles, interval, now)
    candles = candles[(candles.index >= first) & (candles.index < until)]
    if candles.empty:
        raise NotEnoughData(
            f"The simulated market runs from {EPOCH:%Y-%m-%d} to now. Received: {start} to {end}. "
            "Choose a window inside it."
        )
    return PriceHistory(
        coin=coin.ticker,
        interval=interval,
        candles=candles,
        source=SOURCE,
        fetched_at=now,
        simulated=True,
        volume_unit="coins",
        quality=quality.report(candles, interval),
    )


@dataclass(frozen=True, eq=False)
class _Path:
    """The hours from the epoch on.

    Attributes:
        candles: Canonical frame of ``n`` hours.
        scale: ``(n,)``, standard deviation of each hour's log-return given its variance mixing.
    """

    candles: pd.DataFrame
    scale: Array


def _minutes(
    path: _Path, ticker: str, seed: int | None, first: pd.Timestamp, until: pd.Timestamp
) -> pd.DataFrame:
    """Make the minutes of each block of hours that overlaps [first, until)."""
    begin = max(int((first - EPOCH) // (_BLOCK_HOURS * _HOUR)), 0)
    end = min(int((until - EPOCH) // (_BLOCK_HOURS * _HOUR)) + 1, len(path.candles) // _BLOCK_HOURS)
    shocks = _shocks(ticker, seed, end * _BLOCK_HOURS)
    parts = []
    for block in range(begin, end):
        rows = slice(block * _BLOCK_HOURS, (block + 1) * _BLOCK_HOURS)
        # Each block has random numbers of its own, so that earlier blocks need not be drawn.
        random = np.random.Generator(np.random.PCG64(_seed(ticker, seed, 3, block)))
        parts.append(minutes(path.candles.iloc[rows], shocks[rows], path.scale[rows], random))
    return pd.concat(parts) if parts else quality.empty()


@lru_cache(maxsize=8)
def _path(
    ticker: str, parameters: MarketParameters, signal: float, seed: int | None, blocks: int
) -> _Path:
    """Make the path from the epoch on, ``blocks`` times 30 days long."""
    n = blocks * _BLOCK_HOURS
    start, multiple, turnover = STARTS[ticker]
    index = pd.date_range(EPOCH, periods=n, freq="h", name="time", unit="ns")
    mixing, noise = _draws(ticker, parameters, seed, n)
    low, high, move = _walk_hours(_shocks(ticker, seed, n), parameters.wick)
    surprise = mixing * (high - low) ** 2 / (4 * math.log(2)) / parameters.range_ratio
    surprise *= 1 + parameters.leverage * np.where(move < 0, 0.5, -0.5)
    sigma = multiple * parameters.volatility * _season(index, parameters)
    sigma *= np.sqrt(_variance(surprise, parameters))
    scale = sigma * np.sqrt(mixing)
    returns = _returns(scale * move, sigma, signal)
    drift = returns - scale * move
    close = np.log(start) + np.cumsum(returns)
    open_ = np.r_[np.log(start), close[:-1]]
    candles = pd.DataFrame(
        {
            "open": open_,
            "high": np.maximum(
                open_ + scale * high + np.maximum(drift, 0), np.maximum(open_, close)
            ),
            "low": np.minimum(open_ + scale * low + np.minimum(drift, 0), np.minimum(open_, close)),
            "close": close,
        },
        index=index,
    )
    candles = np.exp(candles)
    width = np.log(candles["high"] / candles["low"]).to_numpy() / (multiple * parameters.volatility)
    candles["volume"] = turnover * 1e6 / start * _relative_volume(width, noise, parameters)
    return _Path(candles, scale)


def _shocks(ticker: str, seed: int | None, n: int) -> Array:
    """Draw the steps through each hour, ``(n, SUBSTEPS)`` standard normal.

    A longer path starts with the same steps. They are drawn again where they are needed, because
    they would be most of what a path keeps in memory.
    """
    return np.random.Generator(np.random.PCG64(_seed(ticker, seed, 0))).standard_normal(
        (n, SUBSTEPS)
    )


def _draws(
    ticker: str, parameters: MarketParameters, seed: int | None, n: int
) -> tuple[Array, Array]:
    """Draw the random numbers of each hour; a longer path starts with the same numbers.

    Returns:
        Variance mixing ``(n,)`` with mean 1, which turns normals into Student's t; and standard
        normals ``(n,)`` for volume.
    """
    tail, volume = (
        np.random.Generator(np.random.PCG64(_seed(ticker, seed, stream))) for stream in (1, 2)
    )
    freedom = parameters.freedom
    if math.isinf(freedom):
        mixing = np.ones(n)
    else:
        mixing = np.minimum((freedom - 2) / tail.chisquare(freedom, n), _MAX_MIXING)
        mixing /= _capped_mean(freedom)
    return mixing, volume.standard_normal(n)


def _seed(ticker: str, seed: int | None, *stream: int) -> np.random.SeedSequence:
    """Make the seed of a stream of random numbers: 0 path, 1 tails, 2 volume, 3 minutes."""
    digest = hashlib.sha256(f"{_EDITION} {ticker} {seed}".encode()).digest()
    return np.random.SeedSequence(int.from_bytes(digest[:16], "big"), spawn_key=stream)


@lru_cache(maxsize=32)
def _capped_mean(freedom: float) -> float:
    """Compute the mean of the bounded mixing, by quadrature over the chi-squared density."""
    x = np.geomspace(1e-7, 300, 40_001)
    log_density = (freedom / 2 - 1) * np.log(x) - x / 2
    log_density -= freedom / 2 * math.log(2) + math.lgamma(freedom / 2)
    return float(np.trapezoid(np.exp(log_density) * np.minimum((freedom - 2) / x, _MAX_MIXING), x))


def _walk_hours(shocks: Array, wick: float) -> tuple[Array, Array, Array]:
    """Walk through each hour with unit variance; return its lowest, highest and last point.

    Args:
        shocks: ``(n, SUBSTEPS)`` standard normal.
        wick: See ``MarketParameters``.

    Returns:
        ``(n,)`` each, log-price minus the log-price at the open.
    """
    # Rows are steps and columns are hours, so that an operation on all hours reads memory in order.
    walk = np.cumsum(np.ascontiguousarray(shocks.T), axis=0)
    walk /= math.sqrt(SUBSTEPS)
    move = walk[-1].copy()
    line = move * (np.arange(1, SUBSTEPS + 1) / SUBSTEPS)[:, None]
    walk -= line
    walk *= wick
    walk += line
    return np.minimum(walk.min(axis=0), 0), np.maximum(walk.max(axis=0), 0), move


def _season(index: pd.DatetimeIndex, parameters: MarketParameters) -> Array:
    """Return the volatility by hour and weekend, ``(n,)`` with a mean square of 1."""
    hours = np.asarray(parameters.hours)
    mean = float((hours**2).mean() * (5 + 2 * parameters.weekend**2) / 7)
    weekend = np.where(index.day_of_week >= 5, parameters.weekend, 1.0)
    season: Array = hours[index.hour] * weekend / math.sqrt(mean)
    return season


def _variance(surprise: Array, parameters: MarketParameters) -> Array:
    """Compute the variance of each hour relative to the long run, ``(n,)``.

    Row *t* reads rows before *t*:

    h[t] = (1 - sum w) + sum_i w_i m_i[t],  m_i[t+1] = b_i m_i[t] + (1 - b_i) h[t] surprise[t]
    """
    base = 1 - sum(parameters.weights)
    weights = list(parameters.weights)
    decays = [0.5 ** (1 / half) for half in parameters.half_lives]
    gains = [1 - decay for decay in decays]
    means = [1.0] * len(weights)
    pairs = range(len(weights))
    result = []
    for value in surprise.tolist():
        h = base
        for i in pairs:
            h += weights[i] * means[i]
        if h > _MAX_VARIANCE:
            h = _MAX_VARIANCE
        result.append(h)
        variance = h * value
        for i in pairs:
            means[i] = decays[i] * means[i] + gains[i] * variance
    return np.array(result)


def _returns(shock: Array, sigma: Array, signal: float) -> Array:
    """Add the planted AR(1) and the drift that keeps the mean price level, ``(n,)``.

    The long-run variance of the log-price is sigma^2 / (1 - signal)^2 in an hour. Half of it is
    subtracted from the log-return, so that the price itself has no trend on average.
    """
    mean = -0.5 * (sigma / (1 - signal)) ** 2
    if not signal:
        return shock + mean
    deviation, result = 0.0, []
    for value in shock.tolist():
        deviation = signal * deviation + value
        result.append(deviation)
    return np.array(result) + mean


def _relative_volume(width: Array, noise: Array, parameters: MarketParameters) -> Array:
    """Make volume relative to its typical size, ``(n,)``; it follows the range of the hour."""
    memory = parameters.volume_memory
    kernel = math.sqrt(1 - memory**2) * memory ** np.arange(_VOLUME_LAGS)
    rest = parameters.volume_noise * np.convolve(noise, kernel)[: len(noise)]
    activity: Array = np.maximum(width, 1e-3) ** parameters.volume_elasticity * np.exp(rest)
    return activity
