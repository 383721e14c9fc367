"""What a command answers."""

from __future__ import annotations

from dataclasses import dataclass

from cryptoforecast.cli import names
from cryptoforecast.errors import SourceUnavailable, UnknownModel


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


def words_of(error: Exception) -> str:
    """Return an error of ours, with the command that helps where a name is no saved model's."""
    name = error.name if isinstance(error, UnknownModel) else ""
    if name in names.BASELINES:
        return f"{error} Use `backtest --model {name}` or `forecast --model {name}`."
    if name in names.NETWORKS:
        return f"{error} Use `backtest --network {name}` to train and test one."
    if name in names.PRESETS:
        return f"{error} Train it first: `train --coin BTC --preset {name} --save {name}`."
    return str(error)
