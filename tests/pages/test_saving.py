"""The name under which a trained network is offered to be saved."""

from __future__ import annotations

import pytest

from cryptoforecast.learning import bundles
from cryptoforecast.ui.saving import suggested_name
from tests import synthetic


@pytest.mark.parametrize(
    ("coin", "quote", "name"),
    [
        ("BTC", "USD", "btc-1h-dense"),
        ("BTC", "EUR", "btc-eur-1h-dense"),
        ("ETH", "BTC", "eth-btc-1h-dense"),
        ("Some Coin", "USD", "somecoin-1h-dense"),
        ("狗狗币", "USD", "1h-dense"),
        ("^GSPC", "USD", "gspc-1h-dense"),
    ],
)
def test_a_model_is_named_by_its_market_in_plain_letters(coin: str, quote: str, name: str) -> None:
    assert suggested_name(synthetic.model(coin=coin, quote=quote)) == name
    bundles.check_name(name)
