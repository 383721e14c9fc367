"""The price files that users have opened: in memory, within quotas, under secret names."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import keys
from cryptoforecast.service.departures import Departures
from cryptoforecast.types import PriceHistory, User

#: How the name of an opened file begins, which stands where a coin could stand.
PREFIX = "file-"
#: Seconds for which a file stays after its last user has left; Streamlit lets a session come back
#: for as long.
KEEP_SECONDS = 120.0


@dataclass(eq=False)
class _OpenFile:
    """An opened file.

    Attributes:
        history: Its prices.
        openers: Sessions that opened it; it counts in the quota of each.
        viewers: Other sessions that follow a link to it.
    """

    history: PriceHistory
    openers: set[str] = field(default_factory=set)
    viewers: set[str] = field(default_factory=set)


class OpenFiles:
    """The prices of opened files by name; safe for several threads.

    A file can be read by whoever has its name, such as someone who was sent a link. The name is
    made with a secret of this process, so that it can't be computed from the content of a file.

    Where there is no room, files of sessions that have left go first, then the session's own ones,
    the least recently used first. Those of others go only if their session holds more than the one
    that opens a file.

    Args:
        session_candles: Candles of the files of one session.
        server_candles: Candles of all files.
        keep_seconds: How long a file stays after its last user has left.
    """

    def __init__(
        self, session_candles: int, server_candles: int, keep_seconds: float = KEEP_SECONDS
    ) -> None:
        self.session_candles = min(session_candles, server_candles)
        self.server_candles = server_candles
        self._keep_seconds = keep_seconds
        self._secret = secrets.token_bytes(32)
        self._files: OrderedDict[str, _OpenFile] = OrderedDict()  # the least recently used first
        self._is_present: Callable[[str], bool] = lambda _: True
        self._departures = Departures()
        self._lock = threading.Lock()

    def open(self, history: PriceHistory, user: User, is_present: Callable[[str], bool]) -> str:
        """Hold the prices of a file, and return the name that stands for them.

        Args:
            history: The prices.
            user: Who opens the file.
            is_present: Returns whether a session is still connected.

        Raises:
            InvalidInput: If there are too many candles, or no room for them.
        """
        if len(history) > self.session_candles:
            raise InvalidInput(
                f"At most {self.session_candles:,} candles of a file can be opened. Received: "
                f"{len(history):,}. Choose longer candles."
            )
        name = PREFIX + self._digest(history)
        with self._lock:
            self._is_present = is_present
            self._drop_left()
            if name not in self._files:
                self._make_room(len(history), user.session)
            file = self._files.setdefault(name, _OpenFile(history))
            file.history = history
            file.openers.add(user.session)
            self._files.move_to_end(name)
        return name

    def get(self, name: str, user: User | None = None) -> PriceHistory | None:
        """Return the prices of an opened file, or ``None`` if they are no longer in memory.

        Args:
            name: The name that ``open`` returned.
            user: Who follows the name; the file stays while they are present.
        """
        with self._lock:
            file = self._files.get(name)
            if file is None:
                return None
            if user is not None and user.session not in file.openers:
                file.viewers.add(user.session)
            self._files.move_to_end(name)
            self._gone(self._keep_seconds)  # notes who is back
            return file.history

    def drop_left(self) -> None:
        """Drop the files whose users have all left a while ago."""
        with self._lock:
            self._drop_left()

    def _digest(self, history: PriceHistory) -> str:
        facts = keys.of_file(history).encode()
        return hmac.new(self._secret, facts, hashlib.sha256).hexdigest()[:16]

    def _drop_left(self, keep_seconds: float | None = None) -> None:
        gone = self._gone(self._keep_seconds if keep_seconds is None else keep_seconds)
        for name, file in list(self._files.items()):
            file.viewers -= gone
            if not file.viewers and file.openers <= gone:
                del self._files[name]

    def _gone(self, seconds: float) -> set[str]:
        """Return the users who have been away for so long."""
        users = {user for file in self._files.values() for user in file.openers | file.viewers}
        return self._departures.gone(users, self._is_present, seconds)

    def _make_room(self, candles: int, session: str) -> None:
        """Drop files until so many candles of a session fit in."""
        while self._candle_count(session) + candles > self.session_candles:
            self._drop_oldest(session)
        if self._candle_count() + candles > self.server_candles:
            self._drop_left(keep_seconds=0)
        while self._candle_count() + candles > self.server_candles:
            sessions = [one for file in self._files.values() for one in sorted(file.openers)]
            # Of several that hold the most, the first: its file was used longest ago.
            largest = max(sessions, key=self._candle_count)
            if self._candle_count(session):
                self._drop_oldest(session)
            elif self._candle_count(largest) > candles:
                self._drop_oldest(largest)
            else:
                raise InvalidInput(
                    f"At most {self.server_candles:,} candles of all users' files can be open at "
                    f"a time. Received: {candles:,} more. Choose longer candles, or try again "
                    "when others have left."
                )

    def _candle_count(self, session: str | None = None) -> int:
        """Count the candles of a session's files, or of all."""
        return sum(
            len(file.history)
            for file in self._files.values()
            if session is None or session in file.openers
        )

    def _drop_oldest(self, session: str) -> None:
        """Drop the least recently used file of a session, unless others opened it too."""
        name, file = next(pair for pair in self._files.items() if session in pair[1].openers)
        file.openers.discard(session)
        if not file.openers:
            del self._files[name]
