"""The table of the ledger has what each entry has, step by step."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from cryptoforecast.ledger import grading
from cryptoforecast.service import ledger_files
from cryptoforecast.types import QUANTILES
from cryptoforecast.types.ledger import LEDGER_LEVELS, LedgerEntry
from tests import growth
from tests.ledger import making


def test_each_row_is_one_step_of_one_entry():
    long = making.forecast(series=dataclasses.replace(making.SERIES, horizon=5))
    entry_ = making.forecast()
    gone = grading.grade(3, entry_, None, entry_.due_at + grading.MAX_WAIT)
    entries = [
        LedgerEntry(9, "0" * 64, entry_),
        LedgerEntry(7, "0" * 64, long, making.outcome(7, long)),
        LedgerEntry(3, "0" * 64, entry_, gone),
    ]
    table = ledger_files.frame(entries)
    rows = iter(table.to_dict("records"))
    for entry in entries:
        forecast = entry.forecast
        for step in range(1, forecast.series.horizon + 1):
            row = next(rows)
            assert (row["entry"], row["state"], row["step"]) == (entry.position, entry.state, step)
            assert row["closes_at"] == forecast.closes_at(step)
            assert (row["origin"], row["last_close"]) == (forecast.origin, forecast.last_close)
            assert [row[f"q{level}"] for level in QUANTILES] == list(forecast.quantiles[step - 1])
            has_candles = entry.outcome is not None and entry.outcome.has_candles
            assert np.isfinite(row["actual"]) == has_candles
            if has_candles:
                assert row["actual"] == entry.outcome.actual[step - 1]
                assert row["pinball_cone"] == entry.outcome.pinball_cone[step - 1]
                for level in LEDGER_LEVELS:
                    assert row[f"inside_{level}"] == entry.outcome.inside[level][step - 1]
    assert next(rows, None) is None
    assert list(table["reason"].unique()) == ["", "source gone"]
    assert ledger_files.frame([]).empty


def test_a_table_takes_work_by_its_rows_and_not_by_its_forecasts():
    """A button of a page makes thousands: a frame for each took 60 times as long."""
    forecast = making.forecast()
    entries = [LedgerEntry(1, "0" * 64, forecast, making.outcome(1, forecast))] * 1000
    assert len(ledger_files.frame(entries)) == 3000
    together = growth.calls(lambda: ledger_files.frame(entries))
    apart = growth.calls(lambda: pd.concat([ledger_files.frame([each]) for each in entries[:100]]))
    assert together < apart
