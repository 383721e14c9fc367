"""Get the landing page's answer ready while the server starts, so that the first visitor is not
the one who waits for Plotly to load and the model to be judged.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.service import Service, shared
from cryptoforecast.ui import figures, inputs, sockets, subject

log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """Begin with the server; the server does not wait for it."""
    sockets.send_at_once(asyncio.get_running_loop())
    threading.Thread(target=_landing, args=(shared(),), name="warm-up", daemon=True).start()
    yield


def _landing(service: Service) -> None:
    """Ask what the landing page will ask; the service remembers the answer."""
    interval = inputs.INTERVAL
    try:
        history = service.history(inputs.query(inputs.COIN, interval), wait=0)
        found = subject.find(service, inputs.FIRST[interval], history)
        figures.fan(found.future, dark=False)
        figures.predicted_vs_actual(found.judged, found.judged.spec.horizon, dark=False)
        figures.compare_errors(found.judged, dark=False)
        figures.coverage(found.judged, dark=False)
    except CryptoForecastError as error:
        log.warning("The landing page could not be prepared: %s", error)
