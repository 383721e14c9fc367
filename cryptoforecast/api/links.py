"""Addresses of the API within its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request

if TYPE_CHECKING:
    from cryptoforecast.api.answers import LinksJson

#: Where the API is.
PREFIX = "/api/v1"
#: Beginnings of the paths that need no key even where others do, older addresses among them.
OPEN = tuple(
    f"{start}/{place}"
    for start in (PREFIX, "/api", "")
    for place in ("health", "docs", "openapi.json")
)


def address(request: Request, place: str) -> str:
    """Return the path of a place of the API, as this client reaches it."""
    return f"{request.scope.get('root_path', '')}{PREFIX}/{place}"


def of_model(request: Request, name: str) -> LinksJson:
    """Return the links of a model or a method."""
    card = address(request, f"models/{name}")
    return {"self": card, "forecast": f"{card}/forecast"}
