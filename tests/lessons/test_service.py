"""The service of the lessons: small trainings in the background, each result computed once."""

from __future__ import annotations

import pytest

from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from cryptoforecast.types import Cheats, User
from tests.lessons.test_recipe import history

USER = User("a session", owner=False)


@pytest.fixture
def service() -> Service:
    return Service(Settings.from_environment())


def test_a_small_training_is_done_once_and_given_to_all_who_ask(service):
    job = service.lessons.train_small(history(), user=USER)
    assert service.lessons.train_small(history(), user=USER) is job
    assert job.wait(120)
    assert job.state == "done"
    assert job.progress.done == 1
    assert job.result.misses["popular"] > job.result.misses["naive"]
    assert service.lessons.job(job.key) is job


def test_a_small_training_can_be_cancelled(service):
    job = service.lessons.train_small(history(), user=USER)
    service.lessons.cancel(job.key, user=USER)
    assert job.state == "cancelled"
    assert job.wait(120)
    assert job.result is None


def test_a_small_training_needs_a_rise(service):
    assert service.lessons.rises(history())
    assert not service.lessons.rises(history(rises=False))


def test_scores_are_computed_once(service):
    first = service.lessons.leaks(Cheats(shuffled=True))
    assert service.lessons.leaks(Cheats(shuffled=True)) is first
    assert service.lessons.leaks(Cheats()) is not first
