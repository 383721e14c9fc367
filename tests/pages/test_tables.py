"""The folded tables show first what is predicted for when; their CSV is as in the library."""

from __future__ import annotations

import json

import pandas as pd
from streamlit.testing.v1 import AppTest

from cryptoforecast.types import QUANTILES
from cryptoforecast.ui.columns import headed


def tables() -> None:
    import numpy as np
    import streamlit as st

    from cryptoforecast.types import Forecast
    from cryptoforecast.ui import forecast_table
    from tests import synthetic

    history = synthetic.history(200)
    close = history.candles["close"].to_numpy(float)[-5:]
    forecast = Forecast(
        predictor="naive",
        interval="1h",
        origins=history.candles.index[-5:],
        close=close,
        predicted=close[:, None],
        quantiles=np.full((5, 1, 9), 0.01),
        actual=close[:, None],
    )
    st.session_state.setdefault("table-x", True)
    forecast_table.show("Numbers", forecast, forecast.frame, history, "x")


def test_the_close_and_the_prediction_come_first_and_opens_last():
    page = AppTest.from_function(tables).run()
    assert not page.exception
    (table,) = page.dataframe
    order = list(table.proto.column_order)
    assert order[:3] == ["closes_at", "predicted", "step"]
    assert order[-2:] == ["time", "origin"]
    assert set(order) == set(table.value.columns)
    assert {f"q{each}" for each in QUANTILES} <= set(order)
    columns = json.loads(table.proto.columns)
    assert columns["time"]["label"] == "candle opens at (UTC)"
    assert columns["closes_at"]["label"] == "closes at (UTC)"
    formats = {columns[name]["type_config"]["format"] for name in ("close", "predicted", "q0.1")}
    assert len(formats) == 1


def test_headings_are_plain_and_the_terms_stand_in_their_help():
    page = AppTest.from_function(tables).run()
    (table,) = page.dataframe
    columns = json.loads(table.proto.columns)
    assert (columns["q0.1"]["label"], columns["q0.1"]["help"]) == (
        "80 % range, from",
        "Quantile 0.1.",
    )
    assert columns["residual"]["label"] == "error"
    for name in table.value.columns:
        assert not columns.get(name, {}).get("label", name).startswith("q0.")


def test_candles_keep_the_names_that_everybody_knows():
    candles = pd.DataFrame({"open": [1.0], "high": [2.0], "low": [0.5], "close": [1.5]})
    assert headed(candles) == {}
    ends = pd.DataFrame({"low": [0.1], "high": [0.2]})
    assert headed(ends)["low"]["label"] == "at least"
