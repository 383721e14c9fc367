"""Why a coin has no live prices, and what the user can do about it."""

from __future__ import annotations

from cryptoforecast.errors import (
    CryptoForecastError,
    InvalidInput,
    NotEnoughData,
    SourceUnavailable,
)
from cryptoforecast.prices.candles.coins import COINS, Coin, suggestion
from cryptoforecast.prices.simulation import market


def no_prices(
    coin: Coin, failure: CryptoForecastError | None, *, simulated: bool
) -> CryptoForecastError:
    """Return the error about a coin without live prices, whose prices are not simulated.

    Args:
        coin: The coin.
        failure: Why no source answered.
        simulated: Whether simulated prices might answer, if there were any of this coin.
    """
    listed = coin.ticker in COINS
    if isinstance(failure, NotEnoughData) and listed:
        return failure
    if isinstance(failure, InvalidInput) and not market.has(coin):
        return type(failure)(f"{failure} {_remedy(coin)}")
    if not listed and simulated:
        return InvalidInput(
            f"{coin.symbol} is not in the list of coins, and no live source could be asked for it. "
            f"Received: {failure} {suggestion(coin.symbol)}"
        )
    return SourceUnavailable(
        f"Live prices of {coin.symbol} are needed. Received: {failure} Nothing is cached. "
        f"{_later(coin, simulated=simulated)}"
    )


def _later(coin: Coin, *, simulated: bool) -> str:
    """Say what to do about a coin whose live prices can't be had now; see ``no_prices``."""
    if coin.ticker not in COINS:
        return f"Try again later, or read a file. {suggestion(coin.symbol)}"
    if market.has(coin):
        return (
            "Try again later, read a file, or allow simulated prices (--prices any, "
            'prices=any, simulated="allow").'
        )
    dollars = COINS[coin.ticker].symbol
    instead = (
        f" Simulated prices are in USD only. Ask for {dollars} to get them." if simulated else ""
    )
    return f"Try again later, or read a file.{instead}"


def _remedy(coin: Coin) -> str:
    """Say what to ask for in place of a coin that no source has."""
    if coin.ticker in COINS:
        return f"Ask for {COINS[coin.ticker].symbol}."
    return suggestion(coin.symbol)
