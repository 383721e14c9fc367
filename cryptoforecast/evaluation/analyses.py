"""Analyses of a backtest, cached for the next rerun of a page.

They are cached by the tested forecast, and are dropped with it: nothing cached here may hold a
reference to that forecast.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

import pandas as pd

from cryptoforecast.cache import LruCaches
from cryptoforecast.evaluation import clock_chance, diagnostics, leaderboard, reliability
from cryptoforecast.forecasting.baselines import volatility
from cryptoforecast.types import Backtest, CoverageBySteps, Forecast, Leaderboard, Reliability

Result = TypeVar("Result")

#: Analyses of one backtest that stay cached, the least recently used dropped first. Each takes some
#: hundred kB.
MAX_ANSWERS = 60
#: Frames of ``diagnostics`` that need only the tested forecast and a step.
FRAMES: dict[str, Callable[[Forecast, int], pd.DataFrame]] = {
    "delays": diagnostics.delays,
    "residuals": diagnostics.residuals,
    "histogram": diagnostics.histogram,
    "autocorrelation": diagnostics.autocorrelation,
    "by_hour": diagnostics.by_hour,
    "by_weekday": diagnostics.by_weekday,
}


class Analyses:
    """Analyses of backtests, each computed once."""

    def __init__(self) -> None:
        self._answers: LruCaches[object] = LruCaches(MAX_ANSWERS)

    def board(self, result: Backtest, metric: str, step: int, reference: str) -> Leaderboard:
        """Return the leaderboard; see ``leaderboard.leaderboard``."""
        key = ("board", metric, step, reference, tuple(result.forecasts))
        return self.of(
            result, key, lambda: leaderboard.leaderboard(result, metric, step, reference)
        )

    def frame(self, result: Backtest, name: str, step: int) -> pd.DataFrame:
        """Return one of ``FRAMES`` of the tested forecast."""
        return self.of(result, (name, step), lambda: FRAMES[name](result.forecast, step))

    def clock_chance(self, result: Backtest, step: int, unit: clock_chance.Unit) -> float:
        """Return ``clock_chance.measure`` of the tested forecast."""
        return self.of(
            result,
            ("clock_chance", step, unit),
            lambda: clock_chance.measure(result.forecast, step, unit),
        )

    def by_regime(self, result: Backtest, step: int) -> pd.DataFrame:
        """Return ``diagnostics.by_regime``; volatility is measured as the cone does."""

        def make() -> pd.DataFrame:
            forecast, candles = result.forecast, result.history.candles
            sigma = volatility(candles)[candles.index.get_indexer(forecast.origins)]
            return diagnostics.by_regime(forecast, result.forecasts["naive"], step, sigma)

        return self.of(result, ("by_regime", step), make)

    def free_run(
        self, result: Backtest, report: Callable[[float], None] = lambda _: None
    ) -> pd.DataFrame:
        """Return ``diagnostics.free_run``, which takes some seconds the first time."""
        return self.of(result, "free_run", lambda: diagnostics.free_run(result, report))

    def free_run_known(self, result: Backtest) -> bool:
        """Return whether ``free_run`` would return at once."""
        return "free_run" in self._answers.of(result.forecast)

    def reliability(self, result: Backtest, step: int) -> Reliability:
        """Return ``reliability.measure`` of a backtest."""

        def make() -> Reliability:
            return dataclasses.replace(reliability.measure(result, step), backtest=_bare(result))

        cached = self.of(result, ("reliability", step), make)
        return dataclasses.replace(cached, backtest=result)

    def coverage(self, result: Backtest) -> CoverageBySteps:
        """Return ``reliability.by_step`` of a backtest."""

        def make() -> CoverageBySteps:
            return dataclasses.replace(reliability.by_step(result), backtest=_bare(result))

        return dataclasses.replace(self.of(result, "coverage", make), backtest=result)

    def of(self, result: Backtest, key: Hashable, make: Callable[[], Result]) -> Result:
        """Return what ``make`` returns; it is called once for each backtest and key.

        Args:
            result: The backtest to analyse.
            key: Names the analysis and its settings.
            make: Computes it; what it returns must hold no reference to the forecast.
        """
        return cast(Result, self._answers.of(result.forecast).get_or_make(key, make))


def _bare(result: Backtest) -> Backtest:
    """Take the forecasts out: a cached reference to them would keep them in memory."""
    return dataclasses.replace(result, forecasts={}, scores={})
