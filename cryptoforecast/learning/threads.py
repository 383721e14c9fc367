"""The number of threads that NumPy uses for one matrix product."""

from __future__ import annotations

import functools


@functools.cache
def keep_to_one() -> None:
    """Compute every matrix product of NumPy on the calling thread, from now on.

    The products here are small. With several threads each product waits for all of them, and on
    a busy machine the same forecasts took twenty times as long.
    """
    import threadpoolctl

    threadpoolctl.ThreadpoolController().limit(limits=1, user_api="blas")
