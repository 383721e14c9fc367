"""The forward pass of a network in NumPy: from scaled inputs to the last layer."""

from __future__ import annotations

import dataclasses
import functools
import itertools

import numpy as np

from cryptoforecast.learning import threads
from cryptoforecast.types import Array, TrainedModel

#: Models whose rearranged weights stay in memory for the next forecast.
MAX_MODELS = 16


def last_layer(model: TrainedModel, inputs: Array) -> Array:
    """Compute the last layer for each window of ``lookback`` rows, in one pass.

    Args:
        model: A single trained network.
        inputs: ``(m + lookback - 1, inputs)`` float32, scaled.

    Returns:
        ``(m, outputs)``, scaled as the targets are; float32 of an LSTM, float64 of a Dense network.
    """
    threads.keep_to_one()
    return (_dense if model.spec.network == "dense" else _lstm)(model, inputs)


def _dense(model: TrainedModel, inputs: Array) -> Array:
    """Compute the last layer of a Dense network for each window.

    In float64: a sum of float32 is rounded differently in a large matrix product than in a small
    one, and a forecast must not depend on how many others are computed with it.
    """
    weights = model.weights
    windows = np.lib.stride_tricks.sliding_window_view(inputs, model.spec.lookback, axis=0)
    # The view is (m, inputs, lookback); Keras flattens (lookback, inputs).
    layer = windows.transpose(0, 2, 1).reshape(len(windows), -1).astype(float)
    for i in range(0, len(weights) - 2, 2):
        layer = np.maximum(layer @ weights[i] + weights[i + 1], 0)
    outputs: Array = layer @ weights[-2] + weights[-1]
    return outputs


def _lstm(model: TrainedModel, inputs: Array) -> Array:
    """Compute the last layer of an LSTM for each window, all windows at the same time."""
    last = _stacked_lstm(model).run(inputs, model.spec.lookback)
    outputs: Array = last.T @ model.weights[-2] + model.weights[-1]
    return outputs


@dataclasses.dataclass(frozen=True, eq=False)
class _StackedLstm:
    """The layers of an LSTM, computed together: each layer is one step behind the one below.

    So everything that a layer reads is known before the step, and one matrix product and one
    pass through the gates serve all layers. The rows of the state are the units, layer after
    layer, and its columns are the windows, so that each gate is one contiguous block of memory.

    Attributes:
        kernel: ``(4 * units, units)``, weights of the last step's outputs of all layers.
        first: ``(4 * units, inputs)``, weights of the inputs; 0 for all layers but the first.
        bias: ``(4 * units, 1)``.
        begins: First unit of each layer, and the number of units of all layers.
    """

    kernel: Array
    first: Array
    bias: Array
    begins: tuple[int, ...]

    def run(self, inputs: Array, lookback: int) -> Array:
        """Run over ``m`` windows from a state of zeros; each starts a row after the one before.

        Args:
            inputs: ``(m + lookback - 1, inputs)`` scaled.
            lookback: Rows of a window.

        Returns:
            ``(units, m)``, output of the last layer at the end of each window.
        """
        behind = len(self.begins) - 2
        m, units = len(inputs) - lookback + 1, self.begins[-1]
        # When the first layer has read all rows, the layers above still need some steps.
        rows = np.vstack([inputs, np.zeros((behind, inputs.shape[1]), np.float32)])
        terms = self.first @ rows.T + self.bias
        hidden, cell = np.zeros((2, units, m), np.float32)
        gates = np.empty((4 * units, m), np.float32)
        sigmoids, (admit, keep, show, new) = gates[: 3 * units], gates.reshape(4, units, m)
        for step in range(lookback + behind):
            np.matmul(self.kernel, hidden, out=gates)
            gates += terms[:, step : step + m]
            np.tanh(gates, out=gates)
            sigmoids += 1
            sigmoids *= 0.5
            admit *= new
            cell *= keep
            cell += admit
            np.tanh(cell, out=hidden)
            hidden *= show
            if step < behind:  # the layers above have not started yet
                hidden[self.begins[step + 1] :] = cell[self.begins[step + 1] :] = 0
        return hidden[self.begins[-2] :]


@functools.lru_cache(maxsize=MAX_MODELS)
def _stacked_lstm(model: TrainedModel) -> _StackedLstm:
    """Arrange the weights of an LSTM's layers as one; see ``_StackedLstm``."""
    units = model.spec.units
    begins = tuple(itertools.accumulate(units, initial=0))
    total = begins[-1]
    kernel = np.zeros((4, total, total), np.float32)
    first = np.zeros((4, total, len(model.weights[0])), np.float32)
    bias = np.zeros((4, total, 1), np.float32)
    for i, own in enumerate(map(slice, begins, begins[1:])):
        read, recurrent, constant = (
            array.reshape(4, units[i], -1)
            for array in _reorder_gates(model.weights[3 * i : 3 * i + 3])
        )
        kernel[:, own, own], bias[:, own] = recurrent, constant
        if i:
            kernel[:, own, begins[i - 1] : begins[i]] = read
        else:
            first[:, own] = read
    return _StackedLstm(
        kernel.reshape(4 * total, -1), first.reshape(4 * total, -1), bias.reshape(-1, 1), begins
    )


def _reorder_gates(layer: tuple[Array, ...]) -> tuple[Array, ...]:
    """Put Keras' gates (input, forget, candidate, output) in our order, and halve the sigmoids'.

    Our order is input, forget, output, candidate. Because sigmoid(x) = (1 + tanh(x / 2)) / 2, one
    tanh over all four gates is enough. Halving is exact in binary floating point.

    Args:
        layer: Kernel ``(inputs, 4 * units)``, recurrent kernel ``(units, 4 * units)`` and bias
            ``(4 * units,)``, as Keras has them.

    Returns:
        Kernel ``(4 * units, inputs)``, recurrent kernel ``(4 * units, units)`` and bias
        ``(4 * units, 1)``.
    """
    units = layer[1].shape[0]
    order = np.r_[: 2 * units, 3 * units : 4 * units, 2 * units : 3 * units]
    scale = np.repeat(np.array([0.5, 1.0], np.float32), [3 * units, units])
    return tuple(
        np.ascontiguousarray(np.atleast_2d(array[..., order] * scale).T) for array in layer
    )
