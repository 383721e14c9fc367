"""Searches as JSON: what was tried, what won, and what the test said."""

from __future__ import annotations

from collections.abc import Mapping

from cryptoforecast.json_views.ablations import contribution_json
from cryptoforecast.json_views.models import spec_json
from cryptoforecast.json_views.values import Json, finite
from cryptoforecast.types import Finalist, Search, SearchTest, Trial


def search_json(search: Search) -> Json:
    """Describe a search."""
    test = search.test
    return {
        "study": search.study,
        "coin": search.coin,
        "interval": search.interval,
        "simulated": search.simulated,
        "metric": search.plan.metric,
        "trials": [_trial_json(each) for each in search.trials],
        "best_so_far": [finite(each) for each in search.best_so_far],
        "importances": dict(search.importances),
        "finalists": [_finalist_json(each) for each in search.finalists],
        "default": {**spec_json(search.default)},
        "winner": {**spec_json(search.winner)},
        "test": None if test is None else _test_json(test),
        "better": test is not None and test.better,
        "seconds": search.seconds,
        "sentence": search.sentence,
    }


def _trial_json(trial: Trial) -> Json:
    return {
        "number": trial.number,
        "state": trial.state,
        "values": _plain(trial.values),
        "loss": finite(trial.loss),
        "seconds": trial.seconds,
        "epochs": trial.epochs,
        "reason": trial.reason or None,
    }


def _plain(values: Mapping[str, object]) -> Json:
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }


def _finalist_json(finalist: Finalist) -> Json:
    return {
        "trial": finalist.trial or None,
        "losses": [finite(each) for each in finalist.losses],
        "loss": finite(finalist.loss),
        "spec": {**spec_json(finalist.spec)},
    }


def _test_json(test: SearchTest) -> Json:
    return {
        "step": test.step,
        "origins": test.origins,
        "seeds": list(test.seeds),
        "outcome": test.outcome,
        "mae": contribution_json(test.point),
        "pinball": contribution_json(test.band),
        "naive_skill": finite(test.naive_skill),
        "naive_low": finite(test.naive_low),
        "naive_high": finite(test.naive_high),
    }
