"""The names that a body can have, for a client that has misspelt one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from pydantic import BaseModel


def names_at(kind: object, place: Sequence[str | int]) -> list[str]:
    """Return the names that an object within a body can have.

    Args:
        kind: Type of the body.
        place: Names and numbers that lead from the body to the object.
    """
    model = _model(kind)
    for part in place:
        field = None if model is None else model.model_fields.get(str(part))
        if field is not None:
            model = _model(field.annotation)
    return [] if model is None else list(model.model_fields)


def _model(kind: object) -> type[BaseModel] | None:
    """Return the model within a type, such as that of a list of its objects."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next(filter(None, map(_model, get_args(kind))), None)
