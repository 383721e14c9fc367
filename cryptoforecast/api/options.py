"""What the server of the API allows: keys, other sites, training, and how many requests."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptoforecast.errors import InvalidInput
from cryptoforecast.settings import API_VARIABLES

#: Characters that a key must have, so that it cannot be guessed.
MIN_KEY = 16


@dataclass(frozen=True)
class Options:
    """How the API is served.

    Attributes:
        keys: Keys of which each request must have one; where this is empty, no key is needed.
        origins: Other sites whose pages may ask; ``("*",)`` for all.
        training: Whether tests and trainings may be ordered. They need a key.
        metrics: Whether there are metrics.
        reads: Requests of one client in a minute that only read.
        posts: Requests of one client in a minute that send something.
        predictions: Requests of one client in a minute for ``POST /predict``; any number where it
            is ``None``.
    """

    keys: tuple[str, ...] = field(default=(), repr=False)
    origins: tuple[str, ...] = ()
    training: bool = False
    metrics: bool = False
    reads: int = 6_000
    posts: int = 600
    predictions: int | None = None

    def __post_init__(self) -> None:
        """Refuse options that don't go together.

        Raises:
            InvalidInput: If a key or a site is outside the rules, training is allowed without a
                key, or a limit is below 1.
        """
        for key in self.keys:
            if len(key) < MIN_KEY or not key.isascii() or not key.isprintable() or " " in key:
                raise InvalidInput(
                    f"A key must have at least {MIN_KEY} characters, letters, digits and signs "
                    f"without a space. Received: one of {len(key)}. Choose a longer one."
                )
        for origin in self.origins:
            scheme, _, place = origin.partition("://")
            plain = scheme in ("http", "https") and place and not set(place) & set("/ @?#,")
            if origin != "*" and not plain:
                raise InvalidInput(
                    "A site must be written with its scheme and nothing after its name, such as "
                    f"https://example.org. Received: {origin!r:.80}."
                )
        if self.training and not self.keys:
            raise InvalidInput(
                "Training over the API needs a key. Received: none. Add --key KEY, or set "
                f"{API_VARIABLES}KEYS."
            )
        limits = {"READS": self.reads, "POSTS": self.posts, "PREDICTIONS": self.predictions}
        for name, limit in limits.items():
            if limit is not None and limit < 1:
                raise InvalidInput(
                    f"At least one request a minute must be allowed. Received: {limit}. Set "
                    f"{API_VARIABLES}{name} higher."
                )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Options:
        """Read the options from the variables that ``serve``, or the owner, has set.

        Raises:
            InvalidInput: If a value is outside the rules.
        """
        return cls(
            keys=_list(environ, "KEYS"),
            origins=_list(environ, "CORS"),
            training=environ.get(f"{API_VARIABLES}TRAINING") == "1",
            metrics=True,
            **_limits(environ),
        )


def _list(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    texts = environ.get(f"{API_VARIABLES}{name}", "").split(",")
    return tuple(one.strip() for one in texts if one.strip())


def _limits(environ: Mapping[str, str]) -> dict[str, int]:
    """Read the limits that are set."""
    names = ("READS", "POSTS", "PREDICTIONS")
    texts = {name: environ.get(f"{API_VARIABLES}{name}") for name in names}
    return {name.lower(): _whole(text, name) for name, text in texts.items() if text is not None}


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidInput(
            f"{API_VARIABLES}{name} must be a whole number of requests a minute. Received: "
            f"{text!r:.40}. Set one such as 60."
        )
    return int(text)
