"""The parameters of the simulated market; ``market`` says how they were estimated."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class MarketParameters:
    """The properties of hourly prices; ``market`` has the model.

    Attributes:
        volatility: Level to which the standard deviation of the hourly log-return reverts. Paths
            are below it most of the time, and now and then far above.
        weights: Share of the variance forecast that each moving average has. The long-run
            variance has the rest.
        half_lives: Half-life of each moving average, hours.
        leverage: How much more a fall raises the variance than a rise does, relative.
        freedom: Degrees of freedom of Student's t; ``inf`` for the normal distribution.
        hours: Volatility by hour of the day, UTC, relative to the mean of the day; 24 numbers.
        weekend: Volatility on Saturday and Sunday relative to the other days.
        range_ratio: Mean Parkinson variance of a candle over the mean squared log-return.
        wick: Factor by which the path inside an hour is stretched around the straight line from
            open to close.
        volume_elasticity: Relative change of volume for a relative change of the range.
        volume_noise: Standard deviation of log volume that the range does not explain.
        volume_memory: Autocorrelation of that part from one hour to the next.
    """

    volatility: float
    weights: tuple[float, ...]
    half_lives: tuple[float, ...]
    leverage: float
    freedom: float
    hours: tuple[float, ...]
    weekend: float
    range_ratio: float
    wick: float
    volume_elasticity: float
    volume_noise: float
    volume_memory: float


DEFAULT = MarketParameters(
    volatility=0.0093,
    weights=(0.353, 0.437, 0.201),
    half_lives=(0.51, 7.99, 94.83),
    leverage=0.172,
    freedom=3.52,
    hours=(1.16, 1.03, 0.94, 0.85, 0.83, 0.82, 0.85, 0.9, 0.95, 0.92, 0.94, 0.91,
           1.05, 1.17, 1.29, 1.2, 1.14, 1.02, 0.97, 1.0, 1.06, 1.0, 1.01, 0.99),
    weekend=0.775,
    range_ratio=1.128,
    wick=1.5036,
    volume_elasticity=0.88,
    volume_noise=0.39,
    volume_memory=0.6,
)  # fmt: skip

#: By ticker: price in USD at the first candle, volatility relative to Bitcoin, hourly turnover in
#: million USD. The volatility of ETH, BNB, XRP and LTC is measured (hourly, 2023 to 2025); all
#: other numbers are round.
STARTS: dict[str, tuple[float, float, float]] = {
    "BTC": (47_000, 1.0, 130), "ETH": (3_700, 1.31, 70), "BNB": (510, 1.17, 12),
    "XRP": (0.83, 1.7, 20), "SOL": (170, 1.7, 15), "DOGE": (0.17, 1.7, 10),
    "ADA": (1.3, 1.6, 8), "TRX": (0.075, 1.2, 5), "LINK": (20, 1.7, 6),
    "AVAX": (110, 1.7, 6), "XLM": (0.27, 1.6, 3), "BCH": (430, 1.6, 4),
    "LTC": (146, 1.65, 6), "DOT": (27, 1.7, 5), "SHIB": (3.3e-5, 1.7, 6),
    "HBAR": (0.29, 1.7, 3), "XMR": (230, 1.3, 2), "ETC": (34, 1.6, 4),
    "ATOM": (32, 1.7, 4), "NEAR": (14, 1.7, 4), "AAVE": (255, 1.7, 3),
    "FIL": (34, 1.7, 3), "ICP": (25, 1.7, 3), "ALGO": (1.7, 1.6, 3),
    "VET": (0.083, 1.7, 2), "UNI": (17, 1.7, 4), "ZEC": (147, 1.7, 2),
    "SUI": (1.3, 1.7, 4), "APT": (8, 1.7, 4), "ARB": (1.2, 1.7, 4),
    "PEPE": (1.5e-6, 1.7, 4), "POL": (2.5, 1.7, 3), "HYPE": (20, 1.7, 4),
    "TAO": (300, 1.7, 2), "INJ": (9, 1.7, 2), "OP": (1.5, 1.7, 3),
    "TON": (3.6, 1.6, 3), "IMX": (4.5, 1.7, 2), "GRT": (0.65, 1.7, 2),
    "STX": (2.2, 1.7, 2), "MNT": (0.5, 1.6, 2), "TIA": (2.3, 1.7, 2),
    "JUP": (0.6, 1.7, 2),
}  # fmt: skip


def constant_volatility(parameters: MarketParameters = DEFAULT) -> MarketParameters:
    """Return a market in which volatility can't be forecast.

    Args:
        parameters: The market to start from.

    Returns:
        The same market with independent, identically distributed returns: no volatility
        clustering, no pattern by hour of the day and no weekend. A sound test finds no skill in
        any band here.
    """
    return replace(parameters, weights=(), half_lives=(), hours=(1.0,) * 24, weekend=1.0)
