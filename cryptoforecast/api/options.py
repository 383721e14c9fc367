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
        keys: Keys of which each request must have one; none are needed where there are none.
        origins: Other sites whose pages may ask; ``("*",)`` for all.
        training: Whether tests and trainings may be asked for. They need a key.
        metrics: Whether there are metrics.
        reads: Requests of one client in a minute that only read, for each worker.
        posts: Requests of one client in a minute that send something, for each worker.
    """

    keys: tuple[str, ...] = field(default=(), repr=False)
    origins: tuple[str, ...] = ()
    training: bool = False
    metrics: bool = False
    reads: int = 6_000
    posts: int = 600

    def __post_init__(self) -> None:
        """Refuse options that don't go together.

        Raises:
            InvalidInput: If a key is short, an address is none of a site, or training is allowed
                without a key.
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
        if min(self.reads, self.posts) < 1:
            raise InvalidInput(
                f"At least one request a minute must be allowed. Received: {self.reads} and "
                f"{self.posts}. Set {API_VARIABLES}READS and {API_VARIABLES}POSTS higher."
            )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Options:
        """Read the variables that ``serve`` sets, or whoever starts it.

        Raises:
            InvalidInput: If a value is outside the rules.
        """
        return cls(
            keys=_list(environ, "KEYS"),
            origins=_list(environ, "CORS"),
            training=environ.get(f"{API_VARIABLES}TRAINING") == "1",
            metrics=True,
            reads=_whole(environ, "READS", cls.reads),
            posts=_whole(environ, "POSTS", cls.posts),
        )


def _list(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    given = environ.get(f"{API_VARIABLES}{name}", "").split(",")
    return tuple(one.strip() for one in given if one.strip())


def _whole(environ: Mapping[str, str], name: str, default: int) -> int:
    given = environ.get(f"{API_VARIABLES}{name}", str(default))
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise InvalidInput(
            f"{API_VARIABLES}{name} must be a whole number of requests a minute. Received: "
            f"{given!r:.40}."
        )
    return int(given)
