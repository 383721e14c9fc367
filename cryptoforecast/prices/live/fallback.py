"""The fallback: the best answer of several sources, within one deadline.

Sources are asked in their order. The next source is asked as soon as the last one fails, or when
its turn comes: one head start after the source before it. Sources that were asked earlier go on
meanwhile. So a silent first source costs its head start instead of the whole deadline, and a slow
source still counts if no other can answer.

The first whole answer counts, whoever gives it. An answer that holds only a part of what was asked
for waits for the sources that may have more of it, until time is up. Those that can't are not
asked.

With a deadline of 13.5 s the second source is asked after 4 s at the latest and the third after
8 s, which leaves the third 5 s. A source that fails at once passes its unused time on. The second
source needs this time: fetching two years of hours takes longer than one head start, and the
third source has only a month of them.

This module knows nothing of prices; only its messages name them.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptoforecast.errors import (
    CryptoForecastError,
    InvalidInput,
    NotEnoughData,
    SourceUnavailable,
)
from cryptoforecast.prices.live.documents import plain

logger = logging.getLogger(__name__)

#: Share of the deadline for which a silent source keeps the next one waiting.
HEAD_START = 0.3

#: Share of the window with which an answer is complete.
WHOLE = 1.0

Request = Callable[[float, tuple[str, ...]], float]


@dataclass(frozen=True)
class Attempt:
    """One source that may be asked.

    Attributes:
        title: The source's name in messages.
        request: Asks the source. It gets the seconds it may take, and a sentence for each
            earlier source that says why that source has not answered. It returns the share of
            the question that is answered, above 0 and at most ``WHOLE``. It raises an error of
            the project if it has no answer.
        most: Share of the question that the source can answer at most.
    """

    title: str
    request: Request
    most: float = WHOLE


class Fallback:
    """One question to several sources.

    Args:
        attempts: The sources, in the order in which they are asked.
        deadline: Seconds for all of them together.
    """

    def __init__(self, attempts: Sequence[Attempt], deadline: float) -> None:
        self._attempts = list(attempts)
        self._deadline = deadline
        self._answers: queue.SimpleQueue[tuple[int, float | CryptoForecastError]] = (
            queue.SimpleQueue()
        )
        self._start_time = 0.0
        self._started_at: list[float] = []
        self._errors: dict[int, CryptoForecastError] = {}
        self._shares: dict[int, float] = {}

    def run(self) -> None:
        """Ask the sources and return when the best answer is there, or time is up.

        Raises:
            SourceUnavailable: If no source answers in time. The message gives each one's reason.
            NotEnoughData: If all sources answer that they have no candles.
            InvalidInput: If a source does not know the symbol and no other source has it.
        """
        self._start_time = time.monotonic()
        until = self._start_time + self._deadline
        while self._is_open() and time.monotonic() < until:
            next_event = self._start_due(until)
            try:
                index, outcome = self._answers.get(timeout=max(next_event - time.monotonic(), 0))
            except queue.Empty:
                continue
            if isinstance(outcome, CryptoForecastError):
                self._errors[index] = outcome
            else:
                self._shares[index] = outcome
                self._drop_lesser(outcome)
        if not self._shares:
            raise self._combined_error()

    def _is_open(self) -> bool:
        """Return whether a source may still answer more than the answers that are there."""
        best = max(self._shares.values(), default=0.0)
        return any(
            attempt.most > best and index not in self._errors and index not in self._shares
            for index, attempt in enumerate(self._attempts)
        )

    def _drop_lesser(self, share: float) -> None:
        """Leave out the sources that have not been asked and can't answer more than this."""
        begun, rest = self._split()
        self._attempts = begun + [attempt for attempt in rest if attempt.most > share]

    def _split(self) -> tuple[list[Attempt], list[Attempt]]:
        """Return the sources that have been asked, and the others."""
        count = len(self._started_at)
        return self._attempts[:count], self._attempts[count:]

    def _start_due(self, until: float) -> float:
        """Ask the next source if its turn has come.

        Returns:
            Monotonic seconds until which to wait for answers.
        """
        if len(self._started_at) < len(self._attempts):
            last = len(self._started_at) - 1
            last_ended = last in self._errors or bool(self._shares)
            if last_ended or time.monotonic() >= self._next_turn():
                self._start(until)
        if len(self._started_at) == len(self._attempts):
            return until
        return min(until, self._next_turn())

    def _next_turn(self) -> float:
        """Return when the next source is asked even if no source has failed."""
        return self._start_time + len(self._started_at) * HEAD_START * self._deadline

    def _start(self, until: float) -> None:
        """Ask the next source in a thread of its own."""
        index = len(self._started_at)
        reasons = tuple(self._reasons())
        self._started_at.append(time.monotonic())
        attempt, budget = self._attempts[index], until - time.monotonic()
        threading.Thread(
            target=self._carry_out, args=(index, attempt, budget, reasons), daemon=True
        ).start()

    def _carry_out(
        self, index: int, attempt: Attempt, budget: float, reasons: tuple[str, ...]
    ) -> None:
        """Ask one source, in that source's thread, and report how it ended."""
        try:
            self._answers.put((index, attempt.request(budget, reasons)))
        except CryptoForecastError as error:
            self._answers.put((index, error))
        except Exception as error:
            # The caller must neither wait for ever nor take silence for success.
            logger.exception("Prices could not be updated")
            failure = SourceUnavailable(
                f"{attempt.title}'s prices could not be updated: {type(error).__name__}: "
                f"{plain(error)}"
            )
            self._answers.put((index, failure))

    def _reasons(self) -> list[str]:
        """Say for each source asked so far why it has not answered, in their order."""
        return [self._reason(index) for index in range(len(self._started_at))]

    def _reason(self, index: int) -> str:
        """Say why one source is not the one that answers."""
        if index in self._errors:
            return str(self._errors[index])
        title = self._attempts[index].title
        if index in self._shares:
            return f"{title} has only a part of these prices."
        seconds = time.monotonic() - self._started_at[index]
        return f"{title} has not answered within {seconds:.2g} s."

    def _combined_error(self) -> CryptoForecastError:
        """Make one error of all errors, of the kind that is most specific."""
        message = " ".join(self._reasons())
        kinds = [type(self._errors.get(index)) for index in range(len(self._attempts))]
        if all(kind is NotEnoughData for kind in kinds):
            return NotEnoughData(message)
        unknown = any(
            issubclass(kind, InvalidInput) and kind is not NotEnoughData for kind in kinds
        )
        return InvalidInput(message) if unknown else SourceUnavailable(message)
