"""Searches in the background: in the queue of trainings, bounded as these, kept in memory."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import Service, searches
from cryptoforecast.settings import Settings
from cryptoforecast.types import OWNER, SearchPlan, User
from tests.searches import making

PLAN = SearchPlan(trials=2, finalists=1, seeds=2)
ORDER = searches.Order(
    plan=PLAN,
    networks=("dense",),
    changes={"epochs": 2, "unit": "fixed", "features": ("return",)},
    space=searches.parse({"units": [[2], [4]], "lookback": [4, 8]}),
)


def test_a_search_waits_in_the_queue_of_trainings_and_stays_in_memory(tmp_path: Path) -> None:
    service = Service(Settings(tmp_path, live=False))
    history = making.HISTORY
    job = service.searches.submit(history, ORDER, user=OWNER)
    assert searches.is_search(job.key)
    assert service.searches.submit(history, ORDER, user=OWNER) is job
    assert job.wait(300)
    assert job.error is None
    result = service.searches.result(job.key)
    assert result is not None
    assert len(result.trials) == 2
    assert job.result is not None
    assert job.result.model.spec == result.winner
    # The test has trained the winner already.
    assert service.training.train(history, result.winner).cached
    assert [path.suffix for path in (tmp_path / "searches").iterdir()] == [".journal"]
    other = dataclasses.replace(ORDER, plan=dataclasses.replace(PLAN, trials=3))
    assert service.searches.key(history, other) != job.key


def test_a_guest_may_not_search_for_longer_than_a_training_may_take(tmp_path: Path) -> None:
    service = Service(Settings(tmp_path, live=False, training_minutes=0.5))
    guest = User("guest", owner=False)
    long = dataclasses.replace(ORDER, plan=SearchPlan(trials=100))
    with pytest.raises(InvalidInput, match="A training may take less than a minute on this server"):
        service.searches.submit(making.HISTORY, long, user=guest)
    assert service.searches.expected(making.HISTORY, long).seconds > 60


def test_a_setting_is_fixed_or_searched() -> None:
    both = dataclasses.replace(ORDER, changes={**ORDER.changes, "lookback": 8})
    with pytest.raises(InvalidInput, match="fixed or searched"):
        searches.space_of(making.HISTORY, both)
    # A Dense network has no sequences, so it is left out where these are chosen.
    sequences = searches.Order(changes={"training": "sequences"})
    assert "network" not in searches.space_of(making.HISTORY, sequences)
    several = searches.Order(networks=("dense", "lstm"))
    chosen = searches.space_of(making.HISTORY, several)
    assert chosen["network"] == searches.space.Choice(("dense", "lstm"))
