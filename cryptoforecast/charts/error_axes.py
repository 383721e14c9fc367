"""What figures of errors share: the axis in per cent of the price, and the name of a step."""

from __future__ import annotations

import pandas as pd

from cryptoforecast.charts import style, wording
from cryptoforecast.types import Array, Backtest


def percents(values: pd.Series) -> Array:
    """Turn fractions into per cent, `(n,)` float32."""
    return style.float32(100 * values.to_numpy(float))


def percent_axis() -> dict[str, object]:
    """Describe an axis of errors in per cent of the price."""
    return {"title": style.axis_title("% of the price"), "nticks": 6, "rangemode": "tozero"}


def step_name(result: Backtest, step: int) -> str:
    """Write how far ahead a step of a backtest is."""
    return wording.step_label(step, result.history.interval)
