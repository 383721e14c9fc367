"""Forecasts from a trained model's numbers, without TensorFlow.

Importing TensorFlow takes seconds and hundreds of megabytes; this forward pass gives what Keras
gives (a test holds the two together) in milliseconds. Every forecast reads exactly
``needs(spec)`` candles, so the same candles give the same numbers wherever they are asked.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.learning import features, threads
from cryptoforecast.learning.samples import scale_inputs
from cryptoforecast.learning.specs import needs, warmup
from cryptoforecast.learning.targets import actual_prices
from cryptoforecast.types import (
    MEDIAN,
    QUANTILES,
    Array,
    Forecast,
    ModelSpec,
    PriceHistory,
    Stretches,
    TrainedModel,
)

#: Windows in one pass, from the inputs to the quantiles: enough to fill the matrix products, few
#: enough to stay in cache.
BATCH = 512
#: Models whose weights stay arranged for the next forecast.
KEPT = 16
#: Features that can be told from closes alone.
OF_CLOSES = tuple(features.OF_CLOSE)
#: Lowest price a min-max model may predict, as a share of the last close: a linear last layer
#: knows no floor, and a log-return needs a positive price.
LOWEST_SHARE = 1e-6


def forecast(model: TrainedModel, history: PriceHistory, rows: range) -> Forecast:
    """Forecast from each of ``rows``, reading ``needs(spec)`` candles up to it.

    Args:
        model: a trained network.
        history: ``n`` candles.
        rows: origins, rising; the last row of the history is allowed, its ``actual`` is then
            NaN.

    Raises:
        NotEnoughData: if the first origin has too few candles before it.
    """
    spec = model.spec
    needed = needs(spec)
    if len(rows) == 0 or rows.start < needed - 1 or rows.stop > len(history):
        raise NotEnoughData(
            f"A forecast of this model needs {needed} candles up to its origin. "
            f"Received: {min(rows.start + 1, len(history))}. Choose a longer history."
        )
    read = features.Columns(history.candles.iloc[rows.start - needed + 1 : rows.stop])
    inputs = scale_inputs(features.stack(read, spec.features), model.scaler)
    origins = slice(rows.start, rows.stop, rows.step)
    close = history.candles["close"].to_numpy(float)[origins]
    ranged = spec.unit == "range"
    unit = read.ranges[1][needed - 1 :: rows.step] if ranged else np.ones(len(close))
    predicted, quantiles = _said(model, inputs[warmup(spec) :], close, unit, rows.step)
    return Forecast(
        predictor=spec.network,
        interval=history.interval,
        origins=history.candles.index[origins],
        close=close,
        predicted=predicted,
        quantiles=quantiles,
        actual=actual_prices(history.candles["close"].to_numpy(float), rows, spec.horizon),
        candles=history.candles.index,
    )


def forecast_stretches(
    model: TrainedModel, history: PriceHistory, stretches: Stretches
) -> Forecast:
    """Forecast from every row of several stretches, as one forecast; see ``forecast``."""
    return Forecast.concat([forecast(model, history, rows) for rows in stretches])


def residual_quantiles(model: TrainedModel, history: PriceHistory, stretches: Stretches) -> Array:
    """Measure the band of a squared-error model on rows it was not fitted on.

    Returns:
        ``(horizon, 9)`` quantiles of ln(actual / predicted).
    """
    said = forecast_stretches(model, history, stretches)
    residual = np.log(said.actual / said.predicted)
    quantiles: Array = np.quantile(residual, QUANTILES, axis=0).T
    return quantiles


def outputs(model: TrainedModel, inputs: Array) -> Array:
    """Run the network on every stretch of ``lookback`` rows.

    Args:
        model: a trained network.
        inputs: ``(m + lookback - 1, inputs)`` float32, scaled.

    Returns:
        ``(m, outputs)`` float32, the raw last layer.
    """
    count = len(inputs) - model.spec.lookback + 1
    result = np.empty((count, model.weights[-1].shape[0]), np.float32)

    def run(some: slice) -> None:
        result[some] = _raw(model, inputs[some.start : some.stop + model.spec.lookback - 1])

    _in_parts(run, count, BATCH)
    return result


def rising_quantiles(raw: Array, horizon: int) -> Array:
    """Turn the raw last layer into quantiles that can't cross.

    Args:
        raw: ``(m, horizon * 9)``; of each nine the middle is the median, the others become
            positive steps away from it.
        horizon: steps predicted.

    Returns:
        ``(m, horizon, 9)`` float64, rising along the last axis.
    """
    # Level by level, each one block of memory: a quarter of the time that nines side by side take.
    levels = np.ascontiguousarray(raw.reshape(-1, len(QUANTILES)).T)
    # softplus, ln(1 + exp(raw)), at a third of the time that logaddexp takes for it
    steps = np.maximum(levels, 0) + np.log1p(np.exp(-np.abs(levels)))
    result = np.empty(levels.shape)
    result[MEDIAN] = levels[MEDIAN]
    for i in range(MEDIAN):
        np.add(result[MEDIAN + i], steps[MEDIAN + i + 1], out=result[MEDIAN + i + 1])
        np.subtract(result[MEDIAN - i], steps[MEDIAN - i - 1], out=result[MEDIAN - i - 1])
    return result.T.reshape(-1, horizon, len(QUANTILES))


@functools.lru_cache(maxsize=KEPT)
def members(model: TrainedModel) -> tuple[TrainedModel, ...]:
    """Take an ensemble apart into its networks, each a model of its own."""
    spec = dataclasses.replace(model.spec, ensemble=1)
    count = len(model.weights) // model.spec.ensemble
    return tuple(
        dataclasses.replace(model, spec=spec, weights=model.weights[first : first + count])
        for first in range(0, len(model.weights), count)
    )


def _said(
    model: TrainedModel, inputs: Array, close: Array, unit: Array, apart: int = 1
) -> tuple[Array, Array]:
    """Forecast from ``m`` origins.

    The quantiles of an ensemble are the means of its networks', level by level.

    Args:
        model: one network or several.
        inputs: ``(rows, inputs)`` scaled, from the first origin's lookback to the last origin.
        close: ``(m,)`` USD.
        unit: ``(m,)`` of a return, in log-return; 1 where it is fixed.
        apart: rows between two origins.

    Returns:
        Points ``(m, horizon)`` in USD and quantiles ``(m, horizon, 9)`` in log-return, these as
        exact as networks are: float32.
    """
    horizon, lookback = model.spec.horizon, model.spec.lookback
    points = np.empty((len(close), horizon))
    quantiles = np.empty((*points.shape, len(QUANTILES)), np.float32)

    def run(some: slice) -> None:
        read = inputs[some.start * apart : (some.stop - 1) * apart + lookback]
        points[some], quantiles[some] = _said_at_once(model, read, close[some], unit[some], apart)

    _in_parts(run, len(close), max(1, BATCH // apart))
    return points, quantiles


def _in_parts(run: Callable[[slice], None], count: int, most: int) -> None:
    """Run for ``most`` of ``count`` rows at a time, on all cores where that is more than once."""
    parts = [slice(begin, min(begin + most, count)) for begin in range(0, count, most)]
    if len(parts) == 1:
        run(parts[0])
    else:
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            list(pool.map(run, parts))


def _said_at_once(
    model: TrainedModel, inputs: Array, close: Array, unit: Array, apart: int
) -> tuple[Array, Array]:
    """Forecast as ``_said`` does, from ``BATCH`` windows at most."""
    centres, bands = zip(
        *(_unscale(one, _raw(one, inputs)[::apart], close, unit) for one in members(model)),
        strict=True,
    )
    centre = sum(centres[1:], centres[0]) / len(centres)
    quantiles = (sum(bands[1:], bands[0]) / len(bands)).astype(np.float32)
    if model.residuals is not None:
        quantiles = centre[..., None] + model.residuals
    elif model.spec.loss == "quantile":
        centre = quantiles[..., MEDIAN].astype(float)  # to the last digit the same price
    return close[:, None] * np.exp(centre), quantiles


def _unscale(model: TrainedModel, raw: Array, close: Array, unit: Array) -> tuple[Array, Array]:
    """Return one network's points ``(m, horizon)`` and quantiles, both in log-return."""
    spec, scaler = model.spec, model.scaler
    if spec.loss == "mse":
        value = raw.astype(float) * scaler.target_scale + scaler.target_offset
        centre = _log_returns(spec, value, close[:, None], unit[:, None])
        return centre, np.full((*centre.shape, len(QUANTILES)), np.nan)
    levels = rising_quantiles(raw, spec.horizon)
    levels = levels * scaler.target_scale[:, None] + scaler.target_offset[:, None]
    levels = _log_returns(spec, levels, close[:, None, None], unit[:, None, None])
    return levels[..., MEDIAN], levels


def _log_returns(spec: ModelSpec, value: Array, close: Array, unit: Array) -> Array:
    """Turn unscaled targets into log-returns from the close."""
    priced = spec.target == "price"
    returns: Array = np.log(_positive(value, close) / close) if priced else value * unit
    return returns


def _positive(price: Array, close: Array) -> Array:
    prices: Array = np.maximum(price, close * LOWEST_SHARE)
    return prices


def _raw(model: TrainedModel, inputs: Array) -> Array:
    """Give ``outputs`` of some windows, in one go."""
    threads.keep_to_one()
    return (_dense if model.spec.network == "dense" else _lstm)(model, inputs)


def _dense(model: TrainedModel, inputs: Array) -> Array:
    weights = model.weights
    windows = np.lib.stride_tricks.sliding_window_view(inputs, model.spec.lookback, axis=0)
    # The view is (m, inputs, lookback); Keras flattens (lookback, inputs).
    layer = windows.transpose(0, 2, 1).reshape(len(windows), -1)
    for i in range(0, len(weights) - 2, 2):
        layer = np.maximum(layer @ weights[i] + weights[i + 1], 0)
    outputs: Array = layer @ weights[-2] + weights[-1]
    return outputs


def _lstm(model: TrainedModel, inputs: Array) -> Array:
    """Run from zero state over every window, all of them side by side."""
    last = _stacked(model).run(inputs, model.spec.lookback)
    outputs: Array = last.T @ model.weights[-2] + model.weights[-1]
    return outputs


@dataclasses.dataclass(frozen=True, eq=False)
class _Stack:
    """The layers of an LSTM, moved on together: each is one step behind the layer below.

    What a layer reads is then known when all of them move, and one matrix product and one round
    of gates serve every layer. Units run down, layer after layer in each gate, and windows
    across, so that each gate is one contiguous block of memory.

    Attributes:
        kernel: ``(4 * units, units)`` what the gates read of every layer's last step.
        first: ``(4 * units, inputs)`` what they read of the inputs; 0 but for the first layer.
        bias: ``(4 * units, 1)``.
        begins: where each layer begins among the units, and where the last one ends.
    """

    kernel: Array
    first: Array
    bias: Array
    begins: tuple[int, ...]

    def run(self, inputs: Array, lookback: int) -> Array:
        """Run over ``m`` windows, each a row later than the one before.

        Args:
            inputs: ``(m + lookback - 1, inputs)`` scaled.
            lookback: rows of a window.

        Returns:
            ``(units, m)`` the last layer's output at each window's end.
        """
        behind = len(self.begins) - 2
        m, units = len(inputs) - lookback + 1, self.begins[-1]
        # When the first layer has seen every row, the others still have some steps to go.
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
            if step < behind:  # the layers above have not begun yet
                hidden[self.begins[step + 1] :] = cell[self.begins[step + 1] :] = 0
        return hidden[self.begins[-2] :]


@functools.lru_cache(maxsize=KEPT)
def _stacked(model: TrainedModel) -> _Stack:
    """Put the layers of an LSTM into one; see ``_Stack``."""
    units = model.spec.units
    begins = tuple(itertools.accumulate(units, initial=0))
    total = begins[-1]
    kernel = np.zeros((4, total, total), np.float32)
    first = np.zeros((4, total, len(model.weights[0])), np.float32)
    bias = np.zeros((4, total, 1), np.float32)
    for i, own in enumerate(map(slice, begins, begins[1:])):
        read, recurrent, constant = (
            array.reshape(4, units[i], -1) for array in _reordered(model.weights[3 * i : 3 * i + 3])
        )
        kernel[:, own, own], bias[:, own] = recurrent, constant
        if i:
            kernel[:, own, begins[i - 1] : begins[i]] = read
        else:
            first[:, own] = read
    return _Stack(
        kernel.reshape(4 * total, -1), first.reshape(4 * total, -1), bias.reshape(-1, 1), begins
    )


def _reordered(layer: tuple[Array, ...]) -> tuple[Array, ...]:
    """Put Keras' gates (input, forget, candidate, output) in our order, and halve the sigmoids'.

    sigmoid(x) = (1 + tanh(x / 2)) / 2, so that one tanh over all four gates is enough. Halving is
    exact in binary floating point.

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


def beyond_closes(spec: ModelSpec) -> list[str]:
    """Name what a model reads that can't be told from closes alone."""
    more = [name for name in spec.features if name not in OF_CLOSES]
    return more + ["ranges as the unit"] * (spec.unit == "range")


def from_closes(model: TrainedModel, closes: Array) -> Array:
    """Predict from bare closes alone, for a model whose features read nothing else.

    The same numbers as ``forecast`` without a history around them, which takes longer to make
    than to read.

    Args:
        model: a network on features of the close alone.
        closes: ``(needs,)`` oldest first, USD.

    Returns:
        ``(horizon,)`` predicted closes, USD.

    Raises:
        InvalidInput: if the model reads more than closes.
        NotEnoughData: unless there are as many as it needs.
    """
    spec, needed = model.spec, needs(model.spec)
    more = beyond_closes(spec)
    if more:
        raise InvalidInput(
            f"A forecast from closes alone needs a model of {', '.join(OF_CLOSES)}. "
            f"Received: {', '.join(more)}. Give whole candles, or choose another model."
        )
    if len(closes) != needed:
        raise NotEnoughData(f"This model needs {needed} closes. Received: {len(closes)}.")
    read = features.matrix_of_closes(closes, spec.features)
    inputs = scale_inputs(read, model.scaler)[warmup(spec) :]
    prices: Array = _said(model, inputs, closes[-1:], np.ones(1))[0][0]
    return prices
