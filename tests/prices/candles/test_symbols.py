"""What a file says of its coin: by its name, and by the symbols in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles import pairs
from cryptoforecast.prices.candles.symbols import Symbol, guess, read_symbol, symbol_of


@pytest.mark.parametrize(
    ("name", "ticker", "quote"),
    [
        ("BTCUSDT_1h_binance_2017-08.csv.gz", "BTC", "USD"),
        ("BTC-USD_1d_yahoo_classic.csv", "BTC", "USD"),
        ("ETHUSDT_1h_perp.parquet", "ETH", "USD"),
        ("kraken_XBTUSD_60.csv", "BTC", "USD"),
        ("XXBTZEUR_1440.csv", "BTC", "EUR"),
        ("coin_Ethereum.csv", "ETH", None),
        ("kaggle_layout_BTCUSD_1m.csv", "BTC", "USD"),
        ("wifusdt.csv", "WIF", "USD"),
        ("doge.csv", "DOGE", None),
        ("ABUSD.csv", "AB", "USD"),
        ("ABCDEFGHIJUSDT.csv", "ABCDEFGHIJ", "USD"),
        ("1INCHUSDC.csv", "1INCH", "USD"),
        ("bitcoin_cash.csv", "BCH", None),
        ("Bitcoin Cash Historical Data.csv", "BCH", None),
        ("ethereum-classic-eur.csv", "ETC", "EUR"),
        ("BTC-EUR.csv", "BTC", "EUR"),
        ("ETH_BTC-1h.csv", "ETH", "BTC"),
        ("ETHBTC.csv", "ETH", "BTC"),
        ("KRW-BTC.json", "BTC", "KRW"),
        ("usdt_btc_poloniex.csv", "BTC", "USD"),
        ("binance_btc_usdt_1h.csv", "BTC", "USD"),
        ("COINBASE_BTCUSD, 60.csv", "BTC", "USD"),
        ("BINANCE_BTCUSDT.P, 60.csv", "BTC", "USD"),
        ("WIF-EUR.csv", "WIF", "EUR"),
        ("LUNA_BTC.csv", "LUNA", "BTC"),
        ("KRAKEN_BTC.csv", "BTC", None),
        ("BTCDAI_1h.csv", "BTC", "USD"),
        ("ethdai-2024.csv", "ETH", "USD"),
        ("BTC_DAI.csv", "BTC", "USD"),
        ("WIF_DAI.csv", "WIF", "USD"),
        ("DAI_USD.csv", "DAI", "USD"),
        ("WIF_BTC_1h.csv", "WIF", "BTC"),
        ("WIF_BTC.csv", "WIF", "BTC"),
        ("WIFBTC_1h.csv", "WIF", "BTC"),
        ("Poloniex_WIF_BTC_d.csv", "WIF", "BTC"),
        ("Binance_WIFBTC_d.csv", "WIF", "BTC"),
        ("my_btc.csv", "BTC", None),
        ("MEXC_BTC_1h.csv", "BTC", None),
        ("HTX_ETH.csv", "ETH", None),
        ("TRAIN_BTC.csv", "BTC", None),
        ("tETHBTC_1h.csv", "ETH", "BTC"),
        ("tBTCUSD.csv", "BTC", "USD"),
        ("币安人生USDT.csv", "币安人生", "USD"),
        ("狗狗币_EUR_1h.csv", "狗狗币", "EUR"),
        ("данные_BTC_1h.csv", "BTC", None),
        ("数据_BTC.csv", "BTC", None),
    ],
)
def test_the_name_of_a_file_says_coin_and_quote(name: str, ticker: str, quote: str | None) -> None:
    assert guess(name) == Symbol(ticker, quote)


@pytest.mark.parametrize(
    "name",
    ["prices.csv", "USDT.csv", "AUSD.csv", "ABCDEFGHIJKUSDT.csv", "2024USD.csv", "", "country.csv",
     "prices_USD.csv", "PRICES_EUR.csv", "header_says_eur.csv", "two_satoshi.csv", "历史.csv",
     "bitcoin_sv.csv", "Bitcoin Gold.csv", "litecoin_cash-1h.csv", "wrapped_bitcoin.csv",
     "wrapped_eth.csv", "WRAPPED_BTC_USD.csv", "baby-doge-coin.csv", "Baby_DOGE_USDT.csv",
     "ethereum-name-service-usd-max.csv", "btc-gold.csv", "Bitcoin Dominance.csv", "BTC.D_1d.csv",
     "CRYPTOCAP_BTC.D, 1D.csv", "比特币.csv", "WBTC.csv", "WSTETH.csv", "RENBTC_1h.csv", "DAI.csv",
     "WIF_BTC_classic.csv"],
)  # fmt: skip
def test_a_name_without_a_coin_says_nothing(name: str) -> None:
    assert guess(name) is None


@pytest.mark.parametrize(
    ("text", "ticker", "quote"),
    [
        ("BTCUSDT", "BTC", "USD"),
        ("btc", "BTC", None),
        ("Bitcoin Cash", "BCH", None),
        ("KRW-BTC", "BTC", "KRW"),
        ("LUNA/BTC", "LUNA", "BTC"),
        ("foo_eur", "FOO", "EUR"),
        ("foo", "FOO", None),
        ("BTC/USDT:USDT", "BTC", "USD"),
        ("ETH-USDT-SWAP", "ETH", "USD"),
        ("BTCUSDT.P", "BTC", "USD"),
        ("^GSPC", "^GSPC", None),
        ("狗狗币", "狗狗币", None),
        ("狗狗币/USDT", "狗狗币", "USD"),
        ("इथेरियम", "इथेरियम", None),
        ("Some Coin", "Some Coin", None),
        ("con", "CON-USD", None),
        ("<b>x</b>", "bxb", None),
    ],
)
def test_a_symbol_in_a_file_is_read_in_any_script(
    text: str, ticker: str, quote: str | None
) -> None:
    assert read_symbol(text) == Symbol(ticker, quote)


@pytest.mark.parametrize("coin", ["BTC", "ETH", "SOL"])
@pytest.mark.parametrize("quote", ["EUR", "USD", "GBP"])
@pytest.mark.parametrize(
    "form",
    ["^{}{}", "PI_{}{}", "pf_{}{}", "{}{}=X", "{}-{}.CC", "{}/{}.SPOT", "{}{}-240329",
     "{}{}_240329", "{}/{} (Kraken)", "BITSTAMP_SPOT_{}_{}", "{} ({})"],
)  # fmt: skip
def test_what_providers_write_around_a_symbol_is_no_part_of_it(
    form: str, coin: str, quote: str
) -> None:
    assert read_symbol(form.format(coin, quote)) == Symbol(coin, quote)


@pytest.mark.parametrize(
    "text", ["Bitcoin (BTC)", "BTC-27DEC24", "(BTC)", "BTC.CC", f"BTC ({'x' * 34})"]
)
def test_a_remark_without_a_quote_says_the_coin_alone(text: str) -> None:
    assert read_symbol(text) == Symbol("BTC")


@pytest.mark.parametrize("text", ["数" * 120, "a数" * 60, "BTC (b)" + " (b)" * 5_000, "(" * 9_999])
def test_a_long_text_costs_little(text: str) -> None:
    guess(text)
    read_symbol(text)


@pytest.mark.parametrize("text", ["", " ", "1", "12", "...", "//"])
def test_a_text_without_letters_is_no_coin(text: str) -> None:
    assert read_symbol(text) is None


@pytest.mark.parametrize("text", ["", "5", "../x", "-rf", "<b>", "BTC;ls", "a\x00b", "A" * 41])
def test_what_a_user_can_not_call_a_coin_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="at most 20 characters"):
        symbol_of(text)


@pytest.mark.parametrize(("text", "ticker"), [("btc/eur", "BTC"), ("狗狗币", "狗狗币")])
def test_what_a_user_calls_a_coin_is_read(text: str, ticker: str) -> None:
    assert symbol_of(text).ticker == ticker


@given(st.text(max_size=60) | st.text("BTCEHUSDR-/_:. tX", max_size=14))
def test_any_ticker_is_safe_as_a_file_name(text: str) -> None:
    for symbol in (read_symbol(text), guess(text)):
        if symbol is not None:
            assert 0 < len(symbol.ticker) <= 24
            assert not set(symbol.ticker) & set('<>"|?*/\\:\n\x00')
            assert symbol.ticker == symbol.ticker.strip(" .")


@pytest.mark.parametrize("text", ["btcu\u017fdt", "BTC/U\u017fDT", "\u212aRW-BTC"])
def test_a_pair_in_letters_that_only_look_like_ours_is_none(text: str) -> None:
    assert pairs.read(text.replace("\u017f", "s").replace("\u212a", "K")) is not None
    assert pairs.read(text) is None
