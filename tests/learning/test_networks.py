"""Keras networks: what they have, and that NumPy computes the same. TensorFlow is slow."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from cryptoforecast.learning import bundles, inference, networks, specs
from cryptoforecast.types import QUANTILES
from tests import synthetic


@pytest.mark.parametrize(
    "change",
    [
        {"network": "lstm", "units": (6,)},
        {"network": "lstm", "units": (7, 4), "loss": "mse", "horizon": 5},
        {"network": "lstm", "units": (5, 3, 4), "horizon": 3},
        {"network": "lstm", "units": (64, 32), "lookback": 60},
        {"network": "dense", "units": (6,), "horizon": 4},
        {"network": "dense", "units": (9, 5), "loss": "mse", "horizon": 2},
    ],
    ids=str,
)
def test_numpy_gives_what_keras_gives(change):
    spec = synthetic.spec(**change)
    model = synthetic.model(spec)
    # The size of trained weights, so that gates neither saturate nor idle.
    weights = [w / np.sqrt(w.shape[0]) for w in model.weights]
    network = networks.build(spec)
    assert [w.shape for w in network.get_weights()] == bundles.shapes(spec)
    network.set_weights(weights)
    rng = np.random.default_rng(1)
    width = network.input_shape[-1]
    inputs = rng.normal(0, 1, (40 + spec.lookback - 1, width)).astype(np.float32)
    windows = np.stack([inputs[i : i + spec.lookback] for i in range(40)])
    keras = np.asarray(network(windows))[:, -1]
    ours = inference.outputs(dataclasses.replace(model, weights=tuple(weights)), inputs)
    assert ours.shape == keras.shape == (40, networks.outputs(spec))
    np.testing.assert_allclose(ours, keras, rtol=0, atol=1e-6)
    assert np.ptp(keras) > 0.01


#: Uses TensorFlow, then says how nice each thread is: Python's main one, and those that compute.
NICENESS = """
import os
from pathlib import Path
import numpy as np
from cryptoforecast.learning import networks, specs
networks.build(specs.make("classic"))(np.zeros((1, 60, 1), np.float32))
tasks = Path("/proc/self/task").iterdir()
names = {int(one.name): (one / "comm").read_text().strip() for one in tasks}
print(os.getpriority(os.PRIO_PROCESS, 0))
print(*(os.getpriority(os.PRIO_PROCESS, one) for one, name in names.items() if "Compute" in name))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no niceness of their own")
def test_what_computes_leaves_the_processor_to_who_answers():
    done = subprocess.run(
        [sys.executable, "-c", NICENESS], capture_output=True, text=True, check=True
    )
    own, computing = done.stdout.splitlines()
    assert computing.split()
    assert set(computing.split()) == {str(min(19, int(own) + networks.NICENESS))}


def test_the_seed_network_has_29_345_parameters():
    spec = specs.make("classic")
    assert networks.build(spec).count_params() == bundles.parameters(spec) == 29_345


def test_training_scores_the_same_quantiles_as_inference_gives():
    import tensorflow as tf

    rng = np.random.default_rng(0)
    raw = rng.normal(0, 3, (5, 4, 2 * len(QUANTILES))).astype(np.float32)
    actual = rng.normal(0, 3, (5, 4, 2)).astype(np.float32)
    quantiles = inference.rising_quantiles(raw.reshape(20, -1), 2).reshape(5, 4, 2, -1)
    total, near = 0.0, np.array([1, 2**-0.5]) / (1 + 2**-0.5) * 2
    for i, level in enumerate(QUANTILES):
        error = actual - quantiles[..., i]
        total += (near * np.where(error > 0, level * error, (level - 1) * error)).mean()
    loss = networks._pinball(tf.constant(actual), tf.constant(raw), 2)
    assert float(loss) == pytest.approx(total / len(QUANTILES), rel=1e-5)
