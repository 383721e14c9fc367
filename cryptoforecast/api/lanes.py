"""Lanes: blocking work in threads, a few at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from fastapi.concurrency import run_in_threadpool

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

#: Requests of each kind that run at once: Streamlit serves its files from the same threads.
AT_ONCE = 4


class Lane:
    """Runs blocking work in threads, a few at once; other requests wait without a thread."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def run(
        self, work: Callable[Arguments, Result], *args: Arguments.args, **more: Arguments.kwargs
    ) -> Result:
        """Do the work in a thread, after those that came before."""
        async with self._places:
            return await run_in_threadpool(work, *args, **more)
