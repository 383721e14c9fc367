"""Settings, read once from ``CRYPTOFORECAST_*`` and passed down.

Imports only ``errors``.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptoforecast.errors import InvalidInput

PACKAGE = Path(__file__).resolve().parent
#: The folder of ``app.py``, ``pages``, ``models`` and ``.streamlit``: the project's own in a
#: checkout, where the package lies beside them; an installed package carries them inside.
ROOT = PACKAGE / "_app" if (PACKAGE / "_app").is_dir() else PACKAGE.parent


@dataclass(frozen=True)
class Settings:
    """Where things are written, and the bounds on what is kept.

    Attributes:
        home: folder for everything written: price cache, training cache, saved models.
        shipped: folder of the models that come with the project; only read.
        live: whether price sources on the network may be asked.
        deadline: seconds a request for prices may take in all.
        fresh: seconds for which cached prices count as fresh.
        cached_trainings: trained models kept in the training cache on disk.
        price_files: coin and interval pairs kept in the price cache.
        jobs: trainings that may wait in the queue.
    """

    home: Path
    shipped: Path = ROOT / "models"
    live: bool = True
    deadline: float = 15.0
    fresh: float = 120.0
    cached_trainings: int = 60
    price_files: int = 200
    jobs: int = 8

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read ``CRYPTOFORECAST_HOME``, ``_LIVE`` (0 or 1) and ``_DEADLINE`` (seconds).

        Raises:
            InvalidInput: if a value can't be understood.
        """
        given = environ.get("CRYPTOFORECAST_HOME")
        try:
            home = Path(given).expanduser() if given else default_home()
        except RuntimeError as error:  # ~ of a user there is not
            raise InvalidInput(
                f"CRYPTOFORECAST_HOME must be a folder. Received: {given!r}. {error}"
            ) from error
        live = environ.get("CRYPTOFORECAST_LIVE", "1")
        if live not in ("0", "1"):
            raise InvalidInput(f"CRYPTOFORECAST_LIVE must be 0 or 1. Received: {live!r}.")
        deadline = environ.get("CRYPTOFORECAST_DEADLINE", "15")
        try:
            seconds = float(deadline)
        except ValueError as error:
            raise InvalidInput(
                f"CRYPTOFORECAST_DEADLINE must be a number of seconds. Received: {deadline!r}."
            ) from error
        if not 0 < seconds <= 15:
            raise InvalidInput(
                f"CRYPTOFORECAST_DEADLINE must be above 0 and at most 15. Received: {deadline}."
            )
        return cls(home=home.resolve(), live=live == "1", deadline=seconds)


def default_home() -> Path:
    """Choose ``~/.cryptoforecast``, or the temporary folder where home can't be written."""
    home = Path.home() / ".cryptoforecast"
    try:
        home.mkdir(parents=True, exist_ok=True)
        writable = os.access(home, os.W_OK)
    except OSError:
        writable = False
    return home if writable else Path(tempfile.gettempdir()) / "cryptoforecast"
