"""Lessons: their small computations, each done once, and the small training in the background."""

from __future__ import annotations

import functools
import sys

from cryptoforecast.cache import LruCache, LruCaches
from cryptoforecast.jobs import Job, Runner
from cryptoforecast.learning import samples
from cryptoforecast.lessons import leaks, recipe
from cryptoforecast.lessons.delay import delay
from cryptoforecast.lessons.stages import last_known, of_network, stages
from cryptoforecast.service.memory import Memory
from cryptoforecast.settings import Settings
from cryptoforecast.types import (
    Backtest,
    Cheats,
    Delay,
    ForecastStages,
    LeakScores,
    Monitor,
    PriceHistory,
    RecipeTest,
    User,
)

#: Results of the leak lab in memory; they take a few numbers each.
MAX_SCORES = 256
#: Past forecasts of one test in memory, stage by stage.
MAX_STAGES = 64
#: Seconds that a small training may run: ten times what it takes on a busy machine.
MAX_SECONDS = 60.0
# Megabytes that scikit-learn takes when it is loaded, and the work itself.
_LIBRARY, _WORK = 180.0, 30.0


class LessonService:
    """What the lessons compute.

    Args:
        settings: How many trainings may wait in the queue.
        memory: Into which a small training must fit.

    Attributes:
        jobs: Small trainings, one at a time in the background.
    """

    def __init__(self, settings: Settings, memory: Memory) -> None:
        self._memory = memory
        self._scores: LruCache[LeakScores] = LruCache(MAX_SCORES)
        self._stages: LruCaches[ForecastStages] = LruCaches(MAX_STAGES)
        self._delays: LruCaches[Delay] = LruCaches(1)
        self.jobs: Runner[RecipeTest] = Runner(
            settings.jobs, waiting=settings.waiting, seconds=MAX_SECONDS
        )

    def stages(self, result: Backtest, back: int) -> ForecastStages:
        """Return a past forecast stage by stage; see ``lessons.stages``.

        Args:
            result: A test of a network.
            back: How many origins before the last one whose outcome is known; 0 for that one.
        """
        cache = self._stages.of(result.forecast)
        return cache.get_or_make(back, lambda: stages(result, back))

    def windows(self, result: Backtest) -> int:
        """Count the past forecasts whose outcome is known, for ``stages``."""
        return last_known(of_network(result)) + 1

    def delay(self, result: Backtest) -> Delay:
        """Return how late the forecasts of a network are; see ``lessons.delay``.

        Raises:
            NotEnoughData: If too few outcomes are known.
        """
        return self._delays.of(result.forecast).get_or_make((), lambda: delay(result))

    def leaks(self, cheats: Cheats, tosses: int = 0) -> LeakScores:
        """Test a forecaster of coin tosses with leaks; see ``lessons.leaks``.

        Args:
            cheats: The leaks that are switched on.
            tosses: Seed of the tosses.

        Raises:
            InvalidInput: If it can't fit into the memory.
        """
        self._check_memory("The leak lab")
        return self._scores.get_or_make((cheats, tosses), lambda: leaks.scores(cheats, tosses))

    def recipe(self) -> RecipeTest:
        """Return the popular recipe's result that comes with the project."""
        return _precomputed()

    def rises(self, history: PriceHistory) -> bool:
        """Return whether daily prices make a new high that a small training can be shown at."""
        closes = samples.in_one_unit(history).candles["close"].to_numpy(float)
        return recipe.rise(closes) is not None

    def train_small(self, history: PriceHistory, *, user: User) -> Job[RecipeTest]:
        """Train a small network in both ways, in the background; see ``lessons.recipe``.

        Args:
            history: ``n`` daily candles.
            user: Who waits for it.

        Raises:
            InvalidInput: If it can't fit into the memory, or the queue is full.
        """
        self._check_memory("A small training")
        history = samples.in_one_unit(history)

        def work(monitor: Monitor) -> RecipeTest:
            return recipe.train_small(history, monitor)

        key = f"recipe-{history.fingerprint}"
        return self.jobs.submit(key, f"A small network for {history.coin}", work, user=user)

    def job(self, key: str) -> Job[RecipeTest] | None:
        """Return a small training by its key, or ``None`` once it is forgotten."""
        return self.jobs.get(key)

    def cancel(self, key: str, *, user: User) -> None:
        """Let a user no longer wait for a small training; see ``Runner.cancel``."""
        self.jobs.cancel(key, user=user)

    def _check_memory(self, what: str) -> None:
        """Refuse work that can't fit; the first one also loads scikit-learn."""
        needed = _WORK + (0 if "sklearn" in sys.modules else _LIBRARY)
        self._memory.check(what, needed, "Try again when others have finished.")


@functools.cache
def _precomputed() -> RecipeTest:
    return recipe.precomputed()
