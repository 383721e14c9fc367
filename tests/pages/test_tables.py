"""The folded tables show first what is predicted for when; their CSV is as in the library."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest

from cryptoforecast.types import QUANTILES


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
