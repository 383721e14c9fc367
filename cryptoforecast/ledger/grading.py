"""The outcome of a recorded forecast, from the candles that came."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptoforecast.evaluation import losses
from cryptoforecast.forecasting import probability
from cryptoforecast.types import Array, PriceHistory
from cryptoforecast.types.ledger import (
    CANDLE_REVISED,
    GRADED,
    LEDGER_LEVELS,
    SIMULATED,
    SOURCE_GONE,
    VOID,
    LedgerForecast,
    LedgerOutcome,
)

#: How long a forecast waits for candles that its source does not give.
MAX_WAIT = pd.Timedelta(days=7)
#: Largest change of the last known close by its source, a fraction. Sources correct a close by
#: less in the minutes after it.
MAX_REVISION = 1e-4
_NONE = np.array([])


def grade(
    position: int, forecast: LedgerForecast, history: PriceHistory | None, now: pd.Timestamp
) -> LedgerOutcome | None:
    """Compare a forecast with the candles that came.

    Args:
        position: Place of the forecast in the ledger.
        forecast: The forecast.
        history: Candles of its own source; ``None`` where that has none.
        now: The time, UTC.

    Returns:
        ``None`` while the forecast has to wait: until its last candle has closed, and for
        ``MAX_WAIT`` after that if its source does not give all of its candles.
    """
    if now < forecast.due_at:
        return None
    closes = _closes(forecast, history)
    if history is None or closes is None:
        late = now >= forecast.due_at + MAX_WAIT
        return _void(position, SOURCE_GONE, now) if late else None
    if abs(closes[0] / forecast.last_close - 1) > MAX_REVISION:
        return _void(position, CANDLE_REVISED, now)
    simulated = forecast.series.simulated
    returns = np.log(closes[1:] / forecast.last_close)
    quantiles = to_returns(forecast, forecast.quantiles)
    return LedgerOutcome(
        forecast=position,
        graded_at=now,
        state=VOID if simulated else GRADED,
        reason=SIMULATED if simulated else "",
        fingerprint=history.fingerprint,
        actual=closes[1:],
        inside={
            level: losses.inside(returns, quantiles, level).astype(bool) for level in LEDGER_LEVELS
        },
        pinball=losses.pinball_of_origins(returns, quantiles),
        pinball_naive=losses.pinball_of_origins(returns, to_returns(forecast, forecast.naive)),
        pinball_cone=losses.pinball_of_origins(returns, to_returns(forecast, forecast.cone)),
        transform=probability.below(returns, quantiles),
    )


def to_returns(forecast: LedgerForecast, prices: Array) -> Array:
    """Compute the log-returns from the last close to prices, of their shape."""
    returns: Array = np.log(prices / forecast.last_close)
    return returns


def _closes(forecast: LedgerForecast, history: PriceHistory | None) -> Array | None:
    """Return the closes from the origin to the last step; ``None`` unless all are there."""
    if history is None:
        return None
    steps = forecast.series.horizon + 1
    times = pd.date_range(forecast.origin, periods=steps, freq=forecast.candle_length)
    rows = history.candles.index.get_indexer(times.as_unit("ns"))
    if (rows < 0).any():
        return None
    closes: Array = history.candles["close"].to_numpy(float)[rows]
    return closes


def _void(position: int, reason: str, now: pd.Timestamp) -> LedgerOutcome:
    inside = dict.fromkeys(LEDGER_LEVELS, _NONE.astype(bool))
    return LedgerOutcome(position, now, VOID, reason, "", _NONE, inside, _NONE, _NONE, _NONE, _NONE)
