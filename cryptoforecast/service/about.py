"""What is installed: the app and the libraries that it is made of, with versions and licences."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import metadata

from cryptoforecast import __version__

#: The libraries by their distribution, and what the app uses them for. Two of
#: them are one library for different systems: the installed one is shown.
LIBRARIES = {
    "streamlit": "pages and the server",
    "fastapi": "the REST API",
    "plotly": "charts",
    "pandas": "candles",
    "numpy": "arrays, and forecasts",
    "pyarrow": "Parquet files and the price cache",
    "tensorflow": "training",
    "tensorflow-cpu": "training",
    "keras": "networks",
    "scikit-learn": "boosted trees, lessons",
    "yfinance": "prices of Yahoo Finance",
}
# A licence longer than this is its text, not its name.
_MAX_NAME = 60


@dataclass(frozen=True)
class Part:
    """A part of the app.

    Attributes:
        name: Its name.
        version: The installed version.
        licence: Name of its licence; empty if it states none.
        use: What the app uses it for.
    """

    name: str
    version: str
    licence: str
    use: str


def parts() -> tuple[Part, ...]:
    """Return the app, Python and the installed libraries, from what they say of themselves."""
    own = Part("CryptoForecast", __version__, "MIT", "this app")
    python = Part("Python", platform.python_version(), "PSF-2.0", "the language")
    libraries = [
        Part(name, metadata.version(name), _licence(name), use)
        for name, use in LIBRARIES.items()
        if _is_installed(name)
    ]
    return (own, python, *libraries)


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _licence(name: str) -> str:
    about = metadata.metadata(name)
    stated = [about[field] for field in ("License-Expression", "License") if field in about]
    return next((licence for licence in stated if len(licence) <= _MAX_NAME), "")
