"""The signals that users have added on the pages: in memory, each for its session alone."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service.departures import Departures
from cryptoforecast.types import Signal, User

#: Signals of one session, values of one of them, and values of all sessions together.
MAX_SIGNALS, MAX_VALUES, MAX_VALUES_IN_ALL = 4, 100_000, 4_000_000
#: Seconds for which signals stay after their session has left, should it come back.
KEEP_SECONDS = 120.0


class OpenSignals:
    """The signals of each session; safe for several threads."""

    def __init__(self) -> None:
        # By session and name, the oldest first.
        self._sessions: dict[str, OrderedDict[str, Signal]] = {}
        self._is_present: Callable[[str], bool] = lambda _: True
        self._departures = Departures()
        self._lock = threading.Lock()

    def add(
        self, signal: Signal, user: User, is_present: Callable[[str], bool] = lambda _: True
    ) -> None:
        """Hold a signal for a session, in place of one of the same name.

        Args:
            signal: The signal.
            user: Whose it is.
            is_present: Returns whether a session is still connected.

        Raises:
            InvalidInput: If it has too many values, the session too many signals, or there is no
                room for more.
        """
        if len(signal.values) > MAX_VALUES:
            raise InvalidInput(
                f"A signal may have {MAX_VALUES:,} values here. Received: "
                f"{len(signal.values):,}. Leave out the oldest, or give one an hour."
            )
        with self._lock:
            self._is_present = is_present
            self._drop_left()
            there = self._sessions.get(user.session, OrderedDict[str, Signal]())
            others = [one for name, one in there.items() if name != signal.name]
            if len(others) >= MAX_SIGNALS:
                raise InvalidInput(
                    f"A session may have {MAX_SIGNALS} signals of its own. Received: one more. "
                    "Remove one first."
                )
            replaced = len(there[signal.name].values) if signal.name in there else 0
            if self._values() - replaced + len(signal.values) > MAX_VALUES_IN_ALL:
                raise InvalidInput(
                    f"At most {MAX_VALUES_IN_ALL:,} values of all users' signals can be open at a "
                    "time. Received: more. Try again when others have left."
                )
            self._sessions.setdefault(user.session, OrderedDict())[signal.name] = signal

    def of(self, user: User) -> tuple[Signal, ...]:
        """Return the signals of a session, the oldest first."""
        with self._lock:
            self._drop_left()
            return tuple(self._sessions.get(user.session, {}).values())

    def remove(self, name: str, user: User) -> None:
        """Forget a signal of a session."""
        with self._lock:
            own = self._sessions.get(user.session)
            if own is not None:
                own.pop(name, None)
                if not own:
                    del self._sessions[user.session]

    def _drop_left(self) -> None:
        for session in self._departures.gone(self._sessions, self._is_present, KEEP_SECONDS):
            del self._sessions[session]

    def _values(self) -> int:
        """Count the values of all sessions."""
        return sum(len(signal.values) for own in self._sessions.values() for signal in own.values())
