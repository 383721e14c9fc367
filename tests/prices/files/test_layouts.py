"""One set of candles in every layout that people have: all must read alike."""

from __future__ import annotations

import gzip
import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from cryptoforecast.prices.files.price_file import read
from cryptoforecast.types import PriceHistory
from tests.prices.files import samples


def check(history: PriceHistory, frame: pd.DataFrame) -> None:
    assert history.candles.index.equals(frame.index)
    np.testing.assert_allclose(
        history.candles[["open", "high", "low", "close"]],
        frame[["open", "high", "low", "close"]],
        rtol=1e-12,
    )


@pytest.mark.parametrize("name", samples.HOURLY)
def test_hourly_layouts(name: str) -> None:
    # From the 10th to the 14th: the day tells itself from the month.
    frame = samples.candles("1h", 100, "2024-03-10")
    history = read(samples.HOURLY[name](frame), "BTCUSDT.csv")
    check(history, frame)
    np.testing.assert_allclose(history.candles["volume"], frame["volume"], rtol=1e-5)
    assert history.interval == "1h"
    assert not history.quality.problems


@pytest.mark.parametrize("name", samples.DAILY)
def test_daily_layouts(name: str) -> None:
    frame = samples.candles("1d", 60)
    history = read(samples.DAILY[name](frame), "prices.csv", coin="BTC")
    check(history, frame)
    np.testing.assert_allclose(history.candles["volume"], frame["volume"], rtol=1e-9)
    assert history.interval == "1d"
    assert not history.quality.problems


def test_volume_may_be_missing_and_indicators_there() -> None:
    frame = samples.candles()
    history = read(samples.tradingview(frame), "x.csv")
    check(history, frame)
    assert history.candles["volume"].isna().all()


def test_a_zip_archive_of_one_file() -> None:
    frame = samples.candles()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._x.csv", b"chaff")
        archive.writestr("folder/x.csv", samples.own(frame))
    check(read(buffer.getvalue(), "x.zip"), frame)
    check(read(gzip.compress(samples.records(frame)), "x.json.gz"), frame)
