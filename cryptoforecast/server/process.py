"""What the server's process is told before it serves: whose turn it is, and what becomes of freed
memory. Imports nothing of ours.
"""

from __future__ import annotations

import ctypes
import sys

#: Seconds that a thread may hold the interpreter while others wait. An answer needs it several
#: times; at Python's 5 ms each it would wait longer than it takes to compute.
TURN = 0.0001
#: Bytes from which a block of memory is a mapping of its own, given back once it is freed, and
#: bytes that may stay free at the end of a heap. With 1 MB each a forecast of 8,000 origins took a
#: tenth longer: what is given back has to be had again.
MAPPED, FREE = 3 * 2**19, 4 * 2**20
#: Heaps that threads share; each keeps what was freed in the middle of it.
HEAPS = 2

# Numbers of the options in <malloc.h>.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def set_up() -> None:
    """Prepare this process to serve."""
    sys.setswitchinterval(TURN)
    _give_back_freed()


def trim() -> None:
    """Give all freed memory back now, where the C library is glibc; takes some milliseconds."""
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if hasattr(library, "malloc_trim"):
            library.malloc_trim(0)


def _give_back_freed() -> None:
    """Let the C library give freed memory back, where it is glibc, which keeps much of it.

    By itself it raises the threshold of mappings up to 32 MB as large arrays come and go, which
    then leave holes in the heaps, and opens up to eight heaps a core.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_ARENA_MAX, HEAPS)
        library.mallopt(_MMAP_THRESHOLD, MAPPED)
        library.mallopt(_TRIM_THRESHOLD, FREE)
