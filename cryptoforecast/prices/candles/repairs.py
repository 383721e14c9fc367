"""Repairs of candles that a person may ask for: all off by default, none fills in a price.

Each is named after the finding of the quality report that it removes. Imports only ``types``,
``errors`` and its neighbours ``findings``, ``quality``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.prices.candles import quality
from cryptoforecast.prices.candles.findings import FLAT, runs
from cryptoforecast.types import Array, Problem

# Fewer candles than this are no history.
_LEAST = 2


@dataclass(frozen=True)
class Repair:
    """One thing that can be done about a finding.

    Attributes:
        name: the finding's kind in the quality report.
        help: one sentence for a person.
        marks: gives which candles it changes, `(n,)` bool, of canonical candles.
        done: what was done; ``{}`` stands for how many candles.
    """

    name: str
    help: str
    marks: Callable[[pd.DataFrame], Array]
    done: str


def _tail(candles: pd.DataFrame) -> Array:
    """Mark the constant end without volume."""
    return np.arange(len(candles)) >= len(candles) - quality.flat_tail(candles)


def _flat(candles: pd.DataFrame) -> Array:
    """Mark long stretches at the price before them, without volume, ahead of a constant end."""
    prices = candles[["open", "high", "low", "close"]].to_numpy()
    idle = np.zeros(len(prices), dtype=bool)
    idle[1:] = (prices[1:] == prices[:-1, [3]]).all(axis=1)
    idle &= ~(np.nan_to_num(candles["volume"].to_numpy()) > 0) & ~_tail(candles)
    marked = np.zeros(len(prices), dtype=bool)
    for start, length in zip(*runs(idle), strict=True):
        marked[start : start + length] = length >= FLAT
    return marked


#: Every repair by its name.
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
            f"Leave out stretches of {FLAT} candles or more that repeat one price without volume.",
            _flat,
            "{} left out",
        ),
    )
}


@dataclass(frozen=True, eq=False)
class Repaired:
    """Candles after repairs.

    Attributes:
        candles: canonical frame, some candles left out or with a wider high and low.
        lines: `(n,)` where each lies in its file, where known.
        splices: `(n,)` bool, the first candle of another source, where known.
        problems: what was done, one a repair that had something to do.
    """

    candles: pd.DataFrame
    lines: Array | None = None
    splices: Array | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what was done, in sentences that go wherever the prices go."""
        return tuple(
            f"Repaired as asked ({problem.kind}): {problem.repair}." for problem in self.problems
        )


def check(names: Collection[str]) -> None:
    """Refuse repairs that there are not.

    Raises:
        InvalidInput: for an unknown name; tells the known ones.
    """
    unknown = sorted(set(names) - REPAIRS.keys())
    if unknown:
        raise InvalidInput(
            f"The repairs are {', '.join(REPAIRS)}. Received: {unknown[0][:40]!r}. "
            "Choose among them."
        )


def repairable(candles: pd.DataFrame) -> dict[str, int]:
    """Count the candles that each repair would change; repairs with nothing to do are absent."""
    counts = {name: int(repair.marks(candles).sum()) for name, repair in REPAIRS.items()}
    return {name: count for name, count in counts.items() if count}


def repaired(
    candles: pd.DataFrame,
    names: Collection[str],
    lines: Array | None = None,
    splices: Array | None = None,
) -> Repaired:
    """Repair candles as asked; what to change is decided before anything is changed.

    Args:
        candles: canonical frame; it stays as it is.
        names: of ``REPAIRS``, in any order.
        lines: `(n,)` where each candle lies in its file, if it comes from one.
        splices: `(n,)` bool, candles that are the first of another source, where known.

    Raises:
        InvalidInput: for an unknown name, or if hardly a candle would remain.
    """
    check(names)
    if not names:
        return Repaired(candles, lines, splices)
    marks = {name: repair.marks(candles) for name, repair in REPAIRS.items() if name in names}
    none = np.zeros(len(candles), dtype=bool)
    wide = marks.pop("ohlc_violations", none)
    lost = np.logical_or.reduce([none, *marks.values()])
    kept = ~lost
    if lost.any() and kept.sum() < _LEAST:
        raise InvalidInput(
            f"Repairs must leave {_LEAST} candles at least. Received: {', '.join(marks)}, which "
            f"leave {kept.sum()} of {len(candles):,}. Choose fewer repairs, or another file."
        )
    marks["ohlc_violations"] = wide & kept
    return Repaired(
        candles=_widened(candles, wide & kept)[kept],
        lines=None if lines is None else lines[kept],
        splices=None if splices is None else _carried(splices, kept),
        problems=tuple(_done(name, mask, lines) for name, mask in marks.items() if mask.any()),
    )


def _done(name: str, mask: Array, lines: Array | None) -> Problem:
    count = int(mask.sum())
    first = None if lines is None else int(lines[mask].min())
    candles = f"{count:,} candle{'s' * (count > 1)}"
    return Problem(name, count, first, REPAIRS[name].done.format(candles))


def _widened(candles: pd.DataFrame, rows: Array) -> pd.DataFrame:
    """Copy candles, with the high and low of some drawn out to their open and close."""
    wider = candles.copy()
    wider.loc[rows, "high"] = candles.loc[rows, ["open", "high", "close"]].max(axis=1)
    wider.loc[rows, "low"] = candles.loc[rows, ["open", "low", "close"]].min(axis=1)
    return wider


def _carried(splices: Array, kept: Array) -> Array:
    """Move the mark of a lost first candle to the next that is kept."""
    source = np.cumsum(splices)[kept]
    carried: Array = np.r_[False, source[1:] != source[:-1]]
    return carried
