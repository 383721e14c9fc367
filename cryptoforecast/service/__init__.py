"""The service: prices, training, backtests, forecasts and saved models for all that use them.

The pages, the API and the command line call a ``Service``. It holds what one process shares: the
caches and the background worker. Nothing here draws, serves or prints.
"""

from __future__ import annotations

import functools
import importlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptoforecast.service.ablations import AblationService
    from cryptoforecast.service.alarms import AlarmService
    from cryptoforecast.service.anomalies import AnomalyService
    from cryptoforecast.service.backtests import BacktestService
    from cryptoforecast.service.forecasts import PREDICT_MODEL, ForecastService
    from cryptoforecast.service.ledger import LedgerService
    from cryptoforecast.service.lessons import LessonService
    from cryptoforecast.service.outlooks import OutlookService
    from cryptoforecast.service.prices import PriceService, is_file
    from cryptoforecast.service.renewals import RenewalService
    from cryptoforecast.service.saved_models import SavedModelService
    from cryptoforecast.service.searches import SearchService
    from cryptoforecast.service.signals import SignalService
    from cryptoforecast.service.training import Run, TrainingService
    from cryptoforecast.service.walk_forward import WalkForwardService, is_walk_forward
    from cryptoforecast.settings import Settings

__all__ = [
    "PREDICT_MODEL",
    "AblationService",
    "AlarmService",
    "AnomalyService",
    "BacktestService",
    "ForecastService",
    "LedgerService",
    "LessonService",
    "OutlookService",
    "PriceService",
    "RenewalService",
    "Run",
    "SavedModelService",
    "SearchService",
    "Service",
    "SignalService",
    "TrainingService",
    "WalkForwardService",
    "forget_shared",
    "is_file",
    "is_walk_forward",
    "shared",
]

# Where each name is loaded from when it is first used: a command that reads a file needs little.
_HOMES = {
    "AblationService": "ablations",
    "PREDICT_MODEL": "forecasts",
    "AlarmService": "alarms",
    "AnomalyService": "anomalies",
    "BacktestService": "backtests",
    "ForecastService": "forecasts",
    "LedgerService": "ledger",
    "LessonService": "lessons",
    "OutlookService": "outlooks",
    "PriceService": "prices",
    "RenewalService": "renewals",
    "Run": "training",
    "SavedModelService": "saved_models",
    "SearchService": "searches",
    "SignalService": "signals",
    "TrainingService": "training",
    "WalkForwardService": "walk_forward",
    "is_file": "prices",
    "is_walk_forward": "walk_forward",
}


def __getattr__(name: str) -> object:
    """Load the module of a name when the name is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


class Service:
    """Everything that CryptoForecast does, in parts that share caches and one worker.

    Args:
        settings: Folders and bounds.

    Attributes:
        settings: Folders and bounds.
        prices: Live prices and price files.
        signals: Series beside the price.
        training: Networks, trained at once or in the background.
        backtests: Tests of one fit on the last share of a history.
        ablations: Tests of whether inputs help.
        searches: Searches for better settings.
        walk_forward: Tests with a new fit for each of several spans.
        forecasts: The steps after the last closed candle.
        outlooks: Forecasts by the name of what forecasts, with the test of them on past prices.
        lessons: What the lessons compute.
        anomalies: Past candles that were surprising.
        global_models: Networks that learn from many coins.
        workers: Tests of many folds and coins by several workers.
        ledger: Forecasts that stand before their outcome.
        alarms: What the owner is told of.
        saved_models: Models on disk, of the user and of the project.
        renewals: Saved models that are trained on newer prices, and their versions.
        owner_key: Recognises the owner of the installation.
    """

    def __init__(self, settings: Settings) -> None:
        from cryptoforecast.service.ablations import AblationService
        from cryptoforecast.service.alarms import AlarmService
        from cryptoforecast.service.anomalies import AnomalyService
        from cryptoforecast.service.backtests import BacktestService
        from cryptoforecast.service.forecasts import ForecastService
        from cryptoforecast.service.global_models import GlobalModelService
        from cryptoforecast.service.heavy import OneHeavyFit
        from cryptoforecast.service.ledger import LedgerService
        from cryptoforecast.service.lessons import LessonService
        from cryptoforecast.service.memory import Memory
        from cryptoforecast.service.outlooks import OutlookService
        from cryptoforecast.service.owner_key import OwnerKey
        from cryptoforecast.service.prices import PriceService
        from cryptoforecast.service.renewals import RenewalService
        from cryptoforecast.service.saved_models import SavedModelService
        from cryptoforecast.service.searches import SearchService
        from cryptoforecast.service.signals import SignalService
        from cryptoforecast.service.training import TrainingService
        from cryptoforecast.service.walk_forward import WalkForwardService
        from cryptoforecast.service.workers import WorkerService

        memory = Memory(settings.memory)
        one_heavy = OneHeavyFit(memory)
        self.settings = settings
        self.owner_key = OwnerKey(settings.owner_key)
        self.prices = PriceService(settings, memory=memory)
        self.signals = SignalService(settings, self.prices)
        self.training = TrainingService(settings, memory)
        self.saved_models = SavedModelService(settings, self.owner_key.remedy())
        self.backtests = BacktestService(self.training, one_heavy, memory)
        self.walk_forward = WalkForwardService(self.training, one_heavy, memory)
        self.workers = WorkerService(self.training, memory)
        self.global_models = GlobalModelService(self.training)
        self.renewals = RenewalService(
            settings, self.prices, self.training, self.saved_models, self.signals, memory,
            self.owner_key.remedy(),
        )  # fmt: skip
        self.ablations = AblationService(self.training, self.workers)
        self.searches = SearchService(settings, self.training, self.workers)
        self.forecasts = ForecastService(self.saved_models, one_heavy)
        self.outlooks = OutlookService(self.saved_models, self.forecasts, self.backtests)
        self.ledger = LedgerService(
            settings, self.prices, self.signals, self.saved_models, self.forecasts, self.outlooks
        )
        self.lessons = LessonService(settings, memory)
        self.anomalies = AnomalyService(self.saved_models, memory)
        self.alarms = AlarmService(
            settings, self.prices, self.anomalies, self.ledger, self.outlooks
        )


def shared() -> Service:
    """Return the one service of this process, set up from the environment."""
    with _LOCK:  # two threads that call this first get the same service
        return _service()


def forget_shared() -> None:
    """Forget the service of this process: the next one reads the environment again."""
    with _LOCK:
        _service.cache_clear()


@functools.cache
def _service() -> Service:
    from cryptoforecast.settings import Settings

    return Service(Settings.from_environment())


_LOCK = threading.Lock()
