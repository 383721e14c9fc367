"""The settings of a test: checked, and brought into the types that the service takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from cryptoforecast.errors import InvalidInput
from cryptoforecast.library.models import Model
from cryptoforecast.service import choices
from cryptoforecast.types import ModelSpec, PriceHistory, WalkPlan

#: Settings that a saved model leaves open.
SHARES = ("test", "validation", "since")
# Settings of how a test walks forward.
_PLAN = tuple(field.name for field in dataclasses.fields(WalkPlan))
#: Settings of a network that may be changed; its kind is named by an argument of its own.
_SETTINGS = tuple(each.name for each in dataclasses.fields(ModelSpec) if each.name != "network")
#: Baselines and features that are undefined where no candle has a range.
_RANGED = ("cone",)
_RANGE_FEATURES = ("range",)


def plain(value: object) -> object:
    """Return a list as a tuple, and a number of NumPy as one of Python."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(value) if isinstance(value, list) else value


def check_names(changes: Collection[str]) -> None:
    """Refuse settings that do not exist.

    Raises:
        InvalidInput: If there is one; names all that exist.
    """
    for name in changes:
        if name not in _SETTINGS:
            raise InvalidInput(
                f"Unknown setting. Received: {name}. The settings are preset, "
                f"{', '.join(_SETTINGS)}; a test has {', '.join(_PLAN)} as well. "
                "Correct the name, or leave it out."
            )


def take_plan(folds: object, changes: dict[str, object]) -> WalkPlan:
    """Make the plan of the folds, and take its settings out of ``changes``.

    Raises:
        InvalidInput: If a value is of another type.
    """
    kinds = {"folds": int, "window": str, "window_rows": int, "gap": int, "warm_start": bool}
    parts = {name: changes.pop(name) for name in _PLAN if name in changes}
    values = {"folds": folds} | {name: part for name, part in parts.items() if part is not None}
    for name, value in values.items():
        if type(value) is not kinds[name]:
            raise InvalidInput(
                f"`{name}` must be of type {kinds[name].__name__}. Received: {value!r:.60}."
            )
    return WalkPlan(**values)  # type: ignore[arg-type]


def folds_every(every: object, plan: WalkPlan, history: PriceHistory, spec: ModelSpec) -> int:
    """Count the folds of a test that is fitted again every so many candles.

    Raises:
        InvalidInput: If it is no whole number or too small, or ``folds`` are given too.
    """
    if type(every) is not int:
        raise InvalidInput(f"`refit_every` must be of type int. Received: {every!r:.60}.")
    if plan.folds != 1:
        raise InvalidInput("A test takes `folds` or `refit_every`. Received: both. Leave one out.")
    return choices.folds_every(every, len(history), spec)


def parse_since(since: object, model: Model) -> pd.Timestamp:
    """Read from when on a model is tested.

    Raises:
        InvalidInput: If it is neither a time nor ``"cutoff"``.
    """
    try:
        return choices.parse_since(since, model.card)  # type: ignore[arg-type]
    except ValueError as error:
        raise InvalidInput(
            f"`since` must be {choices.TIME_RULE}, or cutoff. Received: {since!r:.60}."
        ) from error


def check_ranges(history: PriceHistory, kind: str, changes: Mapping[str, object]) -> None:
    """Refuse what reads nothing but the range within a candle, where candles have none.

    Raises:
        InvalidInput: If such a baseline, or such an input, is wanted.
    """
    features = changes.get("features")
    names = {kind} & {*_RANGED}
    if isinstance(features, tuple):
        names |= {*features} & {*_RANGE_FEATURES}
    if names and not (history.candles["high"] > history.candles["low"]).any():
        raise InvalidInput(
            f"`{names.pop()}` reads the range within a candle, from low to high. Received: candles "
            "of one price each, such as closes alone. Choose something else, or prices with open, "
            "high, low and close."
        )
