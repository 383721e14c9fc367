"""The presets, the rules that a ``ModelSpec`` must keep, and what a spec needs to forecast."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import features, ranges
from cryptoforecast.types import ModelSpec, is_signal

NETWORKS = ("lstm", "dense")
TARGETS = ("return", "price")
UNITS = ("range", "fixed")
LOSSES = ("quantile", "mse")
TRAININGS = ("sequences", "windows")
SCHEDULES = ("cosine", "constant")

#: The fields that each preset sets. All others have ``ModelSpec``'s default for the network.
PRESETS: dict[str, dict[str, object]] = {
    "quick": {},
    "careful": {"epochs": 30, "learning_rate": 3e-3},
    "classic": {
        "target": "price",
        "unit": "fixed",
        "loss": "mse",
        "training": "windows",
        "features": ("close",),
        "lookback": 60,
        "horizon": 1,
        "units": (64, 32),
        "dropout": 0.2,
        "learning_rate": 1e-3,
        "schedule": "constant",
        "batch_size": 32,
        "epochs": 50,
        "patience": 5,
        "final": 0.0,
    },
}

#: Other names of presets. ``seed`` is the former name of ``classic``; it was changed because the
#: random seed has the same name.
PRESET_ALIASES = {"seed": "classic"}

#: One or two sentences about each preset, for the user who chooses one.
PRESET_HELP: dict[str, str] = {
    "quick": "Returns and ranges in units of the recent range, a band of nine quantiles: good "
    "results soonest.",
    "careful": "The same with twice the epochs and a smaller step.",
    "classic": "The popular recipe: 60 min-max prices in, the next price out, squared error. "
    "Faithful, slow, and instructive.",
}

#: Inputs for histories that are too short to spare candles for averages of ranges.
PLAIN_FEATURES = ("return", "abs_return", "range", "volume", "hour", "weekend")
#: Candles that a history must have for the default inputs of ``ModelSpec``, which average ranges.
MIN_RANGE_ROWS = 10 * ranges.USUAL
#: With so many candles the long average of ranges is an input too, if the horizon is
#: ``FAR_HORIZON`` steps or more; with ten times as many candles at any horizon. The next few hours
#: hardly depend on it, and a network learns nothing about it from a short history.
MIN_LONG_ROWS, FAR_HORIZON = 10 * ranges.LONG, 12

#: Updates that the cosine schedule needs to converge, and the epochs it may take for them.
MIN_UPDATES, MAX_EPOCHS = 300, 40

#: Lower and upper bound of each number, inclusive.
BOUNDS: dict[str, tuple[float, float]] = {
    "lookback": (2, 500),
    "horizon": (1, 48),
    "dropout": (0.0, 0.9),
    "learning_rate": (1e-5, 0.1),
    "batch_size": (1, 4096),
    "chunk": (1, 500),
    "epochs": (1, 500),
    "patience": (0, 100),
    "final": (0.0, 1.0),
    "ensemble": (1, 10),
    "test": (0.05, 0.5),
    "validation": (0.05, 0.4),
    "seed": (0, 2**31 - 1),
}


def make(
    preset: str = "quick",
    network: str = "lstm",
    *,
    rows: int | None = None,
    volume: bool = True,
    **changes: object,
) -> ModelSpec:
    """Build a spec from a preset and the fields that the user changed.

    Args:
        preset: A key of ``PRESETS`` or of ``PRESET_ALIASES``.
        network: ``"lstm"``, ``"dense"`` or the name of a baseline.
        rows: Candles of the history. A short history gets inputs that read fewer candles, and
            more epochs, so that the schedule has enough updates to converge.
        volume: Whether the history has volumes; without them volume is an input only if it is
            among ``changes``. See ``features.has_volume``.
        changes: Fields of ``ModelSpec``. ``None`` keeps the preset's value.

    Raises:
        InvalidInput: If the preset is unknown, or a value breaks a rule.
    """
    preset = PRESET_ALIASES.get(preset, preset)
    if preset not in PRESETS:
        raise InvalidInput(f"`preset` must be one of {', '.join(PRESETS)}. Received: {preset!r}.")
    values: dict[str, object] = dict(PRESETS[preset])
    settings = {name: value for name, value in changes.items() if value is not None}
    if network == "dense":
        # A Dense network reads a whole window at once, so there is nothing to carry along.
        dense: dict[str, object] = {"training": "windows"}
        if preset != "classic":
            dense |= {"batch_size": 256, "learning_rate": 1e-3}
        values |= dense
    if settings.get("target", values.get("target")) == "price":
        values = {"features": ("close",), "unit": "fixed", **values}
    else:
        horizon = settings.get("horizon", ModelSpec.horizon)
        far = isinstance(horizon, int) and horizon >= FAR_HORIZON
        values = {**_inputs(rows, far=far, volume=volume), **values}
    if settings.get("training") == "windows" and network == "lstm":
        values.setdefault("batch_size", 256)
    try:
        spec = ModelSpec(network=network, **{**values, **settings})  # type: ignore[arg-type]
        if rows is not None and spec.schedule == "cosine" and "epochs" not in settings:
            spec = dataclasses.replace(spec, epochs=_epochs(spec, rows))
    except TypeError as error:
        names = {field.name for field in dataclasses.fields(ModelSpec)}
        wrong = [name for name in settings if name not in names] or list(settings)
        raise InvalidInput(
            f"Unknown setting. Received: {', '.join(wrong)}. The settings are "
            f"{', '.join(sorted(names))}."
        ) from error
    check(spec)
    return spec


def with_inputs(spec: ModelSpec, names: Iterable[str]) -> ModelSpec:
    """Add inputs, such as those of signals, to those that a spec has.

    Raises:
        InvalidInput: If an input is unknown.
    """
    result = dataclasses.replace(spec, features=tuple(dict.fromkeys((*spec.features, *names))))
    features.check(result.features)
    return result


def _inputs(rows: int | None, *, far: bool, volume: bool) -> dict[str, object]:
    """Choose the inputs and the unit of returns for a history of so many candles."""
    if rows is None:
        return {}
    if rows < MIN_RANGE_ROWS:
        names = tuple(name for name in PLAIN_FEATURES if volume or name != "volume")
        return {"features": names, "unit": "fixed"}
    if rows >= (MIN_LONG_ROWS if far else 10 * MIN_LONG_ROWS):
        return {"features": (*ModelSpec.features, "long_range")}
    return {}


def _epochs(spec: ModelSpec, rows: int) -> int:
    """Return the epochs, more than the preset's if a history is too short for ``MIN_UPDATES``."""
    origins = rows * (1 - spec.test - spec.validation)
    chunk = spec.chunk if spec.training == "sequences" else 1
    updates_per_epoch = max(1.0, origins / chunk / spec.batch_size)
    return max(spec.epochs, min(MAX_EPOCHS, round(MIN_UPDATES / updates_per_epoch)))


def check(spec: ModelSpec) -> None:
    """Check that every field has its type and keeps its rule.

    Raises:
        InvalidInput: If one does not. The message names the field, the rule and what was
            received.
    """
    _check_types(spec)
    for name, choices in (
        ("target", TARGETS),
        ("loss", LOSSES),
        ("training", TRAININGS),
        ("schedule", SCHEDULES),
        ("unit", UNITS),
    ):
        if getattr(spec, name) not in choices:
            raise InvalidInput(
                f"`{name}` must be {' or '.join(choices)}. Received: {getattr(spec, name)!r}."
            )
    for name, (low, high) in BOUNDS.items():
        value = getattr(spec, name)
        if not low <= value <= high:  # NaN is refused too
            raise InvalidInput(f"`{name}` must be between {low} and {high}. Received: {value}.")
    features.check(spec.features)
    if not 1 <= len(spec.units) <= 4 or not all(1 <= units <= 512 for units in spec.units):
        raise InvalidInput(
            f"`units` must be one to four layers of 1 to 512. Received: {spec.units}."
        )
    if spec.target == "price" and spec.unit != "fixed":
        raise InvalidInput(
            f"A price has a fixed unit. Received: `unit` {spec.unit}. Choose fixed, or the "
            "target return."
        )
    if spec.network == "dense" and spec.training == "sequences":
        raise InvalidInput(
            "A Dense network trains on windows. Received: `training` sequences. "
            "Choose windows, or the LSTM."
        )


def _check_types(spec: ModelSpec) -> None:
    """Refuse values that equal a valid one but have another type: True for 1, 64.0 units."""
    for field in dataclasses.fields(spec):
        value, default = getattr(spec, field.name), field.default
        expected = type(default)
        right = type(value) is expected or (expected is float and type(value) is int)
        if isinstance(default, tuple):
            right = right and all(type(item) is type(default[0]) for item in value)
        if not right:
            words = "whole numbers" if field.name == "units" else "names"
            kind = f"a tuple of {words}" if expected is tuple else f"of type {expected.__name__}"
            raise InvalidInput(f"`{field.name}` must be {kind}. Received: {value!r:.80}.")


def check_network(name: str) -> None:
    """Check that a name is that of a network, which alone can be trained.

    Raises:
        InvalidInput: If ``name`` is not one of ``NETWORKS``.
    """
    if name not in NETWORKS:
        raise InvalidInput(
            f"Only an lstm or a dense network is trained. Received: {name!r}. "
            "Test a baseline with `backtest`."
        )


def is_network(spec: ModelSpec) -> bool:
    """Return whether the spec names a network, which is trained, and not a baseline."""
    return spec.network in NETWORKS


def has_chosen_inputs(spec: ModelSpec) -> bool:
    """Return whether the inputs, signals left aside, are others than those of a preset."""
    spec = dataclasses.replace(spec, features=tuple(n for n in spec.features if not is_signal(n)))
    presets = (
        ModelSpec.features,
        (*ModelSpec.features, "long_range"),
        PLAIN_FEATURES,
        *(values["features"] for values in PRESETS.values() if "features" in values),
    )
    if spec.features in presets:
        return False
    if "volume" in spec.features:
        return True
    # The form leaves out what is the same in all candles of an interval.
    left_out = {*features.CLOCK, "volume"}
    timeless = {name for name in spec.features if name not in left_out}
    return not any(
        isinstance(names, tuple)
        and {*spec.features} <= {*names}
        and timeless == {*names} - left_out
        for names in presets
    )


def candles_read(spec: ModelSpec) -> int:
    """Count the candles that a forecast reads; for a baseline it is 1, the fewest possible."""
    return needs(spec) if is_network(spec) else 1


def warmup(spec: ModelSpec) -> int:
    """Count the candles before the lookback that the features and the target's unit read."""
    unit = ranges.USUAL if spec.unit == "range" else 0
    return max(unit, features.warmup(spec.features))


def needs(spec: ModelSpec) -> int:
    """Count the candles that a forecast reads: the lookback and the warm-up."""
    return spec.lookback + warmup(spec)
