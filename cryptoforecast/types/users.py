"""Who asks: the owner of the installation, or a session of the app."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class User:
    """Someone who asks for work, and what they may do.

    Attributes:
        session: Names the session of the app; "" for the command line and the library.
        owner: Whether the installation is theirs: they may delete and overwrite saved models, end
            the work of others, and train for as long as they like.
    """

    session: str
    owner: bool


#: Whoever runs the command line or the library on the machine itself.
OWNER = User("", True)
