"""What was worked out from a test, kept for the next rerun of a page.

Kept by the forecasts that were judged, and gone when these are: nothing in here holds them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

import pandas as pd

from cryptoforecast.cache import LruCaches
from cryptoforecast.evaluation import diagnostics, leaderboard, reliability
from cryptoforecast.forecasting.baselines import volatility
from cryptoforecast.types import Backtest, CoverageBySteps, Forecast, Leaderboard, Reliability

Result = TypeVar("Result")

#: Answers kept for one test, the least recently used dropped first: some hundred kB each.
KEPT = 60
#: Frames of ``diagnostics`` that need the judged forecasts and a step alone.
FRAMES: dict[str, Callable[[Forecast, int], pd.DataFrame]] = {
    "delays": diagnostics.delays,
    "residuals": diagnostics.residuals,
    "histogram": diagnostics.histogram,
    "autocorrelation": diagnostics.autocorrelation,
    "by_hour": diagnostics.by_hour,
    "by_weekday": diagnostics.by_weekday,
}


class Analyses:
    """Answers about tests, each worked out once."""

    def __init__(self) -> None:
        self._kept: LruCaches[object] = LruCaches(KEPT)

    def board(self, result: Backtest, metric: str, step: int, reference: str) -> Leaderboard:
        """Return ``leaderboard.leaderboard`` of a test."""
        key = ("board", metric, step, reference, tuple(result.forecasts))
        return self.of(
            result, key, lambda: leaderboard.leaderboard(result, metric, step, reference)
        )

    def frame(self, result: Backtest, name: str, step: int) -> pd.DataFrame:
        """Return one of ``FRAMES`` of the judged forecasts."""
        return self.of(result, (name, step), lambda: FRAMES[name](result.forecast, step))

    def by_regime(self, result: Backtest, step: int) -> pd.DataFrame:
        """Return ``diagnostics.by_regime``, the market's volatility being the cone's."""

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
        """Whether ``free_run`` would answer at once."""
        return "free_run" in self._kept.of(result.forecast)

    def reliability(self, result: Backtest, step: int) -> Reliability:
        """Return ``reliability.measure`` of a test."""

        def make() -> Reliability:
            return dataclasses.replace(reliability.measure(result, step), backtest=_bare(result))

        kept = self.of(result, ("reliability", step), make)
        return dataclasses.replace(kept, backtest=result)

    def coverage(self, result: Backtest) -> CoverageBySteps:
        """Return ``reliability.by_step`` of a test."""

        def make() -> CoverageBySteps:
            return dataclasses.replace(reliability.by_step(result), backtest=_bare(result))

        return dataclasses.replace(self.of(result, "coverage", make), backtest=result)

    def of(self, result: Backtest, key: Hashable, make: Callable[[], Result]) -> Result:
        """Return what ``make`` gives, made once for these forecasts and this key.

        Args:
            result: the test it is about.
            key: names what is made, and all that shapes it beside the judged forecasts.
            make: gives something that holds no forecasts; see the module.
        """
        return cast(Result, self._kept.of(result.forecast).answer(key, make))


def _bare(result: Backtest) -> Backtest:
    """Take the forecasts out: kept with them, they would never go."""
    return dataclasses.replace(result, forecasts={}, scores={})
