"""The ledger of the service: forecasts are recorded, graded, looked up and verified.

The database and its libraries are loaded when the ledger is first used.
"""

from __future__ import annotations

import functools
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from cryptoforecast import __version__
from cryptoforecast.errors import CryptoForecastError, InvalidInput
from cryptoforecast.forecasting import stack
from cryptoforecast.service import choices, outlooks, price_choices
from cryptoforecast.service.forecasts import ForecastService
from cryptoforecast.service.outlooks import OutlookService, Question
from cryptoforecast.service.prices import PriceService
from cryptoforecast.service.saved_models import SavedModelService
from cryptoforecast.settings import Settings
from cryptoforecast.types import MarketQuery, NextSteps, PriceHistory, SavedModel
from cryptoforecast.types.ledger import (
    GRADED,
    Attempt,
    GradeCounts,
    LedgerEntry,
    LedgerForecast,
    LedgerHead,
    LedgerRecord,
    LedgerSeries,
    LedgerView,
    SeriesName,
    Verification,
)

if TYPE_CHECKING:
    from cryptoforecast.ledger.database import Database
    from cryptoforecast.ledger.store import Ledger

#: Models that are recorded unless others are named: those for all coins.
DEFAULT_MODELS = ("global-1h-lstm", "global-1d-lstm")
#: Coins that a model for all coins forecasts unless others are named.
DEFAULT_COINS = ("BTC", "ETH")
#: Steps of a method without training.
METHOD_STEPS = 24
#: Coins, models or intervals in one request, at most.
MAX_NAMES = 50
#: Entries in one answer, and forecasts that are graded at once.
MAX_ENTRIES, MAX_DUE = 100_000, 2_000


class LedgerService:
    """Forecasts that stand before their outcome, and how they turned out.

    Args:
        settings: Where the ledger lies.
        prices: Gives the candles that forecasts are made from, and graded by.
        saved_models: Knows the versions of models.
        forecasts: Makes the forecasts.
        outlooks: Finds what forecasts by its name.
        clock: Returns the time, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        prices: PriceService,
        saved_models: SavedModelService,
        forecasts: ForecastService,
        outlooks: OutlookService,
        clock: Callable[[], pd.Timestamp] = lambda: pd.Timestamp.now("UTC"),
    ) -> None:
        self._settings, self._prices, self._saved_models = settings, prices, saved_models
        self._forecasts, self._outlooks, self._clock = forecasts, outlooks, clock
        self._lock = threading.Lock()

    # ------------------------------------------------------------------ writing

    def record(
        self,
        models: Sequence[str] = (),
        coins: Sequence[str] = (),
        intervals: Sequence[str] = (),
        *,
        predictor: str | None = None,
        prices: str = "live",
    ) -> list[Attempt]:
        """Forecast now, and write each forecast before its outcome.

        Args:
            models: Saved models, or methods without training; by default ``DEFAULT_MODELS``.
            coins: Coins or pairs; by default those of each model.
            intervals: Candle lengths; by default that of each model. A model is left out where
                none of them is its own.
            predictor: Member of each model's stack; by default the stack.
            prices: ``"live"``, or ``"any"`` to practise on simulated prices too.

        Returns:
            What became of each forecast. One that is refused does not stop the others.

        Raises:
            InvalidInput: If a name is wrong, or there are too many.
            CryptoForecastError: If nothing could be recorded: why the first one was refused.
        """
        attempts = []
        errors: list[CryptoForecastError] = []
        for saved, model, coin, interval in self._jobs(models, coins, intervals, predictor):
            try:
                history = self._prices.history(price_choices.window(coin, interval), prices=prices)
                made = self._forecast(history, saved, model, predictor)
                position = self._ledger.record([made])[0]
                attempts.append(Attempt(model, coin, interval, position, made))
            except CryptoForecastError as error:
                errors.append(error)
                attempts.append(Attempt(model, coin, interval, None, None, str(error)))
        if errors and len(errors) == len(attempts):
            raise errors[0]
        return attempts

    def grade(self) -> GradeCounts:
        """Write the outcome of every forecast whose candles have closed.

        Each is graded by candles of its own source. One whose source does not answer waits.

        Raises:
            LedgerUnavailable: If the database does not answer.
        """
        from cryptoforecast.ledger import grading, reading

        if not self._database.exists:
            return GradeCounts(0, 0, 0)
        now = self._clock()
        with self._database.reading() as connection:
            due = reading.due(connection, now, MAX_DUE)
        outcomes = []
        for market, entries in _by_market(due).items():
            history = self._candles(market, [entry.forecast for entry in entries])
            for entry in entries:
                outcome = grading.grade(entry.position, entry.forecast, history, now)
                if outcome is not None:
                    outcomes.append(outcome)
        written = self._ledger.grade(outcomes) if outcomes else []
        graded = sum(
            outcome.state == GRADED and position is not None
            for outcome, position in zip(outcomes, written, strict=True)
        )
        done = sum(position is not None for position in written)
        return GradeCounts(graded, done - graded, len(due) - len(outcomes))

    def rebuild(self) -> None:
        """Count everything anew that lies beside the entries.

        Raises:
            InvalidInput: If the ledger was rewritten.
        """
        from cryptoforecast.ledger import verification

        with self._database.writing() as connection:
            verification.rebuild(connection)

    # ------------------------------------------------------------------ reading

    def series(self) -> list[LedgerSeries]:
        """Return the series with the most forecasts, and their counts."""
        from cryptoforecast.ledger import reading

        if not self._database.exists:
            return []
        with self._database.reading() as connection:
            return reading.all_series(connection)

    def record_of(self, name: SeriesName, step: int) -> LedgerRecord:
        """Return what the graded forecasts of a series show at one step.

        Raises:
            InvalidInput: If there is no such series, or no such step.
        """
        from cryptoforecast.ledger import reading

        with self._database.reading() as connection:
            return reading.record(connection, name, step)

    def entries(
        self, name: SeriesName | None = None, limit: int = 20, before: int | None = None
    ) -> list[LedgerEntry]:
        """Return forecasts with their outcomes, the newest first.

        Args:
            name: Only those of this series.
            limit: How many, 1 to ``MAX_ENTRIES``.
            before: Only those with a smaller position.

        Raises:
            InvalidInput: If the limit is outside the rules.
        """
        from cryptoforecast.ledger import reading

        if not 1 <= limit <= MAX_ENTRIES:
            raise InvalidInput(f"`limit` must be 1 to {MAX_ENTRIES:,}. Received: {limit}.")
        if not self._database.exists:
            return []
        with self._database.reading() as connection:
            return reading.entries(connection, name, limit, before)

    def look(
        self,
        *,
        model: str | None = None,
        predictor: str | None = None,
        coin: str | None = None,
        interval: str | None = None,
        step: int | None = None,
        limit: int = 20,
    ) -> LedgerView:
        """Return what the ledger has of some forecasts.

        Args:
            model: Only those of this model.
            predictor: Only those of this predictor.
            coin: Only those of this coin or pair.
            interval: Only those of this candle length.
            step: The step that is judged, where only one series is left; by default the last.
            limit: Forecasts, the newest ones.

        Raises:
            InvalidInput: If a step is asked for where there is not one series, or the step or the
                limit is outside the rules.
        """
        wanted = {"model": model, "predictor": predictor, "interval": interval}
        found = tuple(
            each
            for each in self.series()
            if all(value in (None, getattr(each.name, key)) for key, value in wanted.items())
            and (coin is None or coin.upper() in (each.name.market, each.name.coin))
        )
        only = found[0].name if len(found) == 1 else None
        if step is not None and only is None:
            raise InvalidInput(
                f"`step` goes with one series. Received: {len(found)} of them. Choose one by "
                "model, predictor, coin and interval."
            )
        entries = [entry for each in found for entry in self.entries(each.name, limit)]
        newest = sorted(entries, key=lambda entry: -entry.position)[:limit]
        record = None if only is None else self.record_of(only, step or only.horizon)
        return LedgerView(self.head(), found, record, tuple(newest))

    def head(self) -> LedgerHead:
        """Return the end of the chain, to be published."""
        if not self._database.exists:
            from cryptoforecast.ledger import chain

            return LedgerHead(0, chain.BEGINNING)
        return self._ledger.head()

    def verify(self, published: LedgerHead | None = None) -> Verification:
        """Read every entry, and say whether anything was rewritten.

        Args:
            published: A head that was published before.

        Raises:
            InvalidInput: If its position is below 1.
        """
        from cryptoforecast.ledger import verification

        with self._database.reading() as connection:
            return verification.verify(connection, published)

    def close(self) -> None:
        """Close the database: a file of SQLite is then whole by itself."""
        self._database.close()

    # ------------------------------------------------------------------ parts

    @functools.cached_property
    def _database(self) -> Database:
        from cryptoforecast.ledger.database import Database

        with self._lock:
            given = self._settings.ledger
            return Database(given or f"sqlite:///{self._settings.home / 'ledger.sqlite'}")

    @functools.cached_property
    def _ledger(self) -> Ledger:
        from cryptoforecast.ledger.store import Ledger

        return Ledger(self._database, self._clock)

    def _jobs(
        self,
        models: Sequence[str],
        coins: Sequence[str],
        intervals: Sequence[str],
        predictor: str | None,
    ) -> list[tuple[SavedModel | None, str, str, str]]:
        """Return what is to be forecast by whom; models meet coins and intervals of their own."""
        for name, given in (("models", models), ("coins", coins), ("intervals", intervals)):
            if len(given) > MAX_NAMES:
                raise InvalidInput(f"`{name}` may have {MAX_NAMES} names. Received: {len(given)}.")
        for interval in intervals:
            price_choices.check_interval(interval)
        jobs = []
        for model in dict.fromkeys(models or DEFAULT_MODELS):
            saved = self._outlooks.check(model, Question(predictor=predictor))
            own_coins, own_intervals = _own(saved)
            for interval in intervals or own_intervals:
                if own_intervals and interval not in own_intervals:
                    continue
                jobs += [
                    (saved, model, coin, interval) for coin in dict.fromkeys(coins or own_coins)
                ]
        if not jobs:
            raise InvalidInput(
                "A model forecasts candles of its own length. Received: no model for "
                f"{', '.join(intervals)}. Choose other intervals, or leave them out."
            )
        return jobs

    def _forecast(
        self,
        history: PriceHistory,
        saved: SavedModel | None,
        model: str,
        predictor: str | None,
    ) -> LedgerForecast:
        if saved is None:
            steps = self._forecasts.of_baseline(history, model, METHOD_STEPS)
            version = f"cryptoforecast {__version__}"
        else:
            steps = self._forecasts.next_steps(history, saved.model, model, predictor or stack.NAME)
            version = self._saved_models.version(model)
        horizon = steps.forecast.horizon
        naive, cone = (
            self._forecasts.of_baseline(history, name, horizon) for name in ("naive", "cone")
        )
        return _entry(steps, naive, cone, model, version)

    def _candles(
        self, market: tuple[str, SeriesName], forecasts: Sequence[LedgerForecast]
    ) -> PriceHistory | None:
        """Return candles of one source over the spans of forecasts; ``None`` if it has none."""
        source, name = market
        start = min(forecast.origin for forecast in forecasts)
        end = max(forecast.due_at for forecast in forecasts)
        query = MarketQuery(name.market, name.interval, start, end)
        try:
            if name.simulated:
                return self._prices.simulated(query)
            return self._prices.of_source(source, query)
        except CryptoForecastError:
            return None


def _entry(
    steps: NextSteps, naive: NextSteps, cone: NextSteps, model: str, version: str
) -> LedgerForecast:
    """Return the forecast of the next steps as it is recorded."""
    history, forecast = steps.history, steps.forecast
    return LedgerForecast(
        series=SeriesName(
            model=model,
            predictor=forecast.predictor,
            coin=history.coin,
            quote=history.quote,
            interval=history.interval,
            simulated=history.simulated,
            horizon=forecast.horizon,
        ),
        made_at=history.fetched_at,
        version=version,
        fingerprint=history.fingerprint,
        source=history.source,
        origin=forecast.origins[0],
        last_close=float(forecast.close[0]),
        quantiles=forecast.quantile_prices[0],
        naive=naive.forecast.quantile_prices[0],
        cone=cone.forecast.quantile_prices[0],
    )


def _own(saved: SavedModel | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the coins and candle lengths that are forecast unless others are named."""
    if saved is None:
        return DEFAULT_COINS, ("1h",)
    card = saved.model.card
    coins = DEFAULT_COINS if card.coin == "any" else (choices.default_coin(card),)
    return coins, (outlooks.interval_of(saved, None),)


def _by_market(
    entries: Sequence[LedgerEntry],
) -> dict[tuple[str, SeriesName], list[LedgerEntry]]:
    """Return entries by their source and market."""
    found: dict[tuple[str, SeriesName], list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        series = entry.forecast.series
        market = SeriesName("", "", series.coin, series.quote, series.interval, series.simulated, 0)
        found[entry.forecast.source, market].append(entry)
    return found
