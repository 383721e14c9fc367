"""Walk-forward tests: how their fits are made, and what each of their spans gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptoforecast.types.evaluation import Backtest, Scores
from cryptoforecast.types.learning import Split
from cryptoforecast.types.models import TrainedModel


@dataclass(frozen=True)
class WalkPlan:
    """How the fits of a walk-forward test are made.

    A plan is hashable, so that it can be part of a job's key.

    Attributes:
        folds: Spans into which the test rows are cut, each with a fit of its own.
        window: ``"expanding"`` (a fit reads all rows before its span) or ``"sliding"`` (a fit
            reads the last ``window_rows`` rows before its span).
        window_rows: Rows of a sliding window; ``None`` for as many as the first fit has.
        gap: Rows from the last origin that a fit learns from to the first origin of its span. It
            is at least the horizon, so that no target reaches into the span; ``None`` for the
            horizon.
        warm_start: Whether each fit starts from the weights of the fit before. It then takes a
            third of the epochs.
    """

    folds: int = 4
    window: str = "expanding"
    window_rows: int | None = None
    gap: int | None = None
    warm_start: bool = False


@dataclass(frozen=True, eq=False)
class Fold:
    """One span of a walk-forward test, and the fit whose forecasts it tests.

    Attributes:
        split: The spans of this fit. Its test origins are those of this fold alone.
        end: First row after the fold's span.
        scores: Scores by predictor on this fold, one ``Scores`` for each step.
        model: The network of this fold; ``None`` for a baseline.
        cached: Whether the network came from the training cache.
        warm: Whether its fit started from the weights of the fold before.
    """

    split: Split
    end: int
    scores: Mapping[str, tuple[Scores, ...]]
    model: TrainedModel | None = None
    cached: bool = False
    warm: bool = False


@dataclass(frozen=True, eq=False)
class WalkForward:
    """The result of a walk-forward test, in which each of several spans has a fit of its own.

    Attributes:
        plan: How the fits were made, with every ``None`` replaced by its value.
        folds: The folds in time order. Their spans together are the test span.
        backtest: The forecasts of all folds, scored as one test. Its ``model`` is ``None`` if
            there is more than one fold.
    """

    plan: WalkPlan
    folds: tuple[Fold, ...]
    backtest: Backtest
