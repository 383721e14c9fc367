"""Checks of what is asked about the next steps, with the place of a mistake in the request."""

from __future__ import annotations

from cryptoforecast.api.problems import at
from cryptoforecast.errors import Changed, CryptoForecastError, UnknownModel
from cryptoforecast.service import Service
from cryptoforecast.service.outlooks import Question
from cryptoforecast.types import SavedModel


def checked(service: Service, name: str, question: Question, where: str) -> SavedModel | None:
    """Return the saved model, or refuse what is wrong with a question.

    Args:
        service: Does the work.
        name: Name of the model or method.
        question: What is asked.
        where: Pointer to the part of the request that has the question.
    """
    try:
        return service.outlooks.check(name, question)
    except UnknownModel:
        with at("/path/name"):
            raise
    except Changed:
        with at(f"{where}/version"):
            raise
    except CryptoForecastError as error:  # the first word of its text names what it is about
        named = str(error).partition("` must")[0].removeprefix("`")
        with at(f"{where}/{named}" if named.isalpha() else "/path/name"):
            raise
