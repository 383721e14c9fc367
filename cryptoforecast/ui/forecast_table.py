"""The folded table of forecasts behind a chart: close times and prices first, open times last."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from cryptoforecast.types import MEDIAN, QUANTILES, Forecast, PriceHistory
from cryptoforecast.ui import elements

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

#: Prices of a forecast's table, those that a user looks for first.
PRICES = (
    "predicted", "actual", "residual", "q0.1", "q0.9",
    *(f"q{each}" for each in QUANTILES if each not in (0.1, 0.9)), "close",
)  # fmt: skip
#: The times in it, and what each of them is called.
TIMES = {
    "closes_at": "closes at (UTC)",
    "origin_closes_at": "predicted at (UTC)",
    "time": "candle opens at (UTC)",
    "origin": "last known candle opens at (UTC)",
}


def show(
    title: str,
    forecast: Forecast,
    rows: Callable[[], pd.DataFrame],
    history: PriceHistory,
    name: str,
    *,
    unfolded: bool = False,
) -> None:
    """Offer a table of forecasts, folded; the CSV has the columns in the order of the library.

    Args:
        title: Label of the folded table.
        forecast: The forecasts in it.
        rows: Makes the table from ``forecast.frame``.
        history: The prices that it belongs to.
        name: Ends the name of the CSV file, which always has the median.
        unfolded: Whether it is open at first.
    """
    when, *others = TIMES
    median = forecast.quantile_prices[..., MEDIAN]
    is_median = np.allclose(forecast.predicted, median, rtol=1e-6, equal_nan=True)
    prices = [name for name in PRICES if not (name == "q0.5" and is_median)]
    elements.table(
        title,
        rows,
        history,
        name,
        order=(when, *prices[:1], "step", *prices[1:], *others),
        unfolded=unfolded,
        columns=time_columns()
        | elements.price_columns(PRICES, forecast.predicted, history.quote, estimate=True),
    )


def time_columns() -> dict[str, ColumnConfig]:
    """Describe the columns of times by what each of them is called."""
    form = "D MMM YYYY, HH:mm"
    return {
        name: st.column_config.DatetimeColumn(label, format=form, timezone="UTC")
        for name, label in TIMES.items()
    }
