"""The parts of the service: each is loaded when it is first used, and made once."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cryptoforecast.service import LessonService, Service
from cryptoforecast.settings import ROOT, Settings
from cryptoforecast.signals.live import LiveSignals
from cryptoforecast.types import PriceHistory
from tests import synthetic

_PREDICTION = """
import sys
from cryptoforecast.service import PREDICT_MODEL, shared
needs = shared().saved_models.load(PREDICT_MODEL).model.card.needs
assert shared().forecasts.predict_closes([1.0] * needs)
print(*(name for name in sys.modules if name.startswith("cryptoforecast.service.")))
"""


def test_threads_that_come_together_get_the_same_part(
    home, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    class Slow(LessonService):
        def __init__(self, *arguments) -> None:
            made.append(threading.get_ident())
            time.sleep(0.05)
            super().__init__(*arguments)

    monkeypatch.setattr("cryptoforecast.service.lessons.LessonService", Slow)
    service, together = Service(Settings(home)), threading.Barrier(8)

    def ask(_: int) -> LessonService:
        together.wait(60)
        return service.lessons

    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(ask, range(8)))
    assert len(made) == 1
    assert len({id(part) for part in [*parts, service.lessons]}) == 1


def test_threads_that_come_together_share_the_cache_of_live_signals(
    home, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    class Slow(LiveSignals):
        def __init__(self, *arguments) -> None:
            made.append(threading.get_ident())
            time.sleep(0.05)
            super().__init__(*arguments)

    monkeypatch.setattr("cryptoforecast.signals.live.LiveSignals", Slow)
    signals, together = Service(Settings(home, live=False)).signals, threading.Barrier(8)
    history = synthetic.history(simulated=True)

    def ask(_: int) -> PriceHistory:
        together.wait(60)
        return signals.beside(history, ["signal:fear_greed"])

    with ThreadPoolExecutor(8) as pool:
        assert all(one.signals for one in pool.map(ask, range(8)))
    assert len(made) == 1


def test_a_prediction_loads_no_other_part(home) -> None:
    command = [sys.executable, "-c", _PREDICTION]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in done.stdout.split()}
    assert {"forecasts", "saved_models"} <= loaded
    others = {
        "ablations",
        "alarms",
        "ledger",
        "lessons",
        "prices",
        "renewals",
        "searches",
        "workers",
    }
    assert loaded.isdisjoint(others)
