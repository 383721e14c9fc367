"""CryptoForecast: forecast crypto prices, and see whether the forecast beats the last price.

The names below are the library. Importing the package loads none of them: each is loaded when it
is first used.

    >>> import cryptoforecast as cf
    >>> prices = cf.fetch("BTC", start="2024-01-01", end="2024-03-01", simulated="only")
    >>> cf.backtest(prices, "cone").verdict.beats_baseline
    False
"""

from typing import TYPE_CHECKING

__version__ = "0.2.0"

if TYPE_CHECKING:
    from cryptoforecast.errors import CryptoForecastError
    from cryptoforecast.library.anomalies import Anomalies, anomalies
    from cryptoforecast.library.backtest_results import Backtest
    from cryptoforecast.library.backtests import backtest
    from cryptoforecast.library.forecasts import Forecast
    from cryptoforecast.library.global_models import train_global
    from cryptoforecast.library.models import Model, load, models, train
    from cryptoforecast.library.outlooks import forecast
    from cryptoforecast.library.prices import Prices, fetch, from_frame, read
    from cryptoforecast.library.searches import Search, search
    from cryptoforecast.library.signals import signal

__all__ = [
    "Anomalies",
    "Backtest",
    "CryptoForecastError",
    "Forecast",
    "Model",
    "Prices",
    "Search",
    "__version__",
    "anomalies",
    "backtest",
    "fetch",
    "forecast",
    "from_frame",
    "load",
    "models",
    "read",
    "search",
    "signal",
    "train",
    "train_global",
]

# Where each name is loaded from.
_HOMES = {
    "Anomalies": "library.anomalies",
    "Backtest": "library.backtest_results",
    "CryptoForecastError": "errors",
    "Forecast": "library.forecasts",
    "Model": "library.models",
    "Prices": "library.prices",
    "Search": "library.searches",
    "anomalies": "library.anomalies",
    "backtest": "library.backtests",
    "fetch": "library.prices",
    "forecast": "library.outlooks",
    "from_frame": "library.prices",
    "load": "library.models",
    "models": "library.models",
    "read": "library.prices",
    "search": "library.searches",
    "signal": "library.signals",
    "train": "library.models",
    "train_global": "library.global_models",
}

if not TYPE_CHECKING:  # a type checker reads the imports above

    def __getattr__(name):
        """Load a name of the library when it is first used."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the names of the library, and none of the modules that were loaded for them."""
    return sorted({name for name in globals() if name.startswith("__")} | {*__all__})
