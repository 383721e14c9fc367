"""CryptoForecast: forecast crypto prices, and say whether it beats doing nothing."""

__version__ = "0.2.0"
