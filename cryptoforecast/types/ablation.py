"""Ablations: one model with some of its inputs and without them, on the same past forecasts."""

from __future__ import annotations

from dataclasses import dataclass

from cryptoforecast.types.judgement import Outcome, outcome_of


@dataclass(frozen=True)
class Contribution:
    """What inputs contribute by one measure of error, at the last step.

    Attributes:
        metric: ``"mae"`` of the point, quote currency, or ``"pinball"`` of the band, log-return.
        error: Mean error with the inputs, over all seeds and past forecasts.
        without: The same without them.
        skill: 1 - ``error`` / ``without``, a fraction.
        low: Lower end of the interval of the skill that decides: it covers the interval over the
            past forecasts, corrected for two measures, and that over the seeds. NaN where nothing
            can be claimed.
        high: Upper end of that interval. Where a signal would harm, it also covers how its values
            compare with those of other times.
        by_seed: The skill of each seed, a fraction.
    """

    metric: str
    error: float
    without: float
    skill: float
    low: float
    high: float
    by_seed: tuple[float, ...]

    @property
    def outcome(self) -> Outcome:
        """Whether the error is smaller with the inputs, by more than chance."""
        return outcome_of(self.low, self.high)


@dataclass(frozen=True)
class Ablation:
    """The same model with and without some of its inputs.

    Attributes:
        inputs: The inputs that are left out.
        others: The inputs that both models read.
        seeds: Seeds of the trainings; each model is trained with each of them.
        step: Step of the forecasts that are compared, from 1.
        origins: Past forecasts of each model whose outcome is known.
        simulated: Whether the prices are simulated.
        point: What the inputs contribute to the point forecast.
        band: What they contribute to the band.
        sentence: The result in words.
    """

    inputs: tuple[str, ...]
    others: tuple[str, ...]
    seeds: tuple[int, ...]
    step: int
    origins: int
    simulated: bool
    point: Contribution
    band: Contribution
    sentence: str

    @property
    def harms(self) -> bool:
        """Whether an error is larger with the inputs, by more than chance."""
        return "worse" in (self.point.outcome, self.band.outcome)

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence
