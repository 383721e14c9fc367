"""Renewals of saved models, and their versions, as JSON."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict

from cryptoforecast.json_views.values import Figure, Json, Says, Time, finite, time_json
from cryptoforecast.types.expiry import expires
from cryptoforecast.types.renewal import ModelVersion, RefusedRenewal, Renewal, RenewalAttempt


class VersionJson(TypedDict):
    """A version of a saved model."""

    version: Annotated[str, Says("digest of its contents", "sha256:5f0c7dd1…")]
    current: Annotated[bool, Says("whether it is the one that forecasts", True)]
    created: Annotated[Time, Says("when it was trained")]
    cutoff: Annotated[Time, Says("open of the last candle that shaped the weights")]
    expires: Annotated[Time, Says("when it is worth renewing")]
    verdict: Annotated[
        str | None, Says("verdict of its test in one sentence", "No better than the last price.")
    ]


class AttemptJson(TypedDict):
    """How the last renewal of a model went."""

    at: Annotated[Time, Says("when it ended")]
    sentence: Annotated[str, Says("what came of it, and why", "Renewed: …")]


class HistoryJson(TypedDict):
    """The versions of a saved model."""

    name: Annotated[str, Says("its name", "mine")]
    versions: Annotated[
        list[VersionJson], Says("the current one, then the stored ones, the newest first")
    ]
    last_renewal: Annotated[AttemptJson | None, Says("how the last renewal went; null if none")]


class ContestJson(TypedDict):
    """How a renewed model and the one before did on candles that neither had learnt from."""

    origins: Annotated[int, Says("forecasts compared", 1_000)]
    start: Annotated[Time, Says("when the first of them could be made")]
    end: Annotated[Time, Says("when the last of them could be made")]
    step: Annotated[int, Says("their step", 1)]
    metric: Annotated[str, Says("what is compared", "pinball")]
    champion: Annotated[Figure, Says("mean loss of the model before, log-return", 0.0011)]
    challenger: Annotated[Figure, Says("mean loss of the renewed model, log-return", 0.0011)]
    skill: Annotated[Figure, Says("1 - challenger / champion", 0.004)]
    ci_low: Annotated[Figure, Says("lower end of its 95 % interval", -0.002)]
    ci_high: Annotated[Figure, Says("upper end of it", 0.01)]
    margin: Annotated[float, Says("the renewed model is kept if ci_low is above minus this", 0.01)]


def refusal_json(renewal: Renewal | RefusedRenewal | None) -> Json | None:
    """Describe a renewal that could not be made; ``None`` for any other."""
    if not isinstance(renewal, RefusedRenewal):
        return None
    return {"model": renewal.name, "sentence": renewal.sentence}


def renewal_json(renewal: Renewal) -> Json:
    """Describe a renewal: what was compared, and what came of it."""
    contest: ContestJson = {
        "origins": renewal.origins,
        "start": time_json(renewal.first),
        "end": time_json(renewal.last),
        "step": renewal.step,
        "metric": "pinball",
        "champion": finite(renewal.champion_loss),
        "challenger": finite(renewal.challenger_loss),
        "skill": finite(renewal.skill),
        "ci_low": finite(renewal.low),
        "ci_high": finite(renewal.high),
        "margin": renewal.margin,
    }
    return {
        "model": renewal.name,
        "saved": renewal.saved,
        "promoted": renewal.saved is not None,
        "start": renewal.start,
        "sentence": renewal.sentence,
        "contest": contest,
        "champion": {"version": renewal.champion_version, "cutoff": renewal.champion.card.cutoff},
        "challenger": {
            "cutoff": renewal.challenger.card.cutoff,
            "expires": expires(renewal.challenger.card).isoformat(),
        },
    }


def version_json(version: ModelVersion) -> VersionJson:
    """Describe a version of a saved model."""
    card = version.summary.card
    return {
        "version": version.version,
        "current": version.current,
        "created": card.created,
        "cutoff": card.cutoff,
        "expires": expires(card).isoformat(),
        "verdict": card.verdict or None,
    }


def history_json(
    name: str, versions: list[ModelVersion], attempt: RenewalAttempt | None
) -> HistoryJson:
    """Describe the versions of a saved model, and how its last renewal went."""
    return {
        "name": name,
        "versions": [version_json(each) for each in versions],
        "last_renewal": None
        if attempt is None
        else {"at": attempt.at, "sentence": attempt.sentence},
    }
