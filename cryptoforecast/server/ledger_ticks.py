"""Takes the steps of a tick while the app runs, as ``cryptoforecast tick`` does for cron."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptoforecast.errors import CryptoForecastError

if TYPE_CHECKING:
    from cryptoforecast.service import Service

#: Seconds after the close of a candle, until every source has it.
DELAY = 150

log = logging.getLogger(__name__)


def start(hours: float | None, service: Callable[[], Service]) -> None:
    """Start the thread that ticks for as long as the process runs.

    Args:
        hours: Between two ticks; ``None`` for none at all.
        service: Returns the service, which is loaded at the first tick.
    """
    if hours is not None:
        threading.Thread(
            target=_run, args=(3600 * hours, service), name="ledger-ticks", daemon=True
        ).start()


def seconds_to_next(now: float, length: float) -> float:
    """Return how long to wait for the next tick, which follows the close of a candle.

    Args:
        now: Seconds since 1970, UTC.
        length: Seconds between two ticks.
    """
    return length - (now - DELAY) % length


def tick(service: Service) -> None:
    """Take every step of a tick, and log what could not be done."""
    from cryptoforecast.service import ticks

    result = ticks.tick(service)
    for name, error in result.failures.items():
        # A user can do something about an error of ours; of a fault, the log has the place.
        fault = None if isinstance(error, CryptoForecastError) else error
        log.warning("The step %s of the tick failed: %s", name, error, exc_info=fault)
    for attempt in result.attempts:
        if attempt.refusal:
            log.warning("%s was not recorded: %s", attempt.model, attempt.refusal)
    if result.renewal is not None:
        log.info("%s: %s", result.renewal.name, result.renewal.sentence)
    for rule, reason in result.alarms.unchecked:
        log.warning("Alarm %d was not looked at: %s", rule.number, reason)
    if result.alarms.problem:
        log.warning("No message of an alarm is sent: %s", result.alarms.problem)


def _run(length: float, service: Callable[[], Service]) -> None:
    while True:
        time.sleep(seconds_to_next(time.time(), length))
        tick(service())
