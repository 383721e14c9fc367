"""Checks of questions about the next steps, with the place of a mistake in the request."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from cryptoforecast.api.problems import at
from cryptoforecast.errors import CryptoForecastError, UnknownModel
from cryptoforecast.service import Service, choices
from cryptoforecast.service.outlooks import Question
from cryptoforecast.types import SavedModel

_NAMED = re.compile(r"`([a-z]+)`")


@contextlib.contextmanager
def at_model(pointer: str, name: str, baselines: str | None = None) -> Iterator[None]:
    """Note that errors in this context are about a model, and say which names there are.

    Args:
        pointer: JSON Pointer to the name.
        name: The name.
        baselines: What is true of baselines here; by default that they can be named.

    Raises:
        Refusal: From an error of ours.
    """
    with at(pointer, name):
        try:
            yield
        except UnknownModel as error:
            if baselines is None:
                baselines = f"A baseline can be named too: {', '.join(choices.BASELINES)}."
            raise UnknownModel(f"{error} {baselines} See GET /api/v1/models.", name) from error


def checked(service: Service, name: str, question: Question, where: str) -> SavedModel | None:
    """Refuse what is wrong with a question, and return the saved model.

    Args:
        service: Does the work.
        name: Name of the saved model or baseline.
        question: The question.
        where: Pointer to the part of the request that has the question.

    Returns:
        The saved model; ``None`` for a baseline.

    Raises:
        Refusal: From an error of ours, with the place of the mistake.
    """
    with at_model("/path/name", name):
        service.outlooks.saved(name)
    try:
        return service.outlooks.check(name, question)
    except CryptoForecastError as error:  # its text begins with the name of what it is about
        named = _NAMED.match(str(error))
        with at(f"{where}/{named[1]}" if named else where):
            raise
