"""Tickers and symbols: what is known, what passes, what is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles.coins import COINS, Coin, resolve


def test_enough_coins_each_quoted_in_usd_under_one_symbol() -> None:
    assert len(COINS) >= 24
    assert next(iter(COINS)) == "BTC"
    symbols = [coin.symbol for coin in COINS.values()]
    assert len(set(symbols)) == len(symbols)
    for ticker, coin in COINS.items():
        assert coin.ticker == ticker
        assert re.fullmatch(rf"{ticker}[0-9]*-USD", coin.symbol)
        assert resolve(coin.symbol) is coin
        assert resolve(ticker.lower()) is coin


@pytest.mark.parametrize(
    ("text", "ticker", "symbol"),
    [
        ("btc", "BTC", "BTC-USD"),
        (" BTC-usd ", "BTC", "BTC-USD"),
        # The plain symbols belong to other, tiny tokens.
        ("UNI-USD", "UNI", "UNI7083-USD"),
        ("PEPE24478-USD", "PEPE", "PEPE24478-USD"),
        ("FLOKI", "FLOKI", "FLOKI-USD"),
        ("WIF-USD", "WIF", "WIF-USD"),
        ("^GSPC", "^GSPC", "^GSPC"),
        ("EURUSD=X", "EURUSD=X", "EURUSD=X"),
        ("BRK-B", "BRK-B", "BRK-B"),
        ("con", "CON-USD", "CON-USD"),
        # The longest symbol.
        ("A" * 16 + "-USD", "A" * 16, "A" * 16 + "-USD"),
    ],
)
def test_what_a_person_types_is_found(text: str, ticker: str, symbol: str) -> None:
    coin = resolve(text)
    assert (coin.ticker, coin.symbol) == (ticker, symbol)


@pytest.mark.parametrize("text", ["BTC-EUR", "eth-gbp", "ETH-BTC", "BTC-USDT"])
def test_another_currency_is_refused_with_the_remedy(text: str) -> None:
    base = text.upper().split("-")[0]
    with pytest.raises(InvalidInput, match=rf"quoted in .*Ask for {base}-USD"):
        resolve(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "..", "../../etc/passwd", "-rf", "BTC/USD", "BTC\x00", "B TC", "<b>", "A" * 21,
     "BTC;ls", "$(id)", "BTC\nETH", "ß", "ＢＴＣ", ".", "-", "A."],
)  # fmt: skip
def test_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="at most 20 characters"):
        resolve(text)


@given(st.text(max_size=24))
def test_whatever_resolves_is_safe_as_a_file_name(text: str) -> None:
    try:
        coin = resolve(text)
    except InvalidInput:
        return
    assert isinstance(coin, Coin)
    assert re.fullmatch(r"[A-Z0-9^][A-Z0-9.^=-]{0,23}", coin.ticker)
    assert not coin.ticker.endswith(".")
    assert resolve(coin.symbol) == coin
