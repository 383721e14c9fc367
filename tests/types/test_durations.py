"""Spans of time in words: the unit that fits, and the number in it."""

from __future__ import annotations

import pandas as pd
import pytest

from cryptoforecast.types import duration, span_text


@pytest.mark.parametrize(
    ("candles", "interval", "text"),
    [
        (1, "1m", "1 minute"), (15, "1m", "15 minutes"), (120, "1m", "120 minutes"),
        (1, "5m", "5 minutes"), (12, "5m", "1 hour"), (13, "5m", "65 minutes"),
        (12, "15m", "3 hours"), (1, "30m", "30 minutes"), (24, "1h", "24 hours"),
        (1, "4h", "4 hours"), (6, "4h", "24 hours"), (7, "1d", "7 days"), (4, "1w", "4 weeks"),
        (1, "1w", "1 week"), (14_245, "1h", "14,245 hours"),
    ],
)  # fmt: skip
def test_the_length_of_candles(candles: int, interval: str, text: str) -> None:
    assert duration(candles, interval) == text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        ("-5min", "less than a minute"), ("59.9s", "less than a minute"), ("60s", "1 minute"),
        ("119s", "1 minute"), ("59.9min", "59 minutes"), ("60min", "1 hour"),
        ("3599s", "59 minutes"), ("86399s", "23 hours"),
        ("119min", "1 hour"), ("23.9h", "23 hours"), ("24h", "1 day"), ("47h", "1 day"),
        ("48h", "2 days"), ("9D", "9 days"),
    ],
)  # fmt: skip
def test_the_largest_unit_rounded_down(span: str, text: str) -> None:
    assert span_text(pd.Timedelta(span)) == text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        ("-5min", "less than a minute"), ("59.9s", "less than a minute"), ("61s", "1 minute"),
        ("91s", "2 minutes"), ("119min", "119 minutes"), ("2h", "2 hours"), ("2.6h", "3 hours"),
        ("71h", "71 hours"), ("72h", "3 days"), ("743.6D", "744 days"),
    ],
)  # fmt: skip
def test_a_closer_unit_rounded(span: str, text: str) -> None:
    assert span_text(pd.Timedelta(span), close=True) == text
