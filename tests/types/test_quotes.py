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
        (0.03844, "BTC", "0.038440 BTC"), (0.0384412, "ETH", "0.038441 ETH"),
        (1.2345, "BTC", "1.234 BTC"),
        (0.00000123, "BTC", "0.00000123 BTC"), (0.00000002, "BTC", "0.00000002 BTC"),
        (0.00000001, "BTC", "0.00000001 BTC"),
        (3.21e-9, "BTC", "0.0000000032 BTC"),
        (-1.5, "GBP", "-£1.500"), (math.nan, "EUR", "unknown"),
        (64_123.456, "USD", "$64,123.46"), (1.5, "USD", "$1.500"), (-12.3, "USD", "-$12.30"),
        (0.0, "USD", "$0.00"), (0.0, "KRW", "₩0"), (0.0, "BTC", "0.00 BTC"),
    ],
)  # fmt: skip
def test_a_price_is_written_in_its_quote(price: float, quote: str, text: str) -> None:
    assert quotes.price_text(price, quote) == text


@pytest.mark.parametrize(
    ("price", "quote", "count"),
    [
        (64_123.0, "USD", 2), (10.0, "USD", 2), (9.99, "USD", 3), (1.0, "USD", 3),
        (0.1, "EUR", 4), (1e-20, "USD", 12), (91e6, "KRW", 0), (1500.0, "JPY", 0),
        (0.3, "KRW", 4), (1.0, "BTC", 3), (0.99, "BTC", 6), (1.23e-6, "BTC", 8), (1e-20, "BTC", 12),
    ],
)  # fmt: skip
def test_a_price_has_about_four_digits(price: float, quote: str, count: int) -> None:
    assert quotes.decimals(price, quote) == count


def test_an_estimate_may_be_finer_than_the_smallest_part_of_a_coin() -> None:
    assert quotes.price_text(1.9623e-8, "BTC", estimate=True) == "0.00000001962 BTC"
    assert quotes.price_text(1.9623e-8, "BTC") == "0.00000002 BTC"
    assert quotes.number_text(1.9623e-8, "ETH", estimate=True) == "0.00000001962"
    for quote in ("USD", "KRW", "EUR"):
        assert quotes.price_text(12.3, quote, estimate=True) == quotes.price_text(12.3, quote)


def test_a_number_alone_leaves_the_currency_to_the_header() -> None:
    assert quotes.number_text(27_000, "EUR") == "27,000.00"
    assert quotes.number_text(-91_234_000.4, "KRW") == "-91,234,000"
    assert quotes.number_text(1.23e-6, "BTC") == "0.00000123"


def test_a_market_names_every_currency_but_the_dollar() -> None:
    assert quotes.market_name("BTC", "USD") == "BTC"
    assert quotes.market_name("ETH", "BTC") == "ETH-BTC"


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


@pytest.mark.parametrize(
    ("price", "quote", "text"),
    [
        (64_123.45, "USD", "$64,123"), (-64_123.6, "EUR", "-€64,124"),
        (27_000.4, "CNY", "27,000 CNY"),
        (91e6, "KRW", "₩91,000,000"), (12.34, "USD", "$12"), (3.2104, "USD", "$3.210"),
        (0.1284, "USD", "$0.1284"), (0.05123, "BTC", "0.051230 BTC"), (math.nan, "USD", "unknown"),
    ],
)  # fmt: skip
def test_a_whole_price_has_no_cents_but_keeps_the_digits_that_count(
    price: float, quote: str, text: str
) -> None:
    assert quotes.price_text(price, quote, whole=True) == text
