"""The scaler: fitted on training rows alone, and used unchanged on all that comes later."""

from __future__ import annotations

import numpy as np

from cryptoforecast.learning import features
from cryptoforecast.types import Array, ModelSpec, Scaler, Stretches

# The scale of a column that is constant in the training rows, and of no other: one whose range or
# standard deviation is exactly 1 gets the next larger number, so that a saved scaler tells them
# apart.
_NO_SCALE = 1.0
_ALMOST_ONE = float(np.nextafter(_NO_SCALE, 2.0))


def fit_scaler(
    raw: Array, targets: Array, spec: ModelSpec, rows: Stretches, origins: Stretches
) -> Scaler:
    """Fit the scaler on training rows alone.

    For the target ``"return"`` an input gets its mean as offset and its standard deviation as
    scale; a target gets 0 and its standard deviation. For the target ``"price"`` both get their
    minimum and their range (min-max). Where a column is constant, and nowhere else, its scale is 1.

    Args:
        raw: ``(n, inputs)`` features.
        targets: ``(n, horizon)`` unscaled, in the unit of ``samples.raw_targets``.
        spec: ``target`` decides between min-max scaling and standardising.
        rows: Training rows whose features do not reach across a gap. No other feature is read.
        origins: Those of them that have all their targets among the training rows.
    """
    fitted_rows, fitted_targets = _filled(_select(raw, rows)), _select(targets, origins)
    if spec.target == "price":
        offset, scale = fitted_rows.min(axis=0), np.ptp(fitted_rows, axis=0)
        # The popular recipe scales the price it predicts exactly as the price it reads.
        if "close" in spec.features:
            column = sum(
                features.of(name).columns for name in spec.features[: spec.features.index("close")]
            )
            low, span = offset[column], scale[column]
        else:
            low, span = fitted_targets[:, 0].min(), np.ptp(fitted_targets[:, 0])
        target_offset = np.full(spec.horizon, low)
        target_scale = np.full(spec.horizon, span)
    else:
        offset, scale = fitted_rows.mean(axis=0), fitted_rows.std(axis=0)
        target_offset = np.zeros(spec.horizon)
        target_scale = fitted_targets.std(axis=0)
    return Scaler(
        offset, _usable(scale, fitted_rows), target_offset, _usable(target_scale, fitted_targets)
    )


def _select(values: Array, stretches: Stretches) -> Array:
    """Return the rows of several stretches, one after the other."""
    return np.concatenate([values[rows.start : rows.stop] for rows in stretches])


def _filled(values: Array) -> Array:
    """Replace missing values of a signal by its mean, so that the mean stays the same."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    means = np.ma.masked_invalid(values).mean(axis=0).filled(0.0)
    return np.where(missing, means, values)


def _usable(scale: Array, values: Array) -> Array:
    """Replace the scale of a constant column by 1, so that the scaled column is near 0."""
    moves = scale > features.EPSILON_SPREAD * np.abs(values).max(axis=0)
    return np.where(moves, np.where(scale == _NO_SCALE, _ALMOST_ONE, scale), _NO_SCALE)


def unused_inputs(spec: ModelSpec, scaler: Scaler) -> tuple[str, ...]:
    """Name the features that never varied in training, so that nothing was learnt from them.

    Features of the clock, such as the hour of daily candles, and the close are left out. A model
    that was saved before version 0.3 does not tell an input with a range of exactly 1 from these.
    """
    vary = zip(features.owners(spec.features), scaler.scale != _NO_SCALE, strict=True)
    varying = {name for name, varies in vary if varies}
    return tuple(name for name in spec.features if name not in {*varying, *features.CLOCK, "close"})


def scale_inputs(raw: Array, scaler: Scaler) -> Array:
    """Scale features, ``(n, inputs)`` float32, with 0 in the warm-up.

    A missing value of a signal becomes 0 too. This is the mean of the training rows, or their
    minimum if the target is a price. The signal's second input says that the value is missing.
    """
    scaled: Array = np.nan_to_num((raw - scaler.offset) / scaler.scale, nan=0.0).astype(np.float32)
    return scaled
