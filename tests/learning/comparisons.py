"""How models are compared: by all that they forecast."""

import numpy as np

from cryptoforecast.learning import inference
from tests import synthetic


def assert_same_forecasts(one, other):
    history = synthetic.history(200)
    a, b = (inference.forecast(model, history, range(100, 200)) for model in (one, other))
    np.testing.assert_array_equal(a.quantiles, b.quantiles)
    np.testing.assert_array_equal(a.predicted, b.predicted)
