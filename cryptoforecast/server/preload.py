"""Computes the first answers while the server starts.

Without it, the first user would wait until pandas and Plotly are loaded and the landing page's
model is tested. Nothing large is loaded before the server answers: loading takes as long as
starting Streamlit itself.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
from typing import TYPE_CHECKING

from cryptoforecast.errors import CryptoForecastError, InvalidInput
from cryptoforecast.server import process
from cryptoforecast.settings import Settings

if TYPE_CHECKING:
    from cryptoforecast.service import Service

log = logging.getLogger(__name__)


def read_settings() -> Settings:
    """Read the settings; end the process with one clear line if one is outside the rules."""
    try:
        return Settings.from_environment()
    except InvalidInput as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)


def start() -> None:
    """Start the preload beside the server, which does not wait for it."""
    threading.Thread(target=_preload, name="preload", daemon=True).start()


def service() -> Service:
    """Return the service of this process; the first call loads it."""
    from cryptoforecast.service import shared

    return shared()


def _preload() -> None:
    """Compute what ``POST /predict`` and the landing page need, and cache it."""
    # Nothing that is loaded here is garbage, and looking for garbage takes a tenth of the time.
    gc.disable()
    try:
        from cryptoforecast.service import PREDICT_MODEL

        # First what takes a hundredth of a second. A request that comes now would otherwise share
        # the interpreter with the loading of the pages.
        model = service().saved_models.load(PREDICT_MODEL).model
        service().forecasts.predict_closes([1.0] * model.card.needs)

        from cryptoforecast.ui import landing

        landing.preload(service())
        service().saved_models.all()  # reads each model's card, for the lists of the pages
    except CryptoForecastError as error:
        log.warning("The first answers of the server could not be preloaded: %s", error)
    finally:
        # All objects of this moment stay. A collection that looks through them would delay every
        # answer by a tenth of a second.
        gc.freeze()
        gc.enable()
        process.trim()
