"""The body of ``POST /predict``: 60 closes, or a refusal that names the field."""

from __future__ import annotations

import json
import math

from cryptoforecast.errors import InvalidInput

#: Closes in a request.
CLOSES = 60
#: Range of a close, USD. It holds the price of any coin, and no ratio in it overflows.
LOWEST, HIGHEST = 1e-12, 1e12

#: The remedy in a refusal.
EXAMPLE = f'Send {{"prices": [{CLOSES} hourly closes]}}.'


def read_closes(body: bytes) -> list[float]:
    """Read ``{"prices": [60 closes]}`` strictly.

    Args:
        body: Body of the request.

    Returns:
        The closes, oldest first, USD.

    Raises:
        InvalidInput: For any other body; names the field and what was received.
    """
    try:
        content = json.loads(
            body.decode(),
            parse_constant=_finite,
            parse_float=_finite,
            object_pairs_hook=_object,
        )
    except RecursionError as error:
        raise InvalidInput(f"The body is nested too deeply. {EXAMPLE}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"The body must be UTF-8. Received: {error.reason}. {EXAMPLE}"
        ) from error
    except ValueError as error:
        received = f"{len(body)} bytes ({excerpt(str(error))})" if body.strip() else "no body"
        raise InvalidInput(
            f"The body must be JSON with `prices`. Received: {received}. {EXAMPLE}"
        ) from error
    if not isinstance(content, dict) or "prices" not in content:
        raise InvalidInput(
            f"The body must be an object with `prices`. Received: {excerpt(content)}. {EXAMPLE}"
        )
    unknown = [name for name in content if name != "prices"]
    if unknown:
        raise InvalidInput(
            f"`prices` must be the only field. Received also: {excerpt(unknown[0])}."
        )
    prices = content["prices"]
    if not isinstance(prices, list):
        raise InvalidInput(
            f"`prices` must be a list of {CLOSES} numbers. Received: {excerpt(prices)}."
        )
    if len(prices) != CLOSES:
        raise InvalidInput(
            f"`prices` must hold exactly {CLOSES} hourly closes, oldest first. "
            f"Received: {len(prices)}."
        )
    return [_close(i, value) for i, value in enumerate(prices)]


def _close(place: int, value: object) -> float:
    """Check one close; ``True`` is an ``int`` to Python, but no price."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"`prices[{place}]` must be a number. Received: {excerpt(value)}.")
    if not LOWEST <= value <= HIGHEST:
        raise InvalidInput(
            f"`prices[{place}]` must be between {LOWEST:g} and {HIGHEST:g} USD. "
            f"Received: {excerpt(value)}."
        )
    return float(value)


def _finite(text: str) -> float:
    """Read a number. Python's JSON also accepts NaN and Infinity, and reads 1e999 as infinite."""
    value = float(text)
    if not math.isfinite(value):
        raise InvalidInput(f"`prices` must hold finite numbers. Received: {text[:40]}.")
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise InvalidInput(f"Each field must be given once. Received one again. {EXAMPLE}")
    return fields


def excerpt(value: object) -> str:
    """Describe a received value in a short ASCII text."""
    if isinstance(value, dict):
        return f"an object with {len(value)} fields"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a number of more than 40 digits"
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
