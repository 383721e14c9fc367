"""The samples that a network is fitted on: split and flat arrays, made of a history.

The split is a value that gives the origins, so that no caller computes a border by itself. No
window is copied: training reads sequences from the flat arrays by their first row. Nothing that
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
from cryptoforecast.learning.scaling import fit_scaler, scale_inputs
from cryptoforecast.learning.specs import is_network, needs, warmup
from cryptoforecast.learning.targets import cumulative_returns
from cryptoforecast.prices.candles import level_shifts, quality
from cryptoforecast.prices.candles.level_shifts import CUT, RESCALE
from cryptoforecast.types import Array, ModelSpec, PriceHistory, Scaler, Split, Stretches

#: More absent candles in a row than this are a gap. Fewer are hours without a trade: a thin market
#: has thousands of them, and a cut at each would leave nothing to learn from.
MAX_ABSENT_CANDLES = 6
#: A history that ends in at least so many candles, and so much time, of one price without volume is
#: of a dead market. The longest outage of a large exchange in hourly candles was 33 hours.
MIN_DEAD_CANDLES, MIN_DEAD_TIME = 24, pd.Timedelta(days=2)
#: Origins that each span must have, at least. With fewer no figure is meaningful.
MIN_ORIGINS = {"training": 200, "validation": 30, "test": 30}
# What can be done about changes of unit.
_UNIT_REPAIRS = (
    f"a repair of the file's change of unit (Repairs on the Data page; --repair {RESCALE} or "
    f"{CUT} on the command line, repair= in Python)"
)


@dataclass(frozen=True, eq=False)
class Samples:
    """Scaled arrays of a whole history, the origins to fit on, and those that stop the fit.

    Attributes:
        inputs: ``(n, inputs)`` float32, scaled; 0 in the warm-up, which no origin reads.
        targets: ``(n, horizon)`` float32, scaled; NaN where the future is unknown.
        train: Origins to fit on, between gaps.
        validation: Origins whose loss chooses the epoch, between gaps.
    """

    inputs: Array
    targets: Array
    train: Stretches
    validation: Stretches


@dataclass(frozen=True, eq=False)
class RawSamples:
    """Unscaled features and targets of a whole history; they do not depend on the split.

    Attributes:
        inputs: ``(n, inputs)`` features; row *t* reads rows up to *t*.
        targets: ``(n, horizon)`` targets; row *t* reads rows up to *t + horizon*.
    """

    inputs: Array
    targets: Array

    def before(self, row: int) -> RawSamples:
        """Return the rows before ``row``."""
        return RawSamples(self.inputs[:row], self.targets[:row])


def in_one_unit(history: PriceHistory) -> PriceHistory:
    """Bring all candles into the newest unit of the coin, where a level shift changed it.

    Older candles are multiplied by the ratio of the two units, taken so that the last close of one
    level equals the first open of the next. So this ratio enters no return. Where the unit changed
    inside a candle, that candle is left out.

    Returns:
        The given history where its unit never changes. Otherwise a history with the same
        fingerprint and with its ``unit_changes``, which are ``gaps``.
    """
    shifts = level_shifts.find(history.candles)
    if not shifts:
        return history
    candles, whole = level_shifts.rescaled(history.candles, shifts, raw=True)
    changes = {*history.unit_changes, *(history.candles.index[shift.row] for shift in shifts)}
    return history.in_unit(candles[whole], tuple(sorted(changes)))


def gaps(history: PriceHistory) -> tuple[int, ...]:
    """Return the rows that begin a new stretch; no sample reaches across such a row.

    Before each of them more than ``MAX_ABSENT_CANDLES`` candles are absent, or the coin had another
    unit.

    Args:
        history: ``n`` candles in one unit; see ``in_one_unit``.
    """
    apart = np.diff(history.candles.index.asi8)
    after = np.flatnonzero(apart > (MAX_ABSENT_CANDLES + 1) * history.candle_length.value) + 1
    return tuple(sorted({*after.tolist(), *unit_changes(history)}))


def unit_changes(history: PriceHistory) -> tuple[int, ...]:
    """Return the rows before which the coin had another unit.

    Args:
        history: ``n`` candles in one unit; see ``in_one_unit``.
    """
    index = history.candles.index
    rows = (int(index.searchsorted(time)) for time in history.unit_changes)
    return tuple(row for row in rows if 0 < row < len(index))


def dead_tail(history: PriceHistory) -> int:
    """Count the candles of a dead market at the end; 0 where it may be an outage."""
    tail = quality.flat_tail(history.candles)
    return tail if tail >= MIN_DEAD_CANDLES and tail * history.candle_length >= MIN_DEAD_TIME else 0


def split(history: PriceHistory, spec: ModelSpec, *, trained: bool = False) -> Split:
    """Split a history into training, validation and test, in time order.

    Args:
        history: ``n`` candles; the split is that of the history ``in_one_unit``.
        spec: Shares of the spans, and what a forecast reads.
        trained: Whether the network exists already, so that only a test span is needed.

    Raises:
        NotEnoughData: If a span would hold fewer origins than ``MIN_ORIGINS``.
    """
    history = in_one_unit(history)
    changes = len(unit_changes(history))
    return split_rows(len(history), spec, gaps(history), trained=trained, changes=changes)


def split_rows(
    rows: int,
    spec: ModelSpec,
    gaps: tuple[int, ...] = (),
    *,
    trained: bool = False,
    changes: int = 0,
) -> Split:
    """Split ``rows`` candles as ``split`` does.

    Args:
        rows: Candles of the history.
        spec: Shares of the spans, and what a forecast reads.
        gaps: Rows that begin a new stretch; see the function ``gaps``.
        trained: Whether the network exists already, so that only a test span is needed.
        changes: How many of the gaps are changes of the coin's unit.

    Raises:
        NotEnoughData: If a span would hold fewer origins than ``MIN_ORIGINS``.
    """
    test_start = first_of_test(rows, spec.test)
    train_end = math.floor(round(rows * (1 - spec.test - spec.validation), 6))
    result = Split(rows, train_end, test_start, spec.horizon, gaps)
    if is_network(spec):
        needed, at = needs(spec), f"lookback {spec.lookback} and horizon {spec.horizon}"
        remedies = ["longer candles (a larger interval)"] * (len(gaps) > changes)
        remedies.append("a smaller lookback" + " or horizon" * (spec.horizon > 1))
    else:
        needed, at = 1, f"horizon {spec.horizon}"
        remedies = ["a smaller horizon"] * (spec.horizon > 1)
    if changes:
        remedies.append(_UNIT_REPAIRS)
    spans = {
        "training": result.train_origins(needed),
        "validation": result.validation_origins(needed),
        "test": (result.test_origins(),),
    }
    for name in _spans_needed(spec, trained):
        count = sum(map(len, spans[name]))
        if count < MIN_ORIGINS[name]:
            enough = candles_needed(spec, trained=trained)
            longer = f"a longer history{f' of about {enough:,} candles' * (rows < enough)}"
            raise NotEnoughData(
                f"The {name} span must hold at least {MIN_ORIGINS[name]} origins. Received: "
                f"{count} from {rows} candles{_cut_by(len(gaps) - changes, changes)} at {at}. "
                f"Choose {_either([longer, *remedies])}."
            )
    return result


def first_of_test(rows: int, test: float) -> int:
    """Return the first row of the last ``test`` share of ``rows``."""
    # Without rounding, 100 * (1 - 0.43) is slightly below 57, and its floor is 56.
    return math.floor(round(rows * (1 - test), 6))


def _spans_needed(spec: ModelSpec, trained: bool) -> tuple[str, ...]:
    """Name the spans that must be long enough; each baseline checks its own training rows."""
    return tuple(MIN_ORIGINS) if is_network(spec) and not trained else ("test",)


def candles_needed(spec: ModelSpec, *, trained: bool = False) -> int:
    """Estimate how many candles a history without gaps must have for ``split``."""
    parts = {
        "training": (needs(spec), 1 - spec.test - spec.validation),
        "validation": (0, spec.validation),
        "test": (0, spec.test),
    }
    return math.ceil(
        max(
            (MIN_ORIGINS[name] + parts[name][0] + spec.horizon) / parts[name][1]
            for name in _spans_needed(spec, trained)
        )
    )


def _either(remedies: Sequence[str]) -> str:
    """Join remedies, any one of which is enough: "a, b, or c"."""
    *others, last = remedies
    return f"{', '.join(others)}, or {last}" if others else last


def _cut_by(gaps: int, changes: int) -> str:
    """Say how many gaps and changes of unit cut a history, in brackets; "" if there is none."""
    parts = []
    if gaps:
        parts.append(f"{gaps} gap{'s' * (gaps > 1)} of more than {MAX_ABSENT_CANDLES} candles")
    if changes:
        parts.append(f"{changes} change{'s' * (changes > 1)} of the coin's unit")
    return f" (cut by {' and '.join(parts)})" if parts else ""


def raw_targets(history: PriceHistory, spec: ModelSpec) -> Array:
    """Compute the unscaled targets of each row; row *t* reads rows up to *t + horizon*.

    Args:
        history: ``n`` candles.
        spec: ``target`` and ``unit`` decide what a target is.

    Returns:
        ``(n, horizon)``. For the target ``"return"``: the cumulative log-return from the row's
        close; with the unit ``"range"``, divided by the average true range up to the row. For
        the target ``"price"``: the later close. NaN where the later close is unknown.
    """
    close = history.candles["close"].to_numpy(float)
    targets = cumulative_returns(close, spec.horizon)
    if spec.target == "price":
        targets = close[:, None] * np.exp(targets)
    elif spec.unit == "range":
        targets = targets / ranges.unit(history.candles)[:, None]
    return targets


def prepare(history: PriceHistory, spec: ModelSpec, cut: Split) -> tuple[Samples, Scaler]:
    """Build the arrays that a network is fitted on.

    Args:
        history: ``n`` candles.
        spec: Features, target, lookback and horizon.
        cut: Where training and validation end.

    Returns:
        The scaled samples, and the scaler fitted on the training rows.
    """
    return prepare_raw(raw_samples(history, spec), spec, cut)


def raw_samples(history: PriceHistory, spec: ModelSpec) -> RawSamples:
    """Compute features and targets of a history once, for any number of splits."""
    history = in_one_unit(history)
    return RawSamples(features.matrix(history.candles, spec.features), raw_targets(history, spec))


def prepare_raw(raw: RawSamples, spec: ModelSpec, cut: Split) -> tuple[Samples, Scaler]:
    """Build the arrays of one split; see ``prepare``."""
    return prepare_pooled([(raw, cut)], spec)


def prepare_pooled(
    parts: Sequence[tuple[RawSamples, Split]], spec: ModelSpec
) -> tuple[Samples, Scaler]:
    """Build the arrays of several histories, one after the other, with one scaler for all.

    No stretch reaches from one history into the next.

    Args:
        parts: The raw samples of each history, and where its training and validation end.
        spec: Features, target, lookback and horizon.

    Returns:
        The scaled samples, and the scaler fitted on all training rows.
    """
    inputs = np.concatenate([raw.inputs for raw, _ in parts])
    targets = np.concatenate([raw.targets for raw, _ in parts])
    firsts = np.cumsum([0, *(len(raw.inputs) for raw, _ in parts)]).tolist()
    context, needed = warmup(spec) + 1, needs(spec)

    def all_of(stretches: Callable[[Split], Stretches]) -> Stretches:
        return tuple(
            range(first + rows.start, first + rows.stop)
            for first, (_, cut) in zip(firsts, parts, strict=False)
            for rows in stretches(cut)
        )

    rows = all_of(lambda cut: cut.train_rows(context))
    scaler = fit_scaler(inputs, targets, spec, rows, all_of(lambda cut: cut.train_origins(context)))
    samples = Samples(
        scale_inputs(inputs, scaler),
        ((targets - scaler.target_offset) / scaler.target_scale).astype(np.float32),
        all_of(lambda cut: cut.train_origins(needed)),
        all_of(lambda cut: cut.validation_origins(needed)),
    )
    return samples, scaler


def starts(stretches: Stretches, lookback: int, chunk: int, offset: int = 0) -> Array:
    """Return the first rows of the training sequences that tile the stretches of origins.

    A sequence has ``lookback + chunk - 1`` rows, and a target at each of its last ``chunk`` rows,
    so that every target has at least ``lookback`` rows of context. A ``chunk`` of 1 gives
    windows.

    Args:
        stretches: Origins, each stretch tiled by itself. Origins at the end of a stretch that do
            not fill a chunk are left out.
        lookback: Rows up to and including the first origin.
        chunk: Targets in a sequence.
        offset: 0 to ``chunk - 1``; shifts the tiling of every stretch.

    Returns:
        ``(sequences,)`` int32.
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
