"""Signals of a client's own, as the body of a test or a training has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cryptoforecast.api.problems import at
from cryptoforecast.errors import InvalidInput
from cryptoforecast.service.signals import check_own_name, check_read, from_texts
from cryptoforecast.types import Signal

#: Signals of one order, values of one of them, and values of all together.
MAX_SIGNALS, MAX_VALUES, MAX_VALUES_IN_ALL = 4, 50_000, 100_000

_SPAN = r"^\d{1,6}(\.\d{1,6})?(m|h|d|w)$"


class OwnSignal(BaseModel):
    """A series beside the price: values, their times, and how much later each was known."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[
        str,
        Field(
            pattern="^[a-z][a-z0-9_]{0,31}$",
            description="the network reads it as signal:NAME",
            examples=["mood"],
        ),
    ]
    time: Annotated[
        list[Annotated[str, Field(max_length=40)]],
        Field(
            min_length=2,
            max_length=MAX_VALUES,
            description="time of each value, ISO 8601; UTC where there is no zone",
            examples=[["2026-01-30", "2026-01-31"]],
        ),
    ]
    value: Annotated[
        list[float], Field(min_length=2, max_length=MAX_VALUES, examples=[[0.25, -1.5]])
    ]
    lag: Annotated[
        str | None,
        Field(
            pattern=_SPAN,
            description="how long after its time each value was known; by default the usual "
            "distance of two values",
            examples=["1d"],
        ),
    ] = None
    max_age: Annotated[
        str | None,
        Field(
            pattern=_SPAN,
            description="for how long after that it is used; by default three such distances",
            examples=["3d"],
        ),
    ] = None


OwnSignals = Annotated[
    list[OwnSignal],
    Field(
        max_length=MAX_SIGNALS,
        description="series of your own beside the price, which the network reads too; at most "
        f"{MAX_VALUES_IN_ALL} values together",
    ),
]


def read(signals: Sequence[OwnSignal], features: Sequence[str]) -> list[Signal]:
    """Read the signals that a client sends with its own series of prices.

    Args:
        signals: The series beside the price.
        features: Inputs of the model; empty for a baseline.

    Raises:
        Refusal: If one is outside the rules, or the model does not read it.
    """
    check(signals)
    for place, signal in enumerate(signals):
        with at(f"/body/signals/{place}/name"):
            check_read(signal.name, features)
    return [from_texts(**signal.model_dump()) for signal in signals]


def check(signals: Sequence[OwnSignal]) -> None:
    """Refuse signals of which a test or a training could not be made.

    Raises:
        Refusal: If one is outside the rules, two have one name, or there are too many values.
    """
    with at("/body/signals"):
        names = [signal.name for signal in signals]
        if len(set(names)) < len(names):
            raise InvalidInput(
                f"`signals` must have different names. Received: {', '.join(names)}. Rename one."
            )
        values = sum(len(signal.time) for signal in signals)
        if values > MAX_VALUES_IN_ALL:
            raise InvalidInput(
                f"`signals` may have {MAX_VALUES_IN_ALL:,} values together. Received: {values:,}. "
                "Send fewer."
            )
    for place, signal in enumerate(signals):
        with at(f"/body/signals/{place}"):
            check_own_name(signal.name)
            from_texts(**signal.model_dump())
