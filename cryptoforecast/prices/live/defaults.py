"""The live sources, in the order in which they are asked."""

from __future__ import annotations

from pathlib import Path

from cryptoforecast.prices.live.breaker import PAUSE, CircuitBreaker
from cryptoforecast.prices.live.coinbase import Coinbase
from cryptoforecast.prices.live.kraken import Kraken
from cryptoforecast.prices.live.yahoo import Yahoo


def live_sources(home: Path, pause: float = PAUSE) -> tuple[Yahoo, Coinbase, Kraken]:
    """Make the live sources anew.

    Args:
        home: Where yfinance may write.
        pause: Seconds for which each is left alone after it has failed.
    """
    return (
        Yahoo(home, CircuitBreaker("Yahoo", pause)),
        Coinbase(breaker=CircuitBreaker("Coinbase", pause)),
        Kraken(breaker=CircuitBreaker("Kraken", pause)),
    )
