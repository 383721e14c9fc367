"""What a test comes to, in the few facts that a user acts on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

#: How two predictors compare: by more than chance, within chance, or with too little to tell.
Outcome = Literal["better", "tie", "worse", "unknown"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def outcome_of(low: float, high: float) -> Outcome:
    """Return what the interval of a skill means.

    Args:
        low: Its lower end; NaN where nothing can be claimed.
        high: Its upper end.
    """
    if math.isnan(low):
        return "unknown"
    return "better" if low > 0 else "worse" if high < 0 else "tie"


@dataclass(frozen=True)
class Promise:
    """A share that was promised, and the share that was kept.

    Attributes:
        share: What was measured, a fraction; NaN where it is unknown.
        promised: What was promised, or what chance gives, a fraction.
        outcome: Whether the share is above the promise by more than chance (``"better"``), below
            it (``"worse"``), or neither.
    """

    share: float
    promised: float
    outcome: Outcome


@dataclass(frozen=True)
class Judgement:
    """What a test of one predictor comes to.

    Attributes:
        outcome: How its error compares with that of the last price.
        origins: Past forecasts whose price is known.
        error: Mean absolute error, quote currency.
        reference: The same of the last price.
        direction: How often the direction was right, compared with a half.
        coverage: How often the price was inside the 80 % range.
        seen: Whether the model may have learnt from the prices of the test.
    """

    outcome: Outcome
    origins: int
    error: float
    reference: float
    direction: Promise
    coverage: Promise
    seen: bool = False


@dataclass(frozen=True)
class Contest:
    """Several predictors on the same past forecasts, at the last step that all of them have.

    Attributes:
        step: That step, from 1.
        origins: Past forecasts that all made and whose price is known.
        errors: Mean absolute error by name, quote currency.
        coverage: How often the price was inside the 80 % range, a fraction, by name.
        comparisons: The first of them compared with some of the others, by the other's name.
    """

    step: int
    origins: int
    errors: Mapping[str, float]
    coverage: Mapping[str, float]
    comparisons: Mapping[str, Comparison]


@dataclass(frozen=True)
class Comparison:
    """Two predictors on the same past forecasts.

    Attributes:
        outcome: Whether the first is better by more than chance.
        origins: Past forecasts that both made.
        error: Mean absolute error of the first, quote currency.
        other: The same of the second.
        range_outcome: Whether the first is better by the error of the whole range (pinball loss).
        range_skill: 1 - the first one's error of the range / the second's, a fraction.
    """

    outcome: Outcome
    origins: int
    error: float
    other: float
    range_outcome: Outcome = "unknown"
    range_skill: float = math.nan

    @property
    def difference(self) -> float:
        """How much smaller the first error is, quote currency; NaN where there is none."""
        return self.other - self.error if self.origins else math.nan
