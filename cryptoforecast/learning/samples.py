"""From a history to what a network is fitted on: split, scaler, flat arrays.

The split is a value that hands out origins, so that no caller computes a border by itself. No
window is ever copied: sequences are read from the flat arrays by their start row. Nothing that
shapes a model reaches across a gap in the prices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import NotEnoughData
from cryptoforecast.learning import features, ranges
from cryptoforecast.learning.specs import is_network, needs, warmup
from cryptoforecast.learning.targets import cumulative_returns
from cryptoforecast.prices.candles import quality
from cryptoforecast.types import Array, ModelSpec, PriceHistory, Scaler, Split, Stretches

#: More candles than this absent in a row are a gap. Fewer are hours in which nobody traded: thin
#: markets have thousands, and cutting at each would leave nothing to learn from.
MAX_ABSENT = 6
#: One price without volume at the end is a dead market from so many candles and so long on. The
#: longest outage of a large exchange that hourly candles show was 33 hours.
DEAD_CANDLES, DEAD_TIME = 24, pd.Timedelta(days=2)
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
        train: origins to fit on, between gaps.
        validation: origins to stop on, between gaps.
    """

    inputs: Array
    targets: Array
    train: Stretches
    validation: Stretches


@dataclass(frozen=True, eq=False)
class Measured:
    """Features and targets of a whole history, unscaled: the same wherever it is cut.

    Attributes:
        inputs: ``(n, inputs)`` features; row *t* reads rows up to *t*.
        targets: ``(n, horizon)``; row *t* looks ahead to row *t + horizon*.
    """

    inputs: Array
    targets: Array

    def before(self, row: int) -> Measured:
        """Leave out every row from this one on."""
        return Measured(self.inputs[:row], self.targets[:row])


def gaps(history: PriceHistory) -> tuple[int, ...]:
    """Find the rows before which more than ``MAX_ABSENT`` candles are absent."""
    apart = np.diff(history.candles.index.asi8)
    after = np.flatnonzero(apart > (MAX_ABSENT + 1) * history.candle_length.value) + 1
    return tuple(after.tolist())


def dead_tail(history: PriceHistory) -> int:
    """Count the candles of a dead market at the end; 0 where it may be an outage or a lull."""
    tail = quality.flat_tail(history.candles)
    return tail if tail >= DEAD_CANDLES and tail * history.candle_length >= DEAD_TIME else 0


def split(history: PriceHistory, spec: ModelSpec, *, trained: bool = False) -> Split:
    """Cut a history into training, validation and test, in time order.

    Args:
        history: ``n`` candles.
        spec: shares, and what a forecast reads.
        trained: whether the network is there already, so that only a test span is needed.

    Raises:
        NotEnoughData: if a span would hold too few origins to mean anything.
    """
    return split_rows(len(history), spec, gaps(history), trained=trained)


def split_rows(
    rows: int, spec: ModelSpec, gaps: tuple[int, ...] = (), *, trained: bool = False
) -> Split:
    """Cut ``rows`` candles with these gaps as ``split`` does.

    Raises:
        NotEnoughData: if a span would hold too few origins to mean anything.
    """
    # Rounding first keeps 100 * (1 - 0.43) from landing a hair below 57.
    test_start = math.floor(round(rows * (1 - spec.test), 6))
    train_end = math.floor(round(rows * (1 - spec.test - spec.validation), 6))
    result = Split(rows, train_end, test_start, spec.horizon, gaps)
    if is_network(spec):
        needed, at = needs(spec), f"lookback {spec.lookback} and horizon {spec.horizon}"
        remedy = f"{'a longer candle, ' if gaps else ''}or a smaller lookback or horizon"
    else:
        needed, at, remedy = 1, f"horizon {spec.horizon}", "or a smaller horizon"
    spans = {
        "training": result.train_origins(needed),
        "validation": result.validation_origins(needed),
        "test": (result.test_origins(),),
    }
    for name in _spans_needed(spec, trained):
        count = sum(map(len, spans[name]))
        if count < FEWEST[name]:
            enough = candles_needed(spec, trained=trained)
            raise NotEnoughData(
                f"The {name} span must hold at least {FEWEST[name]} origins. Received: "
                f"{count} from {rows} candles{_cut_by(gaps)} at {at}. "
                f"Choose a longer history{f' of about {enough:,} candles' * (rows < enough)}, "
                f"{remedy}."
            )
    return result


def _spans_needed(spec: ModelSpec, trained: bool) -> tuple[str, ...]:
    """Name the spans that must be long enough; a baseline says itself what it needs to fit."""
    return tuple(FEWEST) if is_network(spec) and not trained else ("test",)


def candles_needed(spec: ModelSpec, *, trained: bool = False) -> int:
    """Count the candles, about, that a history without gaps must have; see ``split``."""
    parts = {
        "training": (needs(spec), 1 - spec.test - spec.validation),
        "validation": (0, spec.validation),
        "test": (0, spec.test),
    }
    return math.ceil(
        max(
            (FEWEST[name] + parts[name][0] + spec.horizon) / parts[name][1]
            for name in _spans_needed(spec, trained)
        )
    )


def _cut_by(gaps: tuple[int, ...]) -> str:
    if not gaps:
        return ""
    return f" (cut by {len(gaps)} gap{'s' * (len(gaps) > 1)} of more than {MAX_ABSENT} candles)"


def raw_targets(history: PriceHistory, spec: ModelSpec) -> Array:
    """Return the unscaled targets of each row.

    Returns:
        ``(n, horizon)``: log-return from the row's close, the same in units of the average
        true range up to it, or the later close in USD; NaN at the end.
    """
    close = history.candles["close"].to_numpy(float)
    targets = cumulative_returns(close, spec.horizon)
    if spec.target == "price":
        targets = close[:, None] * np.exp(targets)
    elif spec.unit == "range":
        targets = targets / ranges.unit(history.candles)[:, None]
    return targets


def fit_scaler(
    raw: Array, targets: Array, spec: ModelSpec, rows: Stretches, origins: Stretches
) -> Scaler:
    """Fit the scaler on training rows alone, and on none whose features reach across a gap.

    Args:
        raw: ``(n, inputs)`` features.
        targets: ``(n, horizon)`` unscaled.
        spec: ``target`` decides between min-max and standardising.
        rows: training rows; no other feature is looked at.
        origins: those of them with every target among them.
    """
    seen, fitted_targets = _rows(raw, rows), _rows(targets, origins)
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


def _rows(values: Array, stretches: Stretches) -> Array:
    return np.concatenate([values[rows.start : rows.stop] for rows in stretches])


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
    return scaled(measure(history, spec), spec, cut)


def measure(history: PriceHistory, spec: ModelSpec) -> Measured:
    """Compute features and targets once for however many cuts of a history."""
    return Measured(features.matrix(history.candles, spec.features), raw_targets(history, spec))


def scaled(measured: Measured, spec: ModelSpec, cut: Split) -> tuple[Samples, Scaler]:
    """Build the arrays of one cut; see ``prepare``."""
    return pooled([(measured, cut)], spec)


def pooled(parts: Sequence[tuple[Measured, Split]], spec: ModelSpec) -> tuple[Samples, Scaler]:
    """Build the arrays of several histories, one after the other, under one scaler.

    No stretch reaches from one history into the next.
    """
    raw = np.concatenate([measured.inputs for measured, _ in parts])
    targets = np.concatenate([measured.targets for measured, _ in parts])
    firsts = np.cumsum([0, *(len(measured.inputs) for measured, _ in parts)]).tolist()
    read, needed = warmup(spec) + 1, needs(spec)

    def all_of(stretches: Callable[[Split], Stretches]) -> Stretches:
        return tuple(
            range(first + rows.start, first + rows.stop)
            for first, (_, cut) in zip(firsts, parts, strict=False)
            for rows in stretches(cut)
        )

    rows = all_of(lambda cut: cut.train_rows(read))
    scaler = fit_scaler(raw, targets, spec, rows, all_of(lambda cut: cut.train_origins(read)))
    samples = Samples(
        scale_inputs(raw, scaler),
        ((targets - scaler.target_offset) / scaler.target_scale).astype(np.float32),
        all_of(lambda cut: cut.train_origins(needed)),
        all_of(lambda cut: cut.validation_origins(needed)),
    )
    return samples, scaler


def scale_inputs(raw: Array, scaler: Scaler) -> Array:
    """Scale ``(n, inputs)`` features to float32, with 0 in the warm-up."""
    scaled: Array = np.nan_to_num((raw - scaler.offset) / scaler.scale, nan=0.0).astype(np.float32)
    return scaled


def starts(stretches: Stretches, lookback: int, chunk: int, offset: int = 0) -> Array:
    """First rows of the training sequences that tile each stretch of origins by itself.

    A sequence has ``lookback + chunk - 1`` rows and a target on its last ``chunk``, so that
    every target has at least ``lookback`` rows of context. ``chunk`` 1 gives plain windows.

    Args:
        stretches: rows that may be targets' origins; less than a chunk at the end of each, and
            a stretch shorter than a chunk, is left out.
        lookback: rows before (and with) the first target's origin.
        chunk: targets in a sequence.
        offset: 0 to ``chunk - 1``; shifts the whole tiling.
    """
    tiles = [
        np.arange(
            origins.start - (lookback - 1) + offset,
            origins.stop - (lookback + chunk - 1) + 1,
            chunk,
            dtype=np.int32,
        )
        for origins in stretches
    ]
    return np.concatenate(tiles)
