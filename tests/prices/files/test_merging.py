"""The length of the candles to make, and candles made of fewer rows than fit in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.errors import InvalidInput, UnreadableFile
from cryptoforecast.prices.candles.resample import merge
from cryptoforecast.prices.files.merging import partial_candles, settle_interval

HOUR = pd.Timedelta("1h")


def test_the_file_s_own_length_is_the_default() -> None:
    assert settle_interval(HOUR, None) == ("1h", {"interval": "1h, the most frequent spacing"})
    assert settle_interval(HOUR, "1h") == ("1h", {"interval": "1h, the most frequent spacing"})


def test_a_longer_length_is_a_decision_to_merge() -> None:
    name, decisions = settle_interval(HOUR, "1d")
    assert name == "1d"
    assert decisions["merged"] == "1h candles merged into 1d"
    assert settle_interval(pd.Timedelta("20min"), "1h")[0] == "1h"
    with pytest.raises(InvalidInput, match="1h candles, 5m wanted"):
        settle_interval(HOUR, "5m")


def test_a_length_that_is_no_interval_is_refused_with_what_can_be_done() -> None:
    with pytest.raises(UnreadableFile, match=r"Received: 20m\. Have them merged into 1h, 2h, 4h"):
        settle_interval(pd.Timedelta("20min"), None)
    for days, months in ((27, False), (28, True), (31, True)):
        with pytest.raises(UnreadableFile, match="Download shorter candles") as caught:
            settle_interval(pd.Timedelta(days=days), "1w" if days != 28 else None)
        assert ("months of unequal length" in str(caught.value)) is months


def test_candles_of_fewer_rows_are_counted_and_the_first_is_named() -> None:
    opens = pd.date_range("2024-03-01", periods=12, freq="20min", unit="ns").asi8
    opens = np.delete(opens, [4, 9, 10])
    ones = np.ones(len(opens))
    merged = merge(opens, dict.fromkeys(("open", "high", "low", "close", "volume"), ones), HOUR)
    lines = merged.first + 2
    (problem,) = partial_candles(merged, pd.Timedelta("20min"), lines)
    assert (problem.kind, problem.count, problem.first_line) == ("partial", 2, 5)
    assert problem.detail == "made of fewer than 3 rows each, the emptiest of 1"
    assert partial_candles(merged, HOUR, lines) == ()
