"""Seeded prices, forecasts and scores for figures, and what to look up in a figure."""

import html
import math

import numpy as np
import pandas as pd

from cryptoforecast.types import (
    INTERVALS,
    Backtest,
    EpochLoss,
    Forecast,
    ModelSpec,
    NextSteps,
    PriceHistory,
    Split,
    Verdict,
)

VERDICT = Verdict("naive", "mae", 0.0, 0.0, 0.0, math.nan, False, "Says nothing.")


def prices(n=400, interval="1h", start=30_000.0, simulated=False, volume=True) -> PriceHistory:
    rng = np.random.default_rng(0)
    close = start * np.exp(np.cumsum(rng.normal(0, 0.004, n)))
    opened = np.append(start, close[:-1])
    frame = pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) * 1.002,
            "low": np.minimum(opened, close) * 0.998,
            "close": close,
            "volume": rng.gamma(2, 50, n) if volume else np.full(n, np.nan),
        },
        index=pd.date_range("2017-08-17", periods=n, freq=INTERVALS[interval], tz="UTC"),
    )
    frame.index = pd.DatetimeIndex(frame.index, name="time").as_unit("ns")
    return PriceHistory("BTC", interval, frame, "test", frame.index[-1], simulated, "coins")


def forecast_of(history: PriceHistory, rows: range, horizon: int) -> Forecast:
    rng = np.random.default_rng(1)
    close = history.candles["close"].to_numpy()
    targets = np.array(rows)[:, None] + np.arange(1, horizon + 1)
    padded = np.append(close, np.full(horizon, np.nan))
    last = close[list(rows)]
    width = np.linspace(-0.02, 0.02, 9) * np.sqrt(np.arange(1, horizon + 1))[:, None]
    return Forecast(
        predictor="lstm",
        interval=history.interval,
        origins=history.candles.index[list(rows)],
        close=last,
        predicted=last[:, None] * np.exp(rng.normal(0, 0.002, (len(rows), horizon))),
        quantiles=np.broadcast_to(width, (len(rows), horizon, 9)),
        actual=padded[targets],
    )


def backtest(n=400, horizon=1, simulated=False) -> Backtest:
    history, cut = prices(n, simulated=simulated), int(n * 0.8)
    forecast = forecast_of(history, range(cut, n - horizon), horizon)
    split = Split(n, int(n * 0.64), cut, horizon)
    spec = ModelSpec(horizon=horizon)
    return Backtest(history, spec, split, {"lstm": forecast}, {}, {"lstm": VERDICT})


def next_steps(horizon=24, interval="1h", simulated=False) -> NextSteps:
    history = prices(interval=interval, simulated=simulated)
    return NextSteps("some", history, forecast_of(history, range(399, 400), horizon))


CURVE = tuple(EpochLoss(i, 1 / i, 1 / i + 0.01 * (i - 4) ** 2, 2.0 * i) for i in range(1, 8))


def named(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def times(trace) -> pd.DatetimeIndex:
    return pd.to_datetime(np.asarray(trace.x), utc=True, format="ISO8601").as_unit("ns")


def title_text(figure) -> str:
    """Return title and subtitle as Plotly shows them."""
    return html.unescape(f"{figure.layout.title.text} {figure.layout.title.subtitle.text}")
