"""From a history to what a network is fitted on: split, scaler, flat arrays.

The split is a value that hands out origins, so that no caller computes a border by itself. No
window is ever copied: sequences are read from the flat arrays by their start row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cryptoforecast.errors import NotEnoughData
from cryptoforecast.learning import features
from cryptoforecast.learning.specs import needs
from cryptoforecast.learning.targets import cumulative_returns
from cryptoforecast.types import Array, ModelSpec, PriceHistory, Scaler, Split

#: Fewest origins a span may have; below this no figure means anything.
FEWEST = {"training": 200, "validation": 30, "test": 30}
#: A spread below this share of the largest value is rounding: the column is constant.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Samples:
    """Scaled arrays of a whole history, and the origins to fit and to stop on.

    Attributes:
        inputs: ``(n, inputs)`` float32, scaled; 0 in the warm-up, which no origin reads.
        targets: ``(n, horizon)`` float32, scaled; NaN where the future is unknown.
        train: origins to fit on.
        validation: origins to stop on.
    """

    inputs: Array
    targets: Array
    train: range
    validation: range


def split(rows: int, spec: ModelSpec) -> Split:
    """Cut ``rows`` candles into training, validation and test, in time order.

    Raises:
        NotEnoughData: if a span would hold too few origins to mean anything.
    """
    # Rounding first keeps 100 * (1 - 0.43) from landing a hair below 57.
    test_start = math.floor(round(rows * (1 - spec.test), 6))
    train_end = math.floor(round(rows * (1 - spec.test - spec.validation), 6))
    result = Split(rows, train_end, test_start, spec.horizon)
    spans = {
        "training": result.train_origins(needs(spec)),
        "validation": result.validation_origins(needs(spec)),
        "test": result.test_origins(),
    }
    for name, origins in spans.items():
        if len(origins) < FEWEST[name]:
            raise NotEnoughData(
                f"The {name} span must hold at least {FEWEST[name]} origins. Received: "
                f"{len(origins)} from {rows} candles at lookback {spec.lookback} and horizon "
                f"{spec.horizon}. Choose a longer history, or a smaller lookback or horizon."
            )
    return result


def raw_targets(history: PriceHistory, spec: ModelSpec) -> Array:
    """Return the unscaled targets of each row.

    Returns:
        ``(n, horizon)``: log-return from the row's close, or the later close in USD; NaN at
        the end.
    """
    close = history.candles["close"].to_numpy(float)
    returns = cumulative_returns(close, spec.horizon)
    return returns if spec.target == "return" else close[:, None] * np.exp(returns)


def fit_scaler(raw: Array, targets: Array, spec: ModelSpec, cut: Split) -> Scaler:
    """Fit the scaler on training rows alone.

    Args:
        raw: ``(n, inputs)`` features.
        targets: ``(n, horizon)`` unscaled.
        spec: ``target`` decides between min-max and standardising.
        cut: rows from ``train_end`` on are never looked at.
    """
    first = features.warmup(spec.features)
    seen = raw[first : cut.train_end]
    fitted_targets = targets[first : cut.train_end - cut.horizon]
    if spec.target == "price":
        offset, scale = seen.min(axis=0), np.ptp(seen, axis=0)
        # The recipe scales the price it predicts exactly as the price it reads.
        if "close" in spec.features:
            column = sum(
                features.FEATURES[name].columns
                for name in spec.features[: spec.features.index("close")]
            )
            low, span = offset[column], scale[column]
        else:
            low, span = fitted_targets[:, 0].min(), np.ptp(fitted_targets[:, 0])
        target_offset = np.full(spec.horizon, low)
        target_scale = np.full(spec.horizon, span)
    else:
        offset, scale = seen.mean(axis=0), seen.std(axis=0)
        target_offset = np.zeros(spec.horizon)
        target_scale = fitted_targets.std(axis=0)
    return Scaler(
        offset, _usable(scale, seen), target_offset, _usable(target_scale, fitted_targets)
    )


def _usable(scale: Array, values: Array) -> Array:
    """Replace the scale of a constant column by 1: it carries nothing, and stays near 0."""
    return np.where(scale > ROUNDING * np.abs(values).max(axis=0), scale, 1.0)


def prepare(history: PriceHistory, spec: ModelSpec, cut: Split) -> tuple[Samples, Scaler]:
    """Build the arrays a network is fitted on.

    Args:
        history: ``n`` candles.
        spec: features, target, lookback and horizon.
        cut: where training and validation end.
    """
    raw = features.matrix(history.candles, spec.features)
    targets = raw_targets(history, spec)
    scaler = fit_scaler(raw, targets, spec, cut)
    samples = Samples(
        scale_inputs(raw, scaler),
        ((targets - scaler.target_offset) / scaler.target_scale).astype(np.float32),
        cut.train_origins(needs(spec)),
        cut.validation_origins(needs(spec)),
    )
    return samples, scaler


def scale_inputs(raw: Array, scaler: Scaler) -> Array:
    """Scale ``(n, inputs)`` features to float32, with 0 in the warm-up."""
    return np.nan_to_num((raw - scaler.offset) / scaler.scale, nan=0.0).astype(np.float32)


def starts(origins: range, lookback: int, chunk: int, offset: int = 0) -> Array:
    """First rows of the training sequences that tile ``origins``.

    A sequence has ``lookback + chunk - 1`` rows and a target on its last ``chunk``, so that
    every target has at least ``lookback`` rows of context. ``chunk`` 1 gives plain windows.

    Args:
        origins: rows that may be targets' origins.
        lookback: rows before (and with) the first target's origin.
        chunk: targets in a sequence.
        offset: 0 to ``chunk - 1``; shifts the whole tiling.
    """
    first = origins.start - (lookback - 1) + offset
    last = origins.stop - (lookback + chunk - 1)
    return np.arange(first, last + 1, chunk, dtype=np.int32)
