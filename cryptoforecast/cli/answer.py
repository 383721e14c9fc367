"""What a command answers."""

from __future__ import annotations

from dataclasses import dataclass


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
