"""Ablations as JSON: what some inputs of a network contribute."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict

from cryptoforecast.json_views.values import Figure, Json, Names, Says, finite
from cryptoforecast.types import Ablation, Contribution


class ContributionJson(TypedDict):
    """What inputs contribute by one measure of error."""

    error: Annotated[Figure, Says("mean error with the inputs", 212.4)]
    without: Annotated[Figure, Says("mean error without them", 212.9)]
    skill: Annotated[Figure, Says("1 - error / without, a fraction", 0.002)]
    low: Annotated[Figure, Says("lower end of the interval of skill that decides", -0.003)]
    high: Annotated[Figure, Says("upper end of it", 0.007)]
    outcome: Annotated[str, Says("better, tie, worse or unknown", "tie")]
    by_seed: Annotated[list[Figure], Says("skill of each seed", [0.001, 0.004, 0.001])]


class AblationJson(TypedDict):
    """A network with some of its inputs and without them, on the same origins."""

    inputs: Annotated[Names, Says("inputs that are left out", ["signal:fear_greed"])]
    others: Annotated[Names, Says("inputs that stay", ["return", "range"])]
    seeds: Annotated[list[int], Says("seeds of the trainings", [0, 1, 2])]
    step: Annotated[int, Says("step of the forecasts, the last one", 1)]
    origins: Annotated[int, Says("forecasts that were tested", 3_480)]
    mae: Annotated[ContributionJson, Says("of the price, quote currency")]
    pinball: Annotated[ContributionJson, Says("of the band, log-return")]
    sentence: Annotated[
        str, Says("the result in words", "Volume makes no difference that could be told from …")
    ]


def ablation_json(ablation: Ablation) -> Json:
    """Describe an ablation."""
    view: AblationJson = {
        "inputs": list(ablation.inputs),
        "others": list(ablation.others),
        "seeds": list(ablation.seeds),
        "step": ablation.step,
        "origins": ablation.origins,
        "mae": contribution_json(ablation.point),
        "pinball": contribution_json(ablation.band),
        "sentence": ablation.sentence,
    }
    return {**view}


def contribution_json(one: Contribution) -> ContributionJson:
    """Describe both errors of a comparison, and by how much the first is smaller."""
    return {
        "error": finite(one.error),
        "without": finite(one.without),
        "skill": finite(one.skill),
        "low": finite(one.low),
        "high": finite(one.high),
        "outcome": one.outcome,
        "by_seed": [finite(skill) for skill in one.by_seed],
    }
