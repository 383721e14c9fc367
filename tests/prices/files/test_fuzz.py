"""Any bytes give candles or one of our errors, and soon.

``benchmarks/fuzz_import.py`` runs the long version.
"""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.prices.files.price_file import read
from cryptoforecast.types import INTERVALS, PriceHistory
from tests import growth
from tests.prices.files import samples
from tests.prices.files.damage import damaged, noise

HOURS, DAYS = samples.candles("1h", 30), samples.candles("1d", 30)
GOOD = [make(HOURS) for make in samples.HOURLY.values()]
GOOD += [make(DAYS) for make in samples.DAILY.values()]


def outcome(content: bytes) -> bool:
    """Read a file; return whether it gave candles. Any error but ours fails the test."""
    try:
        history = read(content, "prices.csv")
    except CryptoForecastError as error:
        message = str(error)
    else:
        check(history)
        return True
    assert message.startswith("prices.csv can't be read. ")
    assert len(message) < 1000
    return False


def check(history: PriceHistory) -> None:
    prices = history.candles[["open", "high", "low", "close"]].to_numpy()
    assert np.isfinite(prices).all()
    assert (prices > 0).all()
    assert history.candles.index.is_monotonic_increasing
    assert history.candles.index.is_unique
    assert history.interval in INTERVALS


@pytest.fixture(scope="module")
def usual() -> float:
    """The processor's seconds for ten sound files."""
    return growth.processor_time(lambda: [outcome(content) for content in GOOD[::5]], times=2)


@pytest.mark.parametrize("seed", range(8))
def test_damaged_files_are_read_or_refused(seed: int, usual: float) -> None:
    dice = random.Random(seed)
    files, results = [damaged(dice.choice(GOOD), dice) for _ in range(50)], []
    seconds = growth.processor_time(lambda: results.extend(outcome(each) for each in files))
    # Both happen: the damage is neither harmless nor hopeless.
    assert any(results)
    assert not all(results)
    # Ten times what as many sound files take.
    assert seconds < 50 * usual


def test_noise_is_refused() -> None:
    dice = random.Random(99)
    assert not any(outcome(noise(dice)) for _ in range(150))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    header=st.sampled_from([None, "time,open,high,low,close,volume", "Date;Price;Open;High;Low"]),
    cells=st.lists(
        st.lists(
            st.one_of(
                st.text(max_size=8),
                st.floats(width=32).map(str),
                st.integers(-(10**20), 10**20).map(str),
                st.dates().map(str),
                st.sampled_from(["1709251200", "1,234.5", "1.234,5", "NaN", "03/04/2024", "7K"]),
            ),
            max_size=8,
        ),
        max_size=12,
    ),
)
def test_tables_of_anything_are_read_or_refused(header: str | None, cells: list[list[str]]) -> None:
    text = "\n".join([*([header] if header else []), *(",".join(row) for row in cells)])
    outcome(text.encode("utf-8", errors="replace"))


_PIECES = [
    "2024", "24", "9999", "12", "3", "31", "00", "Mar", "März", "lis", "年", "月", "日", "/", "-",
    ".", ", ", " ", "T", ":", "12:30", "99:99", "AM", "Z", "UTC+2", "-25", "EST", "CST", "America/",
    "(x)", "[Europe/Berlin]", "45291.5", "20240301", "Fri", "de", "th", "\u00a0", "\u0661", "nan",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(times=st.lists(st.lists(st.sampled_from(_PIECES), max_size=7), min_size=2, max_size=5))
def test_times_of_any_pieces_are_read_or_refused(times: list[list[str]]) -> None:
    rows = [["".join(pieces), "10", "12", "9", "11"] for pieces in times]
    outcome(samples.lines(rows, ["Date", "Open", "High", "Low", "Close"], ";"))
