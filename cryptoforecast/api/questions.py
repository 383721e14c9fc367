"""Checks of questions about the next steps, with the place of a mistake in the request."""

from __future__ import annotations

import re

from cryptoforecast.api.problems import at
from cryptoforecast.errors import CryptoForecastError
from cryptoforecast.service import Service
from cryptoforecast.service.outlooks import Question
from cryptoforecast.types import SavedModel

_NAMED = re.compile(r"`([a-z]+)`")


def checked(service: Service, name: str, question: Question, where: str) -> SavedModel | None:
    """Return the saved model, or refuse what is wrong with a question.

    Args:
        service: Does the work.
        name: Name of the model or method.
        question: The question.
        where: Pointer to the part of the request that has the question.
    """
    with at("/path/name", name):
        service.outlooks.saved(name)
    try:
        return service.outlooks.check(name, question)
    except CryptoForecastError as error:  # its text begins with the name of what it is about
        named = _NAMED.match(str(error))
        with at(f"{where}/{named[1]}" if named else where):
            raise
