"""What a problem is: the reason why a request is refused, as RFC 9457 writes it."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from typing_extensions import TypedDict

from cryptoforecast.json_views import Says

#: Media type of a problem.
MEDIA_TYPE = "application/problem+json"
#: Mistakes that one problem lists.
MAX_MISTAKES = 20


class MistakeJson(TypedDict):
    """One thing that is wrong with a request."""

    pointer: Annotated[str, Says("JSON Pointer into the request", "/query/coin")]
    rule: Annotated[str, Says("what would be right", "`above` must be a price.")]
    received: Annotated[str, Says("what was received", "'nan'")]


class ProblemJson(TypedDict):
    """Why there is no answer (RFC 9457)."""

    type: Annotated[str, Says("kind of problem", "about:blank")]
    title: Annotated[str, Says("what the status means", "Unprocessable Entity")]
    status: Annotated[int, Says("status of the answer", 422)]
    detail: Annotated[
        str,
        Says(
            "the rule, what was received and the remedy",
            "`above` must be a price. Received: 'nan'. Give one such as 65000.",
        ),
    ]
    errors: Annotated[list[MistakeJson], Says("the same in parts; may be empty")]


def problem(status: int, detail: str, errors: Sequence[MistakeJson] = ()) -> ProblemJson:
    """Make a problem."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": list(errors[:MAX_MISTAKES]),
    }
