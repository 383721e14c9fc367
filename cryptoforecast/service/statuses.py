"""The HTTP status of each error of ours: of an answer, and of an order that failed later."""

from __future__ import annotations

from cryptoforecast.errors import (
    Busy,
    Changed,
    CryptoForecastError,
    InvalidBundle,
    InvalidInput,
    LedgerUnavailable,
    NotAllowed,
    SourceUnavailable,
    UnknownModel,
    WorkersUnavailable,
)

# The first kind that fits counts, so special kinds stand before general ones.
_STATUSES: tuple[tuple[type[CryptoForecastError], int], ...] = (
    (UnknownModel, 404),
    (NotAllowed, 403),
    (Changed, 409),
    (Busy, 503),
    (InvalidInput, 422),
    (SourceUnavailable, 503),
    (InvalidBundle, 503),
    (LedgerUnavailable, 503),
    (WorkersUnavailable, 503),
)


def status_of(error: CryptoForecastError) -> int:
    """Return the status of the answer to an error of ours."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
