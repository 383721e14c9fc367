"""Searches: settings that were tried, the best of them, and what the test said of the winner."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cryptoforecast.types.ablation import Contribution
from cryptoforecast.types.judgement import Outcome, outcome_of
from cryptoforecast.types.learning import ModelSpec

#: How a trial ended: with a loss, ended early because others did better, or with an error.
TrialState = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True)
class SearchPlan:
    """How long a search looks, and for what.

    Attributes:
        trials: Settings that are tried, at most.
        seconds: Seconds after which no further trial begins; ``None`` for no limit.
        metric: What decides: ``"pinball"``, the error of the band, or ``"mae"``, that of the point.
        finalists: Best trials that are trained again with other seeds.
        seeds: Trainings of each finalist, and of each side of the test.
    """

    trials: int = 50
    seconds: float | None = None
    metric: str = "pinball"
    finalists: int = 3
    seeds: int = 3


@dataclass(frozen=True)
class Trial:
    """One choice of settings, trained once.

    Attributes:
        number: From 1, in the order of their start.
        state: How it ended.
        values: The settings that were chosen, by name.
        loss: Mean loss on the held-out validation rows; NaN unless the trial is complete.
        seconds: Seconds that it took; 0 where unknown.
        epochs: Epochs of training that were run.
        reason: Why it failed; ``""`` otherwise.
    """

    number: int
    state: TrialState
    values: Mapping[str, object]
    loss: float = math.nan
    seconds: float = 0.0
    epochs: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Finalist:
    """Settings that were trained with several new seeds.

    Attributes:
        trial: Number of its trial; 0 for the default preset.
        spec: The settings.
        losses: Mean loss on the held-out validation rows, of each seed.
    """

    trial: int
    spec: ModelSpec
    losses: tuple[float, ...]

    @property
    def loss(self) -> float:
        """Mean loss of all seeds."""
        return sum(self.losses) / len(self.losses)


@dataclass(frozen=True)
class SearchTest:
    """The winner beside the default preset, on test rows that nothing else has looked at.

    Attributes:
        metric: What decides, see ``SearchPlan``.
        step: Step of the forecasts that are compared, from 1.
        origins: Forecasts of each side whose outcome is known.
        seeds: Seeds of the trainings of each side.
        point: The winner's error of the point, beside that of the default preset.
        band: The same of the band.
        naive_skill: 1 - error / error of the last price with a constant band, by ``metric``.
        naive_low: Lower end of the 95 % interval of that; NaN where nothing can be claimed.
        naive_high: Upper end of it.
    """

    metric: str
    step: int
    origins: int
    seeds: tuple[int, ...]
    point: Contribution
    band: Contribution
    naive_skill: float
    naive_low: float
    naive_high: float

    @property
    def difference(self) -> Contribution:
        """The comparison that decides."""
        return self.band if self.metric == "pinball" else self.point

    @property
    def outcome(self) -> Outcome:
        """Whether the winner's error is smaller than the default preset's, by more than chance."""
        return self.difference.outcome

    @property
    def better(self) -> bool:
        """Whether the winner is better than the default preset, and than doing nothing."""
        return self.outcome == "better" and outcome_of(self.naive_low, self.naive_high) == "better"


@dataclass(frozen=True, eq=False)
class Search:
    """What a search came to.

    Attributes:
        study: Name of the study, by which it can be resumed.
        coin: Ticker of the prices.
        interval: Candle length.
        simulated: Whether the prices are simulated.
        plan: How long it looked, and for what.
        default: Settings of the default preset.
        trials: All trials that have ended.
        importances: Share of the spread of losses that each setting explains, by its name; empty
            where there are too few trials.
        finalists: The best settings and the default preset, the best first.
        winner: The settings that did best on the validation rows over all seeds.
        test: The test of the winner; ``None`` where the default preset itself did best.
        seconds: Seconds of all trials, finalists and tests of this run.
        sentence: The result in words.
    """

    study: str
    coin: str
    interval: str
    simulated: bool
    plan: SearchPlan
    default: ModelSpec
    trials: tuple[Trial, ...]
    importances: Mapping[str, float]
    finalists: tuple[Finalist, ...]
    winner: ModelSpec
    test: SearchTest | None
    seconds: float
    sentence: str

    @property
    def best_so_far(self) -> tuple[float, ...]:
        """Lowest loss after each trial; NaN before the first complete one."""
        best, result = math.nan, []
        for trial in self.trials:
            if trial.state == "complete":
                best = trial.loss if math.isnan(best) else min(best, trial.loss)
            result.append(best)
        return tuple(result)

    def count(self, state: TrialState) -> int:
        """Count the trials that ended in this way."""
        return sum(trial.state == state for trial in self.trials)

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence
