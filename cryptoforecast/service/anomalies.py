"""Anomalies: closes that the forecast made before them called very unlikely, each computed once."""

from __future__ import annotations

from cryptoforecast.cache import LruCache
from cryptoforecast.evaluation import anomalies
from cryptoforecast.service import effort, keys
from cryptoforecast.service.memory import Memory
from cryptoforecast.service.saved_models import SavedModelService
from cryptoforecast.types import Anomalies, PriceHistory, SavedModel, Surprises, TrainedModel

__all__ = ["HAR", "MODELS", "AnomalyService"]

#: The saved model that forecasts unless the user chooses another, by candle length.
MODELS = {"1h": "global-1h-lstm", "1d": "global-1d-lstm"}
#: Stands for the regression on recent volatility alone, where a model could be named.
HAR = anomalies.BASELINE
#: What the user can do about a history that needs too much memory.
REMEDY = "Choose fewer or longer candles, or a model with a shorter horizon."
#: Candles of surprises in memory; each takes about 60 bytes.
MAX_CANDLES = 500_000
#: Predictors whose forecasts are in memory at once: the network, HAR, and the stack in two stages.
_PREDICTORS = 4


class AnomalyService:
    """Surprises of past candles, and the alarms that a threshold makes of them.

    Args:
        saved_models: Holds the models that forecast.
        memory: Into which the forecasts must fit.
    """

    def __init__(self, saved_models: SavedModelService, memory: Memory) -> None:
        self._saved_models = saved_models
        self._memory = memory
        self._surprises: LruCache[Surprises] = LruCache(MAX_CANDLES, len)

    def find(
        self,
        history: PriceHistory,
        alarms_a_month: float | None = None,
        network: TrainedModel | None = None,
    ) -> Anomalies:
        """Find the candles that the forecast made before them called very unlikely.

        Args:
            history: ``n`` candles.
            alarms_a_month: Alarms that are expected in 30 days; by default one, or as near to it
                as the candle length allows.
            network: The network that forecasts with HAR, see ``model``; ``None`` for HAR alone.

        Raises:
            InvalidInput: If no threshold promises so many alarms, or the search can't fit into the
                memory.
            NotEnoughData: If the history is too short.
        """
        interval = history.interval
        if alarms_a_month is None:
            alarms_a_month = anomalies.usual(interval)
        anomalies.check(alarms_a_month, interval)
        named = HAR if network is None else keys.of_model(network)

        def make() -> Surprises:
            horizon = 1 if network is None else network.spec.horizon
            rows = min(len(history), anomalies.MAX_CANDLES)
            megabytes = effort.megabytes_of_test(rows, horizon, _PREDICTORS)
            with self._memory.reserved("A search for anomalies", megabytes, REMEDY):
                return anomalies.surprises(history, network)

        # The result says in its notes how old the prices are, so it is made anew for newer ones.
        key = keys.of_prices(history), history.fetched_at, named
        return anomalies.find(self._surprises.get_or_make(key, make), alarms_a_month)

    def model(self, history: PriceHistory, name: str | None = None) -> SavedModel | None:
        """Return the model that forecasts.

        Args:
            history: The prices.
            name: Name of a saved model, or ``"har"``. By default the one of ``MODELS`` for this
                candle length, if the history is long enough for it.

        Returns:
            ``None`` for HAR alone.

        Raises:
            UnknownModel: If there is no model of this name.
        """
        if name == HAR:
            return None
        if name is not None:
            return self._saved_models.load(name)
        if history.interval not in MODELS:
            return None
        saved = self._saved_models.load(MODELS[history.interval])
        return saved if len(history) >= anomalies.candles_needed(saved.model) else None
