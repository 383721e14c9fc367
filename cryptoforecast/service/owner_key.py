"""The owner: the user who opens the app on its own machine, or who knows the owner key."""

from __future__ import annotations

import hashlib
import hmac
import math
import threading
import time
from collections import deque
from collections.abc import Callable

from cryptoforecast.cache import LruCache
from cryptoforecast.errors import NotAllowed
from cryptoforecast.types.durations import plural

#: Seconds in which attempts are counted.
WINDOW = 60.0
#: Attempts to give the key within ``WINDOW``, of one session and of all together.
MAX_SESSION_ATTEMPTS, MAX_ATTEMPTS = 5, 30
#: Sessions that are known to be the owner's, and sessions whose attempts are counted.
MAX_OWNERS, MAX_SESSIONS = 100, 1_000
#: Characters of an attempt, at most.
MAX_GIVEN = 1_000


class OwnerKey:
    """Recognises the sessions of the owner.

    Where a key is set, only the key counts: behind a proxy, everyone seems to be on this machine.

    Args:
        key: The key; ``None`` where none is set.
        clock: Returns seconds that never go back.

    Attributes:
        is_set: Whether there is a key.
    """

    def __init__(self, key: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.is_set = key is not None
        self._digest = None if key is None else _digest(key)
        self._clock = clock
        self._lock = threading.Lock()
        self._attempts: deque[float] = deque()
        self._session_attempts: LruCache[deque[float]] = LruCache(MAX_SESSIONS)
        self._owners: LruCache[bool] = LruCache(MAX_OWNERS)

    def owns(self, session: str, *, local: bool) -> bool:
        """Say whether a session is the owner's.

        Args:
            session: The session.
            local: Whether it was opened on this machine itself.
        """
        return session in self._owners if self.is_set else local

    def give(self, text: str, session: str) -> None:
        """Check a key that a session gives; with the right one, the session is the owner's.

        Args:
            text: What was given as the key.
            session: The session.

        Raises:
            NotAllowed: If the key is wrong, none is set, or there were too many attempts.
        """
        self._count(session)
        right = len(text) <= MAX_GIVEN and self._is_right(text.strip())
        if not right:
            raise NotAllowed("This is not the owner key. Check it, and give it again.")
        self._owners.put(session, True)

    def remedy(self) -> str:
        """Return what a guest can do to be recognised as the owner, in one sentence."""
        if self.is_set:
            return "If you are the owner, give the owner key at the end of the page."
        return (
            "If you are the owner, open the app on its own machine and through no proxy, or start "
            "it with CRYPTOFORECAST_OWNER_KEY."
        )

    def _is_right(self, text: str) -> bool:
        # The digests have one length, and the comparison takes the same time wherever they differ.
        return self._digest is not None and hmac.compare_digest(_digest(text), self._digest)

    def _count(self, session: str) -> None:
        """Count an attempt.

        Raises:
            NotAllowed: If there were too many.
        """
        with self._lock:
            of_session = self._session_attempts.get_or_make(session, deque)
            now = self._clock()
            for attempts, most in (
                (of_session, MAX_SESSION_ATTEMPTS), (self._attempts, MAX_ATTEMPTS),
            ):  # fmt: skip
                while attempts and attempts[0] <= now - WINDOW:
                    attempts.popleft()
                if len(attempts) >= most:
                    seconds = math.ceil(attempts[0] + WINDOW - now)
                    raise NotAllowed(
                        f"The owner key may be tried {most} times a minute. Received: one more. "
                        f"Wait {seconds} {plural(seconds, 'second')}, then try again."
                    )
            of_session.append(now)
            self._attempts.append(now)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
