"""The ledger of the service: forecasts are recorded, graded, looked up and verified.

The database and its libraries are loaded when the ledger is first used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from cryptoforecast.errors import CryptoForecastError, InvalidInput
from cryptoforecast.service import ledger_clock, ledger_grading
from cryptoforecast.service.forecasts import ForecastService
from cryptoforecast.service.ledger_forecasts import LedgerForecasts
from cryptoforecast.service.outlooks import OutlookService
from cryptoforecast.service.prices import PriceService
from cryptoforecast.service.saved_models import SavedModelService
from cryptoforecast.service.signals import SignalService
from cryptoforecast.settings import Settings
from cryptoforecast.types.ledger import (
    GRADED,
    Attempt,
    GradeCounts,
    LedgerEntry,
    LedgerHead,
    SeriesName,
    Verification,
)
from cryptoforecast.types.ledger_record import LedgerRecord, LedgerSeries, LedgerView
from cryptoforecast.types.moments import moment_text

if TYPE_CHECKING:
    from cryptoforecast.ledger.database import Database
    from cryptoforecast.ledger.store import Ledger

#: Entries in one answer, at most.
MAX_ENTRIES = 100_000
#: Forecasts in one answer, at most, where only those that do not overlap are asked for.
MAX_APART = 500
#: Forecasts that are graded and written at once.
MAX_PAGE = 1_000


class LedgerService:
    """Forecasts that are recorded before their outcome is known, and how they turned out.

    Args:
        settings: Where the ledger lies.
        prices: Gives the candles that forecasts are made from, and graded by.
        signals: Has the series beside the price that a model may read.
        saved_models: Knows the versions of models.
        forecasts: Makes the forecasts.
        outlooks: Finds what forecasts by its name.
        clock: Returns the time, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        prices: PriceService,
        signals: SignalService,
        saved_models: SavedModelService,
        forecasts: ForecastService,
        outlooks: OutlookService,
        clock: Callable[[], pd.Timestamp] = lambda: pd.Timestamp.now("UTC"),
    ) -> None:
        self._settings, self._prices, self._clock = settings, prices, clock
        self._forecasts = LedgerForecasts(prices, signals, saved_models, forecasts, outlooks)
        self._lock = threading.Lock()
        self._opened: Database | None = None

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
            models: Saved models, or baselines; by default ``DEFAULT_MODELS``.
            coins: Coins or pairs; by default those of each model.
            intervals: Candle lengths; by default that of each model. A saved model is left out
                where none of them is its own.
            predictor: Member of each model's stack; by default the stack.
            prices: ``"live"``, or ``"any"`` to practise on simulated prices too.

        Returns:
            What became of each forecast. One that is refused does not stop the others.

        Raises:
            InvalidInput: If a name is wrong, or there are too many.
            CryptoForecastError: If nothing could be recorded: why the first one was refused.
        """
        self._follow_clock()
        attempts = []
        errors: list[CryptoForecastError] = []
        for job in self._forecasts.jobs(models, coins, intervals, predictor):
            name = (job.model, job.coin, job.interval)
            try:
                forecast = self._forecasts.forecast(job, prices)
                position = self._ledger.record([forecast])[0]
                attempts.append(Attempt(*name, position, forecast))
            except CryptoForecastError as error:
                errors.append(error)
                attempts.append(Attempt(*name, None, None, str(error)))
        if errors and len(errors) == len(attempts):
            raise errors[0]
        return attempts

    def grade(self) -> GradeCounts:
        """Write the outcome of every forecast whose candles have closed.

        Each is graded by candles of its own source. One whose source does not answer waits, and so
        do all of real prices while no source at all confirms the time. They are written
        ``MAX_PAGE`` at a time.

        Raises:
            InvalidInput: If the clock is behind what it should be, or ahead of the sources'.
            LedgerUnavailable: If the database does not answer.
        """
        from cryptoforecast.ledger import reading

        graded = void = waiting = 0
        if not self.database.exists:
            return GradeCounts(graded, void, waiting)
        self._follow_clock()
        now = self._clock()
        last: LedgerEntry | None = None
        confirmed: bool | None = None
        while True:
            with self.database.reading() as connection:
                page = reading.due(connection, now, MAX_PAGE, after=last)
            if not page:
                return GradeCounts(graded, void, waiting)
            if confirmed is None and not all(_is_simulated(entry) for entry in page):
                confirmed = ledger_clock.is_confirmed(self._prices)
            ready = [entry for entry in page if confirmed or _is_simulated(entry)]
            outcomes = ledger_grading.outcomes(ready, self._prices, now)
            positions = self._ledger.grade(outcomes) if outcomes else []
            states = [
                outcome.state
                for outcome, position in zip(outcomes, positions, strict=True)
                if position is not None  # another process was faster
            ]
            graded += states.count(GRADED)
            void += len(states) - states.count(GRADED)
            waiting += len(page) - len(outcomes)
            last = page[-1]

    def rebuild(self) -> None:
        """Count anew, from the entries, everything that is stored beside them.

        Raises:
            InvalidInput: If the ledger was rewritten.
        """
        from cryptoforecast.ledger import verification

        with self.database.writing() as connection:
            verification.rebuild(connection)

    # ------------------------------------------------------------------ reading

    def series(self) -> list[LedgerSeries]:
        """Return the series with the most forecasts, and their counts."""
        from cryptoforecast.ledger import reading

        if not self.database.exists:
            return []
        with self.database.reading() as connection:
            return reading.series(connection)

    def record_of(self, name: SeriesName, step: int) -> LedgerRecord:
        """Return what the graded forecasts of a series show at one step.

        Raises:
            InvalidInput: If there is no such series, or no such step.
        """
        from cryptoforecast.ledger import reading

        with self.database.reading() as connection:
            return reading.record(connection, name, step)

    def entries(self, name: SeriesName | None = None, limit: int = 20) -> list[LedgerEntry]:
        """Return the newest forecasts with their outcomes, the newest first.

        Args:
            name: Only those of this series.
            limit: How many, 1 to ``MAX_ENTRIES``.

        Raises:
            InvalidInput: If the limit is outside the rules.
        """
        from cryptoforecast.ledger import reading

        _check_limit(limit)
        if not self.database.exists:
            return []
        with self.database.reading() as connection:
            return reading.entries(connection, name, limit)

    def apart(self, name: SeriesName, step: int, limit: int) -> list[LedgerEntry]:
        """Return forecasts whose spans up to a step do not overlap, the newest first.

        Args:
            name: The series.
            step: 1 to its horizon.
            limit: How many, 1 to ``MAX_APART``.

        Raises:
            InvalidInput: If the limit is outside the rules.
        """
        from cryptoforecast.ledger import reading

        if not 1 <= limit <= MAX_APART:
            raise InvalidInput(f"`limit` must be 1 to {MAX_APART}. Received: {limit}.")
        with self.database.reading() as connection:
            return reading.apart(connection, name, step, limit)

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
        """Return what the ledger has of some forecasts, all read at one moment.

        Args:
            model: Only those of this model.
            predictor: Only those of this predictor.
            coin: Only those of this coin or pair.
            interval: Only those of this candle length.
            step: The step that is judged, where only one series is left; by default the last.
            limit: Forecasts, the newest ones.

        Raises:
            InvalidInput: If a step goes with several series or none, or the step or the limit is
                outside the rules.
        """
        from cryptoforecast.ledger import chain, reading, store

        _check_limit(limit)
        if not self.database.exists:
            _check_step(step, 0)
            return LedgerView(LedgerHead(0, chain.BEGINNING), (), None, ())
        with self.database.reading() as connection:
            series = reading.series(connection, model, predictor, coin, interval)
            _check_step(step, len(series))
            record = None
            if len(series) == 1:
                name = series[0].name
                record = reading.record(connection, name, step or name.horizon)
            entries = reading.newest(connection, [each.name for each in series], limit)
            return LedgerView(store.head(connection), tuple(series), record, tuple(entries))

    def head(self) -> LedgerHead:
        """Return the end of the chain, to be published."""
        if not self.database.exists:
            from cryptoforecast.ledger import chain

            return LedgerHead(0, chain.BEGINNING)
        return self._ledger.head()

    def verify(self, published: LedgerHead | None = None) -> Verification:
        """Read every entry, and say whether anything was rewritten.

        Args:
            published: A head that was published before.

        Raises:
            InvalidInput: If the position of this head is below 1.
        """
        from cryptoforecast.ledger import verification

        with self.database.reading() as connection:
            return verification.verify(connection, published)

    def close(self) -> None:
        """Close the database: a file of SQLite is then whole by itself."""
        self.database.close()

    # ------------------------------------------------------------------ parts

    @property
    def database(self) -> Database:
        """The database, in which alarms have tables too."""
        from cryptoforecast.ledger.database import Database

        with self._lock:
            if self._opened is None:
                url = self._settings.ledger or f"sqlite:///{self._settings.home / 'ledger.sqlite'}"
                self._opened = Database(url)
            return self._opened

    def _follow_clock(self) -> None:
        """Let new entries follow those of a clock that was ahead and has been set back.

        A live source has to confirm the present time: with a clock that is behind, a forecast would
        look older than it is. Entries of simulated prices count nowhere, and need no confirmation.

        Raises:
            InvalidInput: If no source confirms it.
        """
        if not self.database.exists:
            return
        future, now = self._ledger.future(), self._clock()
        if future is None or future.last <= now + ledger_clock.MAX_AHEAD:
            return  # where the clock was ahead, entries are refused for some minutes at most
        if not (future.simulated or ledger_clock.is_right(self._prices, now)):
            raise InvalidInput(
                "The ledger takes entries in the order of time. Received: a clock at "
                f"{moment_text(now)}, and an entry of {moment_text(future.last)}. Set the clock "
                "right; if it is right, try again when a live source answers, which confirms it."
            )
        self._ledger.set_clock_back()

    @property
    def _ledger(self) -> Ledger:
        from cryptoforecast.ledger.store import Ledger

        return Ledger(self.database, self._clock)


def _is_simulated(entry: LedgerEntry) -> bool:
    return entry.forecast.series.simulated


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_ENTRIES:
        raise InvalidInput(f"`limit` must be 1 to {MAX_ENTRIES:,}. Received: {limit}.")


def _check_step(step: int | None, series: int) -> None:
    if step is not None and series != 1:
        raise InvalidInput(
            f"`step` goes with one series. Received: {series} of them. Choose one by model, "
            "predictor, coin and interval."
        )
