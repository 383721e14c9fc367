"""GARCH beside our forecasters: it looks at nothing after its origin, and is the fitted model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from benchmarks import garch
from cryptoforecast.prices import simulate
from cryptoforecast.types import QUANTILES, PriceHistory

ROWS = range(2400, 2600)


@pytest.fixture(scope="module")
def history() -> PriceHistory:
    pytest.importorskip("arch", reason="a peer of the benchmarks, in benchmarks/requirements.txt")
    start = pd.Timestamp("2024-01-01", tz="UTC")
    return simulate("BTC", "1h", start, start + 2700 * pd.Timedelta("1h"), seed=0)


def test_nothing_after_an_origin_is_looked_at(history: PriceHistory) -> None:
    whole = garch.Garch(6).forecast(history, ROWS)
    for row in (ROWS[0], ROWS[100], ROWS[garch.REFIT]):
        candles = history.candles.copy()
        candles.iloc[row + 1 :] *= np.linspace(1.1, 3, len(candles) - row - 1)[:, None]
        altered = garch.Garch(6).forecast(dataclasses.replace(history, candles=candles), ROWS)
        until = row - ROWS[0] + 1
        np.testing.assert_array_equal(altered.quantiles[:until], whole.quantiles[:until])
        assert not np.array_equal(altered.quantiles[until:], whole.quantiles[until:])


def test_the_band_is_symmetric_and_widens(history: PriceHistory) -> None:
    forecast = garch.Garch(6).forecast(history, ROWS)
    assert forecast.quantiles.shape == (len(ROWS), 6, len(QUANTILES))
    np.testing.assert_allclose(forecast.quantiles, -forecast.quantiles[..., ::-1], atol=1e-9)
    assert (np.diff(forecast.quantiles, axis=2) > 0).all()
    assert (np.diff(forecast.quantiles[..., -1], axis=1) > 0).all()
    np.testing.assert_array_equal(forecast.predicted[:, -1], forecast.close)


def test_most_outcomes_lie_inside(history: PriceHistory) -> None:
    cell = garch.cell(history, 1)
    assert 0.7 < (cell.coverage_80 or 0) < 0.9
    assert cell.mae == cell.mae_naive


def test_the_table_has_the_coverage_of_garch_and_the_seconds_of_all() -> None:
    market = {"coin": "BTC", "interval": "1h", "horizon": 6, "seen": False, "pinball_naive": 2.0}
    cells = [
        {**market, "forecaster": "cone", "pinball": 1.6, "coverage_80": 0.81, "coverage_95": 0.96,
         "seconds": 0.5},
        {**market, "forecaster": "garch", "pinball": 1.5, "coverage_80": 0.78, "coverage_95": 0.94,
         "seconds": 12.0},
    ]  # fmt: skip
    assert garch.table(cells) == [
        {
            "coin": "BTC",
            "ahead": "6 h",
            "cone": "0.800",
            "garch": "**0.750**",
            "garch covers (80, 95 %)": "78.0 %, 94.0 %",
            "seconds": "cone 0.5, garch 12.0",
        }
    ]
