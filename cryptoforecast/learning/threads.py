"""How many threads NumPy may use. Imports nothing of ours."""

from __future__ import annotations

import functools


@functools.cache
def keep_to_one() -> None:
    """Keep NumPy's matrix products on the thread that asks for them, from now on.

    Ours are small. Several threads wait for each other at every one of them, and on a busy
    machine that made the same forecasts take twenty times as long.
    """
    import threadpoolctl

    threadpoolctl.ThreadpoolController().limit(limits=1, user_api="blas")
