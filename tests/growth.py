"""How much work something takes: counted, or compared with other work of the same process."""

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


def processor_time(work: Callable[[], object], times: int = 1) -> float:
    """Return the processor's seconds that some work takes, the least of so many times."""
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def of_time(work: Callable[[Input], object], small: Input, large: Input) -> float:
    """Return how many times the processor's time for the small input the large one takes.

    A slow or busy machine slows both of them.
    """
    usual = processor_time(lambda: work(small), times=3)
    return processor_time(lambda: work(large)) / usual
