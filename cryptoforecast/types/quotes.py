"""Quote currencies: what prices are in, and how a price is written in each of them."""

from __future__ import annotations

import math

#: The quote of prices of which nothing else is known, and of those in a coin that stands for it.
DEFAULT_QUOTE = "USD"
#: Coins that stand for one dollar: their prices are shown as US dollars.
DOLLARS = frozenset({"USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD"})
#: Currencies of states that exchanges quote coins in, and the sign before a price where the sign
#: belongs to that currency alone.
MONEY = {
    "USD": "$", "EUR": "€", "GBP": "£", "KRW": "₩", "INR": "₹", "TRY": "₺", "BRL": "R$",
    "JPY": "", "CNY": "", "RUB": "", "UAH": "", "AUD": "", "CAD": "", "CHF": "", "HKD": "",
    "SGD": "", "NZD": "", "MXN": "", "ZAR": "", "PLN": "", "CZK": "", "SEK": "", "NOK": "",
    "DKK": "", "IDR": "", "THB": "", "VND": "", "PHP": "", "TWD": "", "ARS": "", "NGN": "",
    "AED": "", "ILS": "", "HUF": "",
}  # fmt: skip
#: Dollars and reals as they are written where a dollar sign alone does not tell them apart.
DOLLAR_SIGNS = {
    "US$": "USD", "AU$": "AUD", "A$": "AUD", "CA$": "CAD", "C$": "CAD", "HK$": "HKD",
    "NZ$": "NZD", "NT$": "TWD", "MX$": "MXN", "AR$": "ARS", "S$": "SGD", "R$": "BRL",
}  # fmt: skip
#: Coins that other coins are quoted in.
COINS = ("BTC", "ETH", "BNB")
#: Every quote that a symbol such as ``ETH/BTC`` or ``BTC-EUR`` may end in, dollar coins included.
QUOTES = frozenset({*DOLLARS, *MONEY, *COINS})
#: The smallest part of a bitcoin.
SATOSHI = 1e-8
# Currencies without cents in use.
_WHOLE = {"KRW", "JPY", "IDR", "VND"}


def quote_of(text: str) -> str | None:
    """Return the quote that a currency's name stands for; ``None`` for any other text.

    Args:
        text: Such as ``"usdt"`` (USD), ``"EUR"`` or ``"xbt"`` (BTC), in any case.
    """
    name = {"XBT": "BTC"}.get(text.strip().upper(), text.strip().upper())
    if name in DOLLARS:
        return DEFAULT_QUOTE
    return name if name in QUOTES else None


def market_name(coin: str, quote: str) -> str:
    """Name a market: the ticker, and the quote unless it is USD, as ``"BTC-EUR"``."""
    return coin if quote == DEFAULT_QUOTE else f"{coin}-{quote}"


def decimals(size: float, quote: str = DEFAULT_QUOTE, *, estimate: bool = False) -> int:
    """Choose decimals that give about four significant digits of a price.

    Dollars and most money have at least two, and won and yen may have none. Prices in a coin
    have at least six below 1, as exchanges give them. They end at the satoshi; prices
    below one satoshi have two significant digits.

    Args:
        size: A price, or the largest of those that are written alike; 0 or less for unknown.
        quote: The currency.
        estimate: Whether it is a forecast or an average, which may be finer than the smallest
            part of a coin.
    """
    least = 0 if quote in _WHOLE else 2
    if size <= 0:
        return least
    digits = 3 - math.floor(math.log10(size))
    if quote in COINS and size < 1:
        least = 6
    if quote in COINS and not estimate:
        digits = min(digits, 8 if size >= SATOSHI else digits - 2)
    return min(12, max(least, digits))


def price_text(
    price: float,
    quote: str = DEFAULT_QUOTE,
    sign: str = "",
    *,
    estimate: bool = False,
    whole: bool = False,
) -> str:
    """Write a price: "$64,123.45", "€0.00001234", "₩91,234,000", "0.051230 BTC".

    Args:
        price: A price or a difference of prices; "unknown" stands for one that is not finite.
        quote: The currency. Its code follows the number where no sign belongs to it alone.
        sign: ``"+"`` to write the sign of positive differences too.
        estimate: Whether it is a forecast or an average; see ``decimals``.
        whole: Whether to leave out the cents of a price that has many digits before them.
    """
    if not math.isfinite(price):
        return "unknown"
    before, after = affixes(quote)
    if whole and decimals(abs(price)) <= 2:
        number = f"{abs(price):,.0f}"
    else:
        number = number_text(abs(price), quote, estimate=estimate)
    return f"{'-' if price < 0 else sign}{before}{number}{after}"


def number_text(price: float, quote: str = DEFAULT_QUOTE, *, estimate: bool = False) -> str:
    """Write the number of a price alone, for a column whose header has the currency."""
    return f"{price:,.{decimals(abs(price), quote, estimate=estimate)}f}"


def affixes(quote: str) -> tuple[str, str]:
    """Return what stands before and after a number in a currency: ``("$", "")``."""
    sign = MONEY.get(quote, "")
    return (sign, "") if sign else ("", f" {quote}")
