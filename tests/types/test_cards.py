"""A model's card says when its last price was known, and in what its prices are."""

from __future__ import annotations

import pytest

from tests import synthetic


@pytest.mark.parametrize(
    ("interval", "cutoff", "until"),
    [
        ("1h", "2025-09-30T23:00:00+00:00", "2025-10-01T00:00:00+00:00"),
        ("1d", "2025-09-30T00:00:00+00:00", "2025-10-01T00:00:00+00:00"),
        ("1w", "2025-09-22T00:00:00+00:00", "2025-09-29T00:00:00+00:00"),
    ],
)
def test_what_was_learnt_ends_with_the_close_of_a_candle(
    interval: str, cutoff: str, until: str
) -> None:
    card = synthetic.model(interval=interval, cutoff=cutoff).card
    assert card.learnt_until.isoformat() == until


@pytest.mark.parametrize(
    ("coin", "quote", "market", "words"),
    [
        ("BTC", "USD", "BTC", "USD"), ("ETH", "BTC", "ETH-BTC", "BTC"),
        ("any", "any", "any", "any currency"), ("any", "USD", "any", "any currency"),
    ],
)  # fmt: skip
def test_a_card_names_the_currency_of_its_prices(
    coin: str, quote: str, market: str, words: str
) -> None:
    card = synthetic.model(coin=coin, quote=quote).card
    assert (card.market, card.quote_words) == (market, words)
