"""The one family of errors that a person is meant to read.

Each message states the rule, what was received, and the remedy. Imports nothing of ours.
"""


class CryptoForecastError(Exception):
    """Base of every error the pages, the API and the command line show as a message."""


class InvalidInput(CryptoForecastError):
    """A setting, a file or a request is outside what can be used."""


class NotEnoughData(InvalidInput):
    """The history is too short for what was asked of it."""


class UnreadableFile(InvalidInput):
    """A price file can't be read rightly, so it is refused."""


class SourceUnavailable(CryptoForecastError):
    """A price source did not answer in time, or refused."""


class UnknownModel(InvalidInput):
    """No saved model has this name."""


class InvalidBundle(CryptoForecastError):
    """A saved model's folder is damaged, altered or of another version."""


class AlreadyExists(InvalidInput):
    """Something of this name is there, and overwriting was not asked for."""


class Cancelled(CryptoForecastError):
    """The person stopped the work."""
