"""The first good answer of several sources, within one deadline.

Imports only ``errors``. Knows nothing of prices.

Sources are asked in their order. The next one is asked as soon as the last one fails, or when its
turn comes, one head start after the other; those before it go on meanwhile, and whoever answers
first has answered. So a silent first source costs its head start rather than the deadline, and a
slow one still counts if nobody else can answer. With a budget of 13.5 s the second is asked after
4 s at the latest and the third after 8 s, which leaves it 5 s. What a source that failed at once
has left of its time is the next one's: fetching two years of hours takes longer than one head
start, and the third source has only a month of them.
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

logger = logging.getLogger(__name__)

#: Share of the deadline for which a silent source keeps the next one waiting.
HEAD_START = 0.3

Ask = Callable[[float, tuple[str, ...]], None]


@dataclass(frozen=True)
class Link:
    """One source: its name in messages, and the call.

    ``ask`` is given the seconds it has, and why each earlier source has not answered. It raises
    an error of our family where it has no answer.
    """

    title: str
    ask: Ask


class Chain:
    """One request to several sources.

    Args:
        links: in their order.
        deadline: seconds in all.
    """

    def __init__(self, links: Sequence[Link], deadline: float) -> None:
        self._links = links
        self._deadline = deadline
        self._answers: queue.SimpleQueue[tuple[int, CryptoForecastError | None]] = (
            queue.SimpleQueue()
        )
        self._since = 0.0
        self._began: list[float] = []
        self._errors: dict[int, CryptoForecastError] = {}

    def run(self) -> None:
        """Return when one has answered.

        Raises:
            SourceUnavailable: if none answers in time, with each one's reason.
            NotEnoughData: if all answer that there is nothing.
            InvalidInput: if one does not know what was asked for, and no other has it.
        """
        self._since = time.monotonic()
        until = self._since + self._deadline
        while len(self._errors) < len(self._links) and time.monotonic() < until:
            wait = self._start_next(until)
            try:
                index, error = self._answers.get(timeout=max(wait - time.monotonic(), 0))
            except queue.Empty:
                continue
            if error is None:
                return
            self._errors[index] = error
        raise self._verdict()

    def _start_next(self, until: float) -> float:
        """Ask the next source if it is time; give the time until which to wait for answers."""
        if len(self._began) < len(self._links):
            failed = len(self._began) - 1 in self._errors
            if failed or time.monotonic() >= self._turn():
                self._start(until)
        if len(self._began) == len(self._links):
            return until
        return min(until, self._turn())

    def _turn(self) -> float:
        """When the next source is asked even if nobody has failed."""
        return self._since + len(self._began) * HEAD_START * self._deadline

    def _start(self, until: float) -> None:
        index = len(self._began)
        reasons = tuple(self._reasons())
        self._began.append(time.monotonic())
        link, budget = self._links[index], until - time.monotonic()
        threading.Thread(
            target=self._carry_out, args=(index, link, budget, reasons), daemon=True
        ).start()

    def _carry_out(self, index: int, link: Link, budget: float, reasons: tuple[str, ...]) -> None:
        """Ask one source; runs in a thread of its own."""
        try:
            link.ask(budget, reasons)
            self._answers.put((index, None))
        except CryptoForecastError as error:
            self._answers.put((index, error))
        except Exception as error:
            # Whoever waits must not wait for ever, nor take silence for success.
            logger.exception("Prices could not be updated")
            told = SourceUnavailable(
                f"{link.title}'s prices could not be updated: {type(error).__name__}: "
                f"{str(error)[:200]}"
            )
            told.__cause__ = error
            self._answers.put((index, told))

    def _reasons(self) -> list[str]:
        """Why each source asked so far has not answered, in their order."""
        now = time.monotonic()
        return [
            str(self._errors[index])
            if index in self._errors
            else f"{self._links[index].title} has not answered within {now - began:.2g} s."
            for index, began in enumerate(self._began)
        ]

    def _verdict(self) -> CryptoForecastError:
        """One error for all."""
        message = " ".join(self._reasons())
        kinds = [type(self._errors.get(index)) for index in range(len(self._links))]
        if all(kind is NotEnoughData for kind in kinds):
            return NotEnoughData(message)
        unknown = any(
            issubclass(kind, InvalidInput) and kind is not NotEnoughData for kind in kinds
        )
        return InvalidInput(message) if unknown else SourceUnavailable(message)
