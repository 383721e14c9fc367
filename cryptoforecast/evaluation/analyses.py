"""What was worked out from a test, kept for the next rerun of a page.

Kept by the forecasts that were judged, and gone when these are: nothing in here holds them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

import pandas as pd

from cryptoforecast.cache import Memos
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


class Looks:
    """Answers about tests, each worked out once."""

    def __init__(self) -> None:
        self._kept: Memos[object] = Memos(KEPT)

    def board(self, judged: Backtest, metric: str, step: int, reference: str) -> Leaderboard:
        """Return ``leaderboard.leaderboard`` of a test."""
        key = ("board", metric, step, reference, tuple(judged.forecasts))
        return self.of(
            judged, key, lambda: leaderboard.leaderboard(judged, metric, step, reference)
        )

    def frame(self, judged: Backtest, name: str, step: int) -> pd.DataFrame:
        """Return one of ``FRAMES`` of the judged forecasts."""
        return self.of(judged, (name, step), lambda: FRAMES[name](judged.judged, step))

    def by_regime(self, judged: Backtest, step: int) -> pd.DataFrame:
        """Return ``diagnostics.by_regime``, the market's volatility being the cone's."""

        def make() -> pd.DataFrame:
            said, candles = judged.judged, judged.history.candles
            sigma = volatility(candles)[candles.index.get_indexer(said.origins)]
            return diagnostics.by_regime(said, judged.forecasts["naive"], step, sigma)

        return self.of(judged, ("by_regime", step), make)

    def free_run(
        self, judged: Backtest, report: Callable[[float], None] = lambda _: None
    ) -> pd.DataFrame:
        """Return ``diagnostics.free_run``, which takes some seconds the first time."""
        return self.of(judged, "free_run", lambda: diagnostics.free_run(judged, report))

    def free_run_known(self, judged: Backtest) -> bool:
        """Whether ``free_run`` would answer at once."""
        return "free_run" in self._kept.of(judged.judged)

    def reliability(self, judged: Backtest, step: int) -> Reliability:
        """Return ``reliability.measure`` of a test."""

        def make() -> Reliability:
            return dataclasses.replace(reliability.measure(judged, step), judged=_bare(judged))

        kept = self.of(judged, ("reliability", step), make)
        return dataclasses.replace(kept, judged=judged)

    def coverage(self, judged: Backtest) -> CoverageBySteps:
        """Return ``reliability.by_step`` of a test."""

        def make() -> CoverageBySteps:
            return dataclasses.replace(reliability.by_step(judged), judged=_bare(judged))

        return dataclasses.replace(self.of(judged, "coverage", make), judged=judged)

    def of(self, judged: Backtest, key: Hashable, make: Callable[[], Result]) -> Result:
        """Return what ``make`` gives, made once for these forecasts and this key.

        Args:
            judged: the test it is about.
            key: names what is made, and all that shapes it beside the judged forecasts.
            make: gives something that holds no forecasts; see the module.
        """
        return cast(Result, self._kept.of(judged.judged).answer(key, make))


def _bare(judged: Backtest) -> Backtest:
    """Take the forecasts out: kept with them, they would never go."""
    return dataclasses.replace(judged, forecasts={}, scores={})
