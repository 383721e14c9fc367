"""What the tests of the service ask for, and how they compare answers."""

import time

import numpy as np

from cryptoforecast import json_views
from tests import synthetic

SPEC = synthetic.spec(epochs=1)


def backtest_of(service, model=None):
    """A backtest of a hand-made model, as if it had been trained on this history."""
    history = synthetic.history()
    card = {"fingerprint": history.fingerprint}
    return service.backtests.of_trained(
        history, synthetic.model(SPEC, **card) if model is None else model
    )


def assert_same_weights(one, other):
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def figures(result):
    """Scores that compare: undefined ones are None, where NaN differs from itself."""
    return {name: json_views.scores_json(steps) for name, steps in result.scores.items()}


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
