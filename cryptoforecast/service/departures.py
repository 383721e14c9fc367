"""Since when sessions have been away, so that what is theirs waits for them for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable


class Departures:
    """When each session was first found to be away; not safe for several threads.

    How long a session has been idle says nothing about it: its connection may have dropped a
    moment ago, and be back in another one.
    """

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def gone(
        self, sessions: Iterable[str], is_present: Callable[[str], bool], seconds: float
    ) -> set[str]:
        """Return the sessions that have been away for a while, and forget who is back.

        Args:
            sessions: All sessions of which something is kept.
            is_present: Returns whether a session is connected.
            seconds: How long they must have been away.
        """
        now = time.monotonic()
        away = [session for session in sessions if not is_present(session)]
        self._since = {session: self._since.get(session, now) for session in away}
        return {session for session, since in self._since.items() if now - since >= seconds}
