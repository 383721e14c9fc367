"""Get the first answers ready while the server starts, so that the first visitor is not the one
who waits for pandas and Plotly to load and the model to be judged.

Nothing large is loaded until the server answers: that takes as long as starting Streamlit itself.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from streamlit import delta_generator

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.server import process, sockets

if TYPE_CHECKING:
    from cryptoforecast.service import Service
    from cryptoforecast.types import PriceHistory

log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """Begin with the server; the server does not wait for it."""
    sockets.send_at_once(asyncio.get_running_loop())
    # Before its first element Streamlit looks up the file of every loaded module, to warn whoever
    # runs a page without a server. Here is one, and the look-up is a tenth of a first visit.
    delta_generator._use_warning_has_been_displayed = True
    threading.Thread(target=_prepare, name="warm-up", daemon=True).start()
    yield


def service() -> Service:
    """Return the process's one service, loaded by whoever asks first."""
    from cryptoforecast.service import shared

    return shared()


def _prepare() -> None:
    """Ask what the landing page and the first prediction will ask; the answers are remembered."""
    gc.disable()  # nothing of what loads now is garbage, and looking for it is a tenth of the time
    try:
        from cryptoforecast.service import PREDICT_MODEL

        _landing(service())
        model = service().model(PREDICT_MODEL).model
        service().predict_closes([1.0] * model.card.needs)
    except CryptoForecastError as error:
        log.warning("The server's first answers could not be prepared: %s", error)
    finally:
        # What is there by now stays. A collection that looks through all of it would hold up
        # every answer for a tenth of a second.
        gc.freeze()
        gc.enable()
        process.trim()


def _landing(service: Service) -> None:
    """Judge the landing page's model, while a second thread lets it look ahead."""
    from cryptoforecast.ui import figures, inputs, selection

    history = service.history(inputs.query(inputs.COIN, inputs.INTERVAL), wait=0)
    chosen = inputs.FIRST[inputs.INTERVAL]
    with ThreadPoolExecutor(1) as other:
        ahead = other.submit(_ahead, service, chosen, history)
        result = selection.judge(service, chosen, history)
        figures.predicted_vs_actual(result, result.spec.horizon, dark=False)
        figures.compare_errors(result, dark=False)
        figures.coverage(result, dark=False)
        ahead.result()


def _ahead(service: Service, chosen: str, history: PriceHistory) -> None:
    from cryptoforecast.ui import figures, probability, selection

    future = selection.look_ahead(service, chosen, history)
    figures.fan(future, dark=False)
    one, around = probability.of(future, float(future.forecast.close[0]), "above")
    figures.chance_map(future, around, dark=False)
    figures.chance_by_step(future, one, dark=False)
