"""What the ledger records: which forecasts are to be made, and each of them as an entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptoforecast import __version__
from cryptoforecast.errors import InvalidInput
from cryptoforecast.forecasting import stack
from cryptoforecast.service import choices, ledger_clock, outlooks, price_choices
from cryptoforecast.service.forecasts import ForecastService
from cryptoforecast.service.outlooks import OutlookService, Question
from cryptoforecast.service.prices import PriceService
from cryptoforecast.service.saved_models import SavedModelService
from cryptoforecast.service.signals import SignalService
from cryptoforecast.types import NextSteps, SavedModel
from cryptoforecast.types.ledger import LedgerForecast, SeriesName

#: Models that are recorded unless others are named: those for all coins.
DEFAULT_MODELS = ("global-1h-lstm", "global-1d-lstm")
#: Coins that a model for all coins forecasts unless others are named.
DEFAULT_COINS = ("BTC", "ETH")
#: Steps of a baseline.
METHOD_STEPS = 24
#: Coins, models or intervals in one request, at most.
MAX_NAMES = 50


@dataclass(frozen=True)
class Job:
    """A forecast that is to be recorded.

    Attributes:
        saved: The saved model; ``None`` for a baseline.
        model: Its name.
        version: Digest of that saved model, or version of the program.
        coin: Coin or pair.
        interval: Candle length.
        predictor: Member of the model's stack; ``None`` for the stack.
    """

    saved: SavedModel | None
    model: str
    version: str
    coin: str
    interval: str
    predictor: str | None


class LedgerForecasts:
    """Makes the forecasts that are recorded.

    Args:
        prices: Gives the candles that forecasts are made from.
        signals: Has the series beside the price that a model may read.
        saved_models: Knows the versions of models.
        forecasts: Makes the forecasts.
        models: Finds what forecasts by its name.
    """

    def __init__(
        self,
        prices: PriceService,
        signals: SignalService,
        saved_models: SavedModelService,
        forecasts: ForecastService,
        models: OutlookService,
    ) -> None:
        self._prices, self._signals, self._saved_models = prices, signals, saved_models
        self._forecasts, self._models = forecasts, models

    def jobs(
        self,
        models: Sequence[str],
        coins: Sequence[str],
        intervals: Sequence[str],
        predictor: str | None,
    ) -> list[Job]:
        """List the forecasts to make: each model, each coin, each candle length that it forecasts.

        Args:
            models: Saved models, or baselines; none: ``DEFAULT_MODELS``.
            coins: Coins or pairs; none: those of each model.
            intervals: Candle lengths; none: that of each model.
            predictor: Member of each model's stack; ``None`` for the stack.

        Raises:
            InvalidInput: If a name is wrong, there are too many, or no model has such candles.
            InvalidBundle: If a model can't be read.
        """
        for kind, names in (("models", models), ("coins", coins), ("intervals", intervals)):
            if len(names) > MAX_NAMES:
                raise InvalidInput(f"`{kind}` may have {MAX_NAMES} names. Received: {len(names)}.")
        for interval in intervals:
            price_choices.check_interval(interval)
        jobs = []
        for model in dict.fromkeys(models or DEFAULT_MODELS):
            # The digest comes first: a model that is replaced meanwhile is refused.
            digest = self._saved_models.version(model) if self._saved_models.has(model) else None
            saved = self._models.check(model, Question(predictor=predictor, version=digest))
            version = digest or f"cryptoforecast {__version__}"
            own_coins, own_intervals = _own(saved)
            jobs += [
                Job(saved, model, version, coin, interval, predictor)
                for interval in dict.fromkeys(intervals or own_intervals)
                if interval in own_intervals or saved is None
                for coin in dict.fromkeys(coins or own_coins)
            ]
        if not jobs:
            raise InvalidInput(
                "A model forecasts candles of its own length. Received: no model for "
                f"{', '.join(intervals)}. Choose other intervals, or leave them out."
            )
        return jobs

    def forecast(self, job: Job, prices: str) -> LedgerForecast:
        """Forecast the next steps, beside the bands of the last price and of the cone.

        Args:
            job: The forecast to make.
            prices: ``"live"``, or ``"any"`` for simulated prices too.

        Raises:
            InvalidInput: If the clock is ahead of that of the prices' source, or a signal that the
                model reads can't be had by its name.
            NotEnoughData: If there are fewer candles than the forecast needs.
            SourceUnavailable: If live prices, or such a signal, can't be had.
        """
        query = price_choices.window(job.coin, job.interval)
        history = self._prices.history(query, prices=prices)
        ledger_clock.check(history)
        if job.saved is None:
            steps = self._forecasts.of_baseline(history, job.model, METHOD_STEPS)
        else:
            features = job.saved.model.spec.features
            steps = self._forecasts.next_steps(
                self._signals.beside(history, features),
                job.saved.model,
                job.model,
                job.predictor or stack.NAME,
            )
        horizon = steps.forecast.horizon
        naive, cone = (
            self._forecasts.of_baseline(history, name, horizon) for name in ("naive", "cone")
        )
        return _entry(steps, naive, cone, job)


def _own(saved: SavedModel | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the coins and candle lengths that are forecast unless others are named."""
    if saved is None:
        return DEFAULT_COINS, ("1h",)
    card = saved.model.card
    coins = DEFAULT_COINS if card.coin == "any" else (choices.default_coin(card),)
    return coins, (outlooks.interval_of(saved, None),)


def _entry(steps: NextSteps, naive: NextSteps, cone: NextSteps, job: Job) -> LedgerForecast:
    """Return the forecast of the next steps as it is recorded."""
    history, forecast = steps.history, steps.forecast
    return LedgerForecast(
        series=SeriesName(
            model=job.model,
            predictor=forecast.predictor,
            coin=history.coin,
            quote=history.quote,
            interval=history.interval,
            simulated=history.simulated,
            horizon=forecast.horizon,
        ),
        made_at=history.fetched_at,
        version=job.version,
        fingerprint=history.fingerprint,
        source=history.source,
        origin=forecast.origins[0],
        last_close=float(forecast.close[0]),
        quantiles=forecast.quantile_prices[0],
        naive=naive.forecast.quantile_prices[0],
        cone=cone.forecast.quantile_prices[0],
    )
