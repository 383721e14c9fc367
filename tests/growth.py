"""How much work something takes, measured without a clock on the wall."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

Input = TypeVar("Input")


def calls(work: Callable[[], object]) -> int:
    """Count the calls of functions, Python's and C's, that some work makes in this thread."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def of_time(work: Callable[[Input], object], small: Input, large: Input) -> float:
    """Return how many times the processor's time for the small input the large one takes.

    Both are taken in this process, so a slow or busy machine slows both. The best of three is
    taken of each.
    """
    return _seconds(work, large) / _seconds(work, small)


def _seconds(work: Callable[[Input], object], value: Input) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.thread_time()
        work(value)
        best = min(best, time.thread_time() - began)
    return best
