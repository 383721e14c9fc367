"""A price says what it is in, with digits that fit its size."""

import math

import pytest

from cryptoforecast.types import quotes


@pytest.mark.parametrize(
    ("price", "quote", "text"),
    [
        (64_123.45, "USD", "$64,123.45"), (0.00001234, "USD", "$0.00001234"),
        (27_000, "EUR", "€27,000.00"), (91_234_000.4, "KRW", "₩91,234,000"),
        (12.3456, "KRW", "₩12.35"), (27_000, "CNY", "27,000.00 CNY"),
        (0.05123, "BTC", "0.05123 BTC"),
        (0.00000123, "BTC", "0.00000123 BTC"), (0.00000002, "BTC", "0.00000002 BTC"),
        (3.21e-9, "BTC", "0.0000000032 BTC"),
        (-1.5, "GBP", "-£1.500"), (math.nan, "EUR", "unknown"),
    ],
)  # fmt: skip
def test_a_price_is_written_in_its_quote(price: float, quote: str, text: str) -> None:
    assert quotes.price_text(price, quote) == text


def test_a_difference_may_show_its_sign() -> None:
    assert quotes.price_text(2.5, "EUR", "+") == "+€2.500"
    assert quotes.price_text(-2.5, "BTC", "+") == "-2.500 BTC"


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("usdt", "USD"),
        ("BUSD", "USD"),
        (" eur ", "EUR"),
        ("xbt", "BTC"),
        ("AAPL", None),
        ("", None),
    ],
)
def test_a_quote_has_several_names(text: str, quote: str | None) -> None:
    assert quotes.quote_of(text) == quote
