"""Limits that nothing else holds: what each is for, and its value."""

from __future__ import annotations

from cryptoforecast.prices.live import flights
from cryptoforecast.service import effort, forecasts


def test_few_requests_run_at_once_and_few_wait():
    """Six threads for coins of the list, as the documentation says, and two for others."""
    assert (flights.MAX_LISTED, flights.MAX_OTHERS) == (6, 2)
    assert (flights.MAX_LISTED_WAITING, flights.MAX_OTHERS_WAITING) == (64, 16)
    assert (flights.MAX_REMEMBERED, flights.UNKNOWN_FOR) == (256, 25.0)


def test_forecasts_in_memory_rest_on_a_million_candles_at_most():
    """A candle takes some 48 bytes: 50 MB."""
    assert forecasts.MAX_ROWS == 1_000_000


def test_tensorflow_takes_six_hundred_megabytes():
    """It was measured at 650 with what the process has anyway."""
    assert effort.TENSORFLOW == 600
