"""The errors whose messages are meant for users.

Each message states the rule, what was received, and the remedy.
"""

from __future__ import annotations

from collections.abc import Sequence


class CryptoForecastError(Exception):
    """Base of every error that the pages, the API and the command line show to users."""


class InvalidInput(CryptoForecastError):
    """A setting, a file or a request is outside the rules."""


class NotEnoughData(InvalidInput):
    """The history is too short for the request."""


class UnreadableFile(InvalidInput):
    """A price file cannot be read without doubt, so it is refused."""


class SeveralSeries(UnreadableFile):
    """A price file holds several series, and the user must choose one.

    Args:
        message: The rule, what was received, and the remedy.
        names: The series among which the user can choose.
    """

    def __init__(self, message: str, names: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.names = tuple(names)


class ZeroPrices(UnreadableFile):
    """A price file holds prices of 0, as before a listing; those may be left out."""


class SourceUnavailable(CryptoForecastError):
    """No live prices: a source did not answer in time, or refused the request."""


class UnknownModel(InvalidInput):
    """No saved model has this name; what to do depends on where the user is.

    Args:
        message: The rule, what was received, and the remedy.
        name: The name.
    """

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class InvalidBundle(CryptoForecastError):
    """The folder of a saved model is damaged, altered or of another version."""


class AlreadyExists(InvalidInput):
    """Something of this name exists, and may not be overwritten."""


class NameTaken(AlreadyExists):
    """A saved model has this name; how to replace it depends on where the user is.

    Args:
        message: The rule, what was received, and the remedy.
        name: The name.
    """

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class NotAllowed(InvalidInput):
    """Only the owner of the installation may do this."""


class Busy(InvalidInput):
    """Too much waits already; the same request may succeed a little later."""


class Changed(InvalidInput):
    """A saved model is no longer the one that was asked for."""


class LedgerUnavailable(CryptoForecastError):
    """The database of the ledger does not answer, or is not one of ours."""


class WorkersUnavailable(CryptoForecastError):
    """Workers are lost, there are none, or they run other code."""


class Cancelled(CryptoForecastError):
    """The user stopped the work."""
