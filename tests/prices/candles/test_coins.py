"""What a user types for a coin: found, suggested, or refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles.coins import COINS, Coin, resolve, suggestion
from cryptoforecast.types.quotes import QUOTES, quote_of

#: How exchanges, price lists and charts write the base ``{0}`` and the quote ``{1}``.
FORMS = ("{0}{1}", "{0}-{1}", "{0}/{1}", "{0}_{1}", "{0}:{1}", "{0} {1}", "{0} / {1}", "X:{0}{1}",
         "t{0}{1}", "t{0}:{1}", "BINANCE:{0}{1}", "KRAKEN:{0}-{1}")  # fmt: skip


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
        assert resolve(f" {coin.name.upper()} ") is coin
        assert resolve(coin.name.lower().replace(" ", "-")) is coin


def test_every_listed_coin_is_found_in_every_form_of_every_pair() -> None:
    for ticker, coin in COINS.items():
        for quote in ("USD", "USDT", "USDC", "EUR", "KRW", "TRY"):
            for form in FORMS:
                pair_coin = resolve(form.format(ticker, quote))
                assert (pair_coin.ticker, pair_coin.quote) == (ticker, quote_of(quote)), (
                    form,
                    ticker,
                )
            base = coin.symbol.removesuffix("-USD")
            assert resolve(f"{ticker}{quote}".lower()).symbol == f"{base}-{quote_of(quote)}"


@pytest.mark.parametrize(
    ("text", "ticker", "symbol", "quote"),
    [
        ("btc", "BTC", "BTC-USD", "USD"),
        (" BTC-usd ", "BTC", "BTC-USD", "USD"),
        ("BTCUSDT", "BTC", "BTC-USD", "USD"),
        ("BTC/USDT", "BTC", "BTC-USD", "USD"),
        ("BTC_EUR", "BTC", "BTC-EUR", "EUR"),
        ("XBT", "BTC", "BTC-USD", "USD"),
        ("XBTUSD", "BTC", "BTC-USD", "USD"),
        ("XDGEUR", "DOGE", "DOGE-EUR", "EUR"),
        ("bitcoin", "BTC", "BTC-USD", "USD"),
        ("Bitcoin Cash", "BCH", "BCH-USD", "USD"),
        ("bitcoin-cash-eur", "BCH", "BCH-EUR", "EUR"),
        ("Bitcoin Cash / GBP", "BCH", "BCH-GBP", "GBP"),
        ("Ripple", "XRP", "XRP-USD", "USD"),
        ("the graph", "GRT", "GRT6719-USD", "USD"),
        # Upbit, Bittrex and Poloniex write the quote first.
        ("KRW-BTC", "BTC", "BTC-KRW", "KRW"),
        ("USDT_BTC", "BTC", "BTC-USD", "USD"),
        ("BTC-DOGE", "DOGE", "DOGE-BTC", "BTC"),
        ("BTC-ETH", "ETH", "ETH-BTC", "BTC"),
        ("KRW-WEMIX", "WEMIX", "WEMIX-KRW", "KRW"),
        ("KRW-USDT", "USDT", "USDT-KRW", "KRW"),
        ("EUR-USDT", "EUR", "EUR-USD", "USD"),
        ("ETH/BTC", "ETH", "ETH-BTC", "BTC"),
        ("ETHXBT", "ETH", "ETH-BTC", "BTC"),
        # Bitfinex, Polygon, TradingView and Kraken.
        ("tBTCUSD", "BTC", "BTC-USD", "USD"),
        ("tBTCUST", "BTC", "BTC-USD", "USD"),
        ("X:BTCUSD", "BTC", "BTC-USD", "USD"),
        ("BITSTAMP:BTCEUR", "BTC", "BTC-EUR", "EUR"),
        ("XXBTZUSD", "BTC", "BTC-USD", "USD"),
        ("XETHZEUR", "ETH", "ETH-EUR", "EUR"),
        ("XETHXXBT", "ETH", "ETH-BTC", "BTC"),
        ("XREPZUSD", "REP", "REP-USD", "USD"),
        # The plain symbols belong to other, tiny tokens.
        ("UNI-USD", "UNI", "UNI7083-USD", "USD"),
        ("UNI/EUR", "UNI", "UNI7083-EUR", "EUR"),
        ("uni7083", "UNI", "UNI7083-USD", "USD"),
        ("PEPE24478-USD", "PEPE", "PEPE24478-USD", "USD"),
        ("TON-USD", "TON", "TON11419-USD", "USD"),
        ("IMX", "IMX", "IMX10603-USD", "USD"),
        ("GRT-USD", "GRT", "GRT6719-USD", "USD"),
        ("STX-USD", "STX", "STX4847-USD", "USD"),
        ("MNT-USD", "MNT", "MNT27075-USD", "USD"),
        ("TIA-USD", "TIA", "TIA22861-USD", "USD"),
        ("JUP-USD", "JUP", "JUP29210-USD", "USD"),
        # Coins of whatever exchange, and other symbols of Yahoo's.
        ("FLOKI", "FLOKI", "FLOKI-USD", "USD"),
        ("WIF-USD", "WIF", "WIF-USD", "USD"),
        ("WIFUSDT", "WIF", "WIF-USD", "USD"),
        ("FLOKIEUR", "FLOKI", "FLOKI-EUR", "EUR"),
        ("BATUSD", "BAT", "BAT-USD", "USD"),
        ("GALABUSD", "GALA", "GALA-USD", "USD"),
        ("1000SHIBUSDT", "1000SHIB", "1000SHIB-USD", "USD"),
        ("^GSPC", "^GSPC", "^GSPC", "USD"),
        ("EURUSD=X", "EURUSD=X", "EURUSD=X", "USD"),
        ("BRK-B", "BRK-B", "BRK-B", "USD"),
        ("con", "CON-USD", "CON-USD", "USD"),
        ("con/eur", "CON-EUR", "CON-EUR", "EUR"),
        # Coins whose own names end in a currency.
        ("stETH", "STETH", "STETH-USD", "USD"),
        ("WBTC", "WBTC", "WBTC-USD", "USD"),
        ("tBTC", "TBTC", "TBTC-USD", "USD"),
        ("PYUSD", "PYUSD", "PYUSD-USD", "USD"),
        ("FDUSD", "FDUSD", "FDUSD-USD", "USD"),
        ("USDT", "USDT", "USDT-USD", "USD"),
        ("USDCUSDT", "USDC", "USDC-USD", "USD"),
        ("USDT-EUR", "USDT", "USDT-EUR", "EUR"),
        # The longest symbol.
        ("A" * 16 + "-USD", "A" * 16, "A" * 16 + "-USD", "USD"),
    ],
)
def test_what_a_user_types_is_found(text: str, ticker: str, symbol: str, quote: str) -> None:
    coin = resolve(text)
    assert (coin.ticker, coin.symbol, coin.quote) == (ticker, symbol, quote)


@pytest.mark.parametrize(
    ("text", "pair"),
    [("BTC/ETH", "ETH/BTC"), ("BTCETH", "ETH/BTC"), ("USDT/BTC", "BTC/USDT"), ("EURBTC", "BTC/EUR"),
     ("BNB:BTC", None), ("ETH/BNB", "BNB/ETH")],
)  # fmt: skip
def test_a_pair_that_no_market_has_is_refused_with_the_one_meant(
    text: str, pair: str | None
) -> None:
    if pair is None:
        assert resolve(text).symbol == "BNB-BTC"
        return
    with pytest.raises(InvalidInput, match=rf"No market quotes .* Did you mean {pair}\?"):
        resolve(text)


@pytest.mark.parametrize("text", ["BTC-XYZ", "FOO-PERP", "eth-abcde"])
def test_an_unknown_quote_is_refused_with_the_remedy(text: str) -> None:
    base = text.upper().split("-")[0]
    with pytest.raises(InvalidInput, match=rf"quoted in .*Ask for {base}-USD"):
        resolve(text)


def test_a_name_with_a_dash_is_no_pair() -> None:
    assert resolve("bitcoin-gold").symbol == "BITCOIN-GOLD"


@pytest.mark.parametrize("text", ["USD", "BTC-BTC", "BTC/XBT", "USD/USDT", "ETHETH-ETH", "EUR-EUR"])
def test_a_coin_in_itself_is_refused(text: str) -> None:
    if text.startswith("ETHETH"):
        assert resolve(text).symbol == text
        return
    with pytest.raises(InvalidInput, match="quoted in another currency"):
        resolve(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "..", "../../etc/passwd", "-rf", "BTC\x00", "B TC", "<b>", "A" * 21, "BTC;ls",
     "$(id)", "BTC\nETH", "ß", "ＢＴＣ", ".", "-", "/", "A.", "NASDAQ:AAPL", "BTC/USDT:USDT",
     "BTC/", "/USD", "BTC//USD", ":BTCUSD", "狗狗币", "b/../x-USD"],
)  # fmt: skip
def test_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="at most 20 characters"):
        resolve(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("bitcon", "BTC (Bitcoin)"),
        ("etherium", "ETH (Ethereum)"),
        ("BTCC", "BTC (Bitcoin)"),
        ("DOGEE-USD", "DOGE (Dogecoin)"),
        ("solanna", "SOL (Solana)"),
        ("XRPP", "XRP?"),
        ("BTC.USD", "BTC (Bitcoin)?"),
        ("ETHUSDT.P", "ETH (Ethereum)?"),
        ("XBTUSD-PERP", "BTC (Bitcoin)?"),
        ("solana-2", "SOL (Solana)"),
        ("BTC/USDT:USDT", "BTC (Bitcoin)?"),
        ("FX_BTC_JPY", "BTC (Bitcoin)?"),
        ("NASDAQ:AAPL", "a coin of the list, such as BTC"),
        ("zzzz/BTC", "a coin of the list, such as BTC"),
        ("", "a coin of the list, such as BTC"),
        ("zzzz", "a coin of the list, such as BTC"),
        ("AAPL", "a coin of the list, such as BTC"),
    ],
)
def test_the_nearest_coins_are_suggested(text: str, names: str) -> None:
    assert suggestion(text).startswith(f"Did you mean {names}")


@given(st.text(max_size=24) | st.text("BTCEHUSDR-/_:. tX", max_size=14))
def test_whatever_resolves_is_safe_as_a_file_name(text: str) -> None:
    assert suggestion(text).startswith("Did you mean ")
    try:
        coin = resolve(text)
    except InvalidInput:
        return
    assert isinstance(coin, Coin)
    for name in (coin.ticker, coin.symbol):
        assert re.fullmatch(r"[A-Z0-9^][A-Z0-9.^=-]{0,23}", name)
        assert not name.endswith(".")
    assert quote_of(coin.quote) == coin.quote
    assert resolve(coin.symbol) == coin


@given(st.sampled_from(list(COINS)), st.sampled_from(sorted(QUOTES)), st.sampled_from(FORMS[:5]))
def test_a_pair_is_itself_or_refused_and_never_another(base: str, quote: str, form: str) -> None:
    try:
        coin = resolve(form.format(base, quote))
    except InvalidInput:
        return
    swapped = (coin.ticker, coin.quote) == (quote, base) and form in ("{0}-{1}", "{0}_{1}")
    assert swapped or (coin.ticker, coin.quote) == (base, quote_of(quote))
