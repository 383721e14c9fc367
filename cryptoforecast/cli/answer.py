"""What a command answers."""

from __future__ import annotations

from dataclasses import dataclass

from cryptoforecast.errors import SourceUnavailable


@dataclass(frozen=True)
class Answer:
    """The result of a command.

    Attributes:
        json: For ``--json``.
        text: For a user at a terminal.
        refusal: Why the command ends with status 2, although there is a result.
        status: Exit status of a command that is not refused.
    """

    json: object
    text: str
    refusal: str | None = None
    status: int = 0


def status_of(error: Exception) -> int:
    """Return the exit status of an error of ours: 3 without live prices, else 2."""
    return 3 if isinstance(error, SourceUnavailable) else 2
