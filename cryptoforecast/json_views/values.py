"""What all answers are made of: figures, times and quantiles, and what a key means."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import pandas as pd

from cryptoforecast.types import QUANTILES, Array

Json = dict[str, object]
#: JSON figures of one step.
Figures = dict[str, float | None]
#: Bounds of a probability in an answer: nothing closer to 0 or 1 can be known.
MIN_PROBABILITY, MAX_PROBABILITY = 0.01, 0.99


@dataclass(frozen=True)
class Says:
    """What a key of an answer means; the description of the API repeats it.

    Attributes:
        text: The meaning, with the unit of a figure.
        example: A value that it may have.
    """

    text: str
    example: object = None

    def __get_pydantic_json_schema__(
        self, schema: Mapping[str, Any], handler: Callable[[Mapping[str, Any]], dict[str, Any]]
    ) -> dict[str, Any]:
        """Add the meaning to the schema that Pydantic makes of the type."""
        described = {**handler(schema), "description": self.text}
        return described if self.example is None else {**described, "examples": [self.example]}


#: A figure that may be undefined.
Figure: TypeAlias = float | None
#: Nine figures by level, such as ``"0.025"``; all are null in an answer without a forecast.
Quantiles: TypeAlias = dict[str, Figure]
Time: TypeAlias = Annotated[str, Says("ISO 8601, UTC", "2026-01-31T12:00:00+00:00")]
Names: TypeAlias = list[str]

#: Quantiles as an example.
QUANTILE_EXAMPLE = {str(level): round(61_250 + 600 * (level - 0.5), 2) for level in QUANTILES}


def time_json(time: pd.Timestamp) -> str:
    """Write a time as ISO 8601 in UTC, in whole seconds."""
    text: str = time.tz_convert("UTC").floor("s").isoformat()
    return text


def finite(value: float) -> float | None:
    """Return the value as a plain float, or ``None`` if it is NaN or infinite."""
    return float(value) if math.isfinite(value) else None


def probability_json(value: float) -> float | None:
    """Return a probability within the bounds of what is known; ``None`` if it is undefined."""
    bounded = finite(value)
    return None if bounded is None else min(max(bounded, MIN_PROBABILITY), MAX_PROBABILITY)


def quantiles_json(values: Array) -> Quantiles:
    """Write nine values by their level."""
    return {str(level): finite(value) for level, value in zip(QUANTILES, values, strict=True)}
