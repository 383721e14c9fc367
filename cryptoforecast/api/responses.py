"""How the routes describe their refusals, and how they send their answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from cryptoforecast.api.links import OPEN
from cryptoforecast.api.options import Options
from cryptoforecast.api.predict import MAX_BODY as MAX_PREDICT_BODY
from cryptoforecast.api.problem_values import MEDIA_TYPE, ProblemJson

#: Seconds for which an answer may be used again by the same client.
LISTS, FORECASTS = 3600, 15

#: Media type of server-sent events.
EVENTS = "text/event-stream"
#: Bytes of a body.
MAX_BODY = 8_000_000

_MEANINGS = {
    401: "a key is needed, and none or a wrong one was sent",
    403: "this is not allowed here",
    404: "nothing has this name",
    409: "the model has another version than the request names",
    413: "the body is too large",
    415: "the body is not JSON",
    422: "the request breaks a rule",
    429: "too many requests; `Retry-After` says when to send the next one",
    503: "live prices, a saved model, the ledger or a free place can't be had; `Retry-After`, "
    "where it is sent, says when to ask again",
}
Description = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Description:
    """Describe the refusals of a route.

    Args:
        statuses: What it may answer besides 401, 422 and 429, which every route may.
    """
    return {
        status: {
            "model": ProblemJson,
            "description": _MEANINGS[status],
            **({"headers": _RETRY} if status in (429, 503) else {}),
        }
        for status in sorted({401, 422, 429, *statuses})
    }


_RETRY = {
    "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 0}}
}


_UNKNOWN = {
    "description": _MEANINGS[401],
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemJson"}}},
}


def answer(
    content: Mapping[str, object], seconds: int = 0, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Send an answer.

    Args:
        content: What it says.
        seconds: For how long it may be used again; not at all where it is 0.
        headers: More headers.
    """
    cache = f"private, max-age={seconds}" if seconds else "no-store"
    return JSONResponse(content, 200, {"Cache-Control": cache, **(headers or {})})


def describe_problems(schema: dict[str, Any]) -> None:
    """Give problems their media type in a description; FastAPI takes every model for plain JSON.

    Args:
        schema: The description, which is changed.
    """
    for item in schema["paths"].values():
        for operation in item.values():
            for response in operation["responses"].values():
                content = response.get("content", {})
                for kind, described in list(content.items()):
                    if described.get("schema", {}).get("$ref", "").endswith("/ProblemJson"):
                        content[MEDIA_TYPE] = content.pop(kind)


def events_of(event: Mapping[str, object]) -> dict[str, Any]:
    """Describe what each event of a route holds, besides what every event holds.

    Args:
        event: A part of a JSON schema.
    """
    return {"responses": {"200": {"content": {EVENTS: {"itemSchema": event}}}}}


def describe_events(schema: dict[str, Any]) -> None:
    """Describe events by ``schema``, since OpenAPI 3.1 has no ``itemSchema``.

    FastAPI writes that word of OpenAPI 3.2, and generators of clients refuse it. Some clients read
    a stream as one text, and others event by event, so the schema has both.

    Args:
        schema: The description, which is changed.
    """
    for item in schema["paths"].values():
        for operation in item.values():
            stream = operation["responses"].get("200", {}).get("content", {}).get(EVENTS)
            if stream is not None:
                text = {"type": "string", "description": "all events as text"}
                stream["schema"] = {"anyOf": [text, stream.pop("itemSchema")]}


def describe_limits(schema: dict[str, Any], options: Options) -> None:
    """State how often a client may use a route, and how a key is sent.

    Args:
        schema: The description, which is changed.
        options: What is allowed.
    """
    schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            most: int | None = options.reads if method == "get" else options.posts
            if path == "/predict":
                most = options.predictions
            if most is not None:
                operation["x-rate-limit"] = {"requests": most, "seconds": 60}
                refusal = operation["responses"]["429"]
                refusal["description"] = f"more than {most} such requests in a minute"
            if path.startswith(OPEN) or not options.keys:
                operation["security"] = []
            else:
                operation["security"] = [{"key": []}]
                operation["responses"].setdefault("401", _UNKNOWN)
            if path == "/predict":
                operation["x-max-body-bytes"] = MAX_PREDICT_BODY
            elif "requestBody" in operation:
                operation["x-max-body-bytes"] = MAX_BODY
