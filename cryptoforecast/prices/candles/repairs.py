"""The repairs of candles: all off by default, and none of them makes up a price.

A repair has the name of the irregularity in the quality report that it removes. Where two repairs
remove the same kind, the name also says what each of them does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles import level_shifts, quality
from cryptoforecast.prices.candles.findings import MIN_FLAT_CANDLES, runs
from cryptoforecast.prices.candles.level_shifts import CUT, RESCALE
from cryptoforecast.types import Array, Problem

# Candles that a history must have, at least.
_MIN_CANDLES = 2


@dataclass(frozen=True)
class Repair:
    """A repair of one kind of irregularity.

    Attributes:
        name: The kind in the quality report, for example ``"outliers"``.
        help: One sentence for the user who chooses repairs.
        marks: Returns which of the candles it changes, ``(n,)`` bool.
        summary: What was done, in words; ``{}`` stands for the number of candles.
    """

    name: str
    help: str
    marks: Callable[[pd.DataFrame], Array]
    summary: str


def _tail(candles: pd.DataFrame) -> Array:
    """Mark the candles at the end that repeat one price without volume."""
    return np.arange(len(candles)) >= len(candles) - quality.flat_tail(candles)


def _flat(candles: pd.DataFrame) -> Array:
    """Mark long stretches that repeat the price before them without volume, but not the end."""
    prices = candles[["open", "high", "low", "close"]].to_numpy()
    idle = np.zeros(len(prices), dtype=bool)
    idle[1:] = (prices[1:] == prices[:-1, [3]]).all(axis=1)
    idle &= ~(np.nan_to_num(candles["volume"].to_numpy()) > 0) & ~_tail(candles)
    mask = np.zeros(len(prices), dtype=bool)
    for start, length in zip(*runs(idle), strict=True):
        mask[start : start + length] = length >= MIN_FLAT_CANDLES
    return mask


def _before_shift(candles: pd.DataFrame) -> Array:
    """Mark the candles before the last level shift."""
    shifts = level_shifts.find(candles)
    return np.arange(len(candles)) < (shifts[-1].row if shifts else 0)


# The finding that a repair of another name mends.
_KINDS = {CUT: "level_shift", RESCALE: "level_shift"}


def _no_candles(candles: pd.DataFrame) -> Array:
    """Mark none: rows without a price are left out as the file is read, before candles exist."""
    return np.zeros(len(candles), dtype=bool)


#: All repairs by name.
REPAIRS: dict[str, Repair] = {
    repair.name: repair
    for repair in (
        Repair(
            "outliers",
            "Leave out the candles with a price far from all prices around it.",
            quality.outliers,
            "{} left out",
        ),
        Repair(
            "ohlc_violations",
            "Widen high and low where open or close lies outside them.",
            quality.ohlc_violations,
            "high and low widened in {}",
        ),
        Repair(
            "flat_tail",
            "Cut off the end, where one price repeats without volume.",
            _tail,
            "{} cut off the end",
        ),
        Repair(
            "flat",
            f"Leave out stretches of {MIN_FLAT_CANDLES} candles or more that repeat one price "
            "without volume.",
            _flat,
            "{} left out",
        ),
        Repair(
            CUT,
            "Leave out what is before the last change of the coin's unit.",
            _before_shift,
            "{} before the last change of unit left out",
        ),
        Repair(
            RESCALE,
            "Bring what is before a change of the coin's unit into the new unit, prices and "
            "volumes.",
            _before_shift,
            "{} brought into the newest unit",
        ),
        Repair(
            "unlisted",
            "Leave out the rows before the first price, where every price is 0.",
            _no_candles,
            "{} left out",
        ),
    )
}


@dataclass(frozen=True, eq=False)
class RepairResult:
    """Candles after repairs, and what was done.

    Attributes:
        candles: Canonical frame; some candles are left out, rescaled, or have a wider high and low.
        lines: ``(n,)``, line of each candle in its file, where known.
        splices: ``(n,)`` bool, candles that are the first of another source, where known.
        problems: One for each repair that changed something; its ``repair`` says what was done.
    """

    candles: pd.DataFrame
    lines: Array | None = None
    splices: Array | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that say what was done, for the notes of the price history."""
        return tuple(
            f"Repaired as asked ({problem.kind}): {problem.repair}." for problem in self.problems
        )


def check(names: Collection[str]) -> None:
    """Check that every name is that of a repair.

    Raises:
        InvalidInput: If one is not, or two exclude each other. The message names all repairs.
    """
    unknown = sorted(set(names) - REPAIRS.keys())
    if unknown:
        raise InvalidInput(
            f"The repairs are {', '.join(REPAIRS)}. Received: {unknown[0][:40]!r}. "
            "Choose among them."
        )
    if {CUT, RESCALE} <= set(names):
        raise InvalidInput(
            f"Prices before a change of unit are left out or rescaled. Received: {CUT} and "
            f"{RESCALE}. Choose one of them."
        )


def repairable(candles: pd.DataFrame) -> dict[str, int]:
    """Count the candles that each repair would change, by name; counts of 0 are left out."""
    counts = {name: int(repair.marks(candles).sum()) for name, repair in REPAIRS.items()}
    return {name: count for name, count in counts.items() if count}


def with_repairs(problems: Sequence[Problem], candles: pd.DataFrame) -> tuple[Problem, ...]:
    """Name the repairs that would change something beside each problem that they are for."""
    return tuple(
        problem
        if problem.repair != "none"
        else dataclasses.replace(problem, repairs=_repairs_of(problem.kind, candles))
        for problem in problems
    )


def _repairs_of(kind: str, candles: pd.DataFrame) -> tuple[str, ...]:
    """Name the repairs of a kind of problem that would change these candles."""
    names = [name for name in REPAIRS if _KINDS.get(name, name) == kind]
    return tuple(name for name in names if REPAIRS[name].marks(candles).any())


def repair(
    candles: pd.DataFrame,
    names: Collection[str],
    lines: Array | None = None,
    splices: Array | None = None,
) -> RepairResult:
    """Repair candles; each repair decides on the unrepaired candles what it changes.

    Args:
        candles: Canonical frame. It is not changed.
        names: Names of ``REPAIRS``, in any order.
        lines: ``(n,)``, line of each candle in its file, where there is one.
        splices: ``(n,)`` bool, candles that are the first of another source, where known.

    Raises:
        InvalidInput: If a name is unknown, two repairs exclude each other, or fewer than two
            candles would be left.
    """
    check(names)
    if not names:
        return RepairResult(candles, lines, splices)
    marks = {name: repair.marks(candles) for name, repair in REPAIRS.items() if name in names}
    none = np.zeros(len(candles), dtype=bool)
    wide = marks.pop("ohlc_violations", none)
    old = marks.pop(RESCALE, none)
    in_one_unit, whole = candles, ~none
    if old.any():
        in_one_unit, whole = level_shifts.rescaled(candles, level_shifts.find(candles))
    gaps = np.logical_or.reduce([none, *marks.values()])
    remaining = ~gaps & whole
    if gaps.any() and remaining.sum() < _MIN_CANDLES:
        raise InvalidInput(
            f"Repairs must leave {_MIN_CANDLES} candles at least. Received: {', '.join(marks)}, "
            f"which leave {remaining.sum()} of {len(candles):,}. Choose fewer repairs, or another "
            "file."
        )
    marks |= {"ohlc_violations": wide & remaining, RESCALE: old}
    return RepairResult(
        candles=_widen(in_one_unit, wide & remaining)[remaining],
        lines=None if lines is None else lines[remaining],
        splices=None if splices is None else _carry(splices, remaining),
        problems=tuple(_problem(name, mask, lines) for name, mask in marks.items() if mask.any()),
    )


def _problem(name: str, mask: Array, lines: Array | None) -> Problem:
    """Describe what a repair did to the candles that a mask marks, at least one."""
    count = int(mask.sum())
    first = None if lines is None else int(lines[mask].min())
    candles = f"{count:,} candle{'s' * (count > 1)}"
    return Problem(name, count, first, REPAIRS[name].summary.format(candles))


def _widen(candles: pd.DataFrame, rows: Array) -> pd.DataFrame:
    """Copy candles, and widen high and low of some of them to include their open and close."""
    wider = candles.copy()
    wider.loc[rows, "high"] = candles.loc[rows, ["open", "high", "close"]].max(axis=1)
    wider.loc[rows, "low"] = candles.loc[rows, ["open", "low", "close"]].min(axis=1)
    return wider


def _carry(splices: Array, remaining: Array) -> Array:
    """Mark the first candle of each source that is left, ``(remaining,)`` bool."""
    source = np.cumsum(splices)[remaining]
    carried: Array = np.r_[False, source[1:] != source[:-1]]
    return carried
