"""A service of its own for each test, and a home in which one network was trained."""

import pytest

from cryptoforecast.learning import training
from cryptoforecast.service import Service
from cryptoforecast.settings import Settings
from tests import synthetic
from tests.service.answers import SPEC


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A home in which one question was answered, and the answer."""
    home = tmp_path_factory.mktemp("trained")
    service = Service(Settings(home, shipped=home / "none", live=False))
    return home, service.backtests.run(synthetic.history(), SPEC)


@pytest.fixture
def service(tmp_path):
    return Service(Settings(tmp_path / "home", shipped=tmp_path / "shipped", live=False))


@pytest.fixture
def no_training(monkeypatch):
    def refuse(*args):
        raise AssertionError("nothing may be trained here")

    monkeypatch.setattr(training, "train", refuse)
