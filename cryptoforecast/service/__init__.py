"""The service: prices, training, backtests, forecasts and saved models for all that use them.

The pages, the API and the command line call a ``Service``. It holds what one process shares: the
caches and the background worker. Nothing here draws, serves or prints.
"""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Self, TypeVar, overload

if TYPE_CHECKING:
    from cryptoforecast.service.ablations import AblationService
    from cryptoforecast.service.alarms import AlarmService
    from cryptoforecast.service.anomalies import AnomalyService
    from cryptoforecast.service.backtests import BacktestService
    from cryptoforecast.service.forecasts import PREDICT_MODEL, ForecastService
    from cryptoforecast.service.global_models import GlobalModelService
    from cryptoforecast.service.ledger import LedgerService
    from cryptoforecast.service.lessons import LessonService
    from cryptoforecast.service.outlooks import OutlookService
    from cryptoforecast.service.owner_key import OwnerKey
    from cryptoforecast.service.prices import PriceService, is_file
    from cryptoforecast.service.renewals import RenewalService
    from cryptoforecast.service.saved_models import SavedModelService
    from cryptoforecast.service.searches import SearchService
    from cryptoforecast.service.signals import SignalService
    from cryptoforecast.service.training import Run, TrainingService
    from cryptoforecast.service.walk_forward import WalkForwardService, is_walk_forward
    from cryptoforecast.service.workers import WorkerService
    from cryptoforecast.settings import Settings

PartType = TypeVar("PartType")

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


class _Part(Generic[PartType]):
    """A part of the service that is loaded and made when it is first used, and then kept.

    ``functools.cached_property`` has no lock, so two threads at the same time would make two parts.
    """

    def __init__(self, make: Callable[[Service], PartType]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, service: None, owner: type[Service]) -> Self: ...

    @overload
    def __get__(self, service: Service, owner: type[Service]) -> PartType: ...

    def __get__(self, service: Service | None, owner: type[Service]) -> Self | PartType:
        if service is None:
            return self
        with service.lock:
            # From the second use on, Python finds the part here and does not call this method.
            parts = vars(service)
            name = self._make.__name__
            if name not in parts:
                parts[name] = self._make(service)
            part: PartType = parts[name]
            return part


class Service:
    """Everything that CryptoForecast does, in parts that share caches and one worker.

    A part is loaded when it is first used, so that a prediction need not wait for all of them.

    Args:
        settings: Folders and bounds.

    Attributes:
        settings: Folders and bounds.
        lock: Held while a part is made.
    """

    def __init__(self, settings: Settings) -> None:
        from cryptoforecast.service.heavy import OneHeavyFit
        from cryptoforecast.service.memory import Memory

        self.settings = settings
        self.lock = threading.RLock()
        self._memory = Memory(settings.memory)
        self._one_heavy = OneHeavyFit(self._memory)

    @_Part
    def owner_key(self) -> OwnerKey:
        """What recognises the owner of the installation."""
        from cryptoforecast.service.owner_key import OwnerKey

        return OwnerKey(self.settings.owner_key)

    @_Part
    def prices(self) -> PriceService:
        """Live prices and price files."""
        from cryptoforecast.service.prices import PriceService

        return PriceService(self.settings, memory=self._memory)

    @_Part
    def signals(self) -> SignalService:
        """Series beside the price."""
        from cryptoforecast.service.signals import SignalService

        return SignalService(self.settings, self.prices)

    @_Part
    def training(self) -> TrainingService:
        """Networks, trained at once or in the background."""
        from cryptoforecast.service.training import TrainingService

        return TrainingService(self.settings, self._memory)

    @_Part
    def saved_models(self) -> SavedModelService:
        """Models on disk, of the user and of the project."""
        from cryptoforecast.service.saved_models import SavedModelService

        return SavedModelService(self.settings, self.owner_key.remedy())

    @_Part
    def backtests(self) -> BacktestService:
        """Tests of one fit on the last share of a history."""
        from cryptoforecast.service.backtests import BacktestService

        return BacktestService(self.training, self._one_heavy, self._memory)

    @_Part
    def walk_forward(self) -> WalkForwardService:
        """Tests with a new fit for each of several spans."""
        from cryptoforecast.service.walk_forward import WalkForwardService

        return WalkForwardService(self.training, self._one_heavy, self._memory)

    @_Part
    def workers(self) -> WorkerService:
        """Tests of many folds and coins by several workers."""
        from cryptoforecast.service.workers import WorkerService

        return WorkerService(self.training, self._memory)

    @_Part
    def global_models(self) -> GlobalModelService:
        """Networks that learn from many coins."""
        from cryptoforecast.service.global_models import GlobalModelService

        return GlobalModelService(self.training)

    @_Part
    def renewals(self) -> RenewalService:
        """Saved models that are trained on newer prices, and their versions."""
        from cryptoforecast.service.renewals import RenewalService

        return RenewalService(
            self.settings, self.prices, self.training, self.saved_models, self.signals,
            self._memory, self.owner_key.remedy(),
        )  # fmt: skip

    @_Part
    def ablations(self) -> AblationService:
        """Tests of whether inputs help."""
        from cryptoforecast.service.ablations import AblationService

        return AblationService(self.training, self.workers)

    @_Part
    def searches(self) -> SearchService:
        """Searches for better settings."""
        from cryptoforecast.service.searches import SearchService

        return SearchService(self.settings, self.training, self.workers)

    @_Part
    def forecasts(self) -> ForecastService:
        """The steps after the last closed candle."""
        from cryptoforecast.service.forecasts import ForecastService

        return ForecastService(self.saved_models, self._one_heavy)

    @_Part
    def outlooks(self) -> OutlookService:
        """Forecasts by a named saved model or baseline, with its test on past prices."""
        from cryptoforecast.service.outlooks import OutlookService

        return OutlookService(self.saved_models, self.forecasts, self.backtests)

    @_Part
    def ledger(self) -> LedgerService:
        """Forecasts that are recorded before their outcome is known."""
        from cryptoforecast.service.ledger import LedgerService

        return LedgerService(
            self.settings, self.prices, self.signals, self.saved_models, self.forecasts,
            self.outlooks,
        )  # fmt: skip

    @_Part
    def lessons(self) -> LessonService:
        """What the lessons compute."""
        from cryptoforecast.service.lessons import LessonService

        return LessonService(self.settings, self._memory)

    @_Part
    def anomalies(self) -> AnomalyService:
        """Past candles that were surprising."""
        from cryptoforecast.service.anomalies import AnomalyService

        return AnomalyService(self.saved_models, self._memory)

    @_Part
    def alarms(self) -> AlarmService:
        """Alarms that the owner has set, and the messages about them."""
        from cryptoforecast.service.alarms import AlarmService

        return AlarmService(self.settings, self.prices, self.anomalies, self.ledger, self.outlooks)


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
