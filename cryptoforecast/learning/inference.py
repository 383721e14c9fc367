"""Inference: forecasts from a trained model's weights, without TensorFlow.

Importing TensorFlow takes seconds and hundreds of megabytes. The forward pass in ``forward`` gives
in milliseconds what Keras gives; a test compares the two. Every forecast reads exactly
``needs(spec)`` candles, so the same candles give the same numbers in a long history and in a short
one.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from cryptoforecast.errors import InvalidInput, NotEnoughData
from cryptoforecast.learning import feature_values, features
from cryptoforecast.learning.columns import Columns
from cryptoforecast.learning.forward import MAX_MODELS, last_layer
from cryptoforecast.learning.scaling import scale_inputs
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

#: Windows in one pass from the inputs to the quantiles: enough for efficient matrix products, and
#: few enough for the processor's cache.
BATCH_WINDOWS = 512
#: Threads that forecast batches at the same time, at most.
MAX_THREADS = 4
#: Features that can be computed from closes alone.
CLOSE_FEATURES = tuple(feature_values.CLOSE_FEATURES)
#: Lowest price that a min-max model may predict, as a share of the last close. Its linear last
#: layer has no lower bound, but a log-return needs a positive price.
MIN_PRICE_SHARE = 1e-6


def forecast(model: TrainedModel, history: PriceHistory, rows: range) -> Forecast:
    """Forecast from each of ``rows``, reading the ``needs(spec)`` candles up to it.

    Args:
        model: A trained network.
        history: ``n`` candles.
        rows: Origins, rising. The last row of the history is allowed; its ``actual`` is NaN.

    Returns:
        The forecast of the network alone. Calibration is added in ``forecasting``.

    Raises:
        NotEnoughData: If the first origin has too few candles up to it, or if ``rows`` is empty or
            reaches beyond the history.
    """
    spec = model.spec
    needed = needs(spec)
    if len(rows) == 0 or rows.start < needed - 1 or rows.stop > len(history):
        raise NotEnoughData(
            f"A forecast of this model needs {needed} candles up to its origin. "
            f"Received: {min(rows.start + 1, len(history))}. Choose a longer history."
        )
    columns = Columns(history.candles.iloc[rows.start - needed + 1 : rows.stop])
    inputs = scale_inputs(features.stack(columns, spec.features), model.scaler)
    origins = slice(rows.start, rows.stop, rows.step)
    close = history.candles["close"].to_numpy(float)[origins]
    ranged = spec.unit == "range"
    unit = columns.ranges[1][needed - 1 :: rows.step] if ranged else np.ones(len(close))
    predicted, quantiles = _forecast_origins(model, inputs[warmup(spec) :], close, unit, rows.step)
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
    """Forecast from each row of several stretches, as one forecast; see ``forecast``."""
    return Forecast.concat([forecast(model, history, rows) for rows in stretches])


def residual_quantiles(model: TrainedModel, history: PriceHistory, stretches: Stretches) -> Array:
    """Measure the band of a squared-error model on rows that it was not fitted on.

    Args:
        model: A network that was trained with squared error.
        history: ``n`` candles.
        stretches: Origins whose targets are known.

    Returns:
        ``(horizon, 9)`` quantiles of ln(actual / predicted).
    """
    predictions = forecast_stretches(model, history, stretches)
    residual = np.log(predictions.actual / predictions.predicted)
    quantiles: Array = np.quantile(residual, QUANTILES, axis=0).T
    return quantiles


def outputs(model: TrainedModel, inputs: Array) -> Array:
    """Compute the last layer as ``forward.last_layer`` does, for any number of windows.

    Args:
        model: A single trained network.
        inputs: ``(m + lookback - 1, inputs)`` float32, scaled.

    Returns:
        ``(m, outputs)`` float32, scaled as the targets are.
    """
    count = len(inputs) - model.spec.lookback + 1
    result = np.empty((count, model.weights[-1].shape[0]), np.float32)

    def run(batch: slice) -> None:
        result[batch] = last_layer(
            model, inputs[batch.start : batch.stop + model.spec.lookback - 1]
        )

    _in_batches(run, count, BATCH_WINDOWS)
    return result


def rising_quantiles(raw: Array, horizon: int) -> Array:
    """Turn the raw last layer into quantiles that can't cross.

    Of each nine numbers the middle one is the median. The others pass through a softplus and are
    then the positive distances between neighbouring quantiles.

    Args:
        raw: ``(m, horizon * 9)``, the last layer.
        horizon: Steps predicted.

    Returns:
        ``(m, horizon, 9)`` float64, rising along the last axis.
    """
    # Each quantile level as one block of memory takes a quarter of the time of nines side by side.
    levels = np.ascontiguousarray(raw.reshape(-1, len(QUANTILES)).T)
    # Softplus, ln(1 + exp(raw)), in a third of the time of logaddexp.
    steps = np.maximum(levels, 0) + np.log1p(np.exp(-np.abs(levels)))
    result = np.empty(levels.shape)
    result[MEDIAN] = levels[MEDIAN]
    for i in range(MEDIAN):
        np.add(result[MEDIAN + i], steps[MEDIAN + i + 1], out=result[MEDIAN + i + 1])
        np.subtract(result[MEDIAN - i], steps[MEDIAN - i - 1], out=result[MEDIAN - i - 1])
    return result.T.reshape(-1, horizon, len(QUANTILES))


@functools.lru_cache(maxsize=MAX_MODELS)
def members(model: TrainedModel) -> tuple[TrainedModel, ...]:
    """Split an ensemble into its networks, each a model of its own."""
    spec = dataclasses.replace(model.spec, ensemble=1)
    count = len(model.weights) // model.spec.ensemble
    return tuple(
        dataclasses.replace(model, spec=spec, weights=model.weights[first : first + count])
        for first in range(0, len(model.weights), count)
    )


def _forecast_origins(
    model: TrainedModel, inputs: Array, close: Array, unit: Array, stride: int = 1
) -> tuple[Array, Array]:
    """Forecast from ``m`` origins.

    Each quantile of an ensemble is the mean of its networks' quantiles.

    Args:
        model: One network or several.
        inputs: ``(rows, inputs)`` scaled, from the first origin's lookback to the last origin.
        close: ``(m,)`` closes at the origins, quote currency.
        unit: ``(m,)`` unit of a return, in log-return; 1 where it is fixed.
        stride: Rows between two origins.

    Returns:
        Points ``(m, horizon)``, which are prices, and quantiles ``(m, horizon, 9)`` in log-return,
        which are float32 as the networks are.
    """
    horizon, lookback = model.spec.horizon, model.spec.lookback
    points = np.empty((len(close), horizon))
    quantiles = np.empty((*points.shape, len(QUANTILES)), np.float32)

    def run(batch: slice) -> None:
        rows = inputs[batch.start * stride : (batch.stop - 1) * stride + lookback]
        points[batch], quantiles[batch] = _forecast_batch(
            model, rows, close[batch], unit[batch], stride
        )

    _in_batches(run, len(close), max(1, BATCH_WINDOWS // stride))
    return points, quantiles


def _in_batches(run: Callable[[slice], None], count: int, size: int) -> None:
    """Call ``run`` on batches of ``size`` rows out of ``count``, several at the same time."""
    batches = [slice(first, min(first + size, count)) for first in range(0, count, size)]
    if len(batches) == 1:
        run(batches[0])
    else:
        with ThreadPoolExecutor(min(MAX_THREADS, os.cpu_count() or 1)) as pool:
            list(pool.map(run, batches))


def _forecast_batch(
    model: TrainedModel, inputs: Array, close: Array, unit: Array, stride: int
) -> tuple[Array, Array]:
    """Forecast as ``_forecast_origins`` does, from at most ``BATCH_WINDOWS`` windows."""
    centres, bands = zip(
        *(_unscale(one, last_layer(one, inputs)[::stride], close, unit) for one in members(model)),
        strict=True,
    )
    centre = sum(centres[1:], centres[0]) / len(centres)
    quantiles = (sum(bands[1:], bands[0]) / len(bands)).astype(np.float32)
    if model.residuals is not None:
        quantiles = centre[..., None] + model.residuals
    elif model.spec.loss == "quantile":
        # The point forecast is the median to the last digit, float32 included.
        centre = quantiles[..., MEDIAN].astype(float)
    return close[:, None] * np.exp(centre), quantiles


def _unscale(model: TrainedModel, raw: Array, close: Array, unit: Array) -> tuple[Array, Array]:
    """Return points ``(m, horizon)`` and quantiles ``(m, horizon, 9)``, both in log-return."""
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
    """Turn unscaled targets (prices or returns) into log-returns from the close."""
    if spec.target == "price":
        returns: Array = np.log(np.maximum(value, close * MIN_PRICE_SHARE) / close)
    else:
        returns = value * unit
    return returns


def beyond_closes(spec: ModelSpec) -> list[str]:
    """Name the inputs of a model that can't be computed from closes alone."""
    more = [name for name in spec.features if name not in CLOSE_FEATURES]
    return more + ["ranges as the unit"] * (spec.unit == "range")


def from_closes(model: TrainedModel, closes: Array) -> Array:
    """Predict from closes alone, for a model whose features read nothing else.

    The numbers are those of ``forecast``. No history is built, which would take longer than the
    forecast itself.

    Args:
        model: A network whose features are all in ``CLOSE_FEATURES``.
        closes: ``(needs(spec),)``, oldest first, quote currency.

    Returns:
        ``(horizon,)`` predicted closes, quote currency.

    Raises:
        InvalidInput: If the model reads more than closes.
        NotEnoughData: If the number of closes is not the number that the model needs.
    """
    spec, needed = model.spec, needs(model.spec)
    more = beyond_closes(spec)
    if more:
        raise InvalidInput(
            f"A forecast from closes alone needs a model of {', '.join(CLOSE_FEATURES)}. "
            f"Received: {', '.join(more)}. Give whole candles, or choose another model."
        )
    if len(closes) != needed:
        raise NotEnoughData(f"This model needs {needed} closes. Received: {len(closes)}.")
    raw = features.matrix_of_closes(closes, spec.features)
    inputs = scale_inputs(raw, model.scaler)[warmup(spec) :]
    prices: Array = _forecast_origins(model, inputs, closes[-1:], np.ones(1))[0][0]
    return prices
