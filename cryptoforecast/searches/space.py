"""The settings among which a search chooses: a typed space, by default or from a user's file."""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cryptoforecast.errors import InvalidInput
from cryptoforecast.learning import specs
from cryptoforecast.types import ModelSpec

#: Settings that a search may choose. The others decide which forecasts are made, such as the
#: horizon, or luck: the seed.
SEARCHABLE = (
    "network", "target", "loss", "training", "unit", "features", "lookback", "units", "dropout",
    "learning_rate", "schedule", "batch_size", "chunk", "epochs", "patience",
)  # fmt: skip
#: Largest file of a space in bytes, choices of one setting, and characters of one choice.
MAX_BYTES, MAX_CHOICES, MAX_TEXT = 100_000, 50, 500

#: Makes the spec of some settings; all others are those of the user or of the preset.
Make = Callable[[Mapping[str, object]], ModelSpec]


@dataclass(frozen=True)
class Choice:
    """One of several values.

    Attributes:
        values: Texts, numbers or tuples of them; all are different.
    """

    values: tuple[object, ...]


@dataclass(frozen=True)
class Range:
    """A number between two bounds.

    Attributes:
        low: Lowest value.
        high: Highest value.
        log: Whether it is chosen on a logarithmic scale.
        step: Distance of the values from each other; ``None`` for any value.
        whole: Whether it is a whole number.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False


Space = Mapping[str, Choice | Range]


def default(spec: ModelSpec, *, volume: bool, fixed: Collection[str] = ()) -> Space:
    """Return the space that is searched unless the user gives one.

    Args:
        spec: The default preset, whose inputs are one of the choices.
        volume: Whether the prices have volumes.
        fixed: Settings that the user has chosen, which are left out.

    Raises:
        InvalidInput: If nothing is left to choose.
    """
    inputs = dict.fromkeys((spec.features, *_inputs(spec, volume)))
    space: dict[str, Choice | Range] = {
        "network": Choice(specs.NETWORKS),
        "features": Choice(tuple(inputs)),
        "lookback": Range(12, 168, step=12, whole=True),
        "units": Choice(((16,), (32,), (64,), (32, 16), (64, 32), (128, 64))),
        "dropout": Range(0.0, 0.5, step=0.1),
        "learning_rate": Range(5e-4, 1e-2, log=True),
        "loss": Choice(specs.LOSSES),
    }
    return without(space, fixed)


def without(space: Space, fixed: Collection[str]) -> Space:
    """Leave out what the user has chosen.

    Raises:
        InvalidInput: If nothing is left to choose.
    """
    rest = {name: each for name, each in space.items() if name not in fixed}
    if not rest:
        raise InvalidInput(
            "A search needs settings to choose among. Received: a value for every one of "
            f"{', '.join(space)}. Leave some of them open."
        )
    return MappingProxyType(rest)


def _inputs(spec: ModelSpec, volume: bool) -> list[tuple[str, ...]]:
    """Return other sets of inputs than the preset's: fewer, more, and one of plain returns."""
    more: list[tuple[str, ...]] = []
    if "scaled_return" in spec.features:
        more.append(("scaled_return", "scaled_move", "scaled_range"))
        if "long_range" not in spec.features:
            more.append((*spec.features, "long_range"))
    else:
        more.append(("return", "abs_return"))
    if volume and "volume" not in spec.features:
        more.append((*spec.features, "volume"))
    return more


def read(path: Path) -> Space:
    """Read a space from a JSON or TOML file.

    A setting is a list of values, or ``{"low": …, "high": …}`` with ``"log": true`` or ``"step"``.

    Raises:
        InvalidInput: If the file can't be read, or is no space.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InvalidInput(
                f"A file of a space may have {MAX_BYTES:,} bytes. Received: {size:,}. Shorten it."
            )
        text = path.read_text("utf-8")
    except (OSError, UnicodeError, ValueError) as error:
        raise InvalidInput(
            f"A space is read from a JSON or TOML file in UTF-8. Received: {str(path)!r:.200} "
            f"({error!s:.120}). Choose another file."
        ) from error
    try:
        content = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"A space must be JSON, or TOML in a file that ends in .toml. Received: "
            f"{str(path)!r:.200}, which is neither: {error!s:.120}. Correct it."
        ) from error
    return parse(content)


def parse(content: object) -> Space:
    """Make a space of plain values, such as those of a file.

    Args:
        content: A list of values or a range by setting; see ``read``.

    Raises:
        InvalidInput: If it is no space; names the setting.
    """
    if not isinstance(content, Mapping) or not content:
        raise InvalidInput(
            'A space has settings by name, such as {"lookback": [30, 60]}. Received: '
            f"{type(content).__name__}. Name some of {', '.join(SEARCHABLE)}."
        )
    unknown = [name for name in content if name not in SEARCHABLE]
    if unknown:
        raise InvalidInput(
            f"A search chooses among {', '.join(SEARCHABLE)}. Received: {unknown[0]!r:.60}. "
            "Leave it out; what is fixed is given as an option."
        )
    return MappingProxyType({name: _dimension(name, each) for name, each in content.items()})


def _dimension(name: str, given: object) -> Choice | Range:
    """Read one setting of a space."""
    if isinstance(given, list | tuple):
        values = tuple(_value(name, each) for each in given)
        distinct = len({repr(each) for each in values}) == len(values)
        if not 1 <= len(values) <= MAX_CHOICES or not distinct:
            raise InvalidInput(
                f"`{name}` must have 1 to {MAX_CHOICES} different values. Received: "
                f"{len(values)}, as {given!r:.80}."
            )
        return Choice(values)
    if isinstance(given, Mapping):
        return _range(name, given)
    raise InvalidInput(
        f"`{name}` must be a list of values, or a range with low and high. Received: {given!r:.80}."
    )


def _value(name: str, given: object) -> object:
    """Return one value of a list with the type that the setting has; a list becomes a tuple."""
    expected = getattr(ModelSpec, name)
    value = tuple(given) if isinstance(given, list | tuple) else given
    if isinstance(expected, tuple):
        item = type(expected[0])
        right = isinstance(value, tuple) and bool(value) and all(type(x) is item for x in value)
    elif isinstance(expected, float):
        right = type(value) in (int, float)
    else:
        right = type(value) is type(expected)
    if not right or len(repr(value)) > MAX_TEXT:
        kind = (
            f"lists, such as {list(expected)}" if isinstance(expected, tuple) else f"{expected!r}"
        )
        raise InvalidInput(
            f"A value of `{name}` must be like {kind}. Received: {given!r:.80}. Correct it."
        )
    return float(value) if isinstance(expected, float) else value  # type: ignore[arg-type]


def _range(name: str, given: Mapping[str, object]) -> Range:
    """Read a range of numbers within the bounds of the setting."""
    bounds = specs.BOUNDS.get(name)
    if bounds is None:
        raise InvalidInput(
            f"`{name}` has no range. Received: {given!r:.80}. Give a list of values."
        )
    wrong = set(given) - {"low", "high", "log", "step"}
    low, high, step = (given.get(key) for key in ("low", "high", "step"))
    log = given.get("log", False)
    whole = isinstance(getattr(ModelSpec, name), int)
    numbers = [low, high, *([] if step is None else [step])]
    kinds = (int,) if whole else (int, float)
    if wrong or type(log) is not bool or not all(type(x) in kinds for x in numbers):
        raise InvalidInput(
            f"A range of `{name}` must have low and high, and may have log (true) or step; "
            f"{'whole numbers' if whole else 'numbers'}. Received: {dict(given)!r:.100}."
        )
    result = Range(low, high, log, step, whole)  # type: ignore[arg-type]
    inside = bounds[0] <= result.low < result.high <= bounds[1]
    stepped = result.step is None or (not log and 0 < result.step <= result.high - result.low)
    if not inside or not stepped or (log and result.low <= 0):
        raise InvalidInput(
            f"A range of `{name}` must lie between {bounds[0]:g} and {bounds[1]:g}, low below "
            "high, with a step or with log (from above 0), not both. Received: "
            f"{dict(given)!r:.100}."
        )
    return result


def values_of(space: Space, spec: ModelSpec) -> dict[str, object] | None:
    """Return the settings of a spec as a choice of the space; ``None`` where it lacks one."""
    values = {name: getattr(spec, name) for name in space}
    if all(_contains(each, values[name]) for name, each in space.items()):
        return values
    return None


def _contains(dimension: Choice | Range, value: object) -> bool:
    if isinstance(dimension, Choice):
        return value in dimension.values
    if not isinstance(value, int | float) or not dimension.low <= value <= dimension.high:
        return False
    if dimension.step is None:
        return True
    steps = (value - dimension.low) / dimension.step
    return math.isclose(steps, round(steps), abs_tol=1e-9)


def plain(space: Space) -> dict[str, object]:
    """Write a space as plain values, as ``parse`` reads them."""
    result: dict[str, object] = {}
    for name, each in space.items():
        if isinstance(each, Choice):
            result[name] = [list(x) if isinstance(x, tuple) else x for x in each.values]
        else:
            facts = dataclasses.asdict(each)
            facts.pop("whole")
            result[name] = {key: x for key, x in facts.items() if x not in (None, False)} | {
                "low": each.low
            }
    return result
