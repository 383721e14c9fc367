"""Tiny networks that are really trained, once for all tests of the package."""

from pathlib import Path

import pytest

from cryptoforecast.learning import bundles, training
from tests import synthetic


@pytest.fixture(scope="session")
def lstm_spec():
    """Sequences, nine quantiles, two steps ahead."""
    return synthetic.spec(
        network="lstm", horizon=2, features=("return", "abs_return"), chunk=9, batch_size=8
    )


@pytest.fixture(scope="session")
def lstm(lstm_spec):
    return training.train(synthetic.history(), lstm_spec)


@pytest.fixture(scope="session")
def mse_spec():
    """Windows, squared error, min-max prices."""
    return synthetic.spec(target="price", loss="mse", features=("close",), learning_rate=0.01)


@pytest.fixture(scope="session")
def dense(mse_spec):
    return training.train(synthetic.history(), mse_spec)


@pytest.fixture
def bundle(tmp_path) -> Path:
    return bundles.save(synthetic.model(), tmp_path, "mine")
